"""What a certificate that TLS has verified may do: log in this account.

Our authority signs for people and RadSec peers of every project; what a certificate may do stands in the register, by its
serial number, and is looked up each time. So a revocation needs no list and no waiting.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.certificates import CertificateKind
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, normal_name
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import CertificateUnusable
from zhuomai_appliance.radius.tls_engine import TlsFault
from zhuomai_appliance.store import certificates
from zhuomai_appliance.store.interface import Reader

FAULT_REASONS: Final = {
    TlsFault.EXPIRED: Reason.CERTIFICATE_EXPIRED,
    TlsFault.REVOKED: Reason.CERTIFICATE_REVOKED,
    TlsFault.UNKNOWN_CA: Reason.CERTIFICATE_UNKNOWN,
    TlsFault.UNFIT: Reason.CERTIFICATE_UNKNOWN,
    TlsFault.NO_CERTIFICATE: Reason.CERTIFICATE_UNKNOWN,
    TlsFault.SERVER_REFUSED: Reason.SERVER_NOT_TRUSTED,
}
"""What to tell of a tunnel that broke; what is not here is for the log alone."""


def client_fault(
    reader: Reader,
    project_id: ProjectId,
    account_id: AccountId,
    identity: str,
    certificate: bytes,
    authority: bytes | None,
    now: int,
) -> Rejection | None:
    """Why a certificate that TLS has verified does not log this account in; None if it does.

    Asked at every login, at a resumed one too, where TLS itself looks at nothing.

    Args:
        identity: the name the device gave (EAP-Response/Identity), by which the account was found.
        certificate: DER, as the tunnel shows it.
        authority: PEM of our own authority; None if there is none. Certificates of others must bear the identity.
    """
    try:
        facts = eap_authority.facts(certificate)
    except CertificateUnusable as error:
        return Rejection(Reason.CERTIFICATE_UNKNOWN, str(error))
    if not facts.not_before_at <= now < facts.not_after_at:
        return Rejection(Reason.CERTIFICATE_EXPIRED, facts.serial, (("t", facts.not_after_at),))
    if authority is None or not eap_authority.is_issued_by(certificate, authority):
        if any(agree(identity, name) for name in facts.identities):
            return None
        return Rejection(Reason.CERTIFICATE_UNKNOWN, f"{facts.serial} is of {facts.subject}")
    known = certificates.by_serial(reader, project_id, facts.serial)
    if known is None or known.kind is not CertificateKind.CLIENT:
        return Rejection(Reason.CERTIFICATE_UNKNOWN, f"{facts.serial} is not in the register")
    if known.revoked_at is not None:
        return Rejection(
            Reason.CERTIFICATE_REVOKED, f"{facts.serial}: {known.revoked_reason}", (("t", known.revoked_at),)
        )
    if known.account_id != account_id:
        return Rejection(Reason.CERTIFICATE_UNKNOWN, f"{facts.serial} is of {known.name}")
    return None


def agree(identity: str, name: str) -> bool:
    """Whether a device's identity and a certificate's name mean the same person: folded, one of them without realm."""
    one, other = normal_name(identity), normal_name(name)
    if ("@" in one) != ("@" in other):
        one, other = one.partition("@")[0], other.partition("@")[0]
    return one == other
