"""What is sold: plans, their frozen versions, and the purchases of them (billing rules §2 and §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from zhuomai_appliance.model.moment import Anchor, Period, PeriodUnit, Timestamp
from zhuomai_appliance.model.money import NOTHING, Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, BindingMode
from zhuomai_appliance.model.plan_rules import (
    ChangeRules,
    MeterRules,
    RefundRules,
    RenewalRules,
    RolloverRules,
    SaleRules,
    SuspensionRules,
    meter_problems,
)
from zhuomai_appliance.model.traffic import RateLimit

# Period, its unit and its anchor belong to the calendar, and are part of what a plan says
__all__ = [
    "DEFAULT_ACTIVATE_BY_DAYS",
    "DEFAULT_PRIORITY",
    "AccessPolicy",
    "Anchor",
    "BuyoutPrice",
    "Caps",
    "Direction",
    "FirstMonth",
    "MeterUnit",
    "OnExhaust",
    "Period",
    "PeriodUnit",
    "Plan",
    "PlanId",
    "PlanKind",
    "PlanVersion",
    "PlanVersionId",
    "Quota",
    "Starts",
    "Subscription",
    "SubscriptionId",
    "SubscriptionState",
    "Terms",
    "WhenFull",
    "move",
    "problems",
]  # fmt: skip

PlanId = NewType("PlanId", int)
PlanVersionId = NewType("PlanVersionId", int)
SubscriptionId = NewType("SubscriptionId", int)

DEFAULT_PRIORITY: Final = 100
DEFAULT_ACTIVATE_BY_DAYS: Final = 365


class PlanKind(StrEnum):
    """What a plan sells; `duration` counts seconds online, `period` of hours counts wall-clock hours."""

    BUYOUT = "buyout"
    PERIOD = "period"
    DATA = "data"
    DURATION = "duration"
    METERED = "metered"
    FREE = "free"


class Starts(StrEnum):
    """When a purchase begins. A purchase that may not run beside what runs already always waits for it first."""

    ON_PURCHASE = "on_purchase"
    ON_FIRST_LOGIN = "on_first_login"
    AFTER_CURRENT = "after_current"
    NEXT_CALENDAR_PERIOD = "next_calendar_period"
    AT_DATE = "at_date"


class OnExhaust(StrEnum):
    """What follows the last byte when nothing is queued; the queue is always tried first (billing rules §13)."""

    DISCONNECT = "disconnect"
    THROTTLE = "throttle"
    PAYG = "payg"


class WhenFull(StrEnum):
    """What happens to one device too many (共享数): it is refused, or the one online for longest has to go."""

    REJECT = "reject"
    KICK_OLDEST = "kick_oldest"


class Direction(StrEnum):
    """Which traffic an allowance counts, seen from the user."""

    BOTH = "both"
    DOWN = "down"
    UP = "up"

    def counted(self, up_octets: int, down_octets: int) -> int:
        """Octets of this traffic that an allowance in this direction pays for."""
        if self is Direction.BOTH:
            return up_octets + down_octets
        return down_octets if self is Direction.DOWN else up_octets


class FirstMonth(StrEnum):
    """Price of the first, incomplete calendar period (billing rules §3)."""

    FULL = "full"
    BY_DAY = "by_day"
    FREE_UNTIL_FIRST = "free_until_first"


class BuyoutPrice(StrEnum):
    """Price of a unified end date: the same whenever bought, or by the days that remain (W07)."""

    FLAT = "flat"
    BY_DAY = "by_day"


class MeterUnit(StrEnum):
    """What one price of a metered plan buys."""

    HOUR = "hour"
    GIGABYTE = "gigabyte"


class SubscriptionState(StrEnum):
    """Life of one purchase: queued, active, finished, and the ways beside it (billing rules §4)."""

    RESERVED = "reserved"
    QUEUED = "queued"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXHAUSTED = "exhausted"
    FINISHED = "finished"
    CANCELLED = "cancelled"


_MOVES: Final[Mapping[SubscriptionState, frozenset[SubscriptionState]]] = {
    SubscriptionState.RESERVED: frozenset({SubscriptionState.ACTIVE, SubscriptionState.CANCELLED}),
    SubscriptionState.QUEUED: frozenset(
        {
            SubscriptionState.ACTIVE,
            SubscriptionState.RESERVED,  # its turn came, its clock waits for the first login
            SubscriptionState.FINISHED,  # its fixed end passed while it waited
            SubscriptionState.CANCELLED,
        }
    ),
    SubscriptionState.ACTIVE: frozenset(
        {
            SubscriptionState.SUSPENDED,
            SubscriptionState.EXHAUSTED,
            SubscriptionState.FINISHED,
            SubscriptionState.CANCELLED,
        }
    ),
    SubscriptionState.SUSPENDED: frozenset({SubscriptionState.ACTIVE, SubscriptionState.CANCELLED}),
    SubscriptionState.EXHAUSTED: frozenset(),
    SubscriptionState.FINISHED: frozenset(),
    SubscriptionState.CANCELLED: frozenset(),
}


def move(state: SubscriptionState, to: SubscriptionState) -> SubscriptionState:
    """The new state, if the life of a purchase allows the step (billing rules §4).

    Raises:
        ValueError: an illegal step, such as reviving what was cancelled.
    """
    if to not in _MOVES[state]:
        raise ValueError(f"a {state} subscription cannot become {to}")
    return to


@dataclass(frozen=True, slots=True)
class Quota:
    """An allowance for the life of one subscription. None counts nothing in that dimension."""

    octets: int | None = None
    online_seconds: int | None = None
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits per local day and calendar month beside the allowance; None sets none (billing rules §12)."""

    day_seconds: int | None = None
    month_seconds: int | None = None
    day_octets: int | None = None
    month_octets: int | None = None


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """How somebody may be online under a plan: what a network device is told, and what logins are held to.

    `rate` None sets no limit; `max_sessions` and `max_macs` 0 set none; `session_cap_seconds` bounds one session;
    `interim_seconds` None leaves the choice to the device's setting; `silent_login_days` None forbids 无感知.
    `throttle` is the rate after exhaustion where `on_exhaust` is throttle. `silent_login_kinds` has other days for
    devices that were learned by one kind of access (the words of `AccessKind`); 0 remembers none of these.
    """

    rate: RateLimit | None = None
    max_sessions: int = 1
    max_macs: int = 0
    session_cap_seconds: int | None = None
    interim_seconds: int | None = None
    silent_login_days: int | None = None
    on_exhaust: OnExhaust = OnExhaust.DISCONNECT
    throttle: RateLimit | None = None
    silent_login_kinds: tuple[tuple[str, int], ...] = ()
    binding: BindingMode = BindingMode.LEARN
    when_full: WhenFull = WhenFull.REJECT

    def silent_days(self, kind: str) -> int | None:
        """Days of 无感知 after a login by this kind of access; None for none."""
        for name, days in self.silent_login_kinds:
            if name == kind:
                return days or None
        return self.silent_login_days

    @property
    def has_silent_login(self) -> bool:
        """Whether any kind of login is remembered."""
        return self.silent_login_days is not None or any(days for _, days in self.silent_login_kinds)


