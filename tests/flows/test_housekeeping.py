"""What time alone brings about: chains move, plans end in mid-session, silent sessions close, old rows move."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    GB,
    INTERIM,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    PHONE_IP,
    START,
    STOP,
    School,
)
from zhuomai_appliance.flows import housekeeping
from zhuomai_appliance.store import accounts, sessions


class HousekeepingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def do(self, job: str) -> object:
        """Run one round of a job as of now."""
        school = self.school
        return school.run(getattr(housekeeping, job)(school.store, school.now()))

    def test_chains_move_in_their_rows(self) -> None:
        """When a month ends the next one's row says active, though nobody logged in; a second round does nothing."""
        school = self.school
        school.person("20260001", school.plan(), school.plan())
        self.assertEqual(self.do("move_chains"), 0)
        school.clock.advance(30 * DAY)
        self.assertEqual(self.do("move_chains"), 1)
        self.assertEqual([state for _, state, _ in school.subscriptions()], ["finished", "active"])
        self.assertEqual(self.do("move_chains"), 0)

    def test_plan_that_ends_in_mid_session(self) -> None:
        """A session whose account owns nothing any more is asked to end, once, after the device's own chance."""
        school = self.school
        school.person("20260001", school.plan())
        school.clock.advance(30 * DAY - 100)
        school.report(START)
        school.clock.advance(100)
        self.assertEqual(self.do("end_uncovered"), 0)
        school.clock.advance(housekeeping.OVERDUE_GRACE_SECONDS)
        self.assertEqual([self.do("end_uncovered"), self.do("end_uncovered")], [1, 0])
        self.assertEqual(school.effects(), [("disconnect:1", "waiting", "")])

    def test_queued_plan_keeps_the_session(self) -> None:
        """What is covered by the next plan is left alone."""
        school = self.school
        school.person("20260001", school.plan(), school.plan())
        school.clock.advance(30 * DAY - 100)
        school.report(START)
        school.clock.advance(200)
        self.assertEqual(self.do("end_uncovered"), 0)

    def test_next_months_table_is_there_in_time(self) -> None:
        """The attempts of this month and the next have their tables, however often it is asked for."""
        for _ in range(2):
            self.do("prepare_months")
        names = [name for (name,) in self.school.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in ("attempt_202611", "attempt_202612", "session_202611"):
            self.assertIn(name, names)

    def test_a_login_beyond_the_months_made_ahead_is_recorded(self) -> None:
        """A clock that was set, forth or back, finds or gets the table of its month."""
        school = self.school
        for days in (100, -200):
            school.clock.rightNow += days * DAY
            school.login()
        self.assertEqual(
            [len(school.rows(f"SELECT at FROM attempt_{month}")) for month in ("202703", "202608")], [1, 1]
        )

    def test_finished_sessions_move_to_their_month(self) -> None:
        """Two days after its Stop a session lies in its month with all it had; open ones stay."""
        school = self.school
        school.report(START)
        school.report(STOP, 100, 5, 6)
        school.report(START, sid="S2", mac=LAPTOP, ip=LAPTOP_IP)
        school.clock.advance(2 * DAY)
        self.assertEqual(self.do("move_finished"), 0)
        school.clock.advance(1)
        self.assertEqual([self.do("move_finished"), self.do("move_finished")], [1, 0])
        columns = "id, acct_session_id, started_at, stopped_at, input_octets, output_octets, closed_by"
        (moved,) = school.rows(f"SELECT {columns} FROM session_202611")
        self.assertEqual(moved, (1, "S1", NOW, NOW, 5, 6, "stop"))
        self.assertEqual([sid for sid, *_ in school.sessions()], ["S2"])

    def test_tidy_forgets_effects_long_after_their_end(self) -> None:
        """What waits stays however old it is; what ended stays a month, for whoever asks how it went."""
        school = self.school
        for number, state in ((1, "waiting"), (2, "done"), (3, "failed")):
            done_at = "NULL" if state == "waiting" else str(NOW)
            school.sql(
                "INSERT INTO outbox (project_id, key, kind, payload, due_at, tries, state, result, created_at, done_at)"
                f" VALUES (1, 'k{number}', 'disconnect', '{{}}', {NOW}, 0, '{state}', '', {NOW}, {done_at})"
            )
        self.do("tidy")
        self.assertEqual(len(school.rows("SELECT key FROM outbox")), 3)
        school.clock.advance(31 * DAY)
        self.do("tidy")
        self.assertEqual(school.rows("SELECT key FROM outbox"), [("k1",)])

    def test_tidy_forgets_old_secrets_only(self) -> None:
        """One-time secrets are forgotten a day after they ended, not before."""
        school = self.school
        account_id = school.person()
        school.write(
            lambda tx: accounts.add_portal_secret(
                tx, project_id=school.project, account_id=account_id, nas_id=school.nas.id, user_ip=PHONE_IP,
                mac=None, secret_sealed=b"", secret=b"", at=NOW, expires_at=NOW + 60,
            )
        )  # fmt: skip
        school.clock.advance(DAY + 60)
        self.do("tidy")
        self.assertEqual(school.rows("SELECT COUNT(*) FROM portal_secret"), [(1,)])
        school.clock.advance(1)
        self.do("tidy")
        self.assertEqual(school.rows("SELECT COUNT(*) FROM portal_secret"), [(0,)])

    def test_used_up_account_is_uncovered(self) -> None:
        """An account whose pack was used up owns nothing, and a session that goes on is asked to end."""
        school = self.school
        school.person("20260001", school.pack(GB))
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 0, 2 * GB)
        school.sql("DELETE FROM outbox")
        school.clock.advance(10)
        self.assertEqual(self.do("end_uncovered"), 1)
        self.assertEqual(sessions.uncovered(school.store.reader, school.now(), 5), [1])
