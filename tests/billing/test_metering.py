"""Charges by use come from the cumulative total."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing.metering import affordable, charge, due


def charged(totals: list[int], price: int, unit: int) -> list[int]:
    """What is charged in all after each of these cumulative readings."""
    taken, sums = 0, []
    for reading in totals:
        taken += charge(reading, taken, price, unit)
        sums.append(taken)
    return sums


def test_w25_interims_of_an_hour() -> None:
    """¥1.00 an hour at 300 s interims: 8, 16, 25 … 100; one hour is 100 whatever the interval."""
    assert charged(list(range(300, 3601, 300)), 100, 3600) == [8, 16, 25, 33, 41, 50, 58, 66, 75, 83, 91, 100]
    for interval in (60, 120, 240):
        assert charged(list(range(interval, 3601, interval)), 100, 3600)[-1] == 100


def test_w26_short_sessions_share_one_meter() -> None:
    """Three sessions of 100 s at ¥1.00 an hour cost 8 in all, not three times a rounded 3."""
    assert charged([100, 200, 300], 100, 3600)[-1] == 8


def test_w28_a_balance_buys_seconds() -> None:
    """250 fen at ¥1 an hour last 9000 s; at no price nothing is counted; a debt buys nothing."""
    assert (affordable(250, 100, 3600), affordable(250, 0, 3600), affordable(-5, 100, 3600)) == (
        9000,
        None,
        0,
    )


@given(st.integers(0, 10**13), st.integers(0, 10**5), st.sampled_from([3600, 10**9, 2**30]), st.data())
def test_p3_splitting_use_changes_nothing(total: int, price: int, unit: int, data: st.DataObject) -> None:
    """However a period's use is cut into interims and sessions, the sum charged is what is due for all of it."""
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=12)))
    sums = charged([*cuts, total], price, unit)
    assert sums == sorted(sums)
    assert sums[-1] == due(total, price, unit)


@given(st.integers(0, 10**9), st.integers(1, 10**5), st.sampled_from([3600, 2**30]))
def test_what_a_balance_buys_it_can_pay(balance: int, price: int, unit: int) -> None:
    """Use up to the granted amount never costs more than the balance."""
    granted = affordable(balance, price, unit)
    assert granted is not None
    assert due(granted, price, unit) <= balance


@pytest.mark.parametrize(("total", "price", "unit"), [(-1, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_senseless_meters_are_refused(total: int, price: int, unit: int) -> None:
    """Negative use, negative prices and units of nothing are mistakes of the caller."""
    with pytest.raises(ValueError, match=r"below zero|no meaning"):
        due(total, price, unit)
