"""Closing accounts through the API: shown, done, announced, taken back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from pydantic import BaseModel

from zhuomai_appliance.flows import closing
from zhuomai_appliance.flows.closing import ClosePreview, CloseWish
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.model.refunds import BankAccount, Destination
from zhuomai_appliance.store import closing as rows
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.reports import AccountRow
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, account_row, not_found
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.items_people import (
    AnnounceBody,
    CloseBody,
    CloseShown,
    ClosingItem,
    HoldBody,
    HoldItem,
    SettledItem,
)
from zhuomai_appliance.web.api.problems import Problem, invalid

T = TypeVar("T")

_FIELDS = frozenset(("destination", "bank", "closing_at"))


async def tried(work: Awaitable[T]) -> T:
    """What a flow answers; what it refuses, as a problem."""
    try:
        return await work
    except Refused as error:
        if error.code in _FIELDS:
            raise invalid([(error.code, error.sentence, "unfit")]) from None
        raise Problem(409, error.code, error.sentence, None, **error.facts) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "it is not what was shown any more; look again") from None
    except LookupError:
        raise not_found() from None


async def person(parts: Parts, call: Call) -> tuple[AccountRow, Project]:
    """The account of the address and its project.

    Raises:
        Problem: it is not there, or not the operator's to see.
    """
    row = await account_row(parts, call)
    project = parts.tables.project(row.project_id)
    if project is None:
        raise not_found()
    return row, project


async def close_account(parts: Parts, call: Call) -> BaseModel | Kept:
    """Close an account with settlement, or say what that would be."""
    body: CloseBody = call.body
    row, project = await person(parts, call)
    if body.destination is not None and not call.operator.may(Permission.REFUNDS_REQUEST):
        raise Problem(
            403, "not_allowed", "paying out needs the permission to ask for refunds",
            needs=Permission.REFUNDS_REQUEST.value,
        )  # fmt: skip
    given = body.bank
    bank = None if given is None else BankAccount(given.holder, given.bank, given.number.replace(" ", ""))
    wanted = CloseWish(body.reason, body.destination and Destination(body.destination), bank)
    if body.dry_run:
        seen = await tried(
            parts.store.read(lambda reader: closing.preview_close(reader, project, row.id, wanted, call.now))
        )
        return _shown(parts, project, seen, None, dry_run=True)

    def close(tx: Transaction) -> BaseModel:
        seen = closing.preview_close(tx, project, row.id, wanted, call.now)
        if body.expected_fen not in (None, seen.payout_fen) or body.expected_revision not in (
            None,
            seen.revision,
        ):
            raise PreviewIsOld
        done = closing.close_now(
            tx, parts.vault, call.actor, call.now, project, row.id, wanted, expected=seen
        )
        return _shown(parts, project, seen, done["refund_id"], dry_run=False)

    return await tried(parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: close(tx))))


async def announce_closing(parts: Parts, call: Call) -> BaseModel:
    """Say when an account will be closed."""
    body: AnnounceBody = call.body
    row, project = await person(parts, call)
    await tried(
        parts.store.write(
            lambda tx: closing.announce(
                tx, call.actor, call.now, project, row.id, body.closing_at, body.reason
            )
        )
    )
    return await _state(parts, row)


async def withdraw_closing(parts: Parts, call: Call) -> BaseModel:
    """Let an account stay that was announced to be closed."""
    row, project = await person(parts, call)
    await tried(parts.store.write(lambda tx: closing.withdraw(tx, call.actor, call.now, project, row.id)))
    return await _state(parts, row)


async def get_closing(parts: Parts, call: Call) -> BaseModel:
    """Whether an account is closed or will be."""
    row, _ = await person(parts, call)
    return await _state(parts, row)


async def get_hold(parts: Parts, call: Call) -> BaseModel:
    """How long names stay taken."""
    project = call.project(parts, call.query.project)
    return HoldItem(hold_days=await parts.store.read(lambda reader: closing.hold_days(reader, project.id)))


async def put_hold(parts: Parts, call: Call) -> BaseModel:
    """Another time for which names stay taken."""
    body: HoldBody = call.body
    project = call.project(parts, body.project)
    await parts.store.write(
        lambda tx: closing.set_hold_days(tx, call.actor, call.now, project, body.hold_days)
    )
    return HoldItem(hold_days=body.hold_days)


async def _state(parts: Parts, row: AccountRow) -> BaseModel:
    known = await parts.store.read(lambda reader: rows.state(reader, row.project_id, row.id))
    if known is None:
        raise not_found()
    return ClosingItem(
        account_id=row.id,
        closed_at=parts.maybe_time(known.closed_at, row.project_id),
        closing_at=parts.maybe_time(known.closing_at, row.project_id),
        reason=known.reason,
        names_free_at=parts.maybe_time(known.names_free_at, row.project_id),
    )


def _shown(
    parts: Parts, project: Project, seen: ClosePreview, refund_id: int | None, *, dry_run: bool
) -> BaseModel:
    return CloseShown(
        account_id=seen.account_id,
        dry_run=dry_run,
        settled=[
            SettledItem(
                subscription_id=one.subscription_id,
                plan=one.plan_name,
                fen=one.value.fen,
                bonus_fen=one.value.bonus_fen,
                formula=one.value.formula.value,
                remaining=one.value.remaining,
                total=one.value.total,
                unit=one.value.unit,
            )
            for one in seen.settled
        ],
        wallet_fen=seen.wallet_fen,
        payout_fen=seen.payout_fen,
        forfeited_fen=seen.forfeited_fen,
        needs_approval=seen.needs_approval,
        open_sessions=seen.open_sessions,
        names_free_at=parts.time(seen.names_free_at, project.id),
        revision=seen.revision,
        lines=money_lines(seen.lines),
        refund_id=refund_id,
    )
