"""The RADIUS ports: what is dropped and counted, what is worked on once, what is answered and when."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.journeys import wire
from tests.net.wires import DEVICE, SECRET, STRANGER, Finder, a_clock, a_wire, access, report
from tests.vendors.examples import a_nas
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, Nas
from zhuomai_appliance.net.complaints import COMPLAINTS_A_MINUTE, Complaints
from zhuomai_appliance.net.radius_udp import AcctProtocol, AuthProtocol
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.hidden import HiddenValue, reveal
from zhuomai_appliance.radius.packet import Code, Packet, Secret, verify_reply
from zhuomai_appliance.radius.passwords import hide_pap

ACCEPT = AccessAnswer(Code.ACCESS_ACCEPT, ((attr.SESSION_TIMEOUT, b"\0\0\0\x3c"),))
REJECT = AccessAnswer(Code.ACCESS_REJECT, ((attr.REPLY_MESSAGE, b"A01 no"),), 1.0)


class Access:
    """An access flow whose answers a test gives."""

    def __init__(self) -> None:
        self.asked: list[Deferred[AccessAnswer]] = []
        self.passwords: list[bytes | None] = []
        self.peers: list[str] = []
        self.proved: list[str] = []

    def answer(
        self, packet: Packet, nas: Nas, peer: str, password: bytes | None, now: int
    ) -> Deferred[AccessAnswer]:
        done: Deferred[AccessAnswer] = Deferred()
        self.asked.append(done)
        self.passwords.append(password)
        self.peers.append(peer)
        return done

    def proved_signing(self, nas: Nas, host: str, now: int) -> None:
        self.proved.append(host)

    def is_under_way(self, nas: Nas, state: bytes) -> bool:
        return False


class Accounting:
    """An accounting flow whose writes a test ends."""

    def __init__(self) -> None:
        self.asked: list[Deferred[bool]] = []

    def record(self, packet: Packet, nas: Nas, peer: str, now: int) -> Deferred[bool]:
        done: Deferred[bool] = Deferred()
        self.asked.append(done)
        return done


class AuthTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.finder, self.flow = Finder(), Access()
        self.port = AuthProtocol(self.finder, self.flow, clocks)
        self.wire = a_wire(self.port)

    def receive(self, datagram: bytes, addr: tuple[str, int] = DEVICE) -> None:
        self.port.datagramReceived(datagram, addr)

    def replies(self, asked: bytes) -> list[Packet]:
        """Everything sent, verified as answers to a request."""
        return [verify_reply(datagram, asked, SECRET) for datagram, _ in self.wire.written]

    def policy(self, policy: MessageAuthenticatorPolicy) -> None:
        self.finder.devices = (a_nas(message_authenticator=policy),)

    def assert_dropped(self, datagram: bytes, why: str, addr: tuple[str, int] = DEVICE) -> None:
        before = self.port.counters[why]
        self.receive(datagram, addr)
        self.assertEqual(self.port.counters[why], before + 1)
        self.assertEqual((self.wire.written, self.flow.asked, self.port.in_flight), ([], [], 0))

    def test_answer_goes_back_to_the_asker_signed_first(self) -> None:
        """The flow's answer is signed, its signature the first attribute, and sent to the source of the request."""
        asked = access(7)
        self.receive(asked)
        self.assertEqual(self.port.in_flight, 1)
        self.flow.asked[0].callback(ACCEPT)
        (reply,) = self.replies(asked)
        self.assertEqual([number for number, _ in reply.attributes], [80, attr.SESSION_TIMEOUT])
        self.assertEqual((reply.code, self.wire.written[0][1]), (Code.ACCESS_ACCEPT, DEVICE))
        self.assertEqual((self.port.in_flight, self.port.counters["access_accept"]), (0, 1))

    def test_password_is_revealed_for_the_flow(self) -> None:
        """The flow gets the clear text of a PAP password, and None where there is none or it has a wrong size."""
        hidden = hide_pap(b"wonderland", SECRET, bytes(range(16)))
        for number, attributes in enumerate(([(2, hidden)], [], [(2, b"x" * 15)])):
            self.receive(access(number, *attributes))
        self.assertEqual(self.flow.passwords, [b"wonderland", None, None])

    def test_hidden_values_are_hidden_under_the_devices_secret(self) -> None:
        """Keys of an accept go out as only this device can read them, bound to its request."""
        asked = access(authenticator=bytes(range(16)))
        self.receive(asked)
        self.flow.asked[0].callback(ACCEPT._replace(hidden=(HiddenValue(311, 17, b"k" * 32),)))
        (reply,) = self.replies(asked)
        value = reply.vendor(311, 17)
        self.assertNotIn(b"k" * 8, reply.datagram)
        self.assertEqual(reveal(value or b"", SECRET, bytes(range(16))), b"k" * 32)

    def test_a_server_speaks_for_the_device_that_it_names(self) -> None:
        """With the quirk `proxy` the flow hears which device is meant; the secret went by the source all the same."""
        self.finder.devices = (a_nas(quirks={"proxy": True}),)
        self.receive(access(1, (attr.NAS_IP_ADDRESS, bytes((10, 0, 0, 7)))))
        self.assertEqual(self.flow.peers, ["10.0.0.7"])

    def test_stranger_costs_a_look(self) -> None:
        """A source that is no device is dropped before anything is read."""
        self.assert_dropped(access(), "unknown_nas", STRANGER)
        self.assert_dropped(b"", "unknown_nas", STRANGER)

    def test_malformed_and_foreign_codes(self) -> None:
        """What is no request for this port is dropped and counted."""
        for datagram in (b"", b"x" * 19, access()[:-1], access(1, (1, b"a"))[:-1], report()):
            self.assert_dropped(datagram, "malformed")

    def test_wrong_signature(self) -> None:
        """A Message-Authenticator under another secret is dropped, whatever the policy."""
        for policy in MessageAuthenticatorPolicy:
            self.policy(policy)
            self.assert_dropped(access(sign=True, secret=Secret(b"other")), "bad_message_authenticator")

    def test_what_must_be_signed(self) -> None:
        """Probes and EAP always; everything under `require`; under `auto` what comes from a proved signer."""
        self.assert_dropped(access(code=Code.STATUS_SERVER), "unsigned")
        self.assert_dropped(access(1, (attr.EAP_MESSAGE, b"\2\1\0\4")), "unsigned")
        self.policy(MessageAuthenticatorPolicy.REQUIRE)
        self.assert_dropped(access(), "unsigned")
        self.policy(MessageAuthenticatorPolicy.AUTO)
        self.finder.signers.add(DEVICE[0])
        self.assert_dropped(access(), "unsigned")

    def test_unsigned_proxy_state(self) -> None:
        """Without a signature Proxy-State is refused (CVE-2024-3596), with one it is served."""
        self.assert_dropped(access(1, (attr.PROXY_STATE, b"a")), "unsigned_with_proxy_state")
        self.receive(access(2, (attr.PROXY_STATE, b"a"), sign=True))
        self.assertEqual(len(self.flow.asked), 1)

    def test_only_logins_without_eap_prove_signing(self) -> None:
        """A right signature teaches that the device signs; those of EAP and of probes teach nothing."""
        self.receive(access(1, sign=True, code=Code.STATUS_SERVER))
        self.receive(access(2, (attr.EAP_MESSAGE, b"\2\1\0\4"), sign=True))
        self.assertEqual(self.flow.proved, [])
        self.receive(access(3, sign=True))
        self.assertEqual(self.flow.proved, [DEVICE[0]])

    def test_probe_is_answered_at_once(self) -> None:
        """Status-Server draws an Accept with nothing but its signature, and asks nobody."""
        asked = access(1, sign=True, code=Code.STATUS_SERVER)
        self.receive(asked)
        (reply,) = self.replies(asked)
        self.assertEqual((reply.code, len(reply.attributes), self.flow.asked), (Code.ACCESS_ACCEPT, 1, []))

    def test_repetition_is_dropped_while_the_answer_is_made(self) -> None:
        """A request repeated before its answer is known is worked on once."""
        for _ in range(3):
            self.receive(access())
        self.assertEqual((len(self.flow.asked), self.port.counters["pending"]), (1, 2))

    def test_repetition_draws_the_same_octets(self) -> None:
        """A request repeated after its answer gets the very same datagram, for ten seconds."""
        self.receive(access())
        self.flow.asked[0].callback(ACCEPT)
        self.clock.advance(9.9)
        self.receive(access())
        self.assertEqual(len({datagram for datagram, _ in self.wire.written}), 1)
        self.assertEqual((len(self.wire.written), self.port.counters["repeated"]), (2, 1))
        self.clock.advance(10.1)
        self.receive(access())
        self.assertEqual(len(self.flow.asked), 2)

    def test_id_used_again_is_a_new_request(self) -> None:
        """Another authenticator under the same id is worked on, and each answer is for its own request."""
        first, second = access(), access(authenticator=bytes(16))
        self.receive(first)
        self.receive(second)
        self.assertEqual(self.port.in_flight, 2)
        self.flow.asked[1].callback(ACCEPT)
        self.assertEqual([reply.code for reply in self.replies(second)], [Code.ACCESS_ACCEPT])
        self.flow.asked[0].callback(ACCEPT)
        self.assertEqual(self.port.in_flight, 0)
        self.receive(second)
        self.assertEqual(self.wire.written[-1][0], self.wire.written[0][0])

    def test_same_id_from_another_port_is_another_request(self) -> None:
        """The source port is part of what tells requests apart."""
        self.receive(access())
        self.receive(access(), (DEVICE[0], 40001))
        self.assertEqual(len(self.flow.asked), 2)

    def test_refusal_waits_its_second(self) -> None:
        """A Reject goes out after its delay; an Accept made meanwhile does not wait for it."""
        self.receive(access(1))
        self.receive(access(2))
        self.flow.asked[0].callback(REJECT)
        self.clock.advance(0.9)
        self.assertEqual((self.wire.written, self.port.in_flight), ([], 2))
        self.flow.asked[1].callback(ACCEPT)
        self.assertEqual(len(self.wire.written), 1)
        self.receive(access(1))
        self.clock.advance(0.2)
        self.assertEqual([datagram[0] for datagram, _ in self.wire.written], [2, 3])
        self.assertEqual(self.port.in_flight, 0)

    def test_failed_flow_is_silence_and_worked_on_anew(self) -> None:
        """When no answer can be made none is sent, and the device's repetition is a new try."""
        self.receive(access())
        self.flow.asked[0].errback(RuntimeError("no database"))
        self.assertEqual((self.wire.written, self.port.in_flight), ([], 0))
        self.assertEqual(self.port.counters["failed"], 1)
        self.receive(access())
        self.flow.asked[1].callback(ACCEPT)
        self.assertEqual(len(self.wire.written), 1)

    def test_reply_that_does_not_fit_is_silence(self) -> None:
        """A reply over 4096 octets is never sent, at once or delayed, and leaves nothing behind."""
        states = [(attr.PROXY_STATE, bytes(252))] * 15
        for number, answer in enumerate((ACCEPT, REJECT)):
            long = answer._replace(attributes=((attr.REPLY_MESSAGE, bytes(250)),))
            self.receive(access(number, *states, sign=True))
            self.flow.asked[number].callback(long)
            self.clock.advance(2)
        self.assertEqual((self.wire.written, self.port.in_flight), ([], 0))
        self.assertEqual(self.port.counters["failed"], 2)

    def test_reply_leaves_where_the_request_came_in(self) -> None:
        """The same datagram at two of our addresses is two requests; each answer and its repetition leave from its own."""
        here, there = SentFrom(), SentFrom()
        self.port.way = here
        self.receive(access())
        self.port.way = there
        self.receive(access())
        self.flow.asked[0].callback(ACCEPT)
        self.port.way = here
        self.receive(access())
        self.assertEqual((len(self.flow.asked), len(here.sent), there.sent), (2, 2, []))


