"""The money reports: income on both bases, statements that explain their balances, budgets (billing rules §18).

Everything here reads the figures that flows.report_books makes of the ledger. Each report checks its own identities
before it is given out: parts add up to the whole, and what wallets and deferred income hold is explained by what moved.
A report that does not tie is an error and no report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zhuomai_appliance.billing.report_figures import Measure
from zhuomai_appliance.billing.report_spans import ReportSpan, SpanUnit, span_of, spans
from zhuomai_appliance.model.moment import day_of
from zhuomai_appliance.model.money import Fen, half_up
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import report_books
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_query import groups_of

__all__ = [
    "Basis",
    "BudgetRow",
    "Income",
    "IncomeRow",
    "Measure",
    "Movement",
    "ReportDoesNotTie",
    "ReportSpan",
    "SpanUnit",
    "Statement",
    "against_budget",
    "income",
    "month_of",
    "projection",
    "statement",
]


class Basis(StrEnum):
    """收款口径: money as it comes and goes. 权责口径: what was earned."""

    CASH = "cash"
    EARNED = "earned"


class ReportDoesNotTie(Exception):
    """The figures contradict each other: the books of reports are damaged and must be made anew from the ledger."""


@dataclass(frozen=True, slots=True)
class IncomeRow:
    """One span and one part. On the cash basis `net_fen` is received less returned, on the other what was earned."""

    span: ReportSpan
    part: str | int
    received_fen: Fen
    returned_fen: Fen
    net_fen: Fen


@dataclass(frozen=True, slots=True)
class Income:
    """Income by span and part; `total_fen` is the sum of all rows, counted by itself."""

    basis: Basis
    unit: SpanUnit
    part: str
    rows: tuple[IncomeRow, ...]
    received_fen: Fen
    returned_fen: Fen
    total_fen: Fen


def income(
    reader: Reader,
    projects: Sequence[ProjectId],
    basis: Basis,
    unit: SpanUnit,
    first_day: int,
    last_day: int,
    part: str = "total",
) -> Income:
    """Income of whole spans from the one that holds the first day to the one that holds the last.

    Args:
        reader: one snapshot.
        projects: none for all, or a `Scope` of groups.
        basis: which money counts.
        unit: how time is divided.
        first_day: a local day, as all days here.
        last_day: inside.
        part: how each span is parted: one of `report_books.PARTS`.

    Raises:
        ReportDoesNotTie: parts and whole differ.
        ValueError: days in the wrong order, too many spans, an unknown part.
    """
    wanted = list(spans(unit, first_day, last_day))
    start, end = wanted[0].first_day, wanted[-1].next_day
    of_day = {
        day: number for number, span in enumerate(wanted) for day in range(span.first_day, span.next_day)
    }
    plus, minus = (Measure.RECEIVED, Measure.RETURNED) if basis is Basis.CASH else (Measure.EARNED, None)
    cells: dict[tuple[int, str | int], list[int]] = {}
    for place, measure in ((0, plus), (1, minus)):
        if measure is None:
            continue
        for day, key, amount in report_books.sums_by(reader, projects, measure.value, part, start, end):
            cells.setdefault((of_day[day], key), [0, 0])[place] += amount
    rows = tuple(
        IncomeRow(wanted[number], key, Fen(there), Fen(back), Fen(there - back))
        for (number, key), (there, back) in sorted(
            cells.items(), key=lambda cell: (cell[0][0], str(cell[0][1]))
        )
    )
    whole = report_books.totals(reader, projects, start, end)
    received = whole.get(plus.value, 0)
    returned = whole.get(minus.value, 0) if minus else 0
    if (sum(row.received_fen for row in rows), sum(row.returned_fen for row in rows)) != (received, returned):
        raise ReportDoesNotTie(f"the parts by {part} do not add up to {received} and {returned} fen")
    return Income(basis, unit, part, rows, Fen(received), Fen(returned), Fen(received - returned))


@dataclass(frozen=True, slots=True)
class Movement:
    """One kind of balance over a span: `opening` + `more` - `less` - `less_too` = `closing`, all in fen."""

    opening_fen: Fen
    more_fen: Fen
    less_fen: Fen
    less_too_fen: Fen
    closing_fen: Fen


@dataclass(frozen=True, slots=True)
class Statement:
    """A span explained: what was received and earned, what it cost, and how wallets and deferred income moved.

    `wallets`: received, refunded, spent. `deferred`: sold, taken back, earned. `bonus`: given, spent, nothing.
    `net_fen` is 收支: received less returned, commission, fees and expenses (features E23).
    """

    span: ReportSpan
    received_fen: Fen
    returned_fen: Fen
    earned_fen: Fen
    discount_fen: Fen
    commission_fen: Fen
    fee_fen: Fen
    expense_fen: Fen
    shortage_fen: Fen
    writeoff_fen: Fen
    net_fen: Fen
    wallets: Movement
    deferred: Movement
    bonus: Movement


def statement(reader: Reader, projects: Sequence[ProjectId], unit: SpanUnit, day: int) -> Statement:
    """The statement of the day, week, month, quarter or year that holds a local day.

    Raises:
        ReportDoesNotTie: what the figures say is held today is not what the ledger holds.
    """
    span = span_of(unit, day)
    before = report_books.totals(reader, projects, None, span.first_day)
    within = report_books.totals(reader, projects, span.first_day, span.next_day)
    if groups_of(projects) is None:
        _tie_to_ledger(reader, projects)

    def of(measure: Measure) -> Fen:
        return Fen(within.get(measure.value, 0))

    def movement(more: Measure, less: Measure, less_too: Measure | None = None) -> Movement:
        opening = _held(before, more, less, less_too)
        third = of(less_too) if less_too else Fen(0)
        closing = Fen(opening + of(more) - of(less) - third)
        return Movement(opening, of(more), of(less), third, closing)

    m = Measure
    return Statement(
        span=span,
        received_fen=of(m.RECEIVED),
        returned_fen=of(m.RETURNED),
        earned_fen=of(m.EARNED),
        discount_fen=of(m.DISCOUNT),
        commission_fen=of(m.COMMISSION),
        fee_fen=of(m.FEE),
        expense_fen=of(m.EXPENSE),
        shortage_fen=of(m.SHORTAGE),
        writeoff_fen=of(m.WRITEOFF),
        net_fen=Fen(of(m.RECEIVED) - of(m.RETURNED) - of(m.COMMISSION) - of(m.FEE) - of(m.EXPENSE)),
        wallets=movement(m.WALLET_RECEIVED, m.WALLET_REFUNDED, m.WALLET_SPENT),
        deferred=movement(m.SOLD, m.UNSOLD, m.DEFERRED_EARNED),
        bonus=movement(m.BONUS_GIVEN, m.BONUS_SPENT),
    )


def _held(figures: dict[str, int], more: Measure, less: Measure, less_too: Measure | None) -> Fen:
    third = figures.get(less_too.value, 0) if less_too else 0
    return Fen(figures.get(more.value, 0) - figures.get(less.value, 0) - third)


def _tie_to_ledger(reader: Reader, projects: Sequence[ProjectId]) -> None:
    """All figures since the beginning against the balances that the ledger keeps; only once every posting has its own."""
    if report_books.mark(reader) != report_books.newest_posting(reader):
        return
    ever = report_books.totals(reader, projects, None, None)
    kept = report_books.held(reader, projects)
    m = Measure
    for head, made in (
        ("wallet", _held(ever, m.WALLET_RECEIVED, m.WALLET_REFUNDED, m.WALLET_SPENT)),
        ("deferred", _held(ever, m.SOLD, m.UNSOLD, m.DEFERRED_EARNED)),
        ("bonus", _held(ever, m.BONUS_GIVEN, m.BONUS_SPENT, None)),
        ("revenue", Fen(ever.get(m.EARNED.value, 0))),
    ):
        if made != -kept.get(head, 0):
            raise ReportDoesNotTie(f"{head}: the figures say {made} fen, the ledger {-kept.get(head, 0)}")


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A subject's budget and what came of it. `projected_fen` is the year's: see `projection`."""

    side: str
    subject: str
    budget_fen: Fen
    actual_fen: Fen
    year_budget_fen: Fen
    year_actual_fen: Fen
    projected_fen: Fen


