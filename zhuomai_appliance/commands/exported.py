"""The columns of exports: names that others compare by (contract), and where each value comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from zhuomai_appliance.commands.exported_base import Cell, Listing, Moment, Rich, Span
from zhuomai_appliance.commands.exported_books import BOOK_HEADERS, BOOK_LISTS
from zhuomai_appliance.commands.exported_cards import CARD_HEADERS, CARD_LISTS
from zhuomai_appliance.commands.exported_reports import REPORT_HEADERS, REPORT_LISTS
from zhuomai_appliance.model.moment import Zone, date_of, rfc3339
from zhuomai_appliance.store import reports_access, reports_attempts, reports_money, reports_people
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_query import Page

__all__ = ["HEADERS", "LISTS", "Cell", "Listing", "Moment", "Rich", "Span", "plain", "usage_cells"]


def plain(cell: Rich, zone: Zone) -> Cell:
    """The cell as text or number; an instant as RFC 3339 in the zone."""
    if isinstance(cell, Moment):
        return None if cell.at is None else rfc3339(cell.at, zone)
    return cell


HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "sessions": (
        "acct_session_id",
        "nas",
        "nas_ip",
        "username",
        "mac",
        "ip",
        "start",
        "stop",
        "seconds",
        "input_octets",
        "output_octets",
        "terminate_cause",
        "state",
        "plan",
    ),
    "postings": (
        "posting_id",
        "at",
        "kind",
        "account_ref",
        "debit_fen",
        "credit_fen",
        "order_no",
        "operator",
        "reversal_of",
    ),
    "usage": ("username", "plan", "day", "input_octets", "output_octets", "seconds"),
    "accounts": (
        "username",
        "full_name",
        "group",
        "rate",
        "status",
        "plan",
        "ends_at",
        "balance_fen",
        "bonus_fen",
        "online",
        "created_at",
        "created_by",
        "first_login_at",
        "last_seen_at",
        "locked_reason",
    ),
    "subscriptions": (
        "id",
        "username",
        "plan",
        "kind",
        "version_no",
        "state",
        "order_no",
        "purchased_at",
        "starts_at",
        "ends_at",
        "octets_left",
        "seconds_left",
        "paid_principal_fen",
    ),
    "orders": (
        "order_no",
        "username",
        "plan",
        "periods",
        "amount_fen",
        "channel",
        "state",
        "operator",
        "memo",
        "created_at",
        "paid_at",
        "closed_at",
    ),
    "attempts": (
        "at",
        "username",
        "mac",
        "ip",
        "nas",
        "ssid",
        "vlan",
        "port_id",
        "access_kind",
        "proof_kind",
        "accepted",
        "reason",
        "detail",
        "lookup_code",
        "acct_session_id",
    ),
    "audit": (
        "id",
        "at",
        "actor",
        "address",
        "action",
        "object_kind",
        "object_id",
        "before",
        "after",
        "result",
    ),
    **CARD_HEADERS,
    **BOOK_HEADERS,
    **REPORT_HEADERS,
}
"""By the words of the command line; the API's items have these fields by the same names."""


