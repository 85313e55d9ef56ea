"""Plans worth beginning with: one click, then editable (billing rules §21). Prices are examples."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.model.moment import (
    Anchor,
    Period,
    PeriodUnit,
    Zone,
    add_days,
    day_of,
    day_start,
    local_day,
)
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.plan_rules import DateSpan, MeterRules, RolloverRules, SuspensionRules
from zhuomai_appliance.model.products import (
    AccessPolicy,
    FirstMonth,
    MeterUnit,
    OnExhaust,
    PlanKind,
    Quota,
    Starts,
    Terms,
)
from zhuomai_appliance.model.traffic import RateLimit

_GB = 2**30
_MONTH = Period(PeriodUnit.MONTH, 1)
_FAST = AccessPolicy(rate=RateLimit(20_000_000, 50_000_000), max_sessions=2, silent_login_days=7)
_SLOW = RateLimit(2_000_000, 2_000_000)


@dataclass(frozen=True, slots=True)
class Preset:
    """A plan that can be published as it is: a stable word, its name in Chinese, and what it sells."""

    code: str
    name: str
    kind: PlanKind
    price_fen: Fen
    terms: Terms


def presets(now: int, zone: Zone) -> tuple[Preset, ...]:
    """The presets with dates that lie ahead of ``now``: a term of 140 days, the next February as the holiday."""
    term_ends = day_start(local_day(add_days(now, 140, zone), zone), zone)
    year = zone.local(now).year + (zone.local(now).month > 2)
    first = zone.local(now).date().replace(year=year, month=2, day=1)
    holiday = DateSpan(day_of(first), day_of(first.replace(month=3)) - 1)
    month = Terms(
        period=_MONTH, policy=_FAST, suspension=SuspensionRules(days_per_year=60, active_days_between=30)
    )
    calendar = Terms(period=_MONTH, anchor=Anchor.CALENDAR, policy=_FAST)
    return (
        Preset("term_buyout", "学期买断", PlanKind.BUYOUT, Fen(12_000), Terms(buyout_ends_at=term_ends, policy=_FAST)),
        Preset("month_payment_day", "包月·缴费日", PlanKind.PERIOD, Fen(3000), month),
        Preset("month_calendar_full", "包月·自然月(全月)", PlanKind.PERIOD, Fen(3000), calendar),
        Preset(
            "month_calendar_by_day", "包月·自然月(按日)", PlanKind.PERIOD, Fen(3000),
            Terms(period=_MONTH, anchor=Anchor.CALENDAR, first_month=FirstMonth.BY_DAY, policy=_FAST),
        ),
        Preset(
            "days_first_login", "包月·首次登录30天", PlanKind.PERIOD, Fen(3000),
            Terms(
                period=Period(PeriodUnit.DAY, 30), anchor=Anchor.FIXED_DAYS, starts=Starts.ON_FIRST_LOGIN, policy=_FAST
            ),
        ),
        Preset(
            "data_base", "流量基础包", PlanKind.DATA, Fen(2000),
            Terms(period=_MONTH, quota=Quota(octets=50 * _GB), priority=10, concurrent=True, policy=_FAST),
        ),
        Preset(
            "data_extra", "流量加油包", PlanKind.DATA, Fen(1000),
            Terms(
                period=_MONTH, quota=Quota(octets=25 * _GB), priority=20, concurrent=True, policy=_FAST,
                rollover=RolloverRules(keep=True, most_octets=25 * _GB),
            ),
        ),
        Preset(
            "metered_limit", "按流量+消费上限", PlanKind.METERED, Fen(100),
            Terms(meter_unit=MeterUnit.GIGABYTE, meter=MeterRules(month_limit_fen=5000), policy=_FAST),
        ),
        Preset(
            "staff_free", "教职工免费+限速", PlanKind.FREE, Fen(0),
            Terms(policy=AccessPolicy(rate=RateLimit(10_000_000, 20_000_000), max_sessions=3, silent_login_days=30)),
        ),
        Preset(
            "visitor_day", "访客一天", PlanKind.PERIOD, Fen(0),
            Terms(period=Period(PeriodUnit.DAY, 1), policy=AccessPolicy(rate=_SLOW)),
        ),
        Preset(
            "hotel_night", "酒店(入住-退房)", PlanKind.PERIOD, Fen(1000),
            Terms(
                period=Period(PeriodUnit.DAY, 1), anchor=Anchor.END_OF_DAY,
                policy=AccessPolicy(rate=RateLimit(10_000_000, 20_000_000), max_sessions=3, silent_login_days=1),
            ),
        ),
        Preset(
            "holiday_half", "寒暑假半价", PlanKind.PERIOD, Fen(2000),
            Terms(period=_MONTH, anchor=Anchor.CALENDAR, meter=MeterRules(half_price_spans=(holiday,)), policy=_FAST),
        ),
        Preset(
            "unused_free", "不使用不扣费", PlanKind.PERIOD, Fen(1500),
            Terms(period=_MONTH, anchor=Anchor.CALENDAR, meter=MeterRules(unused_month_free=True), policy=_FAST),
        ),
        Preset(
            "data_throttled", "包月流量·超出限速", PlanKind.DATA, Fen(3000),
            Terms(
                period=_MONTH, quota=Quota(octets=100 * _GB),
                policy=AccessPolicy(rate=_FAST.rate, max_sessions=2, on_exhaust=OnExhaust.THROTTLE, throttle=_SLOW),
            ),
        ),
    )  # fmt: skip
