"""The web listeners: how many come in, how long a request may take to arrive, how big it may be."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.http import (
    BODY_OCTETS,
    CONNECTIONS,
    CONNECTIONS_OF_ADDRESS,
    HELD_SECONDS,
    IN_WORK,
    REQUEST_SECONDS,
    WAITING_FOR_A_TURN,
    AdmittingSite,
    TlsDoor,
)
from zhuomai_appliance.net.load import FRESH_SECONDS, Load
from zhuomai_appliance.net.page_turns import PageTurns

GET = b"GET / HTTP/1.1\r\nHost: portal\r\n\r\n"


class Page(Resource):
    """Answers with the size of the body, at once or when a test says so."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.waiting: list[Any] = []

    def render(self, request: Any) -> Any:
        if self.slow:
            self.waiting.append(request)
            return NOT_DONE_YET
        return b"%d octets" % len(request.content.read())


class Connection:
    """A browser's connection as the site sees it."""

    def __init__(self, site: AdmittingSite, host: str) -> None:
        self.protocol = site.buildProtocol(IPv4Address("TCP", host, 50000))
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", host, 50000))
        self.transport.abortConnection = self.abort  # type: ignore[method-assign]
        self.gone = False
        if self.protocol is not None:
            self.protocol.makeConnection(self.transport)

    def abort(self) -> None:
        self.close()

    def send(self, octets: bytes) -> bytes:
        """Send, and everything that was answered since the last time."""
        self.protocol.dataReceived(octets)
        return self.answer()

    def answer(self) -> bytes:
        octets: bytes = self.transport.value()
        self.transport.clear()
        return octets

    def close(self) -> None:
        if not self.gone:
            self.gone = True
            self.protocol.connectionLost()


class HttpTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.page = Clock(), Page()
        self.site = AdmittingSite(self.page, self.clock)
        self.site.startFactory()
        self.addCleanup(self.site.stopFactory)

    def connect(self, host: str = "10.9.0.1") -> Connection:
        return Connection(self.site, host)

    def post(self, *headers: bytes) -> bytes:
        return b"\r\n".join((b"POST / HTTP/1.1", b"Host: portal", *headers, b"", b""))

    # Answers ------------------------------------------------------------------------------------------------------------

    def test_answer_does_not_tell_what_serves_it(self) -> None:
        """No Server header, on pages and on errors; several requests of one connection are answered in order."""
        connection = self.connect()
        for _ in range(3):
            said = connection.send(GET)
            self.assertTrue(said.startswith(b"HTTP/1.1 200 OK\r\n"))
            self.assertNotIn(b"server:", said.lower())
            self.assertIn(b"0 octets", said)
        self.assertEqual(self.site.counters["requests"], 3)

    def test_body_of_allowed_size(self) -> None:
        """A body up to the bound arrives whole, in pieces or not."""
        connection = self.connect()
        connection.send(self.post(b"Content-Length: %d" % BODY_OCTETS))
        for _ in range(16):
            said = connection.send(bytes(BODY_OCTETS // 16))
        self.assertIn(b"%d octets" % BODY_OCTETS, said)

    def test_body_that_says_it_is_too_long(self) -> None:
        """413 before a single octet of it is taken, and the connection is closed."""
        connection = self.connect()
        said = connection.send(self.post(b"Content-Length: %d" % (BODY_OCTETS + 1)))
        self.assertTrue(said.startswith(b"HTTP/1.1 413 "), said)
        self.assertTrue(connection.transport.disconnecting)

    def test_body_that_turns_out_too_long(self) -> None:
        """A chunked body is cut off at the bound with 413, however it is sliced."""
        connection = self.connect()
        connection.send(self.post(b"Transfer-Encoding: chunked"))
        said = b""
        for _ in range(BODY_OCTETS // 65536 + 1):
            said += connection.send(b"10000\r\n" + bytes(65536) + b"\r\n")
        self.assertEqual(said.count(b"HTTP/1.1 413 "), 1)
        self.assertTrue(connection.transport.disconnecting)

    def test_nonsense_is_refused(self) -> None:
        """What is no HTTP ends the connection with 400."""
        connection = self.connect()
        said = connection.send(b"\x16\x03\x01\x02\x00 nonsense\r\n\r\n")
        self.assertTrue(said.startswith(b"HTTP/1.1 400 "), said)

    # Time ---------------------------------------------------------------------------------------------------------------

    def test_slow_request_is_closed(self) -> None:
        """A request that trickles in is cut off at its deadline, although something arrives all the time."""
        connection = self.connect()
        connection.send(b"GET / HTTP/1.1\r\n")
        for _ in range(int(REQUEST_SECONDS)):
            self.assertFalse(connection.gone)
            self.clock.advance(1)
            if not connection.gone:
                connection.send(b"X-Header: 1\r\n")
        self.assertTrue(connection.gone)
        self.assertEqual(self.site.counters["too_slow"], 1)

    def test_slow_body_is_closed(self) -> None:
        """The deadline is for the whole request, its body included."""
        connection = self.connect()
        connection.send(self.post(b"Content-Length: 100"))
        self.clock.advance(REQUEST_SECONDS - 1)
        connection.send(b"x" * 99)
        self.clock.advance(1)
        self.assertTrue(connection.gone)

    def test_slow_answer_is_not_the_browser_s_fault(self) -> None:
        """The deadline ends when the request is whole; an answer may take longer."""
        self.page.slow = True
        connection = self.connect()
        connection.send(GET)
        self.clock.advance(REQUEST_SECONDS * 2)
        self.assertFalse(connection.gone)
        self.page.waiting[0].write(b"late")
        self.page.waiting[0].finish()
        self.assertIn(b"late", connection.answer())

    def test_each_request_of_a_connection_has_its_own_deadline(self) -> None:
        """A browser that keeps its connection open may ask again later."""
        connection = self.connect()
        for _ in range(3):
            connection.send(GET)
            self.clock.advance(REQUEST_SECONDS - 1)
        self.assertFalse(connection.gone)

    def test_connection_that_says_nothing_is_closed(self) -> None:
        """A place is not held by silence."""
        connection = self.connect()
        self.clock.advance(31)
        self.assertTrue(connection.gone or connection.transport.disconnecting)

    # Admission ----------------------------------------------------------------------------------------------------------

    def test_one_address_has_so_many_connections(self) -> None:
        """One more from the same address is refused; another address comes in; a place that is left is free."""
        inside = [self.connect() for _ in range(CONNECTIONS_OF_ADDRESS)]
        self.assertIsNone(self.connect().protocol)
        self.assertIsNotNone(self.connect("10.9.0.2").protocol)
        inside[0].close()
        self.assertIsNotNone(self.connect().protocol)
        self.assertEqual(self.site.counters["too_many_of_address"], 1)

    def test_listener_has_so_many_connections(self) -> None:
        """Beyond the listener's own bound nobody comes in, wherever he is from."""
        inside = [self.connect(f"10.9.{n // 250}.{n % 250}") for n in range(CONNECTIONS)]
        self.assertIsNone(self.connect("10.8.0.1").protocol)
        inside[7].close()
        self.assertIsNotNone(self.connect("10.8.0.1").protocol)

    def test_requests_in_work_are_bounded(self) -> None:
        """With so many requests in work the next is told at once when to come back; an answered one makes room."""
        self.page.slow = True
        inside = [self.connect(f"10.9.0.{n}") for n in range(IN_WORK)]
        for connection in inside:
            connection.send(GET)
        late = self.connect("10.9.1.1")
        said = late.send(GET)
        self.assertTrue(said.startswith(b"HTTP/1.1 503 "), said)
        self.assertIn(b"Retry-After: 3\r\n", said)
        self.assertIn(b"Cache-Control: no-store\r\n", said)
        self.page.waiting.pop(0).finish()
        self.page.slow = False
        self.assertIn(b" 200 OK", late.send(GET))

    def test_browser_that_leaves_makes_room(self) -> None:
        """A request whose browser has gone counts no more."""
        self.page.slow = True
        inside = [self.connect(f"10.9.0.{n}") for n in range(IN_WORK)]
        for connection in inside:
            connection.send(GET)
        inside[0].close()
        self.page.slow = False
        self.assertIn(b" 200 OK", self.connect("10.9.1.1").send(GET))

    # Full -----------------------------------------------------------------------------------------------------------------

    def fill(self, first: int = 0) -> list[Connection]:
        return [self.connect(f"10.9.{n // 250}.{n % 250}") for n in range(first, CONNECTIONS)]

    def test_full_listener_accepts_nobody_until_somebody_leaves(self) -> None:
        """With every place taken the port stops accepting; it begins again with the first free place."""
        self.page.slow, self.site.port = True, Port()
        inside = self.fill()
        for connection in inside:
            connection.send(GET[:10])
        self.assertEqual(self.site.port.is_reading, False)
        inside[3].close()
        self.assertEqual(self.site.port.is_reading, True)
        self.assertEqual(self.site.connections, CONNECTIONS - 1)

    def test_connection_kept_for_later_makes_room(self) -> None:
        """The last place taken closes the connection that has been idle longest, and none whose request is in work."""
        self.page.slow, self.site.port = True, Port()
        busy, idle = self.connect("10.8.0.1"), self.connect("10.8.0.2")
        busy.send(GET)
        self.fill(2)
        self.assertTrue(idle.transport.disconnecting)
        self.assertFalse(busy.transport.disconnecting)
        self.assertEqual(self.site.counters["idle_closed"], 1)

    def test_closed_port_is_not_read_again(self) -> None:
        """Whoever leaves after the listener was closed does not open it."""
        port = self.site.port = Port()
        inside = self.fill()
        site = self.site
        site.stopFactory()
        self.addCleanup(site.startFactory)
        inside[0].close()
        self.assertFalse(port.is_reading)


class Port:
    """A listening port."""

    is_reading = True

    def stopReading(self) -> None:
        self.is_reading = False

    def startReading(self) -> None:
        self.is_reading = True


class YieldingTests(SynchronousTestCase):
    """Pages give way to RADIUS."""

    def setUp(self) -> None:
        self.clock, self.page = Clock(), Page()
        self.load = Load(self.clock.seconds)

    def connect(self, *, holds_requests: bool) -> Connection:
        site = AdmittingSite(self.page, self.clock, load=self.load, holds_requests=holds_requests)
        site.startFactory()
        self.addCleanup(site.stopFactory)
        return Connection(site, "10.9.0.1")

    def test_captive_page_is_put_off(self) -> None:
        """While RADIUS requests queue up for over 20 ms a phone is told to come back; then it is served."""
        connection = self.connect(holds_requests=False)
        for waited, waiting in ((0.019, 100), (0.5, 7)):
            self.load.note("auth", waited, waiting)
            self.assertIn(b" 200 OK", connection.send(GET))
        self.load.note("auth", 0.021, 8)
        said = connection.send(GET)
        self.assertTrue(said.startswith(b"HTTP/1.1 503 "), said)
        self.assertIn(b"Retry-After: 3", said)
        self.assertIn(b"Refresh: 3", said)
        self.clock.advance(FRESH_SECONDS + 0.01)
        self.assertIn(b" 200 OK", connection.send(GET))

    def test_console_waits(self) -> None:
        """A request of the console is held while RADIUS waits, and served when it does not."""
        connection = self.connect(holds_requests=True)
        self.load.note("acct", 0.5, 100)
        self.assertEqual(connection.send(GET), b"")
        self.clock.pump([0.02] * 30)
        self.assertIn(b" 200 OK", connection.answer())

    def test_console_does_not_wait_for_ever(self) -> None:
        """After five seconds it is told to come back."""
        connection = self.connect(holds_requests=True)
        connection.send(GET[:-2])
        self.load.note("auth", 1.0, 100)
        connection.send(GET[-2:])
        for _ in range(int(HELD_SECONDS / 0.02) + 2):
            self.load.note("auth", 1.0, 100)
            self.clock.advance(0.02)
        self.assertTrue(connection.answer().startswith(b"HTTP/1.1 503 "))

    def test_browser_that_leaves_is_not_served(self) -> None:
        """Whoever goes while held is forgotten."""
        connection = self.connect(holds_requests=True)
        self.load.note("auth", 1.0, 100)
        connection.send(GET)
        connection.close()
        self.clock.pump([0.02] * 40)
        self.assertEqual(connection.answer(), b"")
        looks = [call for call in self.clock.getDelayedCalls() if "_Held" in str(call)]
        self.assertEqual(looks, [])

    def test_page_whose_browser_left_before_its_turn_is_not_made(self) -> None:
        """A request that waits for its turn and loses its connection costs nothing more."""
        turns = PageTurns(Clocks.of(self.clock), 0.0)
        site = AdmittingSite(self.page, self.clock, turns=turns)
        site.startFactory()
        self.addCleanup(site.stopFactory)
        stays, leaves = Connection(site, "10.9.0.1"), Connection(site, "10.9.0.2")
        self.assertEqual((stays.send(GET), leaves.send(GET)), (b"", b""))
        leaves.close()
        turns._share_seconds = 1.0
        self.clock.advance(0)
        self.assertIn(b" 200 OK", stays.answer())
        self.assertEqual((leaves.answer(), site.counters["requests"]), (b"", 1))

    def test_nobody_more_is_accepted_while_requests_wait_for_their_turn(self) -> None:
        """With five waiting the listener leaves newcomers in the kernel's queue; when all were served it accepts again."""
        is_writing = True
        turns = PageTurns(Clocks.of(self.clock), is_writing=lambda: is_writing)
        site = AdmittingSite(self.page, self.clock, turns=turns)
        port = site.port = Port()
        site.startFactory()
        self.addCleanup(site.stopFactory)
        browsers = [Connection(site, f"10.9.0.{number}") for number in range(WAITING_FOR_A_TURN + 1)]
        for browser in browsers:
            self.assertTrue(port.is_reading)
            browser.send(GET)
        self.assertFalse(port.is_reading)
        browsers[0].close()
        self.assertFalse(port.is_reading)
        is_writing = False
        self.clock.advance(0.001)
        self.assertTrue(port.is_reading)
        self.assertEqual([b" 200 OK" in browser.answer() for browser in browsers], [False] + [True] * 4)

    def test_full_listener_stays_closed_when_all_had_their_turn(self) -> None:
        """Accepting again needs both: places, and nobody who waits."""
        is_writing = True
        turns = PageTurns(Clocks.of(self.clock), is_writing=lambda: is_writing)
        site = AdmittingSite(self.page, self.clock, turns=turns)
        port = site.port = Port()
        site.startFactory()
        self.addCleanup(site.stopFactory)
        inside = [Connection(site, f"10.9.{number // 16}.1") for number in range(CONNECTIONS)]
        for browser in inside:
            browser.send(GET)
        is_writing = False
        self.clock.pump([0.001] * CONNECTIONS)
        self.assertEqual((port.is_reading, turns.waiting), (False, 0))
        inside[0].close()
        self.assertTrue(port.is_reading)


class TlsDoorTests(SynchronousTestCase):
    def test_who_is_turned_away_gets_no_tls(self) -> None:
        """A full address is closed at the door, counted, and nothing is wrapped around nobody; places come back."""
        clock = Clock()
        site = AdmittingSite(Page(), clock, of_address=1)
        door = TlsDoor(site, CertificateOptions(), clock)
        door.doStart()
        self.addCleanup(door.doStop)
        address = IPv4Address("TCP", "192.0.2.9", 50000)
        first = door.buildProtocol(address)
        self.assertIsNotNone(first)
        self.assertIsNone(door.buildProtocol(address))
        self.assertEqual((site.connections, site.counters["too_many_of_address"]), (1, 1))
        transport: Any = StringTransport(peerAddress=address)
        transport.setTcpNoDelay = lambda enabled: None
        first.makeConnection(transport)
        first.connectionLost(Failure(ConnectionDone()))
        self.assertIsNotNone(door.buildProtocol(address))
