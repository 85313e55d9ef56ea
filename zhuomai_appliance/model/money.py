"""Money: whole fen, exact fractions, splits that lose nothing.

Every amount is an integer number of fen in a signed 64-bit column. Text such as "30.00" becomes 3000 once, at the
edge, and an amount that is not exact there is an error, not a rounding (billing rules, principle 1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NewType

Fen = NewType("Fen", int)

NOTHING = Fen(0)

MAX_FEN = 10**15
"""Largest amount read from text: ten thousand billion yuan, far inside 64 bits even after sums over a school."""

_YUAN = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?", re.ASCII)


def parse_yuan(text: object, *, signed: bool = False) -> Fen:
    """Read an amount in yuan as written by a person or a file.

    Args:
        text: digits with at most two decimals, such as "30", "30.5" or "30.00"; blanks around it are ignored. A number that is
            no text, above all a float, is refused.
        signed: whether a leading "+" or "-" is allowed.

    Raises:
        ValueError: anything else; the sentence says what is wrong and is fit to be shown.
    """
    if not isinstance(text, str):
        raise ValueError(f'an amount is written as text, such as "30.00", not as {text!r}')
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text!r} is not an amount in yuan such as "30.00"')
    sign, whole, decimals = found[1], found[2], found[3]
    if sign and not signed:
        raise ValueError(f"{text!r} has a sign, an amount here has none")
    if decimals == "":
        raise ValueError(f"{text!r} has a point and no decimals after it")
    if decimals is not None and len(decimals) > 2:
        raise ValueError(f"{text!r} has more than two decimals, the smallest coin is 0.01 yuan")
    if len(whole) > 16 or (fen := int(whole) * 100 + int((decimals or "0").ljust(2, "0"))) > MAX_FEN:
        raise ValueError(f"{text.strip()[:40]!r} is too large an amount")
    return Fen(-fen if sign == "-" else fen)


def format_yuan(fen: int, *, thousands: bool = False) -> str:
    """Write an amount with two decimals, "30.00" or, with thousands, "-1,234.50"; the inverse of parse_yuan."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan:{',' if thousands else ''}}.{rest:02}"


def floor(numerator: int, denominator: int) -> int:
    """The largest whole number not above the exact fraction: credits and earnings round so (billing rules, §8, §9)."""
    if denominator <= 0:
        raise ValueError(f"a share of {denominator} parts has no meaning")
    return numerator // denominator


def half_up(numerator: int, denominator: int) -> int:
    """The exact fraction plus one half, rounded down: charges round so (billing rules, §8 and §20)."""
    if denominator <= 0:
        raise ValueError(f"a share of {denominator} parts has no meaning")
    return (2 * numerator + denominator) // (2 * denominator)


def split_lossless(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share a whole amount by weights so that the shares add up to it again (largest remainder, billing rules §17).

    Every share differs from its exact value by less than one. Of equal remainders the earlier share takes the unit.
    A negative total is shared like its positive twin, so that a reversal has the original's shares, negated.

    Raises:
        ValueError: no weights, a negative weight, or weights that sum to zero.
    """
    whole = sum(weights)
    if not weights or min(weights) < 0 or whole == 0:
        raise ValueError("an amount is shared by weights of zero or more, not all of them zero")
    if total < 0:
        return tuple(-share for share in split_lossless(-total, weights))
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return tuple(shares)
