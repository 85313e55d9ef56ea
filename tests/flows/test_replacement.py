"""A full account lets a new device in for one of its own: asked of the device, waited for, and only for its owner."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    GB,
    LAPTOP,
    LAPTOP_IP,
    PHONE,
    PHONE_IP,
    START,
    STOP,
    School,
    result,
)
from zhuomai_appliance.flows.portal_login import Refused
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.flows.replacement import LOOK_SECONDS, PATIENCE_SECONDS
from zhuomai_appliance.flows.visitors import REPLACEMENT_SECONDS, Online, Replacement
from zhuomai_appliance.model.access import Reason, SessionId

STEPS = round(PATIENCE_SECONDS / LOOK_SECONDS)


class ReplacementTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.pack(10 * GB))
        self.school.login(mac=LAPTOP, ip=LAPTOP_IP)
        self.school.report(START, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        self.laptop = self.school.only_session().session.id

    def refused(self, password: str = "pass-word") -> Refused:
        got = self.school.run(self.school.portal.with_password(self.school.visitor(), "20260001", password))
        assert isinstance(got, Refused), got
        return got

    def ask(self, session_id: SessionId | None = None) -> Deferred[Online | Refused]:
        wanted = Replacement(self.school.visitor(), self.account_id, session_id or self.laptop)
        return Deferred.fromCoroutine(self.school.portal.replace(wanted))

    def wait(self, steps: int = STEPS) -> None:
        self.school.clock.pump([LOOK_SECONDS] * steps)

    def test_only_a_right_password_learns_of_the_devices(self) -> None:
        """All places taken names the account for the page; a wrong password does not."""
        got = self.refused()
        self.assertEqual(
            (got.rejection.reason, got.full_account), (Reason.TOO_MANY_SESSIONS, self.account_id)
        )
        self.assertIsNone(self.refused("guess").full_account)
        (place,) = self.school.portal.replacer.places(self.account_id)
        self.assertEqual(
            (place.session_id, place.mac, place.place), (self.laptop, LAPTOP, self.school.nas.name)
        )

    def test_the_stop_lets_the_new_device_in(self) -> None:
        """Disconnect goes out at once, the login follows the Stop within a tenth of a second, without a password."""
        school = self.school
        asked = self.ask()
        self.assertNoResult(asked)
        self.assertEqual(school.wakes, 1)
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["disconnect"])
        self.wait(3)
        self.assertNoResult(asked)
        self.assertEqual(school.door.logins, [])
        school.report(STOP, 1, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        self.wait(1)
        self.assertEqual(result(asked), Online(school.visitor(), self.account_id))
        self.assertEqual([ip for ip, _, _ in school.door.logins], [PHONE_IP])
        self.assertEqual(
            school.rows("SELECT actor, action, address FROM audit WHERE object_kind = 'session'"),
            [("20260001", "session.disconnect", PHONE_IP)],
        )

    def test_an_ack_without_a_stop_is_enough(self) -> None:
        """The device agreed: after the patience its session is closed at its last evidence and the phone comes in."""
        asked = self.ask()
        self.school.dispatch()
        self.wait()
        self.assertIsInstance(result(asked), Online)
        ((_, _, _, _, _, closed_by),) = self.school.sessions()
        self.assertEqual(closed_by, "stale")

    def test_a_silent_device_is_said(self) -> None:
        """Nothing is tried at the access controller, the session stays, and the page says that it is not the password."""
        asked = self.ask()
        with patch.object(self.school.control, "disconnect", lambda *_: Deferred()):
            self.school.dispatch()
        self.wait(STEPS - 1)
        self.assertNoResult(asked)
        self.wait(1)
        got = result(asked)
        assert isinstance(got, Refused)
        self.assertEqual(got.rejection.reason, Reason.NAS_SILENT)
        self.assertEqual(self.school.door.logins, [])
        self.assertIsNone(self.school.only_session().session.stopped_at)

    def test_a_refusal_of_the_device_is_not_waited_for(self) -> None:
        """A NAK that will not change answers at once."""
        self.school.control.script = [ControlResult(ControlOutcome.NAK, 501)] * 2
        asked = self.ask()
        self.school.dispatch()
        self.wait(1)
        got = result(asked)
        assert isinstance(got, Refused)
        self.assertEqual(got.rejection.reason, Reason.NAS_SILENT)

    def test_nobody_ends_somebody_elses_session(self) -> None:
        """A token that names another account's session asks no device for anything."""
        other = self.school.person("20260002", self.school.pack(GB, "small"))
        wanted = Replacement(self.school.visitor(), other, self.laptop)
        got = self.school.run(self.school.portal.replace(wanted))
        self.assertIsInstance(got, Refused)
        self.assertEqual(self.school.effects(), [])
        gone = self.school.run(self.school.portal.replace(replace(wanted, session_id=SessionId(99))))
        self.assertIsInstance(gone, Refused)

    def test_a_session_that_is_over_makes_room_at_once(self) -> None:
        """It ended while its owner read the page."""
        self.school.report(STOP, 1, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        self.assertIsInstance(result(self.ask()), Online)
        self.assertEqual(self.school.effects(), [])

    def test_two_taps_are_one(self) -> None:
        """The second tap joins the first; both are answered."""
        first, second = self.ask(), self.ask()
        self.school.dispatch()
        self.school.report(STOP, 1, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        self.wait(1)
        self.assertEqual(result(first), result(second))
        self.assertEqual(len(self.school.door.logins), 1)

    def test_tokens(self) -> None:
        """They name one session of one account for five minutes; a forged one, or one made for another page, is none."""
        reception, now = self.school.reception, self.school.now()
        wanted = Replacement(self.school.visitor(), self.account_id, self.laptop)
        token = reception.replacement_token(wanted, now)
        self.assertEqual(reception.from_replacement(token, now + REPLACEMENT_SECONDS), wanted)
        self.assertIsNone(reception.from_replacement(token, now + REPLACEMENT_SECONDS + 1))
        self.assertIsNone(reception.from_replacement(reception.form_token(self.school.visitor()), now))
        online = reception.online_token(Online(self.school.visitor(PHONE), self.account_id), now)
        for bad in ("", "x", token[:-4], "A" + token[1:], online):
            self.assertIsNone(reception.from_replacement(bad, now), bad)
        self.assertIsNone(reception.from_online(token, now))
