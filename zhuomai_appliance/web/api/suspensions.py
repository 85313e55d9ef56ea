"""Suspending an account and resuming it, through the API (features F15, billing rules §10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from zhuomai_appliance.flows import suspensions
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.subscriptions import Span
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.suspensions import Suspension, SuspensionStatus
from zhuomai_appliance.store import suspensions as rows
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts
from zhuomai_appliance.web.api.fields import Instant, Memo, Strict, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import Problem
from zhuomai_appliance.web.api.subscriptions import SpanItem, person_of, span_items


class SuspendBody(Strict):
    """From when, until when at the latest, and why; `dry_run` changes nothing and shows dates and fee.

    `resumes_at` left out: until the desk, the plan's limit, or with `on_login` a login ends it.
    """

    when: Literal["now", "next_day"] = "now"
    begins_at: Instant | None = None
    resumes_at: Instant | None = None
    on_login: bool = False
    reason: Memo = ""
    dry_run: bool = False


class ResumeBody(Strict):
    """`dry_run` changes nothing and shows by how many days ends would move."""

    dry_run: bool = False


class SuspendItem(Answer):
    """What a suspension does: `before` and `after` are the chain's dates, `after` as if it lasted until `resumes_at`.

    `keep_fee_fen` is the price of each month begun. `suspension_id` is null in a dry run.
    """

    suspension_id: int | None
    status: SuspensionStatus
    begins_at: Time
    resumes_at: Time | None
    on_login: bool
    keep_fee_fen: int
    before: list[SpanItem]
    after: list[SpanItem]


class ResumeItem(Answer):
    """By how many whole days ends moved, and the chain before and after."""

    suspension_id: int
    status: SuspensionStatus
    days: int
    before: list[SpanItem]
    after: list[SpanItem]


class SuspensionItem(Answer):
    """One suspension; `why` it ended: desk, planned, login, keep_fee, undone, nothing_runs."""

    id: int
    status: SuspensionStatus
    begins_at: Time
    resumes_at: Time | None
    ended_at: Time | None
    days: int
    on_login: bool
    keep_fee_fen: int
    fee_months: int
    why: str
    operator: str
    reason: str
    batch_id: int | None


class SuspensionList(Answer):
    """All suspensions of an account, oldest first."""

    items: list[SuspensionItem]


async def list_suspensions(parts: Parts, call: Call) -> BaseModel:
    """The suspensions of an account."""
    row, project = await person_of(parts, call)
    found = await parts.store.read(lambda reader: rows.of_account(reader, project.id, row.id))
    return SuspensionList(items=[_item(parts, one) for one in found])


async def suspend_account(parts: Parts, call: Call) -> BaseModel | Kept:
    """Suspend an account, or show what that would do."""
    body: SuspendBody = call.body
    row, project = await person_of(parts, call)

    def answer(seen: suspensions.SuspendPreview, made: dict[str, Any]) -> BaseModel:
        return SuspendItem(
            suspension_id=made.get("suspension_id"),
            status=SuspensionStatus(str(made["status"])),
            begins_at=parts.time(seen.begins_at, project.id),
            resumes_at=parts.maybe_time(seen.resumes_at, project.id),
            on_login=seen.on_login,
            keep_fee_fen=seen.keep_fee_fen,
            before=_spans(parts, seen.before, project.id),
            after=_spans(parts, seen.after, project.id),
        )

    def look(reader: Reader) -> suspensions.SuspendPreview:
        return suspensions.preview_suspend(
            reader, project, row.id, call.now,
            begins_at=body.begins_at, resumes_at=body.resumes_at, next_day=body.when == "next_day",
            on_login=body.on_login,
        )  # fmt: skip

    def task(tx: Transaction) -> BaseModel:
        seen = look(tx)
        key = f"api:{call.key}"
        made = suspensions.suspend(
            tx, call.actor, call.now, project, row.id, key=key, expected=seen, reason=body.reason
        )
        return answer(seen, made)

    try:
        if body.dry_run:
            return answer(await parts.store.read(look), {"status": "planned"})
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except (Refused, NotEnoughMoney, PreviewIsOld) as error:
        raise refused(error) from None


async def resume_account(parts: Parts, call: Call) -> BaseModel | Kept:
    """Resume an account, or show what that would do."""
    body: ResumeBody = call.body
    row, project = await person_of(parts, call)

    def answer(seen: suspensions.ResumePreview, status: str) -> BaseModel:
        return ResumeItem(
            suspension_id=seen.suspension_id,
            status=SuspensionStatus(status),
            days=seen.days,
            before=_spans(parts, seen.before, project.id),
            after=_spans(parts, seen.after, project.id),
        )

    def task(tx: Transaction) -> BaseModel:
        seen = suspensions.preview_resume(tx, project, row.id, call.now)
        key = f"api:{call.key}"
        made = suspensions.resume(tx, call.actor, call.now, project, row.id, key=key, expected=seen)
        return answer(seen, made["status"])

    try:
        if body.dry_run:
            seen = await parts.store.read(
                lambda reader: suspensions.preview_resume(reader, project, row.id, call.now)
            )
            return answer(seen, "running")
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except (Refused, PreviewIsOld) as error:
        raise refused(error) from None


def refused(error: Refused | NotEnoughMoney | PreviewIsOld) -> Problem:
    """What a flow refused as an answer of the API."""
    if isinstance(error, Refused):
        return Problem(409, error.code, error.sentence, None, **error.facts)
    if isinstance(error, NotEnoughMoney):
        return Problem(409, "not_enough_money", "the wallet holds less", None, missing_fen=error.missing_fen)
    return Problem(409, "preview_is_old", "it is not what was shown any more; look again")


def _spans(parts: Parts, spans: Sequence[Span], project_id: ProjectId) -> list[SpanItem]:
    return span_items(parts, spans, project_id)


def _item(parts: Parts, one: Suspension) -> SuspensionItem:
    return SuspensionItem(
        id=one.id,
        status=one.status,
        begins_at=parts.time(one.begins_at, one.project_id),
        resumes_at=parts.maybe_time(one.resumes_at, one.project_id),
        ended_at=parts.maybe_time(one.ended_at, one.project_id),
        days=one.days,
        on_login=one.on_login,
        keep_fee_fen=one.keep_fee_fen,
        fee_months=one.fee_months,
        why=one.why,
        operator=one.operator,
        reason=one.reason,
        batch_id=one.batch_id,
    )
