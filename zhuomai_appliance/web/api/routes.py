"""Every operation of the API, in the order in which the readable pages show them."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import (
    access,
    admission,
    items,
    items_access,
    people,
    previews,
    records,
    requests,
    routes_people,
    routes_reports,
    traces,
    watch,
)
from zhuomai_appliance.web.api.calls import Route
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.routes_cards import AGENT_ROUTES, CARD_ROUTES
from zhuomai_appliance.web.api.routes_money import MONEY_ROUTES
from zhuomai_appliance.web.api.routes_payers import PAYER_ROUTES
from zhuomai_appliance.web.api.routes_refunds import GRADUATION_ROUTES, REFUND_ROUTES
from zhuomai_appliance.web.api.routes_usage import USAGE_ROUTES

ROUTES: Final = (
    Route(
        "list_accounts", "GET", "/accounts", "Search accounts", Permission.ACCOUNTS_READ,
        people.list_accounts, ItemList[items.AccountItem], query=requests.AccountQuery,
    ),
    Route(
        "create_account", "POST", "/accounts", "Create an account with its plans", Permission.ACCOUNTS_WRITE,
        people.create_account, items.AccountItem, body=requests.AccountBody, status=201, keyed=True,
    ),
    Route(
        "get_account", "GET", "/accounts/<int:account_id>", "Show one account", Permission.ACCOUNTS_READ,
        people.get_account, items.AccountDetail, query=requests.Nothing,
    ),
    Route(
        "change_account", "PATCH", "/accounts/<int:account_id>", "Change, lock or unlock an account",
        Permission.ACCOUNTS_WRITE, people.change_account, items.AccountDetail, body=requests.AccountPatch,
    ),
    Route(
        "list_devices", "GET", "/accounts/<int:account_id>/devices", "List the devices bound to an account",
        Permission.ACCOUNTS_READ, admission.list_devices, items_access.DeviceList, query=requests.Nothing,
    ),
    Route(
        "fix_device", "PUT", "/accounts/<int:account_id>/devices/<string(maxlength=32):mac>",
        "Bind a device to an account", Permission.ACCOUNTS_WRITE, admission.fix_device, items_access.Done,
        body=admission.DeviceBody,
    ),
    Route(
        "remove_device", "DELETE", "/accounts/<int:account_id>/devices/<string(maxlength=32):mac>",
        "Take a device off an account", Permission.ACCOUNTS_WRITE, admission.remove_device, items_access.Done,
    ),
    Route(
        "list_sessions", "GET", "/sessions", "List sessions, open and closed", Permission.SESSIONS_READ,
        access.list_sessions, ItemList[items.SessionItem], query=requests.SessionQuery,
    ),
    Route(
        "get_session", "GET", "/sessions/<int:session_id>", "Show one session", Permission.SESSIONS_READ,
        access.get_session, items.SessionItem, query=requests.Nothing,
    ),
    Route(
        "disconnect_session", "POST", "/sessions/<int:session_id>/disconnect", "End a session at its device",
        Permission.SESSIONS_DISCONNECT, access.disconnect_session, items.Ending, status=202,
    ),
    Route(
        "get_disconnect", "GET", "/sessions/<int:session_id>/disconnect", "Show what became of ending a session",
        Permission.SESSIONS_READ, access.get_disconnect, items.Ending, query=requests.Nothing,
    ),
    Route(
        "list_attempts", "GET", "/attempts", "List login attempts with their verdicts", Permission.ATTEMPTS_READ,
        access.list_attempts, ItemList[items.AttemptItem], query=requests.AttemptQuery,
    ),
    *MONEY_ROUTES,
    *CARD_ROUTES,
    *AGENT_ROUTES,
    *REFUND_ROUTES,
    *GRADUATION_ROUTES,
    *PAYER_ROUTES,
    *USAGE_ROUTES,
    Route(
        "list_groups", "GET", "/groups", "List groups", Permission.ACCOUNTS_READ,
        records.list_groups, ItemList[items.GroupItem], query=requests.NamedQuery,
    ),
    Route(
        "list_rates", "GET", "/rates", "List rates", Permission.ACCOUNTS_READ,
        records.list_rates, ItemList[items.RateItem], query=requests.NamedQuery,
    ),
    Route(
        "list_nas", "GET", "/nas", "List access devices", Permission.NETWORK_READ,
        records.list_nas, ItemList[items.NasItem], query=requests.NamedQuery,
    ),
    Route(
        "get_nas", "GET", "/nas/<int:nas_id>", "Show one access device and how punctually it reports",
        Permission.NETWORK_READ, watch.get_nas, watch.NasDetail, query=requests.Nothing,
    ),
    Route(
        "list_alarms", "GET", "/alarms", "List the alarms that stand", Permission.NETWORK_READ,
        watch.list_alarms, ItemList[watch.AlarmItem], query=requests.Nothing,
    ),
    Route(
        "preview_nas", "GET", "/nas/<int:nas_id>/preview", "Show what a plan, rate or rule becomes at a device",
        Permission.NETWORK_READ, previews.preview_nas, items_access.PreviewItem, query=previews.PreviewQuery,
    ),
    Route(
        "list_entries", "GET", "/lists", "List black and white list entries", Permission.NETWORK_READ,
        records.list_entries, ItemList[items.ListEntryItem], query=requests.ListEntryQuery,
    ),
    Route(
        "list_rules", "GET", "/rules", "List access rules", Permission.NETWORK_READ,
        admission.list_rules, ItemList[items_access.RuleItem], query=admission.RuleQuery,
    ),
    Route(
        "list_place_limits", "GET", "/place-limits", "List limits of places with who is there",
        Permission.NETWORK_READ, admission.list_place_limits, ItemList[items_access.PlaceLimitItem],
        query=admission.PlaceLimitQuery,
    ),
    Route(
        "explain", "GET", "/explain", "Say what a login would get, and why", Permission.ATTEMPTS_READ,
        admission.explain, items_access.ExplanationItem, query=admission.ExplainQuery,
    ),
    Route(
        "begin_trace", "POST", "/traces", "Begin a live trace of packets", Permission.ATTEMPTS_READ,
        traces.begin_trace, traces.TraceItem, body=traces.TraceBody, status=201,
    ),
    Route(
        "read_trace", "GET", "/traces/<int:trace_id>", "Read what passed since the last time",
        Permission.ATTEMPTS_READ, traces.read_trace, traces.TraceRead, query=requests.Nothing,
    ),
    Route(
        "end_trace", "DELETE", "/traces/<int:trace_id>", "End a trace", Permission.ATTEMPTS_READ,
        traces.end_trace, traces.TraceItem,
    ),
    *routes_people.ROUTES,
    *routes_reports.ROUTES,
    Route(
        "list_operators", "GET", "/operators", "List operators", Permission.OPERATORS_WRITE,
        records.list_operators, ItemList[items.OperatorItem], query=requests.NamedQuery,
    ),
    Route(
        "list_audit", "GET", "/audit", "List who did what", Permission.AUDIT_READ,
        records.list_audit, ItemList[items.AuditItem], query=requests.AuditQuery,
    ),
)  # fmt: skip
