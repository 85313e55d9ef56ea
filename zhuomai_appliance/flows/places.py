"""How many devices are where, for the limits by access point, network, access device and project (features A28).

Counted in memory from what accounting reports and from logins let in a moment ago; recounted from the books at the
start, when limits change and every minute, so that whatever was missed is forgotten by then. Only limited places are
counted at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from heapq import heappop, heappush
from typing import Final, NamedTuple

from zhuomai_appliance.flows.rule_tables import PlaceLimits
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import AccessAttempt, ReportKind, UsageReport
from zhuomai_appliance.model.access_rules import PlaceKind, PlaceLimit
from zhuomai_appliance.model.network import Nas, NasId, ProjectId
from zhuomai_appliance.policy.facts import PlaceCount
from zhuomai_appliance.policy.sessions import slot_free_at
from zhuomai_appliance.store import presence
from zhuomai_appliance.store.interface import Reader, Store
from zhuomai_appliance.vendors.identity import mac_from

HELD_SECONDS: Final = 60
"""How long a login counts as being there before its Start comes."""

_MAC_AND_MORE: Final = 17

Place = tuple[ProjectId, PlaceKind, str | NasId]
SessionKey = tuple[NasId, str]


class _Entry:
    """A device at a place: until when it counts, by which session, and when the heap will look at it again."""

    __slots__ = ("free_at", "owner", "queued_at")

    def __init__(self, free_at: int, owner: SessionKey | None, queued_at: int) -> None:
        self.free_at, self.owner, self.queued_at = free_at, owner, queued_at


class _Crowd:
    """The devices at one place. What has fallen silent is forgotten when somebody counts, at a cost that no count pays twice."""

    __slots__ = ("_devices", "_ends")

    def __init__(self) -> None:
        self._devices: dict[str, _Entry] = {}
        self._ends: list[tuple[int, str]] = []

    def put(self, device: str, free_at: int, owner: SessionKey | None) -> None:
        entry = self._devices.get(device)
        if entry is None:
            self._devices[device] = _Entry(free_at, owner, free_at)
            heappush(self._ends, (free_at, device))
            return
        entry.free_at = max(entry.free_at, free_at)
        entry.owner = owner or entry.owner

    def drop(self, device: str, owner: SessionKey) -> None:
        entry = self._devices.get(device)
        # A session that another one of the same device has followed takes nothing away
        if entry is not None and entry.owner in (None, owner):
            del self._devices[device]

    def others(self, device: str | None, now: int) -> int:
        """How many devices are there beside this one."""
        ends, devices = self._ends, self._devices
        while ends and ends[0][0] <= now:
            at, name = heappop(ends)
            entry = devices.get(name)
            if entry is None or entry.queued_at != at:
                continue
            if entry.free_at <= now:
                del devices[name]
            else:
                entry.queued_at = entry.free_at
                heappush(ends, (entry.free_at, name))
        return len(devices) - (device in devices)


class _Count:
    """All crowds, and where each session is."""

    __slots__ = ("crowds", "where")

    def __init__(self) -> None:
        self.crowds: dict[Place, _Crowd] = {}
        self.where: dict[SessionKey, tuple[str, tuple[Place, ...]]] = {}

    def put(self, places: Iterable[Place], device: str, free_at: int, owner: SessionKey | None) -> None:
        for place in places:
            crowd = self.crowds.get(place)
            if crowd is None:
                crowd = self.crowds[place] = _Crowd()
            crowd.put(device, free_at, owner)

    def seen(self, key: SessionKey, places: tuple[Place, ...], device: str, free_at: int) -> None:
        """A sign of life of a session; one that has roamed leaves where it was."""
        before = self.where.get(key)
        if before is not None and before != (device, places):
            self.gone(key)
        self.where[key] = (device, places)
        self.put(places, device, free_at, key)

    def gone(self, key: SessionKey) -> None:
        """The end of a session."""
        device, places = self.where.pop(key, ("", ()))
        for place in places:
            crowd = self.crowds.get(place)
            if crowd is not None:
                crowd.drop(device, key)


class PlaceUse(NamedTuple):
    """A limit with the number of devices that are there."""

    limit: PlaceLimit
    current: int


class Places:
    """One object per process, on the reactor's thread; ``now`` is UTC epoch seconds."""

    def __init__(self) -> None:
        self._count = _Count()
        self._held: OrderedDict[str, tuple[int, tuple[Place, ...]]] = OrderedDict()
        self._missed: list[Callable[[_Count], None]] | None = None
        self._counted_by: Mapping[ProjectId, PlaceLimits] = {}

    # The path of a login --------------------------------------------------------------------------------------------------

    def around(
        self, limits: PlaceLimits, attempt: AccessAttempt, nas: Nas, device: str, now: int
    ) -> tuple[PlaceCount, ...]:
        """The limited places that a login would enter, with how many others are there."""
        found = []
        for place in _places(limits, nas.project_id, nas.id, attempt.ssid, attempt.called_station_raw):
            kind, value = place[1], place[2]
            maximum = _maximum(limits, kind, value)
            crowd = self._count.crowds.get(place)
            others = 0 if crowd is None else crowd.others(device, now)
            found.append(
                PlaceCount(kind.value, nas.name if kind is PlaceKind.NAS else str(value), maximum, others)
            )
        return tuple(found)

    def hold(self, limits: PlaceLimits, attempt: AccessAttempt, nas: Nas, device: str, now: int) -> None:
        """Count a login that was let in until its Start comes, for a minute at most."""
        places = _places(limits, nas.project_id, nas.id, attempt.ssid, attempt.called_station_raw)
        if places:
            self._held[device] = (now + HELD_SECONDS, places)
            self._held.move_to_end(device)
            self._count.put(places, device, now + HELD_SECONDS, None)

    # What accounting says ---------------------------------------------------------------------------------------------------

    def heard(self, tables: Tables, report: UsageReport) -> None:
        """A durable report of a session: it is there, or it has left."""
        nas = tables.by_id(report.nas_id)
        limits = None if nas is None else tables.policies(nas.project_id).places
        if nas is None or limits is None or report.kind in (ReportKind.ON, ReportKind.OFF):
            return
        device = report.mac or report.ip or report.calling_station_raw
        key = (nas.id, report.acct_session_id)
        self._held.pop(device, None)
        if report.kind is ReportKind.STOP:
            self._do(lambda count: count.gone(key))
            return
        places = _places(limits, nas.project_id, nas.id, report.ssid, report.called_station_raw)
        free_at = slot_free_at(report.arrived_at, nas.interim_seconds)
        self._do(lambda count: count.seen(key, places, device, free_at))

    def _do(self, change: Callable[[_Count], None]) -> None:
        change(self._count)
        if self._missed is not None:
            self._missed.append(change)

    # The books ------------------------------------------------------------------------------------------------------------

    def count_first(self, reader: Reader, tables: Tables, now: int) -> None:
        """Count before anybody is let in: after a start, limits that hold only once a thread has counted hold too late."""
        limits = _limits(tables)
        if limits:
            self._count = _counted(reader, limits, now)
        self._counted_by = limits

    def is_behind(self, tables: Tables) -> bool:
        """Whether the limits are others than those counted for: whoever is at a newly limited place is not known yet."""
        return _limits(tables) != self._counted_by

    async def recount(self, store: Store, tables: Tables, now: int) -> None:
        """Count anew from the open sessions, off the reactor's thread; what is reported meanwhile is counted too."""
        limits = _limits(tables)
        if self._missed is not None:
            return  # the one before is still at it
        self._missed = []
        try:
            counted = await store.read(lambda reader: _counted(reader, limits, now)) if limits else _Count()
            for change in self._missed:
                change(counted)
            self._count, self._counted_by = counted, limits
        finally:
            self._missed = None
        for device, (until, places) in list(self._held.items()):
            if until <= now:
                del self._held[device]
            else:
                self._count.put(places, device, until, None)

    def use(self, tables: Tables, project_id: ProjectId, now: int) -> list[PlaceUse]:
        """Every limit of a project with how many devices are there now."""
        limits = tables.policies(project_id).places
        if limits is None:
            return []
        names = {nas.name: nas.id for nas in tables.all_nas() if nas.project_id == project_id}
        found = []
        for limit in limits.declared:
            value: str | NasId | None = limit.value
            if limit.kind is PlaceKind.NAS:
                value = names.get(limit.value)
            elif limit.kind is PlaceKind.AP:
                value = limit.value.casefold()
            crowd = None if value is None else self._count.crowds.get((project_id, limit.kind, value))
            found.append(PlaceUse(limit, 0 if crowd is None else crowd.others(None, now)))
        return found


