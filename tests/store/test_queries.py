"""Every query in the package: known by the name it is called, and accepted by the schema it is written for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from zhuomai_appliance import paths
from zhuomai_appliance.store.connection import SqliteTransaction
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.months import ensure_month_tables, for_month
from zhuomai_appliance.store.sql import Query, load

STORE = paths.package() / "store"
FILES = sorted(path.stem for path in paths.queries().glob("*.sql"))
MONTH = "202611"


def loaded(tree: ast.Module) -> dict[str, str]:
    """Variables that hold a query file: ``_Q = load("accounts")``."""
    found = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(
                    func=ast.Name(id="load") | ast.Attribute(attr="load"),
                    args=[ast.Constant(value=str(name))],
                ),
            ):
                found[variable] = name
    return found


def uses() -> Iterator[tuple[Path, str, str]]:
    """Every ``_Q.name`` in the store's modules: file, query file, name."""
    for path in sorted(STORE.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        variables = loaded(tree)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in variables
            ):
                yield path, variables[node.value.id], node.attr


def test_every_name_that_is_used_exists() -> None:
    """A misspelt name would fail only when its line runs."""
    used = {(file, name) for _, file, name in uses()}
    there = {(file, query.name.partition(".")[2]) for file in FILES for query in load(file)}
    assert len(used) > 20
    assert used - there == set()


@pytest.mark.parametrize("file", FILES)
def test_sqlite_accepts_every_query(file: str) -> None:
    """Each is compiled against the real schema: tables, columns and parameters exist."""
    store = InlineStore()

    def compile_all(tx: Transaction) -> None:
        assert isinstance(tx, SqliteTransaction)
        for base, queries in (("attempt", load("journal")), ("session", load("sessions"))):
            ensure_month_tables(tx, base, queries.month_table, [MONTH])
        for query in load(file):
            if query.name.endswith(".month_table"):
                continue
            text = for_month(query, MONTH)
            explain = Query(query.name, f"EXPLAIN {text.text_sqlite}", "", query.params)
            try:
                tx.all(explain, **dict.fromkeys(query.params))
            except Exception as error:
                raise AssertionError(f"{query.name}: {error}") from error

    failures: list[object] = []
    store.write(compile_all).addErrback(failures.append)
    assert failures == []


@pytest.mark.parametrize("base", ["session"])
def test_a_month_has_the_columns_of_its_table(base: str) -> None:
    """The view joins them by position: names and order are the same."""
    store = InlineStore()
    store.enqueue(lambda tx: ensure_month_tables(tx, base, load(f"{base}s").month_table, [MONTH]))
    columns = [
        [
            name
            for (name,) in store.reader.all(Query.of("t", f"SELECT name FROM pragma_table_info('{table}')"))
        ]
        for table in (base, f"{base}_{MONTH}")
    ]
    assert columns[0] == columns[1]
    assert columns[0]
