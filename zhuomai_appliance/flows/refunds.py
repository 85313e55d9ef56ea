"""The queue of refunds: requested, approved by a second person above a limit, paid or failed, and undone (features E09).

Into the wallet and back to an agent the money goes with the approval. Cash goes when the person stands at the counter: until
then a purchase serves on, and its value is found anew. For bank and provider the money leaves the wallet with the
approval, waits where nobody can spend it, and comes back to the wallet if the transfer fails.
"""

from __future__ import annotations

from dataclasses import replace

from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing import refunds as rules
from zhuomai_appliance.billing.orders import OrderEvent
from zhuomai_appliance.billing.refunds import RefundEvent
from zhuomai_appliance.flows import refund_money as money
from zhuomai_appliance.flows import refund_steps as steps
from zhuomai_appliance.flows import wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refund_money import RefundPreview, RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.refunds import Destination, Refund, RefundId, RefundState
from zhuomai_appliance.store import journal, refunds, settings
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.refunds import NewRefund, RefundFilter
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.vault import Vault

__all__ = [
    "PreviewIsOld",
    "RefundPreview",
    "RefundWish",
    "Refused",
    "approve",
    "fail",
    "pay",
    "preview_pay",
    "reject",
    "request",
    "retry",
    "reverse",
    "set_limit",
]


def set_limit(tx: Transaction, actor: Actor, now: int, project: Project, limit_fen: Fen) -> None:
    """Say above how much a second person has to approve; 0: always."""
    before = money.limit_fen(tx, project)
    settings.put(tx, project.id, money.SETTING, {"limit_fen": limit_fen})
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="refund.limit",
        object_kind="setting", object_id=money.SETTING, before={"limit_fen": before}, after={"limit_fen": limit_fen},
    )  # fmt: skip


def request(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    wanted: RefundWish,
    *,
    expected: RefundPreview | None = None,
    batch_id: int | None = None,
    approved_by: str | None = None,
) -> Refund:
    """Put a refund into the queue; up to the limit it is approved at once.

    Args:
        tx: the transaction.
        vault: seals the bank account.
        actor: who asks.
        now: the instant.
        project: in which.
        wanted: what is asked for.
        expected: what a preview showed; anything else refuses.
        batch_id: the graduation that it belongs to.
        approved_by: who approved it as part of a batch.

    Raises:
        PreviewIsOld: it is not what ``expected`` showed any more; nothing was done.
        LookupError, Refused: as `refund_money.preview`, or this purchase is in the queue already.
    """
    seen = money.preview(tx, actor, project, wanted, now)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    if wanted.subscription_id is not None:
        _check_not_queued(tx, project, wanted)
    new = NewRefund(
        project.id, wanted.account_id, seen.payee_id, wanted.subscription_id, seen.order_no, wanted.destination,
        seen.amount_fen, seen.forfeited_fen, seen.formula, wanted.reason, batch_id,
    )  # fmt: skip
    refund_id = refunds.add(tx, vault, new, wanted.bank, actor.name, now)
    steps.order_step(tx, wanted.subscription_id, seen.order_no, OrderEvent.REFUND, now, actor)
    steps.audit(tx, actor, now, project, "refund.request", refund_id, {
        "account": wanted.account_id, "subscription": wanted.subscription_id, "amount_fen": seen.amount_fen,
        "destination": wanted.destination.value, "reason": wanted.reason,
    })  # fmt: skip
    found = steps.known(tx, project, refund_id)
    if approved_by is None and seen.needs_approval:
        return found
    return _approve(tx, actor, now, project, found, decided_by=approved_by or "", memo="")


def _check_not_queued(reader: Reader, project: Project, wanted: RefundWish) -> None:
    for state in (RefundState.REQUESTED, RefundState.APPROVED):
        chosen = RefundFilter(subscription_id=wanted.subscription_id, state=state)
        if queued := refunds.refunds(reader, (project.id,), chosen, Page(limit=1)):
            raise Refused("queued", f"this purchase is refund {queued[0].id} of the queue already")


