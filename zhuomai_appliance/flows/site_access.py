"""Lists, access rules, the calendar, limits of places and fixed devices of a site declaration, brought into the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from zhuomai_appliance.flows.site_model import (
    Outcome,
    SiteDevice,
    SiteHoliday,
    SiteListEntry,
    SitePlaceLimit,
    SiteRule,
    SiteWifi,
)
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    Holiday,
    PlaceKind,
    PlaceLimit,
    RuleId,
    problems_of,
)
from zhuomai_appliance.model.moment import date_of
from zhuomai_appliance.model.network import AccessListEntry, Nas, ProjectId
from zhuomai_appliance.model.people import AccountId, BindingKind
from zhuomai_appliance.store import access_rules, accounts, network, settings

if TYPE_CHECKING:
    from zhuomai_appliance.flows.site_changes import Shelf, SiteChanges

_BY_NAME: Final = frozenset({"project", "group", "nas", "rate", "removed"})


def apply_lists(changes: SiteChanges, wanted: Iterable[SiteListEntry]) -> None:
    """Add or change each entry of the black and white lists."""
    known = {(one.project_id, one.kind, one.value): one for one in network.access_lists(changes.tx)}
    for item in wanted:
        shelf = changes.shelf("list", item.value, item.project)
        if shelf is None:
            continue
        found = known.get((shelf.id, item.kind, item.value))
        if item.removed:
            gone = network.remove_list_entry(changes.tx, shelf.id, item.kind, item.value)
            _removed(changes, "list", f"{item.kind} {item.value}", shelf.id, gone=gone)
            continue
        maker = changes.actor.name if found is None else found.created_by
        entry = AccessListEntry(
            shelf.id, item.kind, item.action, item.value, item.reason, item.expires_at, maker
        )
        changed = [] if found is None else _differences(found, entry)
        if found is None or changed:
            network.put_list_entry(changes.tx, entry, changes.now)
        changes.done("list", f"{item.kind} {item.value}", _outcome(found, changed), shelf.id, changed)


def apply_holidays(changes: SiteChanges, wanted: Iterable[SiteHoliday]) -> None:
    """Add or change each day of the calendars."""
    known = {(one.project_id, one.day): one for one in access_rules.holidays(changes.tx)}
    for item in wanted:
        name = str(date_of(item.day))
        shelf = changes.shelf("holiday", name, item.project)
        if shelf is None:
            continue
        if item.removed:
            gone = access_rules.remove_holiday(changes.tx, shelf.id, item.day)
            if gone:
                changes.live.project(shelf.id)
            _removed(changes, "holiday", name, shelf.id, gone=gone)
            continue
        holiday = Holiday(shelf.id, item.day, item.kind, item.name)
        found = known.get((shelf.id, item.day))
        changed = [] if found is None else _differences(found, holiday)
        if found is None or changed:
            access_rules.put_holiday(changes.tx, holiday)
            changes.live.project(shelf.id)
        changes.done("holiday", name, _outcome(found, changed), shelf.id, changed)


def apply_rules(changes: SiteChanges, wanted: Iterable[SiteRule], devices: Iterable[Nas]) -> None:
    """Add or change each rule; two rules of a project at one position would leave their order to chance."""
    known = {(one.project_id, one.name): one for one in access_rules.rules(changes.tx)}
    devices = tuple(devices)
    for item in wanted:
        shelf = changes.shelf("rule", item.name, item.project)
        if shelf is None:
            continue
        found = known.get((shelf.id, item.name))
        if item.removed:
            gone = found is not None and access_rules.remove_rule(changes.tx, shelf.id, found.id)
            known.pop((shelf.id, item.name), None)
            if gone:
                changes.live.project(shelf.id)
            _removed(changes, "rule", item.name, shelf.id, gone=gone)
            continue
        rule = _rule(changes, shelf, item, found, devices)
        if rule is None:
            continue
        changed = [] if found is None else _differences(found, rule)
        if found is None:
            rule = replace(rule, id=access_rules.add_rule(changes.tx, rule, changes.actor.name, changes.now))
        elif changed:
            access_rules.update_rule(changes.tx, rule)
        known[shelf.id, item.name] = rule
        if found is None or changed:
            changes.live.rules(shelf.id, found, rule)
        changes.done("rule", item.name, _outcome(found, changed), shelf.id, changed)
    taken: dict[tuple[ProjectId, int], AccessRule] = {}
    for rule in known.values():
        first = taken.setdefault((rule.project_id, rule.position), rule)
        if first is not rule:
            changes.wrong("rule", rule.name, "position", f'{rule.position} is that of "{first.name}" already')


def _rule(
    changes: SiteChanges, shelf: Shelf, item: SiteRule, found: AccessRule | None, devices: Iterable[Nas]
) -> AccessRule | None:
    own = {one.name: one for one in devices if one.project_id == shelf.id}
    group = changes.named(shelf.groups, "rule", item.name, "group", item.group, "group")
    nas = changes.named(own, "rule", item.name, "nas", item.nas, "nas")
    rate = changes.named(shelf.rates, "rule", item.name, "rate", item.rate, "rate")
    if (item.group and group is None) or (item.nas and nas is None) or (item.rate and rate is None):
        # Without its condition the rule would hold for everybody
        return None
    rule = AccessRule(
        id=RuleId(0) if found is None else found.id,
        project_id=shelf.id,
        group_id=group and group.id,
        nas_id=nas and nas.id,
        rate_id=rate and rate.id,
        **{one.name: getattr(item, one.name) for one in fields(item) if one.name not in _BY_NAME},
    )
    problems = list(problems_of(rule))
    for problem in problems:
        changes.wrong("rule", item.name, *problem.split(": ", 1))
    return None if problems else rule


def apply_place_limits(
    changes: SiteChanges, wanted: Iterable[SitePlaceLimit], devices: Iterable[Nas]
) -> None:
    """Add or change each limit of a place."""
    known = {(one.project_id, one.kind, one.value): one for one in access_rules.place_limits(changes.tx)}
    names = {(one.project_id, one.name): one for one in devices}
    for item in wanted:
        name = f"{item.kind} {item.value}".strip()
        shelf = changes.shelf("place_limit", name, item.project)
        if shelf is None:
            continue
        if item.removed:
            gone = access_rules.remove_place_limit(changes.tx, shelf.id, item.kind, item.value)
            _removed(changes, "place_limit", name, shelf.id, gone=gone)
            continue
        if item.kind is PlaceKind.NAS:
            own = {nas: one for (project_id, nas), one in names.items() if project_id == shelf.id}
            if changes.named(own, "place_limit", name, "value", item.value, "nas") is None:
                continue
        limit = PlaceLimit(shelf.id, item.kind, item.value, item.maximum)
        found = known.get((shelf.id, item.kind, item.value))
        changed = [] if found is None else _differences(found, limit)
        if found is None or changed:
            access_rules.put_place_limit(changes.tx, limit)
        changes.done("place_limit", name, _outcome(found, changed), shelf.id, changed)


def apply_wifi(changes: SiteChanges, wanted: Iterable[SiteWifi]) -> None:
    """Offer profiles for each network, or no longer."""
    for item in wanted:
        ssid = item.network.ssid
        shelf = changes.shelf("wifi", ssid, item.project)
        if shelf is None:
            continue
        networks = {one.ssid: one for one in settings.wifi(changes.tx, shelf.id)}
        found = networks.pop(ssid, None)
        if item.enabled:
            networks[ssid] = item.network
            changed = [] if found is None else _differences(found, item.network)
            outcome = _outcome(found, changed)
        else:
            changed = [] if found is None else ["enabled"]
            outcome = Outcome.LEFT if found is None else Outcome.CHANGED
        if outcome is not Outcome.LEFT:
            settings.put_wifi(changes.tx, shelf.id, list(networks.values()))
        changes.done("wifi", ssid, outcome, shelf.id, changed)


def apply_devices(changes: SiteChanges, wanted: Iterable[SiteDevice]) -> None:
    """Fix devices to accounts, or take them off."""
    for item in wanted:
        name = f"{item.account} {item.mac}"
        shelf = changes.shelf("device", name, item.project)
        if shelf is None:
            continue
        login = accounts.find_login(changes.tx, shelf.id, item.account)
        if login is None:
            changes.named({}, "device", name, "account", item.account, "account")
            continue
        account_id = login.account.id
        if item.removed:
            gone = accounts.unbind_device(changes.tx, shelf.id, account_id, item.mac)
            _removed(changes, "device", name, shelf.id, gone=gone)
            continue
        known = {one.mac for one in accounts.bindings(changes.tx, shelf.id, account_id)}
        done = fix_devices(changes, shelf.id, account_id, [item.mac], item.until)
        outcome = Outcome.LEFT if not done else Outcome.CHANGED if item.mac in known else Outcome.CREATED
        changes.done("device", name, outcome, shelf.id, ["fixed"] if outcome is Outcome.CHANGED else [])


def fix_devices(
    changes: SiteChanges,
    project_id: ProjectId,
    account_id: AccountId,
    macs: Iterable[str],
    until: int | None = None,
) -> bool:
    """Bind devices to an account as fixed ones; whether any was not so before."""
    macs = tuple(macs)
    if not macs:
        return False
    known = {one.mac: one for one in accounts.bindings(changes.tx, project_id, account_id)}
    done = False
    for mac in macs:
        found = known.get(mac)
        if found is not None and found.kind is BindingKind.FIXED and found.silent_until == until:
            continue
        access_rules.fix_device(changes.tx, project_id, account_id, mac, until, changes.now)
        done = True
    return done


def _removed(changes: SiteChanges, table: str, name: str, project_id: ProjectId, *, gone: bool) -> None:
    """Report an item that is to be gone."""
    outcome = Outcome.CHANGED if gone else Outcome.LEFT
    changes.done(table, name, outcome, project_id, ["removed"] if gone else [])


def _outcome(found: object, changed: list[str]) -> Outcome:
    if found is None:
        return Outcome.CREATED
    return Outcome.CHANGED if changed else Outcome.LEFT


def _differences(before: Any, after: Any) -> list[str]:
    """The names of the fields in which two values of one class differ."""
    return [one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name)]
