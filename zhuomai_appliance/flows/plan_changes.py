"""升降: another plan takes a running one's place, at once until the same end, or from now on (billing rules §8).

A change for the next period is a renewal with another plan: see flows.renewals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zhuomai_appliance.billing import changes, periods, refund_value
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.flows import chains, wallets
from zhuomai_appliance.flows.once import once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld, next_order_no
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.subscriptions import Owned, Span, follow, owned, spans
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.commerce import (
    Channel,
    Order,
    OrderKind,
    OrderLine,
    OrderState,
    PostingKind,
    PostingLine,
)
from zhuomai_appliance.model.entitlement import Entitlement, Segment, settle
from zhuomai_appliance.model.moment import Timestamp, Zone
from zhuomai_appliance.model.money import Fen, floor
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import ChangeMode
from zhuomai_appliance.model.products import PlanKind, PlanVersion, SubscriptionId, SubscriptionState, move
from zhuomai_appliance.store import journal, ledger, orders, plan_changes, products, subscriptions
from zhuomai_appliance.store.interface import Reader, Transaction

_NEW = SubscriptionId(0)


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would do now.

    ``charge_fen`` leaves the wallet, ``credit_fen`` and ``bonus_credit_fen`` come into it; ``moved`` is what is not used of
    the old purchase, principal and bonus, that pays for the new one. ``lines`` are all postings together.
    """

    subscription_id: SubscriptionId
    plan_name: str
    direction: str
    mode: ChangeMode
    charge_fen: int
    credit_fen: int
    bonus_credit_fen: int
    moved: tuple[int, int]
    paid: tuple[int, int]
    remaining: int
    total: int
    lines: Lines
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class _Change:
    """A change before anything is written."""

    found: Owned
    segment: Segment
    version: PlanVersion
    direction: str
    mode: ChangeMode
    period_starts_at: int


def preview_change(
    reader: Reader,
    project: Project,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    plan_name: str,
    now: int,
) -> ChangePreview:
    """What putting another plan in a running one's place would cost and bring.

    Raises:
        LookupError: there is no such purchase.
        Refused: it does not run, its rules forbid the change or have it wait for the next period.
        NotEnoughMoney: the wallet does not hold what it costs.
    """
    what = _check(reader, project, account_id, subscription_id, plan_name, now)
    found, segment = what.found, what.segment
    remaining, own_total = _left(what, now, Zone(project.zone))
    one = found.row.subscription
    moved = (
        int(rules.unused(one.paid_principal_fen, remaining, own_total)),
        int(rules.unused(one.paid_bonus_fen, remaining, own_total)),
    )
    if what.mode is ChangeMode.KEEP_END:
        before = plan_changes.period_of(reader, project.id, subscription_id)
        total = own_total if before is None else before[1]
        factor = _factor(segment, found.version)
        gap = changes.difference(
            found.version.price_fen * factor, what.version.price_fen * factor, remaining, total
        )
        charge, credit = max(gap, 0), min(max(-gap, 0), sum(moved))
        bonus_back = 0 if not credit else floor(credit * moved[1], sum(moved))
        back = (credit - bonus_back, bonus_back)
        carried = (moved[0] - back[0], moved[1] - back[1])
    else:
        total = own_total
        charge, back, carried = (
            int(periods.price_from(what.version, now, Zone(project.zone))),
            moved,
            (0, 0),
        )
    have = wallets.held(reader, project.id, account_id)
    missing = charge - have.total_fen - (sum(back) if what.mode is ChangeMode.RESTART else 0)
    if missing > 0:
        raise NotEnoughMoney(missing)
    extra = back if what.mode is ChangeMode.RESTART else (0, 0)
    paid = rules.principal_first(have.principal_fen + extra[0], have.bonus_fen + extra[1], charge)
    old_held = -ledger.balance(reader, project.id, rules.deferred(subscription_id))
    return ChangePreview(
        subscription_id=subscription_id,
        plan_name=what.version.plan_name,
        direction=what.direction,
        mode=what.mode,
        charge_fen=charge,
        credit_fen=back[0],
        bonus_credit_fen=back[1],
        moved=carried,
        paid=(int(paid[0]), int(paid[1])),
        remaining=remaining,
        total=total,
        lines=_lines(account_id, subscription_id, _NEW, found.version.subject, carried, back, paid, old_held),
        before=spans(found.chain),
        after=spans(_after(reader, project, what, _NEW, now)),
        revision=found.chain.revision,
    )