def approve(
    tx: Transaction, actor: Actor, now: int, project: Project, refund_id: RefundId, *, memo: str = ""
) -> Refund:
    """Let a refund go on: a second person's word, above the limit never that of who requested it.

    Raises:
        Refused: it is not requested any more, the same person asks, or what it was for is gone.
    """
    found = steps.known(tx, project, refund_id)
    steps.check_step(found, RefundEvent.APPROVE)
    if actor.name == found.requested_by:
        raise Refused("same_person", "who requested a refund cannot approve it")
    return _approve(tx, actor, now, project, found, decided_by=actor.name, memo=memo)


def _approve(
    tx: Transaction, actor: Actor, now: int, project: Project, found: Refund, *, decided_by: str, memo: str
) -> Refund:
    approved = replace(
        found, state=rules.advance(found.state, RefundEvent.APPROVE), decided_by=decided_by, decided_at=now
    )
    if found.destination in rules.HELD or found.destination is Destination.AGENT:
        approved = steps.move(tx, actor, now, project, approved, steps.approvals(tx, found) + 1)
    elif found.destination is Destination.WALLET:
        approved = steps.settle(tx, actor, now, project, approved)
    approved = replace(approved, is_held=found.destination in rules.HELD)
    refunds.put(tx, found, approved, now, actor.name, memo)
    steps.audit(
        tx,
        actor,
        now,
        project,
        "refund.approve",
        found.id,
        {"amount_fen": approved.amount_fen, "by": decided_by},
    )
    if found.destination in (Destination.WALLET, Destination.AGENT):
        return steps.finish(tx, actor, now, approved, RefundEvent.PAY)
    return approved


def reject(
    tx: Transaction, actor: Actor, now: int, project: Project, refund_id: RefundId, *, reason: str
) -> Refund:
    """Say no to a request, or take one's own back.

    Raises:
        Refused: it is not requested any more.
    """
    found = steps.known(tx, project, refund_id)
    steps.check_step(found, RefundEvent.REJECT)
    steps.order_step(tx, found.subscription_id, found.order_no, OrderEvent.REFUND_FAILED, now, actor)
    steps.audit(tx, actor, now, project, "refund.reject", refund_id, {"reason": reason})
    return steps.finish(
        tx, actor, now, replace(found, decided_by=actor.name, decided_at=now), RefundEvent.REJECT, reason
    )


# Paying -----------------------------------------------------------------------------------------------------------------


def preview_pay(
    reader: Reader, actor: Actor, project: Project, refund_id: RefundId, now: int
) -> RefundPreview:
    """What paying an approved refund in cash would be now.

    Raises:
        Refused: it is not for the counter, or nothing is left.
    """
    found = steps.known(reader, project, refund_id)
    steps.check_step(found, RefundEvent.PAY)
    if found.destination is not Destination.CASH:
        raise Refused("destination", "this refund is not paid at the counter")
    return money.preview(reader, actor, project, steps.wish_of(found), now, refund_id=found.id)


def pay(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    refund_id: RefundId,
    *,
    expected: RefundPreview | None = None,
    memo: str = "",
) -> Refund:
    """Pay an approved refund: out of the operator's till, or note that the bank has transferred it.

    Raises:
        PreviewIsOld: at the counter, it is not what ``expected`` showed any more; nothing was done.
        Refused: it is not approved, waits for a provider, or is worth more now than was approved.
    """
    found = steps.known(tx, project, refund_id)
    steps.check_step(found, RefundEvent.PAY)
    if found.destination is Destination.CASH:
        seen = preview_pay(tx, actor, project, refund_id, now)
        if expected is not None and seen != expected:
            raise PreviewIsOld
        if seen.amount_fen > found.amount_fen:
            raise Refused(
                "more_than_approved", f"{seen.amount_fen} fen would be paid, {found.amount_fen} were approved"
            )
        paid = steps.move(tx, actor, now, project, found, steps.approvals(tx, found))
    elif found.destination is Destination.BANK:
        steps.post(tx, actor, now, found, steps.released(found, ledger_rules.BANK), "bank")
        paid = replace(found, is_held=False)
    else:
        raise Refused("destination", f"a refund to {found.destination} is not paid by hand")
    steps.audit(
        tx, actor, now, project, "refund.pay", refund_id, {"amount_fen": paid.amount_fen, "memo": memo}
    )
    return steps.finish(tx, actor, now, paid, RefundEvent.PAY, memo)


