"""The tables of a site file that say who may log in where and when: lists, rules, the calendar, limits, devices."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from zhuomai_appliance.commands.sitetables import Table
from zhuomai_appliance.commands.sitewords import (
    Address,
    Count,
    Day,
    Name,
    Names,
    Text,
    Yes,
    as_list,
    read_instant,
)
from zhuomai_appliance.flows.site_model import (
    SiteDevice,
    SiteHoliday,
    SiteListEntry,
    SitePlaceLimit,
    SiteRule,
)
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    KINDS,
    DayKind,
    Days,
    Outside,
    PlaceKind,
    RuleAction,
    VlanSpan,
    Window,
    parse_vlans,
    parse_window,
)
from zhuomai_appliance.model.moment import day_of
from zhuomai_appliance.model.network import ListAction, ListKind
from zhuomai_appliance.policy.lists import bare_mac, normal_value
from zhuomai_appliance.portal.dialects import normal_mac
from zhuomai_appliance.vendors.encoding import acl_is_dropped, acl_rules

_NO_MAC: Final = '"{0}" is no MAC such as "02:00:00:00:00:09"'


_MOST_OCTETS: Final = 220
"""What a name may take of an attribute of 247 octets, beside what some makers write before it."""


def _device_name(words: str) -> str:
    if len(words.encode()) > _MOST_OCTETS:
        raise ValueError(f"is longer than the {_MOST_OCTETS} octets that an attribute has room for")
    return words


def _acl(words: str) -> str:
    if acl_is_dropped(words):
        raise ValueError("has more rules than an answer can hold; name an ACL of the device instead")
    for line in acl_rules(words) or (words,):
        _device_name(line)
    return words


DeviceName = Annotated[Name, AfterValidator(_device_name)]
Acl = Annotated[str, Field(min_length=1, max_length=4000, strict=True), AfterValidator(_acl)]


def _kind(value: object) -> object:
    if value not in {kind.value for kind in KINDS}:
        raise ValueError(f"{value!r} is no kind of access; write one of {', '.join(KINDS)}")
    return value


def _mac(value: object) -> str:
    found = normal_mac(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(_NO_MAC.format(value))
    return found


Kind = Annotated[AccessKind, BeforeValidator(_kind)]
Hours = Annotated[Window, BeforeValidator(parse_window)]
Vlans = Annotated[VlanSpan, BeforeValidator(parse_vlans)]
Vlan = Annotated[int, Field(ge=1, le=4094, strict=True)]
Instant = Annotated[int, BeforeValidator(read_instant)]
Mac = Annotated[str, BeforeValidator(_mac)]


class ListTable(Table):
    """[[list]]: a black or white list entry."""

    key: ClassVar[str] = "value"
    beside: ClassVar[tuple[str, ...]] = ("kind",)
    project: Name | None = None
    kind: ListKind
    action: ListAction
    value_: Name = Field(alias="value")
    reason: Text = ""
    expires: Instant | None = None
    removed: Yes = False

    @model_validator(mode="after")
    def _value_is_of_its_kind(self) -> ListTable:
        if self.kind is ListKind.MAC and bare_mac(self.value_) is None:
            raise ValueError(
                f'value: "{self.value_}" is no MAC such as "02:00:00:00:00:09", nor a maker\'s prefix such as "a4:5e:60"'
            )
        if self.kind is ListKind.IP:
            try:
                ip_network(self.value_, strict=False)
            except ValueError:
                raise ValueError(
                    f'value: "{self.value_}" is no address such as "10.9.0.7" or network such as "10.9.0.0/16"'
                ) from None
        return self

    def value(self) -> SiteListEntry:
        """See `Table.value`."""
        written = normal_value(self.kind, self.value_) or self.value_
        return SiteListEntry(
            self.project, self.kind, self.action, written, self.reason, self.expires, self.removed
        )


class RuleTable(Table):
    """[[rule]]: conditions, then what becomes of a login that meets them. The first rule that matches decides."""

    name: Name
    project: Name | None = None
    position: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    action: RuleAction
    reason: Text = ""
    enabled: Yes = True
    removed: Yes = False
    group: Name | None = None
    nas: Name | None = None
    ssid: Names = []
    vlan: Annotated[list[Vlans], BeforeValidator(as_list)] = []
    outer_vlan: Annotated[list[Vlans], BeforeValidator(as_list)] = []
    kind: Annotated[list[Kind], BeforeValidator(as_list)] = []
    network: Annotated[list[Address], BeforeValidator(as_list)] = []
    hours: Annotated[list[Hours], BeforeValidator(as_list)] = []
    days: Days = Days.ALL
    outside: Outside = Outside.NEXT
    rate: Name | None = None
    user_group: DeviceName | None = None
    set_vlan: Vlan | None = None
    pool: DeviceName | None = None
    acl: Acl | None = None
    isolation: DeviceName | None = None

    def value(self) -> SiteRule:
        """See `Table.value`."""
        return SiteRule(
            name=self.name,
            project=self.project,
            position=self.position,
            action=self.action,
            reason=self.reason,
            enabled=self.enabled,
            removed=self.removed,
            group=self.group,
            nas=self.nas,
            ssids=tuple(self.ssid),
            vlans=tuple(self.vlan),
            outer_vlans=tuple(self.outer_vlan),
            kinds=tuple(self.kind),
            networks=tuple(self.network),
            hours=tuple(self.hours),
            days=self.days,
            outside=self.outside,
            rate=self.rate,
            user_group=self.user_group,
            vlan=self.set_vlan,
            pool=self.pool,
            acl=self.acl,
            isolation=self.isolation,
        )


class HolidayTable(Table):
    """[[holiday]]: a day that is not what its place in the week says."""

    key: ClassVar[str] = "date"
    project: Name | None = None
    date: Day
    kind: DayKind
    name: Text = ""
    removed: Yes = False

    def value(self) -> SiteHoliday:
        """See `Table.value`."""
        return SiteHoliday(self.project, day_of(self.date), self.kind, self.name, self.removed)


class PlaceLimitTable(Table):
    """[[place_limit]]: how many devices may be online at a place."""

    key: ClassVar[str] = "value"
    beside: ClassVar[tuple[str, ...]] = ("kind",)
    project: Name | None = None
    kind: PlaceKind
    value_: Annotated[str, Field(max_length=128, strict=True, alias="value")] = ""
    max: Count
    removed: Yes = False

    @model_validator(mode="after")
    def _value_is_of_its_kind(self) -> PlaceLimitTable:
        if (self.kind is PlaceKind.PROJECT) == bool(self.value_):
            raise ValueError("value: is missing" if not self.value_ else "value: a project's limit has none")
        return self

    def value(self) -> SitePlaceLimit:
        """See `Table.value`."""
        written = self.value_
        if self.kind is PlaceKind.AP:
            written = normal_mac(written) or written
        return SitePlaceLimit(self.project, self.kind, written, self.max, self.removed)


class DeviceTable(Table):
    """[[device]]: a device that an operator binds to an account, or takes off it."""

    key: ClassVar[str] = "mac"
    beside: ClassVar[tuple[str, ...]] = ("account",)
    project: Name | None = None
    account: Name
    mac: Mac
    until: Instant | None = None
    removed: Yes = False

    def value(self) -> SiteDevice:
        """See `Table.value`."""
        return SiteDevice(self.project, self.account, self.mac, self.until, self.removed)
