"""Reports about money: income on both bases, statements, the rows behind each figure, budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from zhuomai_appliance.flows import budgets, report_books, reports
from zhuomai_appliance.flows.reports import Basis, Measure, Movement, ReportSpan, SpanUnit
from zhuomai_appliance.model.moment import date_of, day_of, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.store import report_books as books
from zhuomai_appliance.store.report_books import Budget, FigureFilter, FigureRow
from zhuomai_appliance.web.api.calls import Call, Parts, Written, split
from zhuomai_appliance.web.api.fields import MOST_FEN, ById, Strict, Text, Time, Under
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.problems import Problem, invalid
from zhuomai_appliance.web.exports import Cell, csv_file, xlsx_file


def _date(value: str) -> str:
    try:
        if date.fromisoformat(value).isoformat() != value:
            raise ValueError
    except ValueError:
        raise ValueError('write a date such as "2026-09-01"') from None
    return value


def _month(value: str) -> str:
    try:
        reports.month_of(value)
    except ValueError:
        raise ValueError('write a month such as "2026-09"') from None
    return value


Date = Annotated[str, Field(max_length=10), AfterValidator(_date)]
Month = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$"), AfterValidator(_month)]


class IncomeQuery(Strict, Under):
    """Income of the whole spans from `from` to `to`, both inside; without them the present span.

    `basis` cash counts money as it came and went, earned what was earned. `by` parts each span.
    """

    basis: Basis = Basis.CASH
    unit: SpanUnit = SpanUnit.DAY
    first: Date | None = Field(None, alias="from")
    last: Date | None = Field(None, alias="to")
    by: Literal["total", "subject", "channel", "operator", "project", "group", "plan_kind"] = "total"
    project: Text | None = None


class StatementQuery(Strict, Under):
    """The statement of the span that holds a date; without one, today's."""

    unit: SpanUnit = SpanUnit.DAY
    day: Date | None = None
    project: Text | None = None


class FigureQuery(ById, Under):
    """The figures behind a sum of a report, by what the report was parted by; `operator` and `channel` may be empty texts."""

    measure: Measure
    first: Date | None = Field(None, alias="from")
    last: Date | None = Field(None, alias="to")
    subject: Text | None = None
    channel: Text | None = None
    operator: Text | None = None
    group_id: Annotated[int, Field(ge=0)] | None = None
    plan_kind: Text | None = None


class BudgetQuery(Strict):
    """Budget and actual figures of a month and of its year; without a month, the present one."""

    month: Month | None = None
    basis: Basis = Basis.CASH
    project: Text | None = None


class BudgetBody(Strict):
    """What a month is to bring in or to cost under a subject; 0 takes the budget away."""

    month: Month
    side: Literal["income", "expense"]
    subject: Annotated[Text, Field(min_length=1)]
    amount_fen: Annotated[int, Field(ge=0, le=MOST_FEN)]
    project: Text | None = None


class Span(Answer):
    """Local dates, both inside, and what the span is called."""

    label: str
    first: str
    last: str


class IncomeItem(Answer):
    """One span and part. `part` is the subject, channel, operator, project, group or kind of plan; empty for none."""

    span: Span
    part: str
    part_id: int | None
    received_fen: int
    returned_fen: int
    net_fen: int


class IncomeReport(Answer):
    """Rows and their sums."""

    basis: Basis
    unit: SpanUnit
    by: str
    items: list[IncomeItem]
    received_fen: int
    returned_fen: int
    total_fen: int


class MovementItem(Answer):
    """opening + more - less - less_too = closing."""

    opening_fen: int
    more_fen: int
    less_fen: int
    less_too_fen: int
    closing_fen: int


