"""The operations on people: groups, and what the desk keeps about an account."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import (
    batches,
    closings,
    groups,
    imports,
    items_access,
    items_people,
    items_refunds,
    requests,
)
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.items import ItemList

WITHIN_GROUPS: Final = frozenset(
    (
        "list_accounts", "create_account", "get_account", "change_account", "list_devices", "fix_device", "remove_device",
        "list_sessions", "get_session", "disconnect_session", "get_disconnect", "list_attempts", "list_orders",
        "create_order", "get_order", "list_subscriptions", "list_plans", "list_rates", "list_groups", "get_group",
        "close_account", "get_closing", "announce_closing", "withdraw_closing",
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
    Route(
        "close_account", "POST", "/accounts/<int:account_id>/close", "Close an account with settlement",
        Permission.ACCOUNTS_WRITE, closings.close_account, items_people.CloseShown, body=items_people.CloseBody,
        keyed=True,
    ),
    Route(
        "get_closing", "GET", "/accounts/<int:account_id>/closing", "Show whether an account is closed or will be",
        Permission.ACCOUNTS_READ, closings.get_closing, items_people.ClosingItem, query=requests.Nothing,
    ),
    Route(
        "announce_closing", "PUT", "/accounts/<int:account_id>/closing", "Announce that an account will be closed",
        Permission.ACCOUNTS_WRITE, closings.announce_closing, items_people.ClosingItem,
        body=items_people.AnnounceBody,
    ),
    Route(
        "withdraw_closing", "DELETE", "/accounts/<int:account_id>/closing", "Take an announced closing back",
        Permission.ACCOUNTS_WRITE, closings.withdraw_closing, items_people.ClosingItem,
    ),
    Route(
        "get_hold", "GET", "/closing-settings", "Show how long names of closed accounts stay taken",
        Permission.ACCOUNTS_READ, closings.get_hold, items_people.HoldItem, query=items_refunds.SettingsQuery,
    ),
    Route(
        "put_hold", "PUT", "/closing-settings", "Say how long names of closed accounts stay taken",
        Permission.PLANS_WRITE, closings.put_hold, items_people.HoldItem, body=items_people.HoldBody,
    ),
    Route(
        "import_accounts", "POST", "/account-imports", "Take people from a CSV file or a spreadsheet",
        Permission.ACCOUNTS_WRITE, imports.import_accounts, items_people.ImportItem, query=items_people.ImportQuery,
        upload=imports.MOST_OCTETS,
    ),
    Route(
        "make_account_batch", "POST", "/account-batches", "Make accounts by a rule", Permission.ACCOUNTS_WRITE,
        batches.make_batch, items_people.BatchItem, body=items_people.BatchAsked, status=201,
    ),
    Route(
        "list_account_batches", "GET", "/account-batches", "List batches of accounts", Permission.ACCOUNTS_READ,
        batches.list_batches, ItemList[items_people.BatchItem], query=requests.NamedQuery,
    ),
    Route(
        "export_account_batch", "POST", "/account-batches/<int:batch_id>/export",
        "Hand out user names and passwords of a batch, once", Permission.ACCOUNTS_WRITE, batches.export_batch,
        FileAnswer, media="text/csv",
    ),
)  # fmt: skip
