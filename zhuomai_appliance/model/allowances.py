"""What the rules about use leave of a chain: which segments rest, and how long and far a session may go (billing rules §12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from zhuomai_appliance.model.chain import at, resting
from zhuomai_appliance.model.segments import Entitlement, Rest, Segment, WhyNot
from zhuomai_appliance.model.use import CapState, Spent, cap_state


class Left(NamedTuple):
    """Until when a segment rests for want of money, or because its free day is used up; what the money still buys.

    ``fen`` of one that rests is what is missing, or the limit that is reached.
    """

    rest: Rest | None
    seconds: int | None = None
    octets: int | None = None
    fen: int = 0


NOTHING_LEFT: Final[Mapping[int, Left]] = {}


class UseFacts(NamedTuple):
    """What is known of an account's use where a segment of its chain has rules about it.

    ``spent`` holds its day buckets from the first day of the month on; ``left`` what a segment's price leaves of the
    money, by subscription, for those whose use costs something now.
    """

    spent: Spent
    left: Mapping[int, Left] = NOTHING_LEFT


class Limits(NamedTuple):
    """What bounds a session beside its plan's own allowance; None where nothing does. Money may come, caps begin anew."""

    seconds: int | None = None
    octets: int | None = None
    money_seconds: int | None = None
    money_octets: int | None = None


NO_LIMITS = Limits()


def has_rules(chain: Entitlement) -> bool:
    """Whether a segment that is or may soon be in use has rules about use."""
    for segment in chain.segments:  # noqa: SIM110 - any() with a generator costs three times as much
        if segment.use is not None:
            return True
    return False


def rested(chain: Entitlement, facts: UseFacts, now: int) -> Entitlement:
    """The chain at `now` with every active segment at rest of which nothing may be used.

    One that may be used again is awake in it, whatever was stored: the figures decide.
    """
    walked = at(chain, now)
    for segment in walked.segments:
        if segment.is_active and segment.use is not None:
            walked = resting(walked, segment.subscription_id, _rest_of(segment, facts, now, walked))
    return walked


def limits_of(segment: Segment, facts: UseFacts, now: int, chain: Entitlement) -> Limits:
    """What the rules leave a session that begins or goes on with this segment at `now`."""
    if segment.use is None:
        return NO_LIMITS
    caps = _caps(segment, facts, now, chain)
    left = facts.left.get(segment.subscription_id)
    if left is None:
        return Limits(caps.seconds, caps.octets)
    return Limits(caps.seconds, caps.octets, left.seconds, left.octets)


def _rest_of(segment: Segment, facts: UseFacts, now: int, chain: Entitlement) -> Rest | None:
    caps = _caps(segment, facts, now, chain)
    if caps.rests_until is None:
        left = facts.left.get(segment.subscription_id)
        return None if left is None else left.rest
    return Rest(caps.rests_until, WhyNot.MONTH_USED_UP if caps.by_month else WhyNot.DAY_USED_UP)


def _caps(segment: Segment, facts: UseFacts, now: int, chain: Entitlement) -> CapState:
    if segment.use is None:
        raise ValueError(f"subscription {segment.subscription_id} has no rules about use")
    return cap_state(segment.use.caps, segment.direction, facts.spent, now, chain.zone)
