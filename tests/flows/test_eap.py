"""802.1X conversations: who gets in by which name, and everything that a hostile or broken device does on the way."""

from __future__ import annotations

from typing import Any

from tests.flows.dot1x import WIRED, ConversationCase, Supplicant, with_quirks
from tests.flows.school import (
    DAY,
    LAPTOP,
    PHONE,
    PHONE_IP,
    RATE,
    School,
    first,
    huawei_number,
    number,
)
from tests.radius.eap_devices import ms_chap_v2_answer
from tests.radius.tls_peer import Peer
from zhuomai_appliance.flows import class_token
from zhuomai_appliance.flows.eap import Ended
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind
from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.eap import EapCode
from zhuomai_appliance.radius.eap_ttls import avp
from zhuomai_appliance.radius.packet import Code, vendor_attribute
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import accounts, network


def keys_of(answer: AccessAnswer) -> dict[int, bytes]:
    return {value.number: value.clear for value in answer.hidden}


class LoginTests(ConversationCase):
    def test_accept_carries_success_keys_and_the_plan(self) -> None:
        """Rates, Session-Timeout, interim interval, Class and the keys stand beside EAP-Success."""
        device = Supplicant(self.school)
        answer = device.ms_chap()
        self.assertIs(answer.code, Code.ACCESS_ACCEPT)
        self.assertIs(device.request.code, EapCode.SUCCESS)
        self.assertEqual(number(answer, 27), 30 * DAY)
        self.assertEqual((huawei_number(answer, 2), huawei_number(answer, 5)), (RATE.up_bps, RATE.down_bps))
        self.assertEqual(class_token.read(self.school.vault, first(answer, 25)), self.account_id)
        self.assertEqual({at: len(key) for at, key in keys_of(answer).items()}, {16: 32, 17: 32})
        self.assertEqual(self.school.attempts(), [(1, "")])

    def test_whoever_is_inside_is_billed(self) -> None:
        """The name proved inside is looked up, recorded, and told to the device for its accounting."""
        device = Supplicant(self.school, "anonymous@campus")
        answer = device.ttls(Peer())
        self.assertEqual(first(answer, 1), b"20260001")
        self.assertEqual(class_token.read(self.school.vault, first(answer, 25)), self.account_id)
        self.assertEqual(self.newest()[:4], (1, "", "20260001", "eap-ttls/pap"))

    def test_challenges_are_no_attempts(self) -> None:
        """What is recorded is how it ended."""
        device = Supplicant(self.school)
        device.identify()
        device.respond(eap.NAK, bytes((eap.MSCHAPV2,)))
        self.assertEqual(self.school.attempts(), [])
        device.respond(eap.MSCHAPV2, b"\2")
        self.assertEqual(len(self.school.attempts()), 1)

    def test_eap_start_is_asked_for_its_name(self) -> None:
        """An empty EAP-Message makes us begin (RFC 3579 §2.1)."""
        device = Supplicant(self.school)
        device.send(b"")
        self.assertEqual((device.request.code, device.request.kind), (EapCode.REQUEST, eap.IDENTITY))
        device.respond(eap.IDENTITY, b"20260001")
        self.assertEqual(device.request.kind, eap.PEAP)

    def test_a_device_that_starts_before_it_knows_a_name(self) -> None:
        """User-Name comes with the identity; another terminal does not take the conversation over meanwhile."""
        device = Supplicant(self.school, user_name="")
        device.send(b"")
        device.user_name, device.mac = device.name, LAPTOP
        state = device.state
        device.respond(eap.IDENTITY, b"20260001")
        self.assert_failed(device)
        device = Supplicant(self.school, user_name="")
        device.send(b"")
        self.assertNotEqual(device.state, state)
        device.user_name = device.name
        device.respond(eap.IDENTITY, b"20260001")
        self.assertEqual(device.request.kind, eap.PEAP)

    def test_the_rules_are_asked_at_the_end(self) -> None:
        """Whoever has nothing left proves his password and is failed, with one record of why."""
        self.school.person("poor")
        device = Supplicant(self.school, "poor")
        device.ms_chap()
        self.assert_failed(device)
        self.assertEqual(self.newest()[:3], (0, "no_plan", "poor"))

    def test_an_account_that_is_locked_meanwhile(self) -> None:
        """Between the last proof and the end of PEAP."""
        device = Supplicant(self.school)
        device.want(eap.MSCHAPV2)
        answer = ms_chap_v2_answer(device.request.data, b"20260001", b"pass-word")
        device.respond(eap.MSCHAPV2, answer)
        self.school.write(lambda tx: accounts.set_lock(tx, self.account_id, 0, "lost his phone"))
        device.respond(eap.MSCHAPV2, device.request.data[:1])
        self.assert_failed(device)
        self.assertEqual(self.newest()[:2], (0, "account_locked"))

    def test_an_account_that_expires_meanwhile(self) -> None:
        """What counts is how it stands when the conversation ends."""
        peer, device = Peer(), Supplicant(self.school)
        device.shake(peer)
        self.school.sql("DELETE FROM entitlement")
        device.respond(eap.TTLS, b"\0" + peer.say(avp((0, 1), b"20260001") + avp((0, 2), b"pass-word")))
        self.assert_failed(device)

    def test_a_wrong_password_is_counted(self) -> None:
        """By the same count as everywhere: the sixth try within a quarter of an hour waits, a right one too."""
        for _ in range(5):
            device = Supplicant(self.school)
            device.ms_chap("guess")
            self.assert_failed(device)
        self.assertEqual(self.newest()[1], "bad_credentials")
        device = Supplicant(self.school)
        device.ms_chap()
        self.assert_failed(device)
        self.assertEqual(self.newest()[1], "wait_before_retry")

    def test_a_blocked_device_is_failed_at_once(self) -> None:
        """No tunnel is built for what no proof could change."""
        school = self.school
        entry = AccessListEntry(school.project, ListKind.MAC, ListAction.DENY, PHONE, "lost", None, "boss")
        school.write(lambda tx: network.put_list_entry(tx, entry, school.now()))
        school.reload()
        device = Supplicant(school)
        device.identify()
        self.assert_failed(device, 1)
        self.assertEqual(self.newest()[1], "device_blocked")

    def test_a_one_time_secret_of_the_portal_is_none_here(self) -> None:
        """It would be used up by whoever heard it."""
        school, nas_id = self.school, self.school.nas.id
        sealed = school.vault.seal(b"once", accounts.portal_context(self.account_id, nas_id, PHONE_IP))
        school.write(
            lambda tx: accounts.add_portal_secret(
                tx, project_id=school.project, account_id=self.account_id, nas_id=nas_id, user_ip=PHONE_IP, mac=PHONE,
                secret_sealed=sealed, secret=b"once", at=school.now(), expires_at=school.now() + 60,
            )
        )  # fmt: skip
        device = Supplicant(school, says=(vendor_attribute(2011, 153, integer_value(3)),))
        device.ms_chap("once")
        self.assert_failed(device)
        self.assertEqual(self.newest()[1], "bad_credentials")
        self.assertIs(school.login(password="once").code, Code.ACCESS_ACCEPT)


