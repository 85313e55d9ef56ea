"""radius-semantics §2, duplicates and replies, and §3, BlastRADIUS: each rule by its number, at the real ports."""

from __future__ import annotations

import hashlib
from ipaddress import ip_network
from typing import Any

import pytest
from twisted.internet.defer import succeed
from twisted.logger import capturedLogs

from tests.journeys import wire
from tests.net.rig import DEVICE, NAME, SECRET, Rig, login, pap, report, request
from tests.net.wires import Finder, a_clock, a_wire, access
from tests.vendors.examples import a_nas
from zhuomai_appliance.flows.access import REJECT_DELAY_SECONDS
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, Vendor
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.radius_udp import AuthProtocol
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Code, vendor_attribute

ACCEPT, REJECT, SIGNATURE, PROXY_STATE = wire.ACCESS_ACCEPT, wire.ACCESS_REJECT, 80, 33
AUTO, OFF, REQUIRE = (
    MessageAuthenticatorPolicy.AUTO,
    MessageAuthenticatorPolicy.OFF,
    MessageAuthenticatorPolicy.REQUIRE,
)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def code(answer: bytes | None) -> int | None:
    """The code of an answer, None for silence."""
    return None if answer is None else answer[0]


class TestRule16:
    """What is the same request: source address and port, receiving socket, code, identifier, authenticator."""

    def test_rule_16_same_octets_for_the_same_request(self, rig: Rig) -> None:
        """Three times the same datagram: three identical answers, one attempt in the books, one count."""
        asked = login()
        assert len({rig.ask(asked) for _ in range(3)}) == 1
        assert len(rig.school.attempts()) == 1
        assert (rig.counted()["requests"], rig.counted()["repeated"]) == (1, 2)

    def test_rule_16_report_is_recorded_once(self, rig: Rig) -> None:
        """A Start three times: three identical answers and one session."""
        told = report()
        assert len({rig.tell(told) for _ in range(3)}) == 1
        assert len(rig.school.sessions()) == 1

    def test_rule_16_repetition_while_in_work_is_dropped(self, rig: Rig) -> None:
        """A Reject waits its second; the repetition meanwhile draws nothing and is judged by nobody."""
        asked = login(password=b"wrong")
        for _ in range(3):
            rig.auth.datagramReceived(asked, DEVICE)
        rig.clock.advance(2)
        assert [datagram[0] for datagram, _ in rig.auth_wire.written] == [REJECT]
        assert (rig.counted()["pending"], len(rig.school.attempts())) == (2, 1)

    def test_rule_16_new_authenticator_is_a_new_request(self, rig: Rig) -> None:
        """The old entry is forgotten: its repetition, should it come once more, is worked on anew."""
        first, second = login(1), login(1)
        assert rig.ask(first) is not None
        assert rig.ask(second) is not None
        assert len(rig.school.attempts()) == 2
        assert rig.ask(first) is not None
        assert len(rig.school.attempts()) == 3

    @pytest.mark.parametrize("addr", [("192.0.2.1", 40001), ("192.0.2.2", 40000)])
    def test_rule_16_another_source_is_another_request(self, addr: tuple[str, int]) -> None:
        """Address and port both count."""
        rig = Rig(address=ip_network("192.0.2.0/24"))
        asked = login()
        rig.ask(asked)
        rig.ask(asked, addr)
        assert len(rig.school.attempts()) == 2

    def test_rule_16_another_socket_is_another_request(self, rig: Rig) -> None:
        """The same datagram at two of our ports is two requests."""

        class Way:
            def __init__(self) -> None:
                self.sent: list[bytes] = []

            def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
                self.sent.append(datagram)

        asked, here, there = login(), Way(), Way()
        for way in (here, there, here):
            rig.auth.receive(asked, DEVICE, way)
        assert (len(here.sent), len(there.sent), len(rig.school.attempts())) == (2, 1, 2)


