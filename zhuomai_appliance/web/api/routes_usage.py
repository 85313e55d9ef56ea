"""The operations of the API on usage, meters and limits of an account."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import usage
from zhuomai_appliance.web.api.calls import Route

USAGE_ROUTES: Final = (
    Route(
        "get_usage", "GET", "/accounts/<int:account_id>/usage", "Show a day's usage and the interims behind it",
        Permission.SESSIONS_READ, usage.get_usage, usage.DayUsage, query=usage.UsageQuery,
    ),
    Route(
        "get_meters", "GET", "/accounts/<int:account_id>/meters", "Show what metered use came to by month",
        Permission.ORDERS_READ, usage.get_meters, usage.Meters, query=usage.MetersQuery,
    ),
    Route(
        "put_spending_limit", "PUT", "/accounts/<int:account_id>/spending-limit",
        "Limit what an account may spend in a month", Permission.ACCOUNTS_WRITE, usage.put_limit, usage.LimitItem,
        body=usage.LimitBody,
    ),
)  # fmt: skip
