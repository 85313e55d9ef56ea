"""Prices by amount, time of day and tier: exact however use is cut, and what money still buys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.billing.plans import SHANGHAI, t
from zhuomai_appliance.billing.tariffs import (
    Metered,
    Tariff,
    affordable,
    borders,
    due,
    metered,
    parts,
    window_at,
)
from zhuomai_appliance.model.moment import local_day
from zhuomai_appliance.model.plan_rules import DateSpan, PriceWindow, Tier
from zhuomai_appliance.model.traffic import GIGABYTE_BINARY as GIB
from zhuomai_appliance.model.use import Amount

HOUR = 3600
BY_HOUR = Tariff(100, "hour")
BY_DATA = Tariff(500, "gigabyte")
NIGHT = PriceWindow(23 * 60, 7 * 60, 0)
NOW = t("2026-09-15 22:00")


def used(tariff: Tariff, *steps: tuple[int, int]) -> list[int]:
    """What is due after each step of (start, seconds)."""
    so_far = Metered()
    found: list[int] = []
    for start, seconds in steps:
        so_far = so_far.more(metered(tariff, start, start + seconds, Amount(0, 0, seconds), SHANGHAI))
        found.append(due(tariff, so_far))
    return found


def test_w25_an_hour_by_interims_of_300_seconds() -> None:
    """8, 16, 25, 33 and so on to 100: from the total, never from a rounded part."""
    steps = [(NOW + 300 * number, 300) for number in range(12)]
    assert used(BY_HOUR, *steps) == [8, 16, 25, 33, 41, 50, 58, 66, 75, 83, 91, 100]


def test_w26_three_sessions_of_100_seconds_are_8_fen() -> None:
    """The fraction stays in the meter of the month, over all sessions."""
    assert used(BY_HOUR, *[(NOW + 1000 * number, 100) for number in range(3)])[-1] == 8


def test_w28_what_a_balance_buys() -> None:
    """250 fen at 1 yuan an hour are 9000 seconds; of a started fen the rest is counted exactly."""
    assert affordable(BY_HOUR, Metered(), 250, NOW, SHANGHAI) == 9000
    assert affordable(BY_HOUR, Metered(10), 250, NOW, SHANGHAI) == 9000 - 10
    assert affordable(BY_DATA, Metered(), 1000, NOW, SHANGHAI) == 2 * GIB
    assert affordable(Tariff(0, "hour"), Metered(), 0, NOW, SHANGHAI) is None


def test_a_free_night_lets_money_last() -> None:
    """From 22:00, one hour until 23:00 is paid, the night is free, the rest from 07:00 on."""
    tariff = Tariff(100, "hour", windows=(NIGHT,))
    assert affordable(tariff, Metered(), 150, NOW, SHANGHAI) == HOUR + 8 * HOUR + HOUR // 2
    assert affordable(tariff, Metered(), 100, NOW, SHANGHAI) == 9 * HOUR


def test_d21_an_interim_over_a_border_is_split_by_time() -> None:
    """22:30 to 23:30: half of the hour is free."""
    start = t("2026-09-15 22:30")
    found = metered(Tariff(100, "hour", windows=(NIGHT,)), start, start + HOUR, Amount(0, 0, HOUR), SHANGHAI)
    assert found == Metered(HOUR // 2, 0)


def test_a_window_of_weekdays_and_dates() -> None:
    """A night belongs to the day on which it begins; outside its dates and weekdays there is no window."""
    friday = PriceWindow(22 * 60, 6 * 60, 0, weekdays=(4,))
    assert window_at((friday,), t("2026-09-18 23:00"), SHANGHAI) is friday
    assert window_at((friday,), t("2026-09-19 05:59"), SHANGHAI) is friday
    assert window_at((friday,), t("2026-09-19 06:00"), SHANGHAI) is None
    assert window_at((friday,), t("2026-09-19 23:00"), SHANGHAI) is None
    day = local_day(t("2026-10-01 12:00"), SHANGHAI)
    week = PriceWindow(0, 1440, 0, span=DateSpan(day, day + 5))
    assert window_at((week,), t("2026-10-06 23:59"), SHANGHAI) is week
    assert window_at((week,), t("2026-10-07 00:00"), SHANGHAI) is None


def test_tiers_price_what_lies_beyond_them() -> None:
    """The first 10 GB at 5 yuan, from there at 3, from 20 at 1."""
    tariff = Tariff(500, "gigabyte", tiers=(Tier(20, 100), Tier(10, 300)))
    assert due(tariff, Metered(10 * GIB)) == 5000
    assert due(tariff, Metered(15 * GIB)) == 5000 + 1500
    assert due(tariff, Metered(25 * GIB)) == 5000 + 3000 + 500
    assert affordable(tariff, Metered(9 * GIB), 500 + 300, NOW, SHANGHAI) == 2 * GIB


WINDOWS = st.lists(
    st.builds(
        PriceWindow, st.integers(0, 1439), st.integers(0, 1440), st.integers(0, 300), st.just(()), st.none()
    ),
    max_size=3,
)


@given(WINDOWS, st.integers(0, 200_000), st.integers(1, 90_000), st.integers(0, 2**50))
def test_parts_add_up_to_the_use(windows: list[PriceWindow], begin: int, seconds: int, octets: int) -> None:
    """Nothing is lost or counted twice at a border, and each part lies under one window."""
    start = NOW + begin
    amount = Amount(octets, octets // 3, seconds)
    found = list(parts(windows, start, start + seconds, amount, SHANGHAI))
    assert Amount(*(sum(part[2][i] for part in found) for i in range(3))) == amount
    edges = [start, *borders(windows, start, start + seconds, SHANGHAI), start + seconds]
    if windows:
        assert [part[1] for part in found] == edges[:-1]
        for window, since, _ in found:
            assert window_at(windows, since, SHANGHAI) is window


@given(st.integers(1, 2000), st.lists(st.integers(1, 5000), min_size=1, max_size=40))
def test_p3_splitting_use_changes_a_period_by_at_most_one_fen(price: int, steps: list[int]) -> None:
    """Charged in whatever steps, a month ends within a fen of its total charged at once."""
    tariff, so_far, charged, at = Tariff(price, "hour"), Metered(), 0, int(NOW)
    for seconds in steps:
        so_far = so_far.more(metered(tariff, at, at + seconds, Amount(0, 0, seconds), SHANGHAI))
        charged += due(tariff, so_far) - charged
        at += seconds
    whole = due(tariff, metered(tariff, NOW, at, Amount(0, 0, at - NOW), SHANGHAI))
    assert abs(charged - whole) <= 1


@given(st.integers(1, 2000), st.integers(0, 10**6), st.integers(0, 5000), WINDOWS)
def test_what_money_buys_costs_no_more_than_the_money(
    price: int, already: int, money: int, windows: list[PriceWindow]
) -> None:
    """Whoever uses all that was promised pays at most what he had, and one second more costs more or is free."""
    tariff = Tariff(price, "hour", windows=tuple(windows))
    before = Metered(already)
    seconds = affordable(tariff, before, money, NOW, SHANGHAI)
    if seconds is None:
        return
    after = before.more(metered(tariff, NOW, NOW + seconds, Amount(0, 0, seconds), SHANGHAI))
    assert due(tariff, after) - due(tariff, before) <= money
