"""What the flows need from the rim, and what the rim gets from them: Protocols and the values they exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.portal.terms import Outcome
from zhuomai_appliance.radius.hidden import HiddenValue
from zhuomai_appliance.radius.packet import Attribute, Code


class NasFinder(Protocol):
    """Who is speaking? By the datagram's source address alone, never by an attribute (semantics §1.1)."""

    def find(self, host: str) -> Nas | None:
        """The device at an address, by the longest prefix; None for a stranger."""

    def signs(self, nas: Nas, host: str) -> bool:
        """Whether the device at this address has ever proved that it signs its Access-Requests."""


class AccessAnswer(NamedTuple):
    """An unsigned reply to an Access-Request; ``delay_seconds`` keeps a guesser waiting without holding anybody up.

    ``hidden`` are attributes in clear that the device's port hides under the shared secret: MPPE keys.
    """

    code: Code
    attributes: tuple[Attribute, ...]
    delay_seconds: float = 0.0
    hidden: tuple[HiddenValue, ...] = ()


class ControlOutcome(StrEnum):
    """What a device made of a Disconnect or CoA request."""

    ACK = "ack"
    NAK = "nak"
    SILENT = "silent"
    UNVERIFIED = "unverified"
    """Answers came and none verified: the shared secrets probably differ."""
    BUSY = "busy"
    """All 256 identifiers towards the device are in use: try again soon."""


@dataclass(frozen=True, slots=True)
class ControlResult:
    """The outcome with the device's Error-Cause (RFC 5176 §3.5), None where it named none."""

    outcome: ControlOutcome
    error_cause: int | None


class SessionControl(Protocol):
    """Ends and changes running sessions at their device (net.coa_client)."""

    def disconnect(self, nas: Nas, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        """Send a Disconnect-Request; the Deferred fires once, with the result, and never fails."""

    def change(self, nas: Nas, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        """Send a CoA-Request; likewise."""


class PortalDoor(Protocol):
    """Logs devices in and out at their access controller by the portal protocol (net.portal_udp)."""

    def login(self, nas: Nas, user_ip: str, username: str, password: bytes) -> Deferred[Outcome]:
        """Run one login; fires with its outcome within about 20 seconds and never fails."""

    def logout(self, nas: Nas, user_ip: str, mac: str | None) -> Deferred[Outcome]:
        """Run one logout; likewise."""

    def info(self, nas: Nas, user_ip: str) -> Deferred[Outcome]:
        """Ask about one user; fires within some seconds and never fails."""


class ReasonWords(Protocol):
    """The one table of sentences (web.reasons), so that RADIUS Reply-Message, portal page and API agree."""

    def code(self, reason: Reason) -> str:
        """The code people read to the help desk: A01, D02."""

    def sentence(self, rejection: Rejection, zone: Zone, language: str | None = None) -> str:
        """Title and sentence with the facts filled in, in a language or the default one."""