def test_rule_17_how_long_an_answer_is_kept(rig: Rig) -> None:
    """Ten seconds at the port for logins, thirty at the one for accounting."""
    asked, told = login(), report()
    for _ in range(2):
        rig.auth.datagramReceived(asked, DEVICE)
        rig.acct.datagramReceived(told, DEVICE)
        rig.clock.advance(9.9)
    assert (rig.counted()["requests"], rig.acct.counters["requests"]) == (1, 1)
    rig.clock.advance(0.2)
    rig.auth.datagramReceived(asked, DEVICE)
    rig.acct.datagramReceived(told, DEVICE)
    assert (rig.counted()["requests"], rig.acct.counters["requests"]) == (2, 1)
    rig.clock.advance(30.1)
    rig.acct.datagramReceived(told, DEVICE)
    assert rig.acct.counters["requests"] == 2


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_clock_that_is_set_changes_nothing_of_what_waits(rig: Rig, jump: int) -> None:
    """Repetitions, delays and new logins go by the clock that never jumps (security S12)."""
    wall = [0]
    clocks = Clocks(rig.clock, lambda: rig.clock.seconds() + wall[0], rig.clock.seconds)
    port = AuthProtocol(rig.school.tables, rig.school.access, clocks)
    out = a_wire(port)
    asked, wrong = login(1), login(2, password=b"wrong")
    port.datagramReceived(asked, DEVICE)
    port.datagramReceived(wrong, DEVICE)
    wall[0] = jump
    port.datagramReceived(asked, DEVICE)
    assert [datagram[:2] for datagram, _ in out.written] == [bytes((ACCEPT, 1))] * 2
    rig.clock.advance(REJECT_DELAY_SECONDS + 0.01)
    assert out.written[-1][0][:2] == bytes((REJECT, 2))
    port.intake.put(login(3), DEVICE, port, rig.clock.seconds())
    port.intake.turn()
    assert port.in_flight == 0
    assert port.counters["too_old"] == 0


def test_rule_18_memory_of_answers_is_bounded_and_ends_without_a_scan() -> None:
    """5,000 source ports of 256 identifiers: what is over leaves as new ones come, a few at a time."""
    rig = Rig()
    asked = login(password=b"x")
    for number in range(5_000):
        rig.auth.datagramReceived(asked, ("192.0.2.1", 1024 + number))
        rig.clock.advance(0.04)
    # 250 fit into ten seconds at this pace; rejects are kept from when they leave, a second later
    assert len(rig.auth.duplicates) < 300
    assert rig.auth.in_flight < 50


@pytest.mark.parametrize("password", [b"pass-word", b"wrong"])
def test_rule_19_every_proxy_state_comes_back(rig: Rig, password: bytes) -> None:
    """All of them, in their order, untouched: in an Accept, in a Reject, in an Accounting-Response."""
    states = [(PROXY_STATE, value) for value in (b"b", b"\0\xff", b"a", b"b")]
    asked = login(1, states, password=password, sign=True)
    reply = rig.ask(asked)
    assert reply is not None
    assert [one for one in wire.verified(reply, asked, SECRET) if one[0] == PROXY_STATE] == states
    told = report(more=states)
    response = rig.tell(told)
    assert response is not None
    assert wire.verified(response, told, SECRET) == states


def test_rule_19_challenge_too() -> None:
    """An Access-Challenge carries them as well."""
    _, clocks = a_clock()

    class Flow:
        def answer(self, *_: Any) -> Any:
            return succeed(AccessAnswer(Code.ACCESS_CHALLENGE, ((attr.STATE, b"s"),)))

        def proved_signing(self, *_: Any) -> None:
            """Of no interest."""

        def is_under_way(self, *_: Any) -> bool:
            return False

    port = AuthProtocol(Finder(), Flow(), clocks)
    out = a_wire(port)
    asked = access(1, (PROXY_STATE, b"x"), (PROXY_STATE, b"y"), sign=True)
    port.datagramReceived(asked, DEVICE)
    told = wire.verified(out.written[0][0], asked, b"secret")
    assert [one for one in told if one[0] == PROXY_STATE] == [(PROXY_STATE, b"x"), (PROXY_STATE, b"y")]


