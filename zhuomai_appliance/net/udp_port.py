"""UDP ports that answer from the very socket and address they were asked at (semantics §2.20).

A host with several addresses that listens on all of them lets the kernel choose the source of each answer by its
routes; a NAS drops an answer that comes from another address than the one it asked. Linux tells the destination of a
datagram in IP_PKTINFO and takes it back as the source of an answer (ip(7)); Twisted's own port does not ask for it.
Several ports may share one protocol, which is told before each datagram where it came in.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from twisted.internet import udp
from twisted.logger import Logger

from zhuomai_appliance.net.outbox import Outbox

IP_PKTINFO: Final = getattr(socket, "IP_PKTINFO", 8)
"""Linux's number (linux/in.h); Python 3.11 has no name for it."""

SO_TIMESTAMPNS: Final = 35
"""Linux's number (asm-generic/socket.h): the kernel tells when each datagram arrived."""

WAYS_KEPT: Final = 4096
"""Own addresses remembered: all of 127.0.0.0/8 is ours too, and whoever asks them in turn fills no memory."""

READ_AT_ONCE: Final = 512
"""Datagrams read in one turn, about a millisecond's worth."""

SUSPECT_SECONDS: Final = 60.0
"""A wait that is longer, or negative, comes from a clock that was set between arrival and reading."""

_INFO: Final = struct.Struct("=I4s4s")
_STAMP: Final = struct.Struct("=qq")
_SPACE: Final = socket.CMSG_SPACE(_INFO.size) + socket.CMSG_SPACE(_STAMP.size)
_ANY: Final = b"\0\0\0\0"

_Ancillary = list[tuple[int, int, bytes]]


class DirectPort(udp.Port):
    """A port on one address. Before ``datagramReceived`` the protocol's ``way`` is set to whoever sends its answers.

    A protocol with an ``intake`` (net.intake) has its datagrams put there instead, and then a turn to work on them.
    """

    log = Logger(namespace="zhuomai.udp")
    outbox: Outbox | None = None
    """Where answers wait for the others of their batch; None sends each at once."""

    def createInternetSocket(self) -> socket.socket:
        """A socket that tells the arrival of what it receives."""
        made = super().createInternetSocket()
        made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return made

    def doRead(self) -> None:
        """Read what waits, up to the port's share of a turn."""
        protocol: Any = self.protocol
        intake = getattr(protocol, "intake", None)
        now = wall = 0.0
        for _ in range(READ_AT_ONCE):
            try:
                datagram, ancillary, _flags, addr = self.socket.recvmsg(self.maxPacketSize, _SPACE)
            except (BlockingIOError, InterruptedError):
                break
            except ConnectionRefusedError:
                # An ICMP answer to something we sent earlier; what waits behind it is still good
                continue
            way = self._way(ancillary)
            try:
                if intake is None:
                    protocol.way = way
                    protocol.datagramReceived(datagram, addr[:2])
                else:
                    if not now:
                        now, wall = intake.clocks.monotonic(), intake.clocks.wall()
                    intake.put(datagram, addr[:2], way, now - _waited(ancillary, wall))
            except Exception:  # noqa: BLE001 - one datagram must not end the port
                self.log.failure("a datagram could not be worked on")
        if intake is not None:
            intake.turn()

    def _way(self, ancillary: _Ancillary) -> object:
        return self

    def write(self, datagram: bytes, addr: tuple[str, int] | None = None) -> None:
        """Send; what the kernel does not take at once is Twisted's to judge."""
        try:
            if addr is not None:
                # The address came from the kernel itself: Twisted's look at it is left out
                self.socket.sendto(datagram, addr)
                return
        except OSError:
            pass
        super().write(datagram, addr)

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """See `net.radius_port.Way`."""
        if self.outbox is None:
            self.write(datagram, addr)
        else:
            self.outbox.put(self.write, datagram, addr)


def _waited(ancillary: _Ancillary, wall: float) -> float:
    """Seconds that a datagram lay in the kernel, by its stamp."""
    for level, kind, value in ancillary:
        if kind == SO_TIMESTAMPNS and level == socket.SOL_SOCKET and len(value) == _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack(value)
            waited: float = wall - seconds - nanoseconds / 1e9
            return waited if 0.0 < waited < SUSPECT_SECONDS else 0.0
    return 0.0


class _OwnAddress:
    """One of our addresses at a port on all of them: answers leave from it."""

    __slots__ = ("_ancillary", "_port")

    def __init__(self, port: AddressedPort, info: bytes) -> None:
        _interface, _route, destination = _INFO.unpack_from(info)
        self._port = port
        self._ancillary = [(socket.IPPROTO_IP, IP_PKTINFO, _INFO.pack(0, destination, _ANY))]

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """See `net.radius_port.Way`."""
        outbox = self._port.outbox
        if outbox is None:
            self.write(datagram, addr)
        else:
            outbox.put(self.write, datagram, addr)

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Send from this address; from whichever the kernel likes where it is gone."""
        try:
            self._port.socket.sendmsg([datagram], self._ancillary, 0, addr)
        except OSError:
            self._port.write(datagram, addr)


class AddressedPort(DirectPort):
    """A port on 0.0.0.0; each of our addresses is a way of its own."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._ways: dict[bytes, _OwnAddress] = {}

    def createInternetSocket(self) -> socket.socket:
        """A socket that also tells the destination of what it receives."""
        made = super().createInternetSocket()
        made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        return made

    def _way(self, ancillary: _Ancillary) -> object:
        for level, kind, info in ancillary:
            if kind == IP_PKTINFO and level == socket.IPPROTO_IP and len(info) >= _INFO.size:
                # Told apart by the address alone: the interface of an answer is the kernel's to choose
                found = self._ways.get(info[8:12])
                if found is None:
                    if len(self._ways) >= WAYS_KEPT:
                        self._ways.clear()
                    found = self._ways[info[8:12]] = _OwnAddress(self, info)
                return found
        return self


def listen(
    reactor: Any,
    port: int,
    protocol: Any,
    interface: str,
    *,
    receive_buffer_octets: int,
    outbox: Outbox | None = None,
) -> udp.Port:
    """Listen for datagrams; on 0.0.0.0 with answers from the address that was asked.

    More receive buffer than net.core.rmem_max is cut down by the kernel without a word.

    Raises:
        CannotListenError: the port cannot be bound.
    """
    kind = AddressedPort if interface == "0.0.0.0" else DirectPort
    made = kind(port, protocol, interface, 8192, reactor)
    made.outbox = outbox
    made.startListening()
    made.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_octets)
    return made
