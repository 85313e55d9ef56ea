"""How the chain of segments of one account moves: by time, by a first login, by a change (billing rules §4 to §7).

Everything here is a pure function of an Entitlement and an instant. On the common path, a head that has not ended,
`at` looks at the segments once and makes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zhuomai_appliance.model.moment import DAY_SECONDS, Anchor, Timestamp, Zone, calendar_start, end_of
from zhuomai_appliance.model.products import SubscriptionId, SubscriptionState
from zhuomai_appliance.model.rollover import carried
from zhuomai_appliance.model.segments import Entitlement, LastSegment, Rest, Segment, WhyNot

FOREVER: Final = Timestamp(2**62)
_ACTIVE, _QUEUED = SubscriptionState.ACTIVE, SubscriptionState.QUEUED
_RESERVED, _SUSPENDED = SubscriptionState.RESERVED, SubscriptionState.SUSPENDED


def next_change_at(entitlement: Entitlement) -> Timestamp | None:
    """When the chain next moves by time alone; None if only use or a purchase can move it."""
    soonest: Timestamp | None = None
    for segment in entitlement.segments:
        when = _event_of(segment, entitlement.as_of)
        if when is not None and (soonest is None or when < soonest):
            soonest = when
    return soonest


def _event_of(segment: Segment, cursor: int) -> Timestamp | None:
    """The instant at which time alone will change this segment or what it holds back."""
    if segment.state is _ACTIVE:
        if segment.rest is not None:
            soonest = min(segment.rest.until, segment.ends_at or FOREVER)
            return None if soonest == FOREVER else soonest
        return segment.ends_at
    waits_for = segment.not_before if segment.state is _QUEUED else None
    if segment.state is _RESERVED:
        waits_for = segment.activate_by
    return waits_for if waits_for is not None and waits_for > cursor else None


def at(entitlement: Entitlement, now: int) -> Entitlement:
    """The chain as it stands at `now`.

    Heads whose time is over are gone (kept in `ended` until stored), and what queues behind them began at the very
    instant they ended, however late this is asked. A `now` before `as_of` changes nothing. The same object comes
    back when nothing moved.
    """
    due = next_change_at(entitlement)
    if due is None or now < due:
        return entitlement
    return _walk(entitlement, list(entitlement.segments), entitlement.as_of, now)


def settle(
    entitlement: Entitlement,
    segments: Sequence[Segment],
    when: int,
    ended: Sequence[Segment] = (),
    last: LastSegment | None = None,
) -> Entitlement:
    """The chain after something other than time changed it: a purchase, exhaustion, a cancellation.

    Args:
        entitlement: the chain before, already walked to `when`.
        segments: all that have not ended, in the order of their turn.
        when: the instant of the change; what may begin now begins then.
        ended: those that this change ended, in their final state.
        last: what to remember of them, or None to remember what was.
    """
    changed = entitlement._replace(ended=(*entitlement.ended, *ended), last=last or entitlement.last)
    started = _start_queued(list(segments), Timestamp(when), entitlement.zone, ended)
    return _walk(changed, started, Timestamp(when), when)


def _walk(entitlement: Entitlement, segments: list[Segment], cursor: Timestamp, until: int) -> Entitlement:
    zone, ended, last = entitlement.zone, list(entitlement.ended), entitlement.last
    while (step := _step(segments, cursor, until, zone)) is not None:
        segments, cursor, over = step
        for segment in over:
            last = LastSegment(segment.subscription_id, segment.plan_name, WhyNot.EXPIRED, cursor)
        ended += over
    segments, superseded = _drop_superseded(segments, cursor)
    return entitlement._replace(
        segments=tuple(_with_projections(segments, cursor, zone)),
        ended=(*ended, *superseded),
        last=last,
        as_of=cursor,
        revision=entitlement.revision + 1,
    )


def _step(
    segments: list[Segment], cursor: Timestamp, until: int, zone: Zone
) -> tuple[list[Segment], Timestamp, list[Segment]] | None:
    """The next change that time makes up to `until`: segments after it, its instant, and those that it finished."""
    due = min((when for s in segments if (when := _event_of(s, cursor)) is not None), default=None)
    if due is None or due > until:
        return None
    cursor = max(cursor, due)
    over = [
        s._replace(state=SubscriptionState.FINISHED)
        for s in segments
        if s.is_active and s.ends_at is not None and s.ends_at <= cursor
    ]
    gone = {s.subscription_id for s in over}
    rest = [
        s if s.rest is None or s.rest.until > cursor else s._replace(rest=None)
        for s in segments
        if s.subscription_id not in gone
    ]
    return _start_queued(rest, cursor, zone, over), cursor, over


def _start_queued(
    segments: list[Segment], cursor: Timestamp, zone: Zone, after: Sequence[Segment]
) -> list[Segment]:
    """Begin what may begin at this instant: first come, first served; one that still waits for its date is passed."""
    result = list(segments)
    for i, segment in enumerate(segments):
        if segment.state is not _QUEUED or (segment.not_before is not None and segment.not_before > cursor):
            continue
        if any(_holds_back(other, segment, cursor) for other in result):
            break
        if segment.activate_by is None:
            result[i] = begin(segment, cursor, zone, after)
        else:
            wait = segment.activate_by - segment.purchased_at
            result[i] = segment._replace(
                state=_RESERVED, starts_at=None, ends_at=None, activate_by=Timestamp(cursor + wait)
            )
    return result


def _holds_back(other: Segment, candidate: Segment, cursor: int) -> bool:
    """Whether a queued segment must wait for this one (billing rules §6 and §7)."""
    if other.state is _RESERVED:
        return other.activate_by is None or other.activate_by > cursor
    if other.state is _SUSPENDED:
        return not (other.concurrent and candidate.concurrent)
    if other.state is not _ACTIVE or other.is_open or other.throttled or other.payg:
        return False
    return not (other.concurrent and candidate.concurrent)


def resting(entitlement: Entitlement, subscription_id: SubscriptionId, rest: Rest | None) -> Entitlement:
    """The chain with a segment that may not be used until then, or may again; the same object if that is so already.

    Dates and turns of the others do not depend on it: what is queued waits for the segment's end, not for its rest.
    """
    for segment in entitlement.segments:
        if segment.subscription_id == subscription_id and segment.rest != rest:
            changed = segment._replace(rest=rest)
            return entitlement._replace(
                segments=tuple(changed if s is segment else s for s in entitlement.segments)
            )
    return entitlement


def begin(segment: Segment, start: Timestamp, zone: Zone, after: Sequence[Segment] = ()) -> Segment:
    """The segment active from `start`, its end found in the calendar.

    Args:
        segment: one that has not started.
        start: when it starts.
        zone: the calendar.
        after: what finished at this instant. A month that follows a month without a gap belongs to the same chain
            and is counted from that chain's first start, never from an end that was clamped (billing rules §3).
    """
    origin, months = start, 0
    if _months_of(segment) is not None:
        for before in after:
            length = _months_of(before)
            if length is None or before.state is not SubscriptionState.FINISHED or before.ends_at != start:
                continue
            if before.chain_anchor_at is not None:
                origin, months = before.chain_anchor_at, before.chain_months + length
                break
    if segment.rollover is not None:
        segment = _with_what_is_left(segment, start, after)
    ends_at = segment.buyout_ends_at
    if segment.term is not None:
        period, anchor = segment.term
        if segment.free_until_first and start != calendar_start(period, start, zone):
            period = replace(period, count=period.count + 1)
        ends_at = end_of(period, anchor, start, zone, origin=origin, months_before=months)
    if segment.gift_days and ends_at is not None:
        # What follows is counted from where the gift ends, not from the calendar that the gift left
        ends_at = Timestamp(ends_at + segment.gift_days * DAY_SECONDS)
        return segment._replace(state=_ACTIVE, starts_at=start, ends_at=ends_at, chain_anchor_at=None)
    return segment._replace(
        state=_ACTIVE, starts_at=start, ends_at=ends_at, chain_anchor_at=origin, chain_months=months
    )


def _with_what_is_left(segment: Segment, start: int, after: Sequence[Segment]) -> Segment:
    """The segment with what the same plan's period left that ended at this instant, where its rules let it go on."""
    rules = segment.rollover
    for before in after:
        same = before.plan_name == segment.plan_name and before.ends_at == start
        if (
            rules is None
            or before.rollover is None
            or not same
            or before.state is not SubscriptionState.FINISHED
        ):
            continue
        rolled = carried(before.rollover, before.octets_left, before.seconds_left)
        rules = rules._replace(rolled=rolled)
        return segment._replace(
            rollover=rules, octets_left=rules.granted_octets, seconds_left=rules.granted_seconds
        )
    return segment


