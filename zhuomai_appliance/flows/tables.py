"""The few rows that every request needs, whole in memory: devices, projects, groups, rates and lists.

Everything that changes one of them goes through the daemon, which reloads; a packet never waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from zhuomai_appliance.flows.realms import Realms, read_realms
from zhuomai_appliance.flows.rule_tables import NO_POLICIES, Policies, read_policies
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import AccessListEntry, Nas, NasId, Network, Project, ProjectId
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.roaming import Upstream
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import network, products
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.vault import Vault

REMEMBERED_HOSTS: Final = 65_536
"""Answers to «who is at this address?» kept; strangers count too, so that a flood of them stays cheap."""

_INHERITED: Final = tuple(
    field.name for field in fields(Group) if field.name not in ("id", "project_id", "parent_id", "name")
)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    projects: Mapping[ProjectId, Project]
    zones: Mapping[ProjectId, Zone]
    nas: Mapping[NasId, Nas]
    by_host: Mapping[str, Nas]
    networks: tuple[tuple[Network, Nas], ...]
    signers: frozenset[tuple[NasId, str]]
    groups: Mapping[GroupId, Group]
    rates: Mapping[int, RateLimit]
    policies: Mapping[ProjectId, Policies]
    realms: Mapping[ProjectId, Realms]


_EMPTY: Final = _Snapshot({}, {}, {}, {}, (), frozenset(), {}, {}, {}, {})


class Tables:
    """The in-memory tables. `reload` swaps them all at once, so no reader sees half of a change."""

    def __init__(self) -> None:
        self._now = _EMPTY
        self._found: dict[str, Nas | None] = {}

    def reload(self, reader: Reader, vault: Vault) -> None:
        """Read everything anew.

        Raises:
            VaultLocked: the key file is not the one that sealed the devices' secrets.
        """
        projects = {project.id: project for project in network.projects(reader)}
        devices = network.all_nas(reader, vault)
        zones = {project_id: Zone(project.zone) for project_id, project in projects.items()}
        groups = {group.id: group for project_id in projects for group in products.groups(reader, project_id)}
        rates = {
            rate.id: rate.limit for project_id in projects for rate in products.rates(reader, project_id)
        }
        self._now = _Snapshot(
            projects=projects,
            zones=zones,
            nas={nas.id: nas for nas in devices},
            by_host={nas.host: nas for nas in devices if nas.is_single_host},
            networks=tuple(
                (nas.address, nas)
                for nas in sorted(devices, key=lambda nas: nas.address.prefixlen, reverse=True)
                if not nas.is_single_host
            ),
            signers=network.signers(reader),
            groups=_resolved(groups),
            rates=rates,
            policies=read_policies(reader, vault, zones, groups, rates, devices),
            realms=read_realms(reader, vault, groups),
        )
        self._found = {}

    # Devices ----------------------------------------------------------------------------------------------------------

    def find(self, host: str) -> Nas | None:
        """The device at a source address, by the longest prefix (semantics §1.1); None for a stranger."""
        try:
            return self._found[host]
        except KeyError:
            pass
        if len(self._found) >= REMEMBERED_HOSTS:
            self._found.clear()
        nas = self._now.by_host.get(host) or self._in_networks(host)
        self._found[host] = nas
        return nas

    def _in_networks(self, host: str) -> Nas | None:
        try:
            address: IPv4Address | IPv6Address = ip_address(host)
        except ValueError:
            return None
        for net, nas in self._now.networks:
            if address.version == net.version and address in net:
                return nas
        return None

    def by_id(self, nas_id: NasId) -> Nas | None:
        """A device by its id."""
        return self._now.nas.get(nas_id)

    def by_name(self, name: str) -> Nas | None:
        """A device by its name or address text."""
        for nas in self._now.nas.values():
            if name in (nas.name, nas.identifier, str(nas.address), nas.host):
                return nas
        return None

    def all_nas(self) -> list[Nas]:
        """Every device."""
        return list(self._now.nas.values())

    def signs(self, nas: Nas, host: str) -> bool:
        """Whether the device at this address has proved that it signs its Access-Requests."""
        return (nas.id, host) in self._now.signers

    def add_signer(self, nas_id: NasId, host: str) -> None:
        """Remember a proof until the next reload, when it comes from the store."""
        snapshot = self._now
        self._now = _Snapshot(
            **{
                field.name: getattr(snapshot, field.name)
                for field in fields(_Snapshot)
                if field.name != "signers"
            },
            signers=snapshot.signers | {(nas_id, host)},
        )

    # The rest ---------------------------------------------------------------------------------------------------------

    def projects(self) -> list[Project]:
        """Every project, oldest first."""
        return list(self._now.projects.values())

    def project(self, project_id: ProjectId) -> Project | None:
        """A project by its id."""
        return self._now.projects.get(project_id)

    def zone(self, project_id: ProjectId) -> Zone:
        """The calendar of a project; UTC for one that does not exist."""
        return self._now.zones.get(project_id) or Zone("UTC")

    def group(self, group_id: GroupId | None) -> Group | None:
        """A group with everything it inherits filled in."""
        return None if group_id is None else self._now.groups.get(group_id)

    def group_named(self, project_id: ProjectId, name: str) -> Group | None:
        """A group of a project by its name."""
        groups = self._now.groups.values()
        return next((one for one in groups if one.project_id == project_id and one.name == name), None)

    def below(self, group_ids: Iterable[GroupId]) -> frozenset[GroupId]:
        """Groups with all groups below them; unknown ones are left out."""
        found = set(group_ids) & self._now.groups.keys()
        while more := {one.id for one in self._now.groups.values() if one.parent_id in found} - found:
            found |= more
        return frozenset(found)

    def rate(self, rate_id: int | None) -> RateLimit | None:
        """A rate by its id."""
        return None if rate_id is None else self._now.rates.get(rate_id)

    def lists(self, project_id: ProjectId) -> tuple[AccessListEntry, ...]:
        """The black and white list of a project, expired entries included."""
        return self.policies(project_id).lists.entries

    def policies(self, project_id: ProjectId) -> Policies:
        """Lists, access rules and limits of places of a project, compiled."""
        return self._now.policies.get(project_id, NO_POLICIES)

    def realms(self, project_id: ProjectId) -> Realms | None:
        """The realms of a project; None where none is declared, which most schools never do."""
        return self._now.realms.get(project_id)

    def upstreams(self) -> list[Upstream]:
        """Every server elsewhere that a realm of any project asks."""
        return [one for realms in self._now.realms.values() for one in realms.upstreams]


def _resolved(groups: Mapping[GroupId, Group]) -> dict[GroupId, Group]:
    """Each group with the switches it does not set taken from the nearest ancestor that does (features F03)."""
    done: dict[GroupId, Group] = {}
    for group in groups.values():
        values = {name: getattr(group, name) for name in _INHERITED}
        seen = {group.id}
        parent = groups.get(group.parent_id) if group.parent_id is not None else None
        while parent is not None and parent.id not in seen:
            seen.add(parent.id)
            for name, value in values.items():
                if value is None:
                    values[name] = getattr(parent, name)
            parent = groups.get(parent.parent_id) if parent.parent_id is not None else None
        done[group.id] = Group(group.id, group.project_id, group.parent_id, group.name, **values)
    return done
