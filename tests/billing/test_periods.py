"""When purchases begin and end, and what their first period costs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import MONTH, SHANGHAI, bought, monthly, nobody, pack, plan, spans, t
from zhuomai_appliance.billing.periods import (
    CannotBuyError,
    append,
    cancel,
    days_used,
    price_from,
    segment_of,
)
from zhuomai_appliance.model.entitlement import WhyNot, at, changes, current, first_login, stored, why_not
from zhuomai_appliance.model.moment import Anchor, Period, PeriodUnit, Zone, end_of
from zhuomai_appliance.model.products import (
    BuyoutPrice,
    FirstMonth,
    PlanKind,
    Starts,
    SubscriptionId,
    SubscriptionState,
)


def test_w01_renewed_months_count_from_the_first_anchor() -> None:
    """31 January, bought and renewed twice, ends on 28 February, 31 March and 30 April: no drift."""
    chain = bought(*[(monthly(), "2026-01-31 10:00")] * 3)
    assert [s.ends_at for s in chain.segments] == [
        t("2026-02-28 10:00"),
        t("2026-03-31 10:00"),
        t("2026-04-30 10:00"),
    ]


def test_w01_does_not_depend_on_when_the_renewal_is_bought() -> None:
    """Renewing month by month, each time during the month before, gives the same ends."""
    chain = bought(
        (monthly(), "2026-01-31 10:00"), (monthly(), "2026-02-20 08:00"), (monthly(), "2026-03-30 08:00")
    )
    assert [s.ends_at for s in chain.segments] == [t("2026-03-31 10:00"), t("2026-04-30 10:00")]


def test_w03_a_first_login_starts_the_clock() -> None:
    """Bought in August, first used on 1 September 07:58:12: ends one month after the use."""
    chain = bought((monthly(starts=Starts.ON_FIRST_LOGIN), "2026-08-20 12:00"))
    assert spans(chain) == [(1, "reserved", None, None)]
    used = first_login(chain, t("2026-09-01 07:58:12"))
    assert spans(used) == [(1, "active", t("2026-09-01 07:58:12"), t("2026-10-01 07:58:12"))]
    assert first_login(used, t("2026-09-05 00:00")) is used


def test_w03_end_of_day_runs_to_midnight() -> None:
    """With end_of_day the same month ends on 2026-10-02 00:00, shown as 10-01."""
    chain = bought((monthly(starts=Starts.ON_FIRST_LOGIN, anchor=Anchor.END_OF_DAY), "2026-08-20 12:00"))
    assert spans(first_login(chain, t("2026-09-01 07:58:12")))[0][3] == t("2026-10-02 00:00")


def test_a_first_login_too_late_starts_nothing() -> None:
    """After its activate-by date the purchase waits for a refund, and what is bought then does not wait for it."""
    chain = bought((monthly(starts=Starts.ON_FIRST_LOGIN, activate_by_days=10), "2026-08-20 12:00"))
    late = t("2026-08-30 12:00")
    refused = why_not(first_login(chain, late), late)
    assert refused is not None
    assert (refused.why, refused.at) == (WhyNot.EXPIRED, late)
    assert spans(append(chain, monthly(), SubscriptionId(2), late))[1][1] == "active"


def test_w04_thirty_days_and_a_month_differ() -> None:
    """From 10 February 09:00, 30 fixed days end on 12 March, one month on 10 March."""
    days = monthly(period=Period(PeriodUnit.DAY, 30), anchor=Anchor.FIXED_DAYS)
    assert bought((days, "2026-02-10 09:00")).segments[0].ends_at == t("2026-03-12 09:00")
    assert bought((monthly(), "2026-02-10 09:00")).segments[0].ends_at == t("2026-03-10 09:00")


def test_w05_a_calendar_month_ends_on_the_first() -> None:
    """¥15 bought on 18 September: to 1 October; the whole price, or 13/30 of it by day."""
    calendar = plan(price_fen=1500, period=MONTH, anchor=Anchor.CALENDAR)
    by_day = plan(price_fen=1500, period=MONTH, anchor=Anchor.CALENDAR, first_month=FirstMonth.BY_DAY)
    start = t("2026-09-18 15:00")
    assert bought((calendar, start)).segments[0].ends_at == t("2026-10-01 00:00")
    assert (price_from(calendar, start, SHANGHAI), price_from(by_day, start, SHANGHAI)) == (1500, 650)
    assert price_from(by_day, t("2026-10-01 00:00"), SHANGHAI) == 1500
    assert price_from(by_day, None, SHANGHAI) == 1500


def test_free_until_the_first_gives_the_rest_of_the_month() -> None:
    """Bought in mid September and paid in full it ends on 1 November; bought on the first it is one plain month."""
    free = monthly(anchor=Anchor.CALENDAR, first_month=FirstMonth.FREE_UNTIL_FIRST)
    assert bought((free, "2026-09-18 15:00")).segments[0].ends_at == t("2026-11-01 00:00")
    assert bought((free, "2026-10-01 00:00")).segments[0].ends_at == t("2026-11-01 00:00")


def test_a_calendar_price_by_day_of_three_months() -> None:
    """Only the first of several months is shortened: 2 + 13/30 of 3 months at ¥45."""
    three = plan(
        price_fen=4500,
        period=Period(PeriodUnit.MONTH, 3),
        anchor=Anchor.CALENDAR,
        first_month=FirstMonth.BY_DAY,
    )
    assert price_from(three, t("2026-09-18 15:00"), SHANGHAI) == 3650


def test_w06_wall_clock_hours_start_at_their_own_purchase() -> None:
    """24 hours bought at 00:26, after an earlier one ended at 22:05, end at 00:26 the next day."""
    day = plan(period=Period(PeriodUnit.HOUR, 24))
    chain = bought((day, "2026-04-30 22:05"), (day, "2026-05-02 00:26"))
    assert spans(chain) == [(2, "active", t("2026-05-02 00:26"), t("2026-05-03 00:26"))]


def test_w07_a_buyout_has_one_end_and_two_prices() -> None:
    """Whenever bought it ends on 18 January 00:00; ¥120 flat, or 59/139 of it on 20 November."""
    end, first = t("2027-01-18 00:00"), t("2026-09-01 00:00")
    flat = plan(PlanKind.BUYOUT, 12000, buyout_ends_at=end)
    by_day = plan(
        PlanKind.BUYOUT, 12000, buyout_ends_at=end, buyout_sold_from=first, buyout_price=BuyoutPrice.BY_DAY
    )
    for when in ("2026-09-01 09:00", "2026-11-20 09:00"):
        assert bought((flat, when)).segments[0].ends_at == end
        assert price_from(flat, t(when), SHANGHAI) == 12000
    assert price_from(by_day, t("2026-11-20 09:00"), SHANGHAI) == 5094
    assert price_from(by_day, t("2026-09-01 09:00"), SHANGHAI) == 12000
    with pytest.raises(CannotBuyError, match="has ended"):
        append(nobody(), flat, SubscriptionId(1), end)


def test_w09_an_early_renewal_loses_nothing() -> None:
    """Renewed five days before the end, the second month follows the first."""
    chain = bought((monthly(), "2026-09-15 10:00"), (monthly(), "2026-10-10 09:00"))
    assert spans(chain) == [
        (1, "active", t("2026-09-15 10:00"), t("2026-10-15 10:00")),
        (2, "queued", t("2026-10-15 10:00"), t("2026-11-15 10:00")),
    ]


def test_w10_a_late_renewal_starts_now() -> None:
    """Expired on the 15th and renewed on the 20th 14:30: nobody pays for dead days."""
    chain = bought((monthly(), "2026-09-15 10:00"), (monthly(), "2026-10-20 14:30"))
    assert spans(chain) == [(2, "active", t("2026-10-20 14:30"), t("2026-11-20 14:30"))]


def test_w13_cancelling_what_queues_moves_the_rest_up() -> None:
    """With month B cancelled before its start, year C follows A directly."""
    year = plan(period=Period(PeriodUnit.YEAR, 1))
    chain = bought(
        (monthly(), "2026-09-15 10:00"), (monthly(), "2026-09-16 10:00"), (year, "2026-09-17 10:00")
    )
    before = segment_of(chain, SubscriptionId(3))
    assert before.starts_at == t("2026-11-15 10:00")
    chain = stored(chain)
    without = cancel(chain, SubscriptionId(2), t("2026-09-20 10:00"))
    assert spans(without)[1] == (3, "queued", t("2026-10-15 10:00"), t("2027-10-15 10:00"))
    assert segment_of(without, SubscriptionId(2)).state is SubscriptionState.CANCELLED
    assert {c.subscription_id for c in changes(chain, without)} == {2, 3}


def test_p5_buying_and_cancelling_what_queues_is_neutral() -> None:
    """A renewal cancelled before its start leaves the chain as it was."""
    chain = bought((monthly(), "2026-09-15 10:00"))
    now = t("2026-10-01 00:00")
    there_and_back = cancel(append(chain, monthly(), SubscriptionId(2), now), SubscriptionId(2), now)
    assert there_and_back.segments == chain.segments


def test_cancelling_the_head_starts_the_next_at_once() -> None:
    """The queue does not wait for the end that a cancelled plan would have had."""
    chain = bought((monthly(), "2026-09-15 10:00"), (monthly(), "2026-09-16 10:00"))
    now = t("2026-09-20 10:00")
    assert spans(cancel(chain, SubscriptionId(1), now)) == [(2, "active", now, t("2026-10-20 10:00"))]


def test_what_ended_cannot_be_cancelled() -> None:
    """A finished subscription is history; an unknown one is a mistake of the caller."""
    chain = bought((monthly(), "2026-09-15 10:00"))
    with pytest.raises(ValueError, match="finished subscription cannot become cancelled"):
        cancel(chain, SubscriptionId(1), t("2026-10-15 10:00"))
    with pytest.raises(KeyError):
        cancel(chain, SubscriptionId(9), t("2026-09-16 10:00"))


def test_next_calendar_period_waits_for_the_first() -> None:
    """Bought on 20 September for the next month it starts on 1 October; until then it has not started."""
    now = t("2026-09-20 10:00")
    chain = bought((monthly(starts=Starts.NEXT_CALENDAR_PERIOD, anchor=Anchor.CALENDAR), now))
    assert spans(chain) == [(1, "queued", t("2026-10-01 00:00"), t("2026-11-01 00:00"))]
    refused = why_not(chain, now)
    assert refused is not None
    assert (refused.why, refused.at) == (WhyNot.NOT_STARTED, t("2026-10-01 00:00"))
    assert current(chain, t("2026-10-01 00:00")) is not None


def test_a_start_date_is_kept() -> None:
    """at_date plans start on their date, later ones bought meanwhile do not wait behind them."""
    dated = monthly(starts=Starts.AT_DATE, starts_at=t("2026-10-05 00:00"))
    chain = bought((dated, "2026-09-20 10:00"), (plan(period=Period(PeriodUnit.DAY, 1)), "2026-09-21 10:00"))
    assert [s[:2] for s in spans(chain)] == [(1, "queued"), (2, "active")]
    assert spans(at(chain, t("2026-10-06 00:00"))) == [
        (1, "active", t("2026-10-05 00:00"), t("2026-11-05 00:00"))
    ]


def test_a_queue_behind_use_has_no_dates_yet() -> None:
    """Behind a pack without a date the start of the next is unknown, and says so."""
    chain = bought((pack(10, None), "2026-09-15 10:00"), (monthly(), "2026-09-15 10:00"))
    assert spans(chain)[1] == (2, "queued", None, None)


def test_a_buyout_that_ends_while_it_waits_is_finished() -> None:
    """A fixed end that passes in the queue does not bring the segment back."""
    chain = bought(
        (monthly(), "2026-09-15 10:00"),
        (plan(PlanKind.BUYOUT, buyout_ends_at=t("2026-10-01 00:00")), "2026-09-16 10:00"),
        (monthly(), "2026-09-17 10:00"),
    )
    later = at(chain, t("2026-10-15 10:00"))
    assert spans(later) == [(3, "active", t("2026-10-15 10:00"), t("2026-11-15 10:00"))]
    assert segment_of(later, SubscriptionId(2)).state is SubscriptionState.FINISHED


@given(
    st.integers(0, 4_000_000_000),
    st.integers(1, 60),
    st.sampled_from([Anchor.INSTANT, Anchor.END_OF_DAY]),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_p12_month_ends_rise_and_never_drift(origin: int, count: int, anchor: Anchor, name: str) -> None:
    """From any anchor in any zone the ends rise strictly, on the anchor's day or the month's last."""
    zone = Zone(name)
    ends = [end_of(MONTH, anchor, origin, zone, origin=origin, months_before=n) for n in range(count)]
    assert all(a < b for a, b in pairwise([origin, *ends]))
    if anchor is Anchor.INSTANT:
        days = {zone.local(e).day for e in ends if zone.local(e).day >= 29 or zone.local(origin).day < 29}
        assert max(days, default=0) <= zone.local(origin).day
        assert all(zone.local(e).day >= min(zone.local(origin).day, 28) for e in ends)


@given(st.integers(0, 4_000_000_000), st.integers(1, 30))
def test_p12_a_chain_of_renewals_ends_like_one_long_term(origin: int, count: int) -> None:
    """n months bought one by one end when n months bought at once end."""
    chain = bought(*[(monthly(), origin)] * count)
    once = bought((monthly(period=Period(PeriodUnit.MONTH, count)), origin))
    assert chain.segments[-1].ends_at == once.segments[0].ends_at


def test_a_leap_day_returns() -> None:
    """A year from 29 February ends on 28 February, and the fourth year ends on the 29th again."""
    year = plan(period=Period(PeriodUnit.YEAR, 1))
    ends = [s.ends_at for s in bought(*[(year, "2028-02-29 08:00")] * 4).segments]
    assert ends == [
        t("2029-02-28 08:00"), t("2030-02-28 08:00"), t("2031-02-28 08:00"), t("2032-02-29 08:00")
    ]  # fmt: skip


def test_days_of_a_span() -> None:
    """A month from the 15th to the 15th has the days of the month; its last partial day counts no further."""
    start, end = t("2026-09-15 10:00"), t("2026-10-15 10:00")
    first = (start + 8 * 3600) // 86400
    assert days_used(start, end, first - 1, SHANGHAI) == (0, 30)
    assert days_used(start, end, first, SHANGHAI) == (1, 30)
    assert days_used(start, end, first + 30, SHANGHAI) == (30, 30)
    assert days_used(start, start + 60, first, SHANGHAI) == (1, 1)
