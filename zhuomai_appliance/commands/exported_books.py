"""The columns of exports about shifts, receipts and expenses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from zhuomai_appliance.commands.exported_base import Listing, Moment, Rich, Span
from zhuomai_appliance.model.receipts import Receipt
from zhuomai_appliance.model.shifts import Shift
from zhuomai_appliance.model.subjects import Expense
from zhuomai_appliance.store import receipts, shifts, subjects
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_query import Page

BOOK_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "shifts": (
        "id", "operator", "state", "opened_at", "float_fen", "closed_at", "expected_fen", "counted_fen", "difference_fen",
        "memo", "handed_to", "handed_at",
    ),
    "receipts": (
        "id", "order_no", "amount_fen", "issued_at", "issued_by", "buyer", "tax_no", "prints", "voided_at", "voided_by",
        "void_reason",
    ),
    "expenses": (
        "id", "subject", "amount_fen", "source", "voucher_no", "memo", "state", "requested_by", "requested_at", "decided_by",
        "decided_at", "posting_id",
    ),
}  # fmt: skip


def _shifts(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = shifts.ShiftFilter(from_at=span.from_at, to_at=span.to_at)
    return shifts.shifts(reader, span.projects, chosen, page)


def _shift_cells(row: Shift, now: int) -> Sequence[Rich]:
    return (
        row.number, row.operator, row.state.value, Moment(row.opened_at), row.float_fen, Moment(row.closed_at),
        row.expected_fen, row.counted_fen, None if row.counted_fen is None else row.difference_fen, row.memo,
        row.handed_to, Moment(row.handed_at),
    )  # fmt: skip


def _receipts(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = receipts.ReceiptFilter(from_at=span.from_at, to_at=span.to_at)
    return receipts.receipts(reader, span.projects, chosen, page)


def _receipt_cells(row: Receipt, now: int) -> Sequence[Rich]:
    return (
        row.number, row.order_no, row.amount_fen, Moment(row.issued_at), row.issued_by, row.buyer, row.tax_no, row.prints,
        Moment(row.voided_at), row.voided_by, row.void_reason,
    )  # fmt: skip


def _expenses(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = subjects.ExpenseFilter(from_at=span.from_at, to_at=span.to_at)
    return subjects.expenses(reader, span.projects, chosen, page)


def _expense_cells(row: Expense, now: int) -> Sequence[Rich]:
    return (
        row.id, row.subject, row.amount_fen, row.source.value, row.voucher_no, row.memo, row.state.value, row.requested_by,
        Moment(row.requested_at), row.decided_by, Moment(row.decided_at), row.posting_id,
    )  # fmt: skip


BOOK_LISTS: Final[Mapping[str, tuple[Listing, str, Callable[[Any, int], Sequence[Rich]]]]] = {
    "shifts": (_shifts, "key", _shift_cells),
    "receipts": (_receipts, "key", _receipt_cells),
    "expenses": (_expenses, "id", _expense_cells),
}
