"""Subjects, manual charges and expenses through the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import charges, expenses, subjects
from zhuomai_appliance.flows.charges import ChargePreview, ChargeWish, NotEnoughMoney, PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.subjects import (
    Expense,
    ExpenseId,
    ExpenseSource,
    ExpenseState,
    Subject,
    SubjectKind,
)
from zhuomai_appliance.store import reports
from zhuomai_appliance.store import subjects as rows
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.subjects import ExpenseFilter, NewExpense
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found, split
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.fields import MOST_FEN, ById, Id, Memo, Spanned, Strict, Text, Time
from zhuomai_appliance.web.api.fields import Fen as AnyFen
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.items_cards import MoneyLine
from zhuomai_appliance.web.api.problems import Problem, invalid

T = TypeVar("T")
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s:\x00-\x1f\x7f][^:\x00-\x1f\x7f]*$")]


class SubjectItem(Answer):
    """A subject; its code is the ledger's, as in revenue:<code>."""

    code: str
    name: str
    parent: str | None
    kind: SubjectKind
    disabled: bool


class SubjectList(Answer):
    """All subjects of a project, by code."""

    items: list[SubjectItem]


class ProjectQuery(Strict):
    """Of which project."""

    project: Text | None = None


class SubjectBody(ProjectQuery):
    """A subject; code and kind stay for good."""

    code: Code
    name: Annotated[Text, Field(min_length=1)]
    kind: SubjectKind
    parent: Code | None = None
    disabled: bool = False


class ChargeBody(Strict):
    """A manual charge under an income subject; `memo` says for what."""

    account_id: Id
    subject: Code
    amount_fen: AnyFen
    memo: Annotated[Memo, Field(min_length=1)]
    channel: Literal["CASH", "BALANCE"] = "CASH"
    dry_run: bool = False


class ChargeItem(Answer):
    """A charge with its posting; `order_no` null: nothing was charged."""

    order_no: str | None
    amount_fen: int
    lines: list[MoneyLine]


class ExpenseItem(Answer):
    """An expense; `posting_id` null: not posted."""

    id: int
    project: str
    subject: str
    amount_fen: int
    source: ExpenseSource
    voucher_no: str
    memo: str
    state: ExpenseState
    requested_by: str
    requested_at: Time
    decided_by: str
    decided_at: Time | None
    posting_id: int | None


class ExpenseQuery(ById, Spanned):
    """Expenses by subject, state, and the time they were asked for."""

    subject: Code | None = None
    state: ExpenseState | None = None


class ExpenseBody(ProjectQuery):
    """Money that the school spends, from the own drawer or the bank; `voucher_no` is the paper's."""

    subject: Code
    amount_fen: AnyFen
    memo: Annotated[Memo, Field(min_length=1)]
    source: ExpenseSource = ExpenseSource.TILL
    voucher_no: Text = ""


class DecisionBody(ProjectQuery):
    """A decision on an expense."""

    approve: bool


class ExpenseSettings(Answer):
    """Above `limit_fen` a second person approves."""

    limit_fen: int


class ExpenseSettingsBody(ProjectQuery):
    """Another limit; 0: a second person always approves."""

    limit_fen: int = Field(ge=0, le=MOST_FEN)


async def list_subjects(parts: Parts, call: Call) -> BaseModel:
    """The subjects of a project."""
    project = call.project(parts, call.query.project)
    found = await parts.store.read(lambda reader: rows.subjects(reader, project.id))
    return SubjectList(items=[_subject(one) for one in found])


async def put_subject(parts: Parts, call: Call) -> BaseModel:
    """Add or change a subject."""
    body: SubjectBody = call.body
    project = call.project(parts, body.project)
    wanted = Subject(project.id, body.code, body.name, body.parent, body.kind, body.disabled)
    return _subject(
        await _tried(
            lambda: parts.store.write(lambda tx: subjects.put(tx, call.actor, call.now, project, wanted))
        )
    )


