"""红冲 and 结账: a posting is undone by one that negates it, once; a closed month takes no postings (E10, E20).

A reversal is dated now, in the open month, whatever month its original is of, and names the original.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing import periods
from zhuomai_appliance.billing.orders import IllegalStepError, OrderEvent, advance
from zhuomai_appliance.flows import chains, earnings, expenses, receipts, redemption, shifts, subscriptions
from zhuomai_appliance.flows.audited import auditor
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel, Order, OrderKind, PostingId, PostingKind
from zhuomai_appliance.model.moment import Zone, month_bounds
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store import closing_books, ledger, orders
from zhuomai_appliance.store import subscriptions as rows
from zhuomai_appliance.store.interface import Transaction

_audit = auditor("ledger")

_NAMED: Final = 10
_REVERSIBLE: Final = frozenset(
    (PostingKind.SALE, PostingKind.RECHARGE, PostingKind.OPENING, PostingKind.MANUAL, PostingKind.EXPENSE)
)


def reverse(
    tx: Transaction, actor: Actor, now: int, project: Project, posting_id: PostingId, reason: str
) -> PostingId:
    """Undo a sale, recharge, opening balance, manual charge or expense with its order; the first reversal if it was undone before.

    A sale takes its purchase out of the chain, if nothing of it was used or earned; a card that paid it is good again.

    Raises:
        LookupError: the project has no such posting.
        Refused: no reason, a kind that has its own way back, a purchase that was used, money that was spent.
    """
    kept = closing_books.posting(tx, project.id, posting_id)
    if kept is None:
        raise LookupError(f"posting {posting_id} is not there")
    effect = f"posting:{posting_id}:reversal"
    earlier = ledger.posting_of(tx, project.id, effect)
    if earlier is not None:
        return earlier
    if not reason.strip():
        raise Refused("reason_missing", "a reversal needs a reason")
    if kept.kind not in _REVERSIBLE:
        raise Refused("not_reversible", f"a posting of kind {kept.kind} is undone by its own operation")
    lines = shifts.in_open_till(tx, project.id, actor, rules.reversal(ledger.lines_of(tx, posting_id)))
    for line in lines:
        head = line.account_ref.partition(":")[0]
        is_held = head in ("wallet", "bonus") and line.amount_fen > 0
        if is_held and -ledger.balance(tx, project.id, line.account_ref) < line.amount_fen:
            raise Refused("spent", "the money is not in the wallet any more: cancel what it bought first")
    order = None if kept.order_no is None else orders.order(tx, kept.order_no)
    if order is not None:
        _undo(tx, actor, now, project, order, reason)
    made = ledger.post(
        tx,
        project_id=project.id,
        kind=PostingKind.REVERSAL,
        effect=effect,
        order_no=kept.order_no,
        operator=actor.name,
        at=now,
        memo=reason,
        lines=rules.check(lines),
        reversal_of=posting_id,
    )
    if made is None:
        raise LookupError(f"posting {posting_id} was reversed meanwhile")
    expenses.note_reversal(tx, project, posting_id)
    _audit(tx, actor, now, project, "ledger.reverse", str(posting_id), {"reversal": made, "reason": reason})
    return made


def _undo(tx: Transaction, actor: Actor, now: int, project: Project, order: Order, reason: str) -> None:
    if order.refunded_fen:
        raise Refused("refunded", "a part of this order was given back already: refund the rest")
    if order.kind is OrderKind.CHANGE:
        raise Refused("changed", "a change of plan is undone by changing back")
    subscription_id = closing_books.subscription_of_order(tx, project.id, order.order_no)
    if subscription_id is not None:
        found = subscriptions.owned(tx, project, order.account_id, subscription_id, now)
        one = found.row.subscription
        held = -ledger.balance(tx, project.id, rules.deferred(subscription_id))
        used = rows.use_of(tx, project.id, order.account_id, subscription_id)
        if found.segment is None or held != one.paid_principal_fen + one.paid_bonus_fen or any(used):
            raise Refused("used", "a part of the purchase was used: cancel it for its unused value instead")
        before = chain_rules.at(chains.read(tx, order.account_id, project.zone), now)
        after = periods.cancel(before, subscription_id, now)
        chains.put(tx, before, after, project.id)
        subscriptions.follow(tx, before, after, project.id, now)
    receipts.void_of_order(tx, actor, now, project, order.order_no, reason)
    if order.channel is Channel.CARD:
        redemption.undo(tx, now, project, order.order_no)
    try:
        begun = advance(order.state, OrderEvent.REFUND)
    except IllegalStepError as error:
        raise Refused("order_state", str(error)) from None
    orders.set_state(tx, order, begun, now, actor.name, reason)
    moved = orders.order(tx, order.order_no)
    if moved is not None:
        orders.set_state(tx, moved, advance(begun, OrderEvent.REFUND_DONE), now, actor.name, reason)
    orders.add_refunded(tx, order.order_no, order.amount_fen)


def close_month(tx: Transaction, actor: Actor, now: int, project: Project, month: str) -> bool:
    """Close a month that is over, and all before it, for good; False when it was closed before.

    Raises:
        Refused: it is no month ("2026-09"), or not over yet.
    """
    zone = Zone(project.zone)
    try:
        begin = zone.instant(datetime.strptime(month, "%Y-%m"))  # noqa: DTZ007 - the project's zone makes it an instant
    except ValueError:
        raise Refused("no_month", f'{month!r} is no month such as "2026-09"') from None
    ends_at = month_bounds(begin, zone)[1]
    if ends_at > now:
        raise Refused("month_not_over", f"{month} is not over yet")
    if missing := earnings.missing(tx, project, ends_at):
        named = ", ".join(str(one) for one in missing[:_NAMED])
        raise Refused(
            "earnings_missing",
            f"the income of {len(missing)} purchases up to {month} is not posted yet ({named}); the next round does",
            count=len(missing),
        )
    if not closing_books.add_close(
        tx, project.id, zone.local(begin).strftime("%Y-%m"), ends_at, now, actor.name
    ):
        return False
    _audit(tx, actor, now, project, "ledger.close", month, {"ends_at": ends_at})
    return True
