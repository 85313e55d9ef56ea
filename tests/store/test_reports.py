"""Lists find what they are asked for, page by page, and no project sees another's rows."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    GB,
    INTERIM,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    PHONE,
    PHONE_IP,
    SHANGHAI,
    START,
    STOP,
    School,
)
from zhuomai_appliance.flows import housekeeping, purchases
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.moment import day_bounds, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId, AccountStatus
from zhuomai_appliance.model.products import PlanVersion
from zhuomai_appliance.store import accounts, journal, network, reports, sessions
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.reports import (
    AccountFilter,
    AttemptFilter,
    AuditFilter,
    OnlineFilter,
    OnlineSort,
    OrderFilter,
    Page,
    PostingFilter,
    SessionFilter,
    SubscriptionFilter,
)
from zhuomai_appliance.store.reports_query import pattern

ALL = Page(limit=1000)


class ReportsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.reader = self.school.store.reader
        self.ours = (self.school.project,)
        self.theirs = (self.school.write(lambda tx: network.add_project(tx, "other", "UTC", NOW)),)

    def usernames(self, chosen: AccountFilter = AccountFilter(), page: Page = ALL) -> list[str]:  # noqa: B008
        found = reports.accounts(self.reader, self.ours, chosen, page, self.school.now())
        count = reports.count_accounts(self.reader, self.ours, chosen, self.school.now())
        if page is ALL:
            self.assertEqual(count, len(found))
        return [row.username for row in found]


class AccountTests(ReportsCase):
    def test_words_find_names_phones_and_devices(self) -> None:
        """One box: a part of any login name or of the person's name, a whole phone, a MAC, an address online."""
        school = self.school
        school.person("20260001", full_name="张三", aliases=("card-77",))
        school.person("20260002", full_name="Li_Si", person=accounts.PersonData(phone="13900000001"))
        school.person("20260003", school.plan(), full_name="王五%")
        school.report(START, name="20260003")
        phone = school.vault.blind_index(b"13900000001", "phone")
        cases: list[tuple[AccountFilter, list[str]]] = [
            (AccountFilter(words="2026"), ["20260001", "20260002", "20260003"]),
            (AccountFilter(words=" CARD-7"), ["20260001"]),
            (AccountFilter(words="三"), ["20260001"]),
            (AccountFilter(words="i_s"), ["20260002"]),
            (AccountFilter(words="_"), ["20260002"]),
            (AccountFilter(words="%"), ["20260003"]),
            (AccountFilter(words="nothing like it", phone_words=phone), ["20260002"]),
            (AccountFilter(words="a45e", mac_words=PHONE), ["20260003"]),
            (AccountFilter(words=PHONE_IP), ["20260003"]),
            (AccountFilter(phone_index=phone), ["20260002"]),
            (AccountFilter(username="20260001"), ["20260001"]),
            (AccountFilter(online=True), ["20260003"]),
            (AccountFilter(words="nobody"), []),
        ]
        for chosen, names in cases:
            self.assertEqual(self.usernames(chosen), names, chosen)

    def test_the_state_narrows_as_it_is_shown(self) -> None:
        """Every account is found under exactly the state that its row derives."""
        school = self.school
        monthly = school.plan()
        school.person("free")
        school.person("good", monthly)
        school.person("late", monthly)
        locked = school.person("locked", monthly)
        school.write(lambda tx: accounts.set_lock(tx, locked, 0, "stolen"))
        closed = school.person("closed", monthly)
        school.sql(f"UPDATE account SET closed_at = 1 WHERE id = {closed}")
        before: dict[str, AccountStatus] = {}
        for moment in (0, 40 * DAY):
            school.clock.advance(moment)
            for status in AccountStatus:
                for row in reports.accounts(
                    self.reader, self.ours, AccountFilter(status=status), ALL, school.now()
                ):
                    self.assertEqual(row.status(school.now()), status)
                    before[row.username] = status
            self.assertEqual(len(before), 5)
            if moment == 0:
                self.assertEqual(
                    before,
                    {
                        "free": AccountStatus.NO_PLAN,
                        "good": AccountStatus.NORMAL,
                        "late": AccountStatus.NORMAL,
                        "locked": AccountStatus.LOCKED,
                        "closed": AccountStatus.CLOSED,
                    },
                )
        self.assertEqual(before["good"], AccountStatus.EXPIRED)

    def test_a_row_tells_plan_group_and_money(self) -> None:
        """Plan in use, balance of the wallet with its sign turned, sessions open now."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        school.write(
            lambda tx: purchases.open_balance(tx, school.project, account_id, Fen(5000), "apply", NOW)
        )
        school.report(START)
        row = reports.account(self.reader, self.ours, account_id)
        assert row is not None
        self.assertEqual((row.plan(NOW), row.balance_fen, row.bonus_fen), ("monthly", 5000, 0))
        self.assertEqual((row.online, row.last_seen_at, row.group), (1, NOW, ""))
        self.assertEqual(reports.account_named(self.reader, (), "20260001"), row)

    def test_pages_follow_the_key_both_ways(self) -> None:
        """A walk by `after` sees every row once, up or down, and rows added meanwhile do not shift it."""
        for number in range(7):
            self.school.person(f"u{number}")
        for newest_first in (False, True):
            seen: list[str] = []
            after: int | None = None
            while found := reports.accounts(
                self.reader, self.ours, AccountFilter(), Page(after, 3, newest_first=newest_first), NOW
            ):
                seen += [row.username for row in found]
                after = found[-1].id
            names = [f"u{number}" for number in range(7)]
            self.assertEqual(seen, names[::-1] if newest_first else names)
        self.assertEqual(self.usernames(page=Page(limit=2, offset=5)), ["u5", "u6"])

    def test_projects_are_apart(self) -> None:
        """Accounts, sessions, attempts, orders and postings of one project are not in another's lists."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        school.buy(account_id, school.plan("dear"), Channel.CASH, shift="s1")
        school.report(START)
        school.login()
        now = school.now()
        for projects, count in ((self.ours, 1), (self.theirs, 0), ((), 1)):
            found = [
                len(reports.accounts(self.reader, projects, AccountFilter(), ALL, now)),
                len(reports.sessions(self.reader, projects, SessionFilter(), ALL)),
                len(reports.attempts(self.reader, projects, AttemptFilter(), ALL)),
                len(reports.online(self.reader, projects, OnlineFilter(), ALL, now).rows),
                reports.online_sums(self.reader, projects, OnlineFilter(), now).people,
                len(reports.orders(self.reader, projects, OrderFilter(channel=Channel.CASH), ALL)),
                len(reports.postings(self.reader, projects, PostingFilter(), ALL)) // 2,
            ]
            self.assertEqual(found, [count] * len(found), projects)
            subscriptions = reports.subscriptions(self.reader, projects, SubscriptionFilter(), ALL)
            self.assertEqual(len(subscriptions), 2 * count)


