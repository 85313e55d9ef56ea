"""Live traces by the API: begin one, read what passed since the last time, end it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from zhuomai_appliance.flows.trace import LONGEST_SECONDS, MOST_PACKETS, PACKETS, SECONDS, TraceRefused, Watch
from zhuomai_appliance.web.api.calls import Call, Parts, not_found
from zhuomai_appliance.web.api.fields import Strict, Text
from zhuomai_appliance.web.api.problems import Problem


class TraceBody(Strict):
    """Whom to trace: a user, a MAC in any form, an address, or a device by name or address; and when to end."""

    who: Annotated[Text, Field(min_length=1)]
    seconds: Annotated[int, Field(ge=1, le=LONGEST_SECONDS)] = SECONDS
    count: Annotated[int, Field(ge=1, le=MOST_PACKETS)] = PACKETS


class TraceItem(BaseModel):
    """A trace. It ends by itself, also when nothing was read of it for 15 seconds; `ended` then says why."""

    id: int
    what: str
    ended: str


class TraceEvent(BaseModel):
    """One packet; `at` is epoch seconds, `attributes` are names and values in the order of the wire, secrets hidden."""

    at: float
    flow: Literal["auth", "acct", "coa", "portal", "proxy"]
    direction: Literal["in", "out", "none"]
    nas: str
    peer: str
    name: str
    identifier: int
    note: str
    attributes: list[tuple[str, str]]


class TraceRead(BaseModel):
    """What passed since the last time; `lost` packets came faster than they were read."""

    events: list[TraceEvent]
    lost: int
    ended: str


async def begin_trace(parts: Parts, call: Call) -> BaseModel:
    """Begin a trace."""
    body: TraceBody = call.body
    if parts.tracing is None:
        raise Problem(503, "unavailable", "nothing can be traced here")
    try:
        watch = parts.tracing.open(call.actor, body.who, body.seconds, body.count, call.operator.project_ids)
    except TraceRefused as error:
        raise Problem(409, "too_many_traces", str(error)) from None
    return _item(watch)


async def read_trace(parts: Parts, call: Call) -> BaseModel:
    """What passed since the last time; waits up to a second for something."""
    watch = _own(parts, call)
    assert parts.tracing is not None  # noqa: S101 - the trace was found in it
    events, lost = await parts.tracing.read(watch)
    found: list[Any] = events
    return TraceRead(events=found, lost=lost, ended=watch.ended)


async def end_trace(parts: Parts, call: Call) -> BaseModel:
    """End a trace."""
    watch = _own(parts, call)
    assert parts.tracing is not None  # noqa: S101 - the trace was found in it
    parts.tracing.close(watch)
    return _item(watch)


def _own(parts: Parts, call: Call) -> Watch:
    watch = None if parts.tracing is None else parts.tracing.find(call.actor, call.path["trace_id"])
    if watch is None:
        raise not_found()
    return watch


def _item(watch: Watch) -> TraceItem:
    return TraceItem(id=watch.id, what=watch.target.words(), ended=watch.ended)
