"""Days, months and shares of time in a named zone."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import SHANGHAI, t
from zhuomai_appliance.model.moment import (
    MAX_SPLIT_DAYS,
    Anchor,
    Period,
    PeriodUnit,
    Zone,
    add_months,
    daily_seconds,
    date_of,
    day_bounds,
    day_of,
    end_of,
    local_day,
    month_bounds,
    next_midnight,
    parse_period,
    parse_rfc3339,
    rfc3339,
    split_by_day,
)

ZONES = st.sampled_from(
    [
        "Asia/Shanghai",
        "UTC",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "America/Havana",
    ]
)
INSTANTS = st.integers(0, 4_000_000_000)


def test_a_local_day_changes_at_local_midnight() -> None:
    """The day before and after 00:00 in Shanghai are neighbours, though both lie in one UTC day."""
    midnight = t("2026-09-30 00:00")
    assert local_day(midnight, SHANGHAI) == day_of(date(2026, 9, 30))
    assert local_day(midnight - 1, SHANGHAI) == local_day(midnight, SHANGHAI) - 1
    assert str(date_of(local_day(midnight, SHANGHAI))) == "2026-09-30"


@given(
    st.sampled_from(["Asia/Shanghai", "America/St_Johns", "Africa/Cairo", "Asia/Kathmandu", "Pacific/Apia"]),
    st.integers(-2_000_000_000, 2_000_000_000),
)
def test_a_local_day_is_the_date_on_the_wall(name: str, at: int) -> None:
    """The kept days of quarter hours say what the calendar says, also in zones with odd offsets and changes."""
    zone = Zone(name)
    assert date_of(local_day(at, zone)) == zone.local(at).date()


def test_a_local_day_follows_a_clock_set_back_over_midnight() -> None:
    """St. John's went back from 00:01 to 23:01 of the day before: the day before is met twice."""
    zone = Zone("America/St_Johns")
    first = zone.instant(datetime.fromisoformat("2006-10-28T23:00"))
    for at in range(first, first + 3 * 3600, 7):
        assert date_of(local_day(at, zone)) == zone.local(at).date()


def test_until_a_date_means_the_end_of_it() -> None:
    """ "到期日 2026-09-30" ends at 2026-10-01T00:00:00+08:00 (principle 6)."""
    assert (
        rfc3339(day_bounds(day_of(date(2026, 9, 30)), SHANGHAI)[1], SHANGHAI) == "2026-10-01T00:00:00+08:00"
    )


def test_w58_the_last_second_of_a_month() -> None:
    """30 September 23:59:59 is September."""
    assert month_bounds(t("2026-09-30 23:59:59"), SHANGHAI) == (t("2026-09-01 00:00"), t("2026-10-01 00:00"))


@given(INSTANTS, ZONES)
def test_an_instant_lies_in_its_day_and_month(at: int, name: str) -> None:
    """In any zone, also where clocks change, an instant is inside the bounds computed from it."""
    zone = Zone(name)
    start, end = day_bounds(local_day(at, zone), zone)
    assert start <= at < end == next_midnight(at, zone)
    first, last = month_bounds(at, zone)
    assert first <= start < end <= last
    assert parse_rfc3339(rfc3339(at, zone)) == at


def test_months_are_clamped_and_come_back() -> None:
    """31 January plus one month is 28 February, plus two is 31 March, also backwards and over a year."""
    anchor = t("2026-01-31 10:00")
    expected = {1: "2026-02-28 10:00", 2: "2026-03-31 10:00", -2: "2025-11-30 10:00", 25: "2028-02-29 10:00"}
    assert {n: add_months(anchor, n, SHANGHAI) for n in expected} == {
        n: t(text) for n, text in expected.items()
    }


def test_a_month_keeps_its_hour_where_clocks_change() -> None:
    """In New York a month from 9 February 10:00 ends at 10:00 of 9 March, an hour sooner on the clock of UTC."""
    zone = Zone("America/New_York")
    anchor = parse_rfc3339("2026-02-09T10:00:00-05:00")
    assert rfc3339(add_months(anchor, 1, zone), zone) == "2026-03-09T10:00:00-04:00"


@pytest.mark.parametrize(
    ("period", "anchor", "end"),
    [
        ("3 days", Anchor.INSTANT, "2026-09-13 09:00"),
        ("3 days", Anchor.END_OF_DAY, "2026-09-14 00:00"),
        ("3 days", Anchor.FIXED_DAYS, "2026-09-13 09:00"),
        ("3 days", Anchor.CALENDAR, "2026-09-13 00:00"),
        ("24 hours", Anchor.INSTANT, "2026-09-11 09:00"),
        ("1 year", Anchor.INSTANT, "2027-09-10 09:00"),
        ("1 year", Anchor.CALENDAR, "2027-01-01 00:00"),
        ("2 months", Anchor.CALENDAR, "2026-11-01 00:00"),
    ],
)
def test_the_end_of_a_period(period: str, anchor: Anchor, end: str) -> None:
    """Each anchor finds the end that billing rules §2 and §3 describe."""
    start = t("2026-09-10 09:00")
    assert end_of(parse_period(period), anchor, start, SHANGHAI, origin=start, months_before=0) == t(end)


