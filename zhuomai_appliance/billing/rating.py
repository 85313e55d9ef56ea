"""Use drawn from the chain: exact to the octet across packs, nothing twice, nothing dropped (billing rules §7, §13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from zhuomai_appliance.billing.tariffs import borders, window_at
from zhuomai_appliance.model.allowances import has_rules
from zhuomai_appliance.model.entitlement import (
    Entitlement,
    LastSegment,
    Segment,
    WhyNot,
    at,
    consumed,
    first_login,
    next_change_at,
    settle,
)
from zhuomai_appliance.model.moment import Timestamp, local_day
from zhuomai_appliance.model.products import (
    Direction,
    OnExhaust,
    PlanKind,
    SubscriptionId,
    SubscriptionState,
    move,
)
from zhuomai_appliance.model.use import NO_USE, Amount


class Outcome(StrEnum):
    """What a running session must do after its use was drawn (billing rules §13)."""

    CONTINUE = "continue"
    SWITCHED = "switched"
    ENDED = "ended"


class FreeUse(NamedTuple):
    """Use in a free window: on which local day."""

    day: int
    up_octets: int
    down_octets: int


class Draw(NamedTuple):
    """What one subscription bore of some use; None where the account had no subscription to bear it.

    `input_octets` is what the user sent, `output_octets` what the user received. `overshoot_octets` and
    `overshoot_seconds` of them came after the allowance or the term was over: recorded, at 0 fen (W35). `metered` of them
    has a price by its amount, `free` was used while a window of its plan left the allowance alone (W65).
    """

    subscription_id: SubscriptionId | None
    input_octets: int
    output_octets: int
    seconds: int
    overshoot_octets: int = 0
    overshoot_seconds: int = 0
    metered: Amount = NO_USE
    free: tuple[FreeUse, ...] = ()


class Verdict(NamedTuple):
    """What follows for the session; `policy_differs` says that the network device must be told of a new policy."""

    outcome: Outcome
    policy_differs: bool = False


class Consumption(NamedTuple):
    """The chain after some use, who bore it, which allowances it used up, and what follows for the session.

    ``has_rules`` says that a plan has more to say of what was used by now: caps, or a price.
    """

    entitlement: Entitlement
    draws: tuple[Draw, ...]
    exhausted: tuple[SubscriptionId, ...]
    verdict: Verdict
    has_rules: bool = False


class _Use(NamedTuple):
    up: int
    down: int
    seconds: int

    def part(self, numerator: int, denominator: int) -> _Use:
        """This share of the use, each figure rounded down."""
        return _Use(
            self.up * numerator // denominator,
            self.down * numerator // denominator,
            self.seconds * numerator // denominator,
        )

    def less(self, other: _Use) -> _Use:
        return _Use(self.up - other.up, self.down - other.down, self.seconds - other.seconds)

    def more(self, other: _Use) -> _Use:
        return _Use(self.up + other.up, self.down + other.down, self.seconds + other.seconds)


_NOTHING = _Use(0, 0, 0)
_GO_ON = Verdict(Outcome.CONTINUE)


def consume(
    entitlement: Entitlement, up_octets: int, down_octets: int, seconds: int, when: int
) -> Consumption:
    """Draw the use of one report from the chain.

    The use is what a session's counters grew by, and covers the `seconds` before `when`. Where the term of a segment
    ended in between, it is divided by time, the remainder to the later side; where an allowance ended, it is
    divided to the octet and the next segment begins at `when`, the instant that shows it. What nobody can bear any
    more is overshoot of the segment that ended last. The sum of the draws is the use, always.

    Args:
        entitlement: the chain as stored.
        up_octets: sent by the user (RADIUS input).
        down_octets: received by the user (RADIUS output).
        seconds: online seconds of the session in this use.
        when: the instant of the report.

    Raises:
        ValueError: a negative figure: use is never taken back.
    """
    if min(up_octets, down_octets, seconds) < 0:
        raise ValueError(f"use cannot be negative: {up_octets}, {down_octets}, {seconds}")
    whole = _Use(up_octets, down_octets, seconds)
    head = consumed(entitlement)
    if head is not None and not head.throttled and first_login(entitlement, when) is entitlement:
        # The common case: neither time nor a login moves the chain meanwhile, and nothing is used up
        octets, left = head.octets_left, head.seconds_left
        counted = head.direction.counted(up_octets, down_octets)
        if (
            (octets is None or counted < octets)
            and (left is None or seconds < left)
            and not _is_free_at_times(head)
        ):
            priced = Amount(*whole) if head.kind is PlanKind.METERED else NO_USE
            draws = () if whole == _NOTHING else (Draw(head.subscription_id, *whole, metered=priced),)
            chain, _ = _less(entitlement, head, whole)
            return Consumption(chain, draws, (), _GO_ON, head.use is not None)
    begin = when - seconds
    chain = first_login(entitlement, begin)
    granted = consumed(entitlement) or consumed(chain)
    ledger = _Bearers()
    cursor, before = begin, _NOTHING
    stops = _window_borders(entitlement, begin, when)
    while (due := _next(next_change_at(chain), stops, cursor)) is not None and due < when:
        if due > cursor:
            upto = whole.part(due - begin, seconds)
            chain = _draw(chain, upto.less(before), due, ledger, cursor)
            cursor, before = due, upto
        chain = first_login(chain, due)
    chain = at(_draw(chain, whole.less(before), when, ledger, cursor), when)
    verdict = _verdict(granted, consumed(chain))
    return Consumption(chain, ledger.draws(), tuple(ledger.exhausted), verdict, has_rules(chain))


def _verdict(granted: Segment | None, now: Segment | None) -> Verdict:
    if now is None:
        return Verdict(Outcome.ENDED)
    if granted is None:
        return Verdict(Outcome.SWITCHED, policy_differs=True)
    if (granted.subscription_id, granted.throttled) == (now.subscription_id, now.throttled):
        return Verdict(Outcome.CONTINUE)
    return Verdict(Outcome.SWITCHED, policy_differs=granted.policy != now.policy)


def _is_free_at_times(head: Segment) -> bool:
    """Whether windows leave an allowance alone; of a metered plan they are prices."""
    return head.use is not None and bool(head.use.meter.windows) and head.kind is not PlanKind.METERED


def _window_borders(chain: Entitlement, begin: int, when: int) -> list[Timestamp]:
    """Where within a span a free window of one of the segments may begin or end."""
    windows = [
        w for s in chain.segments if s.use is not None and _is_free_at_times(s) for w in s.use.meter.windows
    ]
    return borders(windows, begin, when, chain.zone)


def _next(due: Timestamp | None, stops: Sequence[Timestamp], cursor: int) -> Timestamp | None:
    """The next instant at which a use is divided: where the chain moves, or a window begins or ends."""
    for stop in stops:
        if stop > cursor:
            return stop if due is None else min(due, stop)
    return due


def _draw(chain: Entitlement, use: _Use, when: int, bearers: _Bearers, since: int) -> Entitlement:
    """Draw from head after head until all of this use is borne; it began at `since`, and no window ends within it."""
    while True:
        head = consumed(chain)
        if head is None and (priced := _priced_at_rest(chain)) is not None:
            # Until its device is told to stop: the meter knows what of it there is no money for
            bearers.meter(priced, use)
            return chain
        if head is None:
            bearers.overshoot(_last_bearer(chain), use)
            return _taken_from_stopped(chain, use)
        if head.use is not None and _is_free_at_times(head):
            window = window_at(head.use.meter.windows, min(since, max(when - 1, 0)), chain.zone)
            if window is not None and window.price_fen == 0:
                bearers.free(head.subscription_id, use, local_day(min(since, max(when - 1, 0)), chain.zone))
                return chain
        if head.kind is PlanKind.METERED or head.payg:
            bearers.meter(head.subscription_id, use)
            return chain
        if head.throttled:
            bearers.overshoot(head.subscription_id, use)
            return chain
        taken, why = _fit(head, use)
        bearers.bear(head.subscription_id, taken)
        use = use.less(taken)
        chain, head = _less(chain, head, taken)
        if why is None:
            return chain
        chain = _used_up(chain, head, why, Timestamp(max(when, chain.as_of)))
        bearers.exhausted.append(head.subscription_id)
        if use == _NOTHING:
            return chain


def _fit(head: Segment, use: _Use) -> tuple[_Use, WhyNot | None]:
    """What of the use this segment can bear, and which allowance that leaves empty."""
    counted = head.direction.counted(use.up, use.down)
    limits: list[tuple[int, int, WhyNot]] = []
    if head.octets_left is not None and counted >= head.octets_left:
        limits.append((head.octets_left, counted, WhyNot.DATA_USED_UP))
    if head.seconds_left is not None and use.seconds >= head.seconds_left:
        limits.append((head.seconds_left, use.seconds, WhyNot.TIME_USED_UP))
    if not limits:
        return use, None
    # the allowance that ends first in the run of this use: the smallest part of what was used
    left, amount, why = min(
        limits, key=lambda limit: Fraction(limit[0], limit[1]) if limit[1] else Fraction(1)
    )
    if left == amount:
        return use, why
    taken = use.part(left, amount)
    if why is WhyNot.DATA_USED_UP and head.direction is Direction.BOTH:
        taken = taken._replace(down=left - taken.up)  # the odd octet of the two shares
    return taken, why


def _less(chain: Entitlement, head: Segment, taken: _Use) -> tuple[Entitlement, Segment]:
    """The chain and its head with what was taken off the allowances; the same objects where none counts it."""
    octets, seconds = head.octets_left, head.seconds_left
    if octets is not None:
        octets -= head.direction.counted(taken.up, taken.down)
    if seconds is not None:
        seconds -= taken.seconds
    if (octets, seconds) == (head.octets_left, head.seconds_left):
        return chain, head
    head = head._replace(octets_left=octets, seconds_left=seconds)
    return chain._replace(segments=_with(chain, head)), head


def _with(chain: Entitlement, segment: Segment) -> tuple[Segment, ...]:
    """The segments with this one in the place of its former self."""
    return tuple(segment if s.subscription_id == segment.subscription_id else s for s in chain.segments)


def _used_up(chain: Entitlement, head: Segment, why: WhyNot, when: Timestamp) -> Entitlement:
    """The chain after this allowance ended: the queue first, and the plan's own way on if it has one.

    A session that is online is a login: it starts what waited for one.
    """
    policy = head.policy
    if policy.on_exhaust is OnExhaust.THROTTLE and policy.throttle is not None:
        slow = head._replace(throttled=True, policy=replace(policy, rate=policy.throttle))
        return first_login(settle(chain, _with(chain, slow), when), when)
    if policy.on_exhaust is OnExhaust.PAYG:
        paying = head._replace(payg=True)
        return first_login(settle(chain, _with(chain, paying), when), when)
    over = head._replace(state=move(head.state, SubscriptionState.EXHAUSTED), ends_at=when)
    rest = [s for s in chain.segments if s.subscription_id != head.subscription_id]
    last = LastSegment(head.subscription_id, head.plan_name, why, when)
    return first_login(settle(chain, rest, when, ended=(over,), last=last), when)


def _priced_at_rest(chain: Entitlement) -> SubscriptionId | None:
    """The segment at rest or suspended whose use has a price by its amount."""
    for segment in chain.segments:
        if _is_stopped(segment) and (segment.kind is PlanKind.METERED or segment.payg):
            return segment.subscription_id
    return None


def _is_stopped(segment: Segment) -> bool:
    return segment.rest is not None or segment.state is SubscriptionState.SUSPENDED


def _taken_from_stopped(chain: Entitlement, use: _Use) -> Entitlement:
    """The chain with use off the allowance that is stopped, as far as it goes: it was used before the device heard of it."""
    stopped = next((s for s in chain.segments if _is_stopped(s)), None)
    if stopped is None or (stopped.octets_left, stopped.seconds_left) == (None, None):
        return chain
    octets, seconds = stopped.octets_left, stopped.seconds_left
    counted = stopped.direction.counted(use.up, use.down)
    left = stopped._replace(
        octets_left=None if octets is None else max(octets - counted, 0),
        seconds_left=None if seconds is None else max(seconds - use.seconds, 0),
    )
    return chain._replace(segments=_with(chain, left))


def _last_bearer(chain: Entitlement) -> SubscriptionId | None:
    """Who bears what nobody pays for: a segment that rests or is suspended, else the one that ended last."""
    for segment in chain.segments:
        if _is_stopped(segment):
            return segment.subscription_id
    return chain.last.subscription_id if chain.last else None


class _Bearers:
    """Collects the draws of one report by subscription, in the order in which they were drawn."""

    def __init__(self) -> None:
        self._borne: dict[SubscriptionId | None, tuple[_Use, _Use]] = {}
        self._metered: dict[SubscriptionId | None, _Use] = {}
        self._free: dict[SubscriptionId | None, tuple[FreeUse, ...]] = {}
        self.exhausted: list[SubscriptionId] = []

    def meter(self, who: SubscriptionId, use: _Use) -> None:
        self.bear(who, use)
        self._metered[who] = self._metered.get(who, _NOTHING).more(use)

    def free(self, who: SubscriptionId, use: _Use, day: int) -> None:
        self.bear(who, use)
        self._free[who] = (*self._free.get(who, ()), FreeUse(day, use.up, use.down))

    def bear(self, who: SubscriptionId | None, use: _Use, beyond: _Use = _NOTHING) -> None:
        if use != _NOTHING:
            borne, over = self._borne.get(who, (_NOTHING, _NOTHING))
            self._borne[who] = borne.more(use), over.more(beyond)

    def overshoot(self, who: SubscriptionId | None, use: _Use) -> None:
        self.bear(who, use, use)

    def draws(self) -> tuple[Draw, ...]:
        return tuple(
            Draw(
                who,
                use.up,
                use.down,
                use.seconds,
                over.up + over.down,
                over.seconds,
                Amount(*self._metered.get(who, _NOTHING)),
                self._free.get(who, ()),
            )
            for who, (use, over) in self._borne.items()
        )


def total(draws: Sequence[Draw]) -> tuple[int, int, int]:
    """Sent octets, received octets and seconds of all draws: what `verify` compares with the counters."""
    return (
        sum(d.input_octets for d in draws),
        sum(d.output_octets for d in draws),
        sum(d.seconds for d in draws),
    )