def _limits(tables: Tables) -> dict[ProjectId, PlaceLimits]:
    """The limits of every project that has some."""
    return {
        project.id: found
        for project in tables.projects()
        if (found := tables.policies(project.id).places) is not None
    }


def _maximum(limits: PlaceLimits, kind: PlaceKind, value: str | NasId) -> int:
    if kind is PlaceKind.PROJECT:
        return limits.project or 0
    if kind is PlaceKind.NAS:
        return limits.nas[NasId(int(value))]
    return (limits.aps if kind is PlaceKind.AP else limits.ssids)[str(value)]


def _places(
    limits: PlaceLimits, project_id: ProjectId, nas_id: NasId, ssid: str | None, called: str
) -> tuple[Place, ...]:
    """The limited places that somebody is at."""
    found: list[Place] = []
    if limits.aps:
        name = access_point_of(called)
        if name in limits.aps:
            found.append((project_id, PlaceKind.AP, name))
    if ssid is not None and ssid in limits.ssids:
        found.append((project_id, PlaceKind.SSID, ssid))
    if nas_id in limits.nas:
        found.append((project_id, PlaceKind.NAS, nas_id))
    if limits.project is not None:
        found.append((project_id, PlaceKind.PROJECT, ""))
    return tuple(found)


@lru_cache(maxsize=16_384)
def access_point_of(called: str) -> str:
    """The access point in Called-Station-Id: its MAC as ``aa:bb:cc:dd:ee:ff``, else the name before the network's.

    Radios of one access point have addresses of their own; which of them a device sends is in its configuration.
    """
    mac = mac_from(called[:_MAC_AND_MORE].encode("utf-8", "replace"))
    if mac is None:
        mac = mac_from(called.partition(":")[0].encode("utf-8", "replace"))
    return mac or called.partition(":")[0].strip().casefold()


def _counted(reader: Reader, limits: Mapping[ProjectId, PlaceLimits], now: int) -> _Count:
    """The crowds as the books have them. Runs on a reader's thread."""
    count = _Count()
    for project_id, found in limits.items():
        for row in presence.open_places(reader, project_id):
            free_at = slot_free_at(row.seen_at, row.interim_seconds)
            if free_at <= now:
                continue
            places = _places(found, project_id, row.nas_id, row.ssid, row.called_station_raw)
            if places:
                device = row.mac or row.ip or row.calling_station_raw
                count.seen((row.nas_id, row.acct_session_id), places, device, free_at)
    return count
