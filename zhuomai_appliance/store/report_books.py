"""The books of reports: figures of postings, their sums by local day, and budgets.

They are made from the ledger in the order of its postings, each posting once, together with a mark that says how far;
so they can always be made anew, and `verify` does so. What a posting means is said by billing.report_figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from zhuomai_appliance.model.commerce import PostingKind, PostingLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store.interface import Reader, Transaction, Value
from zhuomai_appliance.store.reports_query import Page, altered, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("report_books")

PARTS = ("total", "subject", "channel", "operator", "project", "group", "plan_kind")
"""What a report may be parted by."""


@dataclass(frozen=True, slots=True)
class PostedOrder:
    """A posting with its lines and what its order, plan and account say; empty where there is none.

    ``portions`` are the order's lines: income subject, and what is paid under it. ``group_id`` 0: no account, or one of
    no group.
    """

    posting_id: int
    project_id: ProjectId
    kind: PostingKind
    at: int
    operator: str
    is_reversal: bool
    channel: str
    group_id: int
    plan_kind: str
    lines: tuple[PostingLine, ...]
    portions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StoredFigure:
    """One figure of one posting with all that a report may part it by."""

    project_id: int
    posting_id: int
    measure: str
    subject: str
    day: int
    channel: str
    operator: str
    group_id: int
    plan_kind: str
    amount_fen: int


class FigureRow(NamedTuple):
    """A figure with its posting, as the rows behind a sum are listed; the key is the id."""

    id: int
    posting_id: int
    project_id: ProjectId
    measure: str
    subject: str
    day: int
    channel: str
    operator: str
    group_id: int
    plan_kind: str
    amount_fen: int
    kind: PostingKind
    at: int
    order_no: str | None
    reversal_of: int | None
    memo: str
    username: str | None


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Which figures, on local days in [from_day, to_day)."""

    measure: str | None = None
    from_day: int | None = None
    to_day: int | None = None
    subject: str | None = None
    channel: str | None = None
    operator: str | None = None
    group_id: int | None = None
    plan_kind: str | None = None


class Budget(NamedTuple):
    """What a month is to bring in or to cost under a subject; ``side`` is income or expense."""

    project_id: ProjectId
    month: str
    side: str
    subject: str
    amount_fen: Fen


def mark(reader: Reader) -> int:
    """Up to which posting figures are made."""
    return int(reader.value(_Q.mark) or 0)


def newest_posting(reader: Reader) -> int:
    """The newest posting there is, 0 for none."""
    return int(reader.value(_Q.newest_posting) or 0)


def postings_after(reader: Reader, after: int, limit: int) -> list[PostedOrder]:
    """The next postings in their order, each with its lines."""
    found = reader.all(_Q.postings_after, after=after, limit=limit)
    if not found:
        return []
    lines: dict[int, list[PostingLine]] = {}
    said: dict[int, tuple[str, int, str]] = {}
    for posting_id, ref, amount, channel, group_id, plan_kind in reader.all(
        _Q.lines_between, after=after, upto=found[-1][0]
    ):
        lines.setdefault(posting_id, []).append(PostingLine(ref, Fen(amount)))
        old = said.get(posting_id, ("", 0, ""))
        said[posting_id] = (old[0] or channel or "", old[1] or group_id or 0, old[2] or plan_kind or "")
    portions: dict[int, list[tuple[str, int]]] = {}
    for posting_id, subject, amount in reader.all(_Q.portions_between, after=after, upto=found[-1][0]):
        portions.setdefault(posting_id, []).append((subject, amount))
    postings = []
    for posting_id, project_id, kind, at, operator, original, channel, group, plan in found:
        other = said.get(posting_id, ("", 0, ""))
        postings.append(
            PostedOrder(
                posting_id=posting_id,
                project_id=ProjectId(project_id),
                kind=PostingKind(kind),
                at=at,
                operator=operator,
                is_reversal=original is not None,
                channel=channel or other[0],
                group_id=group or other[1],
                plan_kind=plan or other[2],
                lines=tuple(lines.get(posting_id, ())),
                portions=tuple(portions.get(posting_id, ())),
            )
        )
    return postings


