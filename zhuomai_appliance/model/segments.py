"""The prepared chain of one account: its segments, what ended last, and their stored text.

Authorisation reads this and nothing else of billing (billing rules, principle 10). The rules that move a chain are in
model.entitlement.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from zhuomai_appliance.model.facts import Facts, FactsError, canonical
from zhuomai_appliance.model.moment import Anchor, Period, Timestamp, Zone
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import (
    AccessPolicy,
    Direction,
    PlanKind,
    PlanVersionId,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.model.rollover import Rollover, rollover_facts, rollover_from
from zhuomai_appliance.model.terms import moment_from, period_from, policy_facts, policy_from
from zhuomai_appliance.model.use import UseRules, use_facts_of, use_rules_from

TEXT_VERSION: Final = 1
BEFORE_ALL: Final = Timestamp(0)


class Term(NamedTuple):
    """How long a segment lasts once it starts, and how its end is found."""

    period: Period
    anchor: Anchor


class WhyNot(StrEnum):
    """Why an account has no plan to be online with."""

    NO_PLAN = "no_plan"
    EXPIRED = "expired"
    DATA_USED_UP = "data_used_up"
    TIME_USED_UP = "time_used_up"
    SUSPENDED = "suspended"
    NOT_STARTED = "not_started"
    DAY_USED_UP = "day_used_up"
    MONTH_USED_UP = "month_used_up"
    BALANCE_SHORT = "balance_short"
    OWN_LIMIT = "own_limit"


RESTS: Final = frozenset((WhyNot.DAY_USED_UP, WhyNot.MONTH_USED_UP, WhyNot.BALANCE_SHORT, WhyNot.OWN_LIMIT))
"""Why an active segment may rest."""


class Rest(NamedTuple):
    """Until when an active segment may not be used, and why: a cap is reached, or the money for its use is out."""

    until: Timestamp
    why: WhyNot


class Segment(NamedTuple):
    """The span one subscription covers.

    A queued segment's `starts_at` and `ends_at` are projections, None where they depend on use. `chain_anchor_at` and
    `chain_months` say from which instant, and after how many months, the calendar finds this segment's end, so that
    renewals of 31 January do not drift (W01). `not_before` holds a segment back until a date. `activate_by` marks one
    whose clock waits for the first login. `free_until_first`
    gives the rest of a calendar period begun in its middle as a present. What is left is None where the plan counts nothing. A `throttled` segment
    has no allowance left and goes on at the slow rate that its policy now names. `gift_days` are added behind the end
    that the calendar finds (D19). `paused_days` is by how many days suspensions have moved its end; while `suspended_at`
    says since when, the end is that of before (billing rules §10).
    """

    # `use` are the rules that look at what was used, None for nearly all plans. A segment that rests is active and its
    # time runs, but nothing may be used of it until then. One that is on `payg` has no allowance left and goes on at a price.
    subscription_id: SubscriptionId
    plan_version_id: PlanVersionId
    plan_name: str
    kind: PlanKind
    state: SubscriptionState
    purchased_at: Timestamp
    policy: AccessPolicy
    starts_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    term: Term | None = None
    chain_anchor_at: Timestamp | None = None
    chain_months: int = 0
    not_before: Timestamp | None = None
    activate_by: Timestamp | None = None
    buyout_ends_at: Timestamp | None = None
    octets_left: int | None = None
    seconds_left: int | None = None
    direction: Direction = Direction.BOTH
    priority: int = 0
    concurrent: bool = False
    free_until_first: bool = False
    throttled: bool = False
    gift_days: int = 0
    paused_days: int = 0
    suspended_at: Timestamp | None = None
    use: UseRules | None = None
    rest: Rest | None = None
    payg: bool = False
    rollover: Rollover | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is running, be it as the one consumed or beside it."""
        return self.state is SubscriptionState.ACTIVE

    @property
    def is_open(self) -> bool:
        """Whether neither time nor use will ever end it, as a free or metered plan."""
        return (
            self.is_active and self.ends_at is None and self.octets_left is None and self.seconds_left is None
        )


@dataclass(frozen=True, slots=True)
class LastSegment:
    """The segment that ended last, and why: what a page tells somebody who has no plan any more."""

    subscription_id: SubscriptionId
    plan_name: str
    why: WhyNot
    at: Timestamp


