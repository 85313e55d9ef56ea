"""RADIUS over TLS (RadSec, RFC 6614): the same work as over UDP, on streams whose both ends show a certificate.

    connection -> known address -> handshake -> certificate of that device -> packets -> the ports of UDP

One connection carries logins, accounting and the answers to CoA (RFC 6614 §2.1). The shared secret is «radsec»: TLS is
what protects, so no Message-Authenticator is asked for, but those that come are checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol

from twisted.internet.interfaces import IAddress, IDelayedCall, IHandshakeListener
from twisted.internet.protocol import Protocol as StreamProtocol
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.internet.ssl import Certificate
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from zhuomai_appliance.flows.ports import NasFinder
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.net.buckets import Buckets
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.net.radius_port import RADSEC_SECRET, RadiusPort
from zhuomai_appliance.net.radsec_tls import ServerSide
from zhuomai_appliance.radius.framing import PacketStream
from zhuomai_appliance.radius.packet import Code, WireError

CONNECTIONS: Final = 1024
CONNECTIONS_OF_ADDRESS: Final = 16
"""A proxy opens some, for more than 256 requests at once; a device one."""

CONNECTS_PER_SECOND: Final = 1.0
CONNECTS_AT_ONCE: Final = 32
"""Of one address: a handshake costs as much as ten logins, and a device that does it again and again has a reason."""

HANDSHAKE_SECONDS: Final = 10.0
PACKET_SECONDS: Final = 10.0
"""How long a packet may take to arrive whole."""
STUCK_SECONDS: Final = 30.0
"""How long a peer may take none of its answers."""
IDLE_SECONDS: Final = 900.0
"""Devices ask by Status-Server whether we live, every minute or so (RFC 6614 §3.4); silence is a dead peer."""
SWEEP_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 60.0
"""How long a certificate that was looked up is believed."""

PACKETS_A_TURN: Final = 64
"""Of one connection, before others have their turn."""

_PATIENCE: Final = {
    "handshake_slow": "no handshake in time",
    "packet_slow": "half a packet, and no more in time",
    "stuck": "it does not take its answers",
    "idle": "nothing was heard of it",
}

_CONTROL: Final = frozenset((Code.DISCONNECT_ACK, Code.DISCONNECT_NAK, Code.COA_ACK, Code.COA_NAK))
_AUTH: Final = frozenset((Code.ACCESS_REQUEST, Code.STATUS_SERVER))

Check = Callable[[Nas, bytes], str]
"""Why a device may not connect with a certificate (DER), empty when it may (flows.radsec_peers)."""


class ControlAnswers(Protocol):
    """Whoever asked a device to end or change a session over its own connection (net.coa_client)."""

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Take an answer; see CoaClient."""


