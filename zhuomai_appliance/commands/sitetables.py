"""The tables of a site file and their keys; the words are promises to the people who write such files.

Every model reads the texts of its keys ("8M", "10 GB", "30.00") once, here, and gives the value that flows work with.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from zhuomai_appliance.commands.sitetables_billing import (
    ChangeTable,
    RefundTable,
    RenewTable,
    RolloverTable,
    SuspendTable,
    UseTable,
)
from zhuomai_appliance.commands.sitewords import (
    BRANDING,
    Address,
    Bps,
    Count,
    Day,
    Interim,
    Name,
    Names,
    Octets,
    PageText,
    Port,
    Seconds,
    Secret,
    SilentKind,
    Text,
    Yes,
    Yuan,
    read_home,
    read_zone,
)
from zhuomai_appliance.flows.site_model import (
    SiteAccount,
    SiteGroup,
    SiteNas,
    SiteOperator,
    SitePlan,
    SiteProject,
    SiteRate,
)
from zhuomai_appliance.model.moment import Anchor, Period, parse_period
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import (
    MessageAuthenticatorPolicy,
    PortalAuth,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.model.people import BindingMode
from zhuomai_appliance.model.plan_rules import RolloverRules
from zhuomai_appliance.model.products import (
    DEFAULT_ACTIVATE_BY_DAYS,
    DEFAULT_PRIORITY,
    AccessPolicy,
    Caps,
    Direction,
    FirstMonth,
    MeterUnit,
    OnExhaust,
    PlanKind,
    Quota,
    Starts,
    Terms,
    WhenFull,
)
from zhuomai_appliance.model.traffic import Burst, RateLimit
from zhuomai_appliance.portal.dialects import normal_mac
from zhuomai_appliance.vendors.dialects import mistakes

AGAIN: Final = {"again": True}
"""Context of a second reading, without the keys that were wrong in the first: they are not missing."""


class Table(BaseModel):
    """One item of a table; ``key`` names the key that tells items apart, ``beside`` those that do so together with it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    key: ClassVar[str] = "name"
    beside: ClassVar[tuple[str, ...]] = ()

    def value(self) -> Any:
        """The item as flows know it."""
        raise NotImplementedError


class ProjectTable(Table):
    """[[project]]"""

    name: Name
    zone: Annotated[str, BeforeValidator(read_zone)] = "Asia/Shanghai"
    title: PageText | None = None
    service: PageText | None = None
    hotline: PageText | None = None
    hours: PageText | None = None
    home_url: Annotated[str, BeforeValidator(read_home)] | None = None
    home_label: PageText | None = None
    notice: PageText | None = None

    def value(self) -> SiteProject:
        """See `Table.value`."""
        said = self.model_dump(exclude={"name", "zone"}, exclude_none=True)
        return SiteProject(self.name, self.zone, {name: said[name] for name in BRANDING if name in said})


class RateTable(Table):
    """[[rate]]: bits per second, seen from the user."""

    name: Name
    up: Bps
    down: Bps
    peak_up: Bps | None = None
    peak_down: Bps | None = None
    peak_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] = 8

    @model_validator(mode="after")
    def _peaks_are_peaks(self) -> RateTable:
        if (self.peak_up or self.up) < self.up or (self.peak_down or self.down) < self.down:
            raise ValueError("a peak is not below its rate")
        return self

    def value(self) -> SiteRate:
        """See `Table.value`."""
        if self.peak_up is None and self.peak_down is None:
            return SiteRate(self.name, RateLimit(self.up, self.down))
        burst = Burst(self.peak_up or self.up, self.peak_down or self.down, self.peak_seconds)
        return SiteRate(self.name, RateLimit(self.up, self.down, burst))


