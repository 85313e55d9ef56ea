"""Money in and out of text, and splits that lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.model.money import MAX_FEN, floor, format_yuan, half_up, parse_yuan, split_lossless


@pytest.mark.parametrize(
    ("text", "fen"), [("30.00", 3000), ("30", 3000), ("0.5", 50), ("0.05", 5), (" 12.30 ", 1230), ("0", 0)]
)
def test_yuan_become_fen(text: str, fen: int) -> None:
    """An amount with at most two decimals is read to the fen."""
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "wrong", ["30.001", "1,000.00", "", ".", "30.", ".5", "3e2", "٣", "-1", "+1", 30.0, 30, None]
)
def test_what_is_not_exact_is_refused(wrong: object) -> None:
    """More decimals, signs, other digits and numbers that are no text are errors, never roundings."""
    with pytest.raises(ValueError, match=r"amount|decimals|sign"):
        parse_yuan(wrong)


def test_a_sign_is_read_where_it_is_allowed() -> None:
    """A correction may be negative, a price may not."""
    assert (parse_yuan("-0.01", signed=True), parse_yuan("+2", signed=True)) == (-1, 200)


def test_an_absurd_amount_is_refused() -> None:
    """An amount that would not survive sums in 64 bits is an error at the edge."""
    with pytest.raises(ValueError, match="too large"):
        parse_yuan("9" * 400)


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_writing_and_reading_are_inverse(fen: int) -> None:
    """What is shown can be read back to the same fen."""
    assert parse_yuan(format_yuan(fen), signed=True) == fen


def test_thousands_are_grouped_on_demand() -> None:
    """Large sums are readable, and the sign of a few fen is not lost."""
    assert (format_yuan(-123_456_789, thousands=True), format_yuan(-5)) == ("-1,234,567.89", "-0.05")


def test_w46_discounts_round_half_up() -> None:
    """9折 of 2990 is 2691, 85折 of 999 is 849 (849.15)."""
    assert (half_up(2990 * 9000, 10000), half_up(999 * 8500, 10000)) == (2691, 849)


def test_half_goes_up_and_floor_goes_down_for_both_signs() -> None:
    """The exact half rounds towards the larger number; floor never rounds up."""
    assert (half_up(1, 2), half_up(-1, 2), floor(-1, 2), floor(199, 100)) == (1, 0, -1, 1)


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
def test_shares_add_up_and_are_within_one_of_exact(total: int, weights: list[int]) -> None:
    """No fen is lost in a split, and no share is off by a whole fen."""
    shares = split_lossless(total, weights)
    assert sum(shares) == total
    assert all(abs(s * sum(weights) - total * w) < sum(weights) for s, w in zip(shares, weights, strict=True))


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_a_split_by_nothing_is_refused(weights: list[int]) -> None:
    """Weights that name no share are an error, not a division by zero."""
    with pytest.raises(ValueError, match="weights"):
        split_lossless(1, weights)
