"""The operations of the API on receipts."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import receipts
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.items import ItemList

_ONE: Final = "/receipts/<string(maxlength=40):number>"

RECEIPT_ROUTES: Final = (
    Route(
        "get_receipt_series", "GET", "/receipt-series", "Show how receipts are numbered", Permission.ORDERS_READ,
        receipts.get_series, receipts.SeriesItem, query=receipts.ReceiptProject,
    ),
    Route(
        "put_receipt_series", "PUT", "/receipt-series", "Number receipts by a series from now on",
        Permission.LEDGER_CLOSE, receipts.put_series, receipts.SeriesItem, body=receipts.SeriesBody,
    ),
    Route(
        "list_receipts", "GET", "/receipts", "List receipts", Permission.ORDERS_READ,
        receipts.list_receipts, ItemList[receipts.ReceiptItem], query=receipts.ReceiptQuery,
    ),
    Route(
        "issue_receipt", "POST", "/receipts", "Issue a receipt in the place of a void one", Permission.ORDERS_MANUAL,
        receipts.issue_receipt, receipts.ReceiptItem, body=receipts.IssueBody, status=201, keyed=True,
    ),
    Route(
        "void_receipt", "POST", f"{_ONE}/void", "Make a receipt void", Permission.ORDERS_MANUAL,
        receipts.void_receipt, receipts.ReceiptItem, body=receipts.VoidBody, keyed=True,
    ),
    Route(
        "print_receipt", "POST", f"{_ONE}/print", "Print a receipt", Permission.ORDERS_MANUAL,
        receipts.print_receipt, FileAnswer, body=receipts.PrintBody, media=receipts.PDF,
    ),
)  # fmt: skip
