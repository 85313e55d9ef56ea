"""Access rules, their calendar, limits of places: few rows that the daemon keeps whole in memory; and fixed devices."""

from __future__ import annotations

from ipaddress import ip_network

from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    DayKind,
    Days,
    Holiday,
    Outside,
    PlaceKind,
    PlaceLimit,
    RuleAction,
    RuleId,
    parse_vlans,
    parse_window,
)
from zhuomai_appliance.model.facts import Facts, canonical
from zhuomai_appliance.model.moment import Day
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Row, Transaction, Value
from zhuomai_appliance.store.sql import load

_Q = load("access_rules")


def rules(reader: Reader) -> list[AccessRule]:
    """Every rule of every project in its order, those switched off too.

    Raises:
        FactsError: a row that a newer release wrote.
    """
    return [_rule(row) for row in reader.all(_Q.rules)]


def _rule(row: Row) -> AccessRule:
    rule_id, project_id, position, name, action, enabled, group_id, nas_id, rate_id, text = row
    facts = Facts.of_text(f"access rule {name}", text)
    rule = AccessRule(
        id=RuleId(rule_id),
        project_id=ProjectId(project_id),
        position=position,
        name=name,
        action=RuleAction(action),
        enabled=bool(enabled),
        group_id=group_id,
        nas_id=nas_id,
        rate_id=rate_id,
        reason=facts.text("reason", ""),
        ssids=tuple(map(str, facts.items("ssid"))),
        vlans=tuple(map(parse_vlans, facts.items("vlan"))),
        outer_vlans=tuple(map(parse_vlans, facts.items("outer_vlan"))),
        kinds=tuple(AccessKind(str(kind)) for kind in facts.items("kind")),
        networks=tuple(ip_network(str(network)) for network in facts.items("network")),
        hours=tuple(map(parse_window, facts.items("hours"))),
        days=facts.word("days", Days, Days.ALL),
        outside=facts.word("outside", Outside, Outside.NEXT),
        user_group=facts.text("user_group", "") or None,
        vlan=facts.maybe_number("set_vlan"),
        pool=facts.text("pool", "") or None,
        acl=facts.text("acl", "") or None,
        isolation=facts.text("isolation", "") or None,
    )
    facts.done()
    return rule


def _columns(rule: AccessRule) -> dict[str, Value]:
    terms: dict[str, object] = {
        "reason": rule.reason,
        "ssid": list(rule.ssids),
        "vlan": list(map(str, rule.vlans)),
        "outer_vlan": list(map(str, rule.outer_vlans)),
        "kind": [kind.value for kind in rule.kinds],
        "network": list(map(str, rule.networks)),
        "hours": list(map(str, rule.hours)),
        "days": None if rule.days is Days.ALL else rule.days.value,
        "outside": None if rule.outside is Outside.NEXT else rule.outside.value,
        "user_group": rule.user_group,
        "set_vlan": rule.vlan,
        "pool": rule.pool,
        "acl": rule.acl,
        "isolation": rule.isolation,
    }
    return {
        "project_id": rule.project_id,
        "position": rule.position,
        "name": rule.name,
        "action": rule.action.value,
        "enabled": int(rule.enabled),
        "group_id": rule.group_id,
        "nas_id": rule.nas_id,
        "rate_id": rule.rate_id,
        "terms": canonical({name: value or None for name, value in terms.items()}),
    }


def add_rule(tx: Transaction, rule: AccessRule, created_by: str, at: int) -> RuleId:
    """Add a rule; the id in it is ignored, the name must be unused."""
    return RuleId(tx.insert(_Q.insert_rule, created_by=created_by, at=at, **_columns(rule)))


def update_rule(tx: Transaction, rule: AccessRule) -> None:
    """Write every property of a rule."""
    tx.run(_Q.update_rule, id=rule.id, **_columns(rule))


def remove_rule(tx: Transaction, project_id: ProjectId, rule_id: RuleId) -> bool:
    """Take a rule away; False when it was not there."""
    return tx.run(_Q.remove_rule, project_id=project_id, id=rule_id) == 1


def holidays(reader: Reader) -> list[Holiday]:
    """The calendars of every project."""
    return [
        Holiday(ProjectId(project_id), Day(day), DayKind(kind), name)
        for project_id, day, kind, name in reader.all(_Q.holidays)
    ]


def put_holiday(tx: Transaction, holiday: Holiday) -> None:
    """Add a day to its project's calendar, or change it."""
    tx.run(
        _Q.put_holiday,
        project_id=holiday.project_id,
        day=holiday.day,
        kind=holiday.kind.value,
        name=holiday.name,
    )


def remove_holiday(tx: Transaction, project_id: ProjectId, day: Day) -> bool:
    """Make a day an ordinary one again; False when it was."""
    return tx.run(_Q.remove_holiday, project_id=project_id, day=day) == 1


def place_limits(reader: Reader) -> list[PlaceLimit]:
    """The limits of places of every project."""
    return [
        PlaceLimit(ProjectId(project_id), PlaceKind(kind), value, maximum)
        for project_id, kind, value, maximum in reader.all(_Q.place_limits)
    ]


def put_place_limit(tx: Transaction, limit: PlaceLimit) -> None:
    """Add a limit, or change the one of the same place."""
    tx.run(
        _Q.put_place_limit,
        project_id=limit.project_id,
        kind=limit.kind.value,
        value=limit.value,
        maximum=limit.maximum,
    )


def remove_place_limit(tx: Transaction, project_id: ProjectId, kind: PlaceKind, value: str) -> bool:
    """Take a limit away; False when there was none."""
    return tx.run(_Q.remove_place_limit, project_id=project_id, kind=kind.value, value=value) == 1


def follow_nas(tx: Transaction, project_id: ProjectId, name: str, new_name: str | None) -> None:
    """Let the limit of an access device keep to it when that gets another name, or go with it (None)."""
    if name == new_name:
        return
    if new_name is None:
        remove_place_limit(tx, project_id, PlaceKind.NAS, name)
        return
    # Nobody had the new name: a limit under it was left by a device that is gone
    remove_place_limit(tx, project_id, PlaceKind.NAS, new_name)
    tx.run(_Q.rename_nas_place, project_id=project_id, name=name, new_name=new_name)


def phone_index_of(reader: Reader, account_id: AccountId) -> bytes | None:
    """The keyed digest of an account's phone, None where it has none."""
    found: bytes | None = reader.value(_Q.phone_index, account_id=account_id)
    return found


def fix_device(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    mac: str,
    silent_until: int | None,
    at: int,
) -> None:
    """Bind a device to an account as an operator's word, be it known already or not.

    Args:
        silent_until: until when its address alone opens the account; None: without an end.
    """
    tx.run(
        _Q.fix_device,
        project_id=project_id,
        account_id=account_id,
        mac=mac,
        silent_until=silent_until,
        at=at,
    )
