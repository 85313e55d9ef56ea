"""What the API says and takes about recharge cards."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zhuomai_appliance.model.cards import BatchState, CardKind, CardState
from zhuomai_appliance.web.api.fields import ById, ByText, Fen, Id, Instant, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer

Serial = Annotated[int, Field(ge=1, le=999_999)]
Part = Annotated[int, Field(ge=0, le=10**12)]
CardText = Annotated[str, Field(min_length=1, max_length=64)]
"""A number or PIN as people type it, blanks and dashes included."""


class CardBatchItem(Answer):
    """A batch; `made` rises until it is ready, `exported_at` is null as long as its PINs are in the books, sealed."""

    id: int
    project: str
    code: str
    kind: CardKind
    face_fen: int
    plan: str | None
    cards: int
    made: int
    state: BatchState
    pin_digits: int
    expires_at: Time | None
    memo: str
    created_at: Time
    created_by: str
    exported_at: Time | None
    exported_by: str


class SpanItem(Answer):
    """Cards of a batch from `first` to `last` with one lot; `used` of them were redeemed, `paid_fen` came for all of them."""

    first: int
    last: int
    first_number: str
    last_number: str
    state: CardState
    used: int
    paid_fen: int
    agent_id: int | None
    changed_at: Time


class CardBatchDetail(CardBatchItem):
    """A batch with its spans, and how many of its cards are in each state; `owed_fen` is what the sold ones are worth."""

    spans: list[SpanItem]
    counts: dict[CardState, int]
    owed_fen: int


class CardItem(Answer):
    """A card without its PIN, which nobody can read any more."""

    id: str
    project: str
    number: str
    batch_id: int
    batch: str
    state: CardState
    account_id: int | None
    username: str | None
    order_no: str | None
    changed_at: Time | None


class MoneyLine(Answer):
    """One line of a posting that a preview announces."""

    account_ref: str
    debit_fen: int
    credit_fen: int


class CardsMoved(Answer):
    """What selling or voiding cards did, or with `dry_run` would do; `moved_fen` was paid, or went back."""

    cards: int
    face_fen: int
    moved_fen: int
    dry_run: bool
    lines: list[MoneyLine]


class RedemptionItem(Answer):
    """What a card brought, or with `dry_run` would bring; dates of a plan card alone."""

    number: str
    kind: CardKind
    face_fen: int
    plan: str | None
    order_no: str | None
    subscription_id: int | None
    starts_at: Time | None
    ends_at: Time | None
    revision: int | None
    dry_run: bool


class BatchQuery(ById):
    """Batches by code and kind."""

    code: Text | None = None
    kind: CardKind | None = None


class CardQuery(ByText):
    """Cards by number, batch, state, and whom they were redeemed for."""

    number: Text | None = None
    batch_id: Id | None = None
    account_id: Id | None = None
    state: CardState | None = None


class BatchBody(Strict):
    """A new batch: `face_fen` makes value cards, `plan` plan cards."""

    cards: int = Field(ge=1, le=999_999)
    face_fen: Fen | None = None
    plan: Text | None = None
    pin_digits: int = Field(12, ge=12, le=20)
    expires_at: Instant | None = None
    memo: Memo = ""
    project: Text | None = None


class BatchPatch(Strict):
    """Another end; null: the cards are good for ever."""

    expires_at: Instant | None


class ExportBody(Strict):
    """`qr_address` is the page that redeems a card; number and PIN stand behind its `#`."""

    qr_address: str = Field("", max_length=300, pattern=r"^(https?://[!-~]*)?$")


class SaleBody(Strict):
    """Cards to be sold for cash, or with `agent_id` from an agent's deposit at his rate; no `paid_fen` pays all of it."""

    first: Serial
    last: Serial
    paid_fen: Part | None = None
    agent_id: Id | None = None
    memo: Memo = ""
    dry_run: bool = False


class VoidBody(Strict):
    """Cards to be voided; `repay` gives back what was paid for them."""

    first: Serial
    last: Serial
    repay: bool = False
    memo: Memo = Field(min_length=1)
    dry_run: bool = False


class RedeemBody(Strict):
    """A card for an account. `address` is where the person sits, if that is not where the request comes from."""

    account_id: Id
    number: CardText
    pin: CardText = Field(repr=False)
    address: Text | None = Field(None, min_length=2)
    revision: int | None = None
    dry_run: bool = False
