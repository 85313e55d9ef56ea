"""What the API says and takes about refunds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from zhuomai_appliance.model.refunds import Destination, RefundState
from zhuomai_appliance.web.api.fields import ById, Fen, Id, Memo, Spanned, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.items_cards import MoneyLine

Reason = Annotated[Memo, Field(min_length=1)]


class RefundItem(Answer):
    """A refund in the queue. `formula` says how the amount was found; `has_bank`: a bank account is sealed with it.

    `payee_id` is the account whose wallet it goes through; `is_held`: the money waits for the bank or a provider.
    """

    id: int
    project: str
    account_id: int
    username: str
    payee_id: int
    subscription_id: int | None
    order_no: str | None
    destination: Destination
    amount_fen: int
    forfeited_fen: int
    formula: dict[str, Any]
    state: RefundState
    is_held: bool
    reason: str
    has_bank: bool
    batch_id: int | None
    list_no: int | None
    requested_by: str
    requested_at: Time
    decided_by: str
    decided_at: Time | None
    finished_at: Time | None
    failure: str


class StepItem(Answer):
    """A state that a refund came into."""

    state: RefundState
    at: Time
    operator: str
    memo: str


class RefundDetail(RefundItem):
    """A refund with its history."""

    steps: list[StepItem]


class RefundShown(Answer):
    """A refund as it would be now; `id` null: nothing was requested."""

    id: int | None
    dry_run: bool
    amount_fen: int
    forfeited_fen: int
    payee_id: int
    order_no: str | None
    formula: dict[str, Any]
    needs_approval: bool
    revision: int | None
    lines: list[MoneyLine]
    state: RefundState | None


class ListItem(Answer):
    """A list for the bank."""

    list_no: int


class ListClosed(Answer):
    """What became of a list."""

    paid: int
    failed: int


class RefundSettings(Answer):
    """Above `limit_fen` a second person approves."""

    limit_fen: int


class RefundQuery(ById, Spanned):
    """Refunds by person, purchase, state, way, batch, list, and the time they were requested."""

    account_id: Id | None = None
    subscription_id: Id | None = None
    state: RefundState | None = None
    destination: Destination | None = None
    batch_id: Id | None = None
    list_no: Id | None = None


class SettingsQuery(Strict):
    """Of which project."""

    project: Text | None = None


class BankBody(Strict):
    """The account that a transfer goes to."""

    holder: Text = Field(min_length=1, repr=False)
    bank: Text = Field(min_length=1)
    number: str = Field(min_length=4, max_length=40, pattern="^[0-9A-Za-z ]+$", repr=False)


class RefundBody(Strict):
    """A refund of a purchase's unused value, or with `amount_fen` of what the wallet holds.

    `expected_fen` refuses any other amount than was shown. `order_no` names the recharge that shall go back the way it came.
    """

    account_id: Id
    destination: Destination
    reason: Reason
    subscription_id: Id | None = None
    amount_fen: Fen | None = None
    order_no: Text | None = None
    bank: BankBody | None = None
    expected_fen: int | None = Field(None, ge=0)
    dry_run: bool = False


class MemoBody(Strict):
    """A remark."""

    memo: Memo = ""


class ReasonBody(Strict):
    """Why."""

    reason: Reason


class PayBody(MemoBody):
    """Paying at the counter, or noting a transfer; `expected_fen` refuses any other amount than was shown."""

    expected_fen: int | None = Field(None, ge=0)
    dry_run: bool = False


class ProjectBody(Strict):
    """In which project."""

    project: Text | None = None


class FailedTransfer(Strict):
    """A transfer that the bank could not make."""

    id: Id
    reason: Reason


class CloseBody(ProjectBody):
    """What the bank did: all that is not named as failed is paid."""

    failed: Annotated[list[FailedTransfer], Field(max_length=400)] = Field(default_factory=list)


class SettingsBody(ProjectBody):
    """Another limit; 0: a second person always approves."""

    limit_fen: Annotated[int, Field(ge=0, le=10**12)]
