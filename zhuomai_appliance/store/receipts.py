"""Receipts and the series that number them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.receipts import Receipt, ReceiptSeries
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("receipts")


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Which receipts, by the time they were issued in [from_at, to_at)."""

    number: str | None = None
    order_no: str | None = None
    issued_by: str | None = None
    from_at: int | None = None
    to_at: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A number that was taken from a series."""

    prefix: str
    digits: int
    serial: int


def put_series(tx: Transaction, series: ReceiptSeries) -> None:
    """Number receipts by this series from now on; one that is there goes on where it stopped, with its digits."""
    tx.run(_Q.unuse, project_id=series.project_id)
    tx.run(
        _Q.put_series, project_id=series.project_id, prefix=series.prefix, digits=series.digits, title=series.title,
        note=series.note,
    )  # fmt: skip


def _series(row: Row | None) -> ReceiptSeries | None:
    return None if row is None else ReceiptSeries(ProjectId(row[0]), *row[1:])


def series(reader: Reader, project_id: ProjectId) -> ReceiptSeries | None:
    """The series in use; None: no receipts are issued."""
    return _series(reader.one(_Q.series, project_id=project_id))


def series_of(reader: Reader, project_id: ProjectId, number: str) -> ReceiptSeries | None:
    """The series of a receipt."""
    return _series(reader.one(_Q.series_of, project_id=project_id, number=number))


def take(tx: Transaction, project_id: ProjectId) -> Taken | None:
    """The next number of the series in use; undone with the transaction, so that no gap is left. None: no series."""
    row = tx.one(_Q.take, project_id=project_id)
    return None if row is None else Taken(*row)


def add(
    tx: Transaction,
    project_id: ProjectId,
    number: str,
    taken: Taken,
    *,
    order_no: str,
    amount_fen: Fen,
    at: int,
    issued_by: str,
) -> None:
    """Keep a new receipt."""
    tx.run(
        _Q.add, project_id=project_id, number=number, prefix=taken.prefix, serial=taken.serial, order_no=order_no,
        amount_fen=amount_fen, at=at, issued_by=issued_by,
    )  # fmt: skip


def void(tx: Transaction, project_id: ProjectId, number: str, at: int, voided_by: str, reason: str) -> bool:
    """Make a receipt void; False when it was so before."""
    return (
        tx.run(_Q.void, project_id=project_id, number=number, at=at, voided_by=voided_by, reason=reason) == 1
    )


def count_print(tx: Transaction, project_id: ProjectId, number: str, buyer: str, tax_no: str) -> None:
    """Count that a receipt was put on paper, and for whom."""
    tx.run(_Q.print, project_id=project_id, number=number, buyer=buyer, tax_no=tax_no)


def receipts(
    reader: Reader, projects: Sequence[ProjectId], chosen: ReceiptFilter, page: Page
) -> list[Receipt]:
    """Receipts by number; the key of a page is their `key`."""
    found = rows(
        reader,
        _Q.receipts,
        project_ids(reader, projects),
        number=chosen.number,
        order_no=chosen.order_no,
        issued_by=chosen.issued_by,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
    )
    return [Receipt(*row) for row in found]


def receipt(reader: Reader, project_id: ProjectId, number: str) -> Receipt | None:
    """One receipt."""
    found = receipts(reader, (project_id,), ReceiptFilter(number=number), Page(limit=1))
    return found[0] if found else None


# Proof ------------------------------------------------------------------------------------------------------------------


def counted(reader: Reader) -> int:
    """How many receipts there are."""
    return int(reader.value(_Q.counted))


def faults(reader: Reader) -> Iterator[str]:
    """Series with a gap, and receipts over another amount than their order."""
    for project, prefix, taken, there, last in reader.all(_Q.gaps):
        yield f"series {prefix!r} of project {project} gave {taken} numbers; {there} receipts are there, the last is {last}"
    for number, amount, ordered in reader.all(_Q.wrong_amounts):
        yield f"receipt {number} is over {amount} fen, its order over {ordered}"
