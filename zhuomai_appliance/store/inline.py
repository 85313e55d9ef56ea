"""The store without threads: every task runs at once and every Deferred has already fired.

For commands that work without a daemon (`apply`, `import`, `operator`) and for tests: the same flows run, driven to
their end in one call. The caller holds the state directory's lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.logger import Logger

from zhuomai_appliance.store import backup as backups
from zhuomai_appliance.store import migrate
from zhuomai_appliance.store.connection import SqliteTransaction, connect, is_engine_failure, state_after
from zhuomai_appliance.store.interface import (
    BackupReport,
    Condition,
    Reader,
    StoreClosed,
    StoreCounters,
    StoreState,
    StoreUnavailable,
    Transaction,
)

Item = TypeVar("Item")
T = TypeVar("T")

_log = Logger()


class InlineStore:
    """See `interface.Store`.

    Args:
        path: the database, created or upgraded as `SqliteStore` does; None keeps it in memory.
        schema: the folder of schema files, the package's own by default.

    Raises:
        StoreRefused, sqlite3.Error, OSError: as `SqliteStore`.
    """

    def __init__(self, path: Path | None = None, *, schema: Path | None = None) -> None:
        self._path = path
        if path is None:
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
            migrate.create_in_memory(self._connection, schema)
            self._connection.execute("PRAGMA foreign_keys = ON")
        else:
            migrate.migrate(path, schema)
            self._connection = connect(path, "write")
        self._transaction = SqliteTransaction(self._connection)
        self._closed = False
        self._tasks = self._failed = self._lost = self._refused = self._unheard = 0
        self.state = StoreState(Condition.OK)
        """How the store stands; a test may set it, and writes are then refused."""

    @property
    def reader(self) -> Reader:
        """See `interface.Store.reader`."""
        return self._transaction

    @property
    def counters(self) -> StoreCounters:
        """See `interface.Store.counters`."""
        return StoreCounters(
            self._tasks, self._tasks, self._failed, self._lost, self._refused, self._unheard, waiting=0
        )

    def write(
        self, task: Callable[[Transaction], T], *, urgent: bool = False, droppable: bool = False
    ) -> Deferred[T]:
        """See `interface.Store.write`."""
        try:
            return succeed(self._run(task))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the task's caller
            return fail(error)

    def write_together(
        self,
        work: Callable[[Transaction, Sequence[Item]], Sequence[T]],
        item: Item,
        *,
        droppable: bool = False,
    ) -> Deferred[T]:
        """See `interface.Store.write_together`: here nothing ever waits."""
        return self.write(lambda tx: work(tx, [item])[0], droppable=droppable)

    def _run(self, task: Callable[[Transaction], T]) -> T:
        if self._closed or not self.state.writable:
            self._refused += 1
            raise StoreClosed("the store is closed") if self._closed else StoreUnavailable(self.state.reason)
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            value = task(self._transaction)
            connection.execute("COMMIT")
        except BaseException as error:
            lost = is_engine_failure(error) or not connection.in_transaction
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if lost:
                self._lost += 1
                raise StoreUnavailable(state_after(error).reason) from error
            self._failed += 1
            raise
        self._tasks += 1
        return value

    def enqueue(self, task: Callable[[Transaction], object], *, droppable: bool = False) -> None:
        """See `interface.Store.enqueue`."""
        try:
            self._run(task)
        except StoreUnavailable:
            self._unheard += 1
        except Exception:  # noqa: BLE001 - nobody waits to hear of it
            self._unheard += 1
            _log.failure("a write that nobody awaits failed")

    def read(self, task: Callable[[Reader], T]) -> Deferred[T]:
        """See `interface.Store.read`."""
        if self._closed:
            return fail(StoreClosed("the store is closed"))
        return maybeDeferred(task, self._transaction)

    def backup(self, target: Path) -> Deferred[BackupReport]:
        """See `interface.Store.backup`. Only a store in a file can be copied."""
        if self._path is None:
            return fail(StoreUnavailable("a store in memory has no file to copy"))
        return maybeDeferred(backups.copy_database, self._path, target)

    def close(self) -> Deferred[None]:
        """See `interface.Store.close`."""
        self._closed = True
        self._connection.close()
        return succeed(None)
