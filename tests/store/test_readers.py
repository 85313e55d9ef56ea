"""Reader threads: a snapshot for each task, no writing, an end that does not wait for a long report."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.queue_reactor import QueueReactor
from tests.store.small import ADD, COUNT, NAMES, SCHEMA, adding
from zhuomai_appliance.store.connection import connect
from zhuomai_appliance.store.interface import QueueFull, Reader, StoreClosed
from zhuomai_appliance.store.readers import ReaderPool
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.sqlite import SqliteStore

ENDLESS = Query.of(
    "test.endless", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
)


@pytest.fixture
def reactor() -> QueueReactor:
    return QueueReactor()


@pytest.fixture
def store(tmp_path: Path, reactor: QueueReactor) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA)
    yield store
    reactor.result(store.close())


def test_a_read_sees_one_moment(store: SqliteStore, reactor: QueueReactor) -> None:
    """What is committed while a report runs does not appear half-way through it."""
    counted, written = threading.Event(), threading.Event()

    def report(reader: Reader) -> tuple[int, int]:
        first = reader.value(COUNT)
        counted.set()
        assert written.wait(10)
        return first, reader.value(COUNT)

    reactor.result(store.write(adding("a")))
    reading = store.read(report)
    assert counted.wait(10)
    reactor.result(store.write(adding("b")))
    written.set()
    assert reactor.result(reading) == (1, 1)
    assert reactor.result(store.read(lambda reader: reader.all(NAMES))) == [("a",), ("b",)]


def test_two_reads_run_side_by_side(store: SqliteStore, reactor: QueueReactor) -> None:
    """Each waits for the other to have begun: with one thread neither would end."""
    both = threading.Barrier(2, timeout=10)
    answers = [store.read(lambda _: both.wait()) for _ in range(2)]
    assert sorted(reactor.result(answer) for answer in answers) == [0, 1]


def test_readers_cannot_write(store: SqliteStore, reactor: QueueReactor) -> None:
    """Neither the inline reader nor a reader thread changes anything."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reader.value(ADD, name="a")
    assert isinstance(
        reactor.error(store.read(lambda reader: reader.value(ADD, name="a"))), sqlite3.OperationalError
    )
    assert store.reader.value(COUNT) == 0


def test_a_read_that_raises_fails_alone(store: SqliteStore, reactor: QueueReactor) -> None:
    """Its exception reaches its caller and the thread serves the next one."""

    def bad(_: Reader) -> None:
        raise KeyError("mine")

    assert isinstance(reactor.error(store.read(bad)), KeyError)
    assert reactor.result(store.read(lambda reader: reader.value(COUNT))) == 0


def test_close_ends_a_long_report(tmp_path: Path, reactor: QueueReactor) -> None:
    """A report that would run for ever is interrupted; it and those that waited hear StoreClosed."""
    store = SqliteStore(tmp_path / "other.db", reactor, schema=SCHEMA)
    running = threading.Semaphore(0)

    def endless(reader: Reader) -> int:
        running.release()
        return int(reader.value(ENDLESS))

    answers = [store.read(endless) for _ in range(3)]
    for _ in range(2):
        assert running.acquire(timeout=10)
    closing = store.close()
    for answer in answers:
        assert isinstance(reactor.error(answer), StoreClosed)
    reactor.result(closing)
    assert isinstance(reactor.error(store.read(endless)), StoreClosed)


def test_waiting_reads_have_a_bound(store: SqliteStore, reactor: QueueReactor, tmp_path: Path) -> None:
    """With room for two that wait, the next one is refused at once."""
    go = threading.Event()
    busy = threading.Semaphore(0)

    def wait(_: Reader) -> bool:
        busy.release()
        return go.wait(10)

    pool = ReaderPool(
        lambda: connect(tmp_path / "small.db", "read"), reactor.callFromThread, threads=1, waiting=2
    )
    pool.start()
    answers = [pool.read(wait)]
    assert busy.acquire(timeout=10)
    answers += [pool.read(wait), pool.read(wait)]
    assert isinstance(reactor.error(pool.read(wait)), QueueFull)
    go.set()
    assert [reactor.result(answer) for answer in answers] == [True] * 3
    reactor.result(pool.close())
