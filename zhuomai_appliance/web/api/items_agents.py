"""What the API says and takes about agents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zhuomai_appliance.model.products import PlanKind
from zhuomai_appliance.web.api.fields import ById, Fen, Id, Memo, Spanned, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.items_cards import MoneyLine

Parts = Annotated[int, Field(ge=1, le=10_000)]
"""What an agent pays of a price, in 1/10000."""

Names = Annotated[list[Text], Field(max_length=200)]
Limit = Annotated[int, Field(ge=0, le=10**12)]


class AgentItem(Answer):
    """An agent; no `plans` or `groups`: all of them. `sold_today_fen` counts prices against `day_limit_fen`."""

    id: int
    project: str
    name: str
    operator: str
    rate_parts: int
    plans: list[str]
    groups: list[str]
    day_limit_fen: int | None
    sold_today_fen: int
    deposit_fen: int
    disabled: bool
    created_at: Time
    created_by: str


class AgentPlanItem(Answer):
    """A plan that an agent may sell: its whole price, what he pays of it, and his commission."""

    id: int
    name: str
    kind: PlanKind
    price_fen: int
    charge_fen: int
    commission_fen: int


class CustomerItem(Answer):
    """An account that is an agent's customer."""

    id: int
    account_id: int
    username: str
    full_name: str
    since: Time


class StatementItem(Answer):
    """A movement of a deposit: `amount_fen` above zero came in or back, below zero was spent."""

    id: int
    posting_id: int
    at: Time
    kind: str
    amount_fen: int
    order_no: str | None
    username: str | None
    price_fen: int | None
    memo: str


class Statement(ItemList[StatementItem]):
    """Movements of a deposit in a span, with what it held before the first and after the last instant of it."""

    opening_fen: int
    closing_fen: int


class DepositItem(Answer):
    """What a deposit holds."""

    agent_id: int
    deposit_fen: int


class AgentSaleItem(Answer):
    """A sale of an agent, or with `dry_run` what it would be; dates of a plan alone."""

    order_no: str | None
    price_fen: int
    charge_fen: int
    commission_fen: int
    deposit_fen: int
    starts_at: Time | None
    ends_at: Time | None
    revision: int | None
    dry_run: bool
    lines: list[MoneyLine]


class AgentQuery(ById):
    """Agents by name."""

    name: Text | None = None


class CustomerQuery(Strict):
    """A page of customers."""

    limit: int = Field(50, ge=1, le=500)
    after: Id | None = None


class StatementQuery(CustomerQuery, Spanned):
    """A span of time, and a page of it."""


class AgentBody(Strict):
    """A new agent for an operator of the role agent; he pays `rate_parts` of 10000 of each price."""

    name: Text = Field(min_length=1)
    operator: Text
    rate_parts: Parts
    plans: Names = Field(default_factory=list)
    groups: Names = Field(default_factory=list)
    day_limit_fen: Limit | None = None
    project: Text | None = None


class AgentPatch(Strict):
    """What is to be another; what is not named stays."""

    name: Text = Field("", min_length=1)
    rate_parts: Parts = 10_000
    plans: Names = Field(default_factory=list)
    groups: Names = Field(default_factory=list)
    day_limit_fen: Limit | None = None
    disabled: bool = False


class DepositBody(Strict):
    """Money into a deposit through the operator's till or the bank; `pay_out` gives it back."""

    amount_fen: Fen
    pay_out: bool = False
    by_bank: bool = False
    memo: Memo = ""


class CustomerBody(Strict):
    """A new account of an agent's; it has no plan and no money yet."""

    username: Text = Field(min_length=1)
    password: Text | None = Field(None, min_length=1, repr=False)
    full_name: Text = ""
    group: Text | None = None
    phone: Text | None = Field(None, repr=False)


class AgentSaleBody(Strict):
    """A plan for a customer, or with `amount_fen` money into his wallet, paid from the agent's deposit."""

    account_id: Id
    plan: Text | None = None
    amount_fen: Fen | None = None
    revision: int | None = None
    memo: Memo = ""
    dry_run: bool = False
