"""Changes of what an account owns that are no purchase: cancelling, and the order of the queue (billing rules §6, §9).

Each is a preview and a commit of the same figures. They write effects on open sessions into the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing import periods
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.billing.refund_value import Formula, UnusedValue, refund_lines, unused_value
from zhuomai_appliance.billing.rents import months_of_service
from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.flows.once import once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.entitlement import Entitlement, Segment
from zhuomai_appliance.model.moment import Anchor, Timestamp, Zone, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanKind, PlanVersion, SubscriptionId, SubscriptionState
from zhuomai_appliance.store import journal, ledger, orders, products, subscriptions
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.orders import OwnedSubscription


@dataclass(frozen=True, slots=True)
class Span:
    """One purchase in a chain with its dates; those of one that has not begun are projections, or None."""

    subscription_id: SubscriptionId
    plan_name: str
    state: SubscriptionState
    starts_at: Timestamp | None
    ends_at: Timestamp | None


@dataclass(frozen=True, slots=True)
class Owned:
    """A purchase of an account, its frozen version, and its place in the chain (None once it has ended)."""

    row: OwnedSubscription
    version: PlanVersion
    segment: Segment | None
    chain: Entitlement


@dataclass(frozen=True, slots=True)
class CancelPreview:
    """What cancelling a purchase now would give back and leave; ``lines`` are the posting, empty over 0 fen."""

    subscription_id: SubscriptionId
    plan_name: str
    state: SubscriptionState
    value: UnusedValue
    lines: Lines
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    revision: int


def spans(chain: Entitlement) -> tuple[Span, ...]:
    """The chain as people read it: all that has not ended, in the order of its turn."""
    return tuple(
        Span(s.subscription_id, s.plan_name, s.state, s.starts_at, s.ends_at) for s in chain.segments
    )


def standing(
    reader: Reader, project: Project, account_id: AccountId, now: int
) -> tuple[tuple[Span, ...], int]:
    """The chain of an account as it stands at ``now``, and its revision."""
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    return spans(chain), chain.revision


def owned(
    reader: Reader, project: Project, account_id: AccountId, subscription_id: SubscriptionId, now: int
) -> Owned:
    """A purchase with its version and place, the chain walked to ``now``.

    Raises:
        LookupError: this account of this project has no such purchase.
    """
    rows = orders.subscriptions_of(reader, project.id, account_id)
    row = next((one for one in rows if one.subscription.id == subscription_id), None)
    version = None if row is None else products.version(reader, project.id, row.subscription.plan_version_id)
    if row is None or version is None:
        raise LookupError(f"account {account_id} has no subscription {subscription_id}")
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    segment = next((s for s in chain.segments if s.subscription_id == subscription_id), None)
    return Owned(row, version, segment, chain)


def value_of(reader: Reader, project: Project, found: Owned, now: int) -> UnusedValue:
    """What of a purchase is not used at ``now`` (billing rules §9), less what half price gave back of the same days."""
    one = found.row.subscription
    usage = None
    if found.version.kind in (PlanKind.DATA, PlanKind.DURATION):
        up, down, seconds = subscriptions.use_of(reader, project.id, one.account_id, one.id)
        direction = found.version.terms.quota.direction
        usage = direction.counted(up, down) if found.version.kind is PlanKind.DATA else seconds
    value = unused_value(found.version, one, found.segment, usage, now, Zone(project.zone))
    if value.formula is Formula.BY_DAY and found.version.terms.meter.half_price_spans:
        return _less_credits(reader, project, found, value, now)
    return value


def _less_credits(
    reader: Reader, project: Project, found: Owned, value: UnusedValue, now: int
) -> UnusedValue:
    """A month whose half came back already (W44) gives back, of each day that remains, the other half alone."""
    segment, zone = found.segment, Zone(project.zone)
    if segment is None or segment.starts_at is None or segment.ends_at is None:
        return value
    account_id, today = found.row.subscription.account_id, local_day(now, zone)
    refs = (rules.wallet(account_id), rules.bonus(account_id))
    less = [0, 0]
    by_calendar = found.version.terms.anchor is Anchor.CALENDAR
    for month in months_of_service(
        segment.starts_at, segment.ends_at, segment.starts_at, now, zone, by_calendar=by_calendar
    ):
        posting = ledger.posting_of(reader, project.id, f"half_price:{account_id}:{month.month}")
        if posting is None:
            continue
        first, end = local_day(month.start, zone), local_day(month.end, zone)
        remaining, total = max(end - max(first, today + 1), 0), max(end - first, 1)
        for line in ledger.lines_of(reader, posting):
            if line.account_ref in refs:
                less[refs.index(line.account_ref)] += -(line.amount_fen * remaining // total)
    return replace(
        value, fen=Fen(max(value.fen - less[0], 0)), bonus_fen=Fen(max(value.bonus_fen - less[1], 0))
    )


def preview_cancel(
    reader: Reader,
    project: Project,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    now: int,
    *,
    payee_id: AccountId | None = None,
) -> CancelPreview:
    """What `cancel` would do now: all of a purchase that has not begun, the unused value of one that has.

    Args:
        payee_id: whose wallet gets it, where another paid (E22); the account's own otherwise.

    Raises:
        LookupError: this account of this project has no such purchase.
        Refused: it has ended.
    """
    found = owned(reader, project, account_id, subscription_id, now)
    segment = found.segment
    if segment is None:
        raise Refused("over", f"{found.row.plan_name} has ended: nothing of it is left to be cancelled")
    value = value_of(reader, project, found, now)
    held = Fen(-ledger.balance(reader, project.id, rules.deferred(subscription_id)))
    after = periods.cancel(found.chain, subscription_id, now)
    return CancelPreview(
        subscription_id=subscription_id,
        plan_name=segment.plan_name,
        state=segment.state,
        value=value,
        lines=refund_lines(subscription_id, payee_id or account_id, found.version.subject, value, held),
        before=spans(found.chain),
        after=spans(after),
        revision=found.chain.revision,
    )


def cancel(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    *,
    key: str,
    expected: CancelPreview,
    reason: str,
) -> dict[str, Any]:
    """End a purchase as a preview showed it, its value into the wallet; the first answer if the key comes again.

    Returns:
        ``subscription_id``, ``posting_id`` (None over 0 fen), ``fen``, ``bonus_fen``, ``formula``, ``remaining``,
        ``total`` and ``unit``.

    Raises:
        LookupError, Refused: as `preview_cancel`.
        PreviewIsOld: chain, day or use moved since the preview; nothing was done.
        KeyReused: the key came before with another request.
    """
    request = ["cancel", account_id, subscription_id, expected.revision, expected.value.fen, expected.value.bonus_fen, reason]  # fmt: skip

    def make() -> dict[str, Any]:
        if preview_cancel(tx, project, account_id, subscription_id, now) != expected:
            raise PreviewIsOld
        return cancel_now(tx, actor, now, project, account_id, subscription_id, reason=reason)

    return dict(once(tx, actor, now, project, key, request, make))


def cancel_now(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    *,
    reason: str,
    payee_id: AccountId | None = None,
) -> dict[str, Any]:
    """The same for a flow that has its own preview and key (refunds, graduation, closing): ends it and posts.

    A purchase is cancelled once: the posting's effect bears its number.

    Raises:
        LookupError, Refused: as `preview_cancel`.
    """
    seen = preview_cancel(tx, project, account_id, subscription_id, now, payee_id=payee_id)
    before = chain_rules.at(chains.read(tx, account_id, project.zone), now)
    posting_id = None
    if seen.lines:
        posting_id = ledger.post(
            tx,
            project_id=project.id,
            kind=PostingKind.REFUND,
            effect=f"subscription:{subscription_id}:cancel",
            order_no=None,
            operator=actor.name,
            at=now,
            memo=reason,
            lines=rules.check(seen.lines),
        )
    after = periods.cancel(before, subscription_id, now)
    chains.put(tx, before, after, project.id)
    follow(tx, before, after, project.id, now)
    answer: dict[str, Any] = {"subscription_id": subscription_id, "posting_id": posting_id}
    answer |= asdict(seen.value) | {"formula": seen.value.formula.value}
    _audit(tx, actor, now, project, "subscription.cancel", subscription_id, answer | {"reason": reason})
    return answer


def follow(
    tx: Transaction,
    before: Entitlement,
    after: Entitlement,
    project_id: ProjectId,
    at: int,
    why: str = "policy_changed",
) -> None:
    """Bring running sessions to what a changed chain allows: ended without a right, else changed, else left alone."""
    old, new = chain_rules.current(before, at), chain_rules.current(after, at)
    if new is None:
        if old is not None:
            effects.end_sessions_of(tx, after.account_id, project_id, why, at, again=True)
    elif old is None or old.policy != new.policy or old.throttled != new.throttled:
        effects.apply_live(tx, after.account_id, project_id, at, why)
    elif chain_rules.coverage_end(before, at) != chain_rules.coverage_end(after, at):
        effects.change_sessions_of(tx, after.account_id, project_id, at, must=False)


# The order of the queue -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReorderPreview:
    """The chain as it is, and with its waiting part in another order: all dates of the second are projections."""

    before: tuple[Span, ...]
    after: tuple[Span, ...]
    revision: int


def preview_reorder(
    reader: Reader, project: Project, account_id: AccountId, wanted: Sequence[SubscriptionId], now: int
) -> ReorderPreview:
    """The chain with what has not begun in this order (billing rules §6).

    Raises:
        Refused: ``wanted`` does not name just those that wait in the queue.
    """
    before = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    after = _reordered(before, wanted, now)
    return ReorderPreview(spans(before), spans(after), before.revision)


def reorder(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    wanted: Sequence[SubscriptionId],
    *,
    key: str,
    revision: int,
) -> dict[str, Any]:
    """Put what has not begun into another order, as a preview showed it; ``order`` of the answer is the new one.

    Raises:
        Refused: ``wanted`` does not name just those that wait in the queue.
        PreviewIsOld: the chain moved since the preview; nothing was done.
        KeyReused: the key came before with another request.
    """

    def make() -> dict[str, Any]:
        before = chain_rules.at(chains.read(tx, account_id, project.zone), now)
        if before.revision != revision:
            raise PreviewIsOld
        after = _reordered(before, wanted, now)
        chains.put(tx, before, after, project.id)
        follow(tx, before, after, project.id, now)
        order = [s.subscription_id for s in after.segments]
        journal.audit(
            tx, at=now, project_id=project.id, actor=actor.name, address=actor.address,
            action="subscription.reorder", object_kind="account_chain", object_id=str(account_id),
            before={"order": [s.subscription_id for s in before.segments]}, after={"order": order},
        )  # fmt: skip
        return {"account_id": account_id, "order": order}

    return dict(once(tx, actor, now, project, key, ["reorder", account_id, list(wanted), revision], make))


def _reordered(chain: Entitlement, wanted: Sequence[SubscriptionId], now: int) -> Entitlement:
    waiting = {s.subscription_id: s for s in chain.segments if s.state is SubscriptionState.QUEUED}
    if sorted(waiting) != sorted(wanted):
        raise Refused("not_the_queue", "name each purchase that waits in the queue once, and no other")
    begun = [s for s in chain.segments if s.state is not SubscriptionState.QUEUED]
    return chain_rules.settle(chain, (*begun, *(waiting[one] for one in wanted)), max(now, chain.as_of))


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    subscription_id: SubscriptionId,
    after: dict[str, Any],
) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=project.id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="subscription",
        object_id=str(subscription_id),
        after=after,
    )
