"""The queue of refunds through the API: asked for, approved, paid, failed, undone, and listed for the bank."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from zhuomai_appliance.flows import refund_lists, refund_money, refunds
from zhuomai_appliance.flows.refunds import PreviewIsOld, RefundPreview, RefundWish, Refused
from zhuomai_appliance.model.money import Fen, format_yuan
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, Permission
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.model.refunds import BankAccount, Destination, Refund, RefundState
from zhuomai_appliance.store import refunds as rows
from zhuomai_appliance.store import reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.refunds import RefundFilter
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, Written, not_found, split
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_refunds import (
    BankBody,
    CloseBody,
    ListClosed,
    ListItem,
    MemoBody,
    PayBody,
    ProjectBody,
    ReasonBody,
    RefundBody,
    RefundDetail,
    RefundItem,
    RefundQuery,
    RefundSettings,
    RefundShown,
    SettingsBody,
    StepItem,
)
from zhuomai_appliance.web.api.problems import Problem, invalid

T = TypeVar("T")

_LIST_HEADER = ("refund", "username", "name", "holder", "bank", "account", "amount")
_FIELDS = frozenset({"destination", "amount_fen", "bank"})


def refused(error: Refused) -> Problem:
    """What a flow refuses, as a problem: a field that is wrong, or a state of things."""
    if error.code in _FIELDS:
        return invalid([(error.code, error.sentence, "unfit")])
    return Problem(409, error.code, error.sentence, None, **error.facts)


async def list_refunds(parts: Parts, call: Call) -> BaseModel:
    """A page of refunds."""
    query: RefundQuery = call.query
    chosen = RefundFilter(
        account_id=None if query.account_id is None else AccountId(query.account_id),
        subscription_id=None if query.subscription_id is None else SubscriptionId(query.subscription_id),
        state=query.state,
        destination=query.destination,
        batch_id=query.batch_id,
        list_no=query.list_no,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: rows.refunds(reader, projects, chosen, page))
    shown, after = split(found, call, lambda row: row.id)
    return ItemList[RefundItem](items=[RefundItem(**_facts(parts, row)) for row in shown], next=after)


async def get_refund(parts: Parts, call: Call) -> BaseModel:
    """One refund with its history."""
    found, _ = await _known(parts, call)
    return await parts.store.read(lambda reader: _detail(parts, reader, found))


async def request_refund(parts: Parts, call: Call) -> BaseModel | Kept:
    """Ask for a refund, or say what it would be."""
    body: RefundBody = call.body
    if (body.subscription_id is None) == (body.amount_fen is None):
        raise invalid([("subscription_id", "name either a purchase or amount_fen", "either")])
    person = await parts.store.read(
        lambda reader: reports.account(reader, call.projects(parts), body.account_id)
    )
    project = None if person is None else parts.tables.project(person.project_id)
    if person is None or project is None:
        raise invalid([("account_id", "there is no such account, or it is not yours to see", "unknown")])
    wanted = RefundWish(
        account_id=person.id,
        destination=body.destination,
        reason=body.reason,
        subscription_id=None if body.subscription_id is None else SubscriptionId(body.subscription_id),
        amount_fen=None if body.amount_fen is None else Fen(body.amount_fen),
        order_no=body.order_no,
        bank=_bank(body.bank),
    )

    def look(reader: Reader) -> RefundPreview:
        return refund_money.preview(reader, call.actor, project, wanted, call.now)

    def ask(tx: Transaction) -> BaseModel:
        seen = look(tx)
        _check_amount(seen, body.expected_fen)
        made = refunds.request(tx, parts.vault, call.actor, call.now, project, wanted, expected=seen)
        return _shown(seen, made)

    if body.dry_run:
        return await _tried(lambda: parts.store.read(lambda reader: _shown(look(reader), None)))
    return await _tried(
        lambda: parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: ask(tx)))
    )


async def approve_refund(parts: Parts, call: Call) -> Kept:
    """Let a refund go on."""
    body: MemoBody = call.body
    return await _step(
        parts, call, lambda tx, project, one: refunds.approve(tx, call.actor, call.now, project, one.id, memo=body.memo)
    )  # fmt: skip


async def reject_refund(parts: Parts, call: Call) -> Kept:
    """Say no to a request."""
    body: ReasonBody = call.body
    return await _step(
        parts, call, lambda tx, project, one: refunds.reject(tx, call.actor, call.now, project, one.id, reason=body.reason)
    )  # fmt: skip


async def pay_refund(parts: Parts, call: Call) -> BaseModel | Kept:
    """Pay in cash, or note that the bank has transferred it; or say what paying in cash would be."""
    body: PayBody = call.body
    found, project = await _known(parts, call)
    if found.destination is Destination.BANK and not call.operator.may(Permission.REFUNDS_APPROVE):
        raise Problem(
            403, "not_allowed", "transfers are noted by who may approve refunds",
            needs=Permission.REFUNDS_APPROVE.value,
        )  # fmt: skip

    def look(reader: Reader) -> RefundPreview:
        return refunds.preview_pay(reader, call.actor, project, found.id, call.now)

    def pay(tx: Transaction) -> BaseModel:
        seen = look(tx) if found.destination is Destination.CASH else None
        if seen is not None:
            _check_amount(seen, body.expected_fen)
        paid = refunds.pay(tx, call.actor, call.now, project, found.id, expected=seen, memo=body.memo)
        return _detail(parts, tx, paid)

    if body.dry_run:
        return await _tried(
            lambda: parts.store.read(lambda reader: _shown(look(reader), found, dry_run=True))
        )
    return await _tried(
        lambda: parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: pay(tx)))
    )


async def fail_refund(parts: Parts, call: Call) -> Kept:
    """Note that a transfer came back, or that nobody came for the cash."""
    body: ReasonBody = call.body
    return await _step(
        parts, call, lambda tx, project, one: refunds.fail(tx, call.actor, call.now, project, one.id, reason=body.reason)
    )  # fmt: skip


async def retry_refund(parts: Parts, call: Call) -> Kept:
    """Try a failed refund again."""
    body: MemoBody = call.body
    return await _step(
        parts, call, lambda tx, project, one: refunds.retry(tx, call.actor, call.now, project, one.id, memo=body.memo)
    )  # fmt: skip


async def reverse_refund(parts: Parts, call: Call) -> Kept:
    """Undo a paid refund."""
    body: ReasonBody = call.body
    return await _step(
        parts, call, lambda tx, project, one: refunds.reverse(tx, call.actor, call.now, project, one.id, reason=body.reason)
    )  # fmt: skip


async def _step(parts: Parts, call: Call, step: Callable[[Transaction, Project, Refund], Refund]) -> Kept:
    found, project = await _known(parts, call)

    def work(tx: Transaction) -> Kept:
        return call.once(parts, tx, project.id, lambda: _detail(parts, tx, step(tx, project, found)))

    return await _tried(lambda: parts.store.write(work))


# Lists for the bank -----------------------------------------------------------------------------------------------------


async def make_list(parts: Parts, call: Call) -> Kept:
    """Put all approved transfers that stand on no list on a new one."""
    body: ProjectBody = call.body
    project = call.project(parts, body.project)

    def make(tx: Transaction) -> BaseModel:
        return ListItem(list_no=refund_lists.bank_list(tx, call.actor, call.now, project))

    return await _tried(
        lambda: parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: make(tx)))
    )


async def get_list(parts: Parts, call: Call) -> Written:
    """A list as CSV with whole bank accounts; that it was read is audited."""
    project = call.project(parts, call.query.project)
    number = call.path["list_no"]
    await parts.store.write(lambda tx: refund_lists.note_reading(tx, call.actor, call.now, project, number))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_LIST_HEADER)
    after: int | None = None
    while found := await parts.store.read(
        lambda reader, a=after: refund_lists.listed(reader, parts.vault, project, number, a)  # type: ignore[misc]
    ):
        after = found[-1].refund.id
        writer.writerows(_transfer(one) for one in found)
    if after is None:
        raise not_found()
    return Written(target.getvalue().encode(), f"refunds-{number}.csv")


def _transfer(one: refund_lists.BankRow) -> tuple[int | str, ...]:
    bank, refund = one.bank, one.refund
    return (
        refund.id, one.username, one.full_name, bank.holder, bank.bank, bank.number, format_yuan(refund.amount_fen),
    )  # fmt: skip


async def close_list(parts: Parts, call: Call) -> BaseModel:
    """Note what the bank did with a list, some transfers at a time."""
    body: CloseBody = call.body
    project = call.project(parts, body.project)
    number, failed = call.path["list_no"], {one.id: one.reason for one in body.failed}
    paid = lost = 0
    while True:
        done = await _tried(
            lambda: parts.store.write(
                lambda tx: refund_lists.close_list(tx, call.actor, call.now, project, number, failed)
            )
        )
        if not any(done):
            return ListClosed(paid=paid, failed=lost)
        paid, lost = paid + done[0], lost + done[1]


async def get_settings(parts: Parts, call: Call) -> BaseModel:
    """Above how much a second person approves."""
    project = call.project(parts, call.query.project)
    return await parts.store.read(
        lambda reader: RefundSettings(limit_fen=refund_money.limit_fen(reader, project))
    )


async def put_settings(parts: Parts, call: Call) -> BaseModel:
    """Another limit."""
    body: SettingsBody = call.body
    project = call.project(parts, body.project)
    await parts.store.write(
        lambda tx: refunds.set_limit(tx, call.actor, call.now, project, Fen(body.limit_fen))
    )
    return RefundSettings(limit_fen=body.limit_fen)


# Items ------------------------------------------------------------------------------------------------------------------


async def _tried(work: Callable[[], Awaitable[T]]) -> T:
    """What a flow answers; what it refuses, as a problem."""
    try:
        return await work()
    except Refused as error:
        raise refused(error) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "it is not what was shown any more; look again") from None
    except LookupError:
        raise not_found() from None


def _check_amount(seen: RefundPreview, expected_fen: int | None) -> None:
    if expected_fen is not None and seen.amount_fen != expected_fen:
        raise PreviewIsOld


def _bank(body: BankBody | None) -> BankAccount | None:
    return None if body is None else BankAccount(body.holder, body.bank, body.number.replace(" ", ""))


async def _known(parts: Parts, call: Call) -> tuple[Refund, Project]:
    projects, refund_id = call.projects(parts), call.path["refund_id"]
    found = await parts.store.read(
        lambda reader: rows.refunds(reader, projects, RefundFilter(id=refund_id), reports.Page(limit=1))
    )
    project = parts.tables.project(found[0].project_id) if found else None
    if project is None:
        raise not_found()
    return found[0], project


def _shown(seen: RefundPreview, made: Refund | None, *, dry_run: bool = False) -> RefundShown:
    state: RefundState | None = None if made is None else made.state
    return RefundShown(
        id=None if made is None else made.id,
        dry_run=dry_run or made is None,
        amount_fen=seen.amount_fen,
        forfeited_fen=seen.forfeited_fen,
        payee_id=seen.payee_id,
        order_no=seen.order_no,
        formula=json.loads(seen.formula),
        needs_approval=seen.needs_approval,
        revision=seen.revision,
        lines=money_lines(seen.lines),
        state=state,
    )


def _detail(parts: Parts, reader: Reader, found: Refund) -> RefundDetail:
    history = [
        StepItem(
            state=step.state, at=parts.time(step.at, found.project_id), operator=step.operator, memo=step.memo
        )
        for step in rows.steps(reader, found.project_id, found.id)
    ]
    return RefundDetail(**_facts(parts, found), steps=history)


def _facts(parts: Parts, row: Refund) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": parts.project_name(row.project_id),
        "account_id": row.account_id,
        "username": row.username,
        "payee_id": row.payee_id,
        "subscription_id": row.subscription_id,
        "order_no": row.order_no,
        "destination": row.destination,
        "amount_fen": row.amount_fen,
        "forfeited_fen": row.forfeited_fen,
        "formula": json.loads(row.formula),
        "state": row.state,
        "is_held": row.is_held,
        "reason": row.reason,
        "has_bank": row.has_bank,
        "batch_id": row.batch_id,
        "list_no": row.list_no,
        "requested_by": row.requested_by,
        "requested_at": parts.time(row.requested_at, row.project_id),
        "decided_by": row.decided_by,
        "decided_at": parts.maybe_time(row.decided_at, row.project_id),
        "finished_at": parts.maybe_time(row.finished_at, row.project_id),
        "failure": row.failure,
    }
