"""The operations on people: groups, and what the desk keeps about an account."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import groups, items_access, requests
from zhuomai_appliance.web.api.calls import Route

WITHIN_GROUPS: Final = frozenset(
    (
        "list_accounts", "create_account", "get_account", "change_account", "list_devices", "fix_device", "remove_device",
        "list_sessions", "get_session", "disconnect_session", "get_disconnect", "list_attempts", "list_orders",
        "create_order", "get_order", "list_subscriptions", "list_plans", "list_rates", "list_groups", "get_group",
    )
)  # fmt: skip
"""The operations that keep an operator who is bound to groups within them; to all others he gets no answer."""

ROUTES: Final = (
    Route(
        "get_group", "GET", "/groups/<int:group_id>", "Show one group with what it inherits",
        Permission.ACCOUNTS_READ, groups.get_group, groups.GroupDetail, query=requests.Nothing,
    ),
    Route(
        "create_group", "POST", "/groups", "Make a group", Permission.PLANS_WRITE,
        groups.create_group, groups.GroupDetail, body=groups.GroupBody, status=201, keyed=True,
    ),
    Route(
        "change_group", "PATCH", "/groups/<int:group_id>", "Change a group", Permission.PLANS_WRITE,
        groups.change_group, groups.GroupDetail, body=groups.GroupPatch,
    ),
    Route(
        "remove_group", "DELETE", "/groups/<int:group_id>", "Remove a group that nothing uses",
        Permission.PLANS_WRITE, groups.remove_group, items_access.Done,
    ),
)  # fmt: skip
