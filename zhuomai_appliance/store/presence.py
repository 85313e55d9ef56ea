"""Where the open sessions of a project are: one row each, for counting."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.sql import load

_Q = load("access_rules")


class OpenPlace(NamedTuple):
    """An open session by its device and place; ``seen_at`` is the arrival of its newest packet."""

    nas_id: NasId
    acct_session_id: str
    mac: str | None
    ip: str | None
    calling_station_raw: str
    called_station_raw: str
    ssid: str | None
    seen_at: int
    interim_seconds: int


def open_places(reader: Reader, project_id: ProjectId) -> list[OpenPlace]:
    """Every open session of a project."""
    return [OpenPlace(*row) for row in reader.all(_Q.open_places, project_id=project_id)]


class RuledSession(NamedTuple):
    """An open session as access rules and lists see it; without a group and phone where its account is elsewhere."""

    id: SessionId
    project_id: ProjectId
    group_id: GroupId | None
    nas_id: NasId
    access_kind: str
    ssid: str | None
    vlan: int | None
    port_id: str | None
    ip: str | None
    mac: str | None
    phone_index: bytes | None


def ruled_sessions(reader: Reader, after: int, limit: int) -> list[RuledSession]:
    """Open sessions in the order of their ids, those behind ``after``."""
    return [RuledSession(*row) for row in reader.all(_Q.ruled_sessions, after=after, limit=limit)]
