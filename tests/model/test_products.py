"""Plans that can be sold, and the text of their frozen terms."""

from __future__ import annotations

from itertools import product

import pytest

from zhuomai_appliance.model.facts import FactsError
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.products import (
    AccessPolicy,
    Anchor,
    BuyoutPrice,
    Caps,
    Direction,
    FirstMonth,
    MeterUnit,
    OnExhaust,
    Period,
    PeriodUnit,
    PlanId,
    PlanKind,
    PlanVersion,
    PlanVersionId,
    Quota,
    Starts,
    SubscriptionState,
    Terms,
    move,
    problems,
)
from zhuomai_appliance.model.terms import dump_terms, load_terms
from zhuomai_appliance.model.traffic import Burst, RateLimit

MONTH = Period(PeriodUnit.MONTH, 1)
EVERYTHING = Terms(
    period=Period(PeriodUnit.DAY, 30),
    anchor=Anchor.FIXED_DAYS,
    starts=Starts.AT_DATE,
    starts_at=Timestamp(1),
    buyout_ends_at=Timestamp(2),
    buyout_sold_from=Timestamp(0),
    buyout_price=BuyoutPrice.BY_DAY,
    first_month=FirstMonth.BY_DAY,
    quota=Quota(octets=5, online_seconds=6, direction=Direction.UP),
    caps=Caps(day_seconds=1, month_seconds=2, day_octets=3, month_octets=4),
    policy=AccessPolicy(
        rate=RateLimit(up_bps=1, down_bps=2, burst=Burst(3, 4, 5)),
        max_sessions=0,
        max_macs=3,
        session_cap_seconds=4,
        interim_seconds=300,
        silent_login_days=0,
        on_exhaust=OnExhaust.THROTTLE,
        throttle=RateLimit(up_bps=3, down_bps=4),
    ),
    priority=0,
    concurrent=True,
    meter_unit=MeterUnit.HOUR,
    subject="包月",
    activate_by_days=7,
)


def test_terms_read_back_equal() -> None:
    """All that is frozen at purchase survives the store, zeros included."""
    assert load_terms(dump_terms(EVERYTHING)) == EVERYTHING
    assert dump_terms(load_terms(dump_terms(EVERYTHING))) == dump_terms(EVERYTHING)


def test_plain_terms_have_the_shortest_text() -> None:
    """Defaults are left out, so that a new field with a default changes no stored version."""
    assert dump_terms(Terms()) == "{}"
    assert load_terms("{}") == Terms()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "an object is expected"),
        ('{"colour":1}', "unknown key 'colour'"),
        ('{"anchor":"moon"}', "one of instant"),
        ('{"period":"1 moon"}', "not a period"),
        ('{"priority":"1"}', "whole number"),
        ('{"concurrent":1}', "true or false"),
        ('{"quota":{"octets":1.5}}', "whole number"),
        ('{"quota":{"bytes":1}}', "unknown key 'bytes'"),
        ('{"policy":{"rate":[1,"2"]}}', "two rates"),
        ('{"policy":{"rate":[0,1]}}', "a rate lies between"),
        ('{"policy":[]}', "an object is expected"),
        ("{", "damaged"),
    ],
)
def test_foreign_terms_are_refused(text: str, says: str) -> None:
    """A text that this release does not write is one clear error."""
    with pytest.raises(ValueError, match=says):
        load_terms(text)


def test_the_contracts_plans_can_be_sold() -> None:
    """A monthly plan, a data pack, hours, a buyout and a free plan have nothing against them."""
    assert problems(PlanKind.PERIOD, 3000, Terms(period=MONTH)) == ()
    assert problems(PlanKind.DATA, 1000, Terms(quota=Quota(octets=10))) == ()
    assert problems(PlanKind.DURATION, 1000, Terms(quota=Quota(online_seconds=10), period=MONTH)) == ()
    assert problems(PlanKind.BUYOUT, 12000, Terms(buyout_ends_at=Timestamp(9))) == ()
    assert problems(PlanKind.FREE, 0, Terms()) == ()


