"""Realms and servers elsewhere of a site declaration, brought into the books."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from zhuomai_appliance.flows.realms import unknown_attributes
from zhuomai_appliance.flows.site_model import Outcome, SiteRealm, SiteUpstream
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.roaming import Realm, Upstream, UpstreamId
from zhuomai_appliance.store import roaming

if TYPE_CHECKING:
    from zhuomai_appliance.flows.site_changes import SiteChanges


def apply_upstreams(changes: SiteChanges, wanted: Iterable[SiteUpstream]) -> None:
    """Add or change each server elsewhere."""
    known = {(one.project_id, one.name): one for one in roaming.upstreams(changes.tx, changes.vault)}
    for item in wanted:
        shelf = changes.shelf("upstream", item.name, item.project)
        if shelf is None:
            continue
        found = known.get((shelf.id, item.name))
        if item.removed:
            _remove_upstream(changes, item, found)
            known.pop((shelf.id, item.name), None)
            continue
        unknown = unknown_attributes(item.accept_attributes)
        for name in unknown:
            changes.wrong("upstream", item.name, "accept_attributes", f'no dictionary knows "{name}"')
        if unknown:
            continue
        upstream = Upstream(
            id=UpstreamId(0) if found is None else found.id,
            project_id=shelf.id,
            secret=item.secret.encode(),
            **{
                one.name: getattr(item, one.name)
                for one in fields(item)
                if one.name not in {"project", "secret", "removed"}
            },
        )
        changed = [] if found is None else _differences(found, upstream)
        if found is None:
            upstream = roaming.add_upstream(changes.tx, changes.vault, upstream)
        elif changed:
            roaming.update_upstream(changes.tx, changes.vault, upstream)
        known[shelf.id, item.name] = upstream
        changes.done("upstream", item.name, _outcome(found, changed), shelf.id, changed)


def apply_realms(changes: SiteChanges, wanted: Iterable[SiteRealm]) -> None:
    """Add or change each realm; an SSID stands for one realm of a project at most."""
    known = {(one.project_id, one.name): one for one in roaming.realms(changes.tx)}
    servers = {(one.project_id, one.name): one.name for one in roaming.upstreams(changes.tx, changes.vault)}
    for item in wanted:
        shelf = changes.shelf("realm", item.name, item.project)
        if shelf is None:
            continue
        if item.removed:
            gone = known.pop((shelf.id, item.name), None)
            if gone is not None:
                roaming.remove_realm(changes.tx, shelf.id, item.name)
            _removed(changes, "realm", item.name, gone, shelf.id)
            continue
        own = {name: name for project_id, name in servers if project_id == shelf.id}
        asked = [
            changes.named(own, "realm", item.name, "upstreams", name, "upstream") for name in item.upstreams
        ]
        group = changes.named(shelf.groups, "realm", item.name, "group", item.group, "group")
        if None in asked or (item.group is not None and group is None):
            # Without them its people would be looked up here, or anybody let in
            continue
        realm = Realm(
            project_id=shelf.id,
            name=item.name,
            ssids=item.ssids,
            group_id=group and group.id,
            upstreams=item.upstreams,
            strip=item.strip,
            reject=item.reject,
            when_silent=item.when_silent,
        )
        found = known.get((shelf.id, item.name))
        changed = [] if found is None else _differences(found, realm)
        if found is None or changed:
            roaming.put_realm(changes.tx, realm)
        known[shelf.id, item.name] = realm
        changes.done("realm", item.name, _outcome(found, changed), shelf.id, changed)
    _check_servers(changes, known.values(), servers)
    _check_ssids(changes, known.values())


def _remove_upstream(changes: SiteChanges, item: SiteUpstream, found: Upstream | None) -> None:
    """Take a server away. Realms that name it are looked at when all of them are declared."""
    shelf = changes.shelf("upstream", item.name, item.project)
    if shelf is None:
        return
    if found is not None:
        roaming.remove_upstream(changes.tx, shelf.id, found.id)
    _removed(changes, "upstream", item.name, found, shelf.id)


def _removed(changes: SiteChanges, table: str, name: str, found: object, project_id: ProjectId) -> None:
    outcome = Outcome.LEFT if found is None else Outcome.CHANGED
    changes.done(table, name, outcome, project_id, [] if found is None else ["removed"])


def _check_servers(
    changes: SiteChanges, realms: Iterable[Realm], servers: Container[tuple[ProjectId, str]]
) -> None:
    """A realm whose only server is gone would be looked up here: whoever is called alike would be let in."""
    for realm in realms:
        for name in realm.upstreams:
            if (realm.project_id, name) not in servers:
                changes.wrong("realm", realm.name, "upstreams", f'"{name}" is removed')


def _check_ssids(changes: SiteChanges, realms: Iterable[Realm]) -> None:
    taken: dict[tuple[ProjectId, str], str] = {}
    for realm in realms:
        for ssid in realm.ssids:
            first = taken.setdefault((realm.project_id, ssid), realm.name)
            if first != realm.name:
                changes.wrong("realm", realm.name, "ssids", f'"{ssid}" stands for "{first}" already')


def _outcome(found: object, changed: list[str]) -> Outcome:
    if found is None:
        return Outcome.CREATED
    return Outcome.CHANGED if changed else Outcome.LEFT


def _differences(before: Any, after: Any) -> list[str]:
    """The names of the fields in which two values of one class differ."""
    return [one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name)]