class SecretTests(ConversationCase):
    def test_no_repr_shows_a_secret(self) -> None:
        """Of a conversation on its way, of one that has ended, and of the answer: neither password, nor keys, nor State."""
        ended: list[object] = []
        desk, real = self.school.access.eap, self.school.access.eap.answer

        def answer(*asked: Any) -> Any:
            said = real(*asked)
            ended.append(said)
            return said

        self.patch(desk, "answer", answer)
        device = Supplicant(self.school, "anonymous")
        told = device.ttls(Peer())
        assert isinstance(ended[-1], Ended)
        self.assertIs(told.code, Code.ACCESS_ACCEPT)
        secrets = [*keys_of(told).values(), ended[-1].keys, b"pass-word"]
        assert ended[-1].talk is not None
        secrets.append(ended[-1].talk.words)
        for shown in (*ended, ended[-1].talk, ended[-1].talk.method, told.hidden, ended[-1].attempt):
            words = repr(shown)
            for secret in secrets:
                self.assertGreater(len(secret), 8)
                self.assertNotIn(repr(secret)[2:-1], words)
                self.assertNotIn(secret.hex(), words)


class RealmTests(ConversationCase):
    def test_the_realm_inside_is_that_outside(self) -> None:
        """Else somebody let in for one realm would log in as of another."""
        device = Supplicant(self.school, "anonymous@one.example")
        device.ttls(Peer(), "20260001@two.example")
        self.assert_failed(device)
        self.assertEqual(self.newest()[1], "realm_refused")
        device = Supplicant(self.school, "anonymous@ONE.example")
        self.assertIs(device.ttls(Peer(), "20260001@one.example").code, Code.ACCESS_ACCEPT)

    def test_a_realm_on_one_side_alone(self) -> None:
        """Is nobody's contradiction."""
        for outside, inside in (("anonymous", "20260001@one.example"), ("anonymous@one.example", "20260001")):
            device = Supplicant(self.school, outside)
            self.assertIs(device.ttls(Peer(), inside).code, Code.ACCESS_ACCEPT)


