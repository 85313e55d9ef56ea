"""The register of certificates that our own authority issued."""

from __future__ import annotations

from zhuomai_appliance.model.certificates import CertificateKind, IssuedCertificate
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("certificates")


def add(tx: Transaction, certificate: IssuedCertificate) -> None:
    """Enter a new certificate; its serial number must be unused."""
    tx.run(
        _Q.insert_certificate,
        project_id=certificate.project_id,
        serial=certificate.serial,
        kind=certificate.kind.value,
        account_id=certificate.account_id,
        name=certificate.name,
        not_before_at=certificate.not_before_at,
        not_after_at=certificate.not_after_at,
        issued_at=certificate.issued_at,
        issued_by=certificate.issued_by,
        pem=certificate.pem,
    )


def by_serial(reader: Reader, project_id: ProjectId, serial: str) -> IssuedCertificate | None:
    """A certificate by its serial number (hexadecimal, lower case); None if this project has none such."""
    row = reader.one(_Q.by_serial, project_id=project_id, serial=serial)
    return None if row is None else _certificate(row)


def of_account(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[IssuedCertificate]:
    """All that were ever issued to an account, the oldest first."""
    rows = reader.all(_Q.of_account, project_id=project_id, account_id=account_id)
    return [_certificate(row) for row in rows]


def listing(reader: Reader) -> list[IssuedCertificate]:
    """The whole register, by project, the oldest first."""
    return [_certificate(row) for row in reader.all(_Q.all_certificates)]


def revoke(tx: Transaction, project_id: ProjectId, serial: str, reason: str, at: int) -> bool:
    """Revoke a certificate; False if there is none such, or it was revoked before."""
    return tx.run(_Q.revoke, project_id=project_id, serial=serial, reason=reason, at=at) > 0


def _certificate(row: Row) -> IssuedCertificate:
    return IssuedCertificate(
        project_id=ProjectId(row[0]),
        serial=row[1],
        kind=CertificateKind(row[2]),
        account_id=None if row[3] is None else AccountId(row[3]),
        name=row[4],
        not_before_at=row[5],
        not_after_at=row[6],
        issued_at=row[7],
        issued_by=row[8],
        pem=row[9],
        revoked_at=row[10],
        revoked_reason=row[11],
    )
