"""What is not used of what was paid: by day, second, octet, or rated anew (billing rules §9)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import GB, MONTH, SHANGHAI, bought, hours, monthly, pack, plan, t
from zhuomai_appliance.billing import ledger
from zhuomai_appliance.billing.refund_value import (
    Formula,
    UnusedValue,
    days_left,
    refund_lines,
    unused_value,
)
from zhuomai_appliance.model.entitlement import Entitlement, at
from zhuomai_appliance.model.moment import DAY_SECONDS, Anchor, Period, PeriodUnit
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import RefundFormula, RefundRules
from zhuomai_appliance.model.products import (
    MeterUnit,
    PlanKind,
    PlanVersion,
    Starts,
    Subscription,
    SubscriptionId,
    SubscriptionState,
)

SEPTEMBER = "2026-09-01 00:00"


def paid(fen: int, bonus: int = 0, number: int = 1) -> Subscription:
    """A purchase over so much."""
    return Subscription(
        id=SubscriptionId(number),
        project_id=ProjectId(1),
        account_id=AccountId(1),
        plan_version_id=plan().id,
        order_no=None,
        state=SubscriptionState.ACTIVE,
        purchased_at=t(SEPTEMBER),
        anchor_at=None,
        starts_at=None,
        ends_at=None,
        octets_left=None,
        seconds_left=None,
        paid_principal_fen=Fen(fen),
        paid_bonus_fen=Fen(bonus),
    )


def value(
    version: PlanVersion,
    chain: Entitlement,
    now: str,
    fen: int = 3000,
    bonus: int = 0,
    number: int = 1,
    usage: int | None = None,
    **changes: Any,
) -> UnusedValue:
    """The unused value of the purchase with this number."""
    walked = at(chain, t(now))
    segment = next((s for s in walked.segments if s.subscription_id == number), None)
    if segment is not None and changes:
        segment = segment._replace(**changes)
    return unused_value(version, paid(fen, bonus, number), segment, usage, t(now), SHANGHAI)


def test_w21_september_cancelled_on_the_tenth() -> None:
    """The day itself was used: twenty of thirty days go back."""
    version = monthly()
    found = value(version, bought((version, SEPTEMBER)), "2026-09-10 15:00")
    assert found == UnusedValue(Fen(2000), Fen(0), Formula.BY_DAY, 20, 30, "day")


def test_w24_june_and_a_pack_at_the_cut_off() -> None:
    """Fourteen of June's thirty days, and 21 of 25 GB of a pack over ten yuan."""
    june = monthly(concurrent=True)
    data = pack(25 * GB, None, concurrent=True)
    chain = bought((june, "2026-06-01 00:00"), (data, "2026-06-01 00:00"))
    assert value(june, chain, "2026-06-16 12:00").fen == 1400
    used = chain._replace(
        segments=tuple(
            s._replace(octets_left=21 * GB) if s.kind is PlanKind.DATA else s for s in chain.segments
        )
    )
    found = value(data, used, "2026-06-16 12:00", 1000, number=2, usage=4 * GB)
    assert found == UnusedValue(Fen(840), Fen(0), Formula.BY_OCTET, 21 * GB, 25 * GB, "octet")
    assert value(data, used, "2026-06-16 12:00", 1000, number=2) == found


def test_what_has_not_begun_is_worth_all_of_it() -> None:
    """Queued or waiting for its first login, refundable or not, whatever was used before."""
    version = monthly(refund=RefundRules(refundable=False))
    chain = bought((version, SEPTEMBER), (version, SEPTEMBER))
    assert value(version, chain, "2026-09-10 15:00", number=2, bonus=7).all_fen == 3007
    waiting = monthly(starts=Starts.ON_FIRST_LOGIN)
    assert value(waiting, bought((waiting, SEPTEMBER)), "2026-09-10 15:00").formula is Formula.WHOLE
    late = value(waiting, bought((waiting, SEPTEMBER)), "2028-09-10 15:00")
    assert late.fen == 3000, "nothing is lost when the first login never came"


def test_what_gives_nothing_back() -> None:
    """Over, free, metered, or sold without a right to it."""
    month = monthly()
    assert value(month, bought((month, SEPTEMBER)), "2026-10-02 00:00").formula is Formula.NOTHING
    for version in (
        plan(PlanKind.FREE, 0),
        plan(PlanKind.METERED, 100, meter_unit=MeterUnit.HOUR),
        monthly(refund=RefundRules(refundable=False)),
    ):
        assert value(version, bought((version, SEPTEMBER)), "2026-09-10 15:00").all_fen == 0
    data = pack(5 * GB)
    assert value(data, bought((data, SEPTEMBER)), "2026-10-01 00:00", usage=0).all_fen == 0, "an expired pack"


def test_by_second() -> None:
    """A plan may say that seconds count: half of the time is half of the money."""
    version = monthly(period=Period(PeriodUnit.DAY, 2), refund=RefundRules(formula=RefundFormula.BY_SECOND))
    found = value(version, bought((version, "2026-09-01 12:00")), "2026-09-02 12:00", 999)
    assert (found.fen, found.remaining, found.total, found.unit) == (
        499,
        DAY_SECONDS,
        2 * DAY_SECONDS,
        "second",
    )


def test_online_seconds() -> None:
    """An hour pack gives back by its seconds, however long ago it was bought."""
    version = hours(36_000, period=None)
    chain = bought((version, SEPTEMBER))
    half = chain._replace(segments=(chain.segments[0]._replace(seconds_left=12_000),))
    found = value(version, half, "2026-12-01 00:00", 1000, usage=24_000)
    assert (found.fen, found.formula) == (333, Formula.BY_ONLINE_SECOND)


