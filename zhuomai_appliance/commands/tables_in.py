"""Tables that people bring: CSV in the encodings that spreadsheets write here, and XLSX; rows as texts by column name."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zhuomai_appliance.net.control import CommandFailed

MOST_OCTETS: Final = 64 * 2**20
MOST_ROWS: Final = 200_000
ENCODINGS: Final = ("utf-8-sig", "gb18030")
EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number: beyond them an identity number is spoilt already."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its number as the spreadsheet shows it, and its cells that are not empty."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file with its column names; ``errors`` are cells that cannot be read."""

    header: tuple[str, ...]
    rows: tuple[TableRow, ...]
    errors: tuple[str, ...]


def read_table(path: Path) -> Table:
    """Read a file by what it is, not by its name.

    Raises:
        CommandFailed: it cannot be read as a table.
    """
    try:
        if path.stat().st_size > MOST_OCTETS:
            raise CommandFailed(f"{path}: is over {MOST_OCTETS >> 20} MiB; split it")
        data = path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be read: {error.strerror}") from None
    return read_bytes(path, data)


def read_bytes(path: Path | str, data: bytes) -> Table:
    """The same for what was sent; ``path`` is what messages call it.

    Raises:
        CommandFailed: it cannot be read as a table.
    """
    errors: list[str] = []
    lines = _spreadsheet(path, data, errors) if data[:2] == b"PK" else _text_table(path, data)
    return _table(path, lines, errors)


def _table(path: Path | str, lines: Iterable[tuple[int, Sequence[str]]], errors: list[str]) -> Table:
    header: tuple[str, ...] = ()
    rows: list[TableRow] = []
    for number, cells in lines:
        words = [cell.strip() for cell in cells]
        if not any(words):
            continue
        if not header:
            header = tuple(words)
            twice = {name for name in header if name and header.count(name) > 1}
            if twice:
                raise CommandFailed(f"{path}: row {number}: column {', '.join(sorted(twice))} stands twice")
            continue
        if len(rows) >= MOST_ROWS:
            raise CommandFailed(f"{path}: has over {MOST_ROWS} rows; split it")
        if any(words[len(header) :]):
            errors.append(f"row {number}: has more cells than the header has names")
        named = zip(header, words, strict=False)
        rows.append(TableRow(number, {name: word for name, word in named if word and name}))
    if not header:
        raise CommandFailed(f"{path}: is empty; the first row names the columns")
    return Table(header, tuple(rows), tuple(errors))


def _text_table(path: Path | str, data: bytes) -> Iterable[tuple[int, Sequence[str]]]:
    text = _decoded(path, data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise CommandFailed(f"{path}: row {reader.line_num}: {error}") from None


def _decoded(path: Path | str, data: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CommandFailed(f"{path}: is neither UTF-8 nor GB 18030 text; save it as CSV UTF-8")


def _spreadsheet(path: Path | str, data: bytes, errors: list[str]) -> Iterable[tuple[int, Sequence[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    _check_size(path, data)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        lines = sheet.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, IndexError) as error:
        raise CommandFailed(f"{path}: cannot be read as a spreadsheet: {error}") from None
    for number, cells in enumerate(lines, 1):
        yield (
            number,
            [_cell(cell, f"row {number}, column {_letters(at)}", errors) for at, cell in enumerate(cells)],
        )


def _check_size(path: Path | str, data: bytes) -> None:
    """A spreadsheet is packed: a small file may unpack to more than there is memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            whole = sum(one.file_size for one in packed.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise CommandFailed(f"{path}: cannot be read as a spreadsheet: {error}") from None
    if whole > MOST_OCTETS:
        raise CommandFailed(f"{path}: unpacks to over {MOST_OCTETS >> 20} MiB; split it")


def _letters(at: int) -> str:
    """What a spreadsheet calls a column, counted from 0: A to Z, AA on."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(cell: object, place: str, errors: list[str]) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float | int):
        if abs(cell) >= EXACT:
            errors.append(
                f"{place}: {cell:.0f} has lost its last digits; make the column text and type it anew"
            )
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    return str(cell)
