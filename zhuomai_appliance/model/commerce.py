"""Orders, payments and the postings of the ledger (billing rules §15 and §16)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import NOTHING, Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersionId

PostingId = NewType("PostingId", int)


class Channel(StrEnum):
    """How an order is paid. BALANCE is the wallet; GRANT costs nothing; MANUAL is a form filled by the office."""

    WECHAT = "WECHAT"
    ALIPAY = "ALIPAY"
    CARD = "CARD"
    CASH = "CASH"
    BALANCE = "BALANCE"
    AGENT = "AGENT"
    MANUAL = "MANUAL"
    GRANT = "GRANT"


class OrderKind(StrEnum):
    """What an order is for; all but PLAN and CHANGE have no plan."""

    PLAN = "plan"
    RECHARGE = "recharge"
    MANUAL = "manual"
    CHANGE = "change"
    FEE = "fee"
    CARD = "card"
    REFUND = "refund"


class OrderState(StrEnum):
    """Life of an order; billing.orders holds the table of steps."""

    CREATED = "created"
    PAYING = "paying"
    PAID = "paid"
    FULFILLED = "fulfilled"
    CLOSED = "closed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class PostingKind(StrEnum):
    """What a posting records; `reversal` undoes the one it names."""

    SALE = "sale"
    RECHARGE = "recharge"
    OPENING = "opening"
    EARNING = "earning"
    REFUND = "refund"
    CASH_OUT = "cash_out"
    CORRECTION = "correction"
    REVERSAL = "reversal"
    MANUAL = "manual"
    GIFT = "gift"
    FORFEIT = "forfeit"
    SHORTAGE = "shortage"
    USAGE = "usage"
    CARD_SALE = "card_sale"
    CARD_VOID = "card_void"
    AGENT_DEPOSIT = "agent_deposit"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Order:
    """A wish to buy. `operator` is empty where the user acted alone.

    `amount_fen` is what has to be paid, discounts taken off. `bonus_fen` is the gift money that a recharge brings;
    `refunded_fen` what of the amount was given back so far. `payer_id` is the account whose wallet pays where that is
    not the order's own (E22), `agent_id` who sold it (E13).
    """

    order_no: str
    project_id: ProjectId
    account_id: AccountId
    plan_version_id: PlanVersionId | None
    periods: int
    amount_fen: Fen
    channel: Channel
    state: OrderState
    operator: str
    memo: str
    created_at: Timestamp
    paid_at: Timestamp | None = None
    closed_at: Timestamp | None = None
    kind: OrderKind = OrderKind.PLAN
    bonus_fen: Fen = NOTHING
    refunded_fen: Fen = NOTHING
    payer_id: AccountId | None = None
    agent_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One thing of an order under its one income subject; `discount` names the template that took something off."""

    subject: str
    text: str
    amount_fen: Fen
    discount_fen: Fen = NOTHING
    discount: str = ""

    @property
    def net_fen(self) -> Fen:
        """What is paid for it."""
        return Fen(self.amount_fen - self.discount_fen)


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A state that an order came into, when, and by whom."""

    state: OrderState
    at: Timestamp
    operator: str
    memo: str


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that arrived for an order, in the provider's words; UNIQUE (provider, provider_no)."""

    order_no: str
    provider: str
    provider_no: str
    amount_fen: Fen
    paid_at: Timestamp
    payload_digest: str


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One side of a posting: a debit is positive, a credit negative."""

    account_ref: str
    amount_fen: Fen

    @property
    def debit_fen(self) -> Fen:
        """What this line debits, 0 for a credit."""
        return Fen(max(self.amount_fen, 0))

    @property
    def credit_fen(self) -> Fen:
        """What this line credits, 0 for a debit."""
        return Fen(max(-self.amount_fen, 0))