def test_rule_20_reply_proves_itself(rig: Rig) -> None:
    """The request's identifier, and the Response Authenticator of RFC 2865 §3, computed here by hand."""
    for identifier in (0, 77, 255):
        asked = login(identifier)
        reply = rig.ask(asked)
        assert reply is not None
        assert reply[1] == identifier
        assert reply[4:20] == hashlib.md5(reply[:4] + asked[4:20] + reply[20:] + SECRET).digest()


class TestRule21:
    """A reply over 4096 octets is never sent; rules are left out whole."""

    @staticmethod
    def answered(*attributes: tuple[int, bytes], states: int = 0) -> tuple[bytes | None, bytes, AuthProtocol]:
        class Flow:
            def answer(self, *_: Any) -> Any:
                return succeed(AccessAnswer(Code.ACCESS_ACCEPT, attributes))

            def proved_signing(self, *_: Any) -> None:
                """Of no interest."""

            def is_under_way(self, *_: Any) -> bool:
                return False

        _, clocks = a_clock()
        port = AuthProtocol(Finder(a_nas(vendor=Vendor.HUAWEI_CAMPUS)), Flow(), clocks)
        out = a_wire(port)
        asked = access(1, *[(PROXY_STATE, bytes(250))] * states, sign=True)
        port.datagramReceived(asked, DEVICE)
        return (out.written[0][0] if out.written else None), asked, port

    def test_rule_21_too_many_rules_are_left_out_whole_with_an_event(self) -> None:
        """A hundred ACL rules do not fit: none is sent, everything else is, and the log names device and attribute."""
        rules = [
            vendor_attribute(2011, 82, b"acl 10001 key1 0 deny dst-ip 10.0.0.%03d" % n) for n in range(100)
        ]
        keep = [(27, bytes(4)), vendor_attribute(2011, 2, bytes(4)), (25, b"ticket")]
        with capturedLogs() as lines:
            reply, asked, port = self.answered(*keep, *rules)
        assert reply is not None
        assert wire.verified(reply, asked, SECRET)[1:] == keep
        assert port.counters["shortened"] == 1
        (line,) = (line for line in lines if "4096" in line["log_format"])
        assert (line["nas"], line["count"], line["numbers"]) == ("ac1", 100, "26-2011-82")

    def test_rule_21_the_longest_row_goes_first(self) -> None:
        """What fits then stays, each row whole."""
        long = [(92, b"x" * 200)] * 20
        short = [vendor_attribute(2011, 82, b"acl %d" % n) for n in range(5)]
        reply, asked, _ = self.answered(*short, *long)
        assert reply is not None
        assert wire.verified(reply, asked, SECRET)[1:] == short

    def test_rule_21_beside_a_long_row_of_proxy_state(self) -> None:
        """Rules make room for Proxy-State; where even that is not enough there is silence."""
        rules = [vendor_attribute(2011, 82, b"r" * 100) for _ in range(10)]
        reply, asked, _ = self.answered((27, bytes(4)), *rules, states=13)
        assert reply is not None
        assert len(reply) <= 4096
        assert (27, bytes(4)) in wire.verified(reply, asked, SECRET)
        silent, _, port = self.answered(*[(18, b"m" * 250)] * 3, states=15)
        assert silent is None
        assert (port.counters["failed"], port.in_flight) == (1, 0)

    def test_rule_21_pairs_that_are_no_rules_stay(self) -> None:
        """Cisco's pairs hold rules and rates alike: the rules go, the rate stays."""
        rate = [
            vendor_attribute(9, 1, b"ip:sub-qos-policy-in=8M"),
            vendor_attribute(9, 1, b"ip:addr-pool=students"),
        ]
        rules = [vendor_attribute(9, 1, b"ip:inacl#%d=permit ip any host 10.0.0.1" % n) for n in range(100)]
        reply, asked, _ = self.answered(*rate, *rules)
        assert reply is not None
        assert wire.verified(reply, asked, SECRET)[1:] == rate

    def test_rule_21_what_fits_is_sent_as_it_is(self) -> None:
        """A row of rules that fits is not touched."""
        rules = [vendor_attribute(2011, 82, b"acl %d" % n) for n in range(50)]
        reply, asked, port = self.answered(*rules)
        assert reply is not None
        assert wire.verified(reply, asked, SECRET)[1:] == rules
        assert port.counters["shortened"] == 0


