"""RADIUS over UDP: what a datagram port needs beyond net.radius_port."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.protocol import DatagramProtocol

from zhuomai_appliance.flows.ports import NasFinder
from zhuomai_appliance.flows.trace import NO_TRACE, Tracer
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.intake import Intake
from zhuomai_appliance.net.load import Load
from zhuomai_appliance.net.radius_acct import AccountingFlow, AcctPort
from zhuomai_appliance.net.radius_auth import AccessFlow, AuthPort
from zhuomai_appliance.net.radius_port import RadiusPort, Way

AUTH_TURN_SECONDS: Final = 0.010
ACCT_TURN_SECONDS: Final = 0.005
"""What each port works before the other, the pages and the portal have their turn: logins go before accounting."""


class UdpPort(RadiusPort, DatagramProtocol):
    """Takes datagrams. ``way`` is where the present one came in: whoever calls `datagramReceived` sets it before each.

    Without one, answers go out by the transport. net.udp_port puts datagrams into ``intake`` instead.
    """

    way: Way | None = None
    intake: Intake

    def makeConnection(self, transport: Any) -> None:
        """A port begins; several may, and each sends its own answers."""
        self.transport = None
        super().makeConnection(transport)

    @property
    def waiting(self) -> int:
        """See `RadiusPort.waiting`."""
        return self.intake.waiting

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Work on one datagram at once; whatever is in it, this returns."""
        self.receive(datagram, addr, self.way or self)

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """See `Way.send`."""
        transport: Any = self.transport
        if transport is not None:
            transport.write(datagram, addr)


class AuthProtocol(AuthPort, UdpPort):
    """Port 1812 over UDP."""

    def __init__(
        self,
        finder: NasFinder,
        flow: AccessFlow,
        clocks: Clocks,
        load: Load | None = None,
        tracer: Tracer = NO_TRACE,
    ) -> None:
        super().__init__(finder, flow, clocks, load, tracer)
        self.intake = Intake(self, finder, clocks, turn_seconds=AUTH_TURN_SECONDS)


class AcctProtocol(AcctPort, UdpPort):
    """Port 1813 over UDP."""

    def __init__(
        self,
        finder: NasFinder,
        flow: AccountingFlow,
        clocks: Clocks,
        load: Load | None = None,
        tracer: Tracer = NO_TRACE,
    ) -> None:
        super().__init__(finder, flow, clocks, load, tracer)
        self.intake = Intake(self, finder, clocks, turn_seconds=ACCT_TURN_SECONDS)
