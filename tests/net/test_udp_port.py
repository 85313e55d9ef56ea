"""A host with two addresses answers from the one that was asked."""

from __future__ import annotations

import socket
import struct
import time
from ipaddress import ip_network
from typing import Any
from unittest.mock import Mock

from twisted.internet import error, reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from tests.net.wires import Finder, access
from tests.vendors.examples import a_nas
from zhuomai_appliance.net import udp_port
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.outbox import Outbox
from zhuomai_appliance.net.radius_udp import AuthProtocol
from zhuomai_appliance.net.udp_port import AddressedPort, listen
from zhuomai_appliance.radius.packet import Code


class Echo(DatagramProtocol):
    """Answers from where it was asked."""

    way: Any = None

    def __init__(self) -> None:
        self.asked_at: list[object] = []

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.asked_at.append(self.way)
        if datagram == b"raise":
            raise RuntimeError("a fault of the protocol")
        self.way.send(datagram, addr)


class PlainEcho(DatagramProtocol):
    """Answers by the transport's own means."""

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        port: Any = self.transport
        port.write(datagram * 100_000 if datagram == b"long" else datagram, addr)


class DirectPortTests(TestCase):
    def test_answer_that_cannot_be_sent_leaves_the_port_alive(self) -> Deferred[None]:
        """A datagram too long for UDP fails as with Twisted's own port; the next one is answered."""
        port = listen(reactor, 0, PlainEcho(), "127.0.0.1", receive_buffer_octets=65_536)
        self.addCleanup(port.stopListening)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.setblocking(False)
        for datagram in (b"long", b"short"):
            client.sendto(datagram, ("127.0.0.1", port.getHost().port))

        def look(_: object) -> None:
            self.assertEqual(client.recv(100), b"short")
            self.assertEqual(len(self.flushLoggedErrors(error.MessageLengthError)), 1)

        return deferLater(reactor, 0.1, look, None)

    def test_two_ports_of_one_protocol_answer_each_from_itself(self) -> Deferred[None]:
        """A request is answered by the port it came in at, although another was bound later."""
        local = a_nas(address=ip_network("127.0.0.1/32"))
        auth = AuthProtocol(Finder(local), Mock(), Clocks.of(Clock()))
        ports: list[Any] = [
            listen(reactor, 0, auth, "127.0.0.1", receive_buffer_octets=65_536) for _ in range(2)
        ]
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.setblocking(False)
        self.addCleanup(client.close)
        for port in ports:
            self.addCleanup(port.stopListening)
            client.sendto(access(code=Code.STATUS_SERVER, sign=True), ("127.0.0.1", port.getHost().port))

        def look(_: object) -> None:
            answered = {client.recvfrom(100)[1][1] for _ in ports}
            self.assertEqual(answered, {port.getHost().port for port in ports})

        return deferLater(reactor, 0.1, look, None)

    def test_answers_of_a_batch_leave_from_where_they_were_asked(self) -> Deferred[None]:
        """Kept back by the outbox until the batch ends, on a port of one address and on one of all alike."""
        outbox, asked_at = Outbox(), list[object]()
        clients: list[tuple[socket.socket, str]] = []
        for interface, asked in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.2")):
            echo = Echo()
            echo.asked_at = asked_at
            port: Any = listen(reactor, 0, echo, interface, receive_buffer_octets=65_536, outbox=outbox)
            self.addCleanup(port.stopListening)
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            client.setblocking(False)
            self.addCleanup(client.close)
            client.sendto(b"hello", (asked, port.getHost().port))
            clients.append((client, asked))
        outbox.begin()

        def look(_: object) -> None:
            self.assertEqual(len(asked_at), 2)
            for client, _address in clients:
                self.assertRaises(BlockingIOError, client.recvfrom, 100)
            outbox.end()
            for client, address in clients:
                self.assertEqual(client.recvfrom(100)[1][0], address)

        return deferLater(reactor, 0.1, look, None)