class SessionTests(ReportsCase):
    def test_the_log_holds_open_finished_and_moved_sessions(self) -> None:
        """A session keeps its row, in the words of the export, when housekeeping moves it to its month."""
        school = self.school
        school.person("20260001", school.plan(), aliases=("card1",))
        school.report(START, name="card1")
        school.clock.advance(600)
        school.report(STOP, 600, 1000, 3000, (49, (1).to_bytes(4, "big")), name="card1")
        (row,) = reports.sessions(self.reader, self.ours, SessionFilter(), ALL)
        self.assertEqual(
            (row.acct_session_id, row.nas, row.nas_ip, row.username, row.mac, row.ip),
            ("S1", school.nas.name, school.nas.host, "20260001", PHONE, PHONE_IP),
        )
        self.assertEqual((row.started_at, row.stopped_at, row.seconds), (NOW, NOW + 600, 600))
        self.assertEqual((row.input_octets, row.output_octets), (1000, 3000))
        self.assertEqual((row.terminate_cause, row.state), ("User-Request", "closed"))
        school.write(lambda tx: sessions.move_finished(tx, NOW + 601, 10))
        self.assertEqual(school.rows("SELECT count(*) FROM session"), [(0,)])
        self.assertEqual(reports.session(self.reader, self.ours, row.id), row)

    def test_filters_narrow_the_log(self) -> None:
        """By name (any of them), state, device, MAC, address and time; a stranger by the name he gave."""
        school = self.school
        school.person("20260001", school.plan(), aliases=("card1",))
        school.report(START, sid="A")
        school.report(STOP, 10, sid="A", at=NOW + 10)
        school.report(START, sid="B", mac=LAPTOP, ip=LAPTOP_IP, name="stranger")
        cases = [
            (SessionFilter(), ["A", "B"]),
            (SessionFilter(state="open"), ["B"]),
            (SessionFilter(state="closed"), ["A"]),
            (SessionFilter(username="CARD1"), ["A"]),
            (SessionFilter(username="stranger"), ["B"]),
            (SessionFilter(username="other"), []),
            (SessionFilter(mac=LAPTOP), ["B"]),
            (SessionFilter(nas=school.nas.name, ip=PHONE_IP), ["A"]),
            (SessionFilter(nas="other"), []),
            (SessionFilter(nas_ip=school.nas.host, acct_session_id="B"), ["B"]),
            (SessionFilter(from_at=NOW + 11), ["B"]),
            (SessionFilter(from_at=NOW + 5, to_at=NOW + 6), ["A", "B"]),
            (SessionFilter(to_at=NOW), []),
        ]
        for chosen, ids in cases:
            found = reports.sessions(self.reader, self.ours, chosen, ALL)
            self.assertEqual([row.acct_session_id for row in found], ids, chosen)

    def test_a_store_without_months_lists_what_is_there(self) -> None:
        """Before the first housekeeping there is no view: sessions come from their own table, attempts are none."""
        reader = InlineStore().reader
        self.assertEqual(reports.sessions(reader, self.ours, SessionFilter(), ALL), [])
        self.assertEqual(reports.attempts(reader, self.ours, AttemptFilter(), ALL), [])
        self.assertEqual(reports.refused_by_reason(reader, self.ours, 0, NOW), [])
        self.assertEqual(reports.accounts(reader, (), AccountFilter(), ALL, NOW), [])

    def test_online_sums_speak_of_all_rows(self) -> None:
        """A page shows one row, its sums all of them; a silent session is suspect after two intervals and a minute."""
        school = self.school
        school.person("20260001", school.plan())
        school.report(START, sid="A")
        school.report(START, sid="B", mac=LAPTOP, ip=LAPTOP_IP)
        school.clock.advance(100)
        school.report(INTERIM, 100, 10, 20, sid="B", mac=LAPTOP, ip=LAPTOP_IP)
        (first, *_) = reports.sessions(self.reader, self.ours, SessionFilter(acct_session_id="A"), ALL)
        now = NOW + 2 * first.interim_seconds + 61
        page = reports.online(self.reader, self.ours, OnlineFilter(), Page(limit=1), now, OnlineSort.SILENCE)
        self.assertEqual([row.acct_session_id for row in page.rows], ["A"])
        sums = page.sums
        self.assertEqual((sums.sessions, sums.people, sums.devices, sums.suspect), (2, 1, 2, 1))
        self.assertEqual((sums.input_octets, sums.output_octets), (10, 20))
        self.assertTrue(page.rows[0].is_suspect(now))
        self.assertFalse(page.rows[0].is_suspect(now - 1))
        suspects = reports.online(self.reader, self.ours, OnlineFilter(suspect=True), ALL, now)
        self.assertEqual([row.acct_session_id for row in suspects.rows], ["A"])
        for chosen, ids in (
            (OnlineFilter(words="2026"), {"A", "B"}),
            (OnlineFilter(words="张"), {"A", "B"}),
            (OnlineFilter(words="x", mac=LAPTOP), {"B"}),
            (OnlineFilter(words="9.1.3"), {"B"}),
            (OnlineFilter(words="nobody"), set()),
        ):
            found = reports.online(self.reader, self.ours, chosen, ALL, now)
            self.assertEqual({row.acct_session_id for row in found.rows}, ids, chosen)

    def test_the_curve_counts_what_was_open_at_each_step(self) -> None:
        """Each point is the number of sessions open at its time, both ends of the span included."""
        school = self.school
        school.person("20260001", school.plan(policy=replace(school.plan().terms.policy, max_sessions=0)))
        for sid, start, stop in (("A", 0, 25), ("B", 10, 20), ("C", 15, None)):
            mac = f"a4:5e:60:00:00:0{ord(sid) - 64}"
            school.report(START, sid=sid, mac=mac, at=NOW + start)
            if stop is not None:
                school.report(STOP, stop - start, sid=sid, mac=mac, at=NOW + stop)
        curve = reports.online_curve(self.reader, self.ours, NOW, NOW + 30, 6)
        self.assertEqual([at - NOW for at, _ in curve], [0, 5, 10, 15, 20, 25, 30])
        self.assertEqual([count for _, count in curve], [1, 1, 2, 3, 2, 1, 1])