def _sessions(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = reports_access.SessionFilter(from_at=span.from_at, to_at=span.to_at)
    return reports_access.sessions(reader, span.projects, chosen, page)


def _session_cells(row: reports_access.SessionRow, now: int) -> Sequence[Rich]:
    return (
        row.acct_session_id,
        row.nas,
        row.nas_ip,
        row.username,
        row.mac,
        row.ip,
        Moment(row.started_at),
        Moment(row.stopped_at),
        row.seconds,
        row.input_octets,
        row.output_octets,
        row.terminate_cause,
        row.state,
        row.plan,
    )


def _postings(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = reports_money.PostingFilter(from_at=span.from_at, to_at=span.to_at)
    return reports_money.postings(reader, span.projects, chosen, page)


def _posting_cells(row: reports_money.PostingRow, now: int) -> Sequence[Rich]:
    return (
        row.posting_id,
        Moment(row.at),
        row.kind.value,
        row.account_ref,
        row.debit_fen,
        row.credit_fen,
        row.order_no,
        row.operator,
        row.reversal_of,
    )


def _accounts(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    # No time narrows people: an account is, it does not happen.
    return reports_people.accounts(reader, span.projects, reports_people.AccountFilter(), page, span.now)


def _account_cells(row: reports_people.AccountRow, now: int) -> Sequence[Rich]:
    return (
        row.username,
        row.full_name,
        row.group,
        row.rate,
        row.status(now).value,
        row.plan(now),
        Moment(row.covered_until),
        row.balance_fen,
        row.bonus_fen,
        row.online,
        Moment(row.created_at),
        row.created_by,
        Moment(row.first_login_at),
        Moment(row.last_seen_at),
        row.locked_reason,
    )


def _subscriptions(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = reports_money.SubscriptionFilter(from_at=span.from_at, to_at=span.to_at)
    return reports_money.subscriptions(reader, span.projects, chosen, page)


def _subscription_cells(row: reports_money.SubscriptionRow, now: int) -> Sequence[Rich]:
    return (
        row.id,
        row.username,
        row.plan,
        row.kind.value,
        row.version_no,
        row.state.value,
        row.order_no,
        Moment(row.purchased_at),
        Moment(row.starts_at),
        Moment(row.ends_at),
        row.octets_left,
        row.seconds_left,
        row.paid_principal_fen,
    )


def _orders(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = reports_money.OrderFilter(from_at=span.from_at, to_at=span.to_at)
    return reports_money.orders(reader, span.projects, chosen, page)


def _order_cells(row: reports_money.OrderRow, now: int) -> Sequence[Rich]:
    return (
        row.order_no,
        row.username,
        row.plan,
        row.periods,
        row.amount_fen,
        row.channel.value,
        row.state.value,
        row.operator,
        row.memo,
        Moment(row.created_at),
        Moment(row.paid_at),
        Moment(row.closed_at),
    )


def _attempts(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = reports_attempts.AttemptFilter(from_at=span.from_at, to_at=span.to_at)
    return reports_attempts.attempts(reader, span.projects, chosen, page)


def _attempt_cells(row: reports_attempts.AttemptRow, now: int) -> Sequence[Rich]:
    return (
        Moment(row.at),
        row.username,
        row.mac,
        row.ip,
        row.nas,
        row.ssid,
        row.vlan,
        row.port_id,
        row.access_kind.value,
        row.proof_kind,
        row.accepted,
        row.reason,
        row.detail,
        row.lookup_code,
        row.acct_session_id,
    )


def _audit(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = reports_people.AuditFilter(from_at=span.from_at, to_at=span.to_at)
    return reports_people.audit(reader, span.projects, chosen, page)


def _audit_cells(row: reports_people.AuditRow, now: int) -> Sequence[Rich]:
    return (
        row.id,
        Moment(row.at),
        row.actor,
        row.address,
        row.action,
        row.object_kind,
        row.object_id,
        json.dumps(row.before, ensure_ascii=False, sort_keys=True),
        json.dumps(row.after, ensure_ascii=False, sort_keys=True),
        row.result,
    )


def usage_cells(row: reports_money.UsageRow) -> Sequence[Cell]:
    """One line of `export usage`; the day as a date."""
    return (
        row.username,
        row.plan,
        date_of(row.day).isoformat(),
        row.input_octets,
        row.output_octets,
        row.seconds,
    )


LISTS: Final[Mapping[str, tuple[Listing, str, Callable[[Any, int], Sequence[Rich]]]]] = {
    "sessions": (_sessions, "id", _session_cells),
    "postings": (_postings, "id", _posting_cells),
    "accounts": (_accounts, "id", _account_cells),
    "subscriptions": (_subscriptions, "id", _subscription_cells),
    "orders": (_orders, "order_no", _order_cells),
    "attempts": (_attempts, "id", _attempt_cells),
    "audit": (_audit, "id", _audit_cells),
    **CARD_LISTS,
    **BOOK_LISTS,
    **REPORT_LISTS,
}
"""How a kind is read, the attribute that is the key of its pages, and its cells."""