def test_rerate_charges_the_months_begun_at_their_single_price() -> None:
    """A year over 300 yuan where a month costs 30: three months and a day leave 180, not below 0 at the end."""
    version = plan(
        period=Period(PeriodUnit.YEAR, 1),
        refund=RefundRules(formula=RefundFormula.RERATE, month_price_fen=3000),
    )
    chain = bought((version, SEPTEMBER))
    found = value(version, chain, "2026-12-01 00:00", 30_000)
    assert found == UnusedValue(Fen(18_000), Fen(0), Formula.RERATED, 8, 12, "month")
    assert value(version, chain, "2026-11-30 23:59", 30_000).fen == 21_000
    assert value(version, chain, "2027-08-20 00:00", 30_000).fen == 0
    partly = value(version, chain, "2026-12-01 00:00", 10_000, 20_000)
    assert (partly.fen, partly.bonus_fen) == (0, 18_000), "the bonus pays what the principal does not"


def test_buyout_by_its_days() -> None:
    """A term bought flat gives back by the days from its purchase to the common end."""
    version = plan(PlanKind.BUYOUT, 12_000, buyout_ends_at=t("2027-01-18 00:00"))
    chain = bought((version, SEPTEMBER))
    found = value(version, chain, "2026-11-20 10:00", 12_000)
    assert (found.remaining, found.total, found.fen) == (58, 139, 12_000 * 58 // 139)


def test_pauses_are_not_sold_days() -> None:
    """Sixteen suspended days that moved the end are in no share, and none is used while it stands still."""
    version = monthly()
    chain = bought((version, "2026-01-10 00:00"))
    moved = {"paused_days": 16, "ends_at": t("2026-02-26 00:00")}
    found = value(version, chain, "2026-02-09 12:00", **moved)
    assert (found.remaining, found.total) == (16, 31)
    standing: dict[str, Any] = {"suspended_at": t("2026-01-20 00:00"), "state": SubscriptionState.SUSPENDED}
    for now in ("2026-01-20 00:00", "2026-02-04 23:00"):
        found = value(version, chain, now, **standing)
        assert (found.remaining, found.total) == (21, 31)


def test_calendar_by_the_day_of_its_price() -> None:
    """A natural month bought late: what was paid is shared over the days that were sold."""
    version = plan(period=MONTH, anchor=Anchor.CALENDAR)
    chain = bought((version, "2026-09-18 12:00"))
    found = value(version, chain, "2026-09-20 08:00", 650)
    assert (found.remaining, found.total, found.fen) == (10, 13, 500)


def test_what_was_earned_by_day_and_goes_back_by_use_comes_from_the_income() -> None:
    """A pack that is half over by date and whole by octets: deferred first, the rest from the revenue."""
    worth = UnusedValue(Fen(800), Fen(40), Formula.BY_OCTET, 21, 25, "octet")
    lines = refund_lines(7, 3, "packs", worth, 500)
    assert [(line.account_ref, line.amount_fen) for line in ledger.check(lines)] == [
        ("deferred:7", 500),
        ("revenue:packs", 340),
        ("wallet:3", -800),
        ("bonus:3", -40),
    ]
    assert refund_lines(7, 3, "packs", UnusedValue(Fen(0), Fen(0), Formula.NOTHING, 0, 1, ""), 500) == ()


@given(
    fen=st.integers(0, 10**7),
    bonus=st.integers(0, 10**5),
    days=st.integers(0, 400),
    second=st.integers(0, DAY_SECONDS - 1),
    formula=st.sampled_from(RefundFormula),
    period=st.sampled_from(
        [MONTH, Period(PeriodUnit.YEAR, 1), Period(PeriodUnit.DAY, 7), Period(PeriodUnit.HOUR, 30)]
    ),
    today_counts=st.booleans(),
)
def test_p4_refund_and_what_was_earned_never_exceed_what_was_paid(
    fen: int, bonus: int, days: int, second: int, formula: RefundFormula, period: Period, today_counts: bool
) -> None:
    """At any instant of any plan of time: nothing below zero, nothing above what was paid, and never rising again."""
    version = plan(period=period, refund=RefundRules(formula=formula, month_price_fen=fen // 10))
    chain = bought((version, SEPTEMBER))
    segment = chain.segments[0]
    now = t(SEPTEMBER) + days * DAY_SECONDS + second
    walked = at(chain, now)
    left = walked.segments[0] if walked.segments else None
    found = unused_value(version, paid(fen, bonus), left, None, now, SHANGHAI, today_counts=today_counts)
    assert 0 <= found.fen <= fen and 0 <= found.bonus_fen <= bonus
    later = at(chain, now + DAY_SECONDS)
    rest = later.segments[0] if later.segments else None
    after = unused_value(
        version, paid(fen, bonus), rest, None, now + DAY_SECONDS, SHANGHAI, today_counts=today_counts
    )
    assert after.fen <= found.fen
    if left is not None and formula is RefundFormula.UNUSED:
        remaining, total = days_left(segment, now, SHANGHAI)
        assert found.fen + ledger.earned(fen, total - remaining, total) <= fen or not today_counts
        whole = unused_value(version, paid(fen), segment, None, t(SEPTEMBER), SHANGHAI, today_counts=False)
        assert whole.fen == fen, "nothing used: all of it"
