"""Use drawn from packs and periods: who bears it, what takes over, and that no octet is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import GB, MONTH, PLANS, SLOW, bought, hours, monthly, pack, plan, spans, t
from zhuomai_appliance.billing.periods import append, segment_of
from zhuomai_appliance.billing.rating import Consumption, Draw, Outcome, Verdict, consume, total
from zhuomai_appliance.model.entitlement import (
    Entitlement,
    WhyNot,
    at,
    changes,
    consumed,
    current,
    dump,
    load,
    octets_left,
    why_not,
)
from zhuomai_appliance.model.moment import Anchor
from zhuomai_appliance.model.products import (
    AccessPolicy,
    Direction,
    OnExhaust,
    PlanKind,
    Quota,
    Starts,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.model.traffic import RateLimit

FAST = AccessPolicy(rate=RateLimit(up_bps=4_000_000, down_bps=8_000_000))


def base(**terms: Any) -> Any:
    """The free 50 GB of each month, drawn first."""
    return plan(
        PlanKind.DATA,
        0,
        **{
            "quota": Quota(octets=50 * GB),
            "period": MONTH,
            "anchor": Anchor.CALENDAR,
            "priority": 10,
            "concurrent": True,
            **terms,
        },
    )


def extra(octets: int = 25 * GB) -> Any:
    """A bought pack that may run beside the base and has no date."""
    return pack(octets, None, priority=20, concurrent=True)


def left(chain: Entitlement) -> dict[int, int | None]:
    """Octets left by subscription."""
    return {s.subscription_id: s.octets_left for s in chain.segments if s.is_active}


def test_w12_the_queued_pack_takes_over_in_place() -> None:
    """Pack A used up on 5 October 20:00: B runs from that instant for its own month, nobody is disconnected."""
    a_to_b = bought((pack(30 * GB), "2026-09-15 10:00"), (pack(30 * GB), "2026-09-20 10:00"))
    assert spans(a_to_b)[1][2:] == (t("2026-10-15 10:00"), t("2026-11-15 10:00"))
    done = consume(a_to_b, 10 * GB, 20 * GB, 300, t("2026-10-05 20:00"))
    assert done.verdict == Verdict(Outcome.SWITCHED, policy_differs=False)
    assert done.exhausted == (1,)
    assert spans(done.entitlement) == [(2, "active", t("2026-10-05 20:00"), t("2026-11-05 20:00"))]
    assert done.draws == (Draw(SubscriptionId(1), 10 * GB, 20 * GB, 300),)
    rows = {c.subscription_id: c for c in changes(a_to_b, done.entitlement)}
    assert (rows[SubscriptionId(1)].state, rows[SubscriptionId(1)].octets_left) == ("exhausted", 0)
    assert rows[SubscriptionId(2)].starts_at == t("2026-10-05 20:00")


def test_w12_another_policy_is_told_to_the_device() -> None:
    """If the next pack has another rate the verdict says so, since a CoA must follow."""
    chain = bought((pack(GB), "2026-09-15 10:00"), (pack(GB, policy=FAST), "2026-09-15 10:00"))
    assert consume(chain, GB, 0, 60, t("2026-09-15 11:00")).verdict == Verdict(Outcome.SWITCHED, True)


def test_w14_the_base_goes_first_and_comes_back() -> None:
    """Base 50 and pack 25, 60 used: base 0, pack 15; on 1 October the new base is whole, the pack still 15."""
    chain = bought(
        (base(), "2026-09-01 00:00"),
        (base(starts=Starts.NEXT_CALENDAR_PERIOD), "2026-09-01 00:00"),
        (extra(), "2026-09-10 08:00"),
    )
    assert left(chain) == {1: 50 * GB, 3: 25 * GB}
    used = consume(chain, 20 * GB, 40 * GB, 3600, t("2026-09-20 12:00"))
    assert left(used.entitlement) == {3: 15 * GB}
    assert left(at(used.entitlement, t("2026-10-01 00:00"))) == {2: 50 * GB, 3: 15 * GB}
    head = current(used.entitlement, t("2026-10-01 00:00"))
    assert head is not None
    assert head.subscription_id == 2


def test_w16_one_interim_is_split_exactly() -> None:
    """3.0 GB while the base has 1.2: base bears 1.2, the pack 1.8."""
    chain = bought(
        (base(quota=Quota(octets=1_200_000_000)), "2026-09-01 00:00"), (extra(), "2026-09-01 00:00")
    )
    done = consume(chain, 1 * GB, 2 * GB, 300, t("2026-09-02 00:00"))
    assert left(done.entitlement) == {2: 25 * GB - 1_800_000_000}
    assert [d.input_octets + d.output_octets for d in done.draws] == [1_200_000_000, 1_800_000_000]
    assert total(done.draws) == (1 * GB, 2 * GB, 300)
    assert done.verdict == Verdict(Outcome.SWITCHED)


def test_w35_overshoot_is_recorded_at_no_price() -> None:
    """29.9 of 30 GB used, 0.3 more, queue empty: used 30.0, overshoot 0.2, the session ends; said once."""
    chain = bought((pack(30 * GB), "2026-09-15 10:00"))
    chain = consume(chain, 0, 29_900_000_000, 600, t("2026-09-20 10:00")).entitlement
    done = consume(chain, 0, 300_000_000, 300, t("2026-09-20 10:05"))
    assert done.draws == (Draw(SubscriptionId(1), 0, 300_000_000, 300, 200_000_000, 200),)
    assert done.verdict == Verdict(Outcome.ENDED)
    assert done.exhausted == (1,)
    refused = why_not(done.entitlement, t("2026-09-20 10:06"))
    assert refused is not None
    assert (refused.why, refused.at) == (WhyNot.DATA_USED_UP, t("2026-09-20 10:05"))
    after = consume(load(dump(done.entitlement)), 5, 7, 10, t("2026-09-20 10:05") + 10)
    assert after.draws == (Draw(SubscriptionId(1), 5, 7, 10, 12, 10),)
    assert after.exhausted == ()


def test_the_last_octet_ends_the_pack() -> None:
    """Use that takes exactly what is left ends the pack then, not with the next report."""
    done = consume(bought((pack(100), "2026-09-15 10:00")), 60, 40, 5, t("2026-09-15 11:00"))
    assert done.verdict.outcome is Outcome.ENDED
    assert done.draws == (Draw(SubscriptionId(1), 60, 40, 5),)


@pytest.mark.parametrize(
    ("direction", "rest"), [(Direction.BOTH, 700), (Direction.DOWN, 800), (Direction.UP, 900)]
)
def test_only_the_plans_direction_counts(direction: Direction, rest: int) -> None:
    """100 sent and 200 received take 300, 200 or 100 from the pack; all of it is recorded."""
    chain = bought((pack(1000, quota=Quota(octets=1000, direction=direction)), "2026-09-15 10:00"))
    done = consume(chain, 100, 200, 10, t("2026-09-15 11:00"))
    assert left(done.entitlement) == {1: rest}
    assert total(done.draws) == (100, 200, 10)


def test_online_seconds_end_a_pack_of_hours() -> None:
    """40 minutes left and 60 used: 40 borne, 20 beyond, and the reason is time."""
    chain = bought((hours(2400), "2026-09-15 10:00"))
    done = consume(chain, 300, 600, 3600, t("2026-09-15 12:00"))
    assert done.draws == (Draw(SubscriptionId(1), 300, 600, 3600, 300, 1200),)
    refused = why_not(done.entitlement, t("2026-09-15 12:00"))
    assert refused is not None
    assert refused.why is WhyNot.TIME_USED_UP


def test_of_two_allowances_the_one_that_ends_first_ends_the_pack() -> None:
    """Octets reach their end halfway, seconds at three quarters: half of the use is borne."""
    both = pack(1000, quota=Quota(octets=1000, online_seconds=75))
    chain = bought((both, "2026-09-15 10:00"))
    done = consume(chain, 1000, 1000, 100, t("2026-09-15 12:00"))
    assert done.draws == (Draw(SubscriptionId(1), 1000, 1000, 100, 1000, 50),)
    assert segment_of(done.entitlement, SubscriptionId(1)).seconds_left == 25


def test_use_across_the_end_of_a_term_is_divided_by_time() -> None:
    """300 s of use, the month ended 100 s before its end: the queued pack bears the last third."""
    chain = bought((monthly(), "2026-09-15 10:00"), (pack(GB), "2026-09-20 10:00"))
    done = consume(chain, 0, 301, 300, t("2026-10-15 10:00") + 100)
    assert done.draws == (Draw(SubscriptionId(1), 0, 200, 200), Draw(SubscriptionId(2), 0, 101, 100))
    assert left(done.entitlement) == {2: GB - 101}
    assert done.verdict.outcome is Outcome.SWITCHED


def test_use_after_the_last_term_is_overshoot() -> None:
    """What flows between the end of the last plan and the disconnect is borne by that plan, at 0 fen."""
    chain = bought((monthly(), "2026-09-15 10:00"))
    done = consume(chain, 0, 300, 300, t("2026-10-15 10:00") + 100)
    assert done.draws == (Draw(SubscriptionId(1), 0, 300, 300, 100, 100),)
    assert done.verdict.outcome is Outcome.ENDED


def test_use_without_any_plan_is_unattributed() -> None:
    """An account that never had a plan still gets its use recorded."""
    done = consume(bought(), 1, 2, 3, t("2026-09-15 10:00"))
    assert done.draws == (Draw(None, 1, 2, 3, 3, 3),)


def test_a_plan_without_allowance_changes_nothing() -> None:
    """Use of a plain month is recorded, and the chain is the same object: nothing to write."""
    chain = bought((monthly(), "2026-09-15 10:00"))
    done = consume(chain, 10, 20, 300, t("2026-09-16 10:00"))
    assert done.entitlement is chain
    assert done.verdict == Verdict(Outcome.CONTINUE)


def test_exhaustion_may_slow_down_instead() -> None:
    """A throttled month goes on at the slow rate to its end; a new purchase takes its place at once."""
    policy = replace(FAST, on_exhaust=OnExhaust.THROTTLE, throttle=SLOW)
    chain = bought((pack(1000, policy=policy), "2026-09-15 10:00"))
    done = consume(chain, 600, 600, 60, t("2026-09-15 11:00"))
    assert done.verdict == Verdict(Outcome.SWITCHED, policy_differs=True)
    assert done.exhausted == (1,)
    head = consumed(done.entitlement)
    assert head is not None
    assert (head.policy.rate, head.octets_left, head.ends_at) == (SLOW, 0, t("2026-10-15 10:00"))
    assert octets_left(done.entitlement, t("2026-09-15 11:00")) is None
    again = consume(done.entitlement, 1, 1, 60, t("2026-09-15 11:01"))
    assert again.draws == (Draw(SubscriptionId(1), 1, 1, 60, 2, 60),)
    assert again.exhausted == ()
    fresh = append(done.entitlement, pack(1000, policy=policy), SubscriptionId(2), t("2026-09-15 12:00"))
    assert spans(fresh) == [(2, "active", t("2026-09-15 12:00"), t("2026-10-15 12:00"))]
    assert segment_of(fresh, SubscriptionId(1)).state is SubscriptionState.EXHAUSTED


def test_the_queue_comes_before_the_slow_rate() -> None:
    """With a pack in the queue a throttling plan is simply used up (billing rules §13, order of steps)."""
    policy = replace(FAST, on_exhaust=OnExhaust.THROTTLE, throttle=SLOW)
    chain = bought(
        (pack(1000, policy=policy), "2026-09-15 10:00"), (pack(1000, policy=policy), "2026-09-15 10:00")
    )
    done = consume(chain, 600, 600, 60, t("2026-09-15 11:00"))
    assert done.verdict == Verdict(Outcome.SWITCHED, policy_differs=False)
    assert spans(done.entitlement)[0][:2] == (2, "active")
    assert left(done.entitlement) == {2: 800}


def test_a_running_session_starts_what_waits_for_a_login() -> None:
    """A pack that waits for its first login begins when a session runs into it."""
    waiting = pack(1000, starts=Starts.ON_FIRST_LOGIN)
    chain = bought((pack(100), "2026-09-15 10:00"), (waiting, "2026-09-15 10:00"))
    done = consume(chain, 50, 70, 60, t("2026-09-15 11:00"))
    assert spans(done.entitlement) == [(2, "active", t("2026-09-15 11:00"), t("2026-10-15 11:00"))]
    assert left(done.entitlement) == {2: 980}


def test_a_free_plan_bears_what_the_paid_one_cannot() -> None:
    """A free plan runs beside everything, is drawn last, and keeps the user online."""
    free = plan(PlanKind.FREE, 0)
    chain = bought((free, "2026-09-01 10:00"), (pack(100), "2026-09-15 10:00"))
    done = consume(chain, 50, 70, 60, t("2026-09-15 11:00"))
    assert [d.subscription_id for d in done.draws] == [2, 1]
    assert done.verdict.outcome is Outcome.SWITCHED
    assert done.entitlement.segments[0].is_open


def test_negative_use_is_refused() -> None:
    """Counters only grow; a negative delta is a mistake of the caller (semantics §6)."""
    with pytest.raises(ValueError, match="negative"):
        consume(bought(), 0, -1, 0, 0)


def test_a_report_older_than_the_chain_still_counts() -> None:
    """Use reported for a time before the last change is drawn from the chain as it is, nothing is reopened."""
    chain = at(
        bought((pack(100), "2026-09-15 10:00"), (pack(100), "2026-09-16 10:00")), t("2026-10-15 10:00")
    )
    done = consume(chain, 10, 10, 60, t("2026-10-15 09:00"))
    assert done.draws == (Draw(SubscriptionId(2), 10, 10, 60),)
    assert left(done.entitlement) == {2: 80}


def test_the_last_second_ends_a_pack_of_hours() -> None:
    """Seconds that reach the end exactly end the pack, like the last octet."""
    done = consume(bought((hours(60), "2026-09-15 10:00")), 0, 0, 60, t("2026-09-15 11:00"))
    assert (done.exhausted, done.verdict.outcome) == ((1,), Outcome.ENDED)


def test_exhaustion_by_an_old_report_sets_no_clock_back() -> None:
    """The next pack begins no earlier than the chain already stands, whatever the report says of its time."""
    chain = bought((pack(10), "2026-09-15 10:00"), (pack(10), "2026-09-16 10:00"))
    done = consume(chain, 10, 0, 5, t("2026-09-15 12:00"))
    assert spans(done.entitlement)[0][:3] == (2, "active", t("2026-09-16 10:00"))


USES = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 7200)), max_size=8)
START = t("2026-09-15 10:00")


def run(chain: Entitlement, uses: list[tuple[int, int, int]]) -> list[Consumption]:
    """Report these uses one after the other, each at the end of its seconds."""
    done, when = [], int(START)
    for up, down, seconds in uses:
        when += seconds
        done.append(consume(chain, up, down, seconds, when))
        chain = done[-1].entitlement
    return done


@given(st.lists(PLANS, max_size=5), USES)
def test_no_octet_and_no_second_is_lost_or_counted_twice(
    plans: list[Any], uses: list[tuple[int, int, int]]
) -> None:
    """Over any chain and any reports the draws add up to the use, and allowances fall by exactly what they bore."""
    chain = bought(*[(p, START) for p in plans])
    granted = {s.subscription_id: s for s in (*chain.segments, *chain.ended)}
    reports = run(chain, uses)
    draws = [d for report in reports for d in report.draws]
    assert [total(report.draws) for report in reports] == uses
    if reports:
        final = reports[-1].entitlement
        for s in (*final.segments, *final.ended):
            first = granted[s.subscription_id]
            own = [d for d in draws if d.subscription_id == s.subscription_id]
            if first.octets_left is not None and first.direction is Direction.BOTH:
                counted = sum(d.input_octets + d.output_octets - d.overshoot_octets for d in own)
                assert first.octets_left - (s.octets_left or 0) == counted
            if first.octets_left is not None:
                assert s.octets_left is not None
                assert 0 <= s.octets_left <= first.octets_left
            if first.seconds_left is not None:
                assert s.seconds_left is not None
                assert s.seconds_left >= 0
                assert first.seconds_left - s.seconds_left == sum(
                    d.seconds - d.overshoot_seconds for d in own
                )
        assert load(dump(final)) == final


@given(
    st.lists(st.integers(1, 4000), min_size=1, max_size=4),
    st.integers(0, 9000),
    st.integers(0, 9000),
    st.data(),
)
def test_more_interims_bear_the_same(packs: list[int], up: int, down: int, data: st.DataObject) -> None:
    """Packs in a queue have the same octets left whether use is reported at once or in pieces (P3)."""
    chain = bought(*[(pack(o, None), START) for o in packs])
    cut_up, cut_down = data.draw(st.integers(0, up)), data.draw(st.integers(0, down))
    once = run(chain, [(up, down, 0)])[-1].entitlement
    twice = run(chain, [(cut_up, cut_down, 0), (up - cut_up, down - cut_down, 0)])[-1].entitlement
    assert left(once) == left(twice)
    assert sum(o or 0 for o in left(once).values()) == max(packs_left(packs, up + down), 0)


def packs_left(packs: list[int], used: int) -> int:
    """What the pack then running has left."""
    for size in packs:
        if used < size:
            return size - used
        used -= size
    return 0