class NasTable(Table):
    """[[nas]]: an access device."""

    name: Name
    project: Name | None = None
    address: Address
    secret: Secret
    vendor: Vendor = Vendor.STANDARD
    identifier: Text = ""
    device_kind: Literal["ac", "bras", "switch", "firewall", "router", "ap"] = "ac"
    coa_port: Port = 3799
    portal_version: Literal[1, 2] = 2
    portal_port: Port = 2000
    portal_secret: Secret | None = None
    portal_auth: PortalAuth = PortalAuth.CHAP
    message_authenticator: MessageAuthenticatorPolicy = MessageAuthenticatorPolicy.AUTO
    traffic_unit: TrafficUnit = TrafficUnit.BYTE
    swap_direction: Yes = False
    ipv6_counters: Yes = False
    interim: Interim = 300
    user_networks: list[Address] = []
    quirks: dict[str, str | int | bool] = {}

    @field_validator("quirks")
    @classmethod
    def _mean_something(
        cls, quirks: dict[str, str | int | bool], info: ValidationInfo
    ) -> dict[str, str | int | bool]:
        wrong = mistakes(info.data["vendor"], quirks) if "vendor" in info.data else ()
        if wrong:
            raise ValueError("; ".join(wrong))
        return quirks

    def value(self) -> SiteNas:
        """See `Table.value`."""
        return SiteNas(
            name=self.name,
            project=self.project,
            address=self.address,
            secret=self.secret.get_secret_value(),
            vendor=self.vendor,
            identifier=self.identifier,
            device_kind=self.device_kind,
            coa_port=self.coa_port,
            portal_version=self.portal_version,
            portal_port=self.portal_port,
            portal_secret=None if self.portal_secret is None else self.portal_secret.get_secret_value(),
            portal_auth=self.portal_auth,
            message_authenticator=self.message_authenticator,
            traffic_unit=self.traffic_unit,
            swap_direction=self.swap_direction,
            ipv6_counters=self.ipv6_counters,
            interim_seconds=self.interim,
            user_networks=tuple(self.user_networks),
            quirks=self.quirks,
        )


class PlanTable(Table):
    """[[plan]]: what is sold. Further rules (what belongs to which kind) are the model's own."""

    name: Name
    project: Name | None = None
    kind: PlanKind
    price: Yuan = 0
    period: Annotated[Period, BeforeValidator(parse_period)] | None = None
    anchor: Anchor = Anchor.INSTANT
    starts: Starts = Starts.ON_PURCHASE
    starts_on: Day | None = None
    until: Day | None = None
    first_month: FirstMonth = FirstMonth.FULL
    data: Octets | None = None
    online: Seconds | None = None
    direction: Direction = Direction.BOTH
    day_data: Octets | None = None
    month_data: Octets | None = None
    day_online: Seconds | None = None
    month_online: Seconds | None = None
    meter: MeterUnit | None = None
    use: UseTable = UseTable()
    rollover: RolloverTable | None = None
    suspend: SuspendTable = SuspendTable()
    change: ChangeTable = ChangeTable()
    refund: RefundTable = RefundTable()
    renew: RenewTable = RenewTable()
    rate: Name | None = None
    session_cap: Seconds | None = None
    max_sessions: Count = 1
    max_macs: Count = 0
    interim: Interim | None = None
    silent_login_days: Count | None = None
    silent_login_kinds: dict[SilentKind, Count] = {}
    binding: BindingMode = BindingMode.LEARN
    when_full: WhenFull = WhenFull.REJECT
    priority: Annotated[int, Field(ge=0, le=1000, strict=True)] = DEFAULT_PRIORITY
    concurrent: Yes = False
    on_exhaust: OnExhaust = OnExhaust.DISCONNECT
    throttle: Name | None = None
    subject: Text = ""
    activate_by_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = DEFAULT_ACTIVATE_BY_DAYS
    on_sale: Yes = True

    @model_validator(mode="after")
    def _price_is_meant(self, info: ValidationInfo) -> PlanTable:
        missing = self.kind is not PlanKind.FREE and "price" not in self.model_fields_set
        if missing and info.context != AGAIN:
            raise ValueError('price: is missing, such as "30.00"; a plan for nothing says "0.00"')
        return self

    def value(self) -> SitePlan:
        """See `Table.value`."""
        terms = Terms(
            period=self.period,
            anchor=self.anchor,
            starts=self.starts,
            first_month=self.first_month,
            quota=Quota(octets=self.data, online_seconds=self.online, direction=self.direction),
            caps=Caps(
                day_seconds=self.day_online,
                month_seconds=self.month_online,
                day_octets=self.day_data,
                month_octets=self.month_data,
            ),
            policy=AccessPolicy(
                max_sessions=self.max_sessions,
                max_macs=self.max_macs,
                session_cap_seconds=self.session_cap,
                interim_seconds=self.interim,
                silent_login_days=self.silent_login_days,
                on_exhaust=self.on_exhaust,
                silent_login_kinds=tuple(sorted(self.silent_login_kinds.items())),
                binding=self.binding,
                when_full=self.when_full,
            ),
            priority=self.priority,
            concurrent=self.concurrent,
            meter_unit=self.meter,
            meter=self.use.value(),
            rollover=RolloverRules() if self.rollover is None else self.rollover.value(),
            suspension=self.suspend.value(),
            change=self.change.value(),
            refund=self.refund.value(),
            renewal=self.renew.value(),
            subject=self.subject,
            activate_by_days=self.activate_by_days,
        )
        return SitePlan(
            name=self.name,
            project=self.project,
            kind=self.kind,
            price_fen=Fen(self.price),
            terms=terms,
            rate=self.rate,
            throttle=self.throttle,
            until=self.until,
            starts_on=self.starts_on,
            on_sale=self.on_sale,
        )


