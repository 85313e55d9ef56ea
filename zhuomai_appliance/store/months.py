"""Tables by month: ``attempt_202611`` and the like, and the view that joins them.

A month is the UTC month of an epoch second, written YYYYMM. Housekeeping makes the coming month's table ahead of time
and drops the ones past their keeping; the view ``BASE_all`` is made anew each time. A plain table BASE, where there is
one (``session``), is part of the view.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import Query, for_engine, statements

_BASE = re.compile(r"^[a-z][a-z_]*$")
_MONTH = re.compile(r"^\d{4}(0[1-9]|1[0-2])$")

_TABLES = Query.of(
    "months.tables",
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name = :base OR name GLOB :base || '_[0-9]*')"
    " ORDER BY name",
    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    " AND (tablename = :base OR tablename ~ ('^' || :base || '_[0-9]+$')) ORDER BY tablename",
)
_VIEWS = Query.of(
    "months.views",
    "SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name = :name",
    "SELECT count(*) FROM pg_views WHERE schemaname = current_schema() AND viewname = :name",
)


def month_of(at: int) -> str:
    """The UTC month of an epoch second, as ``202611``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m")


def month_starts_at(month: str) -> int:
    """The epoch second at which a month begins in UTC.

    Raises:
        ValueError: not a month.
    """
    _check("month", _MONTH, month)
    return int(datetime(int(month[:4]), int(month[4:]), 1, tzinfo=UTC).timestamp())


def next_month(month: str) -> str:
    """The month after."""
    _check("month", _MONTH, month)
    year, number = int(month[:4]), int(month[4:])
    return f"{year + number // 12:04d}{number % 12 + 1:02d}"


def months_between(first_at: int, last_at: int) -> list[str]:
    """Every month from that of one epoch second to that of another, both included."""
    months = [month_of(first_at)]
    last = month_of(last_at)
    while months[-1] < last:
        months.append(next_month(months[-1]))
    return months


def month_tables(reader: Reader, base: str) -> list[str]:
    """The months that have a table, oldest first."""
    _check("table", _BASE, base)
    found = (name[len(base) + 1 :] for (name,) in reader.all(_TABLES, base=base))
    return [month for month in found if _MONTH.match(month)]


@functools.lru_cache(maxsize=512)
def for_month(query: Query, month: str) -> Query:
    """The same query with ``{month}`` in its table names filled in."""
    _check("month", _MONTH, month)
    return Query(
        f"{query.name}.{month}",
        query.text_sqlite.replace("{month}", month),
        query.text_postgres.replace("{month}", month),
        query.params,
    )


def ensure_month_tables(tx: Transaction, base: str, template: Query, months: Iterable[str]) -> list[str]:
    """Make the tables of these months that do not exist yet, and the view anew; the months that were made.

    With no months it only makes the view, where BASE is a table of its own.

    Args:
        tx: a transaction.
        base: the table's name without the month.
        template: one or several statements with ``{month}`` in the names of table and indexes, and the schema
            tokens of `sql.for_engine`.
        months: as ``202611``.
    """
    present = set(month_tables(tx, base))
    made = []
    for month in months:
        _check("month", _MONTH, month)
        if month in present:
            continue
        for text in statements(for_engine(template.text_sqlite, "sqlite").replace("{month}", month)):
            tx.run(Query.of(f"{template.name}.{month}", text))
        made.append(month)
        present.add(month)
    if made or not tx.value(_VIEWS, name=f"{base}_all"):
        _make_view(tx, base)
    return made


def drop_month(tx: Transaction, base: str, month: str) -> bool:
    """Drop a month's table with its rows and make the view anew; false when there was none."""
    if month not in month_tables(tx, base):
        return False
    tx.run(Query.of("months.unview", f"DROP VIEW IF EXISTS {base}_all"))
    tx.run(Query.of("months.drop", f"DROP TABLE {base}_{month}"))
    _make_view(tx, base)
    return True


def _make_view(tx: Transaction, base: str) -> None:
    tables = [
        name for (name,) in tx.all(_TABLES, base=base) if name == base or _MONTH.match(name[len(base) + 1 :])
    ]
    tx.run(Query.of("months.unview", f"DROP VIEW IF EXISTS {base}_all"))
    if tables:
        # Columns by position: every month is made from one template, and a later change reaches all of them.
        branches = " UNION ALL ".join(f"SELECT * FROM {table}" for table in tables)  # noqa: S608 - names are checked
        tx.run(Query.of("months.view", f"CREATE VIEW {base}_all AS {branches}"))


def _check(what: str, pattern: re.Pattern[str], text: str) -> None:
    if not pattern.match(text):
        raise ValueError(f"{text!r} is not a {what}")
