"""An AC in memory, with a small portal server and a small RADIUS server written for these tests alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from twisted.internet.task import Clock
from twisted.internet.testing import FakeDatagramTransport

from zhuomai_appliance.portal.dialogue import (
    DialogueSettings,
    Done,
    LoginDialogue,
    LogoutDialogue,
    Outcome,
    Send,
)
from zhuomai_appliance.portal.packet import Kind, PortalPacket, decode, encode_request
from zhuomai_appliance.radius.packet import (
    Attribute,
    Code,
    Packet,
    Secret,
    encode_reply,
)
from zhuomai_appliance.radius.packet import decode as decode_radius
from zhuomai_appliance.radius.packet import (
    encode_request as radius_request,
)
from zhuomai_appliance.radius.passwords import chap_matches, reveal_pap
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.ac import AccessController
from zhuomai_appliance.simulator.settings import AcSettings, Box
from zhuomai_appliance.simulator.station import Station

HOST = "192.0.2.1"
KEY = b"zhuomai-portal"
SECRET = Secret(b"testing123")
AUTH, ACCT, PORTAL = 1812, 1813, 50100
NOW = 1_790_000_000.0


class World:
    """Both servers and the AC, on one clock. `carry` moves datagrams until nothing is on its way."""

    def __init__(self, grant: Sequence[Attribute] = (), **settings: object) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        box = Box(HOST, AUTH, ACCT, PORTAL, "http://portal.example/", SECRET, KEY)
        self.ac = AccessController(self.clock, AcSettings(box, **settings), Random(7))  # type: ignore[arg-type]
        self.wires = {name: FakeDatagramTransport() for name in ("portal", "radius", "dae")}
        self.ac.portal.makeConnection(self.wires["portal"])
        self.ac.radius.makeConnection(self.wires["radius"])
        self.ac.dae.makeConnection(self.wires["dae"])
        self.grant = list(grant)
        self.passwords = {b"stu2026": b"Pa55-word"}
        self.reports: list[Packet] = []
        self.requests: list[Packet] = []
        self.radius_up = True
        self.told: list[PortalPacket] = []
        self._serial = 0

    # --- the RADIUS server

    def serve_radius(self) -> int:
        """Answer what the AC has asked; how many datagrams there were."""
        written, self.wires["radius"].written = self.wires["radius"].written, []
        for datagram, (host, port) in written:
            assert host == HOST
            if self.radius_up:
                self.ac.radius.datagramReceived(
                    self._radius_reply(decode_radius(datagram), port), (HOST, port)
                )
        return len(written)

    def _radius_reply(self, request: Packet, port: int) -> bytes:
        if port == ACCT:
            assert request.code == Code.ACCOUNTING_REQUEST
            self.reports.append(request)
            return encode_reply(Code.ACCOUNTING_RESPONSE, request, (), SECRET, sign=False)
        assert request.code == Code.ACCESS_REQUEST
        self.requests.append(request)
        password = self.passwords.get(request.first(a.USER_NAME) or b"")
        if password is not None and self._proves(request, password):
            return encode_reply(Code.ACCESS_ACCEPT, request, self.grant, SECRET, sign=True)
        words = (a.text(a.REPLY_MESSAGE, "密码错误"),)
        return encode_reply(Code.ACCESS_REJECT, request, words, SECRET, sign=True)

    def _proves(self, request: Packet, password: bytes) -> bool:
        hidden = request.first(a.USER_PASSWORD)
        if hidden is not None:
            return reveal_pap(hidden, SECRET, request.authenticator) == password
        challenge = request.first(a.CHAP_CHALLENGE) or b""
        return chap_matches(request.first(a.CHAP_PASSWORD) or b"", password, challenge)

    # --- the portal server

    def say(self, datagram: bytes, host: str = HOST) -> list[PortalPacket]:
        """Send a datagram to the AC's portal side; its answers at once."""
        self.ac.portal.datagramReceived(datagram, (host, PORTAL))
        return self.heard()

    def heard(self) -> list[PortalPacket]:
        """What the AC has said to the portal server since the last look."""
        written, self.wires["portal"].written = self.wires["portal"].written, []
        packets = [decode(datagram) for datagram, _ in written]
        assert all(addr == (HOST, PORTAL) for _, addr in written)
        self.told += [packet for packet in packets if packet.kind is Kind.NTF_LOGOUT]
        return packets

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def request(self, kind: Kind, station: Station, **fields: object) -> bytes:
        arguments: dict[str, object] = {"version": 2, "key": KEY, "serial": self.serial(), **fields}
        return encode_request(kind, user_ip=station.ip, **arguments)  # type: ignore[arg-type]

    def log_in(
        self,
        station: Station,
        *,
        version: int = 2,
        pap: bool = False,
        username: bytes = b"stu2026",
        password: bytes = b"Pa55-word",
        key: bytes = KEY,
    ) -> Outcome:
        """Log in by the product's own dialogue, over these two servers; the outcome."""
        settings = DialogueSettings(key, version, pap, bas_ip="127.0.0.1")
        dialogue = LoginDialogue(
            settings, user_ip=station.ip, username=username, password=password, take_serial=self.serial
        )
        return self._drive(dialogue)

    def log_out(self, station: Station) -> Outcome:
        dialogue = LogoutDialogue(DialogueSettings(KEY), user_ip=station.ip, serial=self.serial())
        return self._drive(dialogue)

    def _drive(self, dialogue: LoginDialogue | LogoutDialogue) -> Outcome:
        actions = list(dialogue.start(self.clock.seconds()))
        outcome: Outcome | None = None
        for _ in range(200):
            while actions:
                action = actions.pop(0)
                if isinstance(action, Done):
                    outcome = action.outcome
                elif isinstance(action, Send):
                    self.ac.portal.datagramReceived(action.datagram, (HOST, PORTAL))
            if outcome is not None:
                self.serve_radius()
                return outcome
            self.serve_radius()
            for packet in self.heard():
                actions += dialogue.receive(packet.datagram, self.clock.seconds())
            if not actions:
                self.clock.advance(0.5)
                actions += dialogue.tick(self.clock.seconds())
        raise AssertionError("the dialogue has no end")

    # --- the dynamic authorisation client

    def ask_dae(
        self,
        code: int,
        attributes: Sequence[Attribute],
        *,
        secret: Secret = SECRET,
        host: str = HOST,
        identifier: int = 1,
    ) -> Packet | None:
        """Send a Disconnect or CoA request; the answer, or None for silence."""
        return self.send_dae(radius_request(code, identifier, attributes, secret), host)

    def send_dae(self, datagram: bytes, host: str = HOST) -> Packet | None:
        self.ac.dae.datagramReceived(datagram, (host, 4000))
        written, self.wires["dae"].written = self.wires["dae"].written, []
        return decode_radius(written[0][0]) if written else None

    # --- time

    def pass_time(self, seconds: float, step: float = 0.5, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass in steps, with the AC beating and the RADIUS server answering."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.ac.beat()
            self.serve_radius()
            self.heard()
            if until():
                break

    def statuses(self) -> list[int]:
        """Acct-Status-Type of all reports so far."""
        return [number(report, a.STATUS_TYPE) for report in self.reports]


def number(packet: Packet, attribute: int) -> int:
    """A 32-bit attribute that must be there."""
    value = packet.first(attribute)
    assert value is not None
    return int.from_bytes(value, "big")
