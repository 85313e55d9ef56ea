"""The values of a site declaration: what a site file says, item by item, and the report of what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    DayKind,
    Days,
    Outside,
    PlaceKind,
    RuleAction,
    VlanSpan,
    Window,
)
from zhuomai_appliance.model.moment import Day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import (
    ListAction,
    ListKind,
    MessageAuthenticatorPolicy,
    Network,
    PortalAuth,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.model.products import PlanKind, Terms
from zhuomai_appliance.model.roaming import Transport, WhenSilent
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.model.wifi import WifiNetwork


class SiteRefused(Exception):
    """Nothing was done; ``errors`` name table, item and key of everything that is wrong."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class SiteProject:
    """A school and its time zone; ``branding`` holds the fields of `store.settings.Branding` that the file names."""

    name: str
    zone: str
    branding: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SiteRate:
    """A named speed; every project has it."""

    name: str
    limit: RateLimit


@dataclass(frozen=True, slots=True)
class SiteNas:
    """An access device. ``portal_secret`` None means the RADIUS secret serves for both."""

    name: str
    project: str | None
    address: Network
    secret: str = field(repr=False)
    vendor: Vendor
    identifier: str
    device_kind: str
    coa_port: int
    portal_version: int
    portal_port: int
    portal_secret: str | None = field(repr=False)
    portal_auth: PortalAuth
    message_authenticator: MessageAuthenticatorPolicy
    traffic_unit: TrafficUnit
    swap_direction: bool
    ipv6_counters: bool
    interim_seconds: int
    user_networks: tuple[Network, ...]
    quirks: Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A plan. ``terms`` is complete but for what needs the project: the rates by name and the local dates."""

    name: str
    project: str | None
    kind: PlanKind
    price_fen: Fen
    terms: Terms
    rate: str | None
    throttle: str | None
    until: date | None
    starts_on: date | None
    on_sale: bool


@dataclass(frozen=True, slots=True)
class SiteGroup:
    """A group; a switch that is not in ``switches`` is inherited."""

    name: str
    project: str | None
    parent: str | None
    plan: str | None
    base_plan: str | None
    rate: str | None
    switches: Mapping[str, bool | int | str]


@dataclass(frozen=True, slots=True)
class SiteAccount:
    """An account. None leaves what is in the books; ``plans`` and ``balance_fen`` count when it is created.

    ``devices`` are MACs that an operator fixes to it, beside those it has.
    """

    username: str
    project: str | None
    password: str | None = field(repr=False)
    full_name: str | None
    group: str | None
    rate: str | None
    plans: tuple[str, ...] | None
    balance_fen: Fen
    aliases: tuple[str, ...]
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    id_number: str | None = field(repr=False)
    address: str | None = field(repr=False)
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteOperator:
    """An operator; the password counts when he is created. ``projects`` empty means every project.

    ``groups`` bind him to the people of these groups, and of all below, in his projects; empty means everybody.
    """

    name: str
    role: str
    password: str | None = field(repr=False)
    projects: tuple[str, ...]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteListEntry:
    """A black or white list entry; ``removed`` takes it off."""

    project: str | None
    kind: ListKind
    action: ListAction
    value: str
    reason: str
    expires_at: int | None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class SiteRule:
    """An access rule; what it refers to stands by name. See `model.access_rules.AccessRule`."""

    name: str
    project: str | None
    position: int
    action: RuleAction
    reason: str
    enabled: bool
    removed: bool
    group: str | None
    nas: str | None
    ssids: tuple[str, ...]
    vlans: tuple[VlanSpan, ...]
    outer_vlans: tuple[VlanSpan, ...]
    kinds: tuple[AccessKind, ...]
    networks: tuple[Network, ...]
    hours: tuple[Window, ...]
    days: Days
    outside: Outside
    rate: str | None
    user_group: str | None
    vlan: int | None
    pool: str | None
    acl: str | None
    isolation: str | None


@dataclass(frozen=True, slots=True)
class SiteHoliday:
    """A day of the calendar."""

    project: str | None
    day: Day
    kind: DayKind
    name: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class SiteWifi:
    """A network of 802.1X for which profiles are offered, or no longer."""

    project: str | None
    network: WifiNetwork
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SitePlaceLimit:
    """A limit of admissions by place."""

    project: str | None
    kind: PlaceKind
    value: str
    maximum: int
    removed: bool = False


@dataclass(frozen=True, slots=True)
class SiteDevice:
    """A device fixed to an account, or with ``removed`` taken off it. ``until`` ends its silent logins, None never."""

    project: str | None
    account: str
    mac: str
    until: int | None
    removed: bool


@dataclass(frozen=True, slots=True)
class SiteUpstream:
    """A RADIUS server elsewhere, or with ``removed`` none any more. See `model.roaming.Upstream`."""

    name: str
    project: str | None
    address: str
    secret: str = field(repr=False)
    auth_port: int
    acct_port: int
    transport: Transport
    timeout_seconds: int
    tries: int
    message_authenticator: bool
    status_server: bool
    server_name: str
    accept_attributes: tuple[str, ...]
    removed: bool = False


@dataclass(frozen=True, slots=True)
class SiteRealm:
    """A realm, or with ``removed`` none any more; what it refers to stands by name. See `model.roaming.Realm`."""

    name: str
    project: str | None
    ssids: tuple[str, ...]
    group: str | None
    upstreams: tuple[str, ...]
    strip: bool
    reject: str
    when_silent: WhenSilent
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a site file declares.

    ``errors`` are the mistakes found in reading it; ``broken`` names, by table, the items that could not be read, so
    that whatever refers to them is not called a mistake too.
    """

    projects: tuple[SiteProject, ...] = ()
    rates: tuple[SiteRate, ...] = ()
    plans: tuple[SitePlan, ...] = ()
    groups: tuple[SiteGroup, ...] = ()
    nas: tuple[SiteNas, ...] = ()
    lists: tuple[SiteListEntry, ...] = ()
    holidays: tuple[SiteHoliday, ...] = ()
    rules: tuple[SiteRule, ...] = ()
    place_limits: tuple[SitePlaceLimit, ...] = ()
    wifi: tuple[SiteWifi, ...] = ()
    accounts: tuple[SiteAccount, ...] = ()
    devices: tuple[SiteDevice, ...] = ()
    upstreams: tuple[SiteUpstream, ...] = ()
    realms: tuple[SiteRealm, ...] = ()
    operators: tuple[SiteOperator, ...] = ()
    errors: tuple[str, ...] = ()
    broken: frozenset[tuple[str, str]] = frozenset()


class Outcome(StrEnum):
    """What became of one item."""

    CREATED = "created"
    CHANGED = "changed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class SiteItem:
    """One line of the report; ``note`` names the keys that changed."""

    table: str
    name: str
    outcome: Outcome
    note: str = ""


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was done, or with ``dry_run`` would be."""

    items: tuple[SiteItem, ...]
    dry_run: bool

    def touched_tables(self) -> bool:
        """Whether anything changed that the daemon keeps in memory."""
        return any(
            item.outcome is not Outcome.LEFT and item.table not in {"account", "device", "operator"}
            for item in self.items
        )

    def as_facts(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "dry_run": self.dry_run,
            "items": [
                {"table": item.table, "name": item.name, "outcome": item.outcome.value, "note": item.note}
                for item in self.items
            ],
        }
