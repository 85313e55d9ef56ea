"""What a refund is worth now, and the postings by which its money moves (billing rules §9 and §15).

A purchase is settled first: it ends, and its unused value goes into the wallet of whoever paid for it. What is paid out leaves
that wallet, with the gifts that belong to it forfeited, so that every refund can be followed and undone from there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from zhuomai_appliance.billing import agents as agent_rules
from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing import refunds as rules
from zhuomai_appliance.billing.ledger import LedgerAccount, Lines
from zhuomai_appliance.billing.refund_value import UnusedValue
from zhuomai_appliance.flows import cards, subscriptions, wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.agents import AgentId
from zhuomai_appliance.model.commerce import Channel, Order
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.model.refunds import BankAccount, Destination
from zhuomai_appliance.store import accounts, agents, orders, settings
from zhuomai_appliance.store.interface import Reader

__all__ = ["LIMIT_FEN", "Payout", "RefundPreview", "RefundWish", "limit_fen", "payout", "preview"]

SETTING: Final = "refunds"
LIMIT_FEN: Final = 20_000
"""Above so much a second person has to approve, until the school says something else."""

_PROVIDERS: Final = frozenset({Channel.WECHAT, Channel.ALIPAY})


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What somebody wants back, and how: the unused value of a purchase, or ``amount_fen`` of what the wallet holds.

    ``order_no`` names the recharge that money of the wallet came by, where it shall go back the same way.
    """

    account_id: AccountId
    destination: Destination
    reason: str
    subscription_id: SubscriptionId | None = None
    amount_fen: Fen | None = None
    order_no: str | None = None
    bank: BankAccount | None = None


