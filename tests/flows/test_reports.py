"""Reports on both bases, made of the ledger and tied to it."""

from __future__ import annotations

import random
from functools import partial
from itertools import pairwise

import pytest

from tests.flows.school import DAY, NOW, SHANGHAI, School
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.report_spans import SpanUnit
from zhuomai_appliance.flows import earnings, purchases, report_books, reports
from zhuomai_appliance.flows.report_proof import prove_reports
from zhuomai_appliance.flows.reports import Basis, ReportDoesNotTie
from zhuomai_appliance.model.commerce import Channel, PostingKind, PostingLine
from zhuomai_appliance.model.moment import local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store import ledger
from zhuomai_appliance.store import report_books as books
from zhuomai_appliance.store.report_books import Budget, FigureFilter
from zhuomai_appliance.store.reports_query import Page

TODAY = local_day(NOW, SHANGHAI)


def recharge(school: School, account_id: AccountId, fen: int, operator: str = "cashier1") -> None:
    """Cash at the counter."""
    school.write(
        lambda tx: purchases.recharge(
            tx, project_id=school.project, account_id=account_id, amount_fen=Fen(fen), zone=SHANGHAI,
            at=school.now(), operator=operator, shift=operator,
        )
    )  # fmt: skip


def earn(school: School) -> None:
    """The night's work."""
    for item in earnings.due(school.store.reader, school.now(), SubscriptionId(0)):
        school.write(partial(earnings.earn, item=item, tables=school.tables, now=school.now()))


def catch_up(school: School) -> int:
    """Figures of all postings so far."""
    made: int = school.run(report_books.catch_up(school.store, school.tables))
    return made


@pytest.fixture
def school() -> School:
    """Two who paid, one by cash and one by wallet, and a few days of earning."""
    school = School()
    monthly = school.plan(price=3000, subject="包月")
    cash, wallet = school.person("cash"), school.person("wallet")
    school.buy(cash, monthly, Channel.CASH, shift="cashier1")
    recharge(school, wallet, 5000, "cashier2")
    school.buy(wallet, monthly, Channel.BALANCE)
    for _ in range(3):
        school.clock.advance(DAY)
        earn(school)
    return school


def test_both_bases(school: School) -> None:
    """Money when it came, income as it is earned: one day's thirtieth of each month for each of three days."""
    catch_up(school)
    reader = school.store.reader
    cash = reports.income(reader, (), Basis.CASH, SpanUnit.DAY, TODAY, TODAY + 3, "operator")
    assert [(row.span.label, row.part, row.net_fen) for row in cash.rows] == [
        ("2026-11-25", "cashier1", 3000),
        ("2026-11-25", "cashier2", 5000),
    ]
    earned = reports.income(reader, (), Basis.EARNED, SpanUnit.MONTH, TODAY, TODAY + 3, "subject")
    assert [(row.span.label, row.part, row.net_fen) for row in earned.rows] == [("2026-11", "包月", 600)]
    assert cash.total_fen == 8000


def test_each_figure_opens_its_rows(school: School) -> None:
    """The rows behind a sum add up to it, and name posting, order and person."""
    catch_up(school)
    reader = school.store.reader
    chosen = FigureFilter(measure="received", from_day=TODAY, to_day=TODAY + 1, subject="包月")
    rows = books.figure_rows(reader, (), chosen, Page())
    assert [(row.amount_fen, row.username, row.kind, row.channel) for row in rows] == [
        (3000, "cash", PostingKind.SALE, "CASH")
    ]
    earned = books.figure_rows(reader, (), FigureFilter(measure="earned"), Page())
    assert sum(row.amount_fen for row in earned) == 600
    assert {row.channel for row in earned} == {"CASH", "BALANCE"}


def test_balances_are_explained(school: School) -> None:
    """Opening and what moved make closing, for wallets and deferred income, on each day and over the month."""
    catch_up(school)
    reader = school.store.reader
    month = reports.statement(reader, (), SpanUnit.MONTH, TODAY)
    assert (month.received_fen, month.earned_fen, month.net_fen) == (8000, 600, 8000)
    assert (month.wallets.more_fen, month.wallets.less_too_fen, month.wallets.closing_fen) == (
        5000,
        3000,
        2000,
    )
    assert (month.deferred.more_fen, month.deferred.less_too_fen, month.deferred.closing_fen) == (
        6000,
        600,
        5400,
    )
    days = [reports.statement(reader, (), SpanUnit.DAY, TODAY + n) for n in range(4)]
    for before, after in pairwise(days):
        assert before.wallets.closing_fen == after.wallets.opening_fen
        assert before.deferred.closing_fen == after.deferred.opening_fen
    assert days[-1].deferred.closing_fen == month.deferred.closing_fen


def test_a_reversal_is_red_in_its_own_period(school: School) -> None:
    """§15: the original's month stays as it was, the later one is lowered under the same subject and channel."""
    reader = school.store.reader
    sale = school.rows("SELECT id, order_no FROM posting WHERE kind = 'sale' ORDER BY id LIMIT 1")[0]
    lines = school.rows(f"SELECT ledger_account, amount_fen FROM posting_line WHERE posting_id = {sale[0]}")
    school.clock.advance(10 * DAY)
    school.write(
        lambda tx: ledger.post(
            tx, project_id=school.project, kind=PostingKind.REVERSAL, effect=f"reversal:{sale[0]}", order_no=sale[1],
            operator="finance1", at=school.now(), memo="", reversal_of=sale[0],
            lines=rules.reversal([PostingLine(ref, fen) for ref, fen in lines]),
        )
    )  # fmt: skip
    catch_up(school)
    months = reports.income(reader, (), Basis.CASH, SpanUnit.MONTH, TODAY, TODAY + 20, "subject")
    assert [(row.span.label, row.part, row.net_fen) for row in months.rows] == [
        ("2026-11", "recharge", 5000),
        ("2026-11", "包月", 3000),
        ("2026-12", "包月", -3000),
    ]


