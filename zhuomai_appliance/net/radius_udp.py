"""RADIUS over UDP: what a datagram port needs beyond net.radius_port."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import DatagramProtocol

from zhuomai_appliance.net.radius_port import AcctPort, AuthPort, RadiusPort, Way


class UdpPort(RadiusPort, DatagramProtocol):
    """Takes datagrams. ``way`` is where the present one came in: net.udp_port sets it before each; on a port that does
    not, answers go out by the transport.
    """

    way: Way | None = None

    def makeConnection(self, transport: Any) -> None:
        """A port begins; several may, and each sends its own answers."""
        self.transport = None
        super().makeConnection(transport)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Take one datagram; whatever is in it, this returns."""
        self.receive(datagram, addr, self.way or self)

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """See `Way.send`."""
        transport: Any = self.transport
        if transport is not None:
            transport.write(datagram, addr)


class AuthProtocol(AuthPort, UdpPort):
    """Port 1812 over UDP."""


class AcctProtocol(AcctPort, UdpPort):
    """Port 1813 over UDP."""
