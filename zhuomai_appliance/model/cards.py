"""Recharge cards (充值卡): the batches they are made in, the spans that are sold together, and single cards (billing rules §17)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersionId

__all__ = ["BatchId", "BatchState", "Card", "CardBatch", "CardKind", "CardSpan", "CardState", "SpanId"]

BatchId = NewType("BatchId", int)
SpanId = NewType("SpanId", int)


class CardKind(StrEnum):
    """What a card brings: its face value into the wallet, or a plan that was frozen when the batch was made."""

    VALUE = "value"
    PLAN = "plan"


class CardState(StrEnum):
    """Life of a card; billing.cards holds the table of steps. ACTIVE is sold, and nothing else can be redeemed."""

    GENERATED = "generated"
    ACTIVE = "active"
    USED = "used"
    VOID = "void"
    EXPIRED = "expired"


class BatchState(StrEnum):
    """MAKING goes on where it stopped; READY has all its cards."""

    MAKING = "making"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class CardBatch:
    """Cards of one kind and value, numbered 1 to ``cards``; ``made`` of them stand in the books.

    ``face_fen`` is what one card owes its holder: the value, or the price of the plan. ``exported_at`` None: the PINs
    have not left the books yet, and can do so once. ``expires_at`` is the first instant at which it is too late.
    """

    id: BatchId
    project_id: ProjectId
    batch_no: int
    code: str
    kind: CardKind
    face_fen: Fen
    plan_version_id: PlanVersionId | None
    cards: int
    made: int
    pin_digits: int
    expires_at: int | None
    state: BatchState
    memo: str
    created_at: int
    created_by: str
    exported_at: int | None
    exported_by: str


@dataclass(frozen=True, slots=True)
class CardSpan:
    """Cards of a batch, from serial to serial, that had the same lot: the spans of a batch part it without a gap.

    A hundred thousand cards are sold, voided or expired by one row. ``used`` counts the cards in it that were redeemed;
    ``paid_fen`` came for all of it, ``agent_id`` says from whose deposit, None from a till.
    """

    id: SpanId
    batch_id: BatchId
    first_serial: int
    last_serial: int
    first_number: str
    last_number: str
    state: CardState
    used: int
    paid_fen: Fen
    agent_id: int | None
    changed_at: int

    @property
    def count(self) -> int:
        """How many cards it has."""
        return self.last_serial - self.first_serial + 1

    @property
    def left(self) -> int:
        """How many of them still share its state."""
        return self.count - self.used


@dataclass(frozen=True, slots=True)
class Card:
    """One card without its PIN, which is nowhere: the books hold a keyed digest of it. ``batch`` is the code of its batch."""

    number: str
    project_id: ProjectId
    batch_id: BatchId
    state: CardState
    account_id: AccountId | None
    order_no: str | None
    changed_at: int | None
    batch: str
    username: str | None
