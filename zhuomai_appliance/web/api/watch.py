"""What is watched about access devices: how punctually they report, and the alarms that stand."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.web.api.calls import Call, Parts, not_found
from zhuomai_appliance.web.api.fields import Time
from zhuomai_appliance.web.api.items import Answer, ItemList, NasItem
from zhuomai_appliance.web.api.records import nas_item


class InterimFigures(Answer):
    """The interims of the last hour: `late_seconds` is the mean over the interval, `latest_seconds` the worst."""

    received: int
    lost: int
    late_seconds: float
    latest_seconds: int


class NasDetail(NasItem):
    """An access device with how punctually it reports."""

    interims: InterimFigures


class AlarmItem(Answer):
    """An alarm that stands; it goes by itself. `subject` names the device, or a session at it."""

    kind: AlarmKind
    subject: str
    words: str
    since: Time


async def get_nas(parts: Parts, call: Call) -> BaseModel:
    """One access device."""
    nas = parts.tables.by_id(NasId(call.path["nas_id"]))
    mine = call.operator.project_ids
    if nas is None or (mine and nas.project_id not in mine):
        raise not_found()
    figures = parts.interims.of(nas.id, call.now)
    return NasDetail(
        **nas_item(parts, nas).model_dump(),
        interims=InterimFigures(
            received=figures.received,
            lost=figures.lost,
            late_seconds=round(figures.late_seconds, 1),
            latest_seconds=figures.latest_seconds,
        ),
    )


async def list_alarms(parts: Parts, call: Call) -> BaseModel:
    """The alarms that stand, the oldest first; for an operator of every project only, since they name any device."""
    standing = () if call.operator.project_ids else parts.alarms.standing()
    zone = next((project.id for project in parts.tables.projects()), None)
    items = [
        AlarmItem(
            kind=alarm.kind,
            subject=alarm.subject,
            words=alarm.words,
            since=parts.time(alarm.since, zone) if zone is not None else "",
        )
        for alarm in standing
    ]
    return ItemList[AlarmItem](items=items, next=None)