def add(tx: Transaction, after: int, upto: int, figures: Sequence[StoredFigure]) -> bool:
    """Keep the figures of the postings in (after, upto]; False, and nothing done, if others came before."""
    if mark(tx) != after:
        return False
    sums: dict[tuple[int, int, str, str, str, str, int, str], int] = {}
    for f in figures:
        key = (f.project_id, f.day, f.measure, f.subject, f.channel, f.operator, f.group_id, f.plan_kind)
        sums[key] = sums.get(key, 0) + f.amount_fen
    tx.many(_Q.add_figure, [asdict(figure) for figure in figures])
    names = ("project_id", "day", "measure", "subject", "channel", "operator", "group_id", "plan_kind")
    tx.many(
        _Q.add_to_day,
        [dict(zip(names, key, strict=True), amount_fen=amount) for key, amount in sums.items()],
    )
    tx.run(_Q.set_mark, posting_id=upto)
    return True


def clear(tx: Transaction) -> None:
    """Forget all figures, to make them anew."""
    tx.run(_Q.clear_figures)
    tx.run(_Q.clear_days)
    tx.run(_Q.set_mark, posting_id=0)


def sums_by(
    reader: Reader, projects: Sequence[ProjectId], measure: str, part: str, from_day: int, to_day: int
) -> list[tuple[int, str | int, int]]:
    """Day, part and sum of one measure on the days in [from_day, to_day).

    Args:
        reader: where.
        projects: none for all, or a `Scope` of groups.
        measure: its word.
        part: one of `PARTS`.
        from_day: the first local day.
        to_day: the day after the last.
    """
    if part not in PARTS:
        raise ValueError(f"no report is parted by {part}; write one of {', '.join(PARTS)}")
    found = rows(
        reader,
        _Q.sums_by,
        project_ids(reader, projects),
        measure=measure,
        from_day=from_day,
        to_day=to_day,
        **{f"by_{part}": 1},
    )
    return [(day, key, amount) for day, key, amount in found]


def totals(
    reader: Reader, projects: Sequence[ProjectId], from_day: int | None, to_day: int | None
) -> dict[str, int]:
    """The sum of every measure on the days in [from_day, to_day); None is open."""
    return dict(
        tuple(row)
        for row in rows(reader, _Q.totals, project_ids(reader, projects), from_day=from_day, to_day=to_day)
    )


def figure_rows(
    reader: Reader, projects: Sequence[ProjectId], chosen: FigureFilter, page: Page
) -> list[FigureRow]:
    """The figures behind a sum, each with its posting; they add up to it."""
    found = rows(reader, _Q.figure_rows, project_ids(reader, projects), **asdict(chosen), **page.conditions())
    return [FigureRow._make(altered(row, {11: PostingKind(row[11])})) for row in found]


def held(reader: Reader, projects: Sequence[ProjectId]) -> dict[str, int]:
    """What each kind of ledger account holds now, debit positive: the ledger's own balances."""
    found: dict[str, int] = {}
    for _, head, balance in rows(reader, _Q.held, project_ids(reader, projects)):
        found[head] = found.get(head, 0) + balance
    return found


def figures_between(reader: Reader, after: int, upto: int) -> list[StoredFigure]:
    """The figures kept for the postings in (after, upto]."""
    return [StoredFigure(*row) for row in reader.all(_Q.figures_between, after=after, upto=upto)]


def disagreements(reader: Reader) -> Iterable[str]:
    """Days whose sum is not that of their figures: a sentence each."""
    kept = {tuple(row[:3]): row[3] for row in reader.all(_Q.days_of_days) if row[3]}
    made = {tuple(row[:3]): row[3] for row in reader.all(_Q.figures_of_days) if row[3]}
    for key in sorted(kept.keys() | made.keys()):
        if kept.get(key, 0) != made.get(key, 0):
            project, day, measure = key
            yield (
                f"{measure} of project {project} on day {day} is kept as {kept.get(key, 0)} fen; "
                f"its figures sum to {made.get(key, 0)}"
            )


def budgets(
    reader: Reader, projects: Sequence[ProjectId], from_month: str | None, to_month: str | None
) -> list[Budget]:
    """Budgets of months from the first to the last, both inside, written as 2026-09."""
    found = rows(reader, _Q.budgets, project_ids(reader, projects), from_month=from_month, to_month=to_month)
    return [Budget(ProjectId(row[0]), row[1], row[2], row[3], Fen(row[4])) for row in found]


def put_budget(tx: Transaction, budget: Budget) -> None:
    """Set one budget; 0 fen takes it away."""
    key: dict[str, Value] = {
        "project_id": budget.project_id,
        "month": budget.month,
        "side": budget.side,
        "subject": budget.subject,
    }
    if budget.amount_fen:
        tx.run(_Q.put_budget, amount_fen=budget.amount_fen, **key)
    else:
        tx.run(_Q.drop_budget, **key)
