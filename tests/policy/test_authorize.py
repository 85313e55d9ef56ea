"""The order of the checks, each refusal with the facts of its sentence, and the Grant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.examples import (
    DAY,
    MAC,
    OTHER,
    RATE,
    a_case,
    a_chain,
    a_segment,
    an_account,
    an_attempt,
    bound,
    online,
    some_facts,
)
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import AccessKind, Grant, MacProof, NoProof, Reason, Rejection
from zhuomai_appliance.model.entitlement import LastSegment, Term, WhyNot
from zhuomai_appliance.model.moment import Anchor, Period, PeriodUnit, Timestamp
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, ProjectId
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.model.products import (
    AccessPolicy,
    OnExhaust,
    PlanKind,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.authorize import before_proof, binding_plan, decide
from zhuomai_appliance.policy.facts import AccessFacts
from zhuomai_appliance.policy.lists import ListBook

DENY_MAC = AccessListEntry(ProjectId(1), ListKind.MAC, ListAction.DENY, MAC, "lost", None)
LAST = LastSegment(SubscriptionId(1), "monthly", WhyNot.EXPIRED, Timestamp(NOW - 5))


def test_ordinary_login() -> None:
    """Within a plan: time to its end, its rate, its interval, its name."""
    assert before_proof(a_case(an_attempt(), some_facts())) is None
    assert decide(a_case(an_attempt(), some_facts())) == Grant(
        session_timeout_seconds=30 * DAY,
        idle_timeout_seconds=None,
        octets_left=None,
        rate=RATE,
        acct_interim_seconds=300,
        plan_name="monthly",
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "zhang\0admin",
        "zhang\n",
        "zhang\N{RIGHT-TO-LEFT OVERRIDE}nimda",
        "x" * 129,
        "\N{ZERO WIDTH SPACE}",
    ],
)
def test_hostile_names(name: str) -> None:
    """Control, bidi and invisible characters, empty and endless names are refused before anybody looks them up."""
    verdict = before_proof(a_case(an_attempt(username=name), None))
    assert verdict is not None
    assert verdict.reason is Reason.MALFORMED


def test_no_proof_is_refused_with_its_detail() -> None:
    """What cannot be checked is refused with the cause in the log, not dropped in silence."""
    assert before_proof(a_case(an_attempt(proof=NoProof("two kinds")), some_facts())) == Rejection(
        Reason.MALFORMED, "two kinds"
    )


@pytest.mark.parametrize(
    ("attempt", "facts", "reason"),
    [
        ({"access_kind": AccessKind.ADMIN}, some_facts(), Reason.ADMIN_LOGIN),
        ({}, None, Reason.DEVICE_BLOCKED),
        ({"mac": OTHER}, None, Reason.UNKNOWN_USER),
        ({"mac": OTHER, "proof": MacProof(OTHER)}, None, Reason.DEVICE_NOT_REGISTERED),
        ({"mac": OTHER}, some_facts(account=an_account(locked_until=0)), Reason.ACCOUNT_LOCKED),
    ],
)
def test_before_the_password(attempt: dict[str, Any], facts: AccessFacts | None, reason: Reason) -> None:
    """Administrators, lists, unknown names and locks are settled without looking at the password, in this order."""
    verdict = before_proof(a_case(an_attempt(**attempt), facts, ListBook([DENY_MAC])))
    assert verdict is not None
    assert verdict.reason is reason


def test_what_only_the_password_reveals() -> None:
    """That an account is closed or expired is not told to who merely knows its name."""
    for facts in (some_facts(account=an_account(closed_at=NOW)), some_facts(entitlement=None)):
        assert before_proof(a_case(an_attempt(), facts)) is None


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"account": an_account(closed_at=NOW)}, Reason.ACCOUNT_CLOSED, {}),
        (
            {"account": an_account(locked_until=NOW + 60, locked_reason="abuse")},
            Reason.ACCOUNT_LOCKED,
            {"x": "abuse", "t": NOW + 60},
        ),
        (
            {"account": an_account(locked_until=0, locked_reason="abuse")},
            Reason.ACCOUNT_LOCKED,
            {"x": "abuse"},
        ),
        ({"must_change_password": True}, Reason.MUST_CHANGE_PASSWORD, {}),
        ({"must_bind_phone": True}, Reason.MUST_BIND_PHONE, {}),
        ({"entitlement": None}, Reason.NO_PLAN, {}),
        ({"entitlement": a_chain()}, Reason.NO_PLAN, {}),
        ({"entitlement": a_chain(last=LAST)}, Reason.EXPIRED, {"t": NOW - 5, "plan": "monthly"}),
        (
            {"entitlement": a_chain(a_segment(ends_at=Timestamp(NOW)))},
            Reason.EXPIRED,
            {"t": NOW, "plan": "monthly"},
        ),
        (
            {"entitlement": a_chain(last=replace(LAST, why=WhyNot.DATA_USED_UP))},
            Reason.DATA_USED_UP,
            {"plan": "monthly"},
        ),
        (
            {"entitlement": a_chain(last=replace(LAST, why=WhyNot.TIME_USED_UP))},
            Reason.TIME_USED_UP,
            {"plan": "monthly"},
        ),
        (
            {"entitlement": a_chain(a_segment(state=SubscriptionState.SUSPENDED))},
            Reason.SUSPENDED,
            {"plan": "monthly"},
        ),
        ({"open_sessions": (online(OTHER), online("a4:00:00:00:00:01"))}, Reason.TOO_MANY_SESSIONS, {"n": 2}),
        (
            {
                "entitlement": a_chain(a_segment(policy=AccessPolicy(max_macs=1))),
                "bindings": (bound(OTHER),),
            },
            Reason.TOO_MANY_BINDINGS,
            {"n": 1},
        ),
    ],
)
def test_refusals(changes: dict[str, Any], reason: Reason, words: dict[str, int | str]) -> None:
    """Each refusal has its stable reason and the named facts that its sentence shows."""
    verdict = decide(a_case(an_attempt(), some_facts(**changes)))
    assert isinstance(verdict, Rejection)
    assert (verdict.reason, dict(verdict.facts)) == (reason, words)


def test_a_lock_that_is_over() -> None:
    """A lock ends at its second."""
    facts = some_facts(account=an_account(locked_until=NOW))
    assert before_proof(a_case(an_attempt(), facts)) is None
    assert isinstance(decide(a_case(an_attempt(), facts)), Grant)


def test_device_login_needs_a_binding() -> None:
    """A device address opens the account it is bound to, and no other one, even if that account is fine."""
    attempt = an_attempt(proof=MacProof(MAC), access_kind=AccessKind.MAC)
    refused = decide(a_case(attempt, some_facts(bindings=(bound(OTHER),))))
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.DEVICE_NOT_REGISTERED
    assert isinstance(decide(a_case(attempt, some_facts(bindings=(bound(MAC),)))), Grant)
    expired = some_facts(bindings=(bound(MAC),), entitlement=a_chain(last=LAST))
    verdict = decide(a_case(attempt, expired))
    assert isinstance(verdict, Rejection)
    assert verdict.reason is Reason.EXPIRED


def test_data_pack() -> None:
    """A pack's octets are told, and its interval is short when little is left."""
    pack = a_segment(kind=PlanKind.DATA, ends_at=None, octets_left=1_000_000)
    verdict = decide(a_case(an_attempt(), some_facts(entitlement=a_chain(pack))))
    assert isinstance(verdict, Grant)
    assert (verdict.octets_left, verdict.acct_interim_seconds) == (1_000_000, 60)
    assert verdict.session_timeout_seconds is None


