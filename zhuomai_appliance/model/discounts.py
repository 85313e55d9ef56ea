"""Discounts (优惠模板): what they take off or add, and for whom (features D18)."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import NOTHING, Fen


@dataclass(frozen=True, slots=True)
class Discount:
    """A template. Of the price ``paid_parts`` of 10000 are paid (9000 is 九折), then ``off_fen`` is taken off.

    For each ``buy_periods`` bought at once ``gift_periods`` come free (买四送一). An empty condition is none: ``plans`` and
    ``groups`` by name (groups with all below them), ``channels``, ``agents`` by id, the time of the purchase in
    [from_at, to_at), the least price, the first purchase only, so many times for one person.
    """

    name: str
    paid_parts: int = 10_000
    off_fen: Fen = NOTHING
    buy_periods: int = 1
    gift_periods: int = 0
    gift_days: int = 0
    gift_octets: int = 0
    gift_seconds: int = 0
    plans: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    agents: tuple[int, ...] = ()
    from_at: int | None = None
    to_at: int | None = None
    min_fen: Fen = NOTHING
    first_order: bool = False
    per_person: int | None = None
    disabled: bool = False
