"""The steps that refunds take, each in one transaction with its posting, its history and its audit row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing import refunds as rules
from zhuomai_appliance.billing.ledger import LedgerAccount, Lines
from zhuomai_appliance.billing.orders import STEPS as ORDER_STEPS
from zhuomai_appliance.billing.orders import OrderEvent
from zhuomai_appliance.billing.refunds import IllegalRefundStepError, RefundEvent
from zhuomai_appliance.flows import refund_money as money
from zhuomai_appliance.flows import shifts, subscriptions
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.refunds import Refund, RefundId, RefundState
from zhuomai_appliance.store import journal, ledger, orders, refunds
from zhuomai_appliance.store.interface import Reader, Transaction


def known(reader: Reader, project: Project, refund_id: RefundId) -> Refund:
    """One refund of a project.

    Raises:
        LookupError: it is not there.
    """
    found = refunds.refund(reader, project.id, refund_id)
    if found is None:
        raise LookupError(f"refund {refund_id} is not there")
    return found


def check_step(found: Refund, event: RefundEvent) -> None:
    """Whether a refund can take a step now.

    Raises:
        Refused: the table has no such step.
    """
    try:
        rules.advance(found.state, event)
    except IllegalRefundStepError as error:
        raise Refused("state", str(error), state=found.state.value) from None


def wish_of(found: Refund) -> RefundWish:
    """What was asked for, to be looked at anew."""
    amount = found.amount_fen if found.subscription_id is None else None
    order_no = found.order_no if found.subscription_id is None else None
    return RefundWish(
        found.account_id, found.destination, found.reason, found.subscription_id, amount, order_no
    )


def approvals(reader: Reader, found: Refund) -> int:
    """How often a refund was approved so far: each time its money may leave the wallet once."""
    steps = refunds.steps(reader, found.project_id, found.id)
    return sum(step.state is RefundState.APPROVED for step in steps)


def move(tx: Transaction, actor: Actor, now: int, project: Project, found: Refund, turn: int) -> Refund:
    """Settle what it is for, and take the money out of the wallet."""
    settled = found if found.subscription_id is None else settle(tx, actor, now, project, found)
    return pay_out(tx, actor, now, project, settled, turn)


def settle(tx: Transaction, actor: Actor, now: int, project: Project, found: Refund) -> Refund:
    """End the purchase, its value into the wallet of who paid for it."""
    if found.subscription_id is None:
        raise ValueError(f"refund {found.id} is for no purchase")
    done = subscriptions.cancel_now(
        tx, actor, now, project, found.account_id, found.subscription_id, reason=found.reason, payee_id=found.payee_id
    )  # fmt: skip
    if found.order_no is not None:
        orders.add_refunded(tx, found.order_no, done["fen"])
    order_step(tx, found.subscription_id, found.order_no, OrderEvent.REFUND_DONE, now, actor)
    value = {name: done[name] for name in ("fen", "bonus_fen", "formula", "remaining", "total", "unit")}
    return replace(found, amount_fen=Fen(done["fen"]), formula=json.dumps(value, sort_keys=True))


def pay_out(tx: Transaction, actor: Actor, now: int, project: Project, found: Refund, turn: int) -> Refund:
    """Take the money out of the wallet; the ``turn``-th time."""
    facts: dict[str, Any] = json.loads(found.formula)
    order = None if found.order_no is None else orders.order(tx, found.order_no)
    by_wallet = found.subscription_id is None or order is None or order.channel is Channel.BALANCE
    credit = money.credit_ref(tx, project, found.destination, actor, found.id)
    out = money.payout(
        tx, project, found.payee_id, found.amount_fen, credit, order, from_wallet=by_wallet,
        share_fen=facts.get("bonus_fen", 0),
    )  # fmt: skip
    if out.lines:
        post(tx, actor, now, found, out.lines, f"out:{turn}")
    moved = replace(found, forfeited_fen=out.forfeited_fen, formula=money.facts_of(found.formula, out))
    touch_recharges(tx, moved, 1)
    return moved


def touch_recharges(tx: Transaction, found: Refund, sign: int) -> None:
    """Keep in the recharges what of them went out, or with -1 came back."""
    for order_no, part in json.loads(found.formula).get("recharges", []):
        orders.add_refunded(tx, order_no, Fen(sign * part))


def released(found: Refund, credit: LedgerAccount) -> Lines:
    """Held money on its way."""
    return ledger_rules.transfer(rules.hold_ref(found.id), credit, found.amount_fen)


def post(tx: Transaction, actor: Actor, now: int, found: Refund, lines: Lines, what: str) -> None:
    """Post a movement of this refund; no lines, no posting."""
    if not lines:
        return
    ledger.post(
        tx,
        project_id=found.project_id,
        kind=PostingKind.CASH_OUT,
        effect=f"refund:{found.id}:{what}",
        order_no=found.order_no,
        operator=actor.name,
        at=now,
        memo=found.reason,
        lines=ledger_rules.check(lines),
    )


def undo(tx: Transaction, actor: Actor, now: int, found: Refund, what: str, reason: str) -> None:
    """Reverse a movement of this refund, if there was one."""
    original = ledger.posting_of(tx, found.project_id, f"refund:{found.id}:{what}")
    if original is None:
        return
    ledger.post(
        tx,
        project_id=found.project_id,
        kind=PostingKind.REVERSAL,
        effect=f"refund:{found.id}:{what}:back",
        order_no=found.order_no,
        operator=actor.name,
        at=now,
        memo=reason,
        lines=ledger_rules.check(
            shifts.in_open_till(
                tx, found.project_id, actor, ledger_rules.reversal(ledger.lines_of(tx, original))
            )
        ),
        reversal_of=original,
    )


def finish(
    tx: Transaction, actor: Actor, now: int, found: Refund, event: RefundEvent, memo: str = ""
) -> Refund:
    """Bring a refund to its end, for now."""
    before = stored(tx, found)
    after = replace(found, state=rules.advance(before.state, event), finished_at=now)
    refunds.put(tx, before, after, now, actor.name, memo)
    return after


def stored(reader: Reader, found: Refund) -> Refund:
    """The same refund as the books have it now."""
    """The same refund as the books have it now."""
    found_now = refunds.refund(reader, found.project_id, found.id)
    if found_now is None:
        raise LookupError(f"refund {found.id} is not there")
    return found_now


def order_step(
    tx: Transaction,
    subscription_id: int | None,
    order_no: str | None,
    event: OrderEvent,
    now: int,
    actor: Actor,
) -> None:
    """Let the order of a purchase follow its refund; an order in another state than expected stays as it is."""
    order = None if order_no is None or subscription_id is None else orders.order(tx, order_no)
    if order is not None and (order.state, event) in ORDER_STEPS:
        orders.set_state(tx, order, ORDER_STEPS[order.state, event], now, actor.name)


def audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    number: int,
    after: Mapping[str, Any],
) -> None:
    """Keep who did what to a refund."""
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="refund", object_id=str(number), after=after,
    )  # fmt: skip
