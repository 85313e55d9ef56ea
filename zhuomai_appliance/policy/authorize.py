"""May this attempt go online, and how? One ordered list of small named checks; the first refusal is the answer.

`CHECKS` is the whole policy, in its order: `zhuomai explain` walks the same tuple and calls the same functions as the
server, and shows what each of them looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import (
    AccessKind,
    Grant,
    MacProof,
    NoProof,
    Reason,
    Rejection,
    Verdict,
)
from zhuomai_appliance.model.access_rules import AccessRule
from zhuomai_appliance.model.entitlement import WhyNot, why_not
from zhuomai_appliance.model.money import format_yuan
from zhuomai_appliance.model.people import is_printable_name
from zhuomai_appliance.policy import shown
from zhuomai_appliance.policy.case import Case
from zhuomai_appliance.policy.devices import NOT_BOUND, BindingPlan, may_come_back
from zhuomai_appliance.policy.facts import PlaceCount
from zhuomai_appliance.policy.limits import chosen_rate, interim_seconds
from zhuomai_appliance.policy.rules import Ruling

_WHY: Final = {
    WhyNot.NO_PLAN: Reason.NO_PLAN,
    WhyNot.NOT_STARTED: Reason.NO_PLAN,
    WhyNot.EXPIRED: Reason.EXPIRED,
    WhyNot.DATA_USED_UP: Reason.DATA_USED_UP,
    WhyNot.TIME_USED_UP: Reason.TIME_USED_UP,
    WhyNot.SUSPENDED: Reason.SUSPENDED,
    WhyNot.DAY_USED_UP: Reason.DAY_USED_UP,
    WhyNot.MONTH_USED_UP: Reason.MONTH_USED_UP,
    WhyNot.BALANCE_SHORT: Reason.BALANCE_SHORT,
    WhyNot.OWN_LIMIT: Reason.OWN_LIMIT,
}

_WHY_WITH_MONEY: Final = frozenset((WhyNot.BALANCE_SHORT, WhyNot.OWN_LIMIT))
_WHY_WITH_TIME: Final = frozenset(
    (WhyNot.EXPIRED, WhyNot.NOT_STARTED, WhyNot.DAY_USED_UP, WhyNot.MONTH_USED_UP)
)

NOT_OF_THE_GROUP: Final = "not an account of this realm's group"


class Check(NamedTuple):
    """One step of the policy.

    Attributes:
        name: a stable word; words for people are in web.explained.
        judge: refuses, or lets the next check have its say.
        looks_at: what it decides by, for whoever wants to know why; None where it has nothing to say.
    """

    name: str
    judge: Callable[[Case], Rejection | None]
    looks_at: Callable[[Case], shown.Shown]


def _malformed(case: Case) -> Rejection | None:
    """Names with control, bidi or invisible characters are refused, never repaired (security R8)."""
    attempt = case.attempt
    if isinstance(attempt.proof, NoProof):
        return Rejection(Reason.MALFORMED, attempt.proof.detail)
    if not isinstance(attempt.proof, MacProof) and not is_printable_name(attempt.username):
        return Rejection(Reason.MALFORMED, "a user name of unprintable characters, empty, or too long")
    return None


def _administrator(case: Case) -> Rejection | None:
    """Logins to the access device itself are never an account's (vendor notes §2)."""
    return Rejection(Reason.ADMIN_LOGIN) if case.attempt.access_kind is AccessKind.ADMIN else None


def _lists(case: Case) -> Rejection | None:
    phone = None if case.facts is None else case.facts.phone_index
    return case.lists.check(case.attempt.mac, case.attempt.ip, case.now, phone)


def _known(case: Case) -> Rejection | None:
    if case.facts is not None:
        return None
    return (
        Rejection(Reason.DEVICE_NOT_REGISTERED, NOT_BOUND)
        if case.is_silent
        else Rejection(Reason.UNKNOWN_USER)
    )


def _locked(case: Case) -> Rejection | None:
    account = case.known.account
    if not account.is_locked(case.now):
        return None
    found: tuple[tuple[str, int | str], ...] = (("x", account.locked_reason),)
    if account.locked_until:
        found += (("t", account.locked_until),)
    return Rejection(Reason.ACCOUNT_LOCKED, facts=found)