class Entitlement(NamedTuple):
    """All segments of one account that have not ended, in the order of their turn.

    `as_of` is the instant to which the chain has been walked: an earlier `now`, from a clock set back, counts as
    `as_of`. `revision` rises with every change of the chain, so that a commit can refuse a preview made of
    an older one; mere use of an allowance leaves it. `ended`
    holds what ended since the chain was stored, `kept` the segments as the store has them; neither is stored or
    compared.
    It and its segments are named tuples because each report of a counted plan makes new ones.
    """

    account_id: AccountId
    zone_name: str
    segments: tuple[Segment, ...] = ()
    last: LastSegment | None = None
    as_of: Timestamp = BEFORE_ALL
    revision: int = 0
    ended: tuple[Segment, ...] = ()
    kept: tuple[Segment, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entitlement) and self[:_COMPARED] == other[:_COMPARED]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:_COMPARED])

    @property
    def zone(self) -> Zone:
        """The calendar of the account's project."""
        return Zone(self.zone_name)


_COMPARED: Final = Entitlement._fields.index("ended")


def dump(entitlement: Entitlement) -> str:
    """The text the store keeps: canonical JSON, equal for equal entitlements. `load` reads it."""
    last = entitlement.last
    last_text = "" if last is None else f'"last":{_last_text(last)},'
    text = (
        f'{{"account":{entitlement.account_id},"as_of":{entitlement.as_of},{last_text}'
        f'"revision":{entitlement.revision},"segments":[{",".join(map(_segment_text, entitlement.segments))}],'
        f'"v":{TEXT_VERSION},"zone":{_quoted(entitlement.zone_name)}}}'
    )
    _KNOWN.learn(text, stored(entitlement))
    return text


def load(text: str) -> Entitlement:
    """Read what `dump` wrote. A text that this process read or wrote lately costs a look-up.

    Raises:
        FactsError: damaged text, or one that a newer release wrote.
    """
    known = _KNOWN.find(text)
    if known is None:
        known = _KNOWN.learn(text, _parse(text))
    return known


class _Known:
    """Entitlements by their text, the younger half of them at least.

    Two generations and no lock: the writer's thread dumps while the reactor's thread loads, and each step here is
    one operation on a dict; at worst both threads do the same work once.
    """

    def __init__(self, generation: int = 4096) -> None:
        self._generation = generation
        self._young: dict[str, Entitlement] = {}
        self._old: dict[str, Entitlement] = {}

    def find(self, text: str) -> Entitlement | None:
        known = self._young.get(text)
        if known is None and (known := self._old.get(text)) is not None:
            self.learn(text, known)
        return known

    def learn(self, text: str, entitlement: Entitlement) -> Entitlement:
        if len(self._young) >= self._generation:
            self._young, self._old = {}, self._young
        self._young[text] = entitlement
        return entitlement


_KNOWN: Final = _Known()


def _parse(text: str) -> Entitlement:
    facts = Facts.of_text("entitlement", text)
    if (version := facts.number("v")) != TEXT_VERSION:
        raise FactsError(f"entitlement: its text has version {version}, this release reads {TEXT_VERSION}")
    try:
        entitlement = Entitlement(
            account_id=AccountId(facts.number("account")),
            zone_name=Zone(facts.text("zone")).name,
            segments=tuple(_segment_from(Facts("segment", item)) for item in facts.items("segments")),
            last=_last_from(facts.inner("last")) if facts.has("last") else None,
            as_of=Timestamp(facts.number("as_of")),
            revision=facts.number("revision"),
        )
    except FactsError:
        raise
    except ValueError as error:
        raise FactsError(f"entitlement: {error}") from error
    facts.done()
    return stored(entitlement)


def stored(entitlement: Entitlement) -> Entitlement:
    """The entitlement as it reads after being stored: its segments are the store's, what ended is forgotten."""
    if not entitlement.ended and entitlement.kept is entitlement.segments:
        return entitlement
    return entitlement._replace(ended=(), kept=entitlement.segments)


@lru_cache(maxsize=256)
def _policy_facts(policy: AccessPolicy) -> dict[str, object]:
    return policy_facts(policy)


def _segment_text(segment: Segment) -> str:
    """Use changes what is left of a segment and nothing else, so the rest of its text is kept."""
    before, between, after = _text_around(segment._replace(octets_left=None, seconds_left=None))
    octets = "" if segment.octets_left is None else f'"octets":{segment.octets_left},'
    seconds = "" if segment.seconds_left is None else f'"seconds":{segment.seconds_left},'
    return f"{before}{octets}{between}{seconds}{after}"