class SentFrom:
    """One of our addresses."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.sent.append(datagram)


class AcctTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.flow = Accounting()
        self.port = AcctProtocol(Finder(), self.flow, clocks)
        self.wire = a_wire(self.port)

    def receive(self, datagram: bytes) -> None:
        self.port.datagramReceived(datagram, DEVICE)

    def test_answer_waits_for_the_disk(self) -> None:
        """Nothing is said before the record is durable; then a bare Accounting-Response with every Proxy-State."""
        asked = report(3, (attr.PROXY_STATE, b"a"), (attr.PROXY_STATE, b"b"))
        self.receive(asked)
        self.clock.advance(5)
        self.assertEqual((self.wire.written, self.port.in_flight), ([], 1))
        self.flow.asked[0].callback(True)
        reply = verify_reply(self.wire.written[0][0], asked, SECRET)
        self.assertEqual(reply.attributes, ((33, b"a"), (33, b"b")))
        self.assertEqual((self.port.in_flight, self.port.counters["recorded"]), (0, 1))

    def test_record_that_failed_is_not_answered(self) -> None:
        """A failed write is silence; the repetition is recorded and answered."""
        self.receive(report())
        self.flow.asked[0].errback(OSError("disk full"))
        self.receive(report())
        self.flow.asked[1].callback(True)
        self.assertEqual((len(self.wire.written), self.port.counters["failed"]), (1, 1))

    def test_what_is_no_report_is_dropped(self) -> None:
        """A request the flow cannot use is silence, and counted as that."""
        self.receive(report())
        self.flow.asked[0].callback(False)
        self.assertEqual((self.wire.written, self.port.counters["not_a_report"]), ([], 1))
        self.assertEqual(self.port.in_flight, 0)

    def test_repetition_for_half_a_minute(self) -> None:
        """A report repeated within 30 s is recorded once and answered with the same octets."""
        for seconds in (0, 15, 14):
            self.clock.advance(seconds)
            self.receive(report())
            if len(self.flow.asked) == 1 and not self.flow.asked[0].called:
                self.flow.asked[0].callback(True)
        self.assertEqual((len(self.flow.asked), len(self.wire.written)), (1, 3))
        self.assertEqual(len({datagram for datagram, _ in self.wire.written}), 1)

    def test_wrong_secret_is_counted_by_device(self) -> None:
        """A report under another secret is dropped, and the device's count tells the page."""
        self.receive(report(secret=Secret(b"other")))
        self.receive(report(secret=Secret(b"other"), sign=True))
        self.assertEqual((self.flow.asked, self.wire.written), ([], []))
        self.assertEqual((self.port.counters["wrong_secret"], self.port.wrong_secret[a_nas().id]), (2, 2))

    def test_wrong_signature_in_a_right_report(self) -> None:
        """A Message-Authenticator that is there must be right."""
        self.receive(wire.request(wire.ACCOUNTING_REQUEST, 1, wire.packed([(80, bytes(16))]), b"secret"))
        self.assertEqual((self.flow.asked, self.port.counters["bad_message_authenticator"]), ([], 1))
        self.receive(report(2, sign=True))
        self.assertEqual(len(self.flow.asked), 1)

    def test_probe(self) -> None:
        """Status-Server is answered at once where signed, and dropped where not."""
        self.receive(access(1, code=Code.STATUS_SERVER))
        asked = access(2, code=Code.STATUS_SERVER, sign=True)
        self.receive(asked)
        ((datagram, _),) = self.wire.written
        self.assertEqual(verify_reply(datagram, asked, SECRET).code, Code.ACCOUNTING_RESPONSE)

    def test_logins_have_no_business_here(self) -> None:
        """An Access-Request at the accounting port is dropped as malformed."""
        self.receive(access(sign=True))
        self.assertEqual((self.flow.asked, self.port.counters["malformed"]), ([], 1))


class ComplaintTests(SynchronousTestCase):
    def test_one_line_a_minute_for_each_kind_and_source(self) -> None:
        """A flood fills the counters, not the log."""
        clock, clocks = a_clock()
        complaints = Complaints(clocks.monotonic, limit=2)
        self.assertEqual([complaints.may_say("malformed", "a") for _ in range(3)], [True, False, False])
        self.assertTrue(complaints.may_say("unsigned", "a"))
        clock.advance(60)
        self.assertTrue(complaints.may_say("malformed", "a"))

    def test_sources_without_end_fill_neither_memory_nor_log(self) -> None:
        """What is remembered is bounded, and so are the lines of one kind a minute, however many sources are forged."""
        clock, clocks = a_clock()
        complaints = Complaints(clocks.monotonic, limit=10)
        for _ in range(2):
            said = sum(complaints.may_say("x", str(number)) for number in range(1000))
            self.assertEqual(said, COMPLAINTS_A_MINUTE)
            self.assertTrue(complaints.may_say("y", "1"))
            self.assertLessEqual(len(complaints._quiet_until), 10)
            clock.advance(60)
