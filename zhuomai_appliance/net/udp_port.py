"""A UDP port that answers from the very address it was asked at (semantics §2.20).

A host with several addresses that listens on all of them lets the kernel choose the source of each answer by its
routes; a NAS drops an answer that comes from another address than the one it asked. Linux tells the destination of a
datagram in IP_PKTINFO and takes it back as the source of an answer (ip(7)); Twisted's own port does not ask for it.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from twisted.internet import udp
from twisted.logger import Logger

IP_PKTINFO: Final = getattr(socket, "IP_PKTINFO", 8)
"""Linux's number (linux/in.h); Python 3.11 has no name for it."""

_INFO: Final = struct.Struct("=I4s4s")
_SPACE: Final = socket.CMSG_SPACE(_INFO.size)
_ANY: Final = b"\0\0\0\0"


class DirectPort(udp.Port):
    """A port that answers a datagram without looking at the address once more: it came from the kernel itself."""

    def write(self, datagram: bytes, addr: tuple[str, int] | None = None) -> None:
        """Send; what the kernel does not take at once is Twisted's to judge."""
        try:
            if addr is not None:
                self.socket.sendto(datagram, addr)
                return
        except OSError:
            pass
        super().write(datagram, addr)


class AddressedPort(DirectPort):
    """A port on 0.0.0.0 whose protocol learns where each datagram was sent to.

    Before ``datagramReceived`` the protocol's ``local_address`` is set; `write_from` answers from such an address.
    """

    log = Logger(namespace="zhuomai.udp")

    def createInternetSocket(self) -> socket.socket:
        """A socket that tells the destination of what it receives."""
        made = super().createInternetSocket()
        made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        return made

    def doRead(self) -> None:
        """Read what waits, up to the port's share of a turn."""
        read = 0
        protocol: Any = self.protocol
        while read < self.maxThroughput:
            try:
                datagram, ancillary, _flags, addr = self.socket.recvmsg(self.maxPacketSize, _SPACE)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionRefusedError:
                # An ICMP answer to something we sent earlier; what waits behind it is still good
                continue
            read += max(len(datagram), 1)
            protocol.local_address = _destination(ancillary)
            try:
                protocol.datagramReceived(datagram, addr)
            except Exception:  # noqa: BLE001 - one datagram must not end the port
                self.log.failure("a datagram could not be worked on")

    def write_from(self, datagram: bytes, addr: tuple[str, int], local_address: str) -> None:
        """Send from one of our addresses; from whichever the kernel likes where that one is gone."""
        info = _INFO.pack(0, socket.inet_aton(local_address), _ANY)
        try:
            self.socket.sendmsg([datagram], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, addr)
        except OSError:
            self.write(datagram, addr)


def _destination(ancillary: list[tuple[int, int, bytes]]) -> str:
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(data) >= _INFO.size:
            _interface, _route, destination = _INFO.unpack_from(data)
            return socket.inet_ntoa(destination)
    return ""


def listen(reactor: Any, port: int, protocol: Any, interface: str, *, receive_buffer_octets: int) -> udp.Port:
    """Listen for datagrams; on 0.0.0.0 with answers from the address that was asked.

    More receive buffer than net.core.rmem_max is cut down by the kernel without a word.

    Raises:
        CannotListenError: the port cannot be bound.
    """
    kind = AddressedPort if interface == "0.0.0.0" else DirectPort
    made = kind(port, protocol, interface, 8192, reactor)
    made.startListening()
    made.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_octets)
    return made
