"""What the chain of one account allows at an instant (billing rules §7, §12 and §13).

These are the questions of authorisation and of pages; model.chain moves the chain, model.segments holds its types and
its stored text. All that others need of the three is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from zhuomai_appliance.model.chain import (
    FOREVER,
    at,
    begin,
    first_login,
    next_change_at,
    resting,
    settle,
    waits_for_login,
)
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.products import OnExhaust, SubscriptionId, SubscriptionState
from zhuomai_appliance.model.segments import (
    RESTS,
    Entitlement,
    LastSegment,
    Rest,
    Segment,
    Term,
    WhyNot,
    dump,
    load,
    stored,
)

__all__ = [
    "Entitlement",
    "LastSegment",
    "NoAccess",
    "Rest",
    "Segment",
    "SegmentChange",
    "Standing",
    "Term",
    "WhyNot",
    "at",
    "begin",
    "changes",
    "consumed",
    "coverage_end",
    "current",
    "dump",
    "first_login",
    "load",
    "max_sessions",
    "next_change_at",
    "octets_left",
    "owned_until",
    "resting",
    "seconds_left",
    "settle",
    "standing",
    "stored",
    "why_not",
]  # fmt: skip

_ACTIVE, _QUEUED = SubscriptionState.ACTIVE, SubscriptionState.QUEUED
_RESERVED, _SUSPENDED = SubscriptionState.RESERVED, SubscriptionState.SUSPENDED
_GOES_ON = frozenset((OnExhaust.THROTTLE, OnExhaust.PAYG))


@dataclass(frozen=True, slots=True)
class NoAccess:
    """Why there is no plan to be online with, since or until when (None where no date says it), and of which plan."""

    why: WhyNot
    at: Timestamp | None = None
    plan_name: str = ""


class SegmentChange(NamedTuple):
    """The columns of one subscription row that a changed chain sets; None of what is granted leaves it as it is."""

    subscription_id: SubscriptionId
    state: SubscriptionState
    anchor_at: Timestamp | None
    starts_at: Timestamp | None
    ends_at: Timestamp | None
    octets_left: int | None
    seconds_left: int | None
    granted_octets: int | None = None
    granted_seconds: int | None = None
    paused_days: int = 0
    suspended_at: Timestamp | None = None


class Standing(NamedTuple):
    """All that a login asks of a chain, from one walk.

    ``chain`` is the chain after the login, ``segment`` what is consumed; the rest is what the functions of the same
    names tell of it.
    """

    chain: Entitlement
    segment: Segment
    max_sessions: int
    coverage_end: Timestamp | None
    octets_left: int | None
    seconds_left: int | None


def standing(entitlement: Entitlement, now: int) -> Standing | None:
    """What the chain allows a login at `now`, which starts what waits for one; None without an active segment."""
    chain = first_login(entitlement, now)
    head = consumed(chain)
    if head is None:
        return None
    if len(chain.segments) > 1:
        usable = _usable(chain, now)
        octets, seconds = _left([s.octets_left for s in usable]), _left([s.seconds_left for s in usable])
        return Standing(chain, head, max_sessions(chain, now), coverage_end(chain, now), octets, seconds)
    # One plan and nothing behind it, as nearly everybody has: there is nothing to be walked
    policy = head.policy
    if policy.on_exhaust in _GOES_ON:
        return Standing(chain, head, policy.max_sessions, head.ends_at, None, None)
    return Standing(chain, head, policy.max_sessions, head.ends_at, head.octets_left, head.seconds_left)


def current(entitlement: Entitlement, now: int) -> Segment | None:
    """The segment being consumed at `now`, whose policy holds (billing rules §7); None without an active one.

    Lowest priority number first, then earliest end, then earliest purchase; a throttled one after all others.
    """
    return consumed(at(entitlement, now))


def consumed(entitlement: Entitlement) -> Segment | None:
    """The segment being consumed as the chain stands, without walking it on."""
    best: Segment | None = None
    for segment in entitlement.segments:
        if (
            segment.state is _ACTIVE
            and segment.rest is None
            and (best is None or _turn(segment) < _turn(best))
        ):
            best = segment
    return best


def _turn(segment: Segment) -> tuple[bool, int, int, int, int]:
    ends_at = FOREVER if segment.ends_at is None else segment.ends_at
    return (
        segment.throttled or segment.payg,
        segment.priority,
        ends_at,
        segment.purchased_at,
        segment.subscription_id,
    )


def max_sessions(entitlement: Entitlement, now: int) -> int:
    """How many sessions may be online: the most that an active segment allows (billing rules §7); 0 sets no limit.

    Without an active segment it is 1, which lets nobody in: there is nothing to be online with.
    """
    limits = [s.policy.max_sessions for s in at(entitlement, now).segments if s.is_active]
    return 0 if 0 in limits else max(limits, default=1)


def coverage_end(entitlement: Entitlement, now: int) -> Timestamp | None:
    """Until when the present policy lasts without a gap, queued segments of the same policy included (§12).

    None: no end. Without an active segment: the present instant, so that nothing is left.
    """
    walked = at(entitlement, now)
    head = consumed(walked)
    if head is not None and all(_simply_queued(s) for s in walked.segments if s is not head):
        return _projected_end(head, walked.segments)
    end: Timestamp | None = Timestamp(max(now, entitlement.as_of))
    for segment in _same_policy(walked, max(now, walked.as_of)):
        end = segment.ends_at
    return end


def _simply_queued(segment: Segment) -> bool:
    """Whether its projected dates alone tell when it runs: it follows, runs beside nothing, waits for no login."""
    return segment.state is _QUEUED and not segment.concurrent and segment.activate_by is None


def _projected_end(head: Segment, segments: tuple[Segment, ...]) -> Timestamp | None:
    end = head.ends_at
    for segment in segments:
        if end is None:
            return None
        if segment is not head:
            if segment.starts_at != end or segment.policy != head.policy:
                return end
            end = segment.ends_at
    return end


def octets_left(entitlement: Entitlement, now: int) -> int | None:
    """Counted octets until the network must ask again: this and all following segments of the same policy.

    None: nothing counts them, or exhaustion slows down and does not cut. The figure counts in the direction of each allowance.
    """
    return _left([s.octets_left for s in _usable(entitlement, now)])


def seconds_left(entitlement: Entitlement, now: int) -> int | None:
    """Online seconds until the network must ask again: this and all following segments of the same policy."""
    return _left([s.seconds_left for s in _usable(entitlement, now)])


def _left(left: list[int | None]) -> int | None:
    total = 0
    for amount in left:
        if amount is None:
            return None
        total += amount
    return total


def _usable(entitlement: Entitlement, now: int) -> list[Segment]:
    """Active segments of the present policy in their turn, then the queued ones of it until one differs."""
    walked = at(entitlement, now)
    head = consumed(walked)
    if head is None:
        return []
    if head.policy.on_exhaust in _GOES_ON:
        return [head._replace(octets_left=None, seconds_left=None)]
    if len(walked.segments) == 1:
        return [head]
    usable: list[Segment] = []
    for segment in sorted((s for s in walked.segments if s.is_active and s.rest is None), key=_turn):
        if segment.policy != head.policy:
            return usable
        usable.append(segment)
    for segment in walked.segments:
        if segment.state is _QUEUED and segment.not_before is None:
            if segment.policy != head.policy:
                break
            usable.append(segment)
    return usable


def _same_policy(entitlement: Entitlement, when: int) -> Iterator[Segment]:
    """What would be consumed if only time passed, head by head, while the policy stays the same."""
    chain = first_login(entitlement, when)
    policy = None
    while (head := consumed(chain)) is not None and (policy is None or head.policy == policy):
        yield head
        if head.ends_at is None:
            return
        policy = head.policy
        chain = first_login(chain, head.ends_at)


def owned_until(entitlement: Entitlement) -> Timestamp | None:
    """When nothing more is owned; None while something has no end that time alone brings.

    An account that owns nothing answers with the end of what it owned last, or 0.
    """
    if not entitlement.segments:
        return entitlement.last.at if entitlement.last else Timestamp(0)
    latest = Timestamp(0)
    for segment in entitlement.segments:
        if segment.ends_at is None:
            return None
        latest = max(latest, segment.ends_at)
    return latest


def why_not(entitlement: Entitlement, now: int) -> NoAccess | None:
    """Why there is no active segment at `now`; None if there is one."""
    walked = at(entitlement, now)
    when = max(now, walked.as_of)
    waiting: NoAccess | None = None
    for segment in walked.segments:
        if segment.state is _ACTIVE:
            if segment.rest is None:
                return None
            if waiting is None or waiting.why not in RESTS:
                waiting = NoAccess(segment.rest.why, segment.rest.until, segment.plan_name)
            continue
        if waiting is not None and waiting.why in RESTS:
            continue
        if segment.state is _SUSPENDED:
            waiting = NoAccess(WhyNot.SUSPENDED, None, segment.plan_name)
        elif waiting is None and segment.state is _RESERVED and not waits_for_login(segment, when):
            waiting = NoAccess(WhyNot.EXPIRED, segment.activate_by, segment.plan_name)
        elif waiting is None:
            waiting = NoAccess(WhyNot.NOT_STARTED, segment.not_before, segment.plan_name)
    if waiting is not None:
        return waiting
    last = walked.last
    return NoAccess(WhyNot.NO_PLAN) if last is None else NoAccess(last.why, last.at, last.plan_name)


def changes(before: Entitlement, after: Entitlement) -> tuple[SegmentChange, ...]:
    """The subscription rows that must be written when `before` becomes `after`, those that ended included.

    `before` may have been walked on since it was read: what counts is how the store has it.
    """
    known = {s.subscription_id: s for s in before.kept}
    return tuple(
        SegmentChange(
            subscription_id=s.subscription_id,
            state=s.state,
            anchor_at=s.chain_anchor_at,
            starts_at=s.starts_at,
            ends_at=s.ends_at,
            octets_left=s.octets_left,
            seconds_left=s.seconds_left,
            granted_octets=s.rollover.granted_octets if s.rollover and s.rollover.rolled else None,
            granted_seconds=s.rollover.granted_seconds if s.rollover and s.rollover.rolled else None,
            paused_days=s.paused_days,
            suspended_at=s.suspended_at,
        )
        for s in (*after.ended, *after.segments)
        if known.get(s.subscription_id) != s
    )
