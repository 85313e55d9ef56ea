"""Charges by use, always from the cumulative total (billing rules §11)."""

from __future__ import annotations

from zhuomai_appliance.model.money import Fen, floor


def due(total: int, price_fen: int, unit: int) -> Fen:
    """What a rating period owes for its whole use so far; the fraction of a fen stays in the meter.

    Args:
        total: octets or seconds of all sessions of the account in the period.
        price_fen: the price of one unit.
        unit: octets or seconds in one unit.

    Raises:
        ValueError: a negative total or price, or a unit that is not positive.
    """
    if total < 0 or price_fen < 0:
        raise ValueError(f"use {total} and price {price_fen} cannot be below zero")
    return Fen(floor(total * price_fen, unit))


def charge(total: int, charged_fen: int, price_fen: int, unit: int) -> Fen:
    """What one more interim charges: what is due for the total less what was charged; never below 0."""
    return Fen(max(due(total, price_fen, unit) - charged_fen, 0))


def affordable(balance_fen: int, price_fen: int, unit: int) -> int | None:
    """Octets or seconds that this balance buys (W28); None where the price is 0 and nothing is counted."""
    if price_fen == 0:
        return None
    return max(floor(balance_fen * unit, price_fen), 0)