class StatementReport(Answer):
    """`net_fen` is received less returned, commission, fees and expenses.

    `wallets` moved by what was received, refunded and spent; `deferred` by what was sold, taken back and earned; `bonus`
    by what was given and spent.
    """

    span: Span
    received_fen: int
    returned_fen: int
    earned_fen: int
    discount_fen: int
    commission_fen: int
    fee_fen: int
    expense_fen: int
    shortage_fen: int
    writeoff_fen: int
    net_fen: int
    wallets: MovementItem
    deferred: MovementItem
    bonus: MovementItem


class FigureItem(Answer):
    """One figure of one posting."""

    id: int
    project: str
    posting_id: int
    at: Time
    day: str
    measure: Measure
    subject: str
    channel: str
    operator: str
    group_id: int
    plan_kind: str
    amount_fen: int
    kind: str
    order_no: str | None
    reversal_of: int | None
    username: str | None
    memo: str


class BudgetItem(Answer):
    """A subject's month and year. `projected_fen` = year's actual x days of the year / days gone."""

    side: str
    subject: str
    budget_fen: int
    actual_fen: int
    year_budget_fen: int
    year_actual_fen: int
    projected_fen: int


class BudgetReport(Answer):
    """All subjects that have a budget or a figure in the year of the month."""

    month: str
    basis: Basis
    items: list[BudgetItem]


async def income_report(parts: Parts, call: Call) -> BaseModel:
    """Income by span and part."""
    return await _income(parts, call)


async def income_csv(parts: Parts, call: Call) -> Written:
    """The same as a table."""
    return await _income_file(parts, call, "csv", csv_file)


async def income_xlsx(parts: Parts, call: Call) -> Written:
    """The same as a workbook."""
    return await _income_file(parts, call, "xlsx", xlsx_file)


async def _income_file(
    parts: Parts, call: Call, end: str, write: Callable[[Sequence[str], list[list[Cell]]], bytes]
) -> Written:
    report = await _income(parts, call)
    header = ("basis", "span", "first", "last", report.by, "received_fen", "returned_fen", "net_fen")
    rows: list[list[Cell]] = [
        [report.basis.value, one.span.label, one.span.first, one.span.last, one.part, one.received_fen,
         one.returned_fen, one.net_fen]
        for one in report.items
    ]  # fmt: skip
    rows.append(
        [report.basis.value, "total", "", "", "", report.received_fen, report.returned_fen, report.total_fen]
    )
    # A workbook of some thousand rows takes a while: on a reader's thread, not on the reactor's
    body = await parts.store.read(lambda _: write(header, rows))
    return Written(body, f"income-{report.unit.value}-{report.basis.value}.{end}")


async def _income(parts: Parts, call: Call) -> IncomeReport:
    query: IncomeQuery = call.query
    projects = call.projects(parts)
    today = _today(parts, call, projects)
    first = _day(query.first) if query.first else today
    last = _day(query.last) if query.last else max(first, today)
    await report_books.catch_up(parts.store, parts.tables)
    try:
        found = await parts.store.read(
            lambda reader: reports.income(reader, projects, query.basis, query.unit, first, last, query.by)
        )
    except ValueError as error:
        raise invalid([("to", str(error), "range")]) from None
    except reports.ReportDoesNotTie as error:
        raise _broken(error) from None
    return IncomeReport(
        basis=found.basis,
        unit=found.unit,
        by=found.part,
        items=[
            IncomeItem(
                span=_span(row.span),
                part=_part(parts, found.part, row.part),
                part_id=row.part if isinstance(row.part, int) else None,
                received_fen=row.received_fen,
                returned_fen=row.returned_fen,
                net_fen=row.net_fen,
            )
            for row in found.rows
        ],
        received_fen=found.received_fen,
        returned_fen=found.returned_fen,
        total_fen=found.total_fen,
    )


async def statement_report(parts: Parts, call: Call) -> BaseModel:
    """One span explained."""
    query: StatementQuery = call.query
    projects = call.projects(parts)
    day = _day(query.day) if query.day else _today(parts, call, projects)
    await report_books.catch_up(parts.store, parts.tables)
    try:
        found = await parts.store.read(lambda reader: reports.statement(reader, projects, query.unit, day))
    except reports.ReportDoesNotTie as error:
        raise _broken(error) from None
    return StatementReport(
        span=_span(found.span),
        wallets=_movement(found.wallets),
        deferred=_movement(found.deferred),
        bonus=_movement(found.bonus),
        **{name: getattr(found, name) for name in StatementReport.model_fields if name.endswith("_fen")},
    )


