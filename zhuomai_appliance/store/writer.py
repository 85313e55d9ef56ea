"""The writer thread: many tasks, one commit, results back together.

It owns the only connection that writes. All waiting tasks (to 256) share one ``BEGIN IMMEDIATE .. COMMIT``; only after
the commit are their callers told, with a single `callFromThread`. What may go wrong:

- a task raises: all is rolled back and the group runs once more (tasks promise that they may), now each task under a
  savepoint of its own, so that the one that raises fails alone;
- the engine fails (disk full, I/O error, a failed COMMIT, a transaction that SQLite rolled back by itself, which takes
  the earlier savepoints of the group with it): every task of the group fails with `StoreUnavailable`, the connection
  is thrown away (a failed sync is never tried again on the same one, Rebello and others, USENIX ATC 2020), and a new
  one must pass a quick check and a probing write before the next task runs. Until then writes are refused at once.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from zhuomai_appliance.model.meters import Histogram
from zhuomai_appliance.store.connection import (
    SqliteTransaction,
    is_engine_failure,
    probe,
    state_after,
)
from zhuomai_appliance.store.interface import (
    Condition,
    StoreCounters,
    StoreState,
    StoreUnavailable,
    Transaction,
)
from zhuomai_appliance.store.write_queue import GATHER_SECONDS, Job, WriteQueue

Item = TypeVar("Item")
T = TypeVar("T")

CAPACITY = 20_000
"""Writes that may wait; droppable ones are refused from half of it."""

GROUP = 256
"""Tasks in one commit: more gains nothing (one sync is 0.8 ms at 256) and makes the last one wait."""

PROBE_SECONDS = 1.0
"""How often a failed store is tried again."""

_log = Logger()


_work_of = attrgetter("work")


class _GroupLostError(Exception):
    """The engine failed under a task: the whole group is lost."""


class Writer:
    """The thread and its queue. All methods are called on the reactor thread.

    Args:
        connect: opens the writing connection, checked; called on the writer thread, again after each failure.
        call_from_thread: the reactor's.
        capacity: how many writes may wait.
        group: how many tasks share a commit at most.
        gather_seconds: how long items of shared work wait for company at most.
        probe_seconds: pause between two attempts to bring a failed store back.
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        call_from_thread: Callable[..., object],
        *,
        capacity: int = CAPACITY,
        group: int = GROUP,
        gather_seconds: float = GATHER_SECONDS,
        probe_seconds: float = PROBE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._call_from_thread = call_from_thread
        self._group = group
        self._probe_seconds = probe_seconds
        self._monotonic = monotonic
        self._queue = WriteQueue(call_from_thread, capacity, gather_seconds)
        self._stopped = False
        self._waiting_for_stop: list[Deferred[None]] = []
        self._connection: sqlite3.Connection | None = None
        self._next_try = 0.0
        self._tasks = self._groups = self._failed = self._lost = self._refused = self._unheard = 0
        #: How long the first of a group waited for its turn, how long the group worked, and how long its commit took.
        self.timings = {name: Histogram() for name in ("wait", "work", "commit")}
        self.state = StoreState(Condition.OK)
        #: Whether a group is in work: whoever could wait leaves Python's lock to the thread meanwhile.
        self.is_writing = False
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)

    # -- on the reactor thread

    def start(self) -> None:
        """Start the thread and wait until its first connection stands, or is known not to (see `state`)."""
        self._thread.start()
        self._started.wait()

    @property
    def counters(self) -> StoreCounters:
        """A snapshot of the counts."""
        return StoreCounters(
            tasks=self._tasks,
            groups=self._groups,
            failed_tasks=self._failed,
            lost_groups=self._lost,
            refused=self._refused,
            unheard=self._unheard,
            waiting=len(self._queue),
        )

    def write(self, task: Callable[[Transaction], T], *, urgent: bool, droppable: bool) -> Deferred[T]:
        """See `interface.Store.write`."""
        deferred: Deferred[T] = Deferred()
        refusal = self._put(Job(deferred, task), urgent, droppable)
        return deferred if refusal is None else fail(refusal)

    def write_together(
        self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item, *, droppable: bool
    ) -> Deferred[T]:
        """See `interface.Store.write_together`."""
        deferred: Deferred[T] = Deferred()
        refusal = self._put(Job(deferred, None, work, item), False, droppable)
        return deferred if refusal is None else fail(refusal)

    def enqueue(self, task: Callable[[Transaction], object], *, droppable: bool) -> None:
        """See `interface.Store.enqueue`."""
        refusal = self._put(Job(None, task), False, droppable)
        if refusal is not None:
            self._not_heard(refusal)

    def _put(self, job: Job, urgent: bool, droppable: bool) -> StoreUnavailable | None:
        job.put_at = self._monotonic()
        refusal = self._queue.put(job, urgent=urgent, droppable=droppable)
        if refusal is not None:
            self._refused += 1
        return refusal

    def close(self) -> Deferred[None]:
        """Take no more writes, finish those taken, answer them, end the thread."""
        if self._stopped:
            return succeed(None)
        deferred: Deferred[None] = Deferred()
        self._waiting_for_stop.append(deferred)
        self._queue.close()
        return deferred

    def _has_stopped(self) -> None:
        self._thread.join()
        self._stopped = True
        for deferred in self._waiting_for_stop:
            deferred.callback(None)
        self._waiting_for_stop.clear()

    def _deliver(self, results: list[tuple[Job, bool, Any]]) -> None:
        for job, good, value in results:
            if job.deferred is None:
                if not good:
                    self._not_heard(value)
            elif good:
                job.deferred.callback(value)
            else:
                job.deferred.errback(Failure(value))

    def _not_heard(self, error: BaseException) -> None:
        self._unheard += 1
        # An unavailable store is logged once, when it turns so; a line for each write would flood the journal.
        if not isinstance(error, StoreUnavailable):
            _log.failure("a write that nobody awaits failed", Failure(error))

    def _say_state(self, state: StoreState) -> None:
        if state.writable:
            _log.info("the store is writable again")
        else:
            _log.error(
                "the store is {condition}: {reason}", condition=state.condition.value, reason=state.reason
            )

    # -- on the writer thread

    def _work(self) -> None:
        try:
            try:
                self._open()
            finally:
                self._started.set()
            while True:
                jobs = self._queue.take(
                    self._group, None if self._connection is not None else self._probe_seconds
                )
                if jobs is None:
                    break
                if self._connection is None and self._monotonic() >= self._next_try:
                    self._open()
                if jobs:
                    self.is_writing = True
                    self._handle(jobs)
                    self.is_writing = False
        finally:
            self.is_writing = False
            left = self._queue.drain()
            if left:
                # Only a bug in this module ends the loop with work left; whoever waits must hear of it all the same.
                self._fail_all(left, "the writer thread has ended", None)
            self._discard()
            self._call_from_thread(self._has_stopped)

    def _handle(self, jobs: list[Job]) -> None:
        connection = self._connection
        if connection is None:
            self._refused += len(jobs)
            self._fail_all(jobs, self.state.reason, None)
            return
        try:
            began = self._monotonic()
            connection.execute("BEGIN IMMEDIATE")
            results = self._run_one(jobs[0]) if len(jobs) == 1 else self._run_together(jobs)
            if connection.in_transaction:
                worked = self._monotonic()
                connection.execute("COMMIT")
                self._groups += 1
                self._note(jobs[0], began, worked, self._monotonic())
        except Exception as error:  # noqa: BLE001 - the thread must outlive it, and nobody may be left waiting
            cause = error.__cause__ if isinstance(error, _GroupLostError) and error.__cause__ else error
            self._lost += 1
            self._discard()
            self._set_state(state_after(cause))
            self._fail_all(jobs, self.state.reason, cause)
            self._open()
            return
        self._tasks += sum(good for _, good, _ in results)
        self._call_from_thread(self._deliver, results)

    def _note(self, first: Job, began: float, worked: float, committed: float) -> None:
        """Once for each group: the others of it came after its first."""
        self.timings["wait"].observe(began - first.put_at)
        self.timings["work"].observe(worked - began)
        self.timings["commit"].observe(committed - worked)

    def _run_one(self, job: Job) -> list[tuple[Job, bool, Any]]:
        """A group of one needs no savepoint: its transaction is undone as a whole."""
        connection, transaction = self._tools()
        try:
            value = job.run(transaction)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the task's caller
            self._must_be_whole(connection, error)
            connection.execute("ROLLBACK")
            self._failed += 1
            return [(job, False, error)]
        self._must_be_whole(connection, None)
        return [(job, True, value)]

    def _run_together(self, jobs: list[Job]) -> list[tuple[Job, bool, Any]]:
        """The common case, in which no task raises: two statements less for each than with savepoints."""
        connection, transaction = self._tools()
        results: list[tuple[Job, bool, Any]] = []
        try:
            for work, run in groupby(jobs, _work_of):
                if work is None:
                    for job in run:
                        results.append((job, True, job.run(transaction)))
                        self._must_be_whole(connection, None)
                else:
                    together = list(run)
                    values = work(transaction, [job.item for job in together])
                    results += [(job, True, value) for job, value in zip(together, values, strict=True)]
                    self._must_be_whole(connection, None)
        except _GroupLostError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again where its task runs alone
            self._must_be_whole(connection, error)
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            return self._run_apart(jobs)
        return results

    def _run_apart(self, jobs: list[Job]) -> list[tuple[Job, bool, Any]]:
        """Each task under its own savepoint: nothing stays of one that raises, all of the others."""
        connection, transaction = self._tools()
        execute = connection.execute
        results: list[tuple[Job, bool, Any]] = []
        for job in jobs:
            execute("SAVEPOINT task")
            try:
                value = job.run(transaction)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the task's caller
                self._must_be_whole(connection, error)
                execute("ROLLBACK TO task")
                self._failed += 1
                results.append((job, False, error))
            else:
                self._must_be_whole(connection, None)
                results.append((job, True, value))
            execute("RELEASE task")
        return results

    def _tools(self) -> tuple[sqlite3.Connection, SqliteTransaction]:
        assert self._connection is not None  # noqa: S101 - the caller has looked
        return self._connection, SqliteTransaction(self._connection)

    @staticmethod
    def _must_be_whole(connection: sqlite3.Connection, error: BaseException | None) -> None:
        """SQLite may have rolled back everything, earlier tasks of the group too: then nothing of it stands."""
        if not connection.in_transaction or (error is not None and is_engine_failure(error)):
            raise _GroupLostError("the transaction ended inside a task") from error

    def _fail_all(self, jobs: list[Job], reason: str, cause: BaseException | None) -> None:
        results: list[tuple[Job, bool, Any]] = []
        for job in jobs:
            # One exception each: a shared one would collect the tracebacks of all callers.
            unavailable = StoreUnavailable(reason)
            unavailable.__cause__ = cause
            results.append((job, False, unavailable))
        self._call_from_thread(self._deliver, results)

    def _open(self) -> None:
        self._next_try = self._monotonic() + self._probe_seconds
        try:
            self._connection = self._connect()
            probe(self._connection)
        except Exception as error:  # noqa: BLE001 - the thread must outlive it and try again
            self._discard()
            self._set_state(state_after(error))
        else:
            self._set_state(StoreState(Condition.OK))

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error as error:
                # Nothing is lost by it: what was acknowledged is in the file, the rest was answered as failed.
                _log.warn("closing the writing connection failed: {error}", error=str(error))

    def _set_state(self, state: StoreState) -> None:
        changed = state != self.state
        self.state = state
        if changed:
            self._call_from_thread(self._say_state, state)
