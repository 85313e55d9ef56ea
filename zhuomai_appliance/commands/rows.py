"""Rows of cells as CSV, newline-delimited JSON or a spreadsheet, written while they come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import BinaryIO, Final

from zhuomai_appliance.commands.exported import Cell

EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number; longer ones are written as text."""


def write_csv(target: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """RFC 4180 with plain newlines, UTF-8 without a mark, cells as they are."""
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_text(cell) for cell in row])
    text.flush()
    text.detach()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def write_ndjson(target: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """One JSON object a line; what is absent is null."""
    for row in rows:
        line = json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False, separators=(",", ":"))
        target.write(line.encode() + b"\n")
    target.flush()


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


Writer = Callable[[BinaryIO, Sequence[str], Iterable[Sequence[Cell]]], None]

WRITERS: Final[Mapping[str, Writer]] = {"csv": write_csv, "ndjson": write_ndjson, "xlsx": write_xlsx}
"""By the words of --format."""
