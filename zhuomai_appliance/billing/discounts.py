"""Discounts: who may have one, what it is worth, the best of all, and its share of each line (billing rules §17, D18)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from zhuomai_appliance.billing.orders import NO_REDUCTION, Reduction
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.discounts import Discount
from zhuomai_appliance.model.money import Fen, floor, half_up

WHOLE_PARTS = 10_000
_DAYS_A_PERIOD = 30


class Unfit(StrEnum):
    """Why a discount does not count for a purchase."""

    DISABLED = "disabled"
    TIME = "time"
    PLAN = "plan"
    GROUP = "group"
    CHANNEL = "channel"
    AGENT = "agent"
    MIN = "min"
    FIRST = "first_order"
    OFTEN = "per_person"
    PERIODS = "periods"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A purchase as discounts see it: ``groups`` are the person's and all above it, ``used`` counts earlier uses by name.

    ``by_period``: the plan is sold by periods, so that some may be given.
    """

    plan: str
    price_fen: Fen
    periods: int
    at: int
    channel: Channel
    groups: frozenset[str] = frozenset()
    agent: int | None = None
    is_first: bool = False
    used: Mapping[str, int] | None = None
    by_period: bool = True


@dataclass(frozen=True, slots=True)
class Weighed:
    """A discount and what it would be worth here in fen, gifts at their price; or why it does not count."""

    name: str
    worth_fen: Fen
    why_not: Unfit | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The best discount for a purchase, and all that were looked at, the best first."""

    reduction: Reduction
    weighed: tuple[Weighed, ...]


def why_not(one: Discount, seen: Circumstances) -> Unfit | None:
    """The first condition that this purchase does not meet; None: it may have the discount."""
    checks = (
        (Unfit.DISABLED, one.disabled),
        (Unfit.TIME, (one.from_at or 0) > seen.at or (one.to_at is not None and one.to_at <= seen.at)),
        (Unfit.PLAN, bool(one.plans) and seen.plan not in one.plans),
        (Unfit.GROUP, bool(one.groups) and not seen.groups & set(one.groups)),
        (Unfit.CHANNEL, bool(one.channels) and seen.channel not in one.channels),
        (Unfit.AGENT, bool(one.agents) and seen.agent not in one.agents),
        (Unfit.MIN, seen.price_fen < one.min_fen),
        (Unfit.FIRST, one.first_order and not seen.is_first),
        (Unfit.OFTEN, one.per_person is not None and (seen.used or {}).get(one.name, 0) >= one.per_person),
        (Unfit.PERIODS, one.gift_periods > 0 and (seen.periods < one.buy_periods or not seen.by_period)),
    )
    return next((reason for reason, is_so in checks if is_so), None)


def reduction(one: Discount, price_fen: int, periods: int) -> Reduction:
    """What a discount does to a price: what is paid is rounded half up (W46), and never below zero."""
    paid = half_up(price_fen * one.paid_parts, WHOLE_PARTS)
    off = min(price_fen, price_fen - paid + one.off_fen)
    return Reduction(
        name=one.name,
        off_fen=Fen(off),
        gift_periods=periods // one.buy_periods * one.gift_periods,
        gift_days=one.gift_days,
        gift_octets=one.gift_octets,
        gift_seconds=one.gift_seconds,
    )


def worth(given: Reduction, price_fen: int, periods: int) -> Fen:
    """What a reduction is worth: the money, and gift periods and days at the price of one period, rounded down."""
    time = floor(
        price_fen * (given.gift_periods * _DAYS_A_PERIOD + given.gift_days), periods * _DAYS_A_PERIOD
    )
    return Fen(given.off_fen + time)


def best(known: Iterable[Discount], seen: Circumstances) -> Choice:
    """The discount that is worth most; of equal ones that with more gifts, then the first by name. Never two at once."""
    fit, weighed = list[tuple[tuple[int, int, int], str, Reduction]](), list[Weighed]()
    for one in sorted(known, key=lambda each: each.name):
        reason = why_not(one, seen)
        given = reduction(one, seen.price_fen, seen.periods)
        value = worth(given, seen.price_fen, seen.periods)
        if reason is None and not (value or given.gift_octets or given.gift_seconds):
            reason = Unfit.NOTHING
        weighed.append(Weighed(one.name, Fen(0) if reason else value, reason))
        if reason is None:
            fit.append(((value, given.gift_octets, given.gift_seconds), one.name, given))
    weighed.sort(key=lambda each: (each.why_not is not None, -each.worth_fen, each.name))
    if not fit:
        return Choice(NO_REDUCTION, tuple(weighed))
    top = max(rank for rank, _, _ in fit)
    chosen = next(given for rank, _, given in fit if rank == top)
    weighed.sort(key=lambda each: each.name != chosen.name)
    return Choice(chosen, tuple(weighed))


def allot(off_fen: int, amounts: Sequence[int]) -> tuple[Fen, ...]:
    """Each line's share of a discount, by largest remainder: the shares make up the whole, none is above its line.

    Raises:
        ValueError: it is more than all lines together, or an amount is below zero.
    """
    whole = sum(amounts)
    if not 0 <= off_fen <= whole or any(amount < 0 for amount in amounts):
        raise ValueError(f"{off_fen} fen cannot be taken off {whole}")
    if whole == 0:
        return tuple(Fen(0) for _ in amounts)
    shares = [off_fen * amount // whole for amount in amounts]
    rest = off_fen - sum(shares)
    by_remainder = sorted(range(len(amounts)), key=lambda i: (-(off_fen * amounts[i] % whole), i))
    for place in by_remainder[:rest]:
        shares[place] += 1
    return tuple(Fen(share) for share in shares)