def _check(
    reader: Reader,
    project: Project,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    plan_name: str,
    now: int,
) -> _Change:
    found = owned(reader, project, account_id, subscription_id, now)
    segment, rule = found.segment, found.version.terms.change
    if segment is None or not segment.is_active:
        raise Refused("not_running", f"{found.row.plan_name} does not run now")
    offer = products.plan_by_name(reader, project.id, plan_name)
    if offer is None or not offer.on_sale or (rule.targets and plan_name not in rule.targets):
        raise Refused("not_a_target", f"{segment.plan_name} cannot be changed to {plan_name}")
    if offer.plan.id == found.version.plan_id:
        raise Refused("same_plan", f"it is {plan_name} already: renew it instead")
    version = offer.version
    direction, mode = "other", rule.other_kind
    if _is_alike(found.version, version):
        is_up = version.price_fen >= found.version.price_fen
        direction, mode = ("up", rule.up) if is_up else ("down", rule.down)
    if mode is ChangeMode.KEEP_END and direction == "other":
        mode = ChangeMode.RESTART  # there is no common price of what remains
    if mode is ChangeMode.FORBIDDEN:
        raise Refused("change_forbidden", f"{segment.plan_name} cannot be changed to {plan_name}")
    if mode is ChangeMode.NEXT_PERIOD:
        raise Refused(
            "next_period", f"{plan_name} takes over when {segment.plan_name} ends", ends_at=segment.ends_at
        )
    before = plan_changes.period_of(reader, project.id, subscription_id)
    start = before[0] if before is not None else (segment.starts_at or segment.purchased_at)
    most = {"up": rule.ups_per_period, "down": rule.downs_per_period}.get(direction)
    if most is not None and plan_changes.count(reader, project.id, account_id, direction, start) >= most:
        raise Refused(
            "changed_too_often",
            "its plan allows no more such changes in this period",
            from_at=segment.ends_at,
        )
    return _Change(found, segment, version, direction, mode, start)


def _is_alike(old: PlanVersion, new: PlanVersion) -> bool:
    """Whether the two sell spans of the same length, so that what remains of one has a price in the other."""
    if old.kind is not new.kind or old.terms.meter.rent is not new.terms.meter.rent:
        return False
    if old.kind is PlanKind.PERIOD:
        return (old.terms.period, old.terms.anchor) == (new.terms.period, new.terms.anchor)
    return old.kind is PlanKind.BUYOUT and old.terms.buyout_ends_at == new.terms.buyout_ends_at


