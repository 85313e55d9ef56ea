"""Disconnect and CoA client (RFC 5176): one socket, retransmission, answers only from the device that was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol

from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.flows.third_party import reached_at
from zhuomai_appliance.flows.trace import NO_TRACE, Tracer
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.radius_port import RADSEC_SECRET, Way
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.exchange import Action, ExchangeTable, Pending
from zhuomai_appliance.radius.packet import Attribute, Code, Packet, Secret, decode
from zhuomai_appliance.radius.values import integer, integer_value

TRIES = 3
FIRST_WAIT_SECONDS = 2.0
BACK_OFF = 2.0
_FLOW = "coa"
"""What traces call it."""


class CoaClient(DatagramProtocol):
    """Asks access devices to end or change a session. ACK, NAK and silence are three different results.

    Each request carries Event-Timestamp and Message-Authenticator (RFC 5176 §6.3, §3.4) unless the device's quirks
    ``coa_event_timestamp`` or ``coa_sign`` are false: old gear refuses what it does not know.
    """

    def __init__(self, clocks: Clocks, tracer: Tracer = NO_TRACE) -> None:
        #: A device's own stream by its address: one that came to us over TLS is asked there (RFC 6614 §2.1).
        self.stream_of: Callable[[str], Way | None] = lambda host: None
        self._clocks = clocks
        self._tracer = tracer
        self._table = ExchangeTable(TRIES, FIRST_WAIT_SECONDS, BACK_OFF)
        self._waiting: dict[Pending, Deferred[ControlResult]] = {}
        self._timer: IDelayedCall | None = None
        #: How requests ended, by kind and outcome.
        self.outcomes: Counter[tuple[str, str]] = Counter()

    @property
    def waiting(self) -> int:
        """Requests that wait for an answer."""
        return len(self._waiting)

    def disconnect(self, nas: Nas, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        """Send a Disconnect-Request naming a session."""
        return self._ask(Code.DISCONNECT_REQUEST, nas, host, attributes)

    def change(self, nas: Nas, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        """Send a CoA-Request naming a session and what is to change."""
        return self._ask(Code.COA_REQUEST, nas, host, attributes)

    def _ask(
        self, code: int, nas: Nas, host: str, attributes: Sequence[Attribute]
    ) -> Deferred[ControlResult]:
        done: Deferred[ControlResult] = Deferred()
        done.addCallback(self._count, "coa" if code == Code.COA_REQUEST else "disconnect")
        if self.transport is None:
            done.callback(ControlResult(ControlOutcome.SILENT, None))
            return done
        host, device = reached_at(nas, host)
        by_stream = bool(nas.quirks.get("coa_stream", True)) and self.stream_of(host) is not None
        wanted = [*attributes, *device]
        if nas.quirks.get("coa_event_timestamp", True):
            wanted.append((attr.EVENT_TIMESTAMP, integer_value(self._clocks.now())))
        pending = self._table.open(
            (host, nas.coa_port),
            code,
            wanted,
            RADSEC_SECRET if by_stream else Secret(nas.secret),
            self._clocks.monotonic(),
            sign=bool(nas.quirks.get("coa_sign", True)),
        )
        if pending is None:
            done.callback(ControlResult(ControlOutcome.BUSY, None))
            return done
        self._waiting[pending] = done
        if self._tracer.watches:
            self._tracer.request(_FLOW, nas, pending.key.peer, decode(pending.datagram), pending, ours=True)
        self._send(pending)
        self._set_timer()
        return done

    def _send(self, pending: Pending) -> None:
        if pending.secret is not RADSEC_SECRET:
            if self.transport is not None:
                self.transport.write(pending.datagram, pending.key.peer)
        elif pending.sent == 1 and (stream := self.stream_of(pending.key.peer[0])) is not None:
            # A stream delivers or breaks: what is repeated on it would be a second request (RFC 6613 §2.6.1)
            stream.send(pending.datagram, pending.key.peer)

    def _count(self, result: ControlResult, kind: str) -> ControlResult:
        self.outcomes[(kind, result.outcome.value)] += 1
        return result

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Take an answer; anything that does not verify leaves the request waiting."""
        found = self._table.receive((addr[0], addr[1]), datagram)
        if found is not None:
            pending, reply = found
            if self._tracer.watches:
                self._tracer.answer(_FLOW, pending, datagram, ours=False)
            self._waiting.pop(pending).callback(_read(reply))
            self._set_timer()

    def _tick(self) -> None:
        self._timer = None
        for pending, action in self._table.due(self._clocks.monotonic()):
            if action is Action.RESEND:
                self._send(pending)
            elif action is Action.GAVE_UP:
                outcome = ControlOutcome.UNVERIFIED if pending.refused else ControlOutcome.SILENT
                if self._tracer.watches:
                    self._tracer.silence(_FLOW, pending, f"given up: {outcome.value}")
                self._waiting.pop(pending).callback(ControlResult(outcome, None))
        self._set_timer()

    def _set_timer(self) -> None:
        at = self._table.next_at()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if at is not None:
            self._timer = self._clocks.later(at - self._clocks.monotonic(), self._tick)

    def stopProtocol(self) -> None:
        """Tell everybody who still waits that no answer came."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for pending in list(self._waiting):
            self._waiting.pop(pending).callback(ControlResult(ControlOutcome.SILENT, None))


def _read(reply: Packet) -> ControlResult:
    accepted = reply.code in (Code.DISCONNECT_ACK, Code.COA_ACK)
    return ControlResult(
        ControlOutcome.ACK if accepted else ControlOutcome.NAK, integer(reply.first(attr.ERROR_CAUSE))
    )