async def list_figures(parts: Parts, call: Call) -> BaseModel:
    """The rows that a figure of a report opens."""
    query: FigureQuery = call.query
    chosen = FigureFilter(
        measure=query.measure.value,
        from_day=_day(query.first) if query.first else None,
        to_day=_day(query.last) + 1 if query.last else None,
        subject=query.subject,
        channel=query.channel,
        operator=query.operator,
        group_id=query.group_id,
        plan_kind=query.plan_kind,
    )
    projects, page = call.projects(parts), call.page()
    await report_books.catch_up(parts.store, parts.tables)
    found = await parts.store.read(lambda reader: books.figure_rows(reader, projects, chosen, page))
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[FigureItem](items=[_figure(parts, row) for row in rows], next=after)


async def budget_report(parts: Parts, call: Call) -> BaseModel:
    """Budgets against what came of them."""
    query: BudgetQuery = call.query
    projects = call.projects(parts)
    today = _today(parts, call, projects)
    month = query.month or date_of(today).isoformat()[:7]
    await report_books.catch_up(parts.store, parts.tables)
    rows = await parts.store.read(
        lambda reader: reports.against_budget(reader, projects, query.basis, reports.month_of(month), today)
    )
    fields = BudgetItem.model_fields
    items = [BudgetItem(**{name: getattr(row, name) for name in fields}) for row in rows]
    return BudgetReport(month=month, basis=query.basis, items=items)


async def set_budget(parts: Parts, call: Call) -> BaseModel:
    """Set one budget; doing it twice changes nothing."""
    body: BudgetBody = call.body
    project = call.project(parts, body.project)
    wanted = Budget(project.id, body.month, body.side, body.subject, Fen(body.amount_fen))
    await parts.store.write(lambda tx: budgets.set_budget(tx, call.actor, call.now, wanted))
    return body


def _day(text: str) -> int:
    return day_of(date.fromisoformat(text))


def _today(parts: Parts, call: Call, projects: Any) -> int:
    """The local day of the first project that is looked into."""
    every = [one.id for one in parts.tables.projects() if not projects or one.id in projects]
    if not every:
        raise Problem(409, "no_project", "there is no project yet")
    return local_day(call.now, parts.tables.zone(every[0]))


def _span(span: ReportSpan) -> Span:
    return Span(
        label=span.label,
        first=date_of(span.first_day).isoformat(),
        last=date_of(span.next_day - 1).isoformat(),
    )


def _part(parts: Parts, by: str, part: str | int) -> str:
    if by == "project":
        return parts.project_name(ProjectId(int(part)))
    if by == "group":
        group = parts.tables.group(GroupId(int(part)))
        return "" if group is None else group.name
    return str(part)


def _movement(found: Movement) -> MovementItem:
    return MovementItem(**{name: getattr(found, name) for name in MovementItem.model_fields})


def _figure(parts: Parts, row: FigureRow) -> FigureItem:
    return FigureItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        posting_id=row.posting_id,
        at=parts.time(row.at, row.project_id),
        day=date_of(row.day).isoformat(),
        measure=Measure(row.measure),
        subject=row.subject,
        channel=row.channel,
        operator=row.operator,
        group_id=row.group_id,
        plan_kind=row.plan_kind,
        amount_fen=row.amount_fen,
        kind=row.kind.value,
        order_no=row.order_no,
        reversal_of=row.reversal_of,
        username=row.username,
        memo=row.memo,
    )


def _broken(error: Exception) -> Problem:
    return Problem(500, "report_does_not_tie", f"{error}; make the figures anew and run verify")
