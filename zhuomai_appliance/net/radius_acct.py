"""The port for accounting (1813), without its transport: what may be answered, and what is shed first."""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

from twisted.internet.defer import Deferred

from zhuomai_appliance.flows.ports import NasFinder
from zhuomai_appliance.flows.third_party import device_of
from zhuomai_appliance.flows.trace import NO_TRACE, Tracer
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.load import LATE_SECONDS, Load
from zhuomai_appliance.net.radius_port import RadiusPort
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.duplicates import RequestKey
from zhuomai_appliance.radius.packet import (
    Code,
    Packet,
    Secret,
    Signature,
    accounting_authenticator_ok,
    message_authenticator,
)

ACCT_CODES: Final = frozenset((Code.ACCOUNTING_REQUEST, Code.STATUS_SERVER))
ACCT_KEEP_SECONDS: Final = 30.0

_KINDS: Final = {
    (1).to_bytes(4, "big"): "start",
    (2).to_bytes(4, "big"): "stop",
    (3).to_bytes(4, "big"): "interim",
    (7).to_bytes(4, "big"): "on",
    (8).to_bytes(4, "big"): "off",
}
"""Acct-Status-Type (RFC 2866 §5.1)."""


class AccountingFlow(Protocol):
    """What the accounting port needs of flows.accounting."""

    def record(self, packet: Packet, nas: Nas, peer: str, now: int) -> Deferred[bool]:
        """Record a report; True once it is durable, False when it is none, failure when it could not be recorded."""


class AcctPort(RadiusPort):
    """Accounting-Request, answered only after its record is durable, and Status-Server.

    ``reports`` counts by kind, ``wrong_secret`` by device.
    """

    codes = ACCT_CODES
    keep_seconds = ACCT_KEEP_SECONDS
    kind = "acct"

    def __init__(
        self,
        finder: NasFinder,
        flow: AccountingFlow,
        clocks: Clocks,
        load: Load | None = None,
        tracer: Tracer = NO_TRACE,
    ) -> None:
        super().__init__(finder, clocks, load, tracer)
        self._flow = flow
        self.reports: Counter[str] = Counter()
        self.wrong_secret: Counter[NasId] = Counter()

    def refusal(self, packet: Packet, nas: Nas, secret: Secret, host: str) -> str:
        """Request Authenticator (RFC 2866 §3) and, where present, Message-Authenticator."""
        if packet.code == Code.STATUS_SERVER:
            return "" if message_authenticator(packet, secret) is Signature.GOOD else "unsigned"
        if not accounting_authenticator_ok(packet, secret):
            self.wrong_secret[nas.id] += 1
            return "wrong_secret"
        if message_authenticator(packet, secret) is Signature.BAD:
            return "bad_message_authenticator"
        return ""

    def pressed(self, waited_seconds: float, waiting: int) -> None:
        """See `RadiusPort.pressed`; accounting also makes room for logins that wait."""
        super().pressed(waited_seconds, waiting)
        self.is_late = self.is_late or self.load.wait_seconds("auth") > LATE_SECONDS

    def sheds(self, packet: Packet, nas: Nas, now: float) -> str:
        """Interim reports: the next one tells all that this one would have (architecture: Writing)."""
        return "shed_interim" if _KINDS.get(packet.first(attr.ACCT_STATUS_TYPE) or b"") == "interim" else ""

    def work(self, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        """Record, then answer; a record that was not made is not answered (RFC 2866 §4.1)."""
        if packet.code == Code.STATUS_SERVER:
            self.counters["status"] += 1
            self.answer(Code.ACCOUNTING_RESPONSE, packet, (), secret, key, sign=True)
            return
        self.reports[_KINDS.get(packet.first(attr.ACCT_STATUS_TYPE) or b"", "other")] += 1
        done = self._flow.record(packet, nas, device_of(packet, nas, key.address), self._clocks.now())
        done.addCallback(self._recorded, packet, nas, secret, key)
        done.addErrback(self.failed, key, packet)

    def _recorded(self, answerable: bool, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        if answerable:
            self.counters["recorded"] += 1
            self.answer(Code.ACCOUNTING_RESPONSE, packet, (), secret, key, sign=False)
        else:
            self.drop("not_a_report", key.address, nas, "an accounting request without a usable status")
            self.forget(key, packet, "no usable Acct-Status-Type or session")
