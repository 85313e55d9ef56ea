"""Ending and changing sessions at their devices: ACK, NAK and silence are three different things."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from unittest.mock import patch

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, INTERIM, LAPTOP, NOW, PHONE, RATE, START, STOP, School
from zhuomai_appliance.flows import disconnect, effects
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.pacing import WINDOW
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.flows.session_admin import Asked, SessionAdmin
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import Nas, ProjectId, Vendor
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store.interface import Condition

SILENT = ControlResult(ControlOutcome.SILENT, None)


def nak(cause: int | None) -> ControlResult:
    return ControlResult(ControlOutcome.NAK, cause)


class OneSession(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.plan())
        self.start()

    def start(self) -> None:
        self.school.report(START)

    def end(self, *script: ControlResult) -> None:
        """Ask for the session's end and let the devices answer by script."""
        school = self.school
        school.control.script = list(script)
        school.write(lambda tx: effects.end_session(tx, SessionId(1), school.project, "kicked", school.now()))
        school.dispatch()

    def state(self) -> tuple[str, str]:
        ((_, state, said),) = [row for row in self.school.effects() if row[0] == "disconnect:1"]
        return state, said

    def closed_by(self) -> str | None:
        return self.school.sessions()[0][5]


class DisconnectTests(OneSession):
    def test_ack_waits_for_the_stop(self) -> None:
        """After an ACK the request is done, and the session is over when the device's own Stop comes."""
        self.end()
        self.assertEqual(self.state(), ("done", "ack"))
        self.assertIsNone(self.closed_by())
        self.school.report(STOP, 10, 5, 5)
        self.assertEqual(self.closed_by(), "stop")

    def test_names_the_session_as_the_device_did(self) -> None:
        """The request goes to where the session's device speaks from and names its Acct-Session-Id."""
        self.end()
        self.assertEqual(self.school.control.asked, [("disconnect", "192.0.2.1", ((44, b"S1"),))])

    def test_session_that_the_device_does_not_know(self) -> None:
        """NAK 503 closes the row at its last evidence: nobody is billed for silence."""
        self.school.clock.advance(1000)
        self.end(nak(503))
        self.assertEqual(self.state(), ("done", "nak 503 Session Context Not Found"))
        self.assertEqual(self.closed_by(), "stale")
        self.assertEqual(self.school.only_session().session.stopped_at, NOW)

    def test_report_that_overtakes_the_answer_is_kept(self) -> None:
        """Octets that come in while the device is asked are not lost to what was read before."""
        school = self.school
        answer: Deferred[ControlResult] = Deferred()
        with patch.object(school.control, "disconnect", lambda *_: answer):
            self.end()
            school.clock.advance(5)
            school.report(INTERIM, 5, 1000, 2000)
            answer.callback(nak(503))
        self.assertEqual(school.sessions(), [("S1", self.account_id, 1000, 2000, 5, None)])
        school.check_usage()

    def test_device_that_wants_more_names(self) -> None:
        """NAK 402 is answered at once with the whole identification."""
        self.end(nak(402), ControlResult(ControlOutcome.ACK, None))
        first, second = (attributes for _, _, attributes in self.school.control.asked)
        self.assertEqual([number for number, _ in first], [44])
        self.assertEqual([number for number, _ in second], [44, 31, 8, 1])
        self.assertEqual(self.state(), ("done", "ack"))

    def test_device_that_cannot_now(self) -> None:
        """NAK 506 is tried again after 2 and 4 seconds, then given up and said."""
        self.end(nak(506), nak(506), nak(506))
        for wait in (2, 4):
            self.assertEqual(self.state()[0], "waiting")
            self.school.clock.advance(wait - 1)
            self.assertEqual(self.school.dispatch(), 0)
            self.school.clock.advance(1)
            self.assertEqual(self.school.dispatch(), 1)
        self.assertEqual(self.state(), ("failed", "nak 506 Resources Unavailable"))

    def test_device_that_refuses(self) -> None:
        """A NAK that no repetition will change fails at once."""
        self.end(nak(501))
        self.assertEqual(self.state(), ("failed", "nak 501 Administratively Prohibited"))

    def test_silence(self) -> None:
        """A device that never answers leaves the session open and the request failed: nobody is told «offline».

        What was sent has been sent three times by then: it is not begun anew.
        """
        self.end(SILENT)
        self.assertEqual(self.state(), ("failed", "no answer"))
        self.assertIsNone(self.closed_by())

    def test_different_secrets_are_named(self) -> None:
        """Answers that never verify say what is probably wrong."""
        self.end(ControlResult(ControlOutcome.UNVERIFIED, None))
        self.assertEqual(self.state(), ("failed", "answers do not verify: the shared secrets differ"))

    def test_session_that_is_over_is_not_asked_about(self) -> None:
        """A session that stopped meanwhile needs no request."""
        self.school.report(STOP, 10)
        self.end()
        self.assertEqual((self.school.control.asked, self.state()), ([], ("done", "the session is over")))

    def test_device_that_was_removed(self) -> None:
        """A session of a device that is no longer listed cannot be ended, and that is said."""
        self.school.sql("UPDATE session SET nas_id = 99")
        self.end()
        self.assertEqual(self.state(), ("failed", "its access device is no longer listed"))

    def test_lost_stop_after_an_ack(self) -> None:
        """When the Stop does not come within the grace, the row is closed by us at its last evidence."""
        self.school.clock.advance(100)
        self.school.report(INTERIM, 100, 5, 5)
        self.end()
        self.school.clock.advance(disconnect.ACK_GRACE_SECONDS - 1)
        self.school.dispatch()
        self.assertIsNone(self.closed_by())
        self.school.clock.advance(1)
        self.school.dispatch()
        self.assertEqual(self.closed_by(), "stale")
        self.assertEqual(self.school.only_session().session.stopped_at, NOW + 100)
        self.school.report(STOP, 112, 9, 9)
        self.assertEqual(self.school.sessions(), [("S1", self.account_id, 9, 9, 112, "stop")])

    def test_session_that_lives_after_its_ack_stays_open(self) -> None:
        """A device that acknowledged and reports on has not ended it: the row stays open."""
        self.end()
        self.school.clock.advance(5)
        self.school.report(INTERIM, 5, 5, 5)
        self.school.clock.advance(disconnect.ACK_GRACE_SECONDS)
        self.school.dispatch()
        self.assertIsNone(self.closed_by())

    def test_disk_that_fails_keeps_the_request(self) -> None:
        """What cannot be written down as done is sent again when the disk works."""
        school = self.school
        school.write(lambda tx: effects.end_session(tx, SessionId(1), school.project, "kicked", NOW))
        good = school.store.state
        waiting: Deferred[ControlResult] = Deferred()
        with patch.object(school.control, "disconnect", lambda *_: waiting):
            school.dispatch()
            self.assertEqual(school.dispatch(), 0, "one request at a time for one session")
            school.store.state = replace(good, condition=Condition.READ_ONLY, reason="disk full")
            waiting.callback(ControlResult(ControlOutcome.ACK, None))
        self.assertEqual(school.dispatch(), 0)
        school.store.state = good
        self.assertEqual(school.dispatch(), 1)
        self.assertEqual(self.state(), ("done", "ack"))

    def test_mass_expiry_is_paced(self) -> None:
        """However many plans end at one midnight, 200 requests leave in a second and no more, however often it is tried."""
        school = self.school
        for i in range(260):
            mac = f"a4:5e:60:00:{i // 256:02x}:{i % 256:02x}"
            school.report(START, sid=f"M{i}", mac=mac, ip=None)
        for session_id in range(2, 262):
            school.write(lambda tx, i=session_id: effects.end_session(tx, SessionId(i), school.project, "kicked", NOW))  # type: ignore[misc]  # fmt: skip
        begun = [school.dispatch(), school.dispatch()]
        for _ in range(8):
            school.clock.advance(0.125)
            begun.append(school.dispatch())
        self.assertEqual(begun, [50, 0, 25, 25, 25, 25, 25, 25, 25, 25])
        # In the order in which they were asked for
        named = [attributes[0][1] for _, _, attributes in school.control.asked]
        self.assertEqual(named, [f"M{i}".encode() for i in range(250)])

    def test_dead_device_holds_up_nobody_else(self) -> None:
        """A device with hundreds of sessions that answers nothing takes its window, and another's turn comes at once."""
        school = self.school
        other = school.add_nas(name="ac2", address=ip_network("192.0.2.2"))
        for i in range(300):
            mac = f"a4:5e:60:00:{i // 256:02x}:{i % 256:02x}"
            school.report(START, sid=f"M{i}", mac=mac, ip=None)
        school.report(START, sid="other", mac=LAPTOP, ip=None, nas=other)
        for session_id in range(2, 303):
            school.write(lambda tx, i=session_id: effects.end_session(tx, SessionId(i), school.project, "kicked", NOW))  # type: ignore[misc]  # fmt: skip
        asked: list[str] = []

        def silent(nas: Nas, host: str, attributes: object) -> Deferred[ControlResult]:
            asked.append(host)
            return Deferred() if host == "192.0.2.1" else succeed(ControlResult(ControlOutcome.ACK, None))

        with patch.object(school.control, "disconnect", silent):
            for _ in range(20):
                school.dispatch()
                school.clock.advance(0.25)
        self.assertIn("192.0.2.2", asked[:2])
        self.assertEqual(asked.count("192.0.2.1"), WINDOW)


