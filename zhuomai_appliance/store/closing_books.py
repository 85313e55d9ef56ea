"""Closed months, and the postings that a reversal looks at."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.model.commerce import PostingId, PostingKind
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("closing_books")


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A month whose books are closed: "2026-09", the first instant after it, when and by whom."""

    month: str
    ends_at: int
    closed_at: int
    closed_by: str


@dataclass(frozen=True, slots=True)
class KeptPosting:
    """What a posting is, and of which order; ``reversal_of`` where it undoes another."""

    kind: PostingKind
    order_no: str | None
    reversal_of: PostingId | None


def add_close(
    tx: Transaction, project_id: ProjectId, month: str, ends_at: int, at: int, closed_by: str
) -> bool:
    """Close a month for good; False when it was closed before."""
    return (
        tx.run(_Q.add_close, project_id=project_id, month=month, ends_at=ends_at, at=at, closed_by=closed_by)
        == 1
    )


def closes(reader: Reader, project_id: ProjectId) -> list[ClosedMonth]:
    """The closed months, the oldest first."""
    return [ClosedMonth(*row) for row in reader.all(_Q.closes, project_id=project_id)]


def posting(reader: Reader, project_id: ProjectId, posting_id: PostingId) -> KeptPosting | None:
    """A posting of a project."""
    row = reader.one(_Q.posting, project_id=project_id, posting_id=posting_id)
    return None if row is None else KeptPosting(PostingKind(row[0]), row[1], row[2])


def subscription_of_order(reader: Reader, project_id: ProjectId, order_no: str) -> SubscriptionId | None:
    """The purchase that an order made."""
    found: int | None = reader.value(_Q.subscription_of_order, project_id=project_id, order_no=order_no)
    return None if found is None else SubscriptionId(found)
