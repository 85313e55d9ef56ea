"""What a chain allows at an instant, and how time alone moves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import GB, MONTH, PLANS, SLOW, bought, hours, monthly, nobody, pack, plan, spans, t
from zhuomai_appliance.billing.periods import append
from zhuomai_appliance.billing.rating import consume
from zhuomai_appliance.model.entitlement import (
    Entitlement,
    NoAccess,
    WhyNot,
    at,
    changes,
    coverage_end,
    current,
    dump,
    first_login,
    load,
    max_sessions,
    next_change_at,
    octets_left,
    owned_until,
    seconds_left,
    settle,
    standing,
    stored,
    why_not,
)
from zhuomai_appliance.model.moment import Period, PeriodUnit
from zhuomai_appliance.model.products import (
    AccessPolicy,
    OnExhaust,
    PlanKind,
    Starts,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.model.traffic import RateLimit

FAST = AccessPolicy(rate=RateLimit(up_bps=10, down_bps=20), max_sessions=3)
NOW = t("2026-09-15 10:00")


def test_the_common_path_makes_nothing() -> None:
    """Before the head's end the walked chain is the very object that was read."""
    chain = bought((monthly(), NOW))
    assert at(chain, NOW + 3600) is chain
    assert next_change_at(chain) == t("2026-10-15 10:00")


def test_the_end_is_half_open() -> None:
    """One second before its end a plan is current, at its end it has expired."""
    chain, end = bought((monthly(), NOW)), t("2026-10-15 10:00")
    assert current(chain, end - 1) is not None
    assert current(chain, end) is None
    assert why_not(chain, end) == NoAccess(WhyNot.EXPIRED, end, "period1")


def test_a_late_question_finds_the_exact_start() -> None:
    """Asked days after the head ended, the next segment began at the instant of that end."""
    chain = stored(bought((monthly(), NOW), (monthly(), NOW), (monthly(), NOW)))
    late = at(chain, t("2026-11-20 00:00"))
    assert spans(late) == [(3, "active", t("2026-11-15 10:00"), t("2026-12-15 10:00"))]
    assert [s.subscription_id for s in late.ended] == [1, 2]
    rows = {c.subscription_id: (c.state, c.starts_at) for c in changes(chain, late)}
    assert rows == {
        1: (SubscriptionState.FINISHED, NOW),
        2: (SubscriptionState.FINISHED, t("2026-10-15 10:00")),
        3: (SubscriptionState.ACTIVE, t("2026-11-15 10:00")),
    }


def test_a_clock_set_back_reopens_nothing() -> None:
    """After the chain was walked past an end, an earlier now finds it ended all the same."""
    walked = at(bought((monthly(), NOW), (monthly(policy=FAST), NOW)), t("2026-10-15 10:00"))
    back = load(dump(walked))
    head = current(back, NOW)
    assert head is not None
    assert head.subscription_id == 2
    assert coverage_end(back, NOW) == t("2026-11-15 10:00")
    bought_back = append(back, monthly(), SubscriptionId(3), NOW)
    assert bought_back.as_of >= walked.as_of


def test_nothing_bought_is_no_plan() -> None:
    """An account without any purchase is told so, and owns nothing."""
    assert why_not(nobody(), NOW) == NoAccess(WhyNot.NO_PLAN)
    assert (coverage_end(nobody(), NOW), owned_until(nobody()), max_sessions(nobody(), NOW)) == (NOW, 0, 1)
    assert (octets_left(nobody(), NOW), seconds_left(nobody(), NOW)) == (0, 0)


def test_coverage_includes_the_renewal() -> None:
    """A queued month of the same policy belongs to the coverage, so renewing never cuts a session."""
    chain = bought((monthly(), NOW), (monthly(), NOW))
    assert coverage_end(chain, NOW) == owned_until(chain) == t("2026-11-15 10:00")


def test_coverage_stops_at_another_policy() -> None:
    """At a change of policy the network must ask again; what is owned goes on."""
    chain = bought((monthly(), NOW), (monthly(policy=FAST), NOW))
    assert (coverage_end(chain, NOW), owned_until(chain)) == (t("2026-10-15 10:00"), t("2026-11-15 10:00"))


def test_coverage_of_what_has_no_end() -> None:
    """A pack without a date and a free plan have no end in time."""
    for version in (pack(GB, None), plan(PlanKind.FREE, 0)):
        assert coverage_end(bought((version, NOW)), NOW) is None
        assert owned_until(bought((version, NOW))) is None


def test_a_paid_plan_beside_a_free_one_covers_to_its_own_end() -> None:
    """When the paid policy ends the free one differs, so the session must ask again."""
    chain = bought((plan(PlanKind.FREE, 0), NOW), (monthly(policy=FAST), NOW))
    head = current(chain, NOW)
    assert head is not None
    assert (head.subscription_id, coverage_end(chain, NOW)) == (2, t("2026-10-15 10:00"))


