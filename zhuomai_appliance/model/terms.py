"""The canonical text of frozen terms and policies, as the store keeps them with a plan version."""

from __future__ import annotations

import json
from functools import lru_cache

from zhuomai_appliance.model.facts import Facts, FactsError, canonical
from zhuomai_appliance.model.moment import Anchor, Period, Timestamp, parse_period
from zhuomai_appliance.model.people import BindingMode
from zhuomai_appliance.model.plan_rules import (
    ChangeRules,
    MeterRules,
    RefundRules,
    RenewalRules,
    RolloverRules,
    SaleRules,
    SuspensionRules,
)
from zhuomai_appliance.model.products import (
    DEFAULT_ACTIVATE_BY_DAYS,
    DEFAULT_PRIORITY,
    AccessPolicy,
    BuyoutPrice,
    Caps,
    Direction,
    FirstMonth,
    MeterUnit,
    OnExhaust,
    Quota,
    Starts,
    Terms,
    WhenFull,
)
from zhuomai_appliance.model.records import facts_of, record_of
from zhuomai_appliance.model.traffic import Burst, RateLimit

PLAIN_POLICY = AccessPolicy()

_RULES = ("renewal", "change", "refund", "suspension", "meter", "rollover", "sale")


def policy_facts(policy: AccessPolicy) -> dict[str, object]:
    """The policy as JSON values; None and what equals a plain policy are left out. `policy_from` reads it."""
    facts: dict[str, object] = {
        "rate": _rate_facts(policy.rate),
        "max_sessions": policy.max_sessions,
        "max_macs": policy.max_macs,
        "session_cap_seconds": policy.session_cap_seconds,
        "interim_seconds": policy.interim_seconds,
        "silent_login_days": policy.silent_login_days,
        "on_exhaust": policy.on_exhaust.value,
        "throttle": _rate_facts(policy.throttle),
        "silent_login_kinds": dict(policy.silent_login_kinds) or (),
        "binding": policy.binding.value,
        "when_full": policy.when_full.value,
    }
    return {name: value for name, value in facts.items() if value != getattr(PLAIN_POLICY, name)}


def policy_from(value: object) -> AccessPolicy:
    """Read what `policy_facts` wrote; equal policies are one object, since a school has few of them.

    Raises:
        FactsError: anything else.
    """
    return _policy_of_text(json.dumps(value, sort_keys=True))


@lru_cache(maxsize=256)
def _policy_of_text(text: str) -> AccessPolicy:
    facts = Facts.of_text("access policy", text)
    policy = AccessPolicy(
        rate=_rate_from(facts, "rate"),
        max_sessions=facts.maybe_number("max_sessions", 1) or 0,
        max_macs=facts.maybe_number("max_macs", 0) or 0,
        session_cap_seconds=facts.maybe_number("session_cap_seconds"),
        interim_seconds=facts.maybe_number("interim_seconds"),
        silent_login_days=facts.maybe_number("silent_login_days"),
        on_exhaust=facts.word("on_exhaust", OnExhaust, OnExhaust.DISCONNECT),
        throttle=_rate_from(facts, "throttle"),
        silent_login_kinds=_days_from(facts.raw("silent_login_kinds", {})),
        binding=facts.word("binding", BindingMode, BindingMode.LEARN),
        when_full=facts.word("when_full", WhenFull, WhenFull.REJECT),
    )
    facts.done()
    return policy


def _days_from(value: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, dict) or not all(type(days) is int for days in value.values()):
        raise FactsError("access policy: silent_login_kinds is no table of days")
    return tuple(sorted((str(kind), days) for kind, days in value.items()))


def _rate_facts(rate: RateLimit | None) -> list[int] | None:
    if rate is None:
        return None
    burst = rate.burst
    peaks = [] if burst is None else [burst.up_bps, burst.down_bps, burst.seconds]
    return [rate.up_bps, rate.down_bps, *peaks]


def _rate_from(facts: Facts, name: str) -> RateLimit | None:
    found = facts.items(name)
    if not found:
        return None
    numbers = [number for number in found if type(number) is int]
    if len(numbers) != len(found) or len(found) not in (2, 5):
        raise FactsError(f"access policy: {name} is {found!r}, not two rates, nor two with peaks and seconds")
    burst = Burst(*numbers[2:]) if len(numbers) == 5 else None
    return RateLimit(up_bps=numbers[0], down_bps=numbers[1], burst=burst)