def test_figures_are_made_once_and_in_order(school: School) -> None:
    """A second round finds nothing; one that comes late leaves what another made."""
    first = catch_up(school)
    assert first == len(school.rows("SELECT id FROM posting"))
    assert catch_up(school) == 0
    assert school.write(lambda tx: books.add(tx, 0, 5, [])) is False
    assert not list(books.disagreements(school.store.reader))


def test_made_anew_they_are_the_same(school: School) -> None:
    """They are a view of the ledger: thrown away, they come back to the fen."""
    catch_up(school)
    before = sorted(school.rows("SELECT * FROM report_day"))
    school.write(books.clear)
    catch_up(school)
    assert sorted(school.rows("SELECT * FROM report_day")) == before


def test_damaged_figures_are_no_report(school: School) -> None:
    """Neither a statement nor an income report is given out that does not tie."""
    catch_up(school)
    reader = school.store.reader
    school.sql("UPDATE report_day SET amount_fen = amount_fen + 1 WHERE measure = 'wallet_received'")
    with pytest.raises(ReportDoesNotTie, match="wallet: the figures say 2001 fen, the ledger 2000"):
        reports.statement(reader, (), SpanUnit.DAY, TODAY)
    assert list(books.disagreements(reader)) == [
        f"wallet_received of project 1 on day {TODAY} is kept as 5001 fen; its figures sum to 5000"
    ]


def test_budget_and_projection(school: School) -> None:
    """Actual against budget by subject; the year's end at the pace so far."""
    catch_up(school)
    school.write(
        lambda tx: books.put_budget(tx, Budget(school.project, "2026-11", "income", "包月", Fen(4000)))
    )
    school.write(
        lambda tx: books.put_budget(tx, Budget(school.project, "2026-12", "income", "包月", Fen(4500)))
    )
    rows = reports.against_budget(school.store.reader, (), Basis.CASH, reports.month_of("2026-11"), TODAY)
    by_subject = {row.subject: row for row in rows}
    row = by_subject["包月"]
    assert (row.budget_fen, row.actual_fen, row.year_budget_fen) == (4000, 3000, 8500)
    # 25 November is the 329th day of the year
    assert row.projected_fen == reports.projection(3000, 329, 365) == 3328
    assert by_subject["recharge"].budget_fen == 0
    school.write(lambda tx: books.put_budget(tx, Budget(school.project, "2026-11", "income", "包月", Fen(0))))
    assert len(books.budgets(school.store.reader, (), None, None)) == 1


def test_any_history_ties() -> None:
    """Hundreds of random purchases, recharges and nights by random cashiers: parts equal the whole on every cut."""
    school, dice = School(), random.Random(7)
    plans = [school.plan(f"p{n}", price=dice.randrange(1, 9999), subject=f"s{n % 2}") for n in range(4)]
    people = [school.person(f"u{n}") for n in range(10)]
    for _ in range(150):
        who, cashier = dice.choice(people), f"c{dice.randrange(3)}"
        match dice.randrange(4):
            case 0:
                recharge(school, who, dice.randrange(1, 20_000), cashier)
            case 1:
                school.buy(who, dice.choice(plans), Channel.CASH, shift=cashier)
            case 2:
                with_money = purchases.wallet_fen(school.store.reader, school.project, who)
                affordable = [plan for plan in plans if plan.price_fen <= with_money]
                if affordable:
                    school.buy(who, dice.choice(affordable), Channel.BALANCE)
            case _:
                school.clock.advance(dice.randrange(3 * DAY))
                earn(school)
    catch_up(school)
    reader, last = school.store.reader, local_day(school.now(), SHANGHAI)
    for basis in Basis:
        sums = {
            reports.income(reader, (), basis, unit, TODAY, last, part).total_fen
            for unit in SpanUnit
            for part in books.PARTS
        }
        assert len(sums) == 1
        assert sums.pop() > 0
    assert reports.statement(reader, (), SpanUnit.MONTH, last).wallets.closing_fen == sum(
        purchases.wallet_fen(reader, school.project, who) for who in people
    )


def test_verify_finds_a_figure_that_its_posting_does_not_mean(school: School) -> None:
    """A figure that was changed, lost or invented is named with its posting."""
    catch_up(school)
    assert prove_reports(school.store.reader).faults == ()
    school.sql("UPDATE report_figure SET amount_fen = 2999 WHERE measure = 'received' AND amount_fen = 3000")
    school.sql("DELETE FROM report_figure WHERE measure = 'wallet_spent'")
    first, *more = prove_reports(school.store.reader).faults
    assert (
        first
        == "posting 1 means 3000 fen on day 20782 of received 包月; the reports keep 2999 fen on day 20782"
    )
    assert any("the reports keep nothing" in fault for fault in more)
    assert any("is kept as 8000 fen; its figures sum to 7999" in fault for fault in more)
