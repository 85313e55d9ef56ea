"""Asking RADIUS servers elsewhere: the rim of flows.proxying, over UDP; net.radsec_client has the lanes over TLS.

A lane is one socket or one connection with its own 256 identifiers. A server gets more lanes when those it has are full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from zhuomai_appliance.flows.proxying import NotAsked, ServerReply
from zhuomai_appliance.flows.trace import NO_TRACE, Elsewhere, Tracer
from zhuomai_appliance.model.roaming import Transport, Upstream
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.exchange import Action, ExchangeTable, Pending
from zhuomai_appliance.radius.forwarding import HIDDEN
from zhuomai_appliance.radius.hidden import HiddenValue, reveal
from zhuomai_appliance.radius.packet import Attribute, Code, Packet, Secret
from zhuomai_appliance.radius.passwords import hide_pap

LANES: Final = 16
"""Of one server: 4,096 questions on their way, which a server that answers never needs."""

Nonce = Callable[[], bytes]
"""Sixteen unguessable octets: a Request Authenticator."""


class Answer(NamedTuple):
    """What came of a request; ``packet`` None is silence, in which answers may have come that are none.

    ``refused`` of them did not verify, ``unsigned`` ones lacked the Message-Authenticator that must be there.
    """

    packet: Packet | None
    refused: int = 0
    unsigned: int = 0


NOTHING: Final = Answer(None)

Answered = Deferred[Answer]


class Lane(Protocol):
    """One socket or connection to a server."""

    def ask(
        self,
        port: int,
        code: int,
        attributes: Sequence[Attribute],
        authenticator: bytes | None,
        *,
        signed_answer: bool,
    ) -> Answered | None:
        """Send a request; None when all identifiers are taken. The Deferred fires once and never fails."""

    def close(self) -> None:
        """Ask nothing more; whoever waits is told that nobody answered."""


class Exchange:
    """What lanes of either kind share: who waits for which answer, and until when."""

    def __init__(self, clocks: Clocks, secret: Secret, *, tries: int, wait_seconds: float) -> None:
        self._clocks = clocks
        self._secret = secret
        self._table = ExchangeTable(tries, wait_seconds, 1.0)
        self._waiting: dict[Pending, Answered] = {}
        self._timer: IDelayedCall | None = None
        self._timer_at = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def open(
        self,
        peer: tuple[str, int],
        code: int,
        attributes: Sequence[Attribute],
        authenticator: bytes | None,
        *,
        signed_answer: bool,
    ) -> tuple[Pending, Answered] | None:
        """Encode a request under a free identifier; None while all are taken.

        Raises:
            ValueError: it does not fit into a packet.
        """
        pending = self._table.open(
            peer,
            code,
            attributes,
            self._secret,
            self._clocks.monotonic(),
            authenticator=authenticator,
            sign=authenticator is not None,
            signed_answer=signed_answer,
        )
        if pending is None:
            return None
        done: Answered = Deferred()
        self._waiting[pending] = done
        return pending, done

    def receive(self, peer: tuple[str, int], datagram: bytes) -> bool:
        """Take what came from the server; whether it answers anything."""
        found = self._table.receive(peer, datagram)
        if found is None:
            return False
        pending, reply = found
        self._waiting.pop(pending).callback(Answer(reply))
        return True

    def watch(self, resend: Callable[[Pending], object]) -> None:
        """Have `resend` called when a request needs it, and silence told when a request has waited long enough."""
        at = self._table.next_at()
        if self._timer is not None and self._timer.active():
            if at is not None and self._timer_at <= at:
                # It runs early and looks again: cheaper than a new timer for each answer
                return
            self._timer.cancel()
        self._timer = None
        if at is not None:
            self._timer_at = at
            self._timer = self._clocks.later(at - self._clocks.monotonic(), self._tick, resend)

    def _tick(self, resend: Callable[[Pending], object]) -> None:
        self._timer = None
        for pending, action in self._table.due(self._clocks.monotonic()):
            if action is Action.RESEND:
                resend(pending)
            else:
                self._waiting.pop(pending).callback(Answer(None, pending.refused, pending.unsigned))
        self.watch(resend)

    def end(self) -> None:
        """Nobody answers any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for pending, done in list(self._waiting.items()):
            self._table.close(pending)
            del self._waiting[pending]
            done.callback(NOTHING)


