"""A site file for `apply`: TOML tables into the values of flows.site_model, every mistake with table, item and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from zhuomai_appliance.commands import sitetables as tables
from zhuomai_appliance.commands import sitetables_access as access
from zhuomai_appliance.commands import sitetables_roaming as roaming
from zhuomai_appliance.commands import sitetables_wifi as wifi
from zhuomai_appliance.config import sentences, unknown_key
from zhuomai_appliance.flows.site_model import Site

TABLES: Final[Mapping[str, tuple[type[tables.Table], str]]] = {
    "project": (tables.ProjectTable, "projects"),
    "rate": (tables.RateTable, "rates"),
    "plan": (tables.PlanTable, "plans"),
    "group": (tables.GroupTable, "groups"),
    "nas": (tables.NasTable, "nas"),
    "list": (access.ListTable, "lists"),
    "holiday": (access.HolidayTable, "holidays"),
    "rule": (access.RuleTable, "rules"),
    "place_limit": (access.PlaceLimitTable, "place_limits"),
    "wifi": (wifi.WifiTable, "wifi"),
    "upstream": (roaming.UpstreamTable, "upstreams"),
    "realm": (roaming.RealmTable, "realms"),
    "account": (tables.AccountTable, "accounts"),
    "device": (access.DeviceTable, "devices"),
    "operator": (tables.OperatorTable, "operators"),
}
"""Each table of a site file: its model, and the field of `Site` that its items go to."""


def for_the_wire(raw: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """A file as JSON values, its operators' password files read; and what was wrong with those.

    Args:
        raw: the TOML file as a mapping.
        folder: where relative password files are looked for: beside the site file.
    """
    errors: list[str] = []
    site: dict[str, Any] = _as_json(raw)
    for number, operator in enumerate(_items(site.get("operator")), 1):
        name = _name_of(operator, number, tables.OperatorTable.key)
        file = operator.pop("password_file", None)
        if "password" in operator:
            errors.append(f"operator {name}: password: write it into a file and name that in password_file")
            del operator["password"]
        elif isinstance(file, str):
            try:
                operator["password"] = (folder / file).read_text(encoding="utf-8").splitlines()[0]
            except (OSError, UnicodeDecodeError, IndexError) as error:
                why = error.strerror if isinstance(error, OSError) else "its first line is no password"
                errors.append(f"operator {name}: password_file: {folder / file}: {why}")
                # Nothing will be done with it; it keeps the missing password from being told twice.
                operator["password"] = "unreadable"
        elif file is not None:
            errors.append(f'operator {name}: password_file: write text in quotes, such as "text"')
    return site, errors


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def _items(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def parse(raw: Mapping[str, Any], *, errors: Iterable[str] = ()) -> Site:
    """The site that a file declares. What cannot be read is in its ``errors`` and ``broken``, the rest is there."""
    mistakes = list(errors)
    broken: set[tuple[str, str]] = set()
    found: dict[str, Any] = {}
    mistakes += [f"{table}: {unknown_key(table, list(TABLES))}" for table in raw if table not in TABLES]
    for table, (model, place) in TABLES.items():
        rows = raw.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            mistakes.append(f"{table}: write [[{table}]] with two brackets, its keys below")
            continue
        found[place] = tuple(_rows(table, model, rows, mistakes, broken))
    return Site(**found, errors=tuple(mistakes), broken=frozenset(broken))


def _rows(
    table: str,
    model: type[tables.Table],
    rows: Sequence[dict[str, Any]],
    mistakes: list[str],
    broken: set[tuple[str, str]],
) -> Iterable[Any]:
    seen: set[tuple[object, ...]] = set()
    for number, row in enumerate(rows, 1):
        name = _name_of(row, number, model.key)
        item, wrong = read_row(model, row)
        mistakes += [f"{table} {name}: {line}" for line in wrong]
        if item is None:
            broken.add((table, name))
            continue
        key = (row.get("project"), *(row.get(name) for name in model.beside), name)
        if key in seen:
            mistakes.append(f"{table} {name}: {model.key}: stands twice in the file")
        seen.add(key)
        yield item.value()


def read_row(model: type[tables.Table], row: Mapping[str, Any]) -> tuple[tables.Table | None, list[str]]:
    """One row as its model, and every mistake as ``key: what to do``.

    A row with mistakes is read again without the keys that hold them, so that the rest can be looked at too; None if
    that leaves too little.
    """
    try:
        return model.model_validate(row), []
    except ValidationError as error:
        wrong = list(dict.fromkeys(sentences(error, model)))
        bad = {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
    try:
        rest = {key: value for key, value in row.items() if key not in bad}
        return model.model_validate(rest, context=tables.AGAIN), wrong
    except ValidationError:
        return None, wrong


def _name_of(row: Mapping[str, Any], number: int, key: str) -> str:
    return str(row[key]) if isinstance(row.get(key), str) and row[key] else f"number {number}"
