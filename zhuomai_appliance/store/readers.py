"""Reader threads: lists, searches and reports away from the reactor, each task in one snapshot."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from zhuomai_appliance.store.connection import SqliteReader, is_engine_failure
from zhuomai_appliance.store.interface import QueueFull, Reader, StoreClosed

T = TypeVar("T")

THREADS = 2
WAITING = 1_000
"""Reads that may wait for a thread; beyond that the store says so instead of collecting them."""

STEPS_BETWEEN_LOOKS = 100_000
"""Virtual machine steps of SQLite, some milliseconds, between two looks whether the store is closing."""


class ReaderPool:
    """A few threads, a reading connection each. All methods are called on the reactor thread.

    Args:
        connect: opens a reading connection; called on the thread that uses it.
        call_from_thread: the reactor's.
        threads: how many.
        waiting: how many reads may wait.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        call_from_thread: Callable[..., object],
        *,
        threads: int = THREADS,
        waiting: int = WAITING,
    ) -> None:
        self._connect = connect
        self._call_from_thread = call_from_thread
        self._waiting = waiting
        self._jobs: queue.SimpleQueue[tuple[Callable[[Reader], Any], Deferred[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._open: dict[int, sqlite3.Connection] = {}
        self._closing = False
        self._ended = 0
        self._waiting_for_stop: list[Deferred[None]] = []
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"store-reader-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def read(self, task: Callable[[Reader], T]) -> Deferred[T]:
        """See `interface.Store.read`."""
        if self._closing:
            return fail(StoreClosed("the store is closing"))
        if self._jobs.qsize() >= self._waiting:
            return fail(QueueFull("too many reads are waiting"))
        deferred: Deferred[T] = Deferred()
        self._jobs.put((task, deferred))
        return deferred

    def close(self) -> Deferred[None]:
        """Take no more reads, end those that run, fail those that wait, end the threads."""
        if self._ended == len(self._threads):
            return succeed(None)
        deferred: Deferred[None] = Deferred()
        self._waiting_for_stop.append(deferred)
        if not self._closing:
            self._closing = True
            for _ in self._threads:
                self._jobs.put(None)
        return deferred

    def _has_ended(self) -> None:
        self._ended += 1
        if self._ended == len(self._threads):
            for thread in self._threads:
                thread.join()
            for deferred in self._waiting_for_stop:
                deferred.callback(None)
            self._waiting_for_stop.clear()

    def _work(self, number: int) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                task, deferred = job
                try:
                    if self._closing:
                        raise StoreClosed("the store is closing")
                    value = self._run(number, task)
                except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the task's caller
                    self._call_from_thread(deferred.errback, Failure(error))
                else:
                    self._call_from_thread(deferred.callback, value)
        finally:
            self._discard(number)
            self._call_from_thread(self._has_ended)

    def _run(self, number: int, task: Callable[[Reader], T]) -> T:
        connection = self._open.get(number)
        if connection is None:
            connection = self._open[number] = self._connect()
            # A report may take minutes; a stopping daemon has seconds. (`interrupt` would miss a statement that is
            # about to begin.)
            connection.set_progress_handler(lambda: self._closing, STEPS_BETWEEN_LOOKS)
        try:
            connection.execute("BEGIN")
            try:
                return task(SqliteReader(connection))
            finally:
                # The snapshot ends with the task: one kept open would let the WAL grow without bound.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            if self._closing:
                raise StoreClosed("the store is closing") from error
            if is_engine_failure(error):
                self._discard(number)
            raise

    def _discard(self, number: int) -> None:
        connection = self._open.pop(number, None)
        if connection is not None:
            connection.close()