class UdpLane(DatagramProtocol):
    """One socket to one server; each has a port of its own, so that whoever forges answers has to guess it as well."""

    def __init__(self, reactor: Any, clocks: Clocks, upstream: Upstream, secret: Secret) -> None:
        self._host = upstream.address
        self._exchange = Exchange(
            clocks, secret, tries=upstream.tries, wait_seconds=float(upstream.timeout_seconds)
        )
        interface = "::" if ip_address(upstream.address).version == 6 else "0.0.0.0"
        self._port = reactor.listenUDP(0, self, interface=interface)

    def ask(
        self,
        port: int,
        code: int,
        attributes: Sequence[Attribute],
        authenticator: bytes | None,
        *,
        signed_answer: bool,
    ) -> Answered | None:
        """See `Lane.ask`."""
        opened = self._exchange.open(
            (self._host, port), code, attributes, authenticator, signed_answer=signed_answer
        )
        if opened is None:
            return None
        pending, done = opened
        self._send(pending)
        self._exchange.watch(self._send)
        return done

    def _send(self, pending: Pending) -> None:
        if self.transport is not None:
            try:
                self.transport.write(pending.datagram, pending.key.peer)
            except OSError:
                # No route at this moment: the same as a packet that was lost
                return

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Take an answer; anything that does not verify leaves the request waiting."""
        if self._exchange.receive((addr[0], addr[1]), datagram):
            self._exchange.watch(self._send)

    def close(self) -> None:
        """See `Lane.close`."""
        self._exchange.end()
        self._port.stopListening()


MakeLane = Callable[[Upstream, Secret], Lane]


class _Ways:
    """The lanes to one server as it is, or was, declared. ``until`` is when the last question of a former entry is over."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.until: float | None = None
        self.secret = Secret(upstream.secret)
        self.shown = Elsewhere(upstream.name, upstream.project_id)
        self.lanes: list[Lane] = []


