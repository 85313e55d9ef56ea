"""Tables as files that people open."""

from __future__ import annotations

import io

from python_calamine import CalamineWorkbook

from zhuomai_appliance.web.exports import Cell, csv_file, xlsx_file

ROWS: list[list[Cell]] = [
    ["=cmd|' /C calc'!A0", 3, True, None],
    ["@SUM(1)", -4, False, "王, 李"],
    ["-1", 10**15, None, "\t=1"],
]


def test_no_cell_of_a_table_is_a_formula() -> None:
    """Text that a spreadsheet would calculate stands behind an apostrophe; numbers stay numbers."""
    assert csv_file(("a", "b", "c", "d"), ROWS).decode("utf-8-sig").splitlines() == [
        "a,b,c,d",
        "'=cmd|' /C calc'!A0,3,true,",
        '\'@SUM(1),-4,false,"王, 李"',
        "'-1,1000000000000000,,'\t=1",
    ]


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    """Text comes back as it was, and numbers of more digits than a spreadsheet keeps as text."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_file(("a", "b", "c", "d"), ROWS)))
    first, *rows = book.get_sheet_by_index(0).to_python()
    assert first == ["a", "b", "c", "d"]
    assert [row[0] for row in rows] == [row[0] for row in ROWS]
    assert [row[1] for row in rows] == [3.0, -4.0, "1000000000000000"]