def test_coverage_of_a_plan_that_waits_for_this_login() -> None:
    """Session-Timeout of a first login is computed as if it had started the plan."""
    chain = bought((monthly(starts=Starts.ON_FIRST_LOGIN), NOW))
    assert current(chain, NOW) is None
    assert coverage_end(chain, NOW + 5) == t("2026-10-15 10:00") + 5
    assert why_not(chain, NOW) == NoAccess(WhyNot.NOT_STARTED, None, "period1")


def test_allowances_add_up_over_the_same_policy() -> None:
    """What a device may be told to allow is this pack and all that follow it without a change of policy."""
    chain = bought((pack(5), NOW), (pack(7), NOW), (pack(11, policy=FAST), NOW), (pack(13), NOW))
    assert octets_left(chain, NOW) == 12
    assert seconds_left(chain, NOW) is None
    assert seconds_left(bought((hours(60), NOW), (hours(40), NOW)), NOW) == 100
    assert octets_left(bought((pack(5), NOW), (monthly(), NOW)), NOW) is None


def test_a_plan_that_slows_down_is_not_cut_by_octets() -> None:
    """Where exhaustion throttles, the device is given no octet limit to disconnect at."""
    slows = AccessPolicy(on_exhaust=OnExhaust.THROTTLE, throttle=SLOW)
    assert octets_left(bought((pack(5, policy=slows), NOW)), NOW) is None


def test_concurrency_is_the_most_that_runs() -> None:
    """Buying a plan with fewer sessions never locks out a device; 0 sets no limit."""
    three = plan(PlanKind.DATA, 0, **base(policy=FAST))
    one = plan(PlanKind.DATA, 0, **base())
    none = plan(PlanKind.DATA, 0, **base(policy=replace(FAST, max_sessions=0)))
    assert max_sessions(bought((three, NOW), (one, NOW)), NOW) == 3
    assert max_sessions(bought((three, NOW), (none, NOW)), NOW) == 0


def base(**terms: Any) -> dict[str, Any]:
    """Terms of a pack that may run beside others."""
    return {"concurrent": True, "quota": pack(5).terms.quota, **terms}


def test_the_lowest_priority_number_is_consumed_first() -> None:
    """Then the earliest end, then the earliest purchase (billing rules §7)."""
    low, high = plan(PlanKind.DATA, **base(priority=1)), plan(PlanKind.DATA, **base(priority=2))
    short, long = (plan(PlanKind.DATA, **base(period=Period(PeriodUnit.DAY, days))) for days in (1, 2))
    for first, second, expected in ((high, low, 2), (low, high, 1), (long, short, 2), (short, short, 1)):
        head = current(bought((first, NOW), (second, NOW)), NOW)
        assert head is not None
        assert head.subscription_id == expected


def test_a_suspended_head_keeps_its_queue_waiting() -> None:
    """While suspended nothing runs, nothing ends, and the page says why."""
    chain = bought((monthly(), NOW), (monthly(), NOW))
    frozen = settle(
        chain, [chain.segments[0]._replace(state=SubscriptionState.SUSPENDED), chain.segments[1]], NOW
    )
    later = at(frozen, t("2027-01-01 00:00"))
    assert [s[:2] for s in spans(later)] == [(1, "suspended"), (2, "queued")]
    refused = why_not(later, t("2027-01-01 00:00"))
    assert refused is not None
    assert refused.why is WhyNot.SUSPENDED
    done = consume(later, 1, 1, 1, t("2027-01-01 00:00"))
    assert [d.subscription_id for d in done.draws] == [1]


@given(st.lists(PLANS, max_size=4), st.integers(0, 10**7), st.integers(0, 3000))
def test_a_standing_tells_what_each_question_would(plans: list[Any], later: int, used: int) -> None:
    """One walk answers as the questions do one by one, whatever was bought and used."""
    chain, now = bought(*[(p, NOW) for p in plans]), NOW + later
    chain = consume(chain, used, used, 60, now).entitlement
    after = first_login(chain, now)
    found, head = standing(chain, now), current(after, now)
    if found is None:
        assert head is None
        return
    assert found.chain == after
    assert found.segment == head
    assert found.max_sessions == max_sessions(after, now)
    assert found.coverage_end == coverage_end(after, now)
    assert (found.octets_left, found.seconds_left) == (octets_left(after, now), seconds_left(after, now))


def test_changes_of_nothing_are_none() -> None:
    """Equal chains have no rows to write."""
    chain = stored(bought((monthly(), NOW)))
    assert changes(chain, at(chain, NOW + 1)) == ()
    assert changes(load(dump(chain)), chain) == ()


def test_changes_count_from_what_is_stored() -> None:
    """A chain walked on before a purchase still writes the rows of what ended and began on the way."""
    chain = load(dump(bought((monthly(), NOW), (monthly(), NOW))))
    walked = at(chain, t("2026-10-20 00:00"))
    rows = changes(walked, append(walked, monthly(), SubscriptionId(3), t("2026-10-20 00:00")))
    assert {c.subscription_id: c.state.value for c in rows} == {1: "finished", 2: "active", 3: "queued"}


