"""Live traces: what belongs to whom, what is hidden, how they end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.net.test_radius_udp import ACCEPT, Access
from tests.net.wires import DEVICE, SECRET, Finder, a_clock, a_wire, access, report
from tests.vendors.examples import a_nas
from zhuomai_appliance.flows.told import code_name, eap_words, portal_lines, radius_lines
from zhuomai_appliance.flows.trace import (
    GONE_SECONDS,
    LONGEST_SECONDS,
    UNREAD,
    WATCHES,
    Elsewhere,
    Event,
    Target,
    Tracer,
    TraceRefused,
    Watch,
)
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.net.radius_udp import AuthProtocol
from zhuomai_appliance.portal.kinds import AttributeKind, Kind
from zhuomai_appliance.portal.packet import decode as decode_portal
from zhuomai_appliance.portal.packet import encode_request
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Code, Packet, decode, encode_reply
from zhuomai_appliance.radius.passwords import hide_pap

ALICE = (attr.USER_NAME, b"Alice")
STATION = (attr.CALLING_STATION_ID, b"A45E-60AA-BBCC")
NAS = a_nas()


class Devices:
    """The devices by name."""

    def by_name(self, name: str) -> Nas | None:
        return NAS if name in ("ac1", "192.0.2.1") else None


def packet(*attributes: tuple[int, bytes], **more: Any) -> Packet:
    return decode(access(1, *attributes, **more))


class TracerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.tracer = Tracer(self.clock.seconds, self.clock.seconds, self.clock.callLater)

    def watch(self, who: str, **more: Any) -> Watch:
        return self.tracer.open(Target.of(who, Devices()), **more)

    def ask(self, *attributes: tuple[int, bytes], key: object = 1, nas: Nas = NAS, **more: Any) -> Packet:
        asked = packet(*attributes, **more)
        self.tracer.request("auth", nas, DEVICE, asked, key)
        return asked

    def reply(self, asked: Packet, code: Code, *attributes: tuple[int, bytes], key: object = 1) -> None:
        self.tracer.answer("auth", key, encode_reply(code, asked, attributes, SECRET, sign=True))

    @staticmethod
    def names(watch: Watch) -> list[str]:
        return [event["name"] for event in watch.events]

    def test_user_with_his_answers_and_nobody_else(self) -> None:
        """A user is found by his folded name, with or without a realm; answers come by their requests."""
        watch = self.watch("aLICE")
        asked = self.ask(ALICE, key=1)
        self.ask((attr.USER_NAME, b"bob"), key=2)
        self.ask((attr.USER_NAME, b"alice@school"), key=3)
        self.reply(asked, Code.ACCESS_ACCEPT, key=2)
        self.reply(asked, Code.ACCESS_ACCEPT, key=1)
        self.reply(asked, Code.ACCESS_ACCEPT, key=1)
        self.assertEqual(self.names(watch), ["Access-Request", "Access-Request", "Access-Accept"])
        self.assertEqual([event["direction"] for event in watch.events], ["in", "in", "out"])

    def test_terminal_in_any_writing(self) -> None:
        """A MAC is found however the person and the device write it, also as a user name."""
        for who in ("a4:5e:60:aa:bb:cc", "A45E60AABBCC", "a45e.60aa.bbcc"):
            watch = self.watch(who)
            self.ask(STATION)
            self.ask((attr.USER_NAME, b"a45e60aabbcc"))
            self.ask((attr.CALLING_STATION_ID, b"a45e60aabbcd"))
            self.assertEqual(len(watch.events), 2, who)
            self.tracer.close(watch)

    def test_device_by_name_or_address(self) -> None:
        """All packets of a device, those that could not be read too; none of another."""
        for who in ("ac1", "192.0.2.1"):
            watch = self.watch(who)
            self.ask(ALICE)
            self.ask(ALICE, nas=a_nas(id=NasId(2), name="ac2"))
            self.tracer.unreadable("auth", NAS, DEVICE, "half an attribute")
            self.assertEqual(self.names(watch), ["Access-Request", "no packet"], who)
            self.tracer.close(watch)

    def test_eap_conversation_by_its_state(self) -> None:
        """Later rounds that tell no name are found by the State of the answer before."""
        watch = self.watch("alice")
        asked = self.ask(ALICE)
        self.reply(asked, Code.ACCESS_CHALLENGE, (attr.STATE, b"state-1"))
        self.ask((attr.USER_NAME, b"anonymous"), (attr.STATE, b"state-1"), key=2)
        self.ask((attr.USER_NAME, b"anonymous"), (attr.STATE, b"state-2"), key=3)
        self.assertEqual(self.names(watch), ["Access-Request", "Access-Challenge", "Access-Request"])

    def test_accounting_by_the_class_of_the_login(self) -> None:
        """A report under another name belongs to the login whose Class it carries."""
        watch = self.watch("alice")
        self.reply(self.ask(ALICE), Code.ACCESS_ACCEPT, (attr.CLASS, b"ticket"))
        told = decode(report(7, (attr.USER_NAME, b"x"), (attr.CLASS, b"ticket")))
        self.tracer.request("acct", NAS, DEVICE, told, 9)
        self.assertEqual(self.names(watch)[-1], "Accounting-Request")

    def test_login_passed_on_to_a_server_elsewhere(self) -> None:
        """What goes to another server, and its answer or its silence, belongs to the user too."""
        watch = self.watch("alice")
        there, at = Elsewhere("other-school", NAS.project_id), ("198.51.100.1", 1812)
        for key in (1, 2):
            asked = packet((attr.USER_NAME, b"alice@other"))
            self.tracer.request("proxy", there, at, asked, key, ours=True)
        self.tracer.answer(
            "proxy", 1, encode_reply(Code.ACCESS_ACCEPT, asked, (), SECRET, sign=True), ours=False
        )
        self.tracer.silence("proxy", 2, "nobody answered")
        self.assertEqual(
            [(event["nas"], event["direction"], event["name"]) for event in watch.events],
            [
                ("other-school", "out", "Access-Request"),
                ("other-school", "out", "Access-Request"),
                ("other-school", "in", "Access-Accept"),
                ("other-school", "none", "no answer"),
            ],
        )

    def test_secrets_never_show(self) -> None:
        """Passwords, CHAP answers and EAP's inside appear in no event; control characters neither."""
        watch = self.watch("ac1")
        hidden = hide_pap(b"wonderland", SECRET, bytes(range(16)))
        self.ask(
            (attr.USER_NAME, b"al\x1b[31mice\xe2\x80\xae"),
            (attr.USER_PASSWORD, hidden),
            (attr.CHAP_PASSWORD, b"C" * 17),
            (attr.EAP_MESSAGE, b"\2\7\0\x16\x04\x10" + b"E" * 16),
            sign=True,
        )
        said = repr(watch.events)
        for secret in (hidden.hex(), (b"C" * 17).hex(), (b"E" * 8).hex(), "EEEE", "\\x1b[", "\u202e"):
            self.assertNotIn(secret, said.replace("\\\\x1b", ""))
        values = dict(watch.events[0]["attributes"])
        self.assertEqual(values["EAP-Message"], "Response id 7 MD5-Challenge, 22 octets")
        self.assertEqual(values["User-Password"], "<hidden, 16 octets>")
        self.assertEqual(values["User-Name"], "al\\x1b[31mice\\u202e")

    def test_portal_messages_of_a_user(self) -> None:
        """From the name or the address; the first messages are known by the address that a login begins with."""
        watch = self.watch("alice")
        asked = portal(Kind.REQ_CHALLENGE)
        self.tracer.portal(NAS, DEVICE, asked, ours=True)
        self.tracer.expect("Alice", "10.9.0.7")
        self.tracer.portal(NAS, DEVICE, asked, ours=True)
        self.tracer.portal(NAS, DEVICE, portal(Kind.REQ_CHALLENGE, "10.9.0.8"), ours=True)
        self.tracer.portal(NAS, DEVICE, portal(Kind.REQ_AUTH, "10.9.0.9", name=b"alice"), ours=True)
        self.assertEqual(self.names(watch), ["REQ_CHALLENGE", "REQ_AUTH"])
        self.assertNotIn("wonderland", repr(watch.events))

    # Ends -----------------------------------------------------------------------------------------------------------------

    def test_ends_by_itself(self) -> None:
        """After its time, after its packets, and when nobody reads; then no packet costs anything."""
        by_time, by_count, unread = (
            self.watch("ac1", seconds=20),
            self.watch("ac1", packets=2),
            self.watch("ac1"),
        )
        for _ in range(3):
            self.ask(ALICE)
        self.assertEqual((by_count.ended, len(by_count.events)), ("its number of packets is reached", 2))
        self.clock.advance(GONE_SECONDS - 1)
        self.read(by_time)
        self.clock.advance(2)
        self.assertEqual((unread.ended, by_time.ended), ("nobody reads it", ""))
        self.clock.pump([1] * 10)
        self.assertEqual(by_time.ended, "its time is over")
        self.assertEqual(self.tracer.watches, [])
        self.assertLessEqual(self.watch("x", seconds=10**9).until, self.clock.seconds() + LONGEST_SECONDS)

    def test_few_at_once(self) -> None:
        """One more than four is refused; a closed one makes room."""
        first, *_ = [self.watch("ac1") for _ in range(WATCHES)]
        self.assertRaises(TraceRefused, self.watch, "ac1")
        self.tracer.close(first)
        self.watch("ac1")

    def test_slow_reader_loses_the_oldest_and_is_told(self) -> None:
        """What is kept is bounded."""
        watch = self.watch("ac1")
        for _ in range(UNREAD + 5):
            self.ask(ALICE)
        events, lost = self.read(watch)
        self.assertEqual((len(events), lost), (UNREAD, 5))
        self.assertEqual(self.read(watch), ([], 0))

    def test_reader_is_woken(self) -> None:
        """A read that waits gets the next packet at once."""
        watch = self.watch("ac1")
        waiting = Deferred.fromCoroutine(self.tracer.read(watch))
        self.assertNoResult(waiting)
        self.ask(ALICE)
        self.assertEqual(len(self.successResultOf(waiting)[0]), 1)

    def read(self, watch: Watch) -> tuple[list[Event], int]:
        waiting = Deferred.fromCoroutine(self.tracer.read(watch))
        if not waiting.called:
            self.clock.advance(1)
        found: tuple[list[Event], int] = self.successResultOf(waiting)
        return found


