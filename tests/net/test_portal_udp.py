"""The portal's socket: logins and logouts at a scripted device, how many at once, notices, the end."""

from __future__ import annotations

from itertools import count

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.net.wires import STRANGER, Finder, a_clock, a_wire
from tests.portal.device import KEY, answer
from tests.vendors.examples import a_nas
from zhuomai_appliance.model.network import Nas, PortalAuth, Vendor
from zhuomai_appliance.net.portal_udp import IN_FLIGHT_PER_NAS, WAITING_PER_NAS, PortalProtocol
from zhuomai_appliance.portal.heartbeat import Notice
from zhuomai_appliance.portal.packet import (
    AttributeKind,
    Kind,
    PortalPacket,
    decode,
    encode_request,
    is_authentic_request,
)
from zhuomai_appliance.portal.terms import Ending, Outcome, Timings

HOST = "192.0.2.1"
DEVICE = (HOST, 2000)
IP = "10.9.0.7"


class PortalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.nas = a_nas(portal_secret=KEY, vendor=Vendor.HUAWEI_CAMPUS)
        self.notices: list[tuple[Nas, Notice]] = []
        self.finder = Finder(self.nas)
        self.port = PortalProtocol(
            self.finder, clocks, count(1).__next__, lambda nas, notice: self.notices.append((nas, notice))
        )
        self.wire = a_wire(self.port)

    def login(self, nas: Nas | None = None, ip: str = IP) -> Deferred[Outcome]:
        return self.port.login(nas or self.nas, ip, "stu2026", b"one-time-secret")

    def asked(self) -> list[PortalPacket]:
        """What the device has heard since the last look."""
        written, self.wire.written = self.wire.written, []
        assert all(addr == DEVICE for _, addr in written)
        return [decode(datagram) for datagram, _ in written]

    def hear(self, datagram: bytes, addr: tuple[str, int] = DEVICE) -> None:
        self.port.datagramReceived(datagram, addr)

    def play(self, *error_codes: int) -> list[Kind]:
        """Answer everything the device is asked with success, or each REQ_AUTH with the next code; the kinds asked."""
        codes, kinds = list(error_codes), []
        while packets := self.asked():
            for packet in packets:
                kinds.append(packet.kind)
                if packet.kind in (Kind.REQ_CHALLENGE, Kind.REQ_AUTH, Kind.REQ_LOGOUT):
                    code = codes.pop(0) if codes and packet.kind is Kind.REQ_AUTH else 0
                    self.hear(answer(packet, code))
        return kinds

    # Logins -------------------------------------------------------------------------------------------------------------

    def test_login(self) -> None:
        """Challenge, authentication, affirmation; the Deferred tells that the client is online."""
        done = self.login()
        self.assertEqual(self.play(), [Kind.REQ_CHALLENGE, Kind.REQ_AUTH, Kind.AFF_ACK_AUTH])
        self.assertIs(self.successResultOf(done).ending, Ending.ONLINE)

    def test_pap_needs_no_challenge(self) -> None:
        """A device set to PAP gets the secret at once, in version 1 too."""
        for version in (1, 2):
            done = self.login(a_nas(portal_secret=KEY, portal_auth=PortalAuth.PAP, portal_version=version))
            self.assertEqual(self.play(), [Kind.REQ_AUTH, Kind.AFF_ACK_AUTH])
            self.assertIs(self.successResultOf(done).ending, Ending.ONLINE)

    def test_what_the_protocol_cannot_say(self) -> None:
        """A name too long for it, or no IPv4 address, is the end of that login and takes nobody's place."""
        pap = a_nas(portal_secret=KEY, portal_auth=PortalAuth.PAP)
        for nas, ip, name in (
            (pap, IP, "张" * 100),
            (self.nas, IP, "张" * 100),
            (self.nas, "2001:db8::7", "zhang"),
        ):
            for _ in range(IN_FLIGHT_PER_NAS):
                done = self.port.login(nas, ip, name, b"one-time-secret")
                self.play()
                self.assertIs(self.successResultOf(done).ending, Ending.DEVICE_FAILED)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.test_login()

    def test_refusal_carries_the_code(self) -> None:
        """What the device says is what the flow gets."""
        done = self.login()
        self.play(1)
        outcome = self.successResultOf(done)
        self.assertEqual((outcome.ending, outcome.error_code), (Ending.REFUSED, 1))

    def test_silent_device(self) -> None:
        """A device that says nothing is asked three times, told to forget the login, and the flow hears of the timeout."""
        done = self.login()
        for _ in range(12):
            self.clock.advance(1)
        self.assertIs(self.successResultOf(done).ending, Ending.TIMEOUT)
        kinds = [packet.kind for packet in self.asked()]
        self.assertEqual(kinds.count(Kind.REQ_CHALLENGE), 3)
        self.assertEqual(self.port.counters["ended_timeout"], 1)

    def test_answer_to_a_repeated_request(self) -> None:
        """One lost datagram is mended by the repetition two seconds later."""
        done = self.login()
        self.asked()
        self.clock.advance(2)
        self.play()
        self.assertIs(self.successResultOf(done).ending, Ending.ONLINE)

    def test_forged_answers_do_nothing(self) -> None:
        """An answer from elsewhere, under another key or with another serial number changes nothing."""
        done = self.login()
        (challenge,) = self.asked()
        good = answer(challenge)
        self.hear(good, STRANGER)
        self.hear(answer(challenge, key=b"other"))
        self.hear(answer(challenge, serial=challenge.serial + 1))
        self.hear(good[:15])
        self.hear(good[:-1])
        self.assertEqual(self.asked(), [])
        self.assertNoResult(done)
        counters = self.port.counters
        self.assertEqual((counters["unknown_nas"], counters["unasked"], counters["malformed"]), (1, 1, 1))
        self.hear(good)
        self.assertEqual([packet.kind for packet in self.asked()], [Kind.REQ_AUTH])

    def test_late_repetition_is_affirmed_again(self) -> None:
        """A finished login still answers the device that did not hear the affirmation, and is forgotten in the end."""
        done = self.login()
        (challenge,) = self.asked()
        self.hear(answer(challenge))
        (auth,) = self.asked()
        for _ in range(2):
            self.hear(answer(auth))
            self.assertEqual([packet.kind for packet in self.asked()], [Kind.AFF_ACK_AUTH])
        self.successResultOf(done)
        self.clock.advance(Timings().linger_seconds + 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.hear(answer(auth))
        self.assertEqual((self.asked(), self.port.counters["unasked"]), ([], 1))

    def test_logins_at_once_are_told_apart(self) -> None:
        """Two logins share the socket; each hears its own answer, in whatever order they come."""
        first, second = self.login(ip="10.9.0.1"), self.login(ip="10.9.0.2")
        one, two = self.asked()
        self.assertNotEqual(one.serial, two.serial)
        self.hear(answer(two))
        self.hear(answer(one))
        auth_two, auth_one = self.asked()
        self.hear(answer(auth_one, 1))
        self.hear(answer(auth_two))
        self.assertIs(self.successResultOf(first).ending, Ending.REFUSED)
        self.assertIs(self.successResultOf(second).ending, Ending.ONLINE)

    def test_serial_in_use_is_not_taken(self) -> None:
        """Zero and a number that another dialogue of the device has are passed over."""
        _, clocks = a_clock()
        numbers = iter([0, 5, 5, 0, 6])
        port = PortalProtocol(self.finder, clocks, numbers.__next__, lambda nas, notice: None)
        wire = a_wire(port)
        for number in (1, 2):
            port.login(self.nas, f"10.9.0.{number}", "stu", b"x")
        self.assertEqual([decode(datagram).serial for datagram, _ in wire.written], [5, 6])

    # How many at once ---------------------------------------------------------------------------------------------------

    def test_in_flight_is_bounded_and_the_rest_waits(self) -> None:
        """A hundred logins run at a device; the next ones begin as others end, in their order; none is lost."""
        done = [self.login(ip=f"10.9.{n // 200}.{n % 200 + 1}") for n in range(IN_FLIGHT_PER_NAS + 50)]
        running = self.asked()
        self.assertEqual(len(running), IN_FLIGHT_PER_NAS)
        self.hear(answer(running[0], 1))
        (following,) = self.asked()
        self.assertEqual(following.user_ip, f"10.9.{IN_FLIGHT_PER_NAS // 200}.{IN_FLIGHT_PER_NAS % 200 + 1}")
        for packet in (*running[1:], following):
            self.hear(answer(packet))
        self.play()
        endings = [self.successResultOf(one).ending for one in done]
        self.assertEqual(endings.count(Ending.ONLINE), IN_FLIGHT_PER_NAS + 49)

    def test_other_device_does_not_wait(self) -> None:
        """The bound is by device: a full one holds up nobody elsewhere."""
        for number in range(IN_FLIGHT_PER_NAS + 1):
            self.login(ip=f"10.9.0.{number + 1}")
        self.wire.written.clear()
        self.login(a_nas(id=2, portal_secret=KEY, portal_port=2001))
        self.assertEqual([addr for _, addr in self.wire.written], [(HOST, 2001)])

    def test_queue_is_bounded(self) -> None:
        """Beyond the queue a login is told at once that the device is busy."""
        for _ in range(IN_FLIGHT_PER_NAS + WAITING_PER_NAS):
            self.login()
        self.assertIs(self.successResultOf(self.login()).ending, Ending.BUSY)
        self.assertEqual(self.port.counters["refused_busy"], 1)

    # Logouts ------------------------------------------------------------------------------------------------------------

    def test_logout(self) -> None:
        """REQ_LOGOUT and its answer; a silent device ends in a timeout."""
        done = self.port.logout(self.nas, IP, "a4:5e:60:aa:bb:cc")
        self.assertEqual(self.play(), [Kind.REQ_LOGOUT])
        self.assertIs(self.successResultOf(done).ending, Ending.OFFLINE)
        done = self.port.logout(self.nas, IP, None)
        for _ in range(10):
            self.clock.advance(1)
        self.assertIs(self.successResultOf(done).ending, Ending.TIMEOUT)

    # Notices ------------------------------------------------------------------------------------------------------------

    def notice(self, key: bytes = KEY, ip: str = IP, serial: int = 9) -> bytes:
        return encode_request(
            Kind.NTF_LOGOUT,
            version=2,
            key=key,
            serial=serial,
            user_ip=ip,
            attributes=((AttributeKind.TEXT_INFO, b"idle"),),
        )

    def test_notice_is_answered_each_time_and_told_once(self) -> None:
        """NTF_LOGOUT draws ACK_NTF_LOGOUT to where it came from, also when repeated; the flow hears of it once."""
        for port in (2000, 50123):
            self.hear(self.notice(), (HOST, port))
        self.assertEqual([addr for _, addr in self.wire.written], [(HOST, 2000), (HOST, 50123)])
        self.assertEqual({decode(datagram).kind for datagram, _ in self.wire.written}, {Kind.ACK_NTF_LOGOUT})
        ((nas, notice),) = self.notices
        self.assertEqual(
            (nas, notice.kind, notice.user_ip, notice.text), (self.nas, Kind.NTF_LOGOUT, IP, "idle")
        )

    def test_notice_of_a_stranger_or_under_another_key(self) -> None:
        """Nobody else can log a client out."""
        self.hear(self.notice(), STRANGER)
        self.hear(self.notice(key=b"other"))
        self.assertEqual((self.wire.written, self.notices), ([], []))

    def test_signs_of_life(self) -> None:
        """Devices that count on it hear from us, single hosts of version 2 alone, under their key."""
        h3c = a_nas(id=2, vendor=Vendor.H3C, portal_secret=KEY, portal_port=2001)
        self.port.beat([self.nas, h3c, a_nas(), a_nas(vendor=Vendor.H3C, portal_version=1)])
        heard = {addr: decode(datagram) for datagram, addr in self.wire.written}
        self.assertEqual(
            {addr: packet.kind for addr, packet in heard.items()},
            {(HOST, 2000): Kind.STATUS_NOTIFY, (HOST, 2001): Kind.NTF_HEARTBEAT},
        )
        self.assertTrue(all(is_authentic_request(packet, KEY) for packet in heard.values()))

    # The end ------------------------------------------------------------------------------------------------------------

    def test_stop_ends_what_runs_and_what_waits(self) -> None:
        """When the socket closes every login is told, none begins any more, and no timer stays."""
        done = [self.login(ip=f"10.9.0.{n % 250 + 1}") for n in range(IN_FLIGHT_PER_NAS + 20)]
        sent = len(self.wire.written)
        self.port.stopProtocol()
        self.assertEqual({self.successResultOf(one).ending for one in done}, {Ending.TIMEOUT})
        self.assertEqual((len(self.wire.written), self.clock.getDelayedCalls()), (sent, []))
