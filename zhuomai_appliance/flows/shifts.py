"""Shifts (交接班): opened with a float or by the first cash, counted, the difference posted, signed for by the next person.

All cash of an operator goes into and out of the till of his open shift; what comes after the counting belongs to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.ledger import LedgerAccount, Lines
from zhuomai_appliance.flows.audited import auditor
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import PostingKind, PostingLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.shifts import NOTES, Counted, Shift, ShiftState
from zhuomai_appliance.store import ledger, shifts
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.shifts import Moved, Sold

_audit = auditor("shift")


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """A shift and all that happened in it: cash by kind of posting, sales by channel and subject.

    ``expected_fen`` is the float, with the cash that came in, without the cash that went out. The posting of a difference is
    in ``cash`` too, once the shift is counted.
    """

    shift: Shift
    expected_fen: Fen
    cash: tuple[Moved, ...]
    sold: tuple[Sold, ...]


@dataclass(frozen=True, slots=True)
class ClosePreview:
    """What counting a drawer now would find: ``lines`` post the difference, none over 0 fen."""

    number: str
    expected_fen: Fen
    counted_fen: Fen
    lines: Lines

    @property
    def difference_fen(self) -> Fen:
        """What was counted more than expected; below zero: what is missing."""
        return Fen(self.counted_fen - self.expected_fen)


def till(reader: Reader, project_id: ProjectId, actor: Actor) -> LedgerAccount:
    """Where an operator's cash goes: the till of his open shift, or of the one that it opens."""
    return rules.cash(shifts.till_number(reader, project_id, actor.name))


def in_open_till(reader: Reader, project_id: ProjectId, actor: Actor, lines: Iterable[PostingLine]) -> Lines:
    """Lines of a reversal, with the cash of counted shifts moved to the till that is open now."""
    return tuple(
        PostingLine(till(reader, project_id, actor), line.amount_fen)
        if line.account_ref.startswith(shifts.CASH)
        and not shifts.is_open(reader, project_id, line.account_ref.removeprefix(shifts.CASH))
        else line
        for line in lines
    )


def open_shift(tx: Transaction, actor: Actor, now: int, project: Project, float_fen: Fen) -> Shift:
    """Begin a shift with so much in the drawer.

    Raises:
        Refused: this operator has one open.
    """
    number = shifts.till_number(tx, project.id, actor.name)
    if not shifts.begin(tx, project.id, number, actor.name, now, float_fen):
        raise Refused("shift_open", f"shift {number} is open: count it first")
    _audit(tx, actor, now, project, "shift.open", number, {"float_fen": float_fen})
    return known(tx, project, number)


def known(reader: Reader, project: Project, number: str) -> Shift:
    """A shift of a project.

    Raises:
        LookupError: it is not there.
    """
    found = shifts.shift(reader, project.id, number)
    if found is None:
        raise LookupError(f"shift {number} is not there")
    return found


def report(reader: Reader, project: Project, number: str, now: int) -> ShiftReport:
    """What happened in a shift, up to ``now`` while it is open.

    Raises:
        LookupError: it is not there.
    """
    one = known(reader, project, number)
    until = now + 1 if one.closed_at is None else one.closed_at + 1
    expected = _expected(reader, one) if one.expected_fen is None else one.expected_fen
    return ShiftReport(
        one,
        expected,
        tuple(shifts.cash_of(reader, project.id, number)),
        tuple(shifts.sold(reader, project.id, one.operator, one.opened_at, until)),
    )


def _expected(reader: Reader, one: Shift) -> Fen:
    return Fen(one.float_fen + ledger.balance(reader, one.project_id, rules.cash(one.number)))


def preview_close(
    reader: Reader, actor: Actor, project: Project, number: str, counted: Counted
) -> ClosePreview:
    """What counting would find and post now.

    Raises:
        LookupError: there is no such shift.
        Refused: it is another operator's, counted already, or what was counted is no money.
    """
    one = known(reader, project, number)
    if one.state is not ShiftState.OPEN:
        raise Refused("shift_closed", f"shift {number} was counted already")
    if one.operator != actor.name:
        raise Refused("not_own_shift", f"shift {number} is counted by {one.operator}")
    if any(fen not in NOTES or count < 0 for fen, count in counted.items()):
        raise Refused("counted", "count each note and coin of the renminbi by its fen, none below zero")
    expected = _expected(reader, one)
    total = Fen(sum(fen * count for fen, count in counted.items()))
    drawer = rules.cash(number)
    pair = (drawer, rules.SHORTAGE) if total > expected else (rules.SHORTAGE, drawer)
    return ClosePreview(number, expected, total, rules.transfer(*pair, abs(total - expected)))


def close(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    number: str,
    counted: Counted,
    *,
    expected: ClosePreview | None = None,
    memo: str = "",
) -> Shift:
    """Count the drawer and end the shift; what is missing or over is posted. The operator signs with this.

    Args:
        expected: what a preview showed; anything else refuses.

    Raises:
        LookupError, Refused: as `preview_close`; a difference needs a word in ``memo``.
        PreviewIsOld: cash moved since the preview; nothing was done.
    """
    seen = preview_close(tx, actor, project, number, counted)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    if seen.difference_fen and not memo.strip():
        raise Refused("memo", f"the drawer differs by {seen.difference_fen} fen: say why")
    if seen.lines:
        ledger.post(
            tx,
            project_id=project.id,
            kind=PostingKind.SHORTAGE,
            effect=f"shift:{number}:difference",
            order_no=None,
            operator=actor.name,
            at=now,
            memo=memo,
            lines=rules.check(seen.lines),
        )
    shifts.close(
        tx, project.id, number, now, expected_fen=seen.expected_fen, counted_fen=seen.counted_fen, counted=counted,
        memo=memo,
    )  # fmt: skip
    facts = {"expected_fen": seen.expected_fen, "counted_fen": seen.counted_fen, "memo": memo}
    _audit(tx, actor, now, project, "shift.close", number, facts)
    return known(tx, project, number)


def hand_over(tx: Transaction, actor: Actor, now: int, project: Project, number: str) -> Shift:
    """Sign for a counted drawer: a second person takes it over.

    Raises:
        LookupError: there is no such shift.
        Refused: it is not counted, was taken over already, or the one who counted it asks.
    """
    one = known(tx, project, number)
    if one.operator == actor.name:
        raise Refused("same_person", "who counted a drawer cannot sign for taking it over")
    if not shifts.hand_over(tx, project.id, number, actor.name, now):
        raise Refused("shift_state", f"shift {number} is {one.state}, not waiting for its hand-over")
    _audit(tx, actor, now, project, "shift.hand_over", number, {"counted_fen": one.counted_fen})
    return known(tx, project, number)
