"""Manual charges (人工收费): an installation, a cable; under a subject, with a word, by the path of every order (E08)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.flows import credit, purchases, receipts, shifts, subjects, wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import NotEnoughMoney, PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import (
    Channel,
    Order,
    OrderKind,
    OrderLine,
    OrderState,
    Payment,
    PostingKind,
)
from zhuomai_appliance.model.moment import Timestamp, Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.subjects import SubjectKind
from zhuomai_appliance.store import accounts, journal, ledger, orders
from zhuomai_appliance.store.interface import Reader, Transaction

__all__ = ["ChargePreview", "ChargeWish", "NotEnoughMoney", "PreviewIsOld", "Refused", "charge", "preview"]

_CHANNELS: Final = frozenset((Channel.CASH, Channel.BALANCE))


@dataclass(frozen=True, slots=True)
class ChargeWish:
    """What is charged: so much under a subject, in cash or from the wallet; ``memo`` says for what."""

    account_id: AccountId
    subject: str
    amount_fen: Fen
    memo: str
    channel: Channel = Channel.CASH


@dataclass(frozen=True, slots=True)
class ChargePreview:
    """The posting that a charge would make."""

    amount_fen: Fen
    lines: Lines


def preview(reader: Reader, actor: Actor, project: Project, wanted: ChargeWish, now: int) -> ChargePreview:
    """What `charge` would post now.

    Raises:
        LookupError: there is no such account in this project.
        Refused: no income subject of this code is in use, no word says for what, or another channel.
        NotEnoughMoney: the wallet holds less.
    """
    login = accounts.login_by_id(reader, wanted.account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {wanted.account_id} is not there")
    if login.account.closed_at is not None and login.account.closed_at <= now:
        raise Refused("closed", "the account is closed")
    subjects.to_use(reader, project, wanted.subject, SubjectKind.INCOME)
    if wanted.amount_fen <= 0:
        raise Refused("amount_fen", "an amount above 0 is needed")
    if not wanted.memo.strip():
        raise Refused("memo", "say what is charged for")
    if wanted.channel not in _CHANNELS:
        raise Refused("channel", "a charge is paid in cash or from the wallet")
    if wanted.channel is Channel.CASH:
        debits = rules.debits((shifts.till(reader, project.id, actor), wanted.amount_fen))
    else:
        limit = credit.limit_of(reader, project.id, wanted.account_id)
        how = wallets.payment(reader, project.id, wanted.account_id, wanted.amount_fen, limit)
        debits = wallets.debits(wanted.account_id, how)
    return ChargePreview(wanted.amount_fen, rules.paid_with(debits, rules.revenue(wanted.subject)))


def charge(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    wanted: ChargeWish,
    *,
    expected: ChargePreview | None = None,
) -> Order:
    """Charge it: an order of kind manual, its payment and its posting; the income is earned at once.

    Args:
        expected: what a preview showed; anything else refuses.

    Raises:
        LookupError, Refused, NotEnoughMoney: as `preview`.
        PreviewIsOld: wallet or till moved since the preview; nothing was done.
    """
    seen = preview(tx, actor, project, wanted, now)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    if wanted.channel is Channel.BALANCE:
        credit.grant(tx, project.id, wanted.account_id, now)
    order = Order(
        order_no=purchases.next_order_no(tx, project.id, Zone(project.zone), now),
        project_id=project.id,
        account_id=wanted.account_id,
        plan_version_id=None,
        periods=1,
        amount_fen=wanted.amount_fen,
        channel=wanted.channel,
        state=OrderState.FULFILLED,
        operator=actor.name,
        memo=wanted.memo,
        created_at=Timestamp(now),
        paid_at=Timestamp(now),
        kind=OrderKind.MANUAL,
    )
    orders.add_order(tx, order, (OrderLine(wanted.subject, wanted.memo, wanted.amount_fen),))
    if wanted.channel is Channel.CASH:
        orders.add_payment(
            tx, project.id,
            Payment(order.order_no, "cash", order.order_no, order.amount_fen, order.created_at, ""),
        )  # fmt: skip
    ledger.post(
        tx,
        project_id=project.id,
        kind=PostingKind.MANUAL,
        effect=f"order:{order.order_no}:{PostingKind.MANUAL.value}",
        order_no=order.order_no,
        operator=actor.name,
        at=now,
        memo=wanted.memo,
        lines=rules.check(seen.lines),
    )
    receipts.issue(tx, now, project, order)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="order.charge",
        object_kind="order", object_id=order.order_no,
        after={"account": wanted.account_id, "subject": wanted.subject, "amount_fen": wanted.amount_fen,
               "channel": wanted.channel.value},
    )  # fmt: skip
    return order