def portal(kind: Kind, user_ip: str = "10.9.0.7", name: bytes = b"") -> bytes:
    attributes: tuple[tuple[int, bytes], ...] = ()
    if name:
        attributes = ((AttributeKind.USER_NAME, name), (AttributeKind.PASSWORD, b"wonderland"))
    return encode_request(
        version=2, kind=kind, pap=bool(name), serial=5, req_id=0, user_ip=user_ip, error_code=0,
        attributes=attributes, key=b"portal-key",
    )  # fmt: skip


class PortTests(SynchronousTestCase):
    """The ports tell what they take, answer and drop."""

    def test_login_refusal_and_repetition(self) -> None:
        """A trace of the device shows the request, its answer, a repetition with what became of it, and a drop."""
        _, clocks = a_clock()
        tracer = Tracer(clocks.wall, clocks.monotonic, clocks.later)
        flow = Access()
        port = AuthProtocol(Finder(), flow, clocks, tracer=tracer)
        a_wire(port)
        watch = tracer.open(Target.of("ac1", Devices()))
        port.datagramReceived(access(1, ALICE), DEVICE)
        flow.asked[0].callback(ACCEPT)
        port.datagramReceived(access(1, ALICE), DEVICE)
        port.datagramReceived(access(2, (attr.PROXY_STATE, b"a")), DEVICE)
        port.datagramReceived(b"x", DEVICE)
        self.assertEqual(
            [(event["direction"], event["name"], event["note"][:8]) for event in watch.events],
            [
                ("in", "Access-Request", ""),
                ("out", "Access-Accept", ""),
                ("in", "Access-Request", "a repeti"),
                ("in", "Access-Request", "dropped:"),
                ("in", "no packet", "shorter "),
            ],
        )


