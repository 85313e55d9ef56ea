"""How long, how much and how often: the numbers of a Grant (billing rules §12)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.model.traffic import RateLimit

MIN_SESSION_SECONDS: Final = 60
"""A shorter cap would keep a device busy with logging in (billing rules §12)."""

MAX_SESSION_SECONDS: Final = 2**31 - 1
"""The largest Session-Timeout that devices with signed numbers read as one."""

MIN_INTERIM_SECONDS: Final = 60
"""RFC 2869 §5.16: MUST NOT be smaller."""

MAX_INTERIM_SECONDS: Final = 86_400
"""A day without a report makes a lost Stop a day's guess."""

ASSUMED_LINE_BPS: Final = 100_000_000
"""What a user without a rate limit is taken to be able to draw when a small allowance decides the interval."""


class SessionEnd(StrEnum):
    """What ends a session that goes on and on: the word that explains a Session-Timeout."""

    COVERAGE = "coverage"
    ONLINE_TIME = "online_time"
    HOURS = "hours"
    BALANCE = "balance"
    DAY_OR_MONTH_CAP = "day_or_month_cap"
    SESSION_CAP = "session_cap"


def session_ends(
    policy: AccessPolicy,
    coverage_end: int | None,
    now: int,
    seconds_left: int | None = None,
    next_forbidden_at: int | None = None,
    balance_seconds: int | None = None,
    cap_seconds: int | None = None,
) -> list[tuple[int, SessionEnd]]:
    """Everything that will end a session, in seconds from now; the first of the smallest decides.

    Args: see `session_timeout`.
    """
    ends: list[tuple[int, SessionEnd]] = []
    if coverage_end is not None:
        ends.append((coverage_end - now, SessionEnd.COVERAGE))
    if seconds_left is not None:
        ends.append((seconds_left, SessionEnd.ONLINE_TIME))
    if next_forbidden_at is not None:
        ends.append((next_forbidden_at - now, SessionEnd.HOURS))
    if balance_seconds is not None:
        ends.append((balance_seconds, SessionEnd.BALANCE))
    if cap_seconds is not None:
        ends.append((cap_seconds, SessionEnd.DAY_OR_MONTH_CAP))
    if policy.session_cap_seconds is not None:
        ends.append((max(policy.session_cap_seconds, MIN_SESSION_SECONDS), SessionEnd.SESSION_CAP))
    return ends


def session_timeout(
    policy: AccessPolicy,
    coverage_end: int | None,
    now: int,
    seconds_left: int | None = None,
    next_forbidden_at: int | None = None,
    balance_seconds: int | None = None,
    cap_seconds: int | None = None,
) -> int | None:
    """Session-Timeout in seconds; None if nothing ends the session, 0 if it must not begin.

    Args:
        coverage_end: end of contiguous coverage under the same policy, epoch seconds; None has no end.
        seconds_left: online seconds left over the chain; None where no plan counts them.
        next_forbidden_at: start of the next forbidden hour, epoch seconds.
        balance_seconds: what the wallet buys.
        cap_seconds: what the caps of the day and the month leave.

    The smallest wins. The plan's cap on one session is lifted to 60 s; an end is an end, however near.
    """
    ends = session_ends(
        policy, coverage_end, now, seconds_left, next_forbidden_at, balance_seconds, cap_seconds
    )
    if not ends:
        return None
    return min(max(min(ends)[0], 0), MAX_SESSION_SECONDS)


def interim_seconds(
    policy: AccessPolicy, nas_interim_seconds: int, octets_left: int | None, rate: RateLimit | None
) -> int:
    """Acct-Interim-Interval in seconds: the plan's, else the device's, shorter near the end of an allowance.

    If the line could draw what is left in less than two intervals, the interval becomes half that time, at least 60 s:
    the overshoot at exhaustion is bounded by one interval. Nothing random is added: the same facts must give the same
    answer, so that a trace explains it, and logins spread themselves. What a crowd is told is in flows.intervals.
    """
    chosen = policy.interim_seconds or nas_interim_seconds
    interval = min(max(chosen, MIN_INTERIM_SECONDS), MAX_INTERIM_SECONDS)
    if octets_left is None:
        return interval
    bps = ASSUMED_LINE_BPS if rate is None else rate.up_bps + rate.down_bps
    lasts_seconds = octets_left * 8 // bps
    if lasts_seconds < 2 * interval:
        return max(MIN_INTERIM_SECONDS, min(interval, lasts_seconds // 2))
    return interval


class RateSource(StrEnum):
    """Whose rate holds, the strongest first."""

    THROTTLE = "throttle"
    RULE = "rule"
    ACCOUNT = "account"
    PLAN = "plan"
    GROUP = "group"
    NONE = "none"


def chosen_rate(
    plan: RateLimit | None,
    account: RateLimit | None,
    group: RateLimit | None,
    *,
    rule: RateLimit | None = None,
    throttled: bool = False,
) -> tuple[RateLimit | None, RateSource]:
    """The rate that holds and where it comes from: the access rule's, the account's own, the plan's, the group's.

    After exhaustion the plan's slow rate holds and no other: a better rate was for what is used up. None: no limit.
    """
    if throttled and plan is not None:
        return plan, RateSource.THROTTLE
    if rule is not None:
        return rule, RateSource.RULE
    if account is not None:
        return account, RateSource.ACCOUNT
    if plan is not None:
        return plan, RateSource.PLAN
    return (group, RateSource.GROUP) if group is not None else (None, RateSource.NONE)


def rate_for(
    plan: RateLimit | None,
    account: RateLimit | None,
    group: RateLimit | None,
    *,
    rule: RateLimit | None = None,
    throttled: bool = False,
) -> RateLimit | None:
    """The rate that `chosen_rate` chooses."""
    return chosen_rate(plan, account, group, rule=rule, throttled=throttled)[0]