def _factor(segment: Segment, version: PlanVersion) -> int:
    """How many of the plan's periods the segment spans: several may be bought at once."""
    period = version.terms.period
    return 1 if segment.term is None or period is None else max(segment.term.period.count // period.count, 1)


def _left(what: _Change, now: int, zone: Zone) -> tuple[int, int]:
    """What is not used of the old purchase, and all that it has: days with today among the first, seconds, or octets."""
    segment, version = what.segment, what.found.version
    if version.kind is PlanKind.DATA and segment.octets_left is not None:
        return segment.octets_left, max(version.terms.quota.octets or 0, segment.octets_left, 1)
    if version.kind is PlanKind.DURATION and segment.seconds_left is not None:
        return segment.seconds_left, max(version.terms.quota.online_seconds or 0, segment.seconds_left, 1)
    if segment.starts_at is None or segment.ends_at is None:
        return 0, 1
    if version.terms.change.by_second:
        return refund_value.seconds_left(segment, now)
    return refund_value.days_left(segment, now, zone, today_counts=False)


def _after(
    reader: Reader, project: Project, what: _Change, subscription_id: SubscriptionId, now: int
) -> Entitlement:
    """The chain with the new purchase in the old one's place."""
    old, chain = what.segment, what.found.chain
    when = Timestamp(max(now, chain.as_of))
    new = periods.new_segment(what.version, subscription_id, when, chain.zone, periods.ONE)
    new = new._replace(not_before=None, activate_by=None)
    if what.mode is ChangeMode.KEEP_END:
        octets, seconds = _allowances(reader, project, what)
        new = new._replace(
            state=SubscriptionState.ACTIVE, starts_at=when, ends_at=old.ends_at, term=old.term,
            chain_anchor_at=old.chain_anchor_at, chain_months=old.chain_months,
            octets_left=octets, seconds_left=seconds,
        )  # fmt: skip
    gone = old._replace(state=move(old.state, SubscriptionState.CANCELLED), ends_at=when)
    segments = [new if s.subscription_id == old.subscription_id else s for s in chain.segments]
    return settle(chain, segments, when, ended=(gone,))


def _allowances(reader: Reader, project: Project, what: _Change) -> tuple[int | None, int | None]:
    """What the new plan still allows until the old end: its allowance for the whole period, less what was used of it.

    Raises:
        Refused: nothing would be left.
    """
    quota, old = what.version.terms.quota, what.found.row.subscription
    up, down, online = subscriptions.use_of(reader, project.id, old.account_id, old.id)
    octets = None if quota.octets is None else quota.octets - quota.direction.counted(up, down)
    seconds = None if quota.online_seconds is None else quota.online_seconds - online
    if (octets is not None and octets <= 0) or (seconds is not None and seconds <= 0):
        raise Refused("used_up", f"as much as {what.version.plan_name} allows is used already")
    return octets, seconds


def _lines(
    account_id: AccountId, old_id: int, new_id: int, subject: str, carried: tuple[int, int], back: tuple[int, int],
    paid: tuple[int, int], old_held: int,
) -> Lines:  # fmt: skip
    """All postings of a change in one: out of the old purchase and the wallet, into the new one and the wallet."""
    leaves = sum(carried) + sum(back)
    from_deferred = max(0, min(leaves, old_held))
    amounts = (
        (rules.deferred(old_id), from_deferred),
        (rules.revenue(subject), leaves - from_deferred),
        (rules.wallet(account_id), paid[0] - back[0]),
        (rules.bonus(account_id), paid[1] - back[1]),
        (rules.deferred(new_id), -sum(carried) - sum(paid)),
    )
    return tuple(PostingLine(ref, Fen(amount)) for ref, amount in amounts if amount)


def change(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    plan_name: str,
    *,
    key: str,
    expected: ChangePreview,
) -> dict[str, Any]:
    """Put another plan in a running one's place as a preview showed it; the first answer if the key comes again.

    Running sessions are changed at their devices, not ended.

    Returns:
        ``subscription_id`` of the new purchase, ``order_no``, ``mode``, ``charge_fen``, ``credit_fen``.

    Raises:
        LookupError, Refused, NotEnoughMoney: as `preview_change`.
        PreviewIsOld: something moved since the preview; nothing was done.
        KeyReused: the key came before with another request.
    """

    def make() -> dict[str, Any]:
        if preview_change(tx, project, account_id, subscription_id, plan_name, now) != expected:
            raise PreviewIsOld
        return _change(tx, actor, now, project, account_id, expected)

    request = ["change", account_id, subscription_id, plan_name, expected.revision, expected.charge_fen]
    return dict(once(tx, actor, now, project, key, request, make))


def _change(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, seen: ChangePreview
) -> dict[str, Any]:
    what = _check(tx, project, account_id, seen.subscription_id, seen.plan_name, now)
    order = Order(
        order_no=next_order_no(tx, project.id, Zone(project.zone), now),
        project_id=project.id,
        account_id=account_id,
        plan_version_id=what.version.id,
        periods=1,
        amount_fen=Fen(seen.charge_fen),
        channel=Channel.BALANCE,
        state=OrderState.FULFILLED,
        operator=actor.name,
        memo=f"{what.segment.plan_name} -> {seen.plan_name}",
        created_at=Timestamp(now),
        paid_at=Timestamp(now),
        kind=OrderKind.CHANGE,
    )
    line = OrderLine(what.version.subject, seen.plan_name, Fen(seen.charge_fen))
    orders.add_order(tx, order, (line,))
    octets, seconds = _allowances(tx, project, what) if seen.mode is ChangeMode.KEEP_END else (None, None)
    new_id = orders.add_subscription(
        tx,
        project_id=project.id,
        account_id=account_id,
        plan_version_id=what.version.id,
        order_no=order.order_no,
        at=now,
        paid_principal_fen=Fen(seen.moved[0] + seen.paid[0]),
        paid_bonus_fen=Fen(seen.moved[1] + seen.paid[1]),
        granted_octets=octets,
        granted_seconds=seconds,
    )
    held = -ledger.balance(tx, project.id, rules.deferred(seen.subscription_id))
    lines = _lines(
        account_id, seen.subscription_id, new_id, what.found.version.subject, seen.moved,
        (seen.credit_fen, seen.bonus_credit_fen), seen.paid, held,
    )  # fmt: skip
    if lines:
        ledger.post(
            tx,
            project_id=project.id,
            kind=PostingKind.SALE if seen.charge_fen else PostingKind.REFUND,
            effect=f"subscription:{seen.subscription_id}:change",
            order_no=order.order_no,
            operator=actor.name,
            at=now,
            memo=order.memo,
            lines=rules.check(lines),
        )
    before = what.found.chain
    after = _after(tx, project, what, new_id, now)
    chains.put(tx, before, after, project.id)
    follow(tx, before, after, project.id, now)
    plan_changes.add(
        tx,
        project_id=project.id,
        account_id=account_id,
        from_id=seen.subscription_id,
        to_id=new_id,
        direction=seen.direction,
        mode=seen.mode.value,
        period_starts_at=what.period_starts_at,
        total=seen.total,
        at=now,
        operator=actor.name,
    )
    answer = {
        "subscription_id": new_id,
        "order_no": order.order_no,
        "mode": seen.mode.value,
        "charge_fen": seen.charge_fen,
        "credit_fen": seen.credit_fen,
    }
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="subscription.change",
        object_kind="subscription", object_id=str(seen.subscription_id), after=answer,
    )  # fmt: skip
    return answer
