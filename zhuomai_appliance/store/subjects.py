"""Subjects of income and expense, and the expenses under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.commerce import PostingId
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.subjects import (
    Expense,
    ExpenseId,
    ExpenseSource,
    ExpenseState,
    Subject,
    SubjectKind,
)
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("subjects")


@dataclass(frozen=True, slots=True)
class ExpenseFilter:
    """Which expenses, by the time they were asked for in [from_at, to_at)."""

    id: int | None = None
    posting_id: int | None = None
    subject: str | None = None
    state: ExpenseState | None = None
    from_at: int | None = None
    to_at: int | None = None


@dataclass(frozen=True, slots=True)
class NewExpense:
    """An expense that is asked for."""

    subject: str
    amount_fen: Fen
    source: ExpenseSource
    voucher_no: str
    memo: str


def put(tx: Transaction, subject: Subject) -> None:
    """Add a subject, or change all of it but its code and kind."""
    tx.run(
        _Q.put_subject, project_id=subject.project_id, code=subject.code, name=subject.name, parent=subject.parent,
        kind=subject.kind.value, disabled=int(subject.disabled),
    )  # fmt: skip


def note(tx: Transaction, project_id: ProjectId, code: str) -> None:
    """Let there be an income subject of this code; one that is there stays as it is."""
    tx.run(_Q.note_subject, project_id=project_id, code=code)


def subjects(reader: Reader, project_id: ProjectId) -> list[Subject]:
    """The subjects of a project, by code."""
    return [
        Subject(ProjectId(project), code, name, parent, SubjectKind(kind), bool(disabled))
        for project, code, name, parent, kind, disabled in reader.all(_Q.subjects, project_id=project_id)
    ]


def subject(reader: Reader, project_id: ProjectId, code: str) -> Subject | None:
    """One subject."""
    return next((one for one in subjects(reader, project_id) if one.code == code), None)


def add_expense(
    tx: Transaction, project_id: ProjectId, new: NewExpense, requested_by: str, at: int
) -> ExpenseId:
    """Keep an expense that is asked for."""
    return ExpenseId(
        tx.insert(
            _Q.add_expense, project_id=project_id, subject=new.subject, amount_fen=new.amount_fen,
            source=new.source.value, voucher_no=new.voucher_no, memo=new.memo, requested_by=requested_by, at=at,
        )
    )  # fmt: skip


def move_expense(
    tx: Transaction,
    before: Expense,
    state: ExpenseState,
    *,
    decided_by: str,
    at: int | None,
    posting_id: PostingId | None,
) -> bool:
    """Bring an expense from the state it was read in to another; False when it is not in that one any more."""
    return tx.run(
        _Q.move_expense, project_id=before.project_id, id=before.id, before=before.state.value, state=state.value,
        decided_by=decided_by, decided_at=at, posting_id=posting_id,
    ) == 1  # fmt: skip


def expenses(
    reader: Reader, projects: Sequence[ProjectId], chosen: ExpenseFilter, page: Page
) -> list[Expense]:
    """Expenses by number."""
    found = rows(
        reader,
        _Q.expenses,
        project_ids(reader, projects),
        id=chosen.id,
        posting_id=chosen.posting_id,
        subject=chosen.subject,
        state=chosen.state and chosen.state.value,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
    )
    return [
        Expense(
            ExpenseId(row[0]), ProjectId(row[1]), row[2], Fen(row[3]), ExpenseSource(row[4]), row[5], row[6],
            ExpenseState(row[7]), row[8], row[9], row[10], row[11], row[12],
        )
        for row in found
    ]  # fmt: skip


# Proof ------------------------------------------------------------------------------------------------------------------


def counted(reader: Reader) -> tuple[int, int]:
    """How many expenses there are, and what was spent in all, in fen."""
    row = reader.one(_Q.counted)
    return (0, 0) if row is None else (row[0], row[1])


def faults(reader: Reader) -> Iterator[str]:
    """Subjects whose expenses are not what the ledger says, and charges under no subject."""
    for project, code, kept, posted in reader.all(_Q.wrong_expenses):
        yield f"expenses under {code} of project {project} are {kept} fen; the ledger says {posted}"
    for order_no, code in reader.all(_Q.stray_charges):
        yield f"order {order_no} charges under {code!r}, which is no income subject"
