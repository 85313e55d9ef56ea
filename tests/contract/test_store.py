"""What every engine of the store promises (`store.interface`): one suite, run on each of them.

A new engine adds a maker to `ENGINES`; nothing else here knows which one it runs on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.fakes.queue_reactor import QueueReactor
from tests.store.small import ADD, ADD_ONCE, COUNT, FIND, NAMES, SCHEMA, SEEN, VISIT, adding
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Condition, Reader, Store, StoreClosed, Transaction
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.sqlite import SqliteStore

ENGINES: dict[str, Callable[[Path, QueueReactor], Store]] = {
    "sqlite": lambda folder, reactor: SqliteStore(folder / "small.db", reactor, schema=SCHEMA),
    "inline in a file": lambda folder, _: InlineStore(folder / "small.db", schema=SCHEMA),
    "inline in memory": lambda _folder, _reactor: InlineStore(schema=SCHEMA),
}

TYPES = Query.of(
    "contract.types",
    "INSERT INTO person (name, seen, photo) VALUES (:name, :seen, :photo) RETURNING name, seen, photo",
)
MANY_PERCENT = Query.of(
    "contract.percent", "SELECT name FROM person WHERE name LIKE '%' || :part || '%' ORDER BY id"
)


@pytest.fixture
def reactor() -> QueueReactor:
    return QueueReactor()


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path, reactor: QueueReactor) -> Iterator[Store]:
    store = ENGINES[request.param](tmp_path, reactor)
    yield store
    reactor.result(store.close())


def test_a_write_gives_its_result_and_is_seen_at_once(store: Store, reactor: QueueReactor) -> None:
    """When the Deferred fires, the inline reader and the reader threads see what was written."""
    first = reactor.result(store.write(adding("a")))
    second = reactor.result(store.write(adding("b"), urgent=True, droppable=True))
    assert first < second
    assert store.reader.one(FIND, name="a") == (first, "a", 0)
    assert reactor.result(store.read(lambda reader: reader.all(NAMES))) == [("a",), ("b",)]


def adding_all(tx: Transaction, names: Sequence[str]) -> list[int]:
    """Work on items together; a name that is empty cannot be added."""
    if "" in names:
        raise ValueError("no name")
    return [tx.insert(ADD, name=name) for name in names]


def test_items_of_one_work_each_get_their_result(store: Store, reactor: QueueReactor) -> None:
    """Whether they shared a call or not: results in the order of the items, and one at fault fails alone."""
    answers = [store.write_together(adding_all, name, droppable=True) for name in ("a", "b", "", "c")]
    assert isinstance(reactor.error(answers[2]), ValueError)
    ids = [reactor.result(answers[at]) for at in (0, 1, 3)]
    assert ids == sorted(ids)
    assert store.reader.all(NAMES) == [("a",), ("b",), ("c",)]


def test_rows_are_tuples_and_nothing_is_none(store: Store, reactor: QueueReactor) -> None:
    """`one` and `value` give None where there is no row, `all` an empty list."""
    reader = store.reader
    assert (reader.one(FIND, name="x"), reader.value(FIND, name="x"), reader.all(NAMES)) == (None, None, [])
    reactor.result(store.write(adding("a")))
    row = reader.one(FIND, name="a")
    assert type(row) is tuple
    assert reader.value(COUNT) == 1


def test_values_come_back_as_they_went_in(store: Store, reactor: QueueReactor) -> None:
    """64-bit integers, text with Chinese and NUL-free control signs, octets, and NULL."""
    rows: list[dict[str, int | str | bytes | None]] = [
        {"name": "张三 'quoted' %s :x", "seen": 2**63 - 1, "photo": bytes(range(256))},
        {"name": "", "seen": -(2**63), "photo": None},
    ]
    for row in rows:
        back = reactor.result(store.write(lambda tx, row=row: tx.one(TYPES, **row)))  # type: ignore[misc]
        assert back == tuple(row.values())


def test_statements_say_what_they_changed(store: Store, reactor: QueueReactor) -> None:
    """`run` and `many` count rows, `insert` gives the id, `value` tells an insert from a conflict."""

    def task(tx: Transaction) -> list[object]:
        return [
            tx.many(ADD_ONCE_PLAIN, [{"name": "a"}, {"name": "b"}, {"name": "c"}]),
            tx.run(SEEN, seen=5, name="a"),
            tx.run(SEEN, seen=5, name="nobody"),
            tx.run(ALL_SEEN, seen=6),
            tx.value(ADD_ONCE, name="a"),
            tx.insert(ADD, name="d") == tx.value(FIND, name="d"),
        ]

    assert reactor.result(store.write(task)) == [3, 1, 0, 3, None, True]


ADD_ONCE_PLAIN = Query.of(
    "contract.add", "INSERT INTO person (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"
)
ALL_SEEN = Query.of("contract.all_seen", "UPDATE person SET seen = :seen")


def test_insert_without_an_id_is_a_mistake(store: Store, reactor: QueueReactor) -> None:
    """ON CONFLICT DO NOTHING returns no row: `insert` says so instead of making up an id."""
    reactor.result(store.write(adding("a")))
    assert isinstance(reactor.error(store.write(lambda tx: tx.insert(ADD_ONCE, name="a"))), LookupError)


def test_a_task_sees_its_own_writes(store: Store, reactor: QueueReactor) -> None:
    """Within a transaction reads follow writes."""

    def task(tx: Transaction) -> object:
        person = tx.insert(ADD, name="a")
        tx.run(SEEN, seen=9, name="a")
        tx.insert(VISIT, person_id=person, note="hello")
        return tx.one(FIND, name="a")

    assert reactor.result(store.write(task)) == (1, "a", 9)


def test_a_failed_task_leaves_nothing(store: Store, reactor: QueueReactor) -> None:
    """Its exception arrives as it was raised, what it wrote is gone, and the next task runs."""

    def spoil(tx: Transaction) -> None:
        tx.insert(ADD, name="a")
        raise KeyError("mine")

    error = reactor.error(store.write(spoil))
    assert isinstance(error, KeyError)
    assert error.args == ("mine",)
    assert store.reader.value(COUNT) == 0
    assert store.counters.failed_tasks == 1
    reactor.result(store.write(adding("b")))
    assert store.state.condition is Condition.OK


def test_references_are_kept(store: Store, reactor: QueueReactor) -> None:
    """A row whose parent does not exist is refused, and so is what a trigger forbids."""
    orphan = reactor.error(store.write(lambda tx: tx.insert(VISIT, person_id=42, note="x")))
    assert "FOREIGN KEY" in str(orphan)

    def delete(tx: Transaction) -> int:
        tx.insert(VISIT, person_id=tx.insert(ADD, name="a"), note="x")
        return tx.run(Query.of("contract.delete", "DELETE FROM visit"))

    assert "a visit is never deleted" in str(reactor.error(store.write(delete)))


def test_writes_keep_their_order(store: Store, reactor: QueueReactor) -> None:
    """Tasks run one at a time in the order they were handed in, awaited or not."""
    for number in range(50):
        if number % 2:
            store.enqueue(adding(f"p{number}"))
        else:
            store.write(adding(f"p{number}"))
    reactor.result(store.write(lambda _: None))
    assert store.reader.all(NAMES) == [(f"p{number}",) for number in range(50)]
    assert store.counters.tasks == 51


def test_percent_signs_are_plain(store: Store, reactor: QueueReactor) -> None:
    """A LIKE pattern in the text of a query works with parameters beside it."""
    for name in ("100%", "1000"):
        reactor.result(store.write(adding(name)))
    assert store.reader.all(MANY_PERCENT, part="0%") == [("100%",), ("1000",)]


def test_a_read_that_raises_fails_its_caller(store: Store, reactor: QueueReactor) -> None:
    """With the exception as it was raised."""

    def bad(_: Reader) -> None:
        raise KeyError("mine")

    assert isinstance(reactor.error(store.read(bad)), KeyError)


def test_a_closed_store_takes_no_work(store: Store, reactor: QueueReactor) -> None:
    """Writes and reads fail with StoreClosed, an enqueued write is counted, closing again is harmless."""
    reactor.result(store.write(adding("a")))
    reactor.result(store.close())
    assert isinstance(reactor.error(store.write(adding("b"))), StoreClosed)
    assert isinstance(reactor.error(store.read(lambda reader: reader.value(COUNT))), StoreClosed)
    store.enqueue(adding("c"))
    assert (store.counters.refused, store.counters.unheard) == (2, 1)
    reactor.result(store.close())
