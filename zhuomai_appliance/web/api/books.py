"""Reversing a posting and closing a month through the API (features E10, E20)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import reversals
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import PostingId
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found
from zhuomai_appliance.web.api.fields import Strict, Text
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import Problem


class ReversalBody(Strict):
    """Why a posting is undone; `project` is needed where there are several."""

    reason: Text
    project: Text | None = None


class ReversalItem(Answer):
    """The posting that undoes the other, the first one if it was undone before."""

    posting_id: int
    reversal_of: int


class CloseBody(Strict):
    """The month whose books are closed for good, such as 2026-09."""

    month: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")
    project: Text | None = None


class CloseItem(Answer):
    """A closed month; `new` false: it was closed before."""

    month: str
    new: bool


async def reverse_posting(parts: Parts, call: Call) -> BaseModel | Kept:
    """Undo a posting with its order."""
    body: ReversalBody = call.body
    project = call.project(parts, body.project)
    posting_id = PostingId(call.path["posting_id"])

    def task(tx: Transaction) -> BaseModel:
        made = reversals.reverse(tx, call.actor, call.now, project, posting_id, body.reason)
        return ReversalItem(posting_id=made, reversal_of=posting_id)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except LookupError:
        raise not_found() from None
    except Refused as error:
        raise Problem(409, error.code, error.sentence) from None


async def close_month(parts: Parts, call: Call) -> BaseModel | Kept:
    """Close a month that is over."""
    body: CloseBody = call.body
    project: Project = call.project(parts, body.project)

    def task(tx: Transaction) -> BaseModel:
        new = reversals.close_month(tx, call.actor, call.now, project, body.month)
        return CloseItem(month=body.month, new=new)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except Refused as error:
        raise Problem(409, error.code, error.sentence) from None
