"""A project's rules, lists and limits of places, read from the books and compiled for the path of a login."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from zhuomai_appliance.model.access_rules import AccessRule, Holiday, PlaceKind, PlaceLimit
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import AccessListEntry, Nas, NasId, ProjectId
from zhuomai_appliance.model.people import Group, GroupId, normal_name
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.hours import Calendar
from zhuomai_appliance.policy.lists import NO_LISTS, ListBook
from zhuomai_appliance.policy.rules import RuleBook
from zhuomai_appliance.store import access_rules, network
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.vault import Vault

_Item = TypeVar("_Item", AccessListEntry, AccessRule, Holiday, PlaceLimit)


class PlaceLimits(NamedTuple):
    """The limits of one project by what they count in; ``project`` None sets none on the whole."""

    aps: Mapping[str, int]
    ssids: Mapping[str, int]
    nas: Mapping[NasId, int]
    project: int | None
    declared: tuple[PlaceLimit, ...]


class Policies(NamedTuple):
    """What one project says of logins beside plans; what it does not use is None or empty."""

    lists: ListBook
    rules: RuleBook | None
    places: PlaceLimits | None


NO_POLICIES: Final = Policies(NO_LISTS, None, None)


def read_policies(
    reader: Reader,
    vault: Vault,
    zones: Mapping[ProjectId, Zone],
    groups: Mapping[GroupId, Group],
    rates: Mapping[int, RateLimit],
    devices: Iterable[Nas],
) -> dict[ProjectId, Policies]:
    """The policies of every project that has any."""
    entries = _by_project(network.access_lists(reader))
    rules = _by_project(access_rules.rules(reader))
    days = _by_project(access_rules.holidays(reader))
    limits = _by_project(access_rules.place_limits(reader))
    lineage = _lineage(groups)
    named = {(nas.project_id, nas.name): nas.id for nas in devices}

    def phone_index(phone: str) -> bytes:
        return vault.blind_index(normal_name(phone).encode(), "phone")

    found = {}
    for project_id, zone in zones.items():
        own_rules = [rule for rule in rules.get(project_id, ()) if rule.enabled]
        calendar = Calendar(zone, {one.day: one.kind for one in days.get(project_id, ())})
        listed = entries.get(project_id, ())
        policies = Policies(
            ListBook(listed, phone_index) if listed else NO_LISTS,
            RuleBook(own_rules, calendar, lineage, rates) if own_rules else None,
            _places(limits[project_id], named) if project_id in limits else None,
        )
        if policies != NO_POLICIES:
            found[project_id] = policies
    return found


def _by_project(items: Iterable[_Item]) -> dict[ProjectId, list[_Item]]:
    found: dict[ProjectId, list[_Item]] = {}
    for item in items:
        found.setdefault(item.project_id, []).append(item)
    return found


def _lineage(groups: Mapping[GroupId, Group]) -> dict[GroupId, frozenset[GroupId]]:
    """Each group with all above it; one that goes in a circle has seen itself and stops."""
    found = {}
    for group_id in groups:
        above: set[GroupId] = set()
        at: GroupId | None = group_id
        while at is not None and at not in above and at in groups:
            above.add(at)
            at = groups[at].parent_id
        found[group_id] = frozenset(above)
    return found


def _places(limits: Iterable[PlaceLimit], named: Mapping[tuple[ProjectId, str], NasId]) -> PlaceLimits:
    limits = tuple(limits)
    aps: dict[str, int] = {}
    ssids: dict[str, int] = {}
    nas: dict[NasId, int] = {}
    project: int | None = None
    for limit in limits:
        if limit.kind is PlaceKind.AP:
            aps[limit.value.casefold()] = limit.maximum
        elif limit.kind is PlaceKind.SSID:
            ssids[limit.value] = limit.maximum
        elif limit.kind is PlaceKind.PROJECT:
            project = limit.maximum
        elif (nas_id := named.get((limit.project_id, limit.value))) is not None:
            nas[nas_id] = limit.maximum
    return PlaceLimits(aps, ssids, nas, project, limits)