class GroupTable(Table):
    """[[group]]: a node of the group tree; a switch that is absent is inherited (features F04)."""

    name: Name
    project: Name | None = None
    parent: Name | None = None
    plan: Name | None = None
    base_plan: Name | None = None
    rate: Name | None = None
    must_change_password: Yes | None = None
    must_bind_phone: Yes | None = None
    must_bind_email: Yes | None = None
    may_sponsor_guests: Yes | None = None
    is_guest_group: Yes | None = None
    unbinds_per_month: Count | None = None
    self_registration: Yes | None = None
    binding: BindingMode | None = None

    def value(self) -> SiteGroup:
        """See `Table.value`."""
        named = {"name", "project", "parent", "plan", "base_plan", "rate"}
        switches = self.model_dump(exclude=named, exclude_none=True)
        return SiteGroup(self.name, self.project, self.parent, self.plan, self.base_plan, self.rate, switches)


class AccountTable(Table):
    """[[account]]; the same names head the columns of `import accounts`."""

    key: ClassVar[str] = "username"
    username: Name
    project: Name | None = None
    password: Secret | None = None
    full_name: Text | None = None
    group: Name | None = None
    rate: Name | None = None
    plan: Names | None = None
    balance: Yuan = 0
    aliases: Names = []
    phone: Text | None = None
    email: Text | None = None
    id_number: Text | None = None
    address: Text | None = None
    devices: Names = []

    @model_validator(mode="after")
    def _password_fits_radius(self) -> AccountTable:
        # User-Password carries at most 128 octets (RFC 2865 §5.2).
        if self.password is not None and len(self.password.get_secret_value().encode()) > 128:
            raise ValueError("password: has at most 128 bytes")
        return self

    @model_validator(mode="after")
    def _devices_are_addresses(self) -> AccountTable:
        for mac in self.devices:
            if normal_mac(mac) is None:
                raise ValueError(f'devices: "{mac}" is no MAC such as "02:00:00:00:00:09"')
        return self

    def value(self) -> SiteAccount:
        """See `Table.value`."""
        return SiteAccount(
            username=self.username,
            project=self.project,
            password=None if self.password is None else self.password.get_secret_value(),
            full_name=self.full_name,
            group=self.group,
            rate=self.rate,
            plans=None if self.plan is None else tuple(self.plan),
            balance_fen=Fen(self.balance),
            aliases=tuple(self.aliases),
            phone=self.phone,
            email=self.email,
            id_number=self.id_number,
            address=self.address,
            devices=tuple(normal_mac(mac) or mac for mac in self.devices),
        )


class OperatorTable(Table):
    """[[operator]]; ``password`` stands for the first line of password_file, never for itself."""

    name: Name
    role: Name
    password: Secret | None = None
    projects: Names = []
    groups: Names = []

    def value(self) -> SiteOperator:
        """See `Table.value`."""
        password = None if self.password is None else self.password.get_secret_value()
        return SiteOperator(self.name, self.role, password, tuple(self.projects), tuple(self.groups))
