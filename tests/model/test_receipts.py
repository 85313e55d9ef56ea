"""Numbers of receipts, and amounts in capital figures that nobody can add a digit to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.model.receipts import in_capitals, number

EXAMPLES = {
    0: "零元整", 5: "伍分", 50: "伍角整", 55: "伍角伍分", 100: "壹元整", 3005: "叁拾元零伍分", 3050: "叁拾元伍角整",
    1_000_000: "壹万元整", 1_000_001_00: "壹佰万零壹元整", 10_500_30: "壹万零伍佰元叁角整", 100_000_001_05: "壹亿零壹元零伍分",
    20_030_004_00: "贰仟零叁万零肆元整", 1_234_567_89: "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分",
}  # fmt: skip


@pytest.mark.parametrize("fen", EXAMPLES)
def test_amounts_as_banks_write_them(fen: int) -> None:
    """Zeros between figures are one 零; 整 ends what has no fen."""
    assert in_capitals(fen) == EXAMPLES[fen]


def _read(text: str) -> int:
    """The amount that capital figures say."""
    whole, _, rest = text.partition("元") if "元" in text else ("", "", text)
    fen, total, group, digit = 0, 0, 0, 0
    for sign in whole:
        if sign in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(sign)
        elif sign in "拾佰仟":
            group += digit * 10 ** ("拾佰仟".index(sign) + 1)
            digit = 0
        else:
            scale = {"万": 10**4, "亿": 10**8}[sign]
            total, group, digit = (
                (total + group + digit) * scale
                if not total or sign == "亿"
                else total + (group + digit) * scale,
                0,
                0,
            )
    digit_of = 0
    for sign in rest:
        if sign in "零壹贰叁肆伍陆柒捌玖":
            digit_of = "零壹贰叁肆伍陆柒捌玖".index(sign)
        elif sign in "角分":
            fen += digit_of * (10 if sign == "角" else 1)
    return (total + group + digit) * 100 + fen


@given(st.integers(0, 10**13 - 1))
def test_capitals_say_the_amount(fen: int) -> None:
    """Up to ten thousand million yuan and more, they are read back as the same amount."""
    assert _read(in_capitals(fen)) == fen


@pytest.mark.parametrize("fen", [-1, 10**18])
def test_amounts_that_cannot_be_written(fen: int) -> None:
    """Below zero, and what no group of figures is left for."""
    with pytest.raises(ValueError, match="capitals"):
        in_capitals(fen)


def test_serials_are_filled_up() -> None:
    """To the digits of the series; a longer one is written whole."""
    assert [number("A-", 4, serial) for serial in (1, 12_345)] == ["A-0001", "A-12345"]