async def create_charge(parts: Parts, call: Call) -> BaseModel | Kept:
    """Charge by hand, or say what it would post."""
    body: ChargeBody = call.body
    scope = call.projects(parts)
    person = await parts.store.read(lambda reader: reports.account(reader, scope, body.account_id))
    project = None if person is None else parts.tables.project(person.project_id)
    if person is None or project is None:
        raise invalid([("account_id", "there is no such account, or it is not yours to see", "unknown")])
    wanted = ChargeWish(
        AccountId(person.id), body.subject, Fen(body.amount_fen), body.memo, Channel(body.channel)
    )
    if body.dry_run:
        return await _tried(
            lambda: parts.store.read(
                lambda reader: _charge(
                    charges.preview(reader, call.actor, project, wanted, call.now), order_no=None
                )
            )
        )

    def charge(tx: Transaction) -> BaseModel:
        seen = charges.preview(tx, call.actor, project, wanted, call.now)
        made = charges.charge(tx, call.actor, call.now, project, wanted, expected=seen)
        return _charge(seen, order_no=made.order_no)

    return await _tried(
        lambda: parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: charge(tx)))
    )


async def list_expenses(parts: Parts, call: Call) -> BaseModel:
    """A page of expenses."""
    query: ExpenseQuery = call.query
    chosen = ExpenseFilter(subject=query.subject, state=query.state, from_at=query.from_at, to_at=query.to_at)
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: rows.expenses(reader, projects, chosen, page))
    shown, after = split(found, call, lambda row: row.id)
    return ItemList[ExpenseItem](items=[_expense(parts, row) for row in shown], next=after)


async def create_expense(parts: Parts, call: Call) -> Kept:
    """Register an expense."""
    body: ExpenseBody = call.body
    project = call.project(parts, body.project)
    wanted = NewExpense(body.subject, Fen(body.amount_fen), body.source, body.voucher_no, body.memo)
    return await _kept(
        parts, call, project, lambda tx: expenses.request(tx, call.actor, call.now, project, wanted)
    )


async def decide_expense(parts: Parts, call: Call) -> Kept:
    """Approve or reject an expense."""
    body: DecisionBody = call.body
    project = call.project(parts, body.project)
    decide = expenses.approve if body.approve else expenses.reject
    expense_id = ExpenseId(call.path["expense_id"])
    return await _kept(parts, call, project, lambda tx: decide(tx, call.actor, call.now, project, expense_id))


async def get_settings(parts: Parts, call: Call) -> BaseModel:
    """Above how much a second person approves."""
    project = call.project(parts, call.query.project)
    return await parts.store.read(
        lambda reader: ExpenseSettings(limit_fen=expenses.limit_fen(reader, project))
    )


async def put_settings(parts: Parts, call: Call) -> BaseModel:
    """Another limit."""
    body: ExpenseSettingsBody = call.body
    project = call.project(parts, body.project)
    await parts.store.write(
        lambda tx: expenses.set_limit(tx, call.actor, call.now, project, Fen(body.limit_fen))
    )
    return ExpenseSettings(limit_fen=body.limit_fen)


async def _kept(parts: Parts, call: Call, project: Project, step: Callable[[Transaction], Expense]) -> Kept:
    def work(tx: Transaction) -> Kept:
        return call.once(parts, tx, project.id, lambda: _expense(parts, step(tx)))

    return await _tried(lambda: parts.store.write(work))


async def _tried(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await work()
    except Refused as error:
        raise Problem(409, error.code, error.sentence, None, **error.facts) from None
    except NotEnoughMoney as error:
        raise Problem(
            409, "not_enough_money", "the wallet holds less", missing_fen=error.missing_fen
        ) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "it is not what was shown any more; look again") from None
    except LookupError:
        raise not_found() from None


def _subject(one: Subject) -> SubjectItem:
    return SubjectItem(code=one.code, name=one.name, parent=one.parent, kind=one.kind, disabled=one.disabled)


def _charge(seen: ChargePreview, *, order_no: str | None) -> ChargeItem:
    return ChargeItem(order_no=order_no, amount_fen=seen.amount_fen, lines=money_lines(seen.lines))


def _expense(parts: Parts, row: Expense) -> ExpenseItem:
    facts: dict[str, Any] = {
        name: getattr(row, name) for name in ExpenseItem.model_fields if hasattr(row, name)
    }
    return ExpenseItem(
        **facts
        | {
            "project": parts.project_name(row.project_id),
            "requested_at": parts.time(row.requested_at, row.project_id),
            "decided_at": parts.maybe_time(row.decided_at, row.project_id),
        }
    )