class RecordTests(ReportsCase):
    def test_attempts_by_reason_code_and_name(self) -> None:
        """Newest first or oldest first, by the key that holds the time."""
        school = self.school
        school.person("20260001", school.plan())
        school.login()
        school.clock.advance(5)
        school.login(password="wrong")
        school.login("nobody")
        found = reports.attempts(self.reader, self.ours, AttemptFilter(), ALL)
        self.assertEqual([row.accepted for row in found], [True, False, False])
        self.assertEqual([row.username for row in found], ["20260001", "20260001", "nobody"])
        after = reports.attempts(self.reader, self.ours, AttemptFilter(), Page(found[0].id, 1))
        self.assertEqual(after, found[1:2])
        down = reports.attempts(self.reader, self.ours, AttemptFilter(), Page(found[2].id, newest_first=True))
        self.assertEqual(down, found[1::-1])
        code, reason = found[1].lookup_code, found[1].reason
        for chosen, rows in (
            (AttemptFilter(lookup_code=code), found[1:2]),
            (AttemptFilter(words=code.lower()), found[1:2]),
            (AttemptFilter(words="nobo"), found[2:]),
            (AttemptFilter(reason=reason, username="20260001"), found[1:2]),
            (AttemptFilter(username="nobody"), found[2:]),
            (AttemptFilter(accepted=True), found[:1]),
            (AttemptFilter(accepted=False, mac=PHONE), found[1:]),
            (AttemptFilter(to_at=NOW + 5), found[:1]),
            (AttemptFilter(id=found[2].id), found[2:]),
        ):
            self.assertEqual(reports.attempts(self.reader, self.ours, chosen, ALL), rows, chosen)
        with self.assertRaises(ValueError):
            reports.attempts(self.reader, self.ours, AttemptFilter(), Page("x"))
        refused = reports.refused_by_reason(self.reader, self.ours, NOW, NOW + 60)
        self.assertEqual(sum(count for _, count in refused), 2)

    def test_money_lists(self) -> None:
        """Orders with their names, posting lines with debit and credit apart, purchases with what is left."""
        school = self.school
        account_id = school.person("20260001")
        school.buy(account_id, school.plan(), Channel.CASH, shift="s1")
        (order,) = reports.orders(self.reader, self.ours, OrderFilter(username="20260001"), ALL)
        self.assertEqual((order.plan, order.amount_fen, order.username), ("monthly", 3000, "20260001"))
        lines = reports.postings(self.reader, self.ours, PostingFilter(order_no=order.order_no), ALL)
        self.assertEqual(
            [(line.account_ref, line.debit_fen, line.credit_fen, line.kind) for line in lines],
            [("cash:s1", 3000, 0, PostingKind.SALE), ("deferred:1", 0, 3000, PostingKind.SALE)],
        )
        self.assertEqual(
            reports.postings(self.reader, self.ours, PostingFilter(account_ref="cash:s1"), ALL), lines[:1]
        )
        self.assertEqual(reports.cash_taken(self.reader, self.ours, NOW, NOW + 1), {PostingKind.SALE: 3000})
        (bought,) = reports.subscriptions(self.reader, self.ours, SubscriptionFilter(plan="monthly"), ALL)
        self.assertEqual((bought.state.value, bought.order_no), ("active", order.order_no))

    def test_usage_by_person_plan_and_day(self) -> None:
        """Two purchases of one plan on one day are one row, and its figures are their sum."""
        school = self.school
        pack: PlanVersion = school.pack(GB)
        school.person("20260001", pack, pack)
        token = next(value for at, value in school.login().attributes if at == 25)
        school.report(START, token=token)
        school.clock.advance(60)
        school.report(INTERIM, 60, GB // 2, GB, token=token)
        (row,) = reports.usage(self.reader, self.ours)
        self.assertEqual((row.username, row.plan, row.day), ("20260001", "pack", local_day(NOW, SHANGHAI)))
        self.assertEqual((row.input_octets, row.output_octets, row.seconds), (GB // 2, GB, 60))
        self.assertEqual(reports.usage(self.reader, self.ours, to_day=row.day), [])
        self.assertEqual(reports.usage(self.reader, self.ours, account_id=AccountId(99)), [])

    def test_the_machine_is_audited_apart(self) -> None:
        """Acts on the machine itself are seen only by who may see every project."""
        school = self.school

        def act(tx: Transaction) -> None:
            for project in (journal.MACHINE, school.project):
                journal.audit(
                    tx,
                    at=NOW,
                    project_id=project,
                    actor="boss",
                    address="::1",
                    action="a.b",
                    object_kind="thing",
                    object_id="7",
                    after={"x": 1},
                )

        school.write(act)
        self.assertEqual(len(reports.audit(self.reader, (), AuditFilter(words="BOSS"), ALL)), 2)
        (row,) = reports.audit(self.reader, self.ours, AuditFilter(actor="boss", object_id="7"), ALL)
        self.assertEqual((row.project_id, row.after), (school.project, {"x": 1}))
        self.assertEqual(reports.audit_actors(self.reader), ["boss"])

    def test_the_dashboard_adds_up(self) -> None:
        """Every figure is the count of the rows it stands for."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        school.buy(account_id, school.plan("dear"), Channel.CASH, shift="s1")
        school.person("20260002")
        school.report(START)
        school.login(password="wrong")
        school.clock.advance(27 * DAY)
        self.school.run(housekeeping.prepare_months(school.store, school.now()))
        now = school.now()
        today, _ = day_bounds(local_day(NOW, SHANGHAI), SHANGHAI)
        board = reports.dashboard(self.reader, self.ours, now, today)
        self.assertEqual((board.online.people, board.online.suspect), (1, 1))
        self.assertEqual((board.accounts, board.expiring, board.cash_fen), (2, 0, 3000))
        self.assertEqual(sum(count for _, count in board.refused), 1)
        self.assertEqual(board.curve[-1], (now, 1))
        self.assertEqual([one.sessions for one in board.nas], [1])


def test_a_pattern_takes_signs_for_themselves() -> None:
    """Percent, underline and backslash are letters; case and width do not matter."""
    assert pattern(" Ａ%_\\ ") == "%a\\%\\_\\\\%"