def fail(
    tx: Transaction, actor: Actor, now: int, project: Project, refund_id: RefundId, *, reason: str
) -> Refund:
    """A transfer came back, or nobody came for the cash: money that left the wallet is in it again.

    Raises:
        Refused: it is not approved.
    """
    found = steps.known(tx, project, refund_id)
    steps.check_step(found, RefundEvent.FAIL)
    if found.is_held:
        steps.undo(tx, actor, now, found, f"out:{steps.approvals(tx, found)}", reason)
        steps.touch_recharges(tx, found, -1)
    elif found.subscription_id is not None:
        steps.order_step(tx, found.subscription_id, found.order_no, OrderEvent.REFUND_FAILED, now, actor)
    steps.audit(tx, actor, now, project, "refund.fail", refund_id, {"reason": reason})
    failed = replace(found, is_held=False, failure=reason)
    return steps.finish(tx, actor, now, failed, RefundEvent.FAIL, reason)


def retry(
    tx: Transaction, actor: Actor, now: int, project: Project, refund_id: RefundId, *, memo: str = ""
) -> Refund:
    """Try a failed refund again, with what was approved before: the wallet must still hold it.

    Raises:
        Refused: it did not fail, or the wallet holds less meanwhile.
    """
    found = steps.known(tx, project, refund_id)
    steps.check_step(found, RefundEvent.RETRY)
    again = replace(
        found, state=rules.advance(found.state, RefundEvent.RETRY), failure="", finished_at=None, list_no=None
    )
    if found.destination in rules.HELD:
        held = wallets.held(tx, project.id, found.payee_id).principal_fen
        if held < found.amount_fen:
            raise Refused(
                "not_enough_money", f"the wallet holds {held} fen meanwhile, {found.amount_fen} are needed"
            )
        again = replace(
            steps.pay_out(tx, actor, now, project, again, steps.approvals(tx, found) + 1), is_held=True
        )
    elif found.subscription_id is not None:
        steps.order_step(tx, found.subscription_id, found.order_no, OrderEvent.REFUND, now, actor)
    refunds.put(tx, found, again, now, actor.name, memo)
    steps.audit(tx, actor, now, project, "refund.retry", refund_id, {"memo": memo})
    return again


def reverse(
    tx: Transaction, actor: Actor, now: int, project: Project, refund_id: RefundId, *, reason: str
) -> Refund:
    """Money that was paid out came back, or was paid by mistake: it is in the wallet again, with the gifts it had cost.

    The purchase stays cancelled; the wallet can buy another.

    Raises:
        Refused: it is not paid, or it went into the wallet or through a provider.
    """
    found = steps.known(tx, project, refund_id)
    if found.state is RefundState.REVERSED:
        return found
    steps.check_step(found, RefundEvent.REVERSE)
    if found.destination in (Destination.WALLET, Destination.CHANNEL):
        raise Refused("destination", f"a refund to {found.destination} cannot be undone here")
    for what in ("bank", f"out:{steps.approvals(tx, found)}"):
        steps.undo(tx, actor, now, found, what, reason)
    steps.touch_recharges(tx, found, -1)
    steps.audit(
        tx,
        actor,
        now,
        project,
        "refund.reverse",
        refund_id,
        {"amount_fen": found.amount_fen, "reason": reason},
    )
    return steps.finish(tx, actor, now, found, RefundEvent.REVERSE, reason)