class ChangeTests(OneSession):
    def change(self, *script: ControlResult) -> None:
        school = self.school
        school.control.script = list(script)
        school.write(lambda tx: effects.change_sessions_of(tx, self.account_id, school.project, school.now()))
        school.dispatch()

    def test_device_gets_what_holds_now(self) -> None:
        """A CoA carries the rates and a Session-Timeout that counts from the session's start."""
        self.school.clock.advance(3600)
        self.change()
        ((kind, _, attributes),) = self.school.control.asked
        values = dict(attributes)
        self.assertEqual((kind, values[44]), ("change", b"S1"))
        self.assertEqual(int.from_bytes(values[27], "big"), 30 * DAY)
        vendor = [value[4:] for number, value in attributes if number == 26]
        self.assertEqual(
            vendor,
            [b"\x02\x06" + RATE.up_bps.to_bytes(4, "big"), b"\x05\x06" + RATE.down_bps.to_bytes(4, "big")],
        )
        self.assertEqual(self.school.effects()[0][:2], ("change:1", "done"))

    def test_device_that_refuses_the_change_loses_the_session(self) -> None:
        """Where CoA is refused the session is ended, to come back under the new policy."""
        self.change(nak(401))
        self.assertEqual([row[:2] for row in self.school.effects()], [("change:1", "failed"), ("disconnect:1", "waiting")])  # fmt: skip
        self.school.dispatch()
        self.assertEqual(self.school.control.kinds(), ["change", "disconnect"])
        self.assertEqual(self.state(), ("done", "ack"))

    def test_device_that_cannot_change_is_remembered(self) -> None:
        """After NAK 401, 405 or 406 the next change goes straight to a Disconnect, for a day or until it is edited."""
        for cause in (401, 405, 406):
            school = School()
            account_id = school.person("20260001", school.plan())
            school.report(START)

            def change(school: School = school, account_id: AccountId = account_id) -> list[str]:
                school.control.asked.clear()
                school.write(lambda tx: effects.change_sessions_of(tx, account_id, school.project, NOW))
                school.sql("DELETE FROM outbox WHERE kind = 'disconnect'")
                school.dispatch()
                return school.control.kinds()

            school.control.script = [nak(cause)]
            self.assertEqual(change(), ["change"], cause)
            self.assertEqual(change(), [], "it would be disconnected without being asked")
            school.clock.advance(DAY)
            self.assertEqual(change(), ["change"], "a day later it is tried again")
            school.control.script = [nak(cause)]
            change()
            school.sql("UPDATE nas SET coa_port = 1700")
            school.reload()
            self.assertEqual(change(), ["change"], "an edited device is another one")

    def test_maker_without_change(self) -> None:
        """A maker whose devices cannot change a rate is not asked to: the session is ended."""
        school = self.school
        nas = school.add_nas(name="zte", address=ip_network("192.0.2.9"), vendor=Vendor.STANDARD)
        school.report(START, sid="Z1", mac=LAPTOP, ip=None, nas=nas)
        self.change()
        school.dispatch()
        self.assertIn(("disconnect", "192.0.2.9"), [asked[:2] for asked in school.control.asked])
        self.assertNotIn(("change", "192.0.2.9"), [asked[:2] for asked in school.control.asked])

    def test_longer_stay_ends_nobody(self) -> None:
        """Who buys more in mid-session is told so by a CoA where the device can, and never thrown off where not."""
        school = self.school
        nas = school.add_nas(name="plain", address=ip_network("192.0.2.9"), vendor=Vendor.STANDARD)
        school.report(START, sid="P1", mac=LAPTOP, ip=None, nas=nas)
        school.control.script = [nak(405)]
        school.write(
            lambda tx: effects.change_sessions_of(
                tx, self.account_id, school.project, school.now(), must=False
            )
        )
        school.dispatch()
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["change"])
        self.assertEqual([row[:2] for row in school.effects()], [("change:1", "done"), ("change:2", "done")])

    def test_silent_device_loses_the_session(self) -> None:
        """A change that nobody answers, and that must be, is tried as a Disconnect."""
        self.change(SILENT)
        self.assertEqual(self.school.effects()[0], ("change:1", "failed", "no answer"))
        self.school.dispatch()
        self.assertEqual(self.school.control.kinds(), ["change", "disconnect"])

    def test_busy_device_is_asked_again(self) -> None:
        """A CoA that cannot be now is repeated like a Disconnect."""
        self.change(nak(506))
        self.assertEqual(self.school.effects(), [("change:1", "waiting", "nak 506 Resources Unavailable")])
        self.school.clock.advance(2)
        self.school.dispatch()
        self.assertEqual(self.school.effects()[0][:2], ("change:1", "done"))

    def test_account_without_a_plan(self) -> None:
        """Nothing to be online with is no policy to send: the session is ended."""
        self.school.clock.advance(31 * DAY)
        self.change()
        self.assertEqual([row[0] for row in self.school.effects()], ["change:1", "disconnect:1"])

    def test_takeover_reaches_the_device(self) -> None:
        """The pack that ends in mid-session slows the session down by a CoA with the next plan's rate."""
        school = School()
        slow = school.plan("slow", policy=AccessPolicy(rate=RateLimit(1_000_000, 2_000_000)))
        school.person("20260001", school.pack(1000), slow)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 0, 1500)
        school.dispatch()
        ((kind, _, attributes),) = school.control.asked
        self.assertEqual(kind, "change")
        self.assertIn((26, b"\x00\x00\x07\xdb\x05\x06" + (2_000_000).to_bytes(4, "big")), attributes)