@dataclass(frozen=True, slots=True)
class Plan:
    """The name under which versions are sold; `latest_version_id` is what a purchase gets now."""

    id: PlanId
    project_id: ProjectId
    name: str
    latest_version_id: PlanVersionId


@dataclass(frozen=True, slots=True)
class Terms:
    """All that a purchase freezes except the price (billing rules §2); in the store one canonical JSON text (model.terms).

    `period` is absent for buyout and metered, `buyout_ends_at` is there for buyout alone, and `starts_at` for plans
    that start at_date. `activate_by_days` bounds how long a purchase may wait for its first login.
    """

    period: Period | None = None
    anchor: Anchor = Anchor.INSTANT
    starts: Starts = Starts.ON_PURCHASE
    starts_at: Timestamp | None = None
    buyout_ends_at: Timestamp | None = None
    buyout_sold_from: Timestamp | None = None
    buyout_price: BuyoutPrice = BuyoutPrice.FLAT
    first_month: FirstMonth = FirstMonth.FULL
    quota: Quota = field(default_factory=Quota)
    caps: Caps = field(default_factory=Caps)
    policy: AccessPolicy = field(default_factory=AccessPolicy)
    priority: int = DEFAULT_PRIORITY
    concurrent: bool = False
    meter_unit: MeterUnit | None = None
    subject: str = ""
    activate_by_days: int = DEFAULT_ACTIVATE_BY_DAYS
    renewal: RenewalRules = field(default_factory=RenewalRules)
    change: ChangeRules = field(default_factory=ChangeRules)
    refund: RefundRules = field(default_factory=RefundRules)
    suspension: SuspensionRules = field(default_factory=SuspensionRules)
    meter: MeterRules = field(default_factory=MeterRules)
    rollover: RolloverRules = field(default_factory=RolloverRules)
    sale: SaleRules = field(default_factory=SaleRules)


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One frozen version of a plan. Editing a plan adds a version and changes nobody's purchase (W60).

    `price_fen` is for the whole period, buyout or pack; of a metered plan, for one `terms.meter_unit`.
    """

    id: PlanVersionId
    project_id: ProjectId
    plan_id: PlanId
    plan_name: str
    version_no: int
    kind: PlanKind
    price_fen: Fen
    terms: Terms

    @property
    def subject(self) -> str:
        """The income subject (科目); the kind's own word where the plan names none."""
        return self.terms.subject or self.kind.value


