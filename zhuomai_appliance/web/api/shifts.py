"""Shifts through the API: opened, reported, counted, and taken over by the next person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import shifts
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.shifts import ClosePreview
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.shifts import Shift, ShiftState
from zhuomai_appliance.store import shifts as rows
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.shifts import ShiftFilter
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found, split
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.fields import MOST_FEN, ByText, Memo, Spanned, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.items_cards import MoneyLine
from zhuomai_appliance.web.api.problems import Problem

T = TypeVar("T")


class ShiftItem(Answer):
    """A shift; its number is its id. `counted` says how many of each note and coin, by its fen; null: not counted yet."""

    id: str
    project: str
    operator: str
    state: ShiftState
    opened_at: Time
    float_fen: int
    closed_at: Time | None
    expected_fen: int | None
    counted_fen: int | None
    difference_fen: int | None
    counted: dict[str, int]
    memo: str
    handed_to: str
    handed_at: Time | None


class MovedItem(Answer):
    """Cash by one kind of posting."""

    kind: PostingKind
    in_fen: int
    out_fen: int


class SoldItem(Answer):
    """Sales by one channel under one subject."""

    channel: Channel
    subject: str
    orders: int
    amount_fen: int


class ShiftReportItem(ShiftItem):
    """A shift with all that happened in it; `should_be_fen` is what the drawer should hold."""

    should_be_fen: int
    cash: list[MovedItem]
    sold: list[SoldItem]


class CloseItem(Answer):
    """What counting finds and posts."""

    dry_run: bool
    expected_fen: int
    counted_fen: int
    difference_fen: int
    lines: list[MoneyLine]


class ShiftQuery(ByText, Spanned):
    """Shifts by operator, state, and the time they were opened."""

    operator: Text | None = None
    state: ShiftState | None = None


class ShiftProject(Strict):
    """In which project."""

    project: Text | None = None


class OpenBody(ShiftProject):
    """What lies in the drawer at the beginning."""

    float_fen: int = Field(0, ge=0, le=MOST_FEN)


class CountBody(ShiftProject):
    """How many of each note and coin, by its fen: {"10000": 3, "500": 1}. A difference needs a word in `memo`.

    `expected_fen` refuses if cash moved since it was shown.
    """

    counted: Annotated[dict[str, Annotated[int, Field(ge=0, le=1_000_000)]], Field(max_length=20)]
    memo: Memo = ""
    expected_fen: int | None = None
    dry_run: bool = False


async def list_shifts(parts: Parts, call: Call) -> BaseModel:
    """A page of shifts."""
    query: ShiftQuery = call.query
    chosen = ShiftFilter(operator=query.operator, state=query.state, from_at=query.from_at, to_at=query.to_at)
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: rows.shifts(reader, projects, chosen, page))
    shown, after = split(found, call, lambda row: row.key)
    return ItemList[ShiftItem](items=[ShiftItem(**_facts(parts, row)) for row in shown], next=after)


async def open_shift(parts: Parts, call: Call) -> Kept:
    """Begin a shift."""
    body: OpenBody = call.body
    project = call.project(parts, body.project)
    return await _kept(
        parts, call, project, lambda tx: shifts.open_shift(tx, call.actor, call.now, project, Fen(body.float_fen))
    )  # fmt: skip


async def report_shift(parts: Parts, call: Call) -> BaseModel:
    """What happened in a shift."""
    project, number = call.project(parts, call.query.project), call.path["number"]
    seen = await _tried(
        lambda: parts.store.read(lambda reader: shifts.report(reader, project, number, call.now))
    )
    return ShiftReportItem(
        **_facts(parts, seen.shift),
        should_be_fen=seen.expected_fen,
        cash=[MovedItem(kind=one.kind, in_fen=one.in_fen, out_fen=one.out_fen) for one in seen.cash],
        sold=[
            SoldItem(channel=one.channel, subject=one.subject, orders=one.orders, amount_fen=one.amount_fen)
            for one in seen.sold
        ],
    )


async def close_shift(parts: Parts, call: Call) -> BaseModel | Kept:
    """Count the drawer, or say what counting would find."""
    body: CountBody = call.body
    project, number = call.project(parts, body.project), call.path["number"]
    counted = {int(fen) if fen.isascii() and fen.isdigit() else 0: many for fen, many in body.counted.items()}
    if body.dry_run:
        return await _tried(
            lambda: parts.store.read(
                lambda reader: _closing(
                    shifts.preview_close(reader, call.actor, project, number, counted), dry_run=True
                )
            )
        )

    def close(tx: Transaction) -> BaseModel:
        seen = shifts.preview_close(tx, call.actor, project, number, counted)
        if body.expected_fen is not None and body.expected_fen != seen.expected_fen:
            raise PreviewIsOld
        shifts.close(tx, call.actor, call.now, project, number, counted, expected=seen, memo=body.memo)
        return _closing(seen, dry_run=False)

    return await _tried(
        lambda: parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: close(tx)))
    )


async def hand_over_shift(parts: Parts, call: Call) -> Kept:
    """Sign for a counted drawer."""
    body: ShiftProject = call.body
    project, number = call.project(parts, body.project), call.path["number"]
    return await _kept(
        parts, call, project, lambda tx: shifts.hand_over(tx, call.actor, call.now, project, number)
    )


async def _kept(parts: Parts, call: Call, project: Project, step: Callable[[Transaction], Shift]) -> Kept:
    def work(tx: Transaction) -> Kept:
        return call.once(parts, tx, project.id, lambda: ShiftItem(**_facts(parts, step(tx))))

    return await _tried(lambda: parts.store.write(work))


async def _tried(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await work()
    except Refused as error:
        raise Problem(409, error.code, error.sentence, None, **error.facts) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "cash moved since it was shown; look again") from None
    except LookupError:
        raise not_found() from None


def _closing(seen: ClosePreview, *, dry_run: bool) -> CloseItem:
    return CloseItem(
        dry_run=dry_run,
        expected_fen=seen.expected_fen,
        counted_fen=seen.counted_fen,
        difference_fen=seen.difference_fen,
        lines=money_lines(seen.lines),
    )


def _facts(parts: Parts, row: Shift) -> dict[str, Any]:
    return {
        "id": row.number,
        "project": parts.project_name(row.project_id),
        "operator": row.operator,
        "state": row.state,
        "opened_at": parts.time(row.opened_at, row.project_id),
        "float_fen": row.float_fen,
        "closed_at": parts.maybe_time(row.closed_at, row.project_id),
        "expected_fen": row.expected_fen,
        "counted_fen": row.counted_fen,
        "difference_fen": None if row.counted_fen is None else row.difference_fen,
        "counted": {str(fen): many for fen, many in row.counted.items()},
        "memo": row.memo,
        "handed_to": row.handed_to,
        "handed_at": parts.maybe_time(row.handed_at, row.project_id),
    }