class StampTests(TestCase):
    def test_how_long_a_datagram_lay_in_the_kernel(self) -> None:
        """By its stamp; a clock that was set between arrival and reading tells nothing, nor does a missing stamp."""

        def waited(seconds: int, nanoseconds: int = 0) -> float:
            stamp = struct.pack("=qq", seconds, nanoseconds)
            return udp_port._waited([(socket.SOL_SOCKET, udp_port.SO_TIMESTAMPNS, stamp)], 1000.0)

        self.assertAlmostEqual(waited(999, 250_000_000), 0.75)
        for wrong in (1001, 5_000, 0, 900):
            self.assertEqual(waited(wrong), 0.0)
        self.assertEqual(udp_port._waited([], 1000.0), 0.0)

    def test_the_kernel_stamps_what_it_receives(self) -> Deferred[None]:
        """A datagram that waits half a second before it is read is known to have waited so long."""
        echo = Waiting()
        port: Any = listen(reactor, 0, echo, "127.0.0.1", receive_buffer_octets=65_536)
        self.addCleanup(port.stopListening)
        port.stopReading()
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)

        async def run() -> None:
            # The kernel begins to stamp a moment after it is asked to
            await deferLater(reactor, 0.2)
            client.sendto(b"hello", ("127.0.0.1", port.getHost().port))
            await deferLater(reactor, 0.5)
            port.startReading()
            await deferLater(reactor, 0.1)
            self.assertEqual(len(echo.waited), 1)
            self.assertGreater(echo.waited[0], 0.4)
            self.assertEqual(echo.turns, 1)

        return Deferred.fromCoroutine(run())


class Waiting(DatagramProtocol):
    """A protocol with an intake."""

    def __init__(self) -> None:
        self.intake = self
        self.clocks = Clocks(reactor, time.time, time.monotonic)
        self.waited: list[float] = []
        self.turns = 0

    def put(self, datagram: bytes, addr: tuple[str, int], way: object, arrived: float) -> None:
        self.waited.append(time.monotonic() - arrived)

    def turn(self) -> None:
        self.turns += 1


class AddressedPortTests(TestCase):
    def setUp(self) -> None:
        self.echo = Echo()
        self.port = listen(reactor, 0, self.echo, "0.0.0.0", receive_buffer_octets=65_536)
        self.addCleanup(self.port.stopListening)
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.bind(("127.0.0.1", 0))
        self.client.setblocking(False)
        self.addCleanup(self.client.close)

    async def ask(self, where: str, datagram: bytes = b"hello") -> str:
        """The address that the answer came from, empty without one in half a second."""
        self.client.sendto(datagram, (where, self.port.getHost().port))
        for _ in range(50):
            await deferLater(reactor, 0.01)
            try:
                return str(self.client.recvfrom(100)[1][0])
            except BlockingIOError:
                continue
        return ""

    def test_answer_comes_from_the_address_that_was_asked(self) -> Deferred[None]:
        """127.0.0.2 is asked and answers, though the kernel would choose 127.0.0.1."""

        async def run() -> None:
            self.assertIsInstance(self.port, AddressedPort)
            for address in ("127.0.0.2", "127.0.0.1", "127.0.0.3", "127.0.0.2"):
                self.assertEqual(await self.ask(address), address)
            first, second, third, again = self.echo.asked_at
            self.assertIs(first, again)
            self.assertEqual(len({first, second, third}), 3)

        return Deferred.fromCoroutine(run())

    def test_fault_of_one_datagram_leaves_the_port_alive(self) -> Deferred[None]:
        """A protocol that raises is logged, and the next datagram is served."""

        async def run() -> None:
            self.assertEqual(await self.ask("127.0.0.1", b"raise"), "")
            self.assertEqual(await self.ask("127.0.0.1"), "127.0.0.1")
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

        return Deferred.fromCoroutine(run())