class MethodTests(ConversationCase):
    def test_order_of_offers(self) -> None:
        """PEAP first, unless the device's quirk has it otherwise."""
        device = Supplicant(self.school)
        device.identify()
        self.assertEqual(device.request.kind, eap.PEAP)
        device = Supplicant(self.school, nas=with_quirks(self.school.nas, eap_methods="ttls peap"))
        device.identify()
        self.assertEqual(device.request.kind, eap.TTLS)

    def test_nak_is_heard_once(self) -> None:
        """The second one is the end (RFC 3748 §5.3)."""
        device = Supplicant(self.school)
        device.want(eap.TTLS)
        self.assertEqual(device.request.kind, eap.TTLS)
        device.respond(eap.NAK, bytes((eap.MSCHAPV2,)))
        self.assert_failed(device)

    def test_nak_to_everything(self) -> None:
        """No common method: EAP-Failure, and the log says what was wanted."""
        for wanted in (b"\0", bytes((eap.MD5_CHALLENGE, 43)), b""):
            device = Supplicant(self.school)
            device.identify()
            device.respond(eap.NAK, wanted)
            self.assert_failed(device)
            self.assertIn("wants EAP types", self.newest()[4])

    def test_nak_to_nothing(self) -> None:
        """Before any method was offered, and after it was taken up."""
        device = Supplicant(self.school)
        device.send(eap.response(1, eap.NAK, bytes((eap.TTLS,))))
        self.assert_failed(device)
        device = Supplicant(self.school)
        device.identify()
        device.respond(eap.PEAP, b"\0" + Peer().step())
        device.respond(eap.NAK, bytes((eap.TTLS,)))
        self.assert_failed(device)

    def test_md5_by_wire_and_by_leave(self) -> None:
        """It gives no keys: never on Wi-Fi; on wired ports where the device's quirk allows it."""
        nas = self.school.nas
        allowed = with_quirks(nas, eap_md5=True)
        answer = Supplicant(self.school, nas=allowed, port=WIRED).md5()
        self.assertIs(answer.code, Code.ACCESS_ACCEPT)
        self.assertEqual(answer.hidden, ())
        self.assertIs(Supplicant(self.school, nas=allowed, port=WIRED).md5("x").code, Code.ACCESS_REJECT)
        self.assertIs(Supplicant(self.school, nas=allowed).md5().code, Code.ACCESS_REJECT)
        self.assertIs(Supplicant(self.school, nas=nas, port=WIRED).md5().code, Code.ACCESS_REJECT)

    def test_without_a_certificate(self) -> None:
        """No tunnel is offered; what needs none still is."""
        school = School()
        school.person("20260001", school.plan())
        device = Supplicant(school)
        device.identify()
        self.assertEqual(device.request.kind, eap.MSCHAPV2)
        device = Supplicant(school, nas=with_quirks(school.nas, eap_methods="peap"))
        device.identify()
        self.assert_failed(device)


class ResumptionTests(ConversationCase):
    def again(self, version: str = "TLSv1.2") -> tuple[Supplicant, Peer]:
        """A device that got in, and comes back with the session of then."""
        peer = Peer(version)
        self.assertIs(Supplicant(self.school, "anonymous").ttls(peer).code, Code.ACCESS_ACCEPT)
        peer.keep()
        peer.connect()
        return Supplicant(self.school, "anonymous"), peer

    def test_comes_back_under_the_name_inside(self) -> None:
        """Without the password, with the plan's terms as they are now."""
        device, peer = self.again()
        device.shake(peer)
        self.assertIs(device.answer.code, Code.ACCESS_ACCEPT)
        self.assertEqual(first(device.answer, 1), b"20260001")
        self.assertEqual({len(key) for key in keys_of(device.answer).values()}, {32})
        self.assertEqual(self.newest()[:4], (1, "", "20260001", "eap-ttls/resumed"))

    def test_is_judged_anew(self) -> None:
        """A session spares the password, not the plan."""
        device, peer = self.again()
        self.school.sql("DELETE FROM entitlement")
        device.shake(peer)
        self.assert_failed(device)
        self.assertEqual(self.newest()[1], "no_plan")

    def test_a_locked_account_does_not_come_back(self) -> None:
        """A session spares the password, not the lock; unlocked, its account has to be proved anew."""
        for version in ("TLSv1.2", "TLSv1.3"):
            device, peer = self.again(version)
            self.school.write(lambda tx: accounts.set_lock(tx, self.account_id, 0, "lost his phone"))
            device.shake(peer)
            device.respond(eap.TTLS, b"\0" + peer.say(avp((0, 1), b"20260001") + avp((0, 2), b"pass-word")))
            self.assert_failed(device)
            self.assertEqual(self.newest()[:3], (0, "account_locked", "20260001"))
            self.school.write(lambda tx: accounts.set_lock(tx, self.account_id, None, ""))

    def test_another_password_ends_it(self) -> None:
        """Who lost a device changes the password, and the device is asked for it."""
        device, peer = self.again()
        self.school.write(
            lambda tx: accounts.set_password(
                tx, self.school.vault, self.account_id, "another", at=self.school.now()
            )
        )
        device.shake(peer)
        self.assertIs(device.answer.code, Code.ACCESS_CHALLENGE)
        said = avp((0, 1), b"20260001") + avp((0, 2), b"pass-word")
        device.respond(eap.TTLS, b"\0" + peer.say(said))
        self.assert_failed(device)