class WordsTests(SynchronousTestCase):
    def test_codes(self) -> None:
        """Codes are written as the RFCs do; an unknown one by its number."""
        self.assertEqual(
            [code_name(code) for code in (1, 5, 42, 44, 99)],
            ["Access-Request", "Accounting-Response", "Disconnect-NAK", "CoA-ACK", "Code-99"],
        )

    def test_eap(self) -> None:
        """Code, identifier and type; a Nak with what it wants; scraps as their size."""
        for parts, words in (
            ([b""], "EAP-Start"),
            ([b"\1\5"], "<2 octets>"),
            ([b"\3\5\0\4"], "Success id 5, 4 octets"),
            ([b"\2\5\0", b"\6\3\x19"], "Response id 5 Nak wants PEAP, 6 octets"),
            ([b"\1\5\0\6\xc8\0"], "Request id 5 type 200, 6 octets"),
        ):
            self.assertEqual(eap_words(parts), words)

    def test_vendor_s_own_names(self) -> None:
        """A number that two dialects use differently is named by the device's own."""
        value = (2011).to_bytes(4, "big") + b"\x0f\x06\0\0\0\1"
        names = {
            radius_lines(packet((26, value)), dialect)[0][0] for dialect in ("huawei-campus", "huawei-bras")
        }
        self.assertTrue(all("15" not in name for name in names), names)

    def test_what_cannot_be_taken_apart(self) -> None:
        """A vendor's attribute whose parts do not add up may hold a secret anywhere: its vendor and size are told alone."""
        key = (311).to_bytes(4, "big") + b"\x11\x30" + b"K" * 20
        for value, words in (
            (key, "<vendor 311, 26 octets that do not add up>"),
            (b"\0\0\1", "<vendor 1, 3 octets that do not add up>"),
            (b"", "<vendor 0, 0 octets that do not add up>"),
        ):
            self.assertEqual(radius_lines(packet((26, value)), "standard"), [("Vendor-Specific", words)])

    def test_portal(self) -> None:
        """The head, names as text, secrets as their size, unknown numbers in hexadecimal."""
        told = dict(portal_lines(decode_portal(portal(Kind.REQ_AUTH, name=b"al\x1bice"))))
        self.assertEqual(told["USER-NAME"], "alice")
        self.assertEqual(told["PASSWORD"], "<hidden, 10 octets>")
        self.assertEqual((told["User-IP"], told["Method"]), ("10.9.0.7", "PAP"))
