"""May this attempt go online, and how? An ordered list of small checks; the first refusal is the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from zhuomai_appliance.model.access import (
    AccessAttempt,
    AccessKind,
    Grant,
    MacProof,
    NoProof,
    Reason,
    Rejection,
    Verdict,
)
from zhuomai_appliance.model.entitlement import (
    Entitlement,
    Standing,
    WhyNot,
    current,
    first_login,
    standing,
    why_not,
)
from zhuomai_appliance.model.network import AccessListEntry
from zhuomai_appliance.model.people import is_printable_name
from zhuomai_appliance.model.segments import Segment
from zhuomai_appliance.policy.devices import BindingPlan, binding_for, may_come_back, too_many_devices
from zhuomai_appliance.policy.facts import AccessFacts
from zhuomai_appliance.policy.limits import interim_seconds, rate_for, session_timeout
from zhuomai_appliance.policy.lists import check_lists

_WHY: Final = {
    WhyNot.NO_PLAN: Reason.NO_PLAN,
    WhyNot.NOT_STARTED: Reason.NO_PLAN,
    WhyNot.EXPIRED: Reason.EXPIRED,
    WhyNot.DATA_USED_UP: Reason.DATA_USED_UP,
    WhyNot.TIME_USED_UP: Reason.TIME_USED_UP,
    WhyNot.SUSPENDED: Reason.SUSPENDED,
}


def before_proof(
    attempt: AccessAttempt, facts: AccessFacts | None, lists: Iterable[AccessListEntry], now: int
) -> Rejection | None:
    """What is decided without looking at the password; None lets the proof be checked.

    Malformed requests, the device's own administrators, listed devices, unknown names and locked accounts. That an
    account is closed, suspended or without a plan is told only to who knows its password. ``facts`` None means that
    nobody has this name, or that no account owns this device.
    """
    return (
        _malformed(attempt)
        or _admin(attempt)
        or check_lists(lists, attempt.mac, attempt.ip, now)
        or _unknown(attempt, facts)
        or (None if facts is None else _locked(facts, now))
    )


def decide(attempt: AccessAttempt, facts: AccessFacts, now: int) -> Verdict:
    """The verdict on an attempt whose proof holds (a bound device's address is its own proof).

    The plan's chain is asked as of ``now`` and as if the login had started what waits for a first login; the flow
    stores that start. The Grant's ``class_token`` is the flow's to fill.
    """
    for check in _ACCOUNT_CHECKS:
        if refused := check(facts, now):
            return refused
    if facts.entitlement is None:
        return Rejection(Reason.NO_PLAN)
    found = standing(facts.entitlement, now)
    if found is None:
        return _no_access(first_login(facts.entitlement, now), now)
    refused = (
        _silent(attempt, facts, found.segment, now)
        or _bindings(attempt, facts, found.segment, now)
        or too_many_devices(
            attempt.mac, attempt.ip, found.max_sessions, facts.open_sessions, facts.reservations, now
        )
    )
    return refused or _grant(facts, found, now)


def binding_plan(attempt: AccessAttempt, facts: AccessFacts, now: int) -> BindingPlan | None:
    """What a granted login binds, by the plan that holds at ``now``; None where there is nothing to bind."""
    if facts.entitlement is None:
        return None
    segment = current(first_login(facts.entitlement, now), now)
    if segment is None:
        return None
    plan = binding_for(attempt.mac, facts.bindings, segment.policy, now)
    return plan if isinstance(plan, BindingPlan) else None


def _malformed(attempt: AccessAttempt) -> Rejection | None:
    """Names with control, bidi or invisible characters are refused, never repaired (security R8)."""
    if isinstance(attempt.proof, NoProof):
        return Rejection(Reason.MALFORMED, attempt.proof.detail)
    if not isinstance(attempt.proof, MacProof) and not is_printable_name(attempt.username):
        return Rejection(Reason.MALFORMED, "a user name of unprintable characters, empty, or too long")
    return None


def _admin(attempt: AccessAttempt) -> Rejection | None:
    """Logins to the access device itself are never an account's (vendor notes §2)."""
    return Rejection(Reason.ADMIN_LOGIN) if attempt.access_kind is AccessKind.ADMIN else None


def _unknown(attempt: AccessAttempt, facts: AccessFacts | None) -> Rejection | None:
    if facts is not None:
        return None
    if isinstance(attempt.proof, MacProof):
        return Rejection(Reason.DEVICE_NOT_REGISTERED, "not bound")
    return Rejection(Reason.UNKNOWN_USER)


def _closed(facts: AccessFacts, now: int) -> Rejection | None:
    closed_at = facts.account.closed_at
    return Rejection(Reason.ACCOUNT_CLOSED) if closed_at is not None and closed_at <= now else None


def _locked(facts: AccessFacts, now: int) -> Rejection | None:
    account = facts.account
    if not account.is_locked(now):
        return None
    found: tuple[tuple[str, int | str], ...] = (("x", account.locked_reason),)
    if account.locked_until:
        found += (("t", account.locked_until),)
    return Rejection(Reason.ACCOUNT_LOCKED, facts=found)


def _must_change_password(facts: AccessFacts, now: int) -> Rejection | None:
    return Rejection(Reason.MUST_CHANGE_PASSWORD) if facts.must_change_password else None


def _must_bind_phone(facts: AccessFacts, now: int) -> Rejection | None:
    return Rejection(Reason.MUST_BIND_PHONE) if facts.must_bind_phone else None


_ACCOUNT_CHECKS: Final[tuple[Callable[[AccessFacts, int], Rejection | None], ...]] = (
    _closed,
    _locked,
    _must_change_password,
    _must_bind_phone,
)


def _no_access(chain: Entitlement, now: int) -> Rejection:
    """Why the chain has nothing to be online with. ``t`` is when a plan ended, or when the next one begins."""
    missing = why_not(chain, now)
    if missing is None:
        return Rejection(Reason.NO_PLAN)
    facts: tuple[tuple[str, int | str], ...] = ()
    if missing.at is not None and missing.why in {WhyNot.EXPIRED, WhyNot.NOT_STARTED}:
        facts += (("t", missing.at),)
    if missing.plan_name:
        facts += (("plan", missing.plan_name),)
    reason = _WHY[missing.why]
    detail = "" if missing.why.value == reason.value else missing.why.value
    return Rejection(reason, detail, facts)


def _silent(attempt: AccessAttempt, facts: AccessFacts, segment: Segment, now: int) -> Rejection | None:
    if not isinstance(attempt.proof, MacProof):
        return None
    return may_come_back(attempt.proof.mac, facts.bindings, segment.policy, now)


def _bindings(attempt: AccessAttempt, facts: AccessFacts, segment: Segment, now: int) -> Rejection | None:
    plan = binding_for(attempt.mac, facts.bindings, segment.policy, now)
    return plan if isinstance(plan, Rejection) else None


def _grant(facts: AccessFacts, found: Standing, now: int) -> Verdict:
    segment, end = found.segment, found.coverage_end
    left, online_left = found.octets_left, found.seconds_left
    policy = segment.policy
    timeout = session_timeout(policy, end, now, online_left)
    if timeout == 0:
        if online_left is not None and online_left <= 0:
            return Rejection(Reason.TIME_USED_UP, facts=(("plan", segment.plan_name),))
        return Rejection(
            Reason.EXPIRED, facts=(("t", now if end is None else end), ("plan", segment.plan_name))
        )
    rate = rate_for(policy.rate, facts.account_rate, facts.group_rate, throttled=segment.throttled)
    return Grant(
        session_timeout_seconds=timeout,
        idle_timeout_seconds=None,
        octets_left=left,
        rate=rate,
        acct_interim_seconds=interim_seconds(policy, facts.nas.interim_seconds, left, rate),
        user_group=facts.user_group,
        plan_name=segment.plan_name,
    )