class ProxyClient:
    """Asks servers; see `flows.proxying.ServerClient`. One object per process, on the reactor thread.

    ``counters``: asked, answered, silent, unsigned and refused (silences in which answers came that are none),
    oversized (requests that do not fit), busy (no identifier was free).
    """

    log = Logger(namespace="zhuomai.proxy")

    def __init__(
        self, make: dict[Transport, MakeLane], nonce: Nonce, clocks: Clocks, tracer: Tracer = NO_TRACE
    ) -> None:
        self._tracer = tracer
        self._make = make
        self._nonce = nonce
        self._clocks = clocks
        self._ways: dict[Upstream, _Ways] = {}
        self._complaints = Complaints(clocks.monotonic)
        self.counters: Counter[str] = Counter()
        self._closed = False

    def ask(
        self, upstream: Upstream, attributes: Sequence[Attribute], password: bytes | None
    ) -> Deferred[ServerReply | None]:
        """Pass a login on; the password is hidden anew for this server."""
        ways = self._ways_of(upstream)
        nonce = self._nonce()
        if password is not None:
            attributes = (*attributes, (attr.USER_PASSWORD, hide_pap(password, ways.secret, nonce)))
        is_eap = any(number == attr.EAP_MESSAGE for number, _ in attributes)
        asked = self._send(
            ways,
            upstream.auth_port,
            Code.ACCESS_REQUEST,
            attributes,
            nonce,
            # What signs each request (TLS) needs no second signature; EAP is signed everywhere (RFC 3579 §3.2)
            signed_answer=is_eap or (upstream.message_authenticator and upstream.transport is Transport.UDP),
        )
        return asked.addCallback(self._read, ways.secret, nonce)

    def report(self, upstream: Upstream, attributes: Sequence[Attribute]) -> Deferred[bool]:
        """Pass an accounting report on; whether it was taken."""
        ways = self._ways_of(upstream)
        asked = self._send(
            ways, upstream.acct_port, Code.ACCOUNTING_REQUEST, attributes, None, signed_answer=False
        )
        return asked.addCallback(_came)

    def probe(self, upstream: Upstream) -> Deferred[bool]:
        """Ask whether the server lives (RFC 5997); whether it answered."""
        ways = self._ways_of(upstream)
        asked = self._send(
            ways, upstream.auth_port, Code.STATUS_SERVER, (), self._nonce(), signed_answer=False
        )
        return asked.addCallback(_came)

    def keep(self, upstreams: Iterable[Upstream]) -> None:
        """Hang up on servers that are no longer declared, or no longer so, once nobody waits for them any more.

        Whoever was asked under the former entry still answers there: that it has changed is no silence.
        """
        declared, now = set(upstreams), self._clocks.monotonic()
        for upstream, ways in tuple(self._ways.items()):
            if upstream in declared:
                ways.until = None
            elif ways.until is None:
                ways.until = now + upstream.tries * upstream.timeout_seconds + 1.0
            elif now >= ways.until:
                for lane in self._ways.pop(upstream).lanes:
                    lane.close()

    def close(self) -> None:
        """Ask nothing more; whoever waits is told that nobody answered."""
        self._closed = True
        # Whoever hears that nobody answered turns to the next server, perhaps one that was never asked before
        for ways in tuple(self._ways.values()):
            for lane in ways.lanes:
                lane.close()
        self._ways.clear()

    def _ways_of(self, upstream: Upstream) -> _Ways:
        ways = self._ways.get(upstream)
        if ways is None:
            ways = self._ways[upstream] = _Ways(upstream)
        return ways

    def _send(
        self,
        ways: _Ways,
        port: int,
        code: int,
        attributes: Sequence[Attribute],
        authenticator: bytes | None,
        *,
        signed_answer: bool,
    ) -> Answered:
        done = self._sent(ways, port, code, attributes, authenticator, signed_answer=signed_answer)
        if self._tracer.watches:
            asked = Packet(code, 0, b"", tuple(attributes), b"", dict(reversed(attributes)))
            key = object()
            self._tracer.request("proxy", ways.shown, (ways.upstream.address, port), asked, key, ours=True)
            done.addCallback(self._told, key)
        return done

    def _told(self, answer: Answer, key: object) -> Answer:
        if answer.packet is None:
            self._tracer.silence("proxy", key, "nobody answered, or nobody whose answer verified")
        else:
            self._tracer.answer("proxy", key, answer.packet.datagram, ours=False)
        return answer

    def _sent(
        self,
        ways: _Ways,
        port: int,
        code: int,
        attributes: Sequence[Attribute],
        authenticator: bytes | None,
        *,
        signed_answer: bool,
    ) -> Answered:
        self.counters["asked"] += 1
        try:
            for lane in ways.lanes:
                done = lane.ask(port, code, attributes, authenticator, signed_answer=signed_answer)
                if done is not None:
                    return done.addCallback(self._count, ways.upstream)
            if len(ways.lanes) < LANES and not self._closed:
                ways.lanes.append(self._make[ways.upstream.transport](ways.upstream, ways.secret))
                done = ways.lanes[-1].ask(port, code, attributes, authenticator, signed_answer=signed_answer)
                if done is not None:
                    return done.addCallback(self._count, ways.upstream)
        except ValueError as error:
            # Our Proxy-State may be what is too much in a request of nearly 4096 octets
            self.counters["oversized"] += 1
            if self._complaints.may_say("oversized", ways.upstream.name):
                self.log.warn(
                    "a request to {name} cannot be sent: {error}", name=ways.upstream.name, error=str(error)
                )
            return fail(NotAsked(str(error), is_hopeless=True))
        self.counters["busy"] += 1
        return fail(NotAsked("too many questions are on their way", is_hopeless=False))

    def _count(self, answer: Answer, upstream: Upstream) -> Answer:
        self.counters["silent" if answer.packet is None else "answered"] += 1
        if answer.unsigned:
            self.counters["unsigned"] += 1
            self._complain(upstream, "carry no Message-Authenticator, which message_authenticator asks for")
        elif answer.refused:
            self.counters["refused"] += 1
            self._complain(upstream, "do not verify: the shared secrets probably differ")
        return answer

    def _complain(self, upstream: Upstream, words: str) -> None:
        if self._complaints.may_say(words, upstream.name):
            self.log.warn(
                "answers of server {name} at {host} {words}",
                name=upstream.name,
                host=upstream.address,
                words=words,
            )

    def _read(self, answer: Answer, secret: Secret, nonce: bytes) -> ServerReply | None:
        reply = answer.packet
        if reply is None or reply.code != Code.ACCESS_ACCEPT:
            return None if reply is None else ServerReply(reply)
        hidden = []
        for vendor_id, number in sorted(HIDDEN):
            value = reply.vendor(vendor_id, number)
            clear = None if value is None else reveal(value, secret, nonce)
            if clear:
                hidden.append(HiddenValue(vendor_id, number, clear))
        return ServerReply(reply, tuple(hidden))


def _came(answer: Answer) -> bool:
    return answer.packet is not None
