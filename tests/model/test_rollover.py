"""What is left of an allowance and goes on: the oldest used first, bounded, for so many periods."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import MONTH, SHANGHAI, plan, t
from zhuomai_appliance.billing.periods import append
from zhuomai_appliance.billing.rating import consume
from zhuomai_appliance.model.entitlement import Entitlement, at, changes, current, dump, load, stored
from zhuomai_appliance.model.moment import Anchor
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import RolloverRules
from zhuomai_appliance.model.products import PlanKind, Quota, SubscriptionId
from zhuomai_appliance.model.rollover import Rolled, Rollover, carried

NOW = t("2026-09-01 00:00")


def months(count: int, octets: int = 100, **rules: int) -> Entitlement:
    """So many months of one plan behind each other, with rollover."""
    chain = Entitlement(AccountId(7), SHANGHAI.name)
    version = plan(
        PlanKind.DATA,
        period=MONTH,
        anchor=Anchor.CALENDAR,
        quota=Quota(octets=octets),
        rollover=RolloverRules(keep=True, **rules),
        name="base",
    )
    for number in range(1, count + 1):
        chain = append(chain, version, SubscriptionId(number), NOW)
    return chain


def left_on(chain: Entitlement, when: str) -> int | None:
    segment = current(chain, t(when))
    assert segment is not None
    return segment.octets_left


def test_what_is_left_goes_on_for_one_month() -> None:
    """60 of 100 are left: October has 160; of these 60 lapse at its end, the own 100 go on."""
    chain = consume(stored(months(3)), 40, 0, 60, NOW + 60).entitlement
    assert left_on(chain, "2026-10-02 00:00") == 160
    assert left_on(chain, "2026-11-02 00:00") == 200


def test_the_oldest_is_used_first() -> None:
    """Of 160 in October 60 are used: those of September; November has its own and all of October's."""
    chain = consume(stored(months(3)), 40, 0, 60, NOW + 60).entitlement
    october = at(chain, t("2026-10-02 00:00"))
    used = consume(october, 60, 0, 60, t("2026-10-03 00:00")).entitlement
    assert left_on(used, "2026-11-02 00:00") == 200
    more = consume(used, 50, 0, 60, t("2026-10-04 00:00")).entitlement
    assert left_on(more, "2026-11-02 00:00") == 150


def test_a_bound_holds_for_all_that_goes_on() -> None:
    """At most 50 go on, for however many periods."""
    chain = months(3, most_octets=50, periods=3)
    assert left_on(chain, "2026-10-02 00:00") == 150
    assert left_on(chain, "2026-11-02 00:00") == 150


def test_two_periods_of_life() -> None:
    """Unused since September: October has 200, November 300, December 300 again as September's lapsed."""
    chain = months(4, periods=2)
    assert [left_on(chain, f"2026-{month}-02 00:00") for month in (10, 11, 12)] == [200, 300, 300]


def test_another_plan_or_a_gap_brings_nothing() -> None:
    """Only the same plan without a gap goes on."""
    chain = months(1)
    other = append(chain, plan(PlanKind.DATA, quota=Quota(octets=5), name="other"), SubscriptionId(9), NOW)
    assert left_on(other, "2026-10-02 00:00") == 5


def test_the_row_says_what_it_began_with_and_the_text_keeps_it() -> None:
    """The books can prove what is left only if they know what there was."""
    before = stored(months(2))
    after = at(before, t("2026-10-02 00:00"))
    assert [c.granted_octets for c in changes(before, after) if c.subscription_id == 2] == [200]
    assert load(dump(stored(after))) == stored(after)


AMOUNTS = st.integers(0, 1000)


@given(AMOUNTS, st.lists(st.tuples(AMOUNTS, st.integers(1, 4)), max_size=3), st.data())
def test_no_more_goes_on_than_was_left(own: int, older: list[tuple[int, int]], data: st.DataObject) -> None:
    """What goes on is at most what is left, and all of it while everything may live."""
    rules = Rollover(own, None, None, None, 2, tuple(Rolled(octets, 0, lives) for octets, lives in older))
    left = data.draw(st.integers(0, rules.granted_octets or 0))
    on = sum(one.octets for one in carried(rules, left, None))
    assert on <= left
    if all(lives > 1 for _, lives in older):
        assert on == left
    bound = data.draw(AMOUNTS)
    bounded = carried(rules._replace(most_octets=bound), left, None)
    assert sum(one.octets for one in bounded) == min(on, bound)
