"""停机保号: when a suspension is allowed, what it does to a chain, and by how many days it moves ends (billing rules §10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from zhuomai_appliance.model.entitlement import Entitlement, Segment, at, settle
from zhuomai_appliance.model.moment import (
    DAY_SECONDS,
    Timestamp,
    Zone,
    add_days,
    add_months,
    day_of,
    day_start,
    local_day,
)
from zhuomai_appliance.model.plan_rules import SuspensionRules
from zhuomai_appliance.model.products import PlanKind, SubscriptionId, SubscriptionState, move

_ROUNDS: Final = 64
"""A date that a refusal names is looked at again; rules that never allow anything end the search."""


class Pause(NamedTuple):
    """A suspension of the past: since when, until when (None: it lasts), and by how many days it moved ends."""

    begins_at: int
    ended_at: int | None
    days: int


@dataclass(frozen=True, slots=True)
class NotNow:
    """Why a suspension may not begin: a stable word, and from when it may (None: no date brings it)."""

    code: str
    from_at: int | None = None


def may_ever(kind: PlanKind, rules: SuspensionRules) -> bool:
    """Whether a plan is suspended at all: unless it says so, all but a buyout, whose end is a date, and a free one."""
    if rules.allowed is not None:
        return rules.allowed
    return kind not in (PlanKind.BUYOUT, PlanKind.FREE)


def refusal(rules: SuspensionRules, pauses: Sequence[Pause], begins_at: int, zone: Zone) -> NotNow | None:
    """Why a suspension may not begin at an instant, with the first date at which nothing speaks against it (W66).

    Args:
        rules: the plan's.
        pauses: the account's suspensions so far, whatever plan it had: a renewal gives no new allowance.
        begins_at: when it would begin.
        zone: the calendar.
    """
    first = _refusal(rules, pauses, begins_at, zone)
    found = first
    for _ in range(_ROUNDS):
        if first is None or found is None or found.from_at is None:
            break
        when = found.from_at
        found = _refusal(rules, pauses, when, zone)
        if found is None:
            return NotNow(first.code, when)
    return None if first is None else NotNow(first.code)


def _refusal(rules: SuspensionRules, pauses: Sequence[Pause], begins_at: int, zone: Zone) -> NotNow | None:
    today = local_day(begins_at, zone)
    year, next_year = _year(begins_at, zone)
    ended = [pause.ended_at for pause in pauses if pause.ended_at is not None and pause.days]
    if ended and rules.active_days_between:
        again = day_start(local_day(max(ended), zone) + rules.active_days_between, zone)
        if begins_at < again:
            return NotNow("suspended_too_soon", again)
    within = [pause for pause in pauses if year <= pause.begins_at < next_year]
    if rules.times_per_year is not None and len(within) >= rules.times_per_year:
        return NotNow("suspended_too_often", next_year if rules.times_per_year else None)
    if rules.days_per_year is not None and sum(p.days for p in within) >= rules.days_per_year:
        return NotNow("suspended_too_long", next_year if rules.days_per_year else None)
    for span in rules.blackout:
        if span.first_day <= today <= span.last_day:
            return NotNow("suspension_blackout", day_start(span.last_day + 1, zone))
    return None


def most_days(rules: SuspensionRules, pauses: Sequence[Pause], begins_at: int, zone: Zone) -> int | None:
    """How many days a suspension may move an end at most; None for no limit. Days belong to the year of its begin."""
    year, next_year = _year(begins_at, zone)
    used = sum(pause.days for pause in pauses if year <= pause.begins_at < next_year)
    limits = [] if rules.max_days is None else [rules.max_days]
    if rules.days_per_year is not None:
        limits.append(max(rules.days_per_year - used, 0))
    return min(limits, default=None)


def _year(at_: int, zone: Zone) -> tuple[Timestamp, Timestamp]:
    now = zone.local(at_).date()
    first = now.replace(month=1, day=1)
    return day_start(day_of(first), zone), day_start(day_of(first.replace(year=first.year + 1)), zone)


def whole_days(since: int, until: int, min_days: int = 1, most: int | None = None) -> int:
    """By how many days a suspension moves ends: whole ones alone, none below the least (W41), never more than the most."""
    days = max(until - since, 0) // DAY_SECONDS
    if days < min_days:
        return 0
    return days if most is None else min(days, most)


def months_begun(since: int, until: int, zone: Zone) -> int:
    """How many months of the keep fee (保号费) an instant asks for: one from the begin on, one more each month."""
    begun = 1
    while begun < 1200 and add_months(since, begun, zone) <= until:
        begun += 1
    return begun


def suspend(chain: Entitlement, ids: Collection[SubscriptionId], when: int) -> Entitlement:
    """The chain with these running segments suspended from an instant on; what is queued behind them waits.

    Raises:
        ValueError: one of them does not run.
    """
    walked = at(chain, when)
    since = Timestamp(max(when, walked.as_of))
    segments = [
        s._replace(state=move(s.state, SubscriptionState.SUSPENDED), suspended_at=since)
        if s.subscription_id in ids
        else s
        for s in walked.segments
    ]
    return settle(walked, segments, since)


def resume(
    chain: Entitlement, until: int, now: int, *, min_days: int = 1, most: int | None = None
) -> Entitlement:
    """The chain with all that is suspended running again, each end later by the whole days (W40).

    What follows begins at the new end and is counted from there.

    Args:
        until: up to when days count: now, or the planned date if that is past.
        now: the instant from which it runs.
        min_days: fewer move nothing.
        most: the most that an end may move.
    """
    walked = at(chain, now)
    when = Timestamp(max(now, walked.as_of))
    segments = [_resumed(s, until, walked.zone, min_days, most) for s in walked.segments]
    return settle(walked, segments, when)


def _resumed(segment: Segment, until: int, zone: Zone, min_days: int, most: int | None) -> Segment:
    since = segment.suspended_at
    if segment.state is not SubscriptionState.SUSPENDED or since is None:
        return segment
    days = whole_days(since, until, min_days, most)
    segment = segment._replace(state=move(segment.state, SubscriptionState.ACTIVE), suspended_at=None)
    if not days:
        return segment
    end = None if segment.ends_at is None else add_days(segment.ends_at, days, zone)
    return segment._replace(ends_at=end, paused_days=segment.paused_days + days, chain_anchor_at=None)


def suspended_ids(chain: Entitlement) -> tuple[SubscriptionId, ...]:
    """The segments that are suspended."""
    return tuple(s.subscription_id for s in chain.segments if s.state is SubscriptionState.SUSPENDED)


def strictest(rules: Iterable[SuspensionRules]) -> tuple[int, int, bool]:
    """Of several plans together: least days, keep fee a month, and whether a login resumes."""
    every = list(rules)
    return (
        max((one.min_days for one in every), default=1),
        max((one.keep_fee_fen for one in every), default=0),
        bool(every) and all(one.resume_on_login for one in every),
    )
