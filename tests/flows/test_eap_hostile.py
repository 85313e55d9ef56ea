"""802.1X against broken and hostile devices: nothing is raised, nobody gets in, and nobody pays for another's floods."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.dot1x import ConversationCase, Supplicant, with_tls
from tests.flows.school import LAPTOP, School, first, reason
from tests.radius.eap_devices import ms_chap_v2_answer
from tests.radius.tls_peer import Peer
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows.eap_talks import MOST_ROUNDS, TALK_SECONDS, Talk, Talks
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.eap_ttls import avp
from zhuomai_appliance.radius.packet import Code


class HostileTests(ConversationCase):
    def test_state_is_good_once(self) -> None:
        """A State that was answered is used up, whether it is played back or used again."""
        device = Supplicant(self.school)
        device.identify()
        used = device.state
        device.respond(eap.NAK, bytes((eap.MSCHAPV2,)))
        self.assertNotEqual(device.state, used)
        assert used is not None
        self.assertGreaterEqual(len(used), 16)
        device.send(eap.response(2, eap.NAK, bytes((eap.MSCHAPV2,))), state=used)
        self.assert_failed(device)

    def test_unknown_state(self) -> None:
        """A guess is no conversation."""
        device = Supplicant(self.school)
        device.send(eap.response(1, eap.IDENTITY, b"20260001"), state=bytes(16))
        self.assert_failed(device, 1)
        self.assertEqual(self.newest()[:2], (0, "malformed"))

    def test_state_of_another(self) -> None:
        """Neither another station, nor another name, nor another access device goes on with it; its owner does."""
        device = Supplicant(self.school)
        device.identify()
        response, state = eap.response(2, eap.NAK, bytes((eap.MSCHAPV2,))), device.state
        for thief in (
            Supplicant(self.school, mac=LAPTOP),
            Supplicant(self.school, user_name="other"),
            Supplicant(self.school, nas=replace(self.school.nas, id=NasId(77))),
        ):
            thief.send(response, state=state)
            self.assert_failed(thief)
        device.send(response)
        self.assertEqual(device.request.kind, eap.MSCHAPV2)

    def test_state_grows_old(self) -> None:
        """Who answers after a minute begins anew."""
        device = Supplicant(self.school)
        device.identify()
        self.school.clock.advance(TALK_SECONDS)
        device.respond(eap.NAK, bytes((eap.MSCHAPV2,)))
        self.assert_failed(device)

    def test_another_identifier(self) -> None:
        """A response to a request that was not the last one."""
        device = Supplicant(self.school)
        device.identify()
        device.send(eap.response(device.request.identifier + 1, eap.NAK, bytes((eap.MSCHAPV2,))))
        self.assert_failed(device)

    def test_two_conversations_interleaved(self) -> None:
        """Of two people at one access point: each has its own, and both get in."""
        self.school.person("20260002", self.school.plan())
        one, other = Supplicant(self.school), Supplicant(self.school, "20260002", mac=LAPTOP)
        first_peer, second_peer = Peer(), Peer("TLSv1.2")
        one.shake(first_peer)
        other.shake(second_peer)
        for device, peer in ((one, first_peer), (other, second_peer)):
            inside = avp((0, 1), device.name.encode()) + avp((0, 2), b"pass-word")
            device.respond(eap.TTLS, b"\0" + peer.say(inside))
            self.assertEqual(first(device.answer, 1), device.name.encode())

    def test_broken_packets(self) -> None:
        """Wrong lengths, no response, no Type, no identity: refused, recorded, and nothing raised."""
        for packet in (
            b"\2", b"\2\1\0\5", b"\2\1\0\4", b"\2\1\0\3\1", b"\2\1\xff\xff\1x", b"\7\1\0\5\1",
            eap.request(1, eap.IDENTITY, b"x"), eap.success(1), eap.failure(1),
            eap.response(1, eap.IDENTITY, b""), eap.response(1, eap.IDENTITY, b"x" * 300),
            eap.response(1, eap.PEAP, b"\0"),
        ):  # fmt: skip
            device = Supplicant(self.school)
            device.send(packet)
            self.assert_failed(device)
        self.assertEqual({why for _, why in self.school.attempts()}, {"malformed"})

    def test_start_amid_a_conversation(self) -> None:
        """Ends it."""
        device = Supplicant(self.school)
        device.identify()
        device.send(b"")
        self.assert_failed(device)

    def test_fragments_without_end(self) -> None:
        """A message of a tunnel is put together up to 16 KiB, and a conversation has its rounds."""
        for size, flags in ((1000, b"\x40"), (0, b"\x40"), (10, b"\xc0\x7f\xff\xff\xff")):
            device = Supplicant(self.school)
            device.identify()
            for _ in range(MOST_ROUNDS + 1):
                if device.answer.code is not Code.ACCESS_CHALLENGE:
                    break
                device.respond(eap.PEAP, flags + bytes(size))
            self.assert_failed(device)
            self.assertEqual(len(self.school.access.eap.talks), 0)

    def test_rounds_are_bounded(self) -> None:
        """Acknowledging for ever is no way to stay."""
        peer, device = Peer(), Supplicant(self.school)
        device.shake(peer)
        rounds = 0
        while device.answer.code is Code.ACCESS_CHALLENGE:
            device.respond(eap.TTLS, b"\0")
            rounds += 1
            self.assertLessEqual(rounds, MOST_ROUNDS)
        self.assert_failed(device)

    def test_no_more_are_open_than_may_be(self) -> None:
        """Whoever begins and never goes on pushes out his own; who logs in meanwhile at another device gets in."""
        school = with_tls(School(), conversations=8)
        school.person("20260001", school.plan())
        calm = Supplicant(school, nas=replace(school.nas, id=NasId(77)))
        calm.want(eap.MSCHAPV2)
        loud = [Supplicant(school, mac=f"a4:5e:60:00:00:{number:02x}") for number in range(40)]
        for device in loud:
            device.identify()
        talks = school.access.eap.talks
        self.assertEqual((len(talks), talks.evicted), (8, 33))
        loud[0].respond(eap.NAK, bytes((eap.MSCHAPV2,)))
        self.assert_failed(loud[0])
        self.assertIs(loud[-1].respond(eap.NAK, bytes((eap.MSCHAPV2,))).code, Code.ACCESS_CHALLENGE)
        calm.respond(eap.MSCHAPV2, ms_chap_v2_answer(calm.request.data, calm.name.encode(), b"pass-word"))
        calm.respond(eap.MSCHAPV2, calm.request.data[:1])
        self.assertIs(calm.answer.code, Code.ACCESS_ACCEPT)

    def test_rule_09_one_kind_of_credential(self) -> None:
        """EAP beside a password is neither, and two States are none."""
        device = Supplicant(self.school)
        device.send(eap.response(1, eap.IDENTITY, b"20260001"), (2, bytes(16)))
        self.assertIs(device.answer.code, Code.ACCESS_REJECT)
        device.identify()
        device.send(eap.response(2, eap.NAK, b"\x1a"), (24, b"another"))
        self.assertIs(device.answer.code, Code.ACCESS_REJECT)

    def test_rule_10_state_alone(self) -> None:
        """A State of ours without EAP is no credential."""
        device = Supplicant(self.school)
        device.identify()
        packet = a_packet([(1, b"20260001"), (24, device.state or b"")])
        self.assertEqual(reason(self.school.ask(packet, None)), "malformed")


class TableTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.talks = Talks(self.school.entropy, self.school.clock.seconds, most=10)

    def begin(self, nas_id: int) -> bytes:
        return self.talks.keep(NasId(nas_id), Talk(("mac", "name")))

    def test_who_has_most_makes_room(self) -> None:
        """A device that begins and never ends takes its own oldest places, nobody else's."""
        quiet = [self.begin(1) for _ in range(3)]
        loud = [self.begin(2) for _ in range(100)]
        self.assertEqual(len(self.talks), 10)
        self.assertEqual(self.talks.evicted, 93)
        for state in quiet:
            self.assertIsNotNone(self.talks.take(NasId(1), state, ("mac", "name")))
        self.assertIsNone(self.talks.take(NasId(2), loud[0], ("mac", "name")))
        self.assertIsNotNone(self.talks.take(NasId(2), loud[-1], ("mac", "name")))

    def test_what_was_never_ended_goes(self) -> None:
        """The table is empty again a minute after a flood, as soon as anybody begins."""
        for nas_id in range(5):
            self.begin(nas_id)
        self.school.clock.advance(TALK_SECONDS + 5)
        self.begin(9)
        self.assertEqual(len(self.talks), 1)
        self.assertEqual(self.talks.evicted, 0)


SCHOOL = with_tls(School())


@settings(max_examples=80)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.binary(max_size=60)), min_size=1, max_size=6))
def test_whatever_a_device_sends_it_is_answered(packets: list[tuple[bool, int, bytes]]) -> None:
    """A challenge or a refusal, never an exception, and never an Accept without a proof."""
    device = Supplicant(SCHOOL)
    device.identify()
    for rightly, kind, data in packets:
        packet = eap.response(device.request.identifier, kind, data) if rightly else bytes((2, kind)) + data
        answer = device.send(packet)
        assert answer.code in (Code.ACCESS_CHALLENGE, Code.ACCESS_REJECT)
