"""Expenses (支出登记): what the school itself spends, from a drawer or the bank; above a limit two people (features E23)."""

from __future__ import annotations

from typing import Any, Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import shifts, subjects
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import PostingId, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.subjects import Expense, ExpenseId, ExpenseSource, ExpenseState, SubjectKind
from zhuomai_appliance.store import journal, ledger, settings
from zhuomai_appliance.store import shifts as tills
from zhuomai_appliance.store import subjects as rows
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.subjects import ExpenseFilter, NewExpense

SETTING: Final = "expenses"
LIMIT_FEN: Final = Fen(20_000)
"""Above 200.00 a second person approves, unless the project says otherwise."""


def limit_fen(reader: Reader, project: Project) -> Fen:
    """Above how much an expense of this project needs a second person."""
    return Fen((settings.get(reader, project.id, SETTING) or {}).get("limit_fen", LIMIT_FEN))


def set_limit(tx: Transaction, actor: Actor, now: int, project: Project, limit: Fen) -> None:
    """Say above how much a second person has to approve; 0: always."""
    before = limit_fen(tx, project)
    settings.put(tx, project.id, SETTING, {"limit_fen": limit})
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="expense.limit",
        object_kind="setting", object_id=SETTING, before={"limit_fen": before}, after={"limit_fen": limit},
    )  # fmt: skip


def request(tx: Transaction, actor: Actor, now: int, project: Project, wanted: NewExpense) -> Expense:
    """Register an expense; up to the limit it is posted at once.

    Raises:
        Refused: no expense subject of this code is in use, nothing is spent, no word says for what, or the drawer of who
            asks holds less.
    """
    subjects.to_use(tx, project, wanted.subject, SubjectKind.EXPENSE)
    if wanted.amount_fen <= 0:
        raise Refused("amount_fen", "an amount above 0 is needed")
    if not wanted.memo.strip():
        raise Refused("memo", "say what was paid for")
    expense_id = rows.add_expense(tx, project.id, wanted, actor.name, now)
    found = known(tx, project, expense_id)
    _audit(tx, actor, now, found, "expense.request")
    if wanted.amount_fen > limit_fen(tx, project):
        return found
    return _post(tx, actor, now, project, found, "")


def approve(tx: Transaction, actor: Actor, now: int, project: Project, expense_id: ExpenseId) -> Expense:
    """Let an expense be posted: a second person's word. Cash comes out of the drawer of who asked.

    Raises:
        LookupError: it is not there.
        Refused: it was decided already, the same person asks, or the drawer holds less.
    """
    found = _waiting(tx, actor, project, expense_id)
    return _post(tx, actor, now, project, found, actor.name)


def reject(tx: Transaction, actor: Actor, now: int, project: Project, expense_id: ExpenseId) -> Expense:
    """Say no to an expense.

    Raises:
        LookupError, Refused: as `approve`.
    """
    found = _waiting(tx, actor, project, expense_id)
    rows.move_expense(tx, found, ExpenseState.REJECTED, decided_by=actor.name, at=now, posting_id=None)
    _audit(tx, actor, now, found, "expense.reject")
    return known(tx, project, expense_id)


def note_reversal(tx: Transaction, project: Project, posting_id: PostingId) -> None:
    """Keep that the posting of an expense is undone; nothing for any other posting."""
    found = rows.expenses(tx, (project.id,), ExpenseFilter(posting_id=posting_id), Page(limit=1))
    for one in found:
        rows.move_expense(
            tx,
            one,
            ExpenseState.REVERSED,
            decided_by=one.decided_by,
            at=one.decided_at,
            posting_id=posting_id,
        )


def known(reader: Reader, project: Project, expense_id: ExpenseId) -> Expense:
    """An expense of a project.

    Raises:
        LookupError: it is not there.
    """
    found = rows.expenses(reader, (project.id,), ExpenseFilter(id=expense_id), Page(limit=1))
    if not found:
        raise LookupError(f"expense {expense_id} is not there")
    return found[0]


def _waiting(reader: Reader, actor: Actor, project: Project, expense_id: ExpenseId) -> Expense:
    found = known(reader, project, expense_id)
    if found.state is not ExpenseState.REQUESTED:
        raise Refused("state", f"expense {expense_id} is {found.state} already")
    if found.requested_by == actor.name:
        raise Refused("same_person", "who asked for an expense cannot decide it")
    return found


def _post(
    tx: Transaction, actor: Actor, now: int, project: Project, found: Expense, decided_by: str
) -> Expense:
    source = rules.BANK
    if found.source is ExpenseSource.TILL:
        source = shifts.till(tx, project.id, Actor(found.requested_by, actor.address))
        drawer = tills.shift(tx, project.id, source.removeprefix(tills.CASH))
        held = (0 if drawer is None else drawer.float_fen) + ledger.balance(tx, project.id, source)
        if held < found.amount_fen:
            raise Refused("drawer", f"the drawer of {found.requested_by} holds {held} fen", held_fen=held)
    posting_id = ledger.post(
        tx,
        project_id=project.id,
        kind=PostingKind.EXPENSE,
        effect=f"expense:{found.id}",
        order_no=None,
        operator=actor.name,
        at=now,
        memo=found.memo,
        lines=rules.check(rules.transfer(rules.expense(found.subject), source, found.amount_fen)),
    )
    rows.move_expense(tx, found, ExpenseState.POSTED, decided_by=decided_by, at=now, posting_id=posting_id)
    _audit(tx, actor, now, found, "expense.post")
    return known(tx, project, found.id)


def _audit(tx: Transaction, actor: Actor, now: int, found: Expense, action: str) -> None:
    facts: dict[str, Any] = {
        "subject": found.subject, "amount_fen": found.amount_fen, "source": found.source.value,
        "voucher_no": found.voucher_no, "memo": found.memo,
    }  # fmt: skip
    journal.audit(
        tx, at=now, project_id=found.project_id, actor=actor.name, address=actor.address, action=action,
        object_kind="expense", object_id=str(found.id), after=facts,
    )  # fmt: skip
