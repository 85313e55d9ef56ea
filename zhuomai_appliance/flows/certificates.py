"""Certificates of people and RadSec peers: issued once, never kept with their key, and revoked at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.certificates import CertificateKind, IssuedCertificate
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import AccountId, is_printable_name
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import CLIENT_DAYS, CertificateFacts, CertificateUnusable, KeyPair
from zhuomai_appliance.store import accounts, certificates, journal
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.interface import Reader, Store, Transaction

DAYS_MOST: Final = 3650


class CertificateRefused(Exception):
    """Nothing was done; the message is one sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate with its key, which nobody keeps: hand it over or lose it."""

    certificate: IssuedCertificate
    pair: KeyPair


def radsec_peer(
    reader: Reader, project_id: ProjectId, certificate: bytes, authority: bytes, now: int
) -> IssuedCertificate | None:
    """The entry of a RadSec peer whose certificate (DER) TLS has verified; None if it may not connect."""
    try:
        facts = eap_authority.facts(certificate)
    except CertificateUnusable:
        return None
    if not eap_authority.is_issued_by(certificate, authority):
        return None
    known = certificates.by_serial(reader, project_id, facts.serial)
    return (
        known if known is not None and known.kind is CertificateKind.RADSEC and known.is_good(now) else None
    )


class CertificateDesk:
    """Issuing and revoking, audited. `clock` gives epoch seconds."""

    def __init__(self, store: Store, digester: Digester, clock: Callable[[], int]) -> None:
        self._store = store
        self._digester = digester
        self._clock = clock

    async def issue_client(
        self, actor: Actor, authority: KeyPair, project: Project, username: str, days: int = CLIENT_DAYS
    ) -> Issued:
        """A certificate that logs an account in by EAP-TLS.

        Raises:
            CertificateRefused: there is no such account, it is closed, or the authority cannot sign.
            StoreUnavailable: it cannot be recorded.
        """
        login = accounts.find_login(self._store.reader, project.id, username)
        if login is None:
            raise CertificateRefused(f'there is no account "{username}" in {project.name}')
        if login.account.closed_at is not None:
            raise CertificateRefused(f'the account "{login.account.username}" is closed')
        name, account_id = login.account.username, login.account.id
        return await self._issue(actor, authority, project, CertificateKind.CLIENT, name, account_id, days)

    async def issue_radsec(
        self, actor: Actor, authority: KeyPair, project: Project, name: str, days: int = CLIENT_DAYS
    ) -> Issued:
        """A certificate with which an access device or another RADIUS server connects over TLS; raises likewise."""
        if not is_printable_name(name):
            raise CertificateRefused(f'"{name}" is not a name: no control characters, no blanks at its ends')
        return await self._issue(actor, authority, project, CertificateKind.RADSEC, name, None, days)

    async def revoke(
        self, actor: Actor, project_ids: Sequence[ProjectId], serial: str, reason: str
    ) -> IssuedCertificate:
        """Revoke a certificate: from the commit on it opens nothing. Sessions that run are not ended by this.

        Args:
            project_ids: where to look for it.
            serial: hexadecimal; colons, blanks and letter case do not matter.

        Raises:
            CertificateRefused: there is none such, or it is revoked already.
            StoreUnavailable: it cannot be recorded.
        """
        now, wanted = self._clock(), normal_serial(serial)

        def task(tx: Transaction) -> IssuedCertificate:
            for project_id in project_ids:
                known = certificates.by_serial(tx, project_id, wanted)
                if known is None:
                    continue
                if not certificates.revoke(tx, project_id, wanted, reason, now):
                    raise CertificateRefused(f"{wanted} of {known.name} is revoked already")
                self._audit(tx, actor, known, "certificate.revoke", now, {"why": reason})
                return known
            raise CertificateRefused(
                f"no certificate {wanted} was issued; `zhuomai certificate list` shows them"
            )

        return await self._store.write(task, urgent=True)

    async def _issue(
        self,
        actor: Actor,
        authority: KeyPair,
        project: Project,
        kind: CertificateKind,
        name: str,
        account_id: AccountId | None,
        days: int,
    ) -> Issued:
        if not 1 <= days <= DAYS_MOST:
            raise CertificateRefused(f"a certificate lasts 1 to {DAYS_MOST} days")
        now = self._clock()
        try:
            pair = await self._digester.run(_make, authority, name, project.name, now, days)
        except CertificateUnusable as error:
            raise CertificateRefused(str(error)) from None
        made = _entry(
            eap_authority.facts(pair.certificate), project.id, kind, account_id, name, actor, now, pair
        )

        def task(tx: Transaction) -> None:
            certificates.add(tx, made)
            self._audit(tx, actor, made, "certificate.issue", now, {"days": days})

        await self._store.write(task)
        return Issued(made, pair)

    def _audit(
        self,
        tx: Transaction,
        actor: Actor,
        certificate: IssuedCertificate,
        action: str,
        now: int,
        after: dict[str, str | int],
    ) -> None:
        journal.audit(
            tx,
            at=now,
            project_id=certificate.project_id,
            actor=actor.name,
            address=actor.address,
            action=action,
            object_kind="certificate",
            object_id=certificate.serial,
            after={
                "username" if certificate.kind is CertificateKind.CLIENT else "peer": certificate.name,
                **after,
            },
        )


def normal_serial(text: str) -> str:
    """A serial number as the register has it, however a device or a browser writes it."""
    return text.replace(":", "").replace(" ", "").lower().removeprefix("0x").lstrip("0")


def _make(authority: KeyPair, name: str, unit: str, now: int, days: int) -> KeyPair:
    return eap_authority.issue_client(authority, name, unit, now, days)


def _entry(
    facts: CertificateFacts,
    project_id: ProjectId,
    kind: CertificateKind,
    account_id: AccountId | None,
    name: str,
    actor: Actor,
    now: int,
    pair: KeyPair,
) -> IssuedCertificate:
    return IssuedCertificate(
        project_id=project_id,
        serial=facts.serial,
        kind=kind,
        account_id=account_id,
        name=name,
        not_before_at=facts.not_before_at,
        not_after_at=facts.not_after_at,
        issued_at=now,
        issued_by=actor.name,
        pem=pair.certificate.decode(),
    )
