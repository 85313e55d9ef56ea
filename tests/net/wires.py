"""What the protocol tests share: a list of devices, a clock, a wire that shows what was sent."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import FakeDatagramTransport

from tests.vendors.examples import NOW, a_nas
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.radius.packet import Attribute, Code, Secret, encode_request

SECRET = Secret(b"secret")
DEVICE = ("192.0.2.1", 40000)
STRANGER = ("198.51.100.9", 40000)


class Finder:
    """The devices by address; those in `signers` have proved that they sign."""

    def __init__(self, *devices: Nas) -> None:
        self.devices = devices or (a_nas(),)
        self.signers: set[str] = set()

    def find(self, host: str) -> Nas | None:
        return next((nas for nas in self.devices if ip_address(host) in nas.address), None)

    def signs(self, nas: Nas, host: str) -> bool:
        return host in self.signers


def a_clock() -> tuple[Clock, Clocks]:
    """A clock that stands at a plausible time, and the house's view of it."""
    clock = Clock()
    clock.advance(NOW)
    return clock, Clocks.of(clock)


def a_wire(protocol: Any) -> FakeDatagramTransport:
    """Connect a protocol; `written` of the result is what it sent, with the addresses."""
    wire = FakeDatagramTransport()
    protocol.makeConnection(wire)
    return wire


def access(
    identifier: int = 1,
    *attributes: Attribute,
    authenticator: bytes = bytes(range(16)),
    sign: bool = False,
    secret: Secret = SECRET,
    code: int = Code.ACCESS_REQUEST,
) -> bytes:
    """The datagram of an Access-Request or a probe."""
    return encode_request(code, identifier, attributes, secret, authenticator=authenticator, sign=sign)


def report(identifier: int = 1, *attributes: Attribute, secret: Secret = SECRET, sign: bool = False) -> bytes:
    """The datagram of an Accounting-Request."""
    return encode_request(Code.ACCOUNTING_REQUEST, identifier, attributes, secret, sign=sign)
