"""`zhuomai import accounts FILE`: people from a table. Everything is looked at first; only a file without mistakes is taken.

The rows go in a few at a time, so that logins and accounting are not held up by a large file.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from zhuomai_appliance.commands.backstage import connected
from zhuomai_appliance.commands.options import ImportRows
from zhuomai_appliance.commands.sitefile import read_row
from zhuomai_appliance.commands.sitetables import AccountTable
from zhuomai_appliance.commands.tables_in import Table, TableRow, read_bytes, read_table
from zhuomai_appliance.config import Config, unknown_key
from zhuomai_appliance.flows.imports import AT_ONCE, People, PeopleRow, RowError
from zhuomai_appliance.model.people import normal_name
from zhuomai_appliance.net.control import CommandFailed

LISTS: Final = ("plan", "aliases", "devices")
"""Columns that may hold several names, with ; or | between them."""

#: What a school's own lists call the columns.
CHINESE: Final[Mapping[str, str]] = {
    "账号": "username",
    "学号": "username",
    "工号": "username",
    "用户名": "username",
    "密码": "password",
    "姓名": "full_name",
    "用户组": "group",
    "部门": "group",
    "手机": "phone",
    "手机号": "phone",
    "邮箱": "email",
    "身份证号": "id_number",
    "地址": "address",
    "套餐": "plan",
    "余额": "balance",
    "别名": "aliases",
    "绑定设备": "devices",
    "速率": "rate",
    "项目": "project",
}

Call = Callable[[str, Mapping[str, Any]], Any]


def run(config: Config, options: ImportRows) -> int:
    """Look at every row, then take them; 1 with every mistake if there is one."""
    path = Path(options["file"])
    table = read_table(path)
    errors = [*_header_errors(table), *table.errors]
    if errors:
        raise CommandFailed(*(f"{path}: {line}" for line in errors))
    rows = [(row.number, _account(row, options["project"])) for row in table.rows]
    doubles = dict(_twice(rows))
    errors = list(doubles.values())
    # A second row of a name is told already; left out, it cannot be taken for the first.
    rows = [row for row in rows if row[0] not in doubles]
    with connected(config) as call:
        told: list[dict[str, Any]] = []
        for answer in _send(call, rows, dry_run=True):
            errors += answer["errors"]
            told += answer["items"]
        if errors:
            raise CommandFailed(*(f"{path}: {line}" for line in errors))
        dry_run = bool(options["dry-run"])
        if not dry_run:
            told = _take(call, rows, path)
    tally = Counter(item["outcome"] for item in told)
    counts = {word: tally[word] for word in ("created", "changed", "left")}
    # What was taken stands in the order of its rows
    results = [
        {"row": number, "username": item["name"], "outcome": item["outcome"], "note": item["note"]}
        for (number, _), item in zip(rows, told, strict=True)
    ]
    if options["json"]:
        print(json.dumps({"dry_run": dry_run, **counts, "rows": results}, ensure_ascii=False))
    else:
        if dry_run:
            for one in results:
                print(
                    f"row {one['row']} ({one['username']}): {one['outcome']}{one['note'] and ': '}{one['note']}"
                )
        print(", ".join(f"{count} {word}" for word, count in counts.items()))
        if dry_run:
            print("dry run: nothing was done", file=sys.stderr)
    return 0


_ERROR = re.compile(r"row (?P<row>\d+)(?:, column (?P<letters>[A-Z]+))?: (?P<rest>.*)", re.DOTALL)


def read_people(data: bytes, project: str) -> People:
    """What somebody sent, as the accounts of a project, with every mistake at its row and column; slow."""
    try:
        table = read_bytes("", data)
    except CommandFailed as error:
        return People((), tuple(RowError(None, "", line.removeprefix(": ")) for line in error.errors))
    wrong = [_at_row(line) for line in (*_header_errors(table), *table.errors)]
    rows = [(row.number, _account(row, project) | {"project": project}) for row in table.rows]
    wrong += [
        RowError(row.number, name, f'is imported into "{project}" alone')
        for row in table.rows
        for name, word in row.cells.items()
        if CHINESE.get(name, name) == "project" and word != project
    ]
    wrong += [_at_row(line) for _, line in _twice(rows)]
    if wrong:
        return People((), tuple(wrong))
    taken = []
    for number, cells in rows:
        item, lines = read_row(AccountTable, cells)
        for line in lines:
            column, _, sentence = line.partition(": ")
            wrong.append(RowError(number, column, sentence))
        if item is not None:
            taken.append(PeopleRow(number, item.value()))
    return People(tuple(taken), tuple(wrong))


def _at_row(line: str) -> RowError:
    found = _ERROR.fullmatch(line)
    if found is None:
        return RowError(None, "", line)
    return RowError(int(found["row"]), found["letters"] or "", found["rest"])


def _take(call: Call, rows: Sequence[tuple[int, dict[str, Any]]], path: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for answer in _send(call, rows, dry_run=False):
        if answer["errors"]:
            # Looked at a moment ago without a mistake: somebody else took a name meanwhile.
            done = len(told)
            lines = [f"{path}: {line}" for line in answer["errors"]]
            raise CommandFailed(
                *lines, f"{path}: {done} rows are in, the rest is not; correct it and import again"
            )
        told += answer["items"]
    return told


def _send(
    call: Call, rows: Sequence[tuple[int, dict[str, Any]]], *, dry_run: bool
) -> Iterator[dict[str, Any]]:
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        answer = call("import", {"rows": [cells for _, cells in part], "dry_run": dry_run})
        numbers = {
            cells.get("username", f"number {place}"): number for place, (number, cells) in enumerate(part, 1)
        }
        answer["errors"] = [_by_row(line, numbers) for line in answer["errors"]]
        yield answer


_ACCOUNT = re.compile(r"account (?P<name>.+?): (?P<rest>[a-z_]+: .*)", re.DOTALL)


def _by_row(line: str, numbers: Mapping[str, int]) -> str:
    """An error of the account of a name as one of the row it stands in."""
    found = _ACCOUNT.fullmatch(line)
    if found is None or found["name"] not in numbers:
        return line
    row = f"row {numbers[found['name']]}"
    return (
        f"{row}: {found['rest']}"
        if found["name"].startswith("number ")
        else f"{row} ({found['name']}): {found['rest']}"
    )


def _header_errors(table: Table) -> Iterator[str]:
    known = list(AccountTable.model_fields)
    names = [CHINESE.get(name, name) for name in table.header]
    for name, meant in zip(table.header, names, strict=True):
        if name and meant not in known:
            yield f"column {name}: {unknown_key(name, known)}"
    if "username" not in names and set(names) <= {*known, ""}:
        yield "there is no column username"


def _account(row: TableRow, project: str | None) -> dict[str, Any]:
    cells: dict[str, Any] = {} if project is None else {"project": project}
    for name, word in row.cells.items():
        key = CHINESE.get(name, name)
        cells[key] = [part for part in re.split(r"\s*[;；|]\s*", word) if part] if key in LISTS else word
    return cells


def _twice(rows: Sequence[tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, str]]:
    """Rows that want a login name of an earlier one; the store would see it only after that one is in."""
    owners: dict[tuple[str, str], int] = {}
    for number, cells in rows:
        names = {cells.get("username", ""), cells.get("phone", ""), *cells.get("aliases", ())} - {""}
        for name in sorted(names):
            key = (cells.get("project", ""), normal_name(name))
            if key in owners:
                yield number, f'row {number}: "{name}" stands in row {owners[key]} already'
            owners.setdefault(key, number)