@dataclass(frozen=True, slots=True)
class Subscription:
    """One purchase of one plan version, as its row. Dates of one that has not started are projections, or None."""

    id: SubscriptionId
    project_id: ProjectId
    account_id: AccountId
    plan_version_id: PlanVersionId
    order_no: str | None
    state: SubscriptionState
    purchased_at: Timestamp
    anchor_at: Timestamp | None
    starts_at: Timestamp | None
    ends_at: Timestamp | None
    octets_left: int | None
    seconds_left: int | None
    paid_principal_fen: Fen
    paid_bonus_fen: Fen = NOTHING


def problems(kind: PlanKind, price_fen: int, terms: Terms) -> tuple[str, ...]:
    """Everything that keeps these terms from being sold, a sentence each, key first; empty if nothing does."""
    found = list(_problems_of_kind(kind, terms))
    if price_fen < 0:
        found.append("price: is below zero")
    if kind is PlanKind.FREE and price_fen:
        found.append("price: a free plan has none")
    if terms.policy.on_exhaust is OnExhaust.THROTTLE and terms.policy.throttle is None:
        found.append("on_exhaust: throttle needs the rate to fall to")
    found += _problems_of_use(kind, terms)
    if terms.starts is Starts.AT_DATE and terms.starts_at is None:
        found.append("starts: at_date needs the date")
    if terms.starts is Starts.NEXT_CALENDAR_PERIOD and terms.period is None:
        found.append("starts: next_calendar_period needs a period")
    if terms.starts is Starts.AFTER_CURRENT and terms.concurrent:
        found.append("concurrent: a plan that waits for the current one cannot run beside it")
    return tuple(found)


def _problems_of_use(kind: PlanKind, terms: Terms) -> list[str]:
    is_payg = terms.policy.on_exhaust is OnExhaust.PAYG
    months = terms.period.months if kind is PlanKind.PERIOD and terms.period is not None else None
    found = meter_problems(
        terms.meter,
        terms.rollover,
        is_metered=kind is PlanKind.METERED,
        is_payg=is_payg,
        is_month=months == 1,
        has_months=months is not None,
        has_allowance=terms.period is not None
        and (terms.quota.octets, terms.quota.online_seconds) != (None, None),
    )
    for key, value in (
        ("day_data", terms.caps.day_octets),
        ("month_data", terms.caps.month_octets),
        ("day_online", terms.caps.day_seconds),
        ("month_online", terms.caps.month_seconds),
    ):
        if value is not None and value <= 0:
            found.append(f"{key}: a cap that leaves nothing lets nobody in; leave it out for none")
    return found


def _problems_of_kind(kind: PlanKind, terms: Terms) -> list[str]:
    found = []
    period, quota = terms.period, terms.quota
    if kind is PlanKind.PERIOD and period is None:
        found.append('period: is missing, such as "1 month"')
    if kind in {PlanKind.BUYOUT, PlanKind.METERED} and period is not None:
        found.append(f"period: a {kind} plan has none")
    if (kind is PlanKind.BUYOUT) != (terms.buyout_ends_at is not None):
        found.append("until: the end date belongs to a buyout plan, and to it alone")
    if kind is PlanKind.DATA and not quota.octets:
        found.append('data: is missing, such as "10 GB"')
    if kind is PlanKind.DURATION and not quota.online_seconds:
        found.append('online: is missing, such as "40 h"')
    if kind is PlanKind.METERED and terms.meter_unit is None:
        found.append("meter: hour or gigabyte, what the price buys")
    if period is not None and terms.anchor is Anchor.FIXED_DAYS and period.unit is not PeriodUnit.DAY:
        found.append('anchor: fixed_days needs a period in days, such as "30 days"')
    if period is not None and terms.anchor is Anchor.CALENDAR and period.unit is PeriodUnit.HOUR:
        found.append("anchor: the calendar has no periods of hours")
    if terms.buyout_price is BuyoutPrice.BY_DAY and terms.buyout_sold_from is None:
        found.append("until: a price by the day needs the first day of the whole")
    return found
