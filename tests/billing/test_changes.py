"""Changes of plan: the difference for the rest of the period, to the fen (billing rules §8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing.changes import difference

PRICE = st.integers(0, 10**7)


def test_w17_keep_end_charges_half_the_difference() -> None:
    """From 3000 to 5000 with fifteen of thirty days left: 1000."""
    assert difference(3000, 5000, 15, 30) == 1000


def test_w19_keep_end_credits_half_the_difference() -> None:
    """From 5000 to 3000 with fifteen of thirty days left: 1000 back."""
    assert difference(5000, 3000, 15, 30) == -1000


def test_charges_round_half_up_and_credits_down() -> None:
    """Half a fen is charged and is not credited."""
    assert (difference(0, 1, 1, 2), difference(1, 0, 1, 2)) == (1, 0)


@given(old=PRICE, new=PRICE, total=st.integers(1, 400), data=st.data())
def test_p6_up_and_down_again_profits_nobody_above_a_fen(
    old: int, new: int, total: int, data: st.DataObject
) -> None:
    """Whatever the prices and the day, there and back costs nothing or one fen."""
    remaining = data.draw(st.integers(0, total))
    assert difference(old, new, remaining, total) + difference(new, old, remaining, total) in (0, 1)


@pytest.mark.parametrize("wrong", [(1, 2, 3, 2), (1, 2, -1, 2), (1, 2, 0, 0), (-1, 2, 1, 2), (1, -2, 1, 2)])
def test_what_has_no_price(wrong: tuple[int, int, int, int]) -> None:
    """More left than there is, or a price below zero, is a mistake of the caller."""
    with pytest.raises(ValueError, match="no price"):
        difference(*wrong)
