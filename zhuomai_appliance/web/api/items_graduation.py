"""What the API says and takes about batches of people who leave."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zhuomai_appliance.model.graduation import GraduationState, RowState
from zhuomai_appliance.web.api.fields import ById, Id, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.items_refunds import BankBody


class GraduationItem(Answer):
    """A batch. People are online with `access_plan` until they leave, and move into `stay_group`."""

    id: int
    project: str
    name: str
    cut_off_at: Time
    access_plan: str | None
    stay_group: str | None
    state: GraduationState
    created_at: Time
    created_by: str
    approved_at: Time | None
    approved_by: str


class SumItem(Answer):
    """The statements of one state, added up."""

    state: RowState
    accounts: int
    wallet_fen: int
    unused_fen: int
    packs_fen: int
    debt_fen: int
    total_fen: int


class GraduationDetail(GraduationItem):
    """A batch with its sums."""

    sums: list[SumItem]


class SettlementItem(Answer):
    """One purchase of a statement, and how its unused value was found; `kept` runs on, as an agent sold it."""

    subscription_id: int
    plan: str
    pack: bool
    fen: int
    bonus_fen: int
    formula: str
    remaining: int
    total: int
    payee_id: int
    kept: bool


class StatementItem(Answer):
    """What an account gets; `has_bank`: a bank account is sealed with it."""

    id: int
    project: str
    batch_id: int
    account_id: int
    wallet_fen: int
    unused_fen: int
    packs_fen: int
    debt_fen: int
    total_fen: int
    settlements: list[SettlementItem]
    state: RowState
    failure: str
    refund_id: int | None
    done_at: Time | None
    has_bank: bool


class RunItem(Answer):
    """What a run did; `failed` are tried again by the next."""

    done: int
    failed: int


class BanksItem(Answer):
    """Login names that have no open statement in the batch."""

    unknown: list[str]


class StatementQuery(ById):
    """Statements by account and state."""

    account_id: Id | None = None
    state: RowState | None = None


class GraduationQuery(ById):
    """Batches by name."""

    name: Text | None = None


class GraduationBody(Strict):
    """A new batch whose cut-off is now: everybody of these groups, and of all below them, and whoever is named."""

    name: Text = Field(min_length=1)
    groups: Annotated[list[Text], Field(max_length=200)] = Field(default_factory=list)
    usernames: Annotated[list[Text], Field(max_length=500)] = Field(default_factory=list)
    access_plan: Text | None = None
    stay_group: Text | None = None
    project: Text | None = None


class PersonsBank(BankBody):
    """Somebody's bank account."""

    username: Text


class BanksBody(Strict):
    """Where people's money goes."""

    banks: Annotated[list[PersonsBank], Field(min_length=1, max_length=200)]
