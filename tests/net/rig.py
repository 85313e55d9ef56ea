"""The real RADIUS ports over the real flows of a small school: datagrams in, datagrams out, on one clock."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tests.flows.school import School
from tests.journeys import wire
from tests.net.wires import a_wire
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.load import Load
from zhuomai_appliance.net.radius_udp import AcctProtocol, AuthProtocol

SECRET = b"secret"
NAME, PASSWORD = b"20260001", b"pass-word"
DEVICE = ("192.0.2.1", 40000)
STRANGER = ("198.51.100.9", 40000)
Address = tuple[str, int]


class Rig:
    """A school with one person, and both ports."""

    def __init__(self, **nas: Any) -> None:
        self.school = School()
        if nas:
            self.school.sql("DELETE FROM nas")
            self.school.nas = self.school.add_nas(**nas)
        self.school.person(NAME.decode(), self.school.plan())
        self.clock = self.school.clock
        clocks = Clocks.of(self.clock)
        load = Load(clocks.monotonic)
        self.auth = AuthProtocol(self.school.tables, self.school.access, clocks, load)
        self.acct = AcctProtocol(self.school.tables, self.school.accounting, clocks, load)
        self.auth_wire, self.acct_wire = a_wire(self.auth), a_wire(self.acct)

    @property
    def nas(self) -> Nas:
        return self.school.nas

    def ask(self, datagram: bytes, addr: Address = DEVICE) -> bytes | None:
        """What the port for logins says within two seconds, None for silence; asserts that it is one answer at most."""
        return self._ask(self.auth, self.auth_wire, datagram, addr)

    def tell(self, datagram: bytes, addr: Address = DEVICE) -> bytes | None:
        """The same of the port for accounting."""
        return self._ask(self.acct, self.acct_wire, datagram, addr)

    def _ask(self, port: Any, out: Any, datagram: bytes, addr: Address) -> bytes | None:
        before = len(out.written)
        port.datagramReceived(datagram, addr)
        self.clock.pump([0.5] * 4)
        said = out.written[before:]
        assert len(said) <= 1, said
        assert all(to == addr for _, to in said)
        return said[0][0] if said else None

    def counted(self) -> dict[str, int]:
        """What the port for logins has counted."""
        return dict(self.auth.counters)


def login(
    identifier: int = 1,
    more: Sequence[wire.Attribute] = (),
    *,
    name: bytes = NAME,
    password: bytes = PASSWORD,
    secret: bytes = SECRET,
    authenticator: bytes | None = None,
    sign: bool = False,
) -> bytes:
    """A PAP login, right unless told otherwise."""
    return wire.login(identifier, name, password, secret, more, authenticator=authenticator, sign=sign)


def request(body: bytes, *, code: int = wire.ACCESS_REQUEST, identifier: int = 1, **more: Any) -> bytes:
    """A request of these octets."""
    return wire.request(code, identifier, body, more.pop("secret", SECRET), **more)


def pap(
    more: bytes = b"", *, name: bytes = NAME, password: bytes = PASSWORD, sign: bool = False, **rest: Any
) -> bytes:
    """A right PAP login with octets behind its attributes, whatever they are."""
    said = os.urandom(16)
    body = wire.packed([(1, name), (2, wire.hidden(password, SECRET, said))]) + more
    return request(body, authenticator=said, sign=sign, **rest)


def report(
    kind: int = 1,
    session: bytes = b"S1",
    more: Sequence[wire.Attribute] = (),
    *,
    identifier: int = 1,
    secret: bytes = SECRET,
    name: bytes = NAME,
) -> bytes:
    """An accounting report."""
    body = wire.packed([(40, kind.to_bytes(4, "big")), (44, session), (1, name), *more])
    return wire.request(wire.ACCOUNTING_REQUEST, identifier, body, secret)
