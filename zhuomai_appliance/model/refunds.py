"""Refunds (退费) as they go through their queue (billing rules §9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId

__all__ = ["BankAccount", "Destination", "Refund", "RefundId", "RefundState", "RefundStep"]

RefundId = NewType("RefundId", int)


class Destination(StrEnum):
    """Where the money goes. CHANNEL is the way it came, through a payment provider; AGENT the deposit of who sold it."""

    WALLET = "wallet"
    CASH = "cash"
    BANK = "bank"
    CHANNEL = "channel"
    AGENT = "agent"


class RefundState(StrEnum):
    """Life of a refund; billing.refunds holds the table of steps."""

    REQUESTED = "requested"
    APPROVED = "approved"
    PAID = "paid"
    FAILED = "failed"
    REJECTED = "rejected"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a bank transfer goes; sealed in the books, whole only on the list for the finance office."""

    holder: str
    bank: str
    number: str

    def __repr__(self) -> str:
        return f"BankAccount(…{self.number[-4:]})"


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of a subscription's unused value, or without a subscription of what the wallet holds.

    ``amount_fen`` is what was asked for, and once it is settled what went. ``payee_id`` is the account whose wallet it goes
    through: the department that paid, else the account itself. ``is_held``: it has left the wallet and waits for bank or
    provider. ``formula`` is JSON for the page that shows how it was found.
    """

    id: RefundId
    project_id: ProjectId
    account_id: AccountId
    payee_id: AccountId
    subscription_id: SubscriptionId | None
    order_no: str | None
    destination: Destination
    amount_fen: Fen
    forfeited_fen: Fen
    formula: str
    state: RefundState
    is_held: bool
    reason: str
    has_bank: bool
    batch_id: int | None
    list_no: int | None
    requested_by: str
    requested_at: int
    decided_by: str
    decided_at: int | None
    finished_at: int | None
    failure: str
    username: str


@dataclass(frozen=True, slots=True)
class RefundStep:
    """A state that a refund came into, when, by whom, and why."""

    state: RefundState
    at: int
    operator: str
    memo: str
