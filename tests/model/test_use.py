"""Caps of a day and a month: what is left, until when somebody rests, and how long a session may last."""

from __future__ import annotations

from tests.billing.plans import MONTH, SHANGHAI, monthly, plan, t
from zhuomai_appliance.billing.periods import append
from zhuomai_appliance.model.allowances import UseFacts, limits_of, rested
from zhuomai_appliance.model.entitlement import (
    Entitlement,
    NoAccess,
    WhyNot,
    at,
    current,
    dump,
    load,
    why_not,
)
from zhuomai_appliance.model.moment import local_day
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import Caps, Direction, PlanKind, SubscriptionId
from zhuomai_appliance.model.use import NO_USE, Amount, cap_state, use_rules

NOW = t("2026-09-15 22:30")
TODAY = local_day(NOW, SHANGHAI)
HOUR = 3600


def state(caps: Caps, today: Amount, before: Amount = NO_USE, now: int = NOW) -> tuple[object, ...]:
    """What is left when so much was used today and on the first of the month."""
    return tuple(cap_state(caps, Direction.BOTH, {TODAY: today, TODAY - 14: before}, now, SHANGHAI))


def test_w30_the_rest_of_today_reaches_midnight_and_has_tomorrows() -> None:
    """4 h a day, login at 22:30 with 2 h used: 5400 s to midnight and 14400 s of the day after, 19800 together."""
    assert state(Caps(day_seconds=4 * HOUR), Amount(0, 0, 2 * HOUR)) == (19_800, None, None, False)


def test_a_rest_that_does_not_reach_midnight_is_all_there_is() -> None:
    """With 1200 s left at 22:30 a session lasts 1200 s."""
    assert state(Caps(day_seconds=4 * HOUR), Amount(0, 0, 4 * HOUR - 1200))[0] == 1200


def test_a_day_used_up_rests_until_midnight() -> None:
    """At the cap, and beyond it, nothing is left, and the next local day begins at 00:00 of the school's zone."""
    for used in (4 * HOUR, 5 * HOUR):
        found = state(Caps(day_seconds=4 * HOUR), Amount(0, 0, used))
        assert found[2:] == (t("2026-09-16 00:00"), False)


def test_octets_of_the_day_and_of_the_month() -> None:
    """The nearer of two caps is what is left; the month's, once reached, keeps out until the first."""
    caps = Caps(day_octets=100, month_octets=150)
    assert state(caps, Amount(20, 10, 0), Amount(100, 0, 0)) == (None, 20, None, False)
    assert state(caps, Amount(40, 60, 0)) == (None, 0, t("2026-09-16 00:00"), False)
    assert state(caps, Amount(20, 30, 0), Amount(60, 40, 0)) == (None, 0, t("2026-10-01 00:00"), True)


def test_the_month_has_its_successors_seconds_at_its_end() -> None:
    """On the last evening the rest of the month reaches its end, and the next month's allowance follows."""
    evening = t("2026-09-30 23:00")
    found = cap_state(Caps(month_seconds=7200), Direction.BOTH, {}, evening, SHANGHAI)
    assert found.seconds == HOUR + 7200


def test_what_was_used_in_another_month_does_not_count() -> None:
    """Buckets outside the calendar month are of no matter."""
    spent: dict[int, Amount] = {local_day(t("2026-08-31 12:00"), SHANGHAI): Amount(500, 0, 0)}
    assert cap_state(Caps(month_octets=100), Direction.BOTH, spent, NOW, SHANGHAI).octets == 100


def capped(**caps: int) -> Entitlement:
    chain = Entitlement(AccountId(7), SHANGHAI.name)
    return append(chain, monthly(caps=Caps(**caps)), SubscriptionId(1), t("2026-09-10 08:00"))


def test_a_segment_rests_and_wakes_at_midnight_by_itself() -> None:
    """Who used the day up has no plan until 00:00 and is told so; then time alone brings it back."""
    chain = capped(day_octets=100)
    resting = rested(chain, UseFacts({TODAY: Amount(0, 100, 1)}), NOW)
    midnight = t("2026-09-16 00:00")
    assert current(resting, NOW) is None
    assert why_not(resting, NOW) == NoAccess(WhyNot.DAY_USED_UP, midnight, "period1")
    assert current(resting, midnight - 1) is None
    woken = current(at(resting, midnight), midnight)
    assert woken is not None and woken.rest is None
    assert woken.ends_at == t("2026-10-10 08:00")


def test_the_figures_decide_not_what_was_stored() -> None:
    """A rest that the figures do not bear out is gone at the next login."""
    resting = rested(capped(day_octets=100), UseFacts({TODAY: Amount(0, 100, 1)}), NOW)
    assert current(rested(resting, UseFacts({}), NOW), NOW) is not None


def test_a_pack_beside_takes_over_from_what_rests() -> None:
    """Another active segment is used meanwhile."""
    chain = append(
        Entitlement(AccountId(7), SHANGHAI.name),
        monthly(caps=Caps(day_octets=100), concurrent=True),
        SubscriptionId(1),
        NOW,
    )
    chain = append(
        chain, plan(PlanKind.PERIOD, period=MONTH, concurrent=True, priority=200), SubscriptionId(2), NOW
    )
    resting = rested(chain, UseFacts({TODAY: Amount(0, 100, 1)}), NOW)
    head = current(resting, NOW)
    assert head is not None and head.subscription_id == 2
    assert why_not(resting, NOW) is None


def test_the_text_of_a_chain_keeps_rules_and_rest() -> None:
    """What is stored reads back the same; a plan without such rules has none of it in its text."""
    resting = rested(capped(day_octets=100, month_seconds=5), UseFacts({TODAY: Amount(0, 100, 1)}), NOW)
    assert load(dump(resting)) == resting
    text = dump(append(Entitlement(AccountId(7), SHANGHAI.name), monthly(), SubscriptionId(1), NOW))
    assert '"use"' not in text and '"rest"' not in text
    assert use_rules(monthly()) is None


def test_limits_of_a_session_that_begins() -> None:
    """What a login is told: seconds until the day's or month's time is over, octets until their data is."""
    chain = capped(day_octets=100, day_seconds=600)
    segment = current(chain, NOW)
    assert segment is not None
    found = limits_of(segment, UseFacts({TODAY: Amount(10, 20, 100)}), NOW, chain)
    assert (found.seconds, found.octets) == (500, 70)