def _realm(case: Case) -> Rejection | None:
    """A realm, or a network that implies one, may be for the accounts of one group alone (features A18)."""
    groups = case.known.realm_groups
    if groups is None or case.known.account.group_id in groups:
        return None
    return Rejection(Reason.PLACE_NOT_ALLOWED, NOT_OF_THE_GROUP)


def _closed(case: Case) -> Rejection | None:
    closed_at = case.known.account.closed_at
    return Rejection(Reason.ACCOUNT_CLOSED) if closed_at is not None and closed_at <= case.now else None


def _password_change(case: Case) -> Rejection | None:
    return Rejection(Reason.MUST_CHANGE_PASSWORD) if case.known.must_change_password else None


def _phone_binding(case: Case) -> Rejection | None:
    return Rejection(Reason.MUST_BIND_PHONE) if case.known.must_bind_phone else None


def _rules(case: Case) -> Rejection | None:
    """Where and when: hours with holidays, device, SSID, VLAN, kind, network, by group (features A13, A17, A21)."""
    return None if case.known.rules is None else case.ruling.refusal()


def _plan(case: Case) -> Rejection | None:
    """Why the chain has nothing to be online with. ``t`` is when a plan ended, or when the next one begins."""
    if case.standing is not None:
        return None
    missing = None if case.chain is None else why_not(case.chain, case.now)
    if missing is None:
        return Rejection(Reason.NO_PLAN)
    facts: tuple[tuple[str, int | str], ...] = ()
    if missing.at is not None and missing.why in _WHY_WITH_TIME:
        facts += (("t", missing.at),)
    if missing.why in _WHY_WITH_MONEY and case.known.use is not None:
        fen = max((left.fen for left in case.known.use.left.values() if left.rest is not None), default=0)
        facts += (("x", format_yuan(fen)),)
    if missing.plan_name:
        facts += (("plan", missing.plan_name),)
    reason = _WHY[missing.why]
    detail = "" if missing.why.value == reason.value else missing.why.value
    return Rejection(reason, detail, facts)


def _silent_login(case: Case) -> Rejection | None:
    """A device address alone opens an account only while its owner's plan and its own validity allow it (A10, A11)."""
    proof, segment = case.attempt.proof, case.segment
    if segment is None or not isinstance(proof, MacProof):
        return None
    return may_come_back(proof.mac, case.known.bindings, segment.policy, case.now)


def _devices(case: Case) -> Rejection | None:
    """Bound devices: the first so many, or those that an operator fixed (features A14, A20)."""
    found = case.binding
    return found if isinstance(found, Rejection) else None


def _sessions(case: Case) -> Rejection | None:
    """How many devices are online at once (共享数, features A19)."""
    facts = case.known
    if not facts.open_sessions and not facts.reservations:
        return None
    found = case.room
    return found if isinstance(found, Rejection) else None


def _places(case: Case) -> Rejection | None:
    """How many may be at one access point, in one network, at one device, in the project (features A28)."""
    places = case.known.places
    return _full(places) if places else None


def _full(places: tuple[PlaceCount, ...]) -> Rejection | None:
    for place in places:
        if place.others >= place.maximum:
            detail = f"{place.kind} {place.value} {place.others}/{place.maximum}"
            return Rejection(Reason.PLACE_FULL, detail, (("n", place.maximum),))
    return None


def _time(case: Case) -> Rejection | None:
    """A session of no length is a refusal, never a Session-Timeout of 0 (billing rules §12)."""
    found = case.standing
    if found is None or case.timeout != 0:
        return None
    segment, end = found.segment, found.coverage_end
    if found.seconds_left is not None and found.seconds_left <= 0:
        return Rejection(Reason.TIME_USED_UP, facts=(("plan", segment.plan_name),))
    return Rejection(
        Reason.EXPIRED, facts=(("t", case.now if end is None else end), ("plan", segment.plan_name))
    )


BEFORE_PROOF: Final = (
    Check("request", _malformed, shown.request),
    Check("administrator", _administrator, shown.administrator),
    Check("lists", _lists, shown.lists),
    Check("account", _known, shown.account),
    Check("lock", _locked, shown.lock),
)
"""What is decided without looking at the password."""

