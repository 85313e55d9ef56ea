"""The small schema, a few queries on it and a writer that can be held: shared by the tests of the store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred

from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.sql import Query

SCHEMA = Path(__file__).parent / "schema"

ADD = Query.of("small.add", "INSERT INTO person (name) VALUES (:name) RETURNING id")
ADD_ONCE = Query.of(
    "small.add_once", "INSERT INTO person (name) VALUES (:name) ON CONFLICT (name) DO NOTHING RETURNING id"
)
SEEN = Query.of("small.seen", "UPDATE person SET seen = :seen WHERE name = :name")
FIND = Query.of("small.find", "SELECT id, name, seen FROM person WHERE name = :name")
NAMES = Query.of("small.names", "SELECT name FROM person ORDER BY id")
COUNT = Query.of("small.count", "SELECT count(*) FROM person")
VISIT = Query.of("small.visit", "INSERT INTO visit (person_id, note) VALUES (:person_id, :note) RETURNING id")


def adding(name: str) -> Callable[[Transaction], int]:
    """A task that adds a person."""
    return lambda tx: tx.insert(ADD, name=name)


class Hold:
    """A write that keeps the writer busy until `release`, so that what follows waits and becomes one group.

    `at_end` runs on the writer thread as its last act: the next statement is its COMMIT.
    """

    def __init__(self, store: Store, at_end: Callable[[], None] = lambda: None) -> None:
        self._at_end = at_end
        self._running = threading.Event()
        self._go = threading.Event()
        self.done: Deferred[None] = store.write(self._task)
        assert self._running.wait(10)

    def _task(self, _: Transaction) -> None:
        self._running.set()
        assert self._go.wait(10)
        self._at_end()

    def release(self) -> None:
        self._go.set()