@implementer(IHandshakeListener)
class RadsecConnection(StreamProtocol):
    """One device's stream; a `Way` for the answers."""

    factory: RadsecFactory

    def __init__(self, host: str, port: int, now: float) -> None:
        self.host = host
        self._addr = (host, port)
        self._stream = PacketStream()
        self._waiting: list[bytes] = []
        self._is_due = False
        self._holds_back = False
        self._is_paused = False
        self._is_over = False
        self.nas: Nas | None = None
        self._checked: Nas | None = None
        self._checked_at = now
        self.began = self.heard_at = now
        self.unfinished_since: float | None = None
        self.stuck_since: float | None = None

    def connectionMade(self) -> None:
        """Be told when the peer does not take what it is sent."""
        transport: Any = self.transport
        transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """Both ends have shown their certificates: is it that of the device at this address?"""
        if not self._is_welcome():
            self.hang_up()

    def _is_welcome(self) -> bool:
        """Whether the device as it is declared now may speak; asked again only when its entry has changed."""
        nas = self.factory.finder.find(self.host)
        if nas is not None and nas is self._checked:
            return True
        transport: Any = self.transport
        shown = transport.getPeerCertificate()
        if nas is None:
            why = "the device is no longer in the NAS list"
        elif shown is None:
            why = "it shows no certificate"
        else:
            why = self.factory.check(nas, Certificate(shown).dump())
        if why or nas is None:
            self.factory.complain("refused", self.host, why)
            self._checked = self.nas = None
            return False
        self._checked = nas
        self._checked_at = self.factory.clocks.monotonic()
        # The connection is signed as a whole: that stands for every packet's own signature
        self.nas = replace(nas, secret=b"radsec")
        return True

    # Reading ------------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Take octets; a stream that cannot be read any more is hung up on (RFC 6613 §2.6.4)."""
        now = self.heard_at = self.factory.clocks.monotonic()
        try:
            self._waiting += self._stream.feed(data)
        except WireError as error:
            self.factory.complain("malformed", self.host, str(error))
            self.hang_up()
            return
        if not self._stream.is_unfinished:
            self.unfinished_since = None
        elif self.unfinished_since is None or self._waiting:
            self.unfinished_since = now
        if self._waiting and not self._is_due:
            self._work()

    def _work(self) -> None:
        """Hand on a turn's worth of packets; while more wait nothing is read."""
        self._is_due = False
        if self.nas is None or not self._is_welcome():
            self.hang_up()
            return
        turn, self._waiting = self._waiting[:PACKETS_A_TURN], self._waiting[PACKETS_A_TURN:]
        for octets in turn:
            if not self._take(octets):
                return
        transport: Any = self.transport
        if self._waiting:
            self._is_due = self._holds_back = True
            transport.pauseProducing()
            self.factory.clocks.later(0, self._work)
        elif self._holds_back:
            self._holds_back = False
            if not self._is_paused and self.connected:
                transport.resumeProducing()

    def _take(self, octets: bytes) -> bool:
        """Hand one packet on; False once the stream is over."""
        code, factory = octets[0], self.factory
        if code in _CONTROL:
            factory.control(octets, self)
            return True
        port: RadiusPort
        if code in _AUTH:
            port = factory.auth
        elif code == Code.ACCOUNTING_REQUEST:
            port = factory.acct
        else:
            factory.complain("malformed", self.host, f"code {code} is not served")
            self.hang_up()
            return False
        factory.counters["packets"] += 1
        if self.nas is not None:
            port.take(octets, self._addr, self, self.nas, RADSEC_SECRET)
        return True

    # Writing ------------------------------------------------------------------------------------------------------------

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """See `Way.send`; to a peer that is gone nothing is sent."""
        if self.connected and self.transport is not None:
            self.transport.write(datagram)

    def pauseProducing(self) -> None:
        """The peer does not take its answers: it is asked nothing more meanwhile."""
        self._is_paused = True
        self.stuck_since = self.factory.clocks.monotonic()
        transport: Any = self.transport
        transport.pauseProducing()

    def resumeProducing(self) -> None:
        """The peer reads again."""
        self._is_paused = False
        self.stuck_since = None
        transport: Any = self.transport
        if not self._holds_back:
            transport.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is over."""

    def hang_up(self) -> None:
        """End the connection now; nothing more is taken from it."""
        self._is_over = True
        self._waiting.clear()
        self.nas = None
        transport: Any = self.transport
        transport.abortConnection()

    def too_long(self, now: float) -> str:
        """Which patience has run out; empty if none has."""
        if self._is_over:
            return ""
        if self.nas is None:
            return "handshake_slow" if now - self.began > HANDSHAKE_SECONDS else ""
        if self.unfinished_since is not None and now - self.unfinished_since > PACKET_SECONDS:
            return "packet_slow"
        if self.stuck_since is not None and now - self.stuck_since > STUCK_SECONDS:
            return "stuck"
        return "idle" if now - self.heard_at > IDLE_SECONDS else ""

    def doubt(self, now: float) -> None:
        """Have the certificate looked up again at the next packet: it may have been revoked meanwhile."""
        if now - self._checked_at > CHECK_SECONDS:
            self._checked = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Free the place; a handshake that failed is told, seldom."""
        self.connected = 0
        self._waiting.clear()
        self.factory.left(self, reason)