@dataclass(frozen=True, slots=True)
class Payout:
    """Money out of a wallet: lines that balance once ``credit`` has its share, and which recharges it is taken of."""

    lines: Lines
    forfeited_fen: Fen
    recharges: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What a refund would be if it were done now.

    ``value`` says how the amount of a purchase was found, None for money of the wallet; ``lines`` are all its postings in
    turn. ``revision`` is the chain's, for a purchase.
    """

    amount_fen: Fen
    forfeited_fen: Fen
    payee_id: AccountId
    order_no: str | None
    value: UnusedValue | None
    lines: Lines
    needs_approval: bool
    revision: int | None

    @property
    def formula(self) -> str:
        """How the amount was found, as JSON: what the person is shown."""
        if self.value is None:
            return json.dumps({"formula": "wallet", "fen": self.amount_fen})
        return json.dumps(asdict(self.value) | {"formula": self.value.formula.value}, sort_keys=True)


def limit_fen(reader: Reader, project: Project) -> Fen:
    """Above how much a refund of this project needs a second person."""
    found = settings.get(reader, project.id, SETTING) or {}
    return Fen(found.get("limit_fen", LIMIT_FEN))


def preview(
    reader: Reader, actor: Actor, project: Project, wanted: RefundWish, now: int, *, refund_id: int = 0
) -> RefundPreview:
    """What this refund would be now, without doing anything.

    Args:
        refund_id: of the request, if there is one already: the account that holds its money bears this number.

    Raises:
        LookupError: the account, purchase or order is not there.
        Refused: nothing is left, the wallet holds less, or it cannot go there.
    """
    login = accounts.login_by_id(reader, wanted.account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {wanted.account_id} is not there")
    if wanted.destination is Destination.BANK and wanted.bank is None and refund_id == 0:
        raise Refused("bank", "a transfer needs the bank account it goes to")
    if wanted.subscription_id is None:
        return _of_wallet(reader, actor, project, wanted, refund_id)
    return _of_purchase(reader, actor, project, wanted, wanted.subscription_id, now, refund_id)


def _of_purchase(
    reader: Reader,
    actor: Actor,
    project: Project,
    wanted: RefundWish,
    subscription_id: SubscriptionId,
    now: int,
    refund_id: int,
) -> RefundPreview:
    found = subscriptions.owned(reader, project, wanted.account_id, subscription_id, now)
    order_no = found.row.subscription.order_no
    order = None if order_no is None else orders.order(reader, order_no)
    payee = wanted.account_id if order is None or order.payer_id is None else order.payer_id
    seen = subscriptions.preview_cancel(
        reader, project, wanted.account_id, subscription_id, now, payee_id=payee
    )
    value = seen.value
    if payee != wanted.account_id and wanted.destination is not Destination.WALLET:
        raise Refused("payer_money", "a department paid for this: what comes back goes into its wallet")
    if value.all_fen == 0:
        raise Refused("nothing_left", f"nothing of {seen.plan_name} can be given back")
    _check_way(wanted.destination, order)
    out = Payout((), Fen(0))
    if wanted.destination is not Destination.WALLET and value.fen:
        came_by_wallet = order is None or order.channel is Channel.BALANCE
        credit = credit_ref(reader, project, wanted.destination, actor, refund_id)
        out = payout(
            reader, project, payee, value.fen, credit, order, from_wallet=came_by_wallet,
            share_fen=value.bonus_fen, incoming_fen=value.bonus_fen,
        )  # fmt: skip
    return RefundPreview(
        amount_fen=value.fen,
        forfeited_fen=out.forfeited_fen,
        payee_id=payee,
        order_no=order_no,
        value=value,
        lines=(*seen.lines, *out.lines),
        needs_approval=value.fen > limit_fen(reader, project),
        revision=seen.revision,
    )


def _of_wallet(
    reader: Reader, actor: Actor, project: Project, wanted: RefundWish, refund_id: int
) -> RefundPreview:
    if wanted.destination is Destination.WALLET:
        raise Refused("destination", "the money is in the wallet already")
    amount = wanted.amount_fen or Fen(0)
    if amount <= 0:
        raise Refused("amount_fen", "an amount above 0 is needed")
    held = wallets.held(reader, project.id, wanted.account_id).principal_fen
    if held < amount:
        raise Refused(
            "not_enough_money", f"the wallet holds {held} fen that can be paid out", missing_fen=amount - held
        )
    order = None if wanted.order_no is None else orders.order(reader, wanted.order_no)
    if wanted.order_no is not None and (order is None or order.account_id != wanted.account_id):
        raise LookupError(f"order {wanted.order_no} is not there")
    if order is not None and amount > order.amount_fen - order.refunded_fen:
        left = order.amount_fen - order.refunded_fen
        raise Refused("too_much", f"of order {order.order_no} only {left} fen can go back")
    _check_way(wanted.destination, order)
    credit = credit_ref(reader, project, wanted.destination, actor, refund_id)
    out = payout(reader, project, wanted.account_id, amount, credit, order, from_wallet=True)
    return RefundPreview(
        amount_fen=amount,
        forfeited_fen=out.forfeited_fen,
        payee_id=wanted.account_id,
        order_no=wanted.order_no,
        value=None,
        lines=out.lines,
        needs_approval=amount > limit_fen(reader, project),
        revision=None,
    )


def _check_way(destination: Destination, order: Order | None) -> None:
    """Whether money of this order may go there: an agent's sale goes back to him, a provider's only by him."""
    is_agents = order is not None and order.channel is Channel.AGENT
    if is_agents and destination is not Destination.AGENT:
        raise Refused("agent_money", "this was sold by an agent: what comes back goes to his deposit")
    if destination is Destination.AGENT and not is_agents:
        raise Refused("destination", "this was sold by no agent")
    if destination is Destination.CHANNEL and (order is None or order.channel not in _PROVIDERS):
        raise Refused("destination", "this was not paid through a payment provider")


def credit_ref(
    reader: Reader, project: Project, destination: Destination, actor: Actor, refund_id: int
) -> LedgerAccount:
    """Where the money goes first: the till, or the place in which it waits for bank or provider."""
    return (
        cards.till_of(reader, project, actor)
        if destination is Destination.CASH
        else rules.hold_ref(refund_id)
    )


def payout(
    reader: Reader,
    project: Project,
    payee_id: AccountId,
    amount_fen: Fen,
    credit: LedgerAccount,
    order: Order | None,
    *,
    from_wallet: bool,
    share_fen: int = 0,
    incoming_fen: int = 0,
) -> Payout:
    """How so much leaves a wallet.

    Args:
        credit: where it goes; of an agent's order it is divided between his deposit and the commission.
        from_wallet: whether it is principal of recharges, whose gifts are then lost (充100送20), or was paid for the
            purchase itself.
        share_fen: the gift money that paid for a part of a settled purchase: it is not paid out and not kept.
        incoming_fen: gift money that will be in the wallet by then.

    Raises:
        Refused: a part of it came through an agent, and shall not go there.
    """
    if order is not None and order.channel is Channel.AGENT and order.agent_id is not None:
        paid = agents.paid_for_order(reader, project.id, AgentId(order.agent_id), order.order_no)
        back = agent_rules.returned(order.agent_id, amount_fen, paid, order.amount_fen)
        debit = ledger_rules.debits((ledger_rules.wallet(payee_id), amount_fen))
        is_recharge = order.plan_version_id is None
        return Payout((*debit, *back), Fen(0), ((order.order_no, amount_fen),) if is_recharge else ())
    held = wallets.held(reader, project.id, payee_id).bonus_fen + incoming_fen
    touched = wallets.recharges_touched(reader, project.id, payee_id, amount_fen) if from_wallet else []
    for order_no, part, _ in touched:
        recharge = orders.order(reader, order_no)
        if recharge is not None and recharge.channel is Channel.AGENT:
            raise Refused(
                "agent_money",
                f"{part} fen of it came through an agent with order {order_no}: give that back to his deposit",
                order_no=order_no,
            )
    lost = min(sum(gift for _, _, gift in touched), held)
    lost += min(share_fen, held - lost)
    lines = rules.pay_out(payee_id, credit, amount_fen, lost)
    return Payout(lines, Fen(lost), tuple((order_no, part) for order_no, part, _ in touched))


def facts_of(formula: str, out: Payout) -> str:
    """The formula with what a later reversal needs to know."""
    known: dict[str, Any] = json.loads(formula)
    return json.dumps(known | {"recharges": [list(one) for one in out.recharges]}, sort_keys=True)
