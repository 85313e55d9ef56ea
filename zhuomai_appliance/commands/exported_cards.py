"""The columns of exports about cards, agents and refunds; of a card never the PIN, of a refund never the bank account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from zhuomai_appliance.commands.exported_base import Listing, Moment, Rich, Span
from zhuomai_appliance.model.cards import Card
from zhuomai_appliance.model.refunds import Refund
from zhuomai_appliance.store import agents, cards, refunds
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_query import Page

CARD_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "cards": ("number", "batch", "state", "username", "order_no", "changed_at"),
    "agents": (
        "id",
        "name",
        "operator",
        "rate_parts",
        "day_limit_fen",
        "deposit_fen",
        "disabled",
        "created_at",
        "created_by",
    ),
    "refunds": (
        "id",
        "username",
        "subscription_id",
        "order_no",
        "destination",
        "amount_fen",
        "forfeited_fen",
        "state",
        "reason",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
        "finished_at",
        "failure",
    ),
}


def _cards(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    # No time narrows cards and agents: they are, they do not happen.
    return cards.cards(reader, span.projects, cards.CardFilter(), page)


def _card_cells(row: Card, now: int) -> Sequence[Rich]:
    return row.number, row.batch, row.state.value, row.username, row.order_no, Moment(row.changed_at)


def _agents(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    return agents.agent_rows(reader, span.projects, page)


def _agent_cells(row: agents.AgentRow, now: int) -> Sequence[Rich]:
    return (
        row.id,
        row.name,
        row.operator,
        row.rate_parts,
        row.day_limit_fen,
        row.deposit_fen,
        row.disabled,
        Moment(row.created_at),
        row.created_by,
    )


def _refunds(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = refunds.RefundFilter(from_at=span.from_at, to_at=span.to_at)
    return refunds.refunds(reader, span.projects, chosen, page)


def _refund_cells(row: Refund, now: int) -> Sequence[Rich]:
    return (
        row.id,
        row.username,
        row.subscription_id,
        row.order_no,
        row.destination.value,
        row.amount_fen,
        row.forfeited_fen,
        row.state.value,
        row.reason,
        row.requested_by,
        Moment(row.requested_at),
        row.decided_by,
        Moment(row.decided_at),
        Moment(row.finished_at),
        row.failure,
    )


CARD_LISTS: Final[Mapping[str, tuple[Listing, str, Callable[[Any, int], Sequence[Rich]]]]] = {
    "cards": (_cards, "number", _card_cells),
    "agents": (_agents, "id", _agent_cells),
    "refunds": (_refunds, "id", _refund_cells),
}
