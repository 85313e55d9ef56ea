"""Certificates that our own authority issued: to people for EAP-TLS, and to RadSec peers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId


class CertificateKind(StrEnum):
    """What a certificate may be used for; one never serves as the other."""

    CLIENT = "client"
    """Logs an account in by EAP-TLS."""
    RADSEC = "radsec"
    """Lets an access device or another RADIUS server connect over TLS."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """One row of the register. The private key went to its owner and was not kept.

    Attributes:
        serial: hexadecimal, lower case.
        account_id: whom it logs in; None for a RadSec peer.
        name: the username at the time of issue, or the name of the RadSec peer.
        not_before_at, not_after_at, issued_at, revoked_at: epoch seconds; `revoked_at` None while it is good.
        issued_by: who had it issued.
        pem: the certificate itself.
    """

    project_id: ProjectId
    serial: str
    kind: CertificateKind
    account_id: AccountId | None
    name: str
    not_before_at: int
    not_after_at: int
    issued_at: int
    issued_by: str
    pem: str
    revoked_at: int | None = None
    revoked_reason: str = ""

    def is_good(self, now: int) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked_at is None and self.not_before_at <= now < self.not_after_at