@pytest.mark.parametrize(
    ("kind", "price", "terms", "key"),
    [
        (PlanKind.PERIOD, 1, Terms(), "period"),
        (PlanKind.BUYOUT, 1, Terms(), "until"),
        (PlanKind.BUYOUT, 1, Terms(buyout_ends_at=Timestamp(9), period=MONTH), "period"),
        (PlanKind.PERIOD, 1, Terms(period=MONTH, buyout_ends_at=Timestamp(9)), "until"),
        (PlanKind.BUYOUT, 1, Terms(buyout_ends_at=Timestamp(9), buyout_price=BuyoutPrice.BY_DAY), "until"),
        (PlanKind.DATA, 1, Terms(period=MONTH), "data"),
        (PlanKind.DATA, 1, Terms(quota=Quota(octets=0)), "data"),
        (PlanKind.DURATION, 1, Terms(), "online"),
        (PlanKind.METERED, 1, Terms(), "meter"),
        (PlanKind.PERIOD, 1, Terms(period=MONTH, caps=Caps(day_octets=0)), "day_data"),
        (PlanKind.PERIOD, 1, Terms(period=MONTH, caps=Caps(month_seconds=0)), "month_online"),
        (PlanKind.FREE, 1, Terms(), "price"),
        (PlanKind.PERIOD, -1, Terms(period=MONTH), "price"),
        (PlanKind.PERIOD, 1, Terms(period=MONTH, anchor=Anchor.FIXED_DAYS), "anchor"),
        (PlanKind.PERIOD, 1, Terms(period=Period(PeriodUnit.HOUR, 2), anchor=Anchor.CALENDAR), "anchor"),
        (PlanKind.PERIOD, 1, Terms(period=MONTH, starts=Starts.AT_DATE), "starts"),
        (PlanKind.DATA, 1, Terms(quota=Quota(octets=1), starts=Starts.NEXT_CALENDAR_PERIOD), "starts"),
        (PlanKind.PERIOD, 1, Terms(period=MONTH, starts=Starts.AFTER_CURRENT, concurrent=True), "concurrent"),
        (
            PlanKind.PERIOD,
            1,
            Terms(period=MONTH, policy=AccessPolicy(on_exhaust=OnExhaust.THROTTLE)),
            "on_exhaust",
        ),
        (
            PlanKind.PERIOD,
            1,
            Terms(period=MONTH, policy=AccessPolicy(on_exhaust=OnExhaust.PAYG)),
            "on_exhaust",
        ),
    ],
)
def test_what_cannot_be_sold_says_which_key(kind: PlanKind, price: int, terms: Terms, key: str) -> None:
    """Each contradiction is found, named by the key of the site file that holds it."""
    (found,) = problems(kind, price, terms)
    assert found.startswith(key + ": ")


def test_all_mistakes_are_told_at_once() -> None:
    """Three mistakes are three sentences."""
    assert len(problems(PlanKind.DATA, -1, Terms(starts=Starts.AT_DATE))) == 3


def test_the_life_of_a_subscription() -> None:
    """Only the steps of billing rules §4 exist; what ended never lives again."""
    legal = {
        "reserved": "active cancelled",
        "queued": "active reserved finished cancelled",
        "active": "suspended exhausted finished cancelled",
        "suspended": "active cancelled",
    }
    for state, to in product(SubscriptionState, SubscriptionState):
        if to.value in legal.get(state.value, "").split():
            assert move(state, to) is to
        else:
            with pytest.raises(ValueError, match=f"a {state} subscription cannot become {to}"):
                move(state, to)


def test_the_subject_falls_back_to_the_kind() -> None:
    """A plan that names no income subject books under its kind."""
    version = PlanVersion(
        PlanVersionId(1), ProjectId(1), PlanId(1), "m", 1, PlanKind.PERIOD, Fen(1), Terms(period=MONTH)
    )
    assert version.subject == "period"


def test_a_facts_error_is_a_value_error() -> None:
    """Callers that refuse bad input of any kind catch one class."""
    assert issubclass(FactsError, ValueError)