class SessionAdminTests(OneSession):
    def setUp(self) -> None:
        super().setUp()
        school = self.school
        self.admin = SessionAdmin(school.store, school.tables, school.now, school.wake)
        self.actor = Actor("boss", "127.0.0.1")

    def test_kick_is_sent_and_audited(self) -> None:
        """A kick wakes the dispatcher, leaves an audit row, and its result can be asked for."""
        school = self.school
        asked = school.run(self.admin.end([SessionId(1), SessionId(77)], self.actor))
        self.assertEqual((asked, school.wakes), (Asked((SessionId(1),)), 1))
        self.assertEqual(self.admin.result(SessionId(1)), ("waiting", "", 0))
        school.dispatch()
        self.assertEqual(self.admin.result(SessionId(1)), ("done", "ack", 1))
        self.assertEqual(
            school.rows("SELECT actor, address, action, object_id FROM audit"),
            [("boss", "127.0.0.1", "session.disconnect", "1")],
        )

    def test_kick_again_after_a_failure(self) -> None:
        """The button works again where the first try failed; of a session that is over it says so."""
        school = self.school
        self.end(nak(501))
        school.run(self.admin.end([SessionId(1)], self.actor))
        school.dispatch()
        self.assertEqual(self.state(), ("done", "ack"))
        school.report(STOP, 10)
        self.assertEqual(school.run(self.admin.end([SessionId(1)], self.actor)), Asked((), 1))

    def test_other_projects_sessions_are_none(self) -> None:
        """An operator of another project can neither end nor find this one's sessions."""
        school = self.school
        asked = school.run(self.admin.end([SessionId(1)], self.actor, projects=[ProjectId(9)]))
        self.assertEqual((asked, self.admin.find(PHONE, [ProjectId(9)])), (Asked(()), []))

    def test_find(self) -> None:
        """A device address in any writing, a login name or an access device names the sessions."""
        for words in (PHONE, "A45E-60AA-BBCC", "20260001", "ac1"):
            self.assertEqual(self.admin.find(words), [SessionId(1)], words)
        self.assertEqual(self.admin.find("nobody"), [])
        self.assertEqual(AccountId(1), self.account_id)
