"""Tables as files that people open: CSV and spreadsheets in which no cell is ever a formula (security W7)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final, TypeAlias

Cell: TypeAlias = str | int | bool | None

EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number; longer ones are written as text."""

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table for an office's spreadsheet: UTF-8 with its mark, and text that would be a formula behind an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _harmless(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The same as a workbook of one sheet."""
    target = io.BytesIO()
    write_xlsx(target, header, rows)
    return target.getvalue()


def write_xlsx(target: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """One sheet with its first row frozen. Text is written as text: nothing in it is ever a formula."""
    import xlsxwriter  # type: ignore[import-untyped]

    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, bool):
                sheet.write_boolean(number, column, cell)
            elif isinstance(cell, int) and abs(cell) < EXACT:
                sheet.write_number(number, column, cell)
            elif cell is not None:
                sheet.write_string(number, column, str(cell))
    book.close()
    target.write(memory.getvalue())
    target.flush()
