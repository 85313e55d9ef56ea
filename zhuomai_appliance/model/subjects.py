"""Subjects of income and expense (科目), and expenses of the school itself (features E07, E08, E23)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from zhuomai_appliance.model.commerce import PostingId
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId

ExpenseId = NewType("ExpenseId", int)


class SubjectKind(StrEnum):
    """Which side of the books a subject is on."""

    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of a project's tree. ``code`` is the ledger's: revenue:<code> or expense:<code>; it never changes."""

    project_id: ProjectId
    code: str
    name: str
    parent: str | None
    kind: SubjectKind
    disabled: bool = False


class ExpenseSource(StrEnum):
    """Where the money of an expense comes from: the drawer of who asks for it, or the bank."""

    TILL = "till"
    BANK = "bank"


class ExpenseState(StrEnum):
    """Life of an expense; one that is small enough is posted at once."""

    REQUESTED = "requested"
    POSTED = "posted"
    REJECTED = "rejected"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Expense:
    """Money that the school spends; ``decided_by`` is empty where one person was enough."""

    id: ExpenseId
    project_id: ProjectId
    subject: str
    amount_fen: Fen
    source: ExpenseSource
    voucher_no: str
    memo: str
    state: ExpenseState
    requested_by: str
    requested_at: int
    decided_by: str
    decided_at: int | None
    posting_id: PostingId | None
