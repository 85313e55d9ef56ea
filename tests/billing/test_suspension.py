"""Suspending: from when it is allowed, what it does to a chain, and that nobody gains service by it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.desk_school import moment
from zhuomai_appliance.billing import periods, suspension
from zhuomai_appliance.billing.ledger import earned
from zhuomai_appliance.billing.service_days import served
from zhuomai_appliance.billing.suspension import NotNow, Pause, refusal, whole_days
from zhuomai_appliance.model.entitlement import Entitlement, at
from zhuomai_appliance.model.moment import DAY_SECONDS, Anchor, Period, PeriodUnit, Zone, day_of, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import DateSpan, SuspensionRules
from zhuomai_appliance.model.products import (
    PlanId,
    PlanKind,
    PlanVersion,
    PlanVersionId,
    SubscriptionId,
    Terms,
)

SHANGHAI = Zone("Asia/Shanghai")
MONTH = PlanVersion(
    PlanVersionId(1), ProjectId(1), PlanId(1), "monthly", 1, PlanKind.PERIOD, Fen(3000),
    Terms(period=Period(PeriodUnit.MONTH, 1)),
)  # fmt: skip


def bought(begin: str, times: int = 1) -> Entitlement:
    chain = Entitlement(AccountId(1), SHANGHAI.name)
    for number in range(1, times + 1):
        chain = periods.append(chain, MONTH, SubscriptionId(number), moment(begin))
    return chain


def paused(chain: Entitlement, since: str, until: str) -> Entitlement:
    held = suspension.suspend(chain, suspension_of(chain, since), moment(since))
    return suspension.resume(held, moment(until), moment(until))


def suspension_of(chain: Entitlement, when: str) -> set[SubscriptionId]:
    return {s.subscription_id for s in at(chain, moment(when)).segments if s.is_active}


def test_w40_sixteen_days_move_the_end_by_sixteen() -> None:
    """A term to 10 February, away from 20 January to 5 February: it ends on the 26th."""
    chain = paused(bought("2026-01-10 00:00"), "2026-01-20 00:00", "2026-02-05 00:00")
    assert chain.segments[0].ends_at == moment("2026-02-26 00:00")
    assert chain.segments[0].paused_days == 16


def test_w41_two_minutes_over_midnight_move_nothing() -> None:
    """Paused at 23:59 and resumed at 00:01: whole days alone count."""
    chain = paused(bought("2026-08-20 00:00"), "2026-09-10 23:59", "2026-09-11 00:01")
    assert chain.segments[0].ends_at == moment("2026-09-20 00:00")


def test_w42_the_winter_batch_moves_the_end_by_37_days() -> None:
    """Away from 16 January to 22 February, paid to 1 February: 10 March."""
    chain = paused(bought("2027-01-01 00:00"), "2027-01-16 00:00", "2027-02-22 00:00")
    assert chain.segments[0].ends_at == moment("2027-03-10 00:00")


def test_what_is_queued_is_anchored_anew_at_the_moved_end() -> None:
    """The chain of 31 January ends with the pause: what follows counts from the new end."""
    chain = paused(bought("2026-01-31 10:00", 2), "2026-02-01 00:00", "2026-02-03 00:00")
    assert [(s.starts_at, s.ends_at) for s in chain.segments] == [
        (moment("2026-01-31 10:00"), moment("2026-03-02 10:00")),
        (moment("2026-03-02 10:00"), moment("2026-04-02 10:00")),
    ]


def test_while_it_is_suspended_nothing_follows() -> None:
    """The old end passes, and what queues does not begin: it has no dates."""
    chain = bought("2026-09-01 00:00", 2)
    held = at(
        suspension.suspend(chain, {SubscriptionId(1)}, moment("2026-09-10 00:00")), moment("2026-12-01 00:00")
    )
    assert [(s.state.value, s.starts_at) for s in held.segments] == [
        ("suspended", moment("2026-09-01 00:00")),
        ("queued", None),
    ]


def test_w66_thirty_active_days_lie_between_two() -> None:
    """Resumed on 22 February, thirty days of use are asked for: again from 24 March 00:00 on."""
    rules = SuspensionRules(days_per_year=60, active_days_between=30)
    past = [Pause(moment("2027-01-16 00:00"), moment("2027-02-22 00:00"), 37)]
    assert refusal(rules, past, moment("2027-03-10 12:00"), SHANGHAI) == NotNow(
        "suspended_too_soon", moment("2027-03-24 00:00")
    )
    assert refusal(rules, past, moment("2027-03-24 00:00"), SHANGHAI) is None
    assert suspension.most_days(rules, past, moment("2027-03-24 00:00"), SHANGHAI) == 23


def test_the_date_of_a_refusal_is_one_at_which_nothing_speaks_against_it() -> None:
    """After the cool-down a blackout begins: the date named is the day behind that; a limit of 0 names none."""
    rules = SuspensionRules(
        times_per_year=2,
        active_days_between=30,
        blackout=(DateSpan(day_of(SHANGHAI.local(moment("2027-03-20 00:00")).date()), day_of(SHANGHAI.local(moment("2027-03-31 00:00")).date())),),
    )  # fmt: skip
    past = [Pause(moment("2027-01-16 00:00"), moment("2027-02-22 00:00"), 37)]
    when = moment("2027-03-10 12:00")
    assert refusal(rules, past, when, SHANGHAI) == NotNow("suspended_too_soon", moment("2027-04-01 00:00"))
    once = replace(rules, times_per_year=1, active_days_between=0)
    assert refusal(once, past, when, SHANGHAI) == NotNow("suspended_too_often", moment("2028-01-01 00:00"))
    never = replace(rules, times_per_year=0, active_days_between=0)
    assert refusal(never, [], when, SHANGHAI) == NotNow("suspended_too_often", None)


def test_a_buyout_is_not_suspended_unless_its_plan_says_so() -> None:
    """Its end is a date, no duration; free plans cost nothing that could be kept."""
    assert suspension.may_ever(PlanKind.PERIOD, SuspensionRules())
    assert not suspension.may_ever(PlanKind.BUYOUT, SuspensionRules())
    assert not suspension.may_ever(PlanKind.FREE, SuspensionRules())
    assert suspension.may_ever(PlanKind.BUYOUT, SuspensionRules(allowed=True))
    assert not suspension.may_ever(PlanKind.PERIOD, SuspensionRules(allowed=False))


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 40 * DAY_SECONDS), st.integers(0, 40 * DAY_SECONDS)), max_size=5),
    begin=st.integers(0, 400 * DAY_SECONDS),
    anchor=st.sampled_from([Anchor.INSTANT, Anchor.END_OF_DAY]),
)
def test_p7_pausing_never_adds_service(gaps: list[tuple[int, int]], begin: int, anchor: Anchor) -> None:
    """However often it is paused and resumed, the seconds in service are never more than those bought."""
    version = replace(MONTH, terms=replace(MONTH.terms, anchor=anchor))
    now = moment("2026-01-01 00:00") + begin
    chain = periods.append(Entitlement(AccountId(1), SHANGHAI.name), version, SubscriptionId(1), now)
    start, end = chain.segments[0].starts_at, chain.segments[0].ends_at
    assert start is not None and end is not None
    served = 0
    for active, away in gaps:
        chain = at(chain, now + active)
        if not chain.segments:
            break
        served, now = served + active, now + active
        chain = suspension.resume(suspension.suspend(chain, {SubscriptionId(1)}, now), now + away, now + away)
        now += away
        if not chain.segments:
            break
    if chain.segments:
        last = chain.segments[0].ends_at
        assert last is not None
        served += last - now
    assert served <= end - start


def test_days_are_whole_ones_within_their_limits() -> None:
    """One second less than a day is none; a least and a most are kept."""
    assert [
        whole_days(0, DAY_SECONDS - 1),
        whole_days(0, DAY_SECONDS),
        whole_days(0, 5 * DAY_SECONDS + 7),
    ] == [0, 1, 5]
    assert [whole_days(0, 6 * DAY_SECONDS, min_days=7), whole_days(0, 70 * DAY_SECONDS, most=60)] == [0, 60]
    assert whole_days(DAY_SECONDS * 9, 0) == 0


@given(
    start=st.integers(0, 300), total=st.integers(1, 400), since=st.integers(1, 399), away=st.integers(0, 90),
    price=st.integers(0, 10**7),
)  # fmt: skip
def test_p9_earnings_with_a_pause_rise_and_end_at_the_price(
    start: int, total: int, since: int, away: int, price: int
) -> None:
    """Day by day before, within and after a pause: never less than before, and the whole price at the moved end."""
    begin = moment("2026-01-01 00:00") + start * DAY_SECONDS
    since = min(since, total)
    end, paused_at = begin + total * DAY_SECONDS, begin + since * DAY_SECONDS
    last = -1
    for number in range(total + away):
        day = local_day(begin + number * DAY_SECONDS, SHANGHAI)
        is_over = number >= since + away
        days, whole = served(
            begin, end + away * DAY_SECONDS if is_over else end, day, SHANGHAI,
            paused_days=away if is_over else 0, suspended_at=paused_at if since <= number < since + away else None,
        )  # fmt: skip
        now = earned(price, days, whole)
        assert now >= last
        last = now
    assert last == price