@lru_cache(maxsize=4096)
def _text_around(segment: Segment) -> tuple[str, str, str]:
    """A segment's text before, between and after its keys "octets" and "seconds"; keys stand in their order."""
    term = segment.term
    facts: dict[str, object] = {
        "id": segment.subscription_id,
        "version": segment.plan_version_id,
        "name": segment.plan_name,
        "kind": segment.kind.value,
        "state": segment.state.value,
        "bought": segment.purchased_at,
        "start": segment.starts_at,
        "end": segment.ends_at,
        "period": str(term.period) if term else None,
        "anchor": term.anchor.value if term else None,
        "chain": segment.chain_anchor_at,
        "months": segment.chain_months or None,
        "from": segment.not_before,
        "activate_by": segment.activate_by,
        "until": segment.buyout_ends_at,
        "direction": None if segment.direction is Direction.BOTH else segment.direction.value,
        "priority": segment.priority,
        "concurrent": segment.concurrent or None,
        "free_first": segment.free_until_first or None,
        "gift_days": segment.gift_days or None,
        "throttled": segment.throttled or None,
        "rest": segment.rest and [segment.rest.until, segment.rest.why.value],
        "use": segment.use and use_facts_of(segment.use),
        "payg": segment.payg or None,
        "rollover": segment.rollover and rollover_facts(segment.rollover),
        "paused": segment.paused_days or None,
        "suspended": segment.suspended_at,
        "policy": _policy_facts(segment.policy),
    }
    parts = [
        canonical({key: value for key, value in facts.items() if low < key < high})[1:-1]
        for low, high in (("", "octets"), ("octets", "seconds"), ("seconds", "~"))
    ]
    # "policy" and "priority" stand between the two, "state" and "version" after them, whatever else does
    return f"{{{parts[0]},", f"{parts[1]},", f"{parts[2]}}}"


def _last_text(last: LastSegment) -> str:
    return canonical(
        {"id": last.subscription_id, "name": last.plan_name, "why": last.why.value, "at": last.at}
    )


@lru_cache(maxsize=64)
def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _segment_from(facts: Facts) -> Segment:
    period = period_from(facts)
    segment = Segment(
        subscription_id=SubscriptionId(facts.number("id")),
        plan_version_id=PlanVersionId(facts.number("version")),
        plan_name=facts.text("name"),
        kind=facts.word("kind", PlanKind),
        state=facts.word("state", SubscriptionState),
        purchased_at=Timestamp(facts.number("bought")),
        policy=policy_from(facts.raw("policy")),
        starts_at=moment_from(facts, "start"),
        ends_at=moment_from(facts, "end"),
        term=Term(period, facts.word("anchor", Anchor)) if period else None,
        chain_anchor_at=moment_from(facts, "chain"),
        chain_months=facts.maybe_number("months", 0) or 0,
        not_before=moment_from(facts, "from"),
        activate_by=moment_from(facts, "activate_by"),
        buyout_ends_at=moment_from(facts, "until"),
        octets_left=facts.maybe_number("octets"),
        seconds_left=facts.maybe_number("seconds"),
        direction=facts.word("direction", Direction, Direction.BOTH),
        priority=facts.number("priority"),
        concurrent=facts.flag("concurrent"),
        free_until_first=facts.flag("free_first"),
        throttled=facts.flag("throttled"),
        gift_days=facts.maybe_number("gift_days", 0) or 0,
        use=use_rules_from(facts.raw("use")),
        rest=_rest_from(facts.items("rest")),
        payg=facts.flag("payg"),
        rollover=rollover_from(facts.items("rollover")),
        paused_days=facts.maybe_number("paused", 0) or 0,
        suspended_at=moment_from(facts, "suspended"),
    )
    facts.done()
    return segment


def _rest_from(items: list[object]) -> Rest | None:
    if not items:
        return None
    if len(items) != 2 or type(items[0]) is not int:
        raise FactsError(f"segment: rest is {items!r}, not an instant and a reason")
    return Rest(Timestamp(items[0]), WhyNot(str(items[1])))


def _last_from(facts: Facts) -> LastSegment:
    last = LastSegment(
        subscription_id=SubscriptionId(facts.number("id")),
        plan_name=facts.text("name"),
        why=facts.word("why", WhyNot),
        at=Timestamp(facts.number("at")),
    )
    facts.done()
    return last