def _months_of(segment: Segment) -> int | None:
    """Months that this segment adds to a chain of months; None where its end is not found by counting months."""
    if segment.term is None or segment.term.anchor not in {Anchor.INSTANT, Anchor.END_OF_DAY}:
        return None
    return segment.term.period.months


def _drop_superseded(segments: list[Segment], cursor: Timestamp) -> tuple[list[Segment], list[Segment]]:
    """One that goes on slowly, or at a price, beside nothing else is over as soon as another runs."""
    if not any(_is_spent(s) for s in segments) or not any(s.is_active and not _is_spent(s) for s in segments):
        return segments, []
    over = [
        s._replace(state=SubscriptionState.EXHAUSTED, ends_at=cursor)
        for s in segments
        if _is_spent(s) and not s.concurrent
    ]
    gone = {s.subscription_id for s in over}
    return [s for s in segments if s.subscription_id not in gone], over


def _is_spent(segment: Segment) -> bool:
    """Whether its allowance is used up and it goes on by its plan's way beyond that."""
    return segment.throttled or segment.payg


def _with_projections(segments: list[Segment], cursor: Timestamp, zone: Zone) -> list[Segment]:
    """Queued segments with the dates they will have if time alone passes; None where use or a login decides."""
    if not any(s.state is _QUEUED for s in segments):
        return segments
    dates: dict[SubscriptionId, tuple[Timestamp | None, Timestamp | None]] = {}
    # whoever waits for a first login waits for ever in this look ahead
    ahead = [s._replace(activate_by=FOREVER) if s.activate_by is not None else s for s in segments]
    while (step := _step(ahead, cursor, FOREVER - 1, zone)) is not None:
        ahead, cursor, over = step
        dates.update(
            {s.subscription_id: (s.starts_at, s.ends_at) for s in (*over, *ahead) if s.is_active or s in over}
        )
    projected = []
    for s in segments:
        start, end = dates.get(s.subscription_id, (None, None))
        projected.append(s._replace(starts_at=start, ends_at=end) if s.state is _QUEUED else s)
    return projected


def first_login(entitlement: Entitlement, now: int) -> Entitlement:
    """The chain after a login at `now`: what waited for it begins (W03). The same object if nothing waited."""
    walked = at(entitlement, now)
    when = Timestamp(max(now, walked.as_of))
    for segment in walked.segments:
        if segment.state is _RESERVED and waits_for_login(segment, when):
            break
    else:
        return walked
    segments = [begin(s, when, walked.zone) if waits_for_login(s, when) else s for s in walked.segments]
    return settle(walked, segments, when)


def waits_for_login(segment: Segment, now: int) -> bool:
    """Whether a login at `now` would start this segment."""
    return segment.state is _RESERVED and segment.activate_by is not None and now < segment.activate_by