AFTER_PROOF: Final = (
    Check("realm", _realm, shown.realm),
    Check("closed", _closed, shown.closed),
    Check("lock_again", _locked, shown.nothing),
    Check("password_change", _password_change, shown.password_change),
    Check("phone_binding", _phone_binding, shown.phone_binding),
    Check("rules", _rules, shown.rules),
    Check("plan", _plan, shown.plan),
    Check("silent_login", _silent_login, shown.silent_login),
    Check("devices", _devices, shown.devices),
    Check("sessions", _sessions, shown.sessions),
    Check("places", _places, shown.places),
    Check("time", _time, shown.time),
)
"""What only who knows the password is told."""

CHECKS: Final = BEFORE_PROOF + AFTER_PROOF

_JUDGES_BEFORE: Final = tuple(check.judge for check in BEFORE_PROOF)
_JUDGES_AFTER: Final = tuple(check.judge for check in AFTER_PROOF)


def before_proof(case: Case) -> Rejection | None:
    """What is decided without looking at the password; None lets the proof be checked.

    Malformed requests, the device's own administrators, listed devices, unknown names and locked accounts. That an
    account is closed, suspended or without a plan is told only to who knows its password.
    """
    for judge in _JUDGES_BEFORE:
        if refused := judge(case):
            return refused
    return None


def decide(case: Case) -> Verdict:
    """The verdict on an attempt whose proof holds (a bound device's address is its own proof).

    The plan's chain is asked as of the case's ``now`` and as if the login had started what waits for a first login;
    the flow stores that start. The Grant's ``class_token`` is the flow's to fill, and its ``ends`` to carry out.
    """
    for judge in _JUDGES_AFTER:
        if refused := judge(case):
            return refused
    return grant(case)


def grant(case: Case) -> Grant:
    """What a login gets that no check refuses: the plan, with what account, group and access rule make of it."""
    found, facts = case.standing, case.known
    if found is None:
        raise LookupError("nothing is granted without a plan")
    segment, interval = found.segment, facts.nas.interim_seconds
    left = _least(found.octets_left, case.limits.money_octets)
    policy, rule_rate = segment.policy, None if facts.rules is None else case.ruling.rate
    rate, _ = chosen_rate(
        policy.rate, facts.account_rate, facts.group_rate, rule=rule_rate, throttled=segment.throttled
    )
    made = Grant(
        session_timeout_seconds=case.timeout,
        idle_timeout_seconds=None,
        octets_left=left,
        rate=rate,
        acct_interim_seconds=interim_seconds(policy, interval, _least(left, case.limits.octets), rate),
        user_group=facts.user_group,
        plan_name=segment.plan_name,
    )
    if facts.open_sessions and isinstance(case.room, tuple) and case.room:
        made = made._replace(ends=tuple((one.nas_id, one.acct_session_id) for one in case.room))
    return made if facts.rules is None else _overridden(made, case.ruling.rule)


def _least(left: int | None, other: int | None) -> int | None:
    """The smaller of two amounts of octets, None where neither is bounded.

    A cap of the day shortens the interval between reports and bounds no quota: it may begin anew at midnight.
    """
    if left is None or other is None:
        return other if left is None else left
    return min(left, other)


def _overridden(made: Grant, rule: AccessRule | None) -> Grant:
    """A grant with what an access rule gives instead."""
    if rule is None:
        return made
    return made._replace(
        user_group=rule.user_group or made.user_group,
        vlan=rule.vlan,
        pool=rule.pool,
        acl=rule.acl,
        isolation=rule.isolation or made.isolation,
    )


def refusal_of_guest(ruling: Ruling, places: tuple[PlaceCount, ...]) -> Rejection | None:
    """Why somebody whose account is elsewhere may not log in here and now: where and when are ours to say."""
    return ruling.refusal() or _full(places)


def granted_to_guest(made: Grant, ruling: Ruling, now: int) -> Grant:
    """What a server elsewhere allows, within our hours and by our rules."""
    timeout = made.session_timeout_seconds
    if ruling.forbidden_at is not None:
        left = ruling.forbidden_at - now
        timeout = left if timeout is None else min(timeout, left)
    return _overridden(
        made._replace(session_timeout_seconds=timeout, rate=ruling.rate or made.rate), ruling.rule
    )


def binding_plan(case: Case) -> BindingPlan | None:
    """What a granted login binds, by the plan in use; None where there is nothing to bind."""
    return case.binding if isinstance(case.binding, BindingPlan) else None