class RadsecFactory(ServerFactory):
    """Admits connections. ``counters``: connections, packets, and what went wrong by name.

    Args:
        finder: the devices by address.
        check: whether a certificate is the device's.
        auth: the port for logins.
        acct: the port for accounting.
        control: takes answers of devices to CoA and Disconnect, with the connection they came by.
    """

    log = Logger(namespace="zhuomai.radsec")
    noisy = False

    def __init__(
        self,
        finder: NasFinder,
        check: Check,
        auth: RadiusPort,
        acct: RadiusPort,
        control: Callable[[bytes, RadsecConnection], None],
        clocks: Clocks,
    ) -> None:
        self.finder = finder
        self.check = check
        self.auth = auth
        self.acct = acct
        self.control = control
        self.clocks = clocks
        self.counters: Counter[str] = Counter()
        self.inside: dict[RadsecConnection, None] = {}
        self._from: Counter[str] = Counter()
        self._complaints = Complaints(clocks.monotonic)
        self._doors = Buckets(CONNECTS_PER_SECOND, CONNECTS_AT_ONCE)
        self._sweeper: IDelayedCall | None = None

    def admits(self, host: str) -> bool:
        """Whether a connection from an address gets as far as a handshake: not a stranger's, nor one too many."""
        if self.finder.find(host) is None:
            self.complain("unknown_nas", host, "a device that is not in the NAS list")
            return False
        if len(self.inside) >= CONNECTIONS or self._from.get(host, 0) >= CONNECTIONS_OF_ADDRESS:
            self.complain("too_many", host, "too many connections")
            return False
        if not self._doors.take(host, self.clocks.monotonic()):
            self.complain("too_fast", host, "it connects again and again")
            return False
        return True

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection that is admitted."""
        peer: Any = addr
        host = str(peer.host)
        made = RadsecConnection(host, int(peer.port), self.clocks.monotonic())
        made.factory = self
        self.inside[made] = None
        self._from[host] += 1
        self.counters["connections"] += 1
        if self._sweeper is None:
            self._sweeper = self.clocks.later(SWEEP_SECONDS, self._sweep)
        return made

    def connection_of(self, host: str) -> RadsecConnection | None:
        """The newest connection of the device at an address that may speak; None without one."""
        if not self._from.get(host):
            return None
        return next((one for one in reversed(self.inside) if one.host == host and one.nas is not None), None)

    def left(self, connection: RadsecConnection, reason: Failure) -> None:
        """A connection is over."""
        if connection not in self.inside:
            return
        del self.inside[connection]
        self._from[connection.host] -= 1
        if not self._from[connection.host]:
            del self._from[connection.host]
        if connection.nas is None and reason.type is not None and "SSL" in reason.type.__module__:
            self.complain("handshake_failed", connection.host, _words(reason))

    def complain(self, what: str, host: str, words: str) -> None:
        """Count what went wrong; tell the log, seldom."""
        self.counters[what] += 1
        if self._complaints.may_say(what, host):
            self.log.warn("RadSec connection of {host} ended: {words}", host=host, words=words)

    def _sweep(self) -> None:
        self._sweeper = None
        now = self.clocks.monotonic()
        for connection in list(self.inside):
            connection.doubt(now)
            why = connection.too_long(now)
            if why:
                self.complain(why, connection.host, _PATIENCE[why])
                connection.hang_up()
        if self.inside:
            self._sweeper = self.clocks.later(SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Hang up on everybody."""
        if self._sweeper is not None and self._sweeper.active():
            self._sweeper.cancel()
        self._sweeper = None
        for connection in list(self.inside):
            transport: Any = connection.transport
            transport.loseConnection()


class Door(ServerFactory):
    """What listens: admits a connection, then puts TLS around it."""

    noisy = False

    def __init__(self, factory: RadsecFactory, context: ServerSide, reactor: Any) -> None:
        self._factory = factory
        self._tls = TLSMemoryBIOFactory(context, False, factory, reactor)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """None, and the connection is closed, for who is not admitted."""
        peer: Any = addr
        return self._tls.buildProtocol(addr) if self._factory.admits(str(peer.host)) else None


def _words(reason: Failure) -> str:
    """What OpenSSL says of a handshake, on one line."""
    value: Any = reason.value
    errors = value.args[0] if value.args and isinstance(value.args[0], list) else []
    said = ", ".join(str(one[-1]) for one in errors if isinstance(one, tuple) and one)
    return f"handshake failed: {said or type(value).__name__}"