class TestRule22:
    """A Reject waits a second and holds nobody up; probes and unknown MACs do not wait."""

    def test_rule_22_reject_waits_and_others_do_not(self, rig: Rig) -> None:
        """One wrong password and a hundred right ones: these are answered at once."""
        rig.auth.datagramReceived(login(0, password=b"wrong"), DEVICE)
        for number in range(1, 101):
            rig.auth.datagramReceived(login(number), DEVICE)
        assert [datagram[0] for datagram, _ in rig.auth_wire.written] == [ACCEPT] * 100
        rig.clock.advance(REJECT_DELAY_SECONDS - 0.01)
        assert len(rig.auth_wire.written) == 100
        rig.clock.advance(0.02)
        assert rig.auth_wire.written[-1][0][:2] == bytes((REJECT, 0))

    def test_rule_22_unknown_mac_is_refused_at_once(self, rig: Rig) -> None:
        """A device that authenticates addresses falls back to its portal the sooner."""
        said = b"a45e60aabbcc"
        rig.auth.datagramReceived(
            login(1, [(6, b"\0\0\0\x0a"), (31, said)], name=said, password=said), DEVICE
        )
        assert [datagram[0] for datagram, _ in rig.auth_wire.written] == [REJECT]

    def test_rule_22_delay_is_no_measure_of_ours(self, rig: Rig) -> None:
        """How long we took is counted up to the verdict."""
        rig.ask(login(password=b"wrong"))
        assert rig.auth.answer_seconds.counts[0] == 1


class TestRule23:
    """Status-Server."""

    def test_rule_23_signed_probe_is_answered_by_the_port(self, rig: Rig) -> None:
        """Access-Accept at the one, Accounting-Response at the other; nothing but the signature in it, nothing in the books."""
        asked = request(b"", code=wire.STATUS_SERVER, sign=True)
        for say, kind in ((rig.ask, ACCEPT), (rig.tell, wire.ACCOUNTING_RESPONSE)):
            reply = say(asked)
            assert reply is not None
            assert reply[0] == kind
            assert [number for number, _ in wire.verified(reply, asked, SECRET)] == [SIGNATURE]
        assert rig.school.attempts() == []
        assert rig.school.sessions() == []

    def test_rule_23_unsigned_probe_is_not(self, rig: Rig) -> None:
        """Without a right Message-Authenticator there is silence at both."""
        for number, asked in enumerate(
            (
                request(b"", code=wire.STATUS_SERVER),
                request(b"", code=wire.STATUS_SERVER, sign=True, secret=b"x"),
            )
        ):
            assert rig.ask(asked) is None, number
            assert rig.tell(asked) is None, number


