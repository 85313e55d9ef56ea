"""Shifts: the tills, their counting and hand-over, and what came into and out of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.shifts import Counted, Shift, ShiftState
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("shifts")
CASH = "cash:"


class ShiftClosed(Exception):
    """Cash for a till that was counted already."""


@dataclass(frozen=True, slots=True)
class ShiftFilter:
    """Which shifts, by the time they were opened in [from_at, to_at)."""

    number: str | None = None
    operator: str | None = None
    state: ShiftState | None = None
    from_at: int | None = None
    to_at: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What came into and out of a till by one kind of posting."""

    kind: PostingKind
    in_fen: Fen
    out_fen: Fen


@dataclass(frozen=True, slots=True)
class Sold:
    """What an operator sold by one channel under one subject."""

    channel: Channel
    subject: str
    orders: int
    amount_fen: Fen


def begin(
    tx: Transaction, project_id: ProjectId, number: str, operator: str, at: int, float_fen: int = 0
) -> bool:
    """Open a shift; False when there is one of this number."""
    return (
        tx.run(_Q.begin, project_id=project_id, number=number, operator=operator, at=at, float_fen=float_fen)
        == 1
    )


def use_till(tx: Transaction, project_id: ProjectId, ledger_account: str, operator: str, at: int) -> None:
    """Note that cash moves in a till: the first opens its shift, with nothing in the drawer.

    Raises:
        ShiftClosed: the till was counted.
    """
    number = ledger_account.removeprefix(CASH)
    is_own = number == operator or number.startswith(f"{operator}#")
    begin(tx, project_id, number, operator if is_own else number.partition("#")[0], at)
    if tx.value(_Q.state, project_id=project_id, number=number) != ShiftState.OPEN.value:
        raise ShiftClosed(f"shift {number} is closed: cash goes into the next one")


def till_number(reader: Reader, project_id: ProjectId, operator: str) -> str:
    """The number of an operator's open shift, or of the one that his next cash opens."""
    found: str | None = reader.value(_Q.open_number, project_id=project_id, operator=operator)
    if found is not None:
        return found
    serial: int = reader.value(_Q.count_of, project_id=project_id, operator=operator) + 1
    number = operator if serial == 1 else f"{operator}#{serial}"
    # Somebody may be called like another's second shift
    while reader.value(_Q.state, project_id=project_id, number=number) is not None:
        serial += 1
        number = f"{operator}#{serial}"
    return number


def is_open(reader: Reader, project_id: ProjectId, number: str) -> bool:
    """Whether a till takes cash: one that was not used yet does."""
    state: str | None = reader.value(_Q.state, project_id=project_id, number=number)
    return state is None or state == ShiftState.OPEN.value


def _shift(row: Row) -> Shift:
    counted = {int(fen): count for fen, count in json.loads(row[9]).items()}
    return Shift(
        ProjectId(row[0]), row[1], row[2], ShiftState(row[3]), row[4], Fen(row[5]), row[6], row[7], row[8], counted,
        row[10], row[11], row[12],
    )  # fmt: skip


def shift(reader: Reader, project_id: ProjectId, number: str) -> Shift | None:
    """One shift."""
    found = shifts(reader, (project_id,), ShiftFilter(number=number), Page(limit=1))
    return found[0] if found else None


def shifts(reader: Reader, projects: Sequence[ProjectId], chosen: ShiftFilter, page: Page) -> list[Shift]:
    """Shifts by number; the key of a page is their `key`."""
    found = rows(
        reader,
        _Q.shifts,
        project_ids(reader, projects),
        number=chosen.number,
        operator=chosen.operator,
        state=chosen.state and chosen.state.value,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
    )
    return [_shift(row) for row in found]


def close(
    tx: Transaction,
    project_id: ProjectId,
    number: str,
    at: int,
    *,
    expected_fen: int,
    counted_fen: int,
    counted: Counted,
    memo: str,
) -> bool:
    """Keep what was counted; False when it was closed before."""
    text = json.dumps({str(fen): count for fen, count in counted.items()}, sort_keys=True)
    return tx.run(
        _Q.close, project_id=project_id, number=number, at=at, expected_fen=expected_fen, counted_fen=counted_fen,
        counted=text, memo=memo,
    ) == 1  # fmt: skip


def hand_over(tx: Transaction, project_id: ProjectId, number: str, handed_to: str, at: int) -> bool:
    """Keep who signed for a counted drawer; False when it is not one."""
    return tx.run(_Q.hand_over, project_id=project_id, number=number, handed_to=handed_to, at=at) == 1


def cash_of(reader: Reader, project_id: ProjectId, number: str) -> list[Moved]:
    """What came into and out of a till, by kind of posting."""
    found = reader.all(_Q.cash_of, project_id=project_id, ledger_account=f"{CASH}{number}")
    return [Moved(PostingKind(kind), Fen(came), Fen(went)) for kind, came, went in found]


def sold(reader: Reader, project_id: ProjectId, operator: str, from_at: int, to_at: int) -> list[Sold]:
    """What an operator sold in [from_at, to_at), by channel and subject."""
    found = reader.all(_Q.sold, project_id=project_id, operator=operator, from_at=from_at, to_at=to_at)
    return [Sold(Channel(channel), subject, count, Fen(amount)) for channel, subject, count, amount in found]


# Proof ------------------------------------------------------------------------------------------------------------------


def counted(reader: Reader) -> int:
    """How many shifts there are."""
    return int(reader.value(_Q.counted))


def faults(reader: Reader) -> Iterator[str]:
    """Tills of no shift, and counted shifts whose drawer is not what their postings make it."""
    for project, ref in reader.all(_Q.stray):
        yield f"{ref} of project {project} belongs to no shift"
    for project, number, state, begun, _, found, posted in reader.all(_Q.wrong):
        yield (
            f"shift {number} of project {project} is {state} with {found} fen counted; float {begun} and postings of"
            f" {posted} make {begun + posted}"
        )
