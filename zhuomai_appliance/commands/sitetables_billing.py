"""The rules of a plan that stand as inline tables in a site file: `use = { … }`, `windows = [ … ]`, `rollover = { … }`."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from zhuomai_appliance.commands.sitewords import Day, Octets, Seconds, Yes, Yuan
from zhuomai_appliance.model.moment import day_of
from zhuomai_appliance.model.plan_rules import (
    ChangeMode,
    ChangeRules,
    DateSpan,
    MeterRules,
    PriceWindow,
    RefundFormula,
    RefundRules,
    RenewalRules,
    RentMode,
    RolloverRules,
    SuspensionRules,
    Tier,
)
from zhuomai_appliance.model.products import MeterUnit

_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _minute(text: object) -> object:
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None or (minute := int(found[1]) * 60 + int(found[2])) > 1440:
        raise ValueError(f'{text!r} is no time of day such as "23:00"')
    return minute


Minute = Annotated[int, BeforeValidator(_minute)]


class Inline(BaseModel):
    """An inline table: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class SpanTable(Inline):
    """`{ first = 2027-01-16, last = 2027-02-22 }`: local days, both inside."""

    first: Day
    last: Day

    @model_validator(mode="after")
    def _is_a_span(self) -> SpanTable:
        if self.last < self.first:
            raise ValueError("last: is before first")
        return self

    def value(self) -> DateSpan:
        """The days by number."""
        return DateSpan(day_of(self.first), day_of(self.last))


class WindowTable(Inline):
    """`{ from = "23:00", to = "07:00", price = "0.00" }`, on some days or all."""

    start: Minute = Field(0, alias="from")
    end: Minute = Field(1440, alias="to")
    price: Yuan = 0
    weekdays: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = []
    days: SpanTable | None = None
    day_data: Octets | None = None

    def value(self) -> PriceWindow:
        """The window as tariffs know it."""
        return PriceWindow(
            start_minute=self.start % 1440,
            end_minute=self.end,
            price_fen=self.price,
            weekdays=tuple(sorted(_DAYS.index(day) for day in self.weekdays)),
            span=None if self.days is None else self.days.value(),
            day_octets=self.day_data,
        )


class TierTable(Inline):
    """`{ from = 10, price = "3.00" }`: what lies beyond 10 units of the month."""

    start: Annotated[int, Field(ge=0, strict=True)] = Field(alias="from")
    price: Yuan

    def value(self) -> Tier:
        """The tier as tariffs know it."""
        return Tier(self.start, self.price)


class RolloverTable(Inline):
    """`{ most = "50 GB", periods = 1 }`: what is left of an allowance goes on."""

    most: Octets | None = None
    most_online: Seconds | None = None
    periods: Annotated[int, Field(ge=1, le=60, strict=True)] = 1

    def value(self) -> RolloverRules:
        """The rules as chains know them."""
        return RolloverRules(
            keep=True, most_octets=self.most, most_seconds=self.most_online, periods=self.periods
        )


class UseTable(Inline):
    """What use costs beside, or in place of, the plan's price."""

    rent: RentMode = RentMode.PREPAID
    windows: list[WindowTable] = []
    tiers: list[TierTable] = []
    payg_price: Yuan | None = None
    payg_unit: MeterUnit = MeterUnit.GIGABYTE
    payg_month_limit: Yuan | None = None
    month_limit: Yuan | None = None
    half_price: list[SpanTable] = []
    unused_month_free: Yes = False

    def value(self) -> MeterRules:
        """The rules as meters know them."""
        return MeterRules(
            rent=self.rent,
            windows=tuple(window.value() for window in self.windows),
            tiers=tuple(tier.value() for tier in self.tiers),
            payg_price_fen=self.payg_price,
            payg_unit=self.payg_unit.value,
            payg_month_limit_fen=self.payg_month_limit,
            month_limit_fen=self.month_limit,
            half_price_spans=tuple(span.value() for span in self.half_price),
            unused_month_free=self.unused_month_free,
        )


Days = Annotated[int, Field(ge=0, le=3650, strict=True)]


class SuspendTable(Inline):
    """`suspend = { times_per_year = 2, days_per_year = 60 }`: 停机保号."""

    allowed: Yes | None = None
    times_per_year: Days | None = None
    days_per_year: Days | None = None
    active_days_between: Days = 0
    min_days: Days = 1
    max_days: Days | None = None
    keep_fee: Yuan = 0
    blackout: list[SpanTable] = []
    resume_on_login: Yes = False

    def value(self) -> SuspensionRules:
        """The rules as suspensions know them."""
        return SuspensionRules(
            allowed=self.allowed,
            times_per_year=self.times_per_year,
            days_per_year=self.days_per_year,
            active_days_between=self.active_days_between,
            min_days=self.min_days,
            max_days=self.max_days,
            keep_fee_fen=self.keep_fee,
            blackout=tuple(span.value() for span in self.blackout),
            resume_on_login=self.resume_on_login,
        )


class ChangeTable(Inline):
    """`change = { up = "keep_end", down = "next_period" }`: which plans may take this one's place, and how."""

    targets: list[str] = []
    up: ChangeMode = ChangeMode.KEEP_END
    down: ChangeMode = ChangeMode.NEXT_PERIOD
    other_kind: ChangeMode = ChangeMode.RESTART
    ups_per_period: Days | None = None
    downs_per_period: Days | None = 1
    by_second: Yes = False

    def value(self) -> ChangeRules:
        """The rules as changes of plan know them."""
        return ChangeRules(
            targets=tuple(self.targets),
            up=self.up,
            down=self.down,
            other_kind=self.other_kind,
            ups_per_period=self.ups_per_period,
            downs_per_period=self.downs_per_period,
            by_second=self.by_second,
        )


class RefundTable(Inline):
    """`refund = { formula = "rerate", month_price = "30.00" }`: what an early end gives back."""

    refundable: Yes = True
    formula: RefundFormula = RefundFormula.UNUSED
    month_price: Yuan | None = None

    @model_validator(mode="after")
    def _rerates_by_a_price(self) -> RefundTable:
        if (self.formula is RefundFormula.RERATE) != (self.month_price is not None):
            raise ValueError('month_price: belongs to formula = "rerate", which needs it')
        return self

    def value(self) -> RefundRules:
        """The rules as refunds know them."""
        return RefundRules(self.refundable, self.formula, self.month_price)


class RenewTable(Inline):
    """`renew = { auto_lead = "1 day" }`: how long before the end the next period is taken from the wallet."""

    auto_lead: Seconds = 86_400

    def value(self) -> RenewalRules:
        """The rules as renewals know them."""
        return RenewalRules(auto_renew_lead_seconds=self.auto_lead)
