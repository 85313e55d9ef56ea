"""Lanes over TLS: connected when needed, asked again after a pause, and never a reason to wait."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump
from twisted.trial.unittest import SynchronousTestCase

from tests.fakes.upstream import FakeUpstream, replies, silent
from tests.net.test_proxy_client import NAME
from tests.net.test_radsec import bundle
from tests.radius import tls_peer
from tests.vendors.examples import NOW
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.roaming import Transport, Upstream, UpstreamId
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.net.proxy_client import ProxyClient
from zhuomai_appliance.net.radsec_client import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, RadsecLane
from zhuomai_appliance.net.radsec_tls import ServerSide, client_side
from zhuomai_appliance.radius.framing import PacketStream
from zhuomai_appliance.radius.packet import Code, Secret

RADSEC = Secret(b"radsec")
UPSTREAM = Upstream(
    UpstreamId(1),
    ProjectId(1),
    "near",
    "198.51.100.7",
    b"radsec",
    2083,
    2083,
    Transport.TLS,
    server_name="radius.school.example",
)


class Server(Protocol):
    """A server's end: what it is asked goes to a FakeUpstream, whose answers go back."""

    def __init__(self, upstream: FakeUpstream) -> None:
        self.upstream, self.stream = upstream, PacketStream()

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        for octets in self.stream.feed(data):
            answer = self.upstream.take(octets)
            if answer is not None:
                self.transport.write(answer)


class RadsecLaneTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(NOW)
        self.clocks = Clocks.of(self.reactor)
        self.server = FakeUpstream(RADSEC, replies(Code.ACCESS_ACCEPT))
        self.bundle: bytes | None = bundle()
        self.client = ProxyClient({Transport.TLS: self.lane}, lambda: bytes(16), self.clocks)

    def lane(self, upstream: Upstream, secret: Secret) -> RadsecLane:
        return RadsecLane(
            self.reactor, self.clocks, upstream, secret, self.tls, Complaints(self.clocks.monotonic)
        )

    def tls(self, upstream: Upstream) -> Any:
        if self.bundle is None:
            raise OSError("no such file")
        return client_side(self.bundle, upstream.server_name)

    def ask(self, upstream: Upstream = UPSTREAM) -> Any:
        return self.client.ask(upstream, NAME, b"secret")

    def connect(self) -> IOPump:
        """Let the newest attempt to connect succeed."""
        _, _, factory, _, _ = self.reactor.tcpClients[-1]
        ours = factory.buildProtocol(IPv4Address("TCP", UPSTREAM.address, 2083))
        context = ServerSide(tls_peer.context().stream_context)
        theirs_factory = TLSMemoryBIOFactory(
            context, False, Factory.forProtocol(lambda: Server(self.server)), self.reactor
        )
        theirs = theirs_factory.buildProtocol(IPv4Address("TCP", "192.0.2.9", 1))
        assert ours is not None and theirs is not None
        pump = IOPump(
            ours, theirs, FakeTransport(ours, False), FakeTransport(theirs, True), False, self.reactor
        )
        theirs.makeConnection(pump.serverIO)
        ours.makeConnection(pump.clientIO)
        self.flow(pump)
        return pump

    def flow(self, pump: IOPump) -> None:
        """Bring everything to the other end; TLS gathers what is written until the next turn."""
        for _ in range(4):
            self.reactor.advance(0)
            pump.flush()

    def refuse(self) -> None:
        """Let the newest attempt to connect fail."""
        _, _, factory, _, _ = self.reactor.tcpClients[-1]
        nobody: Any = None
        factory.clientConnectionFailed(nobody, Failure(ConnectError()))

    def attempts(self) -> int:
        return len(self.reactor.tcpClients)

    def test_questions_wait_for_the_connection(self) -> None:
        """All that is asked meanwhile goes by the one connection that is being made, and by it from then on."""
        first, second = self.ask(), self.ask()
        self.assertEqual(self.attempts(), 1)
        self.assertEqual(self.reactor.tcpClients[0][:2], ("198.51.100.7", 2083))
        pump = self.connect()
        for asked in (first, second):
            self.assertEqual(self.successResultOf(asked).packet.code, Code.ACCESS_ACCEPT)
        self.assertEqual(self.server.passwords(), [b"secret", b"secret"])
        self.server.behaviour = replies(Code.ACCOUNTING_RESPONSE, sign=False)
        taken = self.client.report(UPSTREAM, NAME)
        self.flow(pump)
        self.assertTrue(self.successResultOf(taken))
        self.assertEqual(self.attempts(), 1)

    def test_an_unsigned_answer_is_good_enough(self) -> None:
        """TLS signs it; beside EAP it is none all the same."""
        self.server.behaviour = replies(Code.ACCESS_ACCEPT, sign=False)
        asked = self.ask()
        pump = self.connect()
        self.assertIsNotNone(self.successResultOf(asked))
        eap = self.client.ask(UPSTREAM, [(79, b"\2\1\0\5\1")], None)
        self.flow(pump)
        self.reactor.advance(4)
        self.assertIsNone(self.successResultOf(eap))

    def test_nobody_waits_for_a_server_that_cannot_be_reached(self) -> None:
        """The first question fails with the connection, the next ones at once, until the pause is over; it doubles."""
        pause = FIRST_PAUSE_SECONDS
        first = self.ask()
        self.refuse()
        self.assertIsNone(self.successResultOf(first))
        again = self.ask()
        self.assertEqual(self.attempts(), 2)
        self.refuse()
        self.assertIsNone(self.successResultOf(again))
        for _ in range(8):
            before = self.attempts()
            self.reactor.advance(pause - 0.1)
            self.assertIsNone(self.successResultOf(self.ask()))
            self.assertEqual(self.attempts(), before)
            self.reactor.advance(0.1)
            asked = self.ask()
            self.assertEqual(self.attempts(), before + 1)
            self.refuse()
            self.assertIsNone(self.successResultOf(asked))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self.assertEqual(pause, LONGEST_PAUSE_SECONDS)

    def test_a_connection_that_breaks_is_made_anew(self) -> None:
        """Whoever waited hears that nobody answered; the next question connects at once."""
        self.server.behaviour = silent
        asked = self.ask()
        pump = self.connect()
        self.assertNoResult(asked)
        pump.serverIO.abortConnection()
        self.flow(pump)
        self.assertIsNone(self.successResultOf(asked))
        self.server.behaviour = replies(Code.ACCESS_REJECT)
        asked = self.ask()
        self.connect()
        self.assertEqual(self.successResultOf(asked).packet.code, Code.ACCESS_REJECT)

    def test_a_connection_on_which_nothing_is_heard_is_given_up(self) -> None:
        """It may be the end of a line that was cut: the patience of one question is enough."""
        self.server.behaviour = silent
        asked = self.ask()
        pump = self.connect()
        self.assertEqual(len(self.server.asked), 1)
        self.reactor.advance(UPSTREAM.timeout_seconds * UPSTREAM.tries)
        self.assertIsNone(self.successResultOf(asked))
        self.flow(pump)
        self.assertEqual(len(self.server.asked), 1)
        self.ask()
        self.assertEqual(self.attempts(), 2)

    def test_a_server_of_another_name_is_none(self) -> None:
        """Its certificate is looked at as ours is; so is one of an authority that we were not given."""
        wrong = Upstream(
            UpstreamId(1), ProjectId(1), "near", UPSTREAM.address, b"radsec", 2083, 2083, Transport.TLS,
            server_name="other.example",
        )  # fmt: skip
        asked = self.ask(wrong)
        self.connect()
        self.assertIsNone(self.successResultOf(asked))
        pair = tls_peer.client("ac1")
        self.bundle = pair.certificate + pair.key + tls_peer.authority("Another authority").certificate
        asked = self.ask()
        self.connect()
        self.assertIsNone(self.successResultOf(asked))
        self.assertFalse(self.server.asked)

    def test_without_a_certificate_nobody_is_asked(self) -> None:
        """A missing or broken file is silence at once, and told in the log."""
        for content in (None, b"", b"noise", bundle().split(b"-----BEGIN PRIVATE")[0]):
            self.bundle = content
            self.assertIsNone(self.successResultOf(self.ask()))
            self.reactor.advance(LONGEST_PAUSE_SECONDS)
        self.assertEqual(self.attempts(), 0)

    def test_closing_tells_everybody(self) -> None:
        """Those who wait for the connection and those who wait on it."""
        waiting = self.ask()
        self.client.close()
        self.assertIsNone(self.successResultOf(waiting))
        self.assertEqual(self.reactor.getDelayedCalls(), [])
