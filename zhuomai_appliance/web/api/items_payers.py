"""What the API says and takes about departments that pay for members, and about credit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zhuomai_appliance.web.api.fields import ById, Id, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.items_cards import MoneyLine

Limit = Annotated[int, Field(ge=0, le=10**12)]
Month = Annotated[int, Field(ge=200_001, le=999_912)]
"""Such as 202609."""


class DepartmentItem(Answer):
    """A department: whoever is in `group` or below it, or is named, is covered up to `limit_fen`, each month or in all."""

    id: int
    project: str
    payer_id: int
    username: str
    group: str | None
    limit_fen: int
    by_month: bool
    disabled: bool
    balance_fen: int
    created_at: Time


class MemberItem(Answer):
    """A named member; `limit_fen` null is the department's."""

    id: int
    account_id: int
    username: str
    limit_fen: int | None
    since: Time


class PayerItem(Answer):
    """Who pays for an account; `payer_id` null: nobody."""

    payer_id: int | None
    limit_fen: int
    spent_fen: int
    left_fen: int


class LeftItem(Answer):
    """What went back to the department."""

    back_fen: int


class DepartmentOrder(Answer):
    """A purchase on a department's wallet, or with `dry_run` what it would be."""

    order_no: str | None
    payer_id: int
    price_fen: int
    left_fen: int
    starts_at: Time | None
    ends_at: Time | None
    dry_run: bool
    lines: list[MoneyLine]


class CreditItem(Answer):
    """How far the people of a group, and of those below it without a word of their own, may go below zero."""

    group_id: int
    group: str
    limit_fen: int


class CreditList(Answer):
    """All limits of a project."""

    items: list[CreditItem]


class BillItem(Answer):
    """What somebody owed at the end of `month`; `owes_fen` is what is owed now."""

    id: int
    project: str
    account_id: int
    username: str
    full_name: str
    month: int
    amount_fen: int
    owes_fen: int
    made_at: Time


class BilledItem(Answer):
    """How many bills are new."""

    bills: int


class ProjectQuery(Strict):
    """Of which project."""

    project: Text | None = None


class BillQuery(ById):
    """Bills by month and account."""

    month: Month | None = None
    account_id: Id | None = None


class MemberQuery(Strict):
    """A page of members."""

    limit: int = Field(50, ge=1, le=500)
    after: Id | None = None


class DepartmentBody(Strict):
    """What a department covers; with `group` null named members alone."""

    group: Text | None = None
    limit_fen: Limit
    by_month: bool = True
    disabled: bool = False


class MemberBody(Strict):
    """A member; null: the department's limit."""

    limit_fen: Limit | None = None


class LeaveBody(Strict):
    """`give_back` ends what the department paid for, and its unused value goes back to it."""

    give_back: bool = False


class DepartmentOrderBody(Strict):
    """A plan for a member; `expected_fen` refuses any other price than was shown."""

    account_id: Id
    plan: Text
    expected_fen: int | None = Field(None, ge=0)
    memo: Memo = ""
    dry_run: bool = False


class CreditBody(Strict):
    """Another limit; null: as the group above says."""

    limit_fen: Limit | None
