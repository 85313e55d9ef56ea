"""What is left of an allowance goes on into the next period: how much, for how long, the oldest used first (§2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zhuomai_appliance.model.facts import FactsError


class Rolled(NamedTuple):
    """What came from one earlier period, and for how many periods it may still go on, this one included."""

    octets: int
    seconds: int
    periods: int


class Rollover(NamedTuple):
    """The rules of one purchase, its own allowance when it began, and what came with it, the youngest first.

    ``most_*`` bound all that goes on together; None sets no bound. An allowance of None counts nothing.
    """

    own_octets: int | None = None
    own_seconds: int | None = None
    most_octets: int | None = None
    most_seconds: int | None = None
    periods: int = 1
    rolled: tuple[Rolled, ...] = ()

    @property
    def granted_octets(self) -> int | None:
        """All octets that the purchase began with."""
        return None if self.own_octets is None else self.own_octets + sum(r.octets for r in self.rolled)

    @property
    def granted_seconds(self) -> int | None:
        """All online seconds that the purchase began with."""
        return None if self.own_seconds is None else self.own_seconds + sum(r.seconds for r in self.rolled)


def carried(before: Rollover, octets_left: int | None, seconds_left: int | None) -> tuple[Rolled, ...]:
    """What of a finished period goes on, the youngest first. The oldest was used first, and lapses first."""
    octets = _left_of(before.own_octets, octets_left, [r.octets for r in before.rolled])
    seconds = _left_of(before.own_seconds, seconds_left, [r.seconds for r in before.rolled])
    lives = [before.periods, *(r.periods - 1 for r in before.rolled)]
    found = [Rolled(o, s, n) for o, s, n in zip(octets, seconds, lives, strict=True) if n > 0 and (o or s)]
    return _bounded(found, before)


def _left_of(own: int | None, left: int | None, rolled: Sequence[int]) -> list[int]:
    rest = left or 0
    found: list[int] = []
    for amount in (own or 0, *rolled):
        found.append(min(rest, amount))
        rest -= found[-1]
    return found


def _bounded(found: Sequence[Rolled], rules: Rollover) -> tuple[Rolled, ...]:
    octets, seconds = rules.most_octets, rules.most_seconds
    kept: list[Rolled] = []
    for one in found:
        taken = one._replace(
            octets=one.octets if octets is None else min(one.octets, octets),
            seconds=one.seconds if seconds is None else min(one.seconds, seconds),
        )
        octets = None if octets is None else octets - taken.octets
        seconds = None if seconds is None else seconds - taken.seconds
        if taken.octets or taken.seconds:
            kept.append(taken)
    return tuple(kept)


def rollover_facts(rollover: Rollover) -> list[object]:
    """As JSON values; `rollover_from` reads them."""
    return [*rollover[:-1], [list(one) for one in rollover.rolled]]


def rollover_from(items: list[object]) -> Rollover | None:
    """Read what `rollover_facts` wrote; nothing is None.

    Raises:
        FactsError: anything else.
    """
    if not items:
        return None
    *numbers, rolled = items
    if len(items) != len(Rollover._fields) or not isinstance(rolled, list):
        raise FactsError(f"rollover: {items!r} is not what is written")
    if any(number is not None and type(number) is not int for number in numbers):
        raise FactsError(f"rollover: {items!r} has something else than whole numbers")
    parts = tuple(Rolled(*(int(number) for number in one)) for one in rolled)
    own_octets, own_seconds, most_octets, most_seconds, periods = (
        None if number is None else int(str(number)) for number in numbers
    )
    return Rollover(own_octets, own_seconds, most_octets, most_seconds, periods or 1, parts)
