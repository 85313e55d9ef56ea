"""What lists, searches, exports and the dashboard read: one door to the parts, and the figures that need several.

All of it scans or joins: run it by ``await store.read(lambda reader: reports.xxx(reader, ...))``, never inline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountStatus
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_access import (
    NasOnline,
    OnlineFilter,
    OnlinePage,
    OnlineSort,
    OnlineSums,
    SessionFilter,
    SessionRow,
    online,
    online_by_kind,
    online_by_nas,
    online_curve,
    online_sums,
    session,
    sessions,
)
from zhuomai_appliance.store.reports_attempts import (
    AttemptFilter,
    AttemptRow,
    attempt_key,
    attempts,
    refused_by_reason,
)
from zhuomai_appliance.store.reports_money import (
    OrderFilter,
    OrderRow,
    PostingFilter,
    PostingRow,
    SubscriptionFilter,
    SubscriptionRow,
    UsageRow,
    cash_taken,
    orders,
    postings,
    subscriptions,
    usage,
)
from zhuomai_appliance.store.reports_people import (
    AccountFilter,
    AccountRow,
    AccountSort,
    AuditFilter,
    AuditRow,
    account,
    account_named,
    accounts,
    audit,
    audit_actors,
    count_accounts,
)
from zhuomai_appliance.store.reports_query import MOST_ROWS, NotNarrowed, Page, Scope

__all__ = [
    "MOST_ROWS", "AccountFilter", "AccountRow", "AccountSort", "AttemptFilter", "AttemptRow", "AuditFilter",
    "AuditRow", "Dashboard", "NasOnline", "NotNarrowed", "OnlineFilter", "OnlinePage", "OnlineSort", "OnlineSums", "OrderFilter",
    "OrderRow", "Page", "PostingFilter", "PostingRow", "Scope", "SessionFilter", "SessionRow", "SubscriptionFilter",
    "SubscriptionRow", "UsageRow", "account", "account_named", "accounts", "attempt_key", "attempts", "audit", "audit_actors",
    "cash_taken", "count_accounts", "dashboard", "online", "online_by_kind", "online_by_nas", "online_curve",
    "online_sums", "orders", "postings", "refused_by_reason", "session", "sessions", "subscriptions", "usage",
]  # fmt: skip

EXPIRING_SECONDS: Final = 7 * 86_400
"""How far ahead «expiring soon» looks."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The figures of the overview at one instant.

    Attributes:
        online: sums of the open sessions; `online.people`, `online.devices`, `online.suspect`.
        accounts: accounts that are not closed.
        expiring: of them, those whose last purchase ends within seven days.
        cash_fen: what the tills took today, refunds and reversals taken off.
        refused: refused logins of today by reason, the most frequent first.
        curve: sessions open at equal steps over the last 24 hours: (time, count).
        nas: devices with open sessions.
    """

    online: OnlineSums
    accounts: int
    expiring: int
    cash_fen: int
    refused: tuple[tuple[str, int], ...]
    curve: tuple[tuple[int, int], ...]
    nas: tuple[NasOnline, ...]


def dashboard(
    reader: Reader, projects: Sequence[ProjectId], now: int, day_start: int, buckets: int = 48
) -> Dashboard:
    """All figures in one snapshot; `day_start` is 00:00 local of today (model.moment.day_bounds)."""
    everybody = count_accounts(reader, projects, AccountFilter(), now) - count_accounts(
        reader, projects, AccountFilter(status=AccountStatus.CLOSED), now
    )
    return Dashboard(
        online=online_sums(reader, projects, OnlineFilter(), now),
        accounts=everybody,
        expiring=count_accounts(reader, projects, AccountFilter(ends_before=now + EXPIRING_SECONDS), now),
        cash_fen=sum(cash_taken(reader, projects, day_start, now + 1).values()),
        refused=tuple(refused_by_reason(reader, projects, day_start, now + 1)),
        curve=tuple(online_curve(reader, projects, now - 86_400, now, buckets)),
        nas=tuple(online_by_nas(reader, projects)),
    )
