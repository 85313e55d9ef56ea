"""Tables by month and the view over them."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.small import SCHEMA
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.months import (
    drop_month,
    ensure_month_tables,
    for_month,
    month_of,
    month_starts_at,
    month_tables,
    months_between,
    next_month,
)
from zhuomai_appliance.store.sql import Query

TEMPLATE = Query.of(
    "test.template",
    "CREATE TABLE note_{month} (id {pk}, at {bigint} NOT NULL) {strict};\n"
    "CREATE INDEX note_{month}_at ON note_{month} (at);",
)
ADD = Query.of("test.add", "INSERT INTO note_{month} (at) VALUES (:at)")
ALL = Query.of("test.all", "SELECT at FROM note_all ORDER BY at")
PERSONS = Query.of("test.persons", "SELECT count(*) FROM person_all")
PERSON_MONTH = Query.of("test.person_month", "CREATE TABLE person_{month} AS SELECT * FROM person WHERE 0")


def add(tx: Transaction, month: str, at: int) -> int:
    return tx.run(for_month(ADD, month), at=at)


@given(at=st.integers(0, 4_102_444_799))
def test_a_month_holds_its_seconds(at: int) -> None:
    """Every second from 1970 to 2099 lies between the start of its UTC month and that of the next."""
    month = month_of(at)
    assert month_starts_at(month) <= at < month_starts_at(next_month(month))


def test_months_are_utc() -> None:
    """The last second of a year and the first of the next, whatever zone the machine has."""
    assert (month_of(1_798_761_599), month_of(1_798_761_600)) == ("202612", "202701")
    assert month_starts_at("202701") == 1_798_761_600
    assert months_between(1_798_761_599, 1_801_440_000) == ["202612", "202701", "202702"]
    assert months_between(1_798_761_599, 1_798_761_599) == ["202612"]


@pytest.mark.parametrize(
    "text", ["202613", "202600", "20261", "2026011", "x02601", "202601; DROP TABLE person"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    """Names of tables are never made from anything else."""
    for function in (month_starts_at, next_month):
        with pytest.raises(ValueError, match="is not a month"):
            function(text)
    with pytest.raises(ValueError, match="is not a month"):
        for_month(ADD, text)


def test_months_come_and_go_and_the_view_follows() -> None:
    """The view shows the rows of every month there is; a month is made once and dropped once."""
    store = InlineStore(schema=SCHEMA)
    made: list[list[str]] = []
    for months in (["202612", "202611"], ["202612", "202701"]):
        task = partial(ensure_month_tables, base="note", template=TEMPLATE, months=months)
        store.write(task).addCallback(made.append)
    assert made == [["202612", "202611"], ["202701"]]
    for number, month in enumerate(("202611", "202612", "202701")):
        store.enqueue(partial(add, month=month, at=number))
    assert store.reader.all(ALL) == [(0,), (1,), (2,)]
    assert month_tables(store.reader, "note") == ["202611", "202612", "202701"]
    dropped: list[bool] = []
    for _ in range(2):
        store.write(partial(drop_month, base="note", month="202611")).addCallback(dropped.append)
    assert dropped == [True, False]
    assert store.reader.all(ALL) == [(1,), (2,)]


def test_a_plain_table_is_part_of_its_view() -> None:
    """Open sessions live in the plain table: the view has it before any month exists, and beside them after."""
    store = InlineStore(schema=SCHEMA)
    store.enqueue(lambda tx: tx.run(Query.of("test.p", "INSERT INTO person (name) VALUES ('a')")))
    store.enqueue(lambda tx: ensure_month_tables(tx, "person", PERSON_MONTH, []))
    assert store.reader.value(PERSONS) == 1
    store.enqueue(lambda tx: ensure_month_tables(tx, "person", PERSON_MONTH, ["202611"]))
    store.enqueue(lambda tx: tx.run(Query.of("test.move", "INSERT INTO person_202611 SELECT * FROM person")))
    assert store.reader.value(PERSONS) == 2
    store.enqueue(lambda tx: drop_month(tx, "person", "202611"))
    assert store.reader.value(PERSONS) == 1


def test_the_last_month_takes_its_view_with_it() -> None:
    """A view over nothing cannot be."""
    store = InlineStore(schema=SCHEMA)
    store.enqueue(lambda tx: ensure_month_tables(tx, "note", TEMPLATE, ["202611"]))
    store.enqueue(lambda tx: drop_month(tx, "note", "202611"))
    views = Query.of("test.views", "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'note%'")
    assert store.reader.value(views) == 0


def test_tables_are_named_by_letters() -> None:
    """The base name goes into SQL text: nothing but lower-case letters and underscores passes."""
    store = InlineStore(schema=SCHEMA)
    with pytest.raises(ValueError, match="is not a table"):
        month_tables(store.reader, "note; DROP TABLE person")
