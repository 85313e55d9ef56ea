"""What the API says and takes about people beyond their accounts: closing, notes, places."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from zhuomai_appliance.flows.site_model import Outcome
from zhuomai_appliance.web.api.fields import Instant, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.items_cards import MoneyLine
from zhuomai_appliance.web.api.items_refunds import BankBody

Reason = Annotated[Memo, Field(min_length=1)]


class SettledItem(Answer):
    """A purchase that ends, with its unused value as `formula` found it."""

    subscription_id: int
    plan: str
    fen: int
    bonus_fen: int
    formula: str
    remaining: int
    total: int
    unit: str


class CloseShown(Answer):
    """Closing as it would be now, or as it was done; `refund_id`: the refund that is in the queue for the money."""

    account_id: int
    dry_run: bool
    settled: list[SettledItem]
    wallet_fen: int
    payout_fen: int
    forfeited_fen: int
    needs_approval: bool
    open_sessions: int
    names_free_at: Time
    revision: int
    lines: list[MoneyLine]
    refund_id: int | None


class CloseBody(Strict):
    """`destination` cash or bank puts what is left into the queue of refunds; without one it stays in the wallet.

    `dry_run` only shows it; another `expected_fen` or `expected_revision` than now refuses.
    """

    reason: Reason
    destination: Literal["cash", "bank"] | None = None
    bank: BankBody | None = Field(None, repr=False)
    expected_fen: int | None = Field(None, ge=0)
    expected_revision: int | None = Field(None, ge=0)
    dry_run: bool = False


class AnnounceBody(Strict):
    """When the account will be closed, and why."""

    closing_at: Instant
    reason: Reason


class ClosingItem(Answer):
    """Whether an account is closed or will be."""

    account_id: int
    closed_at: Time | None
    closing_at: Time | None
    reason: str
    names_free_at: Time | None


class HoldItem(Answer):
    """How many days the names of a closed account stay taken."""

    hold_days: int


class HoldBody(Strict):
    """Another number of days, 0: the names are free with the next round."""

    hold_days: int = Field(ge=0, le=3650)
    project: Text | None = None


class ImportQuery(Strict):
    """Into which project; `dry_run` (true unless it is false) only looks."""

    project: Text | None = None
    dry_run: bool = True


class RowItem(Answer):
    """What became of a row, or would; `row` as a spreadsheet counts, `note` names what changed."""

    row: int
    username: str
    outcome: Outcome
    note: str


class ImportItem(Answer):
    """What became of a table, or would."""

    dry_run: bool
    created: int
    changed: int
    left: int
    rows: list[RowItem]


class BatchAsked(Strict):
    """`count` accounts called `prefix` and a number of `digits` digits, from `first` up, or with `random` by chance.

    The same `name` with the same rule is the same batch. Without `plan` each gets its group's.
    """

    name: Text = Field(min_length=1)
    prefix: Text = ""
    count: int = Field(ge=1, le=20_000)
    digits: int = Field(6, ge=1, le=12)
    first: int = Field(1, ge=0, lt=10**12)
    random: bool = False
    group: Text | None = None
    rate: Text | None = None
    plan: list[Text] | None = Field(None, max_length=20)
    project: Text | None = None


class BatchItem(Answer):
    """A batch of accounts; `exported_at`: when its passwords were given out."""

    id: int
    project: str
    name: str
    rule: dict[str, Any]
    made: int
    created_at: Time
    created_by: str
    exported_at: Time | None
    exported_by: str
