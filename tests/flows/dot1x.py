"""An 802.1X device at the school's access point, one Access-Request after the other."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import PHONE, School, first, station
from tests.radius.eap_devices import md5_answer, ms_chap_v2_answer
from tests.radius.tls_peer import Peer, context
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows.access import AccessFlow
from zhuomai_appliance.flows.eap_talks import MOST_TALKS
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.eap import EapCode, EapPacket
from zhuomai_appliance.radius.eap_ttls import avp
from zhuomai_appliance.radius.packet import Attribute, Code
from zhuomai_appliance.radius.values import integer_value

WIRED, WIRELESS = 15, 19


def with_tls(school: School, conversations: int = MOST_TALKS) -> School:
    """The same school with a certificate."""
    school.access = AccessFlow(
        school.store, school.vault, school.tables, school.reservations, school.throttle, school.board, school.words,
        school.entropy, school.clock.seconds, tls=context(), conversations=conversations,
    )  # fmt: skip
    return school


def with_quirks(nas: Nas, **quirks: str | bool) -> Nas:
    return replace(nas, quirks=MappingProxyType(quirks))


class Supplicant:
    """One device with one conversation. ``answer`` is what RADIUS said last, ``request`` the EAP packet in it."""

    def __init__(
        self,
        school: School,
        name: str = "20260001",
        *,
        mac: str | None = PHONE,
        nas: Nas | None = None,
        port: int = WIRELESS,
        user_name: str | None = None,
        says: tuple[Attribute, ...] = (),
    ) -> None:
        self.school, self.name, self.mac, self.nas, self.port = school, name, mac, nas, port
        self.user_name = name if user_name is None else user_name
        self.says = says
        self.state: bytes | None = None
        self.answer: AccessAnswer
        self.request: EapPacket

    def send(self, packet: bytes, *more: Attribute, state: bytes | None = None) -> AccessAnswer:
        """One request with this EAP packet and the State of the last challenge, or another one."""
        attributes = [
            (1, self.user_name.encode()),
            (61, integer_value(self.port)),
            *station(self.mac, None),
            *(eap.split(packet) or ((79, b""),)),
            *self.says,
            *more,
        ]
        if state or self.state:
            attributes.append((24, state or self.state or b""))
        self.answer = answer = self.school.ask(a_packet(attributes), None, self.nas)
        self.state = first(answer, 24) or None
        whole = eap.joined([value for number, value in answer.attributes if number == 79])
        self.request = eap.decode(whole) if whole else EapPacket(EapCode.FAILURE, 0, 0, b"")
        return answer

    def respond(self, kind: int, data: bytes) -> AccessAnswer:
        """Answer the last request."""
        return self.send(eap.response(self.request.identifier, kind, data))

    def identify(self) -> AccessAnswer:
        """Begin."""
        return self.send(eap.response(1, eap.IDENTITY, self.name.encode()))

    def want(self, kind: int) -> AccessAnswer:
        """Begin, and have another method than the first one offered."""
        self.identify()
        return self.respond(eap.NAK, bytes((kind,))) if self.request.kind != kind else self.answer

    # Whole logins -------------------------------------------------------------------------------------------------------

    def ms_chap(self, password: str = "pass-word") -> AccessAnswer:
        """EAP-MSCHAPv2 to its end."""
        self.want(eap.MSCHAPV2)
        answer = ms_chap_v2_answer(self.request.data, self.name.encode(), password.encode())
        self.respond(eap.MSCHAPV2, answer)
        return self.respond(eap.MSCHAPV2, self.request.data[:1])

    def md5(self, password: str = "pass-word") -> AccessAnswer:
        """EAP-MD5 to its end."""
        self.want(eap.MD5_CHALLENGE)
        if self.answer.code is not Code.ACCESS_CHALLENGE:
            return self.answer
        answer = md5_answer(self.request.data, self.request.identifier, password.encode())
        return self.respond(eap.MD5_CHALLENGE, answer)

    def shake(self, peer: Peer, kind: int = eap.TTLS) -> None:
        """Open a tunnel."""
        self.want(kind)
        records = peer.step()
        while records and self.answer.code is Code.ACCESS_CHALLENGE:
            self.respond(kind, b"\0" + records)
            records = peer.step(self.gather(kind))

    def gather(self, kind: int) -> bytes:
        """All fragments of what the server says."""
        whole = b""
        while self.answer.code is Code.ACCESS_CHALLENGE:
            flags, body = self.request.data[0], self.request.data[1:]
            whole += body[4:] if flags & 0x80 else body
            if not flags & 0x40:
                break
            self.respond(kind, b"\0")
        return whole

    def ttls(self, peer: Peer, name: str = "20260001", password: str = "pass-word") -> AccessAnswer:
        """TTLS/PAP to its end; a session of `peer` that the server goes on with ends earlier."""
        self.shake(peer)
        if self.answer.code is not Code.ACCESS_CHALLENGE:
            return self.answer
        inside = avp((0, 1), name.encode()) + avp((0, 2), password.encode())
        return self.respond(eap.TTLS, b"\0" + peer.say(inside))


class ConversationCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = with_tls(School())
        self.account_id = self.school.person("20260001", self.school.plan())

    def assert_failed(self, device: Supplicant, identifier: int | None = None) -> None:
        """A Reject with EAP-Failure and nothing else, for everybody to read the same."""
        self.assertIs(device.answer.code, Code.ACCESS_REJECT)
        self.assertEqual([at for at, _ in device.answer.attributes], [79])
        self.assertEqual(device.answer.hidden, ())
        self.assertIs(device.request.code, EapCode.FAILURE)
        if identifier is not None:
            self.assertEqual(device.request.identifier, identifier)

    def newest(self) -> tuple[int, str, str, str, str]:
        rows = self.school.rows(
            "SELECT accepted, reason, username_raw, proof_kind, detail FROM attempt_202611 ORDER BY id"
        )
        accepted, why, name, proof, detail = rows[-1]
        return accepted, why, name, proof, detail
