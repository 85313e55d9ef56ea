"""How long, how much and how often: the numbers of a Grant (billing rules §12)."""

from __future__ import annotations

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


def session_timeout(
    policy: AccessPolicy,
    coverage_end: int | None,
    now: int,
    seconds_left: int | None = None,
    next_forbidden_at: int | None = None,
    balance_seconds: int | None = None,
) -> int | None:
    """Session-Timeout in seconds; None if nothing ends the session, 0 if it must not begin.

    Args:
        coverage_end: end of contiguous coverage under the same policy, epoch seconds; None has no end.
        seconds_left: online seconds left over the chain; None where no plan counts them.
        next_forbidden_at: start of the next forbidden hour, epoch seconds.
        balance_seconds: what the wallet buys.

    The smallest wins. The plan's cap on one session is lifted to 60 s; an end is an end, however near.
    """
    ends = [
        left
        for left in (
            None if coverage_end is None else coverage_end - now,
            seconds_left,
            None if next_forbidden_at is None else next_forbidden_at - now,
            balance_seconds,
        )
        if left is not None
    ]
    if policy.session_cap_seconds is not None:
        ends.append(max(policy.session_cap_seconds, MIN_SESSION_SECONDS))
    if not ends:
        return None
    return min(max(min(ends), 0), MAX_SESSION_SECONDS)


def interim_seconds(
    policy: AccessPolicy, nas_interim_seconds: int, octets_left: int | None, rate: RateLimit | None
) -> int:
    """Acct-Interim-Interval in seconds: the plan's, else the device's, shorter near the end of an allowance.

    If the line could draw what is left in less than two intervals, the interval becomes half that time, at least 60 s:
    the overshoot at exhaustion is bounded by one interval. Nothing random is added, although a spread would keep a
    school from reporting in step: the same facts must give the same answer, so that a trace explains it, and logins
    spread themselves.
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


def rate_for(
    plan: RateLimit | None, account: RateLimit | None, group: RateLimit | None, *, throttled: bool = False
) -> RateLimit | None:
    """The rate that holds: the account's own, else the plan's, else the group's.

    After exhaustion the plan's slow rate holds and no other: an account's better rate was for what is used up.
    """
    if throttled and plan is not None:
        return plan
    return account or plan or group
