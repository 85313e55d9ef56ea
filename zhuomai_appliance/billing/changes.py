"""What a change of plan costs for the time that remains (billing rules §8). Charges round half up, credits down."""

from __future__ import annotations

from zhuomai_appliance.model.money import Fen, floor, half_up


def difference(old_price_fen: int, new_price_fen: int, remaining: int, total: int) -> Fen:
    """What `keep_end` charges (above zero) or credits (below zero) for the rest of a period.

    Args:
        old_price_fen: the old plan's price for the whole period.
        new_price_fen: the new one's for a period of the same length.
        remaining: whole local days that remain, today among them, or seconds where the plan says so.
        total: those of the whole period as it was first bought, so that a second change in it counts alike.

    Raises:
        ValueError: more remains than there is, or a price is below zero.
    """
    if not 0 <= remaining <= total or total < 1 or min(old_price_fen, new_price_fen) < 0:
        raise ValueError(
            f"{remaining} of {total} between {old_price_fen} and {new_price_fen} fen has no price"
        )
    gap = new_price_fen - old_price_fen
    if gap >= 0:
        return Fen(half_up(gap * remaining, total))
    return Fen(-floor(-gap * remaining, total))
