"""The operations of the API on refunds."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import (
    graduations,
    items_access,
    items_graduation,
    items_refunds,
    refunds,
    requests,
)
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.items import ItemList

REFUND_ROUTES: Final = (
    Route(
        "list_refunds", "GET", "/refunds", "List refunds", Permission.ORDERS_READ,
        refunds.list_refunds, ItemList[items_refunds.RefundItem], query=items_refunds.RefundQuery,
    ),
    Route(
        "request_refund", "POST", "/refunds", "Ask for a refund", Permission.REFUNDS_REQUEST,
        refunds.request_refund, items_refunds.RefundShown, body=items_refunds.RefundBody, status=201, keyed=True,
    ),
    Route(
        "get_refund", "GET", "/refunds/<int:refund_id>", "Show one refund with its history", Permission.ORDERS_READ,
        refunds.get_refund, items_refunds.RefundDetail, query=requests.Nothing,
    ),
    Route(
        "approve_refund", "POST", "/refunds/<int:refund_id>/approve", "Approve a refund that somebody else requested",
        Permission.REFUNDS_APPROVE, refunds.approve_refund, items_refunds.RefundDetail, body=items_refunds.MemoBody,
        keyed=True,
    ),
    Route(
        "reject_refund", "POST", "/refunds/<int:refund_id>/reject", "Say no to a refund", Permission.REFUNDS_APPROVE,
        refunds.reject_refund, items_refunds.RefundDetail, body=items_refunds.ReasonBody, keyed=True,
    ),
    Route(
        "pay_refund", "POST", "/refunds/<int:refund_id>/pay", "Pay a refund at the counter, or note a transfer",
        Permission.ORDERS_CASH, refunds.pay_refund, items_refunds.RefundDetail, body=items_refunds.PayBody, keyed=True,
    ),
    Route(
        "fail_refund", "POST", "/refunds/<int:refund_id>/fail", "Note that a refund could not be paid",
        Permission.REFUNDS_APPROVE, refunds.fail_refund, items_refunds.RefundDetail, body=items_refunds.ReasonBody,
        keyed=True,
    ),
    Route(
        "retry_refund", "POST", "/refunds/<int:refund_id>/retry", "Try a failed refund again",
        Permission.REFUNDS_APPROVE, refunds.retry_refund, items_refunds.RefundDetail, body=items_refunds.MemoBody,
        keyed=True,
    ),
    Route(
        "reverse_refund", "POST", "/refunds/<int:refund_id>/reverse", "Undo a paid refund", Permission.LEDGER_REVERSE,
        refunds.reverse_refund, items_refunds.RefundDetail, body=items_refunds.ReasonBody, keyed=True,
    ),
    Route(
        "make_refund_list", "POST", "/refund-lists", "Put approved transfers on a list for the bank",
        Permission.REFUNDS_APPROVE, refunds.make_list, items_refunds.ListItem, body=items_refunds.ProjectBody,
        status=201, keyed=True,
    ),
    Route(
        "get_refund_list", "GET", "/refund-lists/<int:list_no>", "Fetch a list for the bank, with whole accounts",
        Permission.REFUNDS_APPROVE, refunds.get_list, FileAnswer, query=items_refunds.SettingsQuery, media="text/csv",
    ),
    Route(
        "close_refund_list", "POST", "/refund-lists/<int:list_no>/close", "Note what the bank did with a list",
        Permission.REFUNDS_APPROVE, refunds.close_list, items_refunds.ListClosed, body=items_refunds.CloseBody,
    ),
    Route(
        "get_refund_settings", "GET", "/refund-settings", "Show above how much a second person approves",
        Permission.ORDERS_READ, refunds.get_settings, items_refunds.RefundSettings,
        query=items_refunds.SettingsQuery,
    ),
    Route(
        "put_refund_settings", "PUT", "/refund-settings", "Say above how much a second person approves",
        Permission.LEDGER_CLOSE, refunds.put_settings, items_refunds.RefundSettings,
        body=items_refunds.SettingsBody,
    ),
)  # fmt: skip

GRADUATION_ROUTES: Final = (
    Route(
        "list_graduations", "GET", "/graduations", "List batches of people who leave", Permission.ORDERS_READ,
        graduations.list_graduations, ItemList[items_graduation.GraduationItem],
        query=items_graduation.GraduationQuery,
    ),
    Route(
        "create_graduation", "POST", "/graduations", "Freeze the statements of a batch", Permission.REFUNDS_REQUEST,
        graduations.create_graduation, items_graduation.GraduationDetail, body=items_graduation.GraduationBody,
        status=201, keyed=True,
    ),
    Route(
        "get_graduation", "GET", "/graduations/<int:batch_id>", "Show a batch with its sums", Permission.ORDERS_READ,
        graduations.get_graduation, items_graduation.GraduationDetail, query=requests.Nothing,
    ),
    Route(
        "list_statements", "GET", "/graduations/<int:batch_id>/statements", "List the statements of a batch",
        Permission.ORDERS_READ, graduations.list_statements, ItemList[items_graduation.StatementItem],
        query=items_graduation.StatementQuery,
    ),
    Route(
        "put_graduation_banks", "PUT", "/graduations/<int:batch_id>/banks", "Keep where people's money goes",
        Permission.REFUNDS_REQUEST, graduations.put_banks, items_graduation.BanksItem,
        body=items_graduation.BanksBody,
    ),
    Route(
        "approve_graduation", "POST", "/graduations/<int:batch_id>/approve", "Approve a batch that somebody else prepared",
        Permission.REFUNDS_APPROVE, graduations.approve_graduation, items_access.Done,
    ),
    Route(
        "run_graduation", "POST", "/graduations/<int:batch_id>/run", "Settle whoever is not settled yet",
        Permission.REFUNDS_APPROVE, graduations.run_graduation, items_graduation.RunItem,
    ),
    Route(
        "export_graduation", "GET", "/graduations/<int:batch_id>/export", "Fetch a batch for the finance office",
        Permission.REFUNDS_APPROVE, graduations.export_graduation, FileAnswer, query=requests.Nothing,
        media="text/csv",
    ),
)  # fmt: skip