def test_only_two_that_may_run_together_do() -> None:
    """A pack that may run beside others waits for a month that may not."""
    chain = bought((monthly(), NOW), (plan(PlanKind.DATA, **base()), NOW))
    assert [s[:2] for s in spans(chain)] == [(1, "active"), (2, "queued")]


def test_the_queue_is_first_come_first_served() -> None:
    """A pack that could run beside the head does not overtake the month bought before it."""
    chain = bought(
        (plan(PlanKind.DATA, **base()), NOW), (monthly(), NOW), (plan(PlanKind.DATA, **base()), NOW)
    )
    assert [s[:2] for s in spans(chain)] == [(1, "active"), (2, "queued"), (3, "queued")]


def test_coverage_stops_at_a_gap() -> None:
    """A month that waits for its date after the present one ended does not belong to the coverage."""
    dated = monthly(starts=Starts.AT_DATE, starts_at=t("2026-11-01 00:00"))
    assert coverage_end(bought((monthly(), NOW), (dated, NOW)), NOW) == t("2026-10-15 10:00")


def test_coverage_of_packs_that_follow_together() -> None:
    """Two packs that begin together behind a month cover to the later end of the two."""
    day, month = base(period=Period(PeriodUnit.DAY, 1)), base(period=MONTH)
    chain = bought((monthly(), NOW), (plan(PlanKind.DATA, **day), NOW), (plan(PlanKind.DATA, **month), NOW))
    assert coverage_end(chain, NOW) == t("2026-11-15 10:00")


def test_a_throttled_plan_lets_a_pack_go_first() -> None:
    """What has full speed left is consumed before the slow rest of a plan of lower priority number."""
    slows = AccessPolicy(on_exhaust=OnExhaust.THROTTLE, throttle=SLOW)
    slow_base = plan(PlanKind.DATA, **base(priority=1, policy=slows, period=MONTH))
    chain = consume(bought((slow_base, NOW)), 5, 5, 1, NOW + 1).entitlement
    assert [s.throttled for s in chain.segments] == [True]
    both = append(chain, plan(PlanKind.DATA, **base(priority=2)), SubscriptionId(2), NOW + 2)
    head = current(both, NOW + 2)
    assert head is not None
    assert (head.subscription_id, len(both.segments)) == (2, 2)


def owners(chain: Entitlement, when: int) -> tuple[Any, ...]:
    """What counts of a chain at an instant, whatever path led there."""
    walked = first_login(chain, when)
    return spans(walked), [s.octets_left for s in walked.segments], why_not(walked, when)


@given(st.lists(PLANS, max_size=5), st.integers(0, 10**7), st.integers(0, 10**7))
def test_walking_twice_is_walking_once(plans: list[Any], first: int, second: int) -> None:
    """A job that walked the chain meanwhile, or a clock set back after it, changes no answer."""
    chain = bought(*[(p, NOW) for p in plans])
    near, far = sorted((NOW + first, NOW + second))
    through, once = at(stored(at(chain, near)), far), at(chain, far)
    assert owners(through, far) == owners(once, far)
    assert at(once, near) is once
    assert load(dump(once)) == once


@given(st.lists(PLANS, min_size=1, max_size=5), st.integers(0, 10**7))
def test_coverage_means_one_policy_to_its_end(plans: list[Any], later: int) -> None:
    """Up to the answered end every second has the policy of now; at the end it is another or none."""
    when = NOW + later
    chain = first_login(bought(*[(p, NOW) for p in plans]), when)
    head, end = current(chain, when), coverage_end(chain, when)
    if head is None:
        assert end == when
    elif end is not None:
        before, after = logged_in(chain, end - 1), logged_in(chain, end)
        assert before is not None
        assert before.policy == head.policy
        assert after is None or after.policy != head.policy


def logged_in(chain: Entitlement, when: int) -> Any:
    """The head as a running session finds it: it starts what waits for a login when its turn comes."""
    while (due := next_change_at(chain)) is not None and due <= when:
        chain = first_login(chain, due)
    return current(chain, when)


@given(st.lists(PLANS, min_size=1, max_size=5))
def test_projected_dates_come_true(plans: list[Any]) -> None:
    """A queued segment starts and ends when its dates said, if nothing but time happens."""
    chain = bought(*[(p, NOW) for p in plans])
    for segment in chain.segments:
        if segment.state is SubscriptionState.QUEUED and segment.starts_at is not None:
            then = at(chain, segment.starts_at)
            (real,) = (s for s in then.segments if s.subscription_id == segment.subscription_id)
            assert (real.state, real.starts_at, real.ends_at) == (
                SubscriptionState.ACTIVE,
                segment.starts_at,
                segment.ends_at,
            )


def test_a_month_behind_other_terms_is_its_own_chain() -> None:
    """After days the months count from their own start."""
    chain = bought(
        (plan(period=Period(PeriodUnit.DAY, 3)), t("2026-01-28 10:00")),
        (monthly(), NOW - 10**8),
        (plan(period=MONTH), NOW - 10**8),
    )
    assert [s.ends_at for s in chain.segments] == [
        t("2026-01-31 10:00"), t("2026-02-28 10:00"), t("2026-03-31 10:00")
    ]  # fmt: skip