class TestBlastRadius:
    """§3, CVE-2024-3596."""

    @pytest.mark.parametrize("sign", [True, False])
    @pytest.mark.parametrize("password", [b"pass-word", b"wrong"])
    def test_section_3_every_reply_begins_with_a_signature(
        self, rig: Rig, password: bytes, sign: bool
    ) -> None:
        """Accept and Reject, whether or not the request was signed: attribute 80 first, and right."""
        asked = login(1, password=password, sign=sign)
        reply = rig.ask(asked)
        assert reply is not None
        assert wire.verified(reply, asked, SECRET)[0][0] == SIGNATURE

    def test_section_3_require(self) -> None:
        """Everything must be signed; the line in the log names the device."""
        rig = Rig(message_authenticator=REQUIRE)
        with capturedLogs() as lines:
            assert rig.ask(login(1)) is None
        assert code(rig.ask(login(2, sign=True))) == ACCEPT
        assert [
            (line["nas"], "carries no Message-Authenticator" in line["words"])
            for line in lines
            if "nas" in line
        ] == [("ac1", True)]

    @pytest.mark.parametrize("policy", [AUTO, OFF])
    def test_section_3_proxy_state_without_a_signature(self, policy: MessageAuthenticatorPolicy) -> None:
        """Under `off` and `auto` alike it is dropped, and the event names the device and the attack."""
        rig = Rig(message_authenticator=policy)
        with capturedLogs() as lines:
            assert rig.ask(login(1, [(PROXY_STATE, b"a")])) is None
        assert rig.counted() == {"unsigned_with_proxy_state": 1}
        assert [(line["nas"], "CVE-2024-3596" in line["words"]) for line in lines if "nas" in line] == [
            ("ac1", True)
        ]
        assert code(rig.ask(login(2, [(PROXY_STATE, b"a")], sign=True))) == ACCEPT

    def test_section_3_auto_learns_and_only_tightens(self) -> None:
        """Unsigned is served until the first signed one; from then on unsigned is silence, after a restart too."""
        rig = Rig(message_authenticator=AUTO)
        assert code(rig.ask(login(1))) == ACCEPT
        assert code(rig.ask(login(2, sign=True))) == ACCEPT
        assert rig.ask(login(3)) is None
        rig.school.reload()
        assert rig.ask(login(4)) is None
        assert code(rig.ask(login(5, sign=True))) == ACCEPT

    def test_section_3_eap_and_probes_teach_nothing(self) -> None:
        """Every device signs those: a device that sends only them keeps its unsigned logins."""
        rig = Rig(message_authenticator=AUTO)
        rig.ask(request(b"", code=wire.STATUS_SERVER, sign=True))
        rig.ask(request(wire.packed([(1, NAME), (79, b"\2\1\0\x0d\1" + NAME)]), sign=True, identifier=2))
        assert code(rig.ask(login(3))) == ACCEPT

    def test_section_3_wrong_signature_teaches_nothing(self) -> None:
        """A stranger who forges a signature cannot lock a device out."""
        rig = Rig(message_authenticator=AUTO)
        assert rig.ask(login(1, sign=True, secret=b"forged")) is None
        assert code(rig.ask(login(2))) == ACCEPT

    def test_section_3_learned_for_the_address_where_a_device_is_a_network(self) -> None:
        """In a network of devices one that signs binds itself alone."""
        rig = Rig(message_authenticator=AUTO, address=ip_network("192.0.2.0/24"))
        signing, other = ("192.0.2.5", 1), ("192.0.2.6", 1)
        assert code(rig.ask(login(1, sign=True), signing)) == ACCEPT
        assert rig.ask(login(2), signing) is None
        assert code(rig.ask(login(3), other)) == ACCEPT

    def test_section_3_accounting_is_not_affected(self) -> None:
        """Its authenticator is a digest of everything: no signature is asked for, Proxy-State or not."""
        rig = Rig(message_authenticator=REQUIRE)
        assert rig.tell(report(more=[(PROXY_STATE, b"a")])) is not None

    def test_section_3_signature_that_is_not_first_in_a_request_counts_all_the_same(self, rig: Rig) -> None:
        """Devices put it anywhere."""
        asked = access(1, (1, NAME), sign=True)
        assert asked[20] == SIGNATURE
        assert code(rig.ask(asked)) == REJECT
        assert rig.ask(pap(wire.packed([(SIGNATURE, bytes(16))]), identifier=2)) is None
