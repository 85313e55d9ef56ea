"""Orders, postings, subscriptions and usage, as pages, exports and the API list them.

Every function takes the projects it may look into; none named means every project. Money is fen, times UTC epoch seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.commerce import Channel, OrderState, PostingId, PostingKind
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanKind, SubscriptionId, SubscriptionState
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_query import Page, altered, flag, project_ids, rows, sorting
from zhuomai_appliance.store.sql import load

_Q = load("reports_money")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with the names of its account and plan; no plan: a recharge of the wallet."""

    order_no: str
    project_id: ProjectId
    account_id: AccountId
    username: str
    full_name: str
    plan: str | None
    periods: int
    amount_fen: int
    channel: Channel
    state: OrderState
    operator: str
    memo: str
    created_at: int
    paid_at: int | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders, by the time they were made in [from_at, to_at); `username` is any login name, folded."""

    order_no: str | None = None
    account_id: AccountId | None = None
    username: str | None = None
    channel: Channel | None = None
    state: OrderState | None = None
    operator: str | None = None
    from_at: int | None = None
    to_at: int | None = None


def orders(
    reader: Reader,
    projects: Sequence[ProjectId],
    chosen: OrderFilter,
    page: Page,
    *,
    by_time: bool = False,
) -> list[OrderRow]:
    """Orders; the key is the number. `by_time` gives the newest first, by offset only."""
    found = rows(
        reader,
        _Q.orders,
        project_ids(reader, projects),
        order_no=chosen.order_no,
        account_id=chosen.account_id,
        name=chosen.username,
        channel=chosen.channel and chosen.channel.value,
        state=chosen.state and chosen.state.value,
        operator=chosen.operator,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        by_time=flag(by_time),
        **page.conditions(),
    )
    return [
        OrderRow(*altered(row, {3: row[3] or "", 4: row[4] or "", 8: Channel(row[8]), 9: OrderState(row[9])}))
        for row in found
    ]


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One line of a posting: `amount_fen` debit positive; `id` numbers the lines, `posting_id` the postings."""

    id: int
    project_id: ProjectId
    posting_id: PostingId
    at: int
    kind: PostingKind
    account_ref: str
    amount_fen: int
    order_no: str | None
    operator: str
    reversal_of: PostingId | None
    memo: str

    @property
    def debit_fen(self) -> int:
        """What this line debits, 0 for a credit."""
        return max(self.amount_fen, 0)

    @property
    def credit_fen(self) -> int:
        """What this line credits, 0 for a debit."""
        return max(-self.amount_fen, 0)


@dataclass(frozen=True, slots=True)
class PostingFilter:
    """Which lines, by the time of their posting in [from_at, to_at)."""

    id: int | None = None
    posting_id: int | None = None
    account_ref: str | None = None
    kind: PostingKind | None = None
    order_no: str | None = None
    operator: str | None = None
    from_at: int | None = None
    to_at: int | None = None


def postings(
    reader: Reader, projects: Sequence[ProjectId], chosen: PostingFilter, page: Page
) -> list[PostingRow]:
    """The lines of the ledger's postings; the key is the line's id."""
    found = rows(
        reader,
        _Q.postings,
        project_ids(reader, projects),
        id=chosen.id,
        posting_id=chosen.posting_id,
        account_ref=chosen.account_ref,
        kind=chosen.kind and chosen.kind.value,
        order_no=chosen.order_no,
        operator=chosen.operator,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
        **sorting(page, chosen.order_no is not None or chosen.posting_id is not None),
    )
    return [PostingRow(*altered(row, {4: PostingKind(row[4])})) for row in found]


def cash_taken(
    reader: Reader, projects: Sequence[ProjectId], from_at: int, to_at: int
) -> dict[PostingKind, int]:
    """What the tills took in [from_at, to_at), in fen by kind of posting; refunds and reversals are negative."""
    found = rows(reader, _Q.cash_by_kind, project_ids(reader, projects), from_at=from_at, to_at=to_at)
    return {PostingKind(kind): amount for kind, amount in found}


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A purchase with the names of its account and plan; octets and seconds left None: not counted."""

    id: SubscriptionId
    project_id: ProjectId
    account_id: AccountId
    username: str
    plan: str
    kind: PlanKind
    version_no: int
    state: SubscriptionState
    order_no: str | None
    purchased_at: int
    anchor_at: int | None
    starts_at: int | None
    ends_at: int | None
    octets_left: int | None
    seconds_left: int | None
    paid_principal_fen: int


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which purchases, by their time in [from_at, to_at); `username` is any login name, folded."""

    id: int | None = None
    account_id: AccountId | None = None
    username: str | None = None
    plan: str | None = None
    state: SubscriptionState | None = None
    order_no: str | None = None
    from_at: int | None = None
    to_at: int | None = None


def subscriptions(
    reader: Reader, projects: Sequence[ProjectId], chosen: SubscriptionFilter, page: Page
) -> list[SubscriptionRow]:
    """Purchases; the key is the id."""
    found = rows(
        reader,
        _Q.subscriptions,
        project_ids(reader, projects),
        id=chosen.id,
        account_id=chosen.account_id,
        name=chosen.username,
        plan=chosen.plan,
        state=chosen.state and chosen.state.value,
        order_no=chosen.order_no,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
    )
    return [
        SubscriptionRow(*altered(row, {5: PlanKind(row[5]), 7: SubscriptionState(row[7])})) for row in found
    ]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Traffic of a person under a plan on a local day (counted from 1970-01-01); no plan: unattributed."""

    username: str
    plan: str
    day: int
    input_octets: int
    output_octets: int
    seconds: int


def usage(
    reader: Reader,
    projects: Sequence[ProjectId],
    *,
    account_id: AccountId | None = None,
    from_day: int | None = None,
    to_day: int | None = None,
) -> list[UsageRow]:
    """Usage by day in [from_day, to_day), oldest first; a long span is asked for in parts, day by day."""
    found = rows(
        reader,
        _Q.usage,
        project_ids(reader, projects),
        account_id=account_id,
        from_day=from_day,
        to_day=to_day,
    )
    return [UsageRow(*row) for row in found]
