"""The rules of a plan beside its price and span: renewing, changing, giving back, pausing, and what use costs.

All are frozen into the version that somebody buys (billing rules §2 and principle 7). model.records writes and reads
them; a rule at its default is not in the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "ChangeMode",
    "ChangeRules",
    "DateSpan",
    "ExpiryAction",
    "MeterRules",
    "PriceWindow",
    "RefundFormula",
    "RefundRules",
    "RenewalRules",
    "RentMode",
    "RolloverRules",
    "SaleRules",
    "SuspensionRules",
    "Tier",
    "meter_problems",
]


class ExpiryAction(StrEnum):
    """What a login meets after the last segment: a reason, or the walled garden with its pay page (features D17)."""

    REJECT = "reject"
    WALLED_GARDEN = "walled_garden"


class ChangeMode(StrEnum):
    """When and how another plan takes over (billing rules §8)."""

    NEXT_PERIOD = "next_period"
    KEEP_END = "keep_end"
    RESTART = "restart"
    FORBIDDEN = "forbidden"


class RefundFormula(StrEnum):
    """How unused value is found (billing rules §9). UNUSED counts days, seconds or octets, as the plan sells them."""

    UNUSED = "unused"
    BY_SECOND = "by_second"
    RERATE = "rerate"


class RentMode(StrEnum):
    """Whether a plan's price is paid at the purchase, or taken from the wallet day by day (逐日扣租, §11)."""

    PREPAID = "prepaid"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class DateSpan:
    """Local days from the first to the last, both inside, as days since 1970-01-01 (model.moment.Day)."""

    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class RenewalRules:
    """`grace_days`: service goes on so long after the end, and a renewal within starts at the old end (§5)."""

    grace_days: int = 0
    auto_renew_lead_seconds: int = 86_400


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """Which plans may take this one's place, and how; no `targets` allows all on sale; a count None sets no limit."""

    targets: tuple[str, ...] = ()
    up: ChangeMode = ChangeMode.KEEP_END
    down: ChangeMode = ChangeMode.NEXT_PERIOD
    other_kind: ChangeMode = ChangeMode.RESTART
    ups_per_period: int | None = None
    downs_per_period: int | None = 1
    by_second: bool = False


@dataclass(frozen=True, slots=True)
class RefundRules:
    """`month_price_fen` is the single month's price that `rerate` charges for each month begun."""

    refundable: bool = True
    formula: RefundFormula = RefundFormula.UNUSED
    month_price_fen: int | None = None


@dataclass(frozen=True, slots=True)
class SuspensionRules:
    """停机保号 (§10). `allowed` None follows the kind: all but a buyout, whose end is a date. Years are calendar years."""

    allowed: bool | None = None
    times_per_year: int | None = None
    days_per_year: int | None = None
    active_days_between: int = 0
    min_days: int = 1
    max_days: int | None = None
    keep_fee_fen: int = 0
    blackout: tuple[DateSpan, ...] = ()
    resume_on_login: bool = False


@dataclass(frozen=True, slots=True)
class Tier:
    """From so many units of the month on, one unit costs so much."""

    from_units: int
    price_fen: int


@dataclass(frozen=True, slots=True)
class PriceWindow:
    """A local time of day with a price of its own; 0 is free. Minutes from midnight, half-open, past midnight if end < start.

    `weekdays` (Monday 0) and `span` narrow the days; `nas_groups` the devices' zones. A free window of a pack leaves the pack
    alone up to `day_octets` a day (W65).
    """

    start_minute: int
    end_minute: int
    price_fen: int
    weekdays: tuple[int, ...] = ()
    span: DateSpan | None = None
    nas_groups: tuple[str, ...] = ()
    day_octets: int | None = None


@dataclass(frozen=True, slots=True)
class MeterRules:
    """What use costs beside, or in place of, the plan's price (billing rules §11).

    `payg_*` is the way on after an allowance (`on_exhaust` payg): a price for one `payg_unit` ("hour", "gigabyte") and the
    most that a month may cost. `month_limit_fen` is the plan's own spending limit; a user may set a lower one.
    """

    rent: RentMode = RentMode.PREPAID
    windows: tuple[PriceWindow, ...] = ()
    tiers: tuple[Tier, ...] = ()
    payg_price_fen: int | None = None
    payg_unit: str = "gigabyte"
    payg_month_limit_fen: int | None = None
    month_limit_fen: int | None = None
    half_price_spans: tuple[DateSpan, ...] = ()
    unused_month_free: bool = False


@dataclass(frozen=True, slots=True)
class RolloverRules:
    """What is left of an allowance at the end of its period goes on: nothing, all, or at most so much, for so long (§2)."""

    keep: bool = False
    most_octets: int | None = None
    most_seconds: int | None = None
    periods: int = 1


@dataclass(frozen=True, slots=True)
class SaleRules:
    """What the counter and the receipts need to know."""

    discountable: bool = True
    receipt_text: str = ""
    expiry_action: ExpiryAction = ExpiryAction.REJECT
    user_may_unbind: bool = True
    unbinds_per_month: int | None = None


def meter_problems(
    meter: MeterRules,
    rollover: RolloverRules,
    *,
    is_metered: bool,
    is_payg: bool,
    is_month: bool,
    has_months: bool,
    has_allowance: bool,
) -> list[str]:
    """Rules about use that would mean nothing, and what this release would promise and not keep; key first."""
    found = []
    if is_payg and meter.payg_price_fen is None:
        found.append("on_exhaust: pay as you go needs a price, payg_price")
    if is_payg and is_metered:
        found.append("on_exhaust: a metered plan has no allowance that could be used up")
    if meter.payg_price_fen is not None and not is_payg:
        found.append('payg_price: needs on_exhaust = "payg"')
    if meter.payg_unit not in {"hour", "gigabyte"}:
        found.append("payg_unit: hour or gigabyte")
    if meter.tiers and not is_metered:
        found.append("tiers: belong to a metered plan")
    if not is_metered and any(window.price_fen for window in meter.windows):
        found.append("windows: a price of its own belongs to a metered plan; here a window is free, price 0")
    if any(window.nas_groups for window in meter.windows):
        found.append("windows: prices by devices are not kept yet; leave nas_groups out")
    if any(not (0 <= w.start_minute < 1440 and 0 <= w.end_minute <= 1440) for w in meter.windows):
        found.append('windows: a time of day is from "00:00" to "24:00"')
    if min([0, *(w.price_fen for w in meter.windows), *(tier.price_fen for tier in meter.tiers)]) < 0:
        found.append("windows, tiers: a price is not below zero")
    if meter.rent is RentMode.DAILY and not is_month:
        found.append('rent: by the day is the price of a month: kind = "period", period = "1 month"')
    if (meter.half_price_spans or meter.unused_month_free) and not has_months:
        found.append("half_price, unused_month_free: belong to a plan of months or years")
    if rollover.keep and not has_allowance:
        found.append("rollover: there is no allowance with a period that could go on")
    return found
