"""What each check of the policy looks at, for `explain`: names and values, None where the check has nothing to say.

Times are UTC epoch seconds under names that end in ``_at``, lengths are seconds under names that end in ``_seconds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zhuomai_appliance.model.access import MacProof
from zhuomai_appliance.model.access_rules import AccessRule
from zhuomai_appliance.model.network import ListKind
from zhuomai_appliance.model.people import BindingKind, BindingMode
from zhuomai_appliance.model.products import WhenFull
from zhuomai_appliance.policy.devices import bound_count, flapping, other_devices
from zhuomai_appliance.policy.limits import session_ends

if TYPE_CHECKING:
    from zhuomai_appliance.policy.case import Case

Value = int | str | None
Shown = Mapping[str, Value] | None


def nothing(case: Case) -> Shown:
    """A check that looks at what another one has shown."""
    return None


def request(case: Case) -> Shown:
    """What was asked."""
    attempt = case.attempt
    proof = type(attempt.proof).__name__.removesuffix("Proof").lower()
    return {"username": attempt.username, "access_kind": attempt.access_kind.value, "proof": proof}


def administrator(case: Case) -> Shown:
    """The kind of access."""
    return {"access_kind": case.attempt.access_kind.value}


def lists(case: Case) -> Shown:
    """The entries that speak of this client."""
    attempt, facts = case.attempt, case.facts
    if not case.lists.entries:
        return None
    phone = None if facts is None else facts.phone_index
    found = case.lists.matches(attempt.mac, attempt.ip, phone, case.now)
    shown: dict[str, Value] = {"entries": len(case.lists.entries), "mac": attempt.mac, "ip": attempt.ip}
    for number, match in enumerate(found, 1):
        entry = match.entry
        # A number that belongs to a person is no help to whoever helps him
        value = "" if entry.kind is ListKind.PHONE else f" {entry.value}"
        shown[f"match_{number}"] = f"{entry.action} {entry.kind}{value}"
    return shown


def account(case: Case) -> Shown:
    """Whose login it is."""
    if case.facts is None:
        return {"account": None}
    return {"account": case.facts.account.username, "group_id": case.facts.account.group_id}


def lock(case: Case) -> Shown:
    """A lock and its end."""
    found = case.facts
    if found is None or found.account.locked_until is None:
        return None
    return {
        "locked_until_at": found.account.locked_until or None,
        "locked_reason": found.account.locked_reason,
    }


def realm(case: Case) -> Shown:
    """The declared realm of the login, where only some groups may use it."""
    facts = case.facts
    if facts is None or facts.realm is None:
        return None
    return {"realm": facts.realm, "for_one_group": "yes" if facts.realm_groups is not None else "no"}


def closed(case: Case) -> Shown:
    """When the account was closed."""
    if case.facts is None or case.facts.account.closed_at is None:
        return None
    return {"closed_at": case.facts.account.closed_at}


def password_change(case: Case) -> Shown:
    """Whether the group asks for a new password."""
    return {} if case.facts is not None and case.facts.must_change_password else None


def phone_binding(case: Case) -> Shown:
    """Whether the group asks for a phone."""
    return {} if case.facts is not None and case.facts.must_bind_phone else None


def rules(case: Case) -> Shown:
    """The place, the line that decides there, and when it will be otherwise."""
    facts, attempt = case.facts, case.attempt
    if facts is None or facts.rules is None:
        return None
    ruling = case.ruling
    shown: dict[str, Value] = {
        "rules": len(facts.rules),
        "nas": facts.nas.name,
        "ssid": attempt.ssid,
        "vlan": attempt.vlan,
        "outer_vlan": facts.outer_vlan,
        "ip": attempt.ip,
        "rule": None if ruling.rule is None else ruling.rule.name,
    }
    if ruling.rule is not None:
        shown |= _of_rule(ruling.rule)
    if ruling.is_outside:
        shown["outside_hours"] = "yes"
    if ruling.forbidden_at is not None:
        shown["forbidden_at"] = ruling.forbidden_at
    if ruling.opens_at is not None:
        shown["opens_at"] = ruling.opens_at
    return shown


def _of_rule(rule: AccessRule) -> dict[str, Value]:
    shown: dict[str, Value] = {"position": rule.position, "action": rule.action.value}
    if rule.hours:
        shown["hours"] = ", ".join(map(str, rule.hours))
    if rule.has_hours:
        shown["days"] = rule.days.value
    if rule.reason:
        shown["reason"] = rule.reason
    return shown


def plan(case: Case) -> Shown:
    """The plan in use and what is left of it."""
    if case.facts is None:
        return None
    found = case.standing
    if found is None:
        return {"plan": None}
    return {
        "plan": found.segment.plan_name,
        "covered_until_at": found.coverage_end,
        "octets_left": found.octets_left,
        "online_seconds_left": found.seconds_left,
    }


def silent_login(case: Case) -> Shown:
    """What is known of the device that shows nothing but its address."""
    proof, segment = case.attempt.proof, case.segment
    if case.facts is None or segment is None or not isinstance(proof, MacProof):
        return None
    binding = next((one for one in case.facts.bindings if one.mac == proof.mac), None)
    return {
        "mac": proof.mac,
        "binding": None if binding is None else binding.kind.value,
        "silent_until_at": None if binding is None else binding.silent_until,
        "silent_login_days": segment.policy.silent_login_days,
    }


def devices(case: Case) -> Shown:
    """How devices are bound here, and how many are."""
    facts, segment = case.facts, case.segment
    if facts is None or segment is None:
        return None
    mode = facts.binding or segment.policy.binding
    if mode is BindingMode.NONE:
        return None
    known = next((one for one in facts.bindings if one.mac == case.attempt.mac), None)
    return {
        "binding_mode": mode.value,
        "mac": case.attempt.mac,
        "binding": None if known is None else known.kind.value,
        "bound": bound_count(facts.bindings),
        "random": sum(one.kind is BindingKind.RANDOM for one in facts.bindings),
        "max_macs": segment.policy.max_macs or None,
    }


def sessions(case: Case) -> Shown:
    """Who else is online, and what happens to one too many."""
    facts, found = case.facts, case.standing
    if facts is None or found is None or found.max_sessions <= 0:
        return None
    attempt, policy = case.attempt, found.segment.policy
    others = other_devices(
        attempt.mac, attempt.ip, facts.open_sessions, facts.reservations, case.now, facts.kicks
    )
    shown: dict[str, Value] = {
        "other_devices": len(others),
        "max_sessions": found.max_sessions,
        "when_full": policy.when_full.value,
    }
    if policy.when_full is WhenFull.KICK_OLDEST:
        fighting = flapping(attempt.mac or attempt.ip, facts.kicks, case.now)
        if fighting is not None:
            shown["anti_flap"] = fighting
        if isinstance(case.room, tuple):
            shown["would_end"] = ", ".join(one.mac or one.acct_session_id for one in case.room) or None
    return shown


def places(case: Case) -> Shown:
    """The limited places that the login would enter."""
    if case.facts is None or not case.facts.places:
        return None
    return {
        f"{place.kind} {place.value}".strip(): f"{place.others}/{place.maximum}"
        for place in case.facts.places
    }


def time(case: Case) -> Shown:
    """Everything that will end the session, in seconds."""
    found = case.standing
    if found is None:
        return None
    ends = session_ends(
        found.segment.policy,
        found.coverage_end,
        case.now,
        found.seconds_left,
        case.ruling.forbidden_at,
        case.limits.money_seconds,
        case.limits.seconds,
    )
    return {f"{why.value}_seconds": seconds for seconds, why in sorted(ends)}