def projection(actual_fen: int, days_gone: int, days_of_year: int) -> Fen:
    """The year's end at the pace so far: actual x days of the year / days gone, half up; nothing before the first day."""
    return Fen(half_up(actual_fen * days_of_year, days_gone)) if days_gone > 0 else Fen(0)


def against_budget(
    reader: Reader, projects: Sequence[ProjectId], basis: Basis, month_day: int, today: int
) -> tuple[BudgetRow, ...]:
    """Each subject's budget and actual figures of the month that holds a day, and of its year so far.

    Income counts on the basis asked for, expenses as they were posted. What has a figure and no budget is a row too.
    """
    month, year = span_of(SpanUnit.MONTH, month_day), span_of(SpanUnit.YEAR, month_day)
    first_month, last_month = f"{year.label}-01", f"{year.label}-12"
    budgets: dict[tuple[str, str], list[int]] = {}
    for one in report_books.budgets(reader, projects, first_month, last_month):
        of_subject = budgets.setdefault((one.side, one.subject), [0, 0])
        of_subject[1] += one.amount_fen
        if one.month == month.label:
            of_subject[0] += one.amount_fen
    gone = max(0, min(today + 1, year.next_day) - year.first_day)
    actual = {
        (side, subject): amounts
        for side, measures in (
            ("income", _income_measures(basis)),
            ("expense", ((Measure.EXPENSE, 1),)),
        )
        for subject, amounts in _actual(reader, projects, measures, month, year).items()
    }
    rows = []
    for key in sorted(budgets.keys() | actual.keys()):
        budget, done = budgets.get(key, [0, 0]), actual.get(key, [0, 0])
        rows.append(
            BudgetRow(
                key[0], key[1], Fen(budget[0]), Fen(done[0]), Fen(budget[1]), Fen(done[1]),
                projection(done[1], gone, year.days),
            )
        )  # fmt: skip
    return tuple(rows)


def _income_measures(basis: Basis) -> tuple[tuple[Measure, int], ...]:
    if basis is Basis.EARNED:
        return ((Measure.EARNED, 1),)
    return ((Measure.RECEIVED, 1), (Measure.RETURNED, -1))


def _actual(
    reader: Reader,
    projects: Sequence[ProjectId],
    measures: tuple[tuple[Measure, int], ...],
    month: ReportSpan,
    year: ReportSpan,
) -> dict[str, list[int]]:
    """By subject: the month's sum and the year's."""
    found: dict[str, list[int]] = {}
    for measure, sign in measures:
        for day, subject, amount in report_books.sums_by(
            reader, projects, measure.value, "subject", year.first_day, year.next_day
        ):
            sums = found.setdefault(str(subject), [0, 0])
            sums[1] += sign * amount
            if month.first_day <= day < month.next_day:
                sums[0] += sign * amount
    return found


def month_of(text: str) -> int:
    """The first local day of a month written as 2026-09.

    Raises:
        ValueError: no such month.
    """
    return day_of(date.fromisoformat(f"{text}-01"))