def dump_terms(terms: Terms) -> str:
    """Canonical JSON with defaults left out: equal terms have equal text, and versions compare by it."""
    quota, caps, plain = terms.quota, terms.caps, Terms()
    facts: dict[str, object] = {
        "period": terms.period and str(terms.period),
        "anchor": terms.anchor,
        "starts": terms.starts,
        "starts_at": terms.starts_at,
        "buyout_ends_at": terms.buyout_ends_at,
        "buyout_sold_from": terms.buyout_sold_from,
        "buyout_price": terms.buyout_price,
        "first_month": terms.first_month,
        "priority": terms.priority,
        "concurrent": terms.concurrent,
        "meter_unit": terms.meter_unit,
        "subject": terms.subject,
        "activate_by_days": terms.activate_by_days,
    }
    facts = {name: value for name, value in facts.items() if value != getattr(plain, name)}
    if quota != plain.quota:
        direction = None if quota.direction is Direction.BOTH else quota.direction.value
        facts["quota"] = _present(
            octets=quota.octets, online_seconds=quota.online_seconds, direction=direction
        )
    if caps != plain.caps:
        facts["caps"] = _present(
            day_seconds=caps.day_seconds,
            month_seconds=caps.month_seconds,
            day_octets=caps.day_octets,
            month_octets=caps.month_octets,
        )
    if terms.policy != plain.policy:
        facts["policy"] = policy_facts(terms.policy)
    facts |= {name: found for name in _RULES if (found := facts_of(getattr(terms, name)))}
    return canonical(facts)


def _present(**facts: object) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value is not None}


@lru_cache(maxsize=1024)
def load_terms(text: str) -> Terms:
    """Read what `dump_terms` wrote.

    Raises:
        ValueError: broken text, an unknown key, a wrong word or type.
    """
    facts = Facts.of_text("plan terms", text)
    quota, caps = facts.inner("quota"), facts.inner("caps")
    terms = Terms(
        period=period_from(facts),
        anchor=facts.word("anchor", Anchor, Anchor.INSTANT),
        starts=facts.word("starts", Starts, Starts.ON_PURCHASE),
        starts_at=moment_from(facts, "starts_at"),
        buyout_ends_at=moment_from(facts, "buyout_ends_at"),
        buyout_sold_from=moment_from(facts, "buyout_sold_from"),
        buyout_price=facts.word("buyout_price", BuyoutPrice, BuyoutPrice.FLAT),
        first_month=facts.word("first_month", FirstMonth, FirstMonth.FULL),
        quota=Quota(
            octets=quota.maybe_number("octets"),
            online_seconds=quota.maybe_number("online_seconds"),
            direction=quota.word("direction", Direction, Direction.BOTH),
        ),
        caps=Caps(
            day_seconds=caps.maybe_number("day_seconds"),
            month_seconds=caps.maybe_number("month_seconds"),
            day_octets=caps.maybe_number("day_octets"),
            month_octets=caps.maybe_number("month_octets"),
        ),
        policy=policy_from(facts.raw("policy", {})),
        priority=facts.maybe_number("priority", DEFAULT_PRIORITY) or 0,
        concurrent=facts.flag("concurrent"),
        meter_unit=facts.word("meter_unit", MeterUnit) if facts.has("meter_unit") else None,
        subject=facts.text("subject", ""),
        activate_by_days=facts.maybe_number("activate_by_days", DEFAULT_ACTIVATE_BY_DAYS) or 0,
        renewal=record_of(RenewalRules, facts.raw("renewal", {})),
        change=record_of(ChangeRules, facts.raw("change", {})),
        refund=record_of(RefundRules, facts.raw("refund", {})),
        suspension=record_of(SuspensionRules, facts.raw("suspension", {})),
        meter=record_of(MeterRules, facts.raw("meter", {})),
        rollover=record_of(RolloverRules, facts.raw("rollover", {})),
        sale=record_of(SaleRules, facts.raw("sale", {})),
    )
    for part in (quota, caps, facts):
        part.done()
    return terms


def period_from(facts: Facts, name: str = "period") -> Period | None:
    """The period under this key, None where the key is absent."""
    return parse_period(facts.text(name)) if facts.has(name) else None


def moment_from(facts: Facts, name: str) -> Timestamp | None:
    """The instant under this key, None where the key is absent."""
    value = facts.maybe_number(name)
    return None if value is None else Timestamp(value)
