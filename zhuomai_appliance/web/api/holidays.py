"""Suspending whole groups for a holiday through the API (features F15)."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import holiday_batches
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.store import suspensions as rows
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.web.api.calls import Call, Parts, not_found
from zhuomai_appliance.web.api.fields import Instant, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import invalid
from zhuomai_appliance.web.api.suspensions import refused


class HolidayBody(Strict):
    """Groups with all below them, from when to when, and why; `dry_run` shows a page of lines after the account `after`."""

    project: Text | None = None
    groups: list[Text] = Field(min_length=1, max_length=200)
    begins_at: Instant
    resumes_at: Instant
    reason: Memo
    dry_run: bool = False
    after: int = Field(0, ge=0)
    limit: int = Field(200, ge=1, le=1000)


class UndoBody(Strict):
    """Whose batch it is, where there are several projects."""

    project: Text | None = None


class HolidayLine(Answer):
    """One account: the end of what runs before and after, or in `code` and `detail` why it is left out."""

    account_id: int
    old_end: Time | None
    new_end: Time | None
    keep_fee_fen: int
    code: str
    detail: str


class HolidayItem(Answer):
    """A batch (id null in a dry run) with how many suspensions stand how; `lines` and `next` of a dry run."""

    id: int | None
    state: str
    begins_at: Time
    resumes_at: Time
    planned: int
    running: int
    over: int
    cancelled: int
    lines: list[HolidayLine]
    next: int | None


class HolidayUndone(Answer):
    """How many suspensions were taken back."""

    id: int
    undone: int


async def create_holiday(parts: Parts, call: Call) -> BaseModel:
    """Suspend whole groups as one batch, or show what that would do. A repeated key goes on with its batch."""
    body: HolidayBody = call.body
    project = call.project(parts, body.project)
    groups = _groups(parts, call, project, body.groups)
    if body.resumes_at <= max(body.begins_at, call.now):
        raise invalid([("resumes_at", "lies behind the begin and behind now", "invalid")])
    if body.dry_run:
        lines = await parts.store.read(
            lambda reader: holiday_batches.preview_page(
                reader, project, groups, body.begins_at, body.resumes_at, call.now, body.after, body.limit
            )
        )
        return HolidayItem(
            id=None,
            state="preview",
            begins_at=parts.time(body.begins_at, project.id),
            resumes_at=parts.time(body.resumes_at, project.id),
            planned=sum(not one.code for one in lines),
            running=0,
            over=0,
            cancelled=0,
            lines=[
                HolidayLine(
                    account_id=one.account_id,
                    old_end=parts.maybe_time(one.old_end, project.id),
                    new_end=parts.maybe_time(one.new_end, project.id),
                    keep_fee_fen=one.keep_fee_fen,
                    code=one.code,
                    detail=one.sentence,
                )
                for one in lines
            ],
            next=lines[-1].account_id if len(lines) == body.limit else None,
        )
    batch_id, _ = await holiday_batches.commit(
        parts.store, call.actor, call.now, project, groups, body.begins_at, body.resumes_at,
        key=f"{call.operator.id}:{call.key}", reason=body.reason,
    )  # fmt: skip
    return await parts.store.read(lambda reader: _item(parts, reader, project, batch_id))


async def undo_holiday(parts: Parts, call: Call) -> BaseModel:
    """Take a batch back while its suspensions are as it made them."""
    body: UndoBody = call.body
    project = call.project(parts, body.project)
    _whole_project(call, parts)
    batch_id = call.path["batch_id"]
    try:
        done = await holiday_batches.undo(parts.store, call.actor, call.now, project, batch_id)
    except LookupError:
        raise not_found() from None
    except Refused as error:
        raise refused(error) from None
    return HolidayUndone(id=batch_id, undone=done)


def _groups(parts: Parts, call: Call, project: Project, names: list[str]) -> list[GroupId]:
    named = {name: parts.tables.group_named(project.id, name) for name in names}
    found = parts.tables.below(one.id for one in named.values() if one is not None)
    own = call.groups(parts)
    wrong = [name for name, one in named.items() if one is None or (own is not None and one.id not in own)]
    if wrong:
        raise invalid(
            [("groups", f'there is no group "{name}", or it is not yours', "unknown") for name in wrong]
        )
    return sorted(found)


def _whole_project(call: Call, parts: Parts) -> None:
    """Who is bound to groups takes back no batch that may reach beyond them."""
    if call.groups(parts) is not None:
        raise not_found()


def _item(parts: Parts, reader: Reader, project: Project, batch_id: int) -> HolidayItem:
    batch = rows.batch_by_id(reader, project.id, batch_id)
    if batch is None:
        raise not_found()
    count = Counter(one.status.value for one in rows.of_batch(reader, project.id, batch_id))
    return HolidayItem(
        id=batch.id,
        state=batch.state,
        begins_at=parts.time(batch.begins_at, project.id),
        resumes_at=parts.time(batch.resumes_at, project.id),
        planned=count["planned"],
        running=count["running"],
        over=count["over"],
        cancelled=count["cancelled"],
        lines=[],
        next=None,
    )
