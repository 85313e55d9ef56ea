"""The columns of the export of report figures: what each posting means, for a pivot table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from zhuomai_appliance.commands.exported_base import Listing, Moment, Rich, Span
from zhuomai_appliance.model.moment import date_of, local_day
from zhuomai_appliance.store import report_books
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.report_books import FigureFilter, FigureRow
from zhuomai_appliance.store.reports_query import Page

REPORT_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "figures": (
        "id",
        "posting_id",
        "at",
        "day",
        "measure",
        "subject",
        "channel",
        "operator",
        "group_id",
        "plan_kind",
        "amount_fen",
        "kind",
        "order_no",
        "reversal_of",
    ),
}


def _figures(reader: Reader, span: Span, page: Page) -> Sequence[Any]:
    chosen = FigureFilter(
        from_day=None if span.from_at is None else local_day(span.from_at, span.home),
        to_day=None if span.to_at is None else local_day(span.to_at - 1, span.home) + 1,
    )
    return report_books.figure_rows(reader, span.projects, chosen, page)


def _figure_cells(row: FigureRow, now: int) -> Sequence[Rich]:
    return (
        row.id,
        row.posting_id,
        Moment(row.at),
        date_of(row.day).isoformat(),
        row.measure,
        row.subject,
        row.channel,
        row.operator,
        row.group_id,
        row.plan_kind,
        row.amount_fen,
        row.kind.value,
        row.order_no,
        row.reversal_of,
    )


REPORT_LISTS: Final[Mapping[str, tuple[Listing, str, Callable[[Any, int], Sequence[Rich]]]]] = {
    "figures": (_figures, "id", _figure_cells),
}
