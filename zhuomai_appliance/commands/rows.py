"""Rows of cells as CSV, newline-delimited JSON or a spreadsheet, written while they come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import BinaryIO, Final

from zhuomai_appliance.commands.exported import Cell
from zhuomai_appliance.web.exports import write_xlsx


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


Writer = Callable[[BinaryIO, Sequence[str], Iterable[Sequence[Cell]]], None]

WRITERS: Final[Mapping[str, Writer]] = {"csv": write_csv, "ndjson": write_ndjson, "xlsx": write_xlsx}
"""By the words of --format."""