def test_online_time_left_bounds_the_session() -> None:
    """Hours that are counted online end the session when they are used up."""
    hours = a_segment(kind=PlanKind.DURATION, seconds_left=1800)
    verdict = decide(a_case(an_attempt(), some_facts(entitlement=a_chain(hours))))
    assert isinstance(verdict, Grant)
    assert verdict.session_timeout_seconds == 1800


def test_rates_and_group() -> None:
    """The account's own rate goes before the plan's; the group's name for the device is passed on."""
    own = RateLimit(1_000_000, 1_000_000)
    verdict = decide(a_case(an_attempt(), some_facts(account_rate=own, user_group="teachers")))
    assert isinstance(verdict, Grant)
    assert (verdict.rate, verdict.user_group) == (own, "teachers")


def test_slow_rate_after_exhaustion() -> None:
    """A throttled plan gives the slow rate, also to somebody with a better rate of his own."""
    slow = RateLimit(64_000, 64_000)
    policy = AccessPolicy(rate=slow, on_exhaust=OnExhaust.THROTTLE, throttle=slow)
    chain = a_chain(a_segment(policy=policy, throttled=True, octets_left=None))
    verdict = decide(a_case(an_attempt(), some_facts(entitlement=chain, account_rate=RATE)))
    assert isinstance(verdict, Grant)
    assert verdict.rate == slow


def test_login_binds_its_device() -> None:
    """A granted login is remembered by the plan's terms; without a plan there is nothing to remember."""
    plan = binding_plan(a_case(an_attempt(), some_facts()))
    assert plan is not None
    assert (plan.mac, plan.kind, plan.silent_until) == (MAC, BindingKind.LEARNED, NOW + 7 * DAY)
    assert binding_plan(a_case(an_attempt(), some_facts(entitlement=None))) is None
    assert binding_plan(a_case(an_attempt(), some_facts(entitlement=a_chain()))) is None
    full = some_facts(
        entitlement=a_chain(a_segment(policy=AccessPolicy(max_macs=1))), bindings=(bound(OTHER),)
    )
    assert binding_plan(a_case(an_attempt(), full)) is None


def test_first_login_starts_what_waited_for_it() -> None:
    """W03: a plan that waits for the first login begins with this one, and its whole length is granted."""
    waiting = a_segment(
        state=SubscriptionState.RESERVED,
        starts_at=None,
        ends_at=None,
        term=Term(Period(PeriodUnit.DAY, 30), Anchor.FIXED_DAYS),
        activate_by=Timestamp(NOW + DAY),
    )
    verdict = decide(a_case(an_attempt(), some_facts(entitlement=a_chain(waiting))))
    assert isinstance(verdict, Grant)
    assert verdict.session_timeout_seconds == 30 * DAY
