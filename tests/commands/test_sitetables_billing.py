"""How a site file says what use costs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from zhuomai_appliance.commands.sitetables import PlanTable
from zhuomai_appliance.model.moment import day_of
from zhuomai_appliance.model.plan_rules import (
    ChangeMode,
    ChangeRules,
    DateSpan,
    MeterRules,
    PriceWindow,
    RefundFormula,
    RefundRules,
    RolloverRules,
    SuspensionRules,
    Tier,
)
from zhuomai_appliance.model.products import Terms
from zhuomai_appliance.model.terms import dump_terms, load_terms


def terms(**keys: Any) -> Terms:
    """The terms of a metered plan with these keys."""
    return PlanTable(**{"name": "x", "kind": "metered", "price": "5.00", "meter": "gigabyte", **keys}).value().terms  # fmt: skip


def test_every_key_of_use_reaches_the_terms_and_their_text() -> None:
    """Yuan become fen, clock times minutes, dates days; the stored text reads back the same."""
    found = terms(
        use={
            "windows": [
                {
                    "from": "23:00",
                    "to": "07:00",
                    "weekdays": ["sun", "fri"],
                    "days": {"first": "2026-10-01", "last": "2026-10-06"},
                    "day_data": "10 GB",
                },
                {"price": "2.50"},
            ],
            "tiers": [{"from": 10, "price": "3.00"}],
            "payg_price": "5.00",
            "payg_unit": "hour",
            "payg_month_limit": "30.00",
            "month_limit": "50.00",
            "half_price": [{"first": "2027-02-01", "last": "2027-02-28"}],
            "unused_month_free": True,
        },
        rollover={"most": "1 GB", "periods": 2},
    )
    october = day_of(date(2026, 10, 1))
    assert found.meter == MeterRules(
        windows=(
            PriceWindow(1380, 420, 0, (4, 6), DateSpan(october, october + 5), (), 10 * 2**30),
            PriceWindow(0, 1440, 250),
        ),
        tiers=(Tier(10, 300),),
        payg_price_fen=500,
        payg_unit="hour",
        payg_month_limit_fen=3000,
        month_limit_fen=5000,
        half_price_spans=(DateSpan(day_of(date(2027, 2, 1)), day_of(date(2027, 2, 28))),),
        unused_month_free=True,
    )
    assert found.rollover == RolloverRules(keep=True, most_octets=2**30, periods=2)
    assert load_terms(dump_terms(found)) == found


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ({"windows": [{"from": "25:00"}]}, "no time of day"),
        ({"windows": [{"from": "24:01"}]}, "no time of day"),
        ({"windows": [{"until": "07:00"}]}, "until"),
        ({"windows": [{"price": "0.005"}]}, "more than two decimals"),
        ({"half_price": [{"first": "2027-02-02", "last": "2027-02-01"}]}, "before first"),
        ({"payg_unit": "minute"}, "payg_unit"),
    ],
)
def test_mistakes_are_named(use: dict[str, Any], words: str) -> None:
    """A wrong clock, an unknown key, a third decimal or a span that runs backwards is told."""
    with pytest.raises(ValidationError) as caught:
        terms(use=use)
    assert words in str(caught.value)


def test_a_plan_without_use_has_plain_rules() -> None:
    """Nothing said is nothing charged."""
    assert terms().meter == MeterRules()
    assert terms().rollover == RolloverRules()


def test_every_key_of_suspend_change_and_refund_reaches_the_terms_and_their_text() -> None:
    """Yuan become fen, dates days; the stored text reads back the same."""
    found = terms(
        kind="period",
        period="1 month",
        meter=None,
        suspend={
            "allowed": True,
            "times_per_year": 2,
            "days_per_year": 60,
            "active_days_between": 30,
            "min_days": 7,
            "max_days": 45,
            "keep_fee": "5.00",
            "blackout": [{"first": "2027-01-01", "last": "2027-01-15"}],
            "resume_on_login": True,
        },
        change={
            "targets": ["fast"],
            "up": "restart",
            "down": "forbidden",
            "other_kind": "next_period",
            "ups_per_period": 3,
            "downs_per_period": 2,
            "by_second": True,
        },
        refund={"formula": "rerate", "month_price": "30.00"},
        renew={"auto_lead": 3600},
    )
    january = day_of(date(2027, 1, 1))
    assert found.suspension == SuspensionRules(
        True, 2, 60, 30, 7, 45, 500, (DateSpan(january, january + 14),), True
    )
    assert found.change == ChangeRules(
        ("fast",), ChangeMode.RESTART, ChangeMode.FORBIDDEN, ChangeMode.NEXT_PERIOD, 3, 2, True
    )
    assert found.refund == RefundRules(True, RefundFormula.RERATE, 3000)
    assert found.renewal.auto_renew_lead_seconds == 3600
    assert load_terms(dump_terms(found)) == found
    with pytest.raises(ValidationError, match="month_price"):
        terms(refund={"formula": "rerate"})
