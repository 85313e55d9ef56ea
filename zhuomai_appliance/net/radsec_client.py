"""Lanes to RADIUS servers elsewhere over TLS (RadSec, RFC 6614), for net.proxy_client.

A lane connects when it is first asked, and again when it is asked after the connection was lost: at once the first time,
then not before a pause that doubles. While it cannot connect, every question is silence at once, so that the next server
is asked without a wait. Nothing is sent twice on one connection (RFC 6613 §2.6.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from zhuomai_appliance.model.roaming import Upstream
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.net.proxy_client import NOTHING, Answer, Answered, Exchange
from zhuomai_appliance.radius.exchange import Pending
from zhuomai_appliance.radius.framing import PacketStream
from zhuomai_appliance.radius.packet import Attribute, Secret, WireError

CONNECT_SECONDS: Final = 5
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0

Tls = Callable[[Upstream], Any]
"""What makes our end of a TLS connection to a server (IOpenSSLClientConnectionCreator); raises OSError or ValueError
where our certificate or its authority cannot be read."""


class _Stream(Protocol):
    """One connection; it belongs to its lane."""

    def __init__(self, lane: RadsecLane) -> None:
        self._lane = lane
        self._packets = PacketStream()

    def connectionMade(self) -> None:
        self._lane.connected(self)

    def dataReceived(self, data: bytes) -> None:
        try:
            packets = self._packets.feed(data)
        except WireError as error:
            self._lane.complain(str(error))
            self.abort()
            return
        for octets in packets:
            self._lane.received(octets)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._lane.lost(self, reason)

    def send(self, datagram: bytes) -> None:
        if self.transport is not None:
            self.transport.write(datagram)

    def abort(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


class RadsecLane:
    """One connection to one server, with its own 256 identifiers for questions of all kinds."""

    log = Logger(namespace="zhuomai.proxy")

    def __init__(
        self,
        reactor: Any,
        clocks: Clocks,
        upstream: Upstream,
        secret: Secret,
        tls: Tls,
        complaints: Complaints,
    ) -> None:
        self._reactor = reactor
        self._clocks = clocks
        self._upstream = upstream
        self._tls = tls
        self._complaints = complaints
        self._exchange = Exchange(
            clocks, secret, tries=1, wait_seconds=float(upstream.timeout_seconds * upstream.tries)
        )
        self._peer = (upstream.address, upstream.auth_port)
        self._stream: _Stream | None = None
        self._connecting: Deferred[Any] | None = None
        self._unsent: list[Pending] = []
        self._pause_seconds = 0.0
        self._not_before = clocks.monotonic()
        self._heard_at = clocks.monotonic()
        self._closed = False

    def ask(
        self,
        port: int,
        code: int,
        attributes: Sequence[Attribute],
        authenticator: bytes | None,
        *,
        signed_answer: bool,
    ) -> Answered | None:
        """See `Lane.ask`; one port serves all kinds."""
        if self._stream is None and self._connecting is None and not self._connect():
            nothing: Answered = Deferred()
            nothing.callback(NOTHING)
            return nothing
        opened = self._exchange.open(self._peer, code, attributes, authenticator, signed_answer=signed_answer)
        if opened is None:
            return None
        pending, done = opened
        if self._stream is None:
            self._unsent.append(pending)
        else:
            self._stream.send(pending.datagram)
        self._exchange.watch(_never)
        return done.addCallback(self._weigh, self._clocks.monotonic())

    def _weigh(self, answer: Answer, asked_at: float) -> Answer:
        """A server that has said nothing since it was asked may be at the end of a dead connection: begin a new one."""
        if answer.packet is None and self._heard_at <= asked_at and self._stream is not None:
            self._stream.abort()
        return answer

    # The connection -----------------------------------------------------------------------------------------------------

    def _connect(self) -> bool:
        """Begin to connect, unless it is too soon after the last failure; whether it is being tried."""
        if self._closed or self._clocks.monotonic() < self._not_before:
            return False
        host, port = self._peer
        try:
            tls = self._tls(self._upstream)
        except (OSError, ValueError) as error:
            self._fail(str(error))
            return False
        kind = TCP6ClientEndpoint if ip_address(host).version == 6 else TCP4ClientEndpoint
        factory = Factory.forProtocol(lambda: _Stream(self))
        factory.noisy = False
        wrapped = TLSMemoryBIOFactory(tls, True, factory, self._reactor)
        wrapped.noisy = False
        self._connecting = kind(self._reactor, host, port, timeout=CONNECT_SECONDS).connect(wrapped)
        self._connecting.addErrback(self._could_not)
        return True

    def connected(self, stream: _Stream) -> None:
        """The connection is there; TLS holds back what is sent until both ends are known."""
        self._connecting = None
        if self._closed:
            stream.abort()
            return
        self._stream = stream
        unsent, self._unsent = self._unsent, []
        for pending in unsent:
            stream.send(pending.datagram)

    def _could_not(self, failure: Failure) -> None:
        self._connecting = None
        if not self._closed:
            self._fail(failure.getErrorMessage())

    def received(self, octets: bytes) -> None:
        """A packet came; one that answers nothing is passed over."""
        self._heard_at = self._clocks.monotonic()
        self._pause_seconds = 0.0
        if self._exchange.receive(self._peer, octets):
            self._exchange.watch(_never)

    def lost(self, stream: _Stream, reason: Failure) -> None:
        """The connection is over: whoever waits on it waits in vain."""
        if stream is self._stream:
            self._stream = None
            if not self._closed:
                self._fail(_words(reason))

    def _fail(self, words: str) -> None:
        self._not_before = self._clocks.monotonic() + self._pause_seconds
        self._pause_seconds = min(max(FIRST_PAUSE_SECONDS, self._pause_seconds * 2), LONGEST_PAUSE_SECONDS)
        self.complain(words)
        self._unsent.clear()
        self._exchange.end()

    def complain(self, words: str) -> None:
        """Tell the log, seldom."""
        if self._complaints.may_say("connection", self._upstream.name):
            self.log.warn(
                "no connection to server {name} at {host}: {words}",
                name=self._upstream.name,
                host=self._upstream.address,
                words=words,
            )

    def close(self) -> None:
        """See `Lane.close`."""
        self._closed = True
        self._unsent.clear()
        self._exchange.end()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._stream is not None:
            transport: Any = self._stream.transport
            transport.loseConnection()


def _never(pending: Pending) -> None:
    """A stream delivers or breaks: nothing is sent again on it."""


def _words(reason: Failure) -> str:
    """Why a connection ended, on one line; of OpenSSL's words the last ones."""
    value: Any = reason.value
    errors = value.args[0] if value.args and isinstance(value.args[0], list) else []
    said = ", ".join(str(one[-1]) for one in errors if isinstance(one, tuple) and one)
    return said or reason.getErrorMessage() or type(value).__name__