def test_end_of_day_at_midnight_adds_no_day() -> None:
    """Bought at 00:00 sharp, a month ends at 00:00 sharp: the last day is whole already."""
    start = t("2026-09-01 00:00")
    end = end_of(parse_period("1 month"), Anchor.END_OF_DAY, start, SHANGHAI, origin=start, months_before=0)
    assert end == t("2026-10-01 00:00")


@pytest.mark.parametrize(("period", "anchor"), [("1 month", Anchor.FIXED_DAYS), ("2 hours", Anchor.CALENDAR)])
def test_an_anchor_that_does_not_fit_is_refused(period: str, anchor: Anchor) -> None:
    """Months are no fixed days, and the calendar has no hours to sell."""
    with pytest.raises(ValueError, match=r"fixed_days|calendar"):
        end_of(parse_period(period), anchor, 0, SHANGHAI, origin=0, months_before=0)


@pytest.mark.parametrize("text", ["1 month", "30 days", "24 hours", "1 year", "1 day"])
def test_periods_read_and_write_alike(text: str) -> None:
    """A period is written as it was read."""
    assert str(parse_period(text)) == text


@pytest.mark.parametrize(
    "wrong", ["month", "0 days", "-1 month", "1.5 months", "1 week", "", "200 years", 30, None]
)
def test_what_is_no_period_is_refused(wrong: object) -> None:
    """Other units, fractions and nothing are errors that show what is right."""
    with pytest.raises(ValueError, match="period"):
        parse_period(wrong)


def test_a_period_without_length_does_not_exist() -> None:
    """A value made in code is checked like one that was read."""
    with pytest.raises(ValueError, match="cannot be sold"):
        Period(PeriodUnit.DAY, 0)


def test_w30_the_rest_of_today_reaches_tomorrow() -> None:
    """4 h a day, 2 h used, login at 22:30: 5400 s to midnight and tomorrow's 14400."""
    assert daily_seconds(14400, 7200, t("2026-09-10 22:30"), SHANGHAI) == 19800


def test_a_rest_that_just_reaches_midnight_reaches_tomorrow() -> None:
    """5400 s left at 22:30 end at midnight sharp: the session goes on into tomorrow's allowance."""
    assert daily_seconds(14400, 9000, t("2026-09-10 22:30"), SHANGHAI) == 19800


def test_a_rest_that_ends_today_adds_nothing() -> None:
    """At noon two hours left are two hours; used up is none, also when more was used than allowed."""
    noon = t("2026-09-10 12:00")
    assert (daily_seconds(14400, 7200, noon, SHANGHAI), daily_seconds(14400, 20000, noon, SHANGHAI)) == (
        7200,
        0,
    )


def test_w32_an_interim_across_midnight() -> None:
    """600 MB between 23:55 and 00:05 are 300 MB for each day."""
    shares = split_by_day(t("2026-09-10 23:55"), t("2026-09-11 00:05"), (600_000_000, 600), SHANGHAI)
    assert [s.amounts for s in shares] == [(300_000_000, 300), (300_000_000, 300)]
    assert shares[1].day == shares[0].day + 1


def test_w32_the_remainder_goes_to_the_later_side() -> None:
    """1 000 001 B over 601 s with 300 s before midnight: 499 168 and 500 833."""
    midnight = t("2026-09-11 00:00")
    shares = split_by_day(midnight - 300, midnight + 301, (1_000_001,), SHANGHAI)
    assert [s.amounts for s in shares] == [(499_168,), (500_833,)]


@given(INSTANTS, st.integers(0, 10 * 86_400), st.lists(st.integers(0, 2**62), min_size=1, max_size=3), ZONES)
def test_shares_of_days_add_up(start: int, length: int, amounts: list[int], name: str) -> None:
    """Nothing is lost at midnights, days follow each other, and the pieces cover the span."""
    shares = split_by_day(start, start + length, amounts, Zone(name))
    assert [sum(column) for column in zip(*(s.amounts for s in shares), strict=True)] == amounts
    assert all(part >= 0 for s in shares for part in s.amounts)
    assert [s.day for s in shares] == list(range(shares[0].day, shares[0].day + len(shares)))
    assert (shares[0].start, shares[-1].end) == (start, start + length)
    assert all(a.end == b.start for a, b in pairwise(shares))


def test_an_absurd_span_stays_small() -> None:
    """A device that claims a session of a century costs a bounded number of rows, and no octet is lost."""
    shares = split_by_day(0, 4_000_000_000, (7,), SHANGHAI)
    assert len(shares) <= MAX_SPLIT_DAYS + 1
    assert sum(s.amounts[0] for s in shares) == 7


def test_a_span_that_runs_backwards_lies_in_its_end() -> None:
    """Whatever a clock did, the use is recorded once, in the day of the report."""
    end = t("2026-09-11 00:05")
    (share,) = split_by_day(end + 3600, end, (5,), SHANGHAI)
    assert (share.day, share.amounts) == (local_day(end, SHANGHAI), (5,))


@pytest.mark.parametrize("name", ["Asia/Nowhere", "", "../etc/passwd", "Asia"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    """A zone that the database lacks is one clear error when it is declared."""
    with pytest.raises(ValueError, match="no time zone named"):
        Zone(name)


@pytest.mark.parametrize("wrong", ["2026-09-01T07:58:12", "yesterday", ""])
def test_a_time_without_offset_is_refused(wrong: str) -> None:
    """A time is only an instant with its offset."""
    with pytest.raises(ValueError, match=r"offset|not a time"):
        parse_rfc3339(wrong)
