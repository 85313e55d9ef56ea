"""What the rest of the house may ask of the store, as Protocols; the docstrings are the promises.

A *task* is a plain function of a :class:`Transaction`. It holds SQL and pure rules only: no network, no Deferred, no
clock, nothing changed outside its transaction, and it is safe to run twice (an engine may roll a group back and run
it again). Ids, nonces and ``now`` are arguments bound into it.

Rows are plain tuples in the order of the query's select list: the fastest thing both drivers give, and the same on
both engines. Aggregates unpack them into typed values; a row never leaves the store package.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

from zhuomai_appliance.store.sql import Query

Item = TypeVar("Item")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Value: TypeAlias = int | float | str | bytes | None
"""What a parameter may be: money in fen, times in epoch seconds, octets and flags (0/1) are all integers."""

Row: TypeAlias = tuple[Any, ...]
"""One row, columns in the order of the select list."""


class StoreRefused(Exception):
    """The store cannot be opened as it is; the message is one line that says what to do."""


class SchemaTooNew(StoreRefused):
    """The file was upgraded by a newer program which said that this one may not open it."""


class SchemaTooOld(StoreRefused):
    """The file needs an upgrade and the caller asked for none to be made (a read-only command)."""


class StoreDamaged(StoreRefused):
    """The file is not a whole database: damaged, cut short, empty, or something else entirely."""


class StoreMissing(StoreRefused):
    """There is no database where one was expected."""


class StoreUnavailable(Exception):
    """The write is not known to be on disk: nobody may be answered as if it were.

    The task was sound; the disk or the engine was not. The same write may be asked for again later.
    """


class QueueFull(StoreUnavailable):
    """Too many writes are waiting already; this one was not taken."""


class StoreClosed(StoreUnavailable):
    """The store has been told to close and takes no more work."""


class Condition(enum.StrEnum):
    """How the store stands."""

    OK = "ok"
    READ_ONLY = "read-only"
    """Reads are served, every write is refused (disk full, disk read-only, write error)."""
    FAILED = "failed"
    """The file is damaged or cannot be opened: reads may fail too."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """The condition and, where it is not OK, one line for the status page."""

    condition: Condition
    reason: str = ""

    @property
    def writable(self) -> bool:
        """Whether writes are being accepted now."""
        return self.condition is Condition.OK


@dataclass(frozen=True, slots=True)
class StoreCounters:
    """Counts since the store was opened, for metrics and tests."""

    tasks: int
    """Tasks committed."""
    groups: int
    """Commits; tasks / groups is how well writes are shared."""
    failed_tasks: int
    """Tasks that raised on their own account (rolled back alone)."""
    lost_groups: int
    """Groups whose commit or engine failed, so that every task of them failed."""
    refused: int
    """Writes not taken: queue too long, store closed, or store not writable."""
    unheard: int
    """Writes handed to `enqueue` that failed or were refused."""
    waiting: int
    """Writes waiting at this moment."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A finished, verified copy."""

    path: Path
    size_octets: int
    schema_version: int
    sha256: str
    key_id: str | None
    """Which vault key opens the sealed values in it; the key itself is never in the copy."""


class Reader(Protocol):
    """Synchronous reads on one connection. Parameters are bound by name (``:name`` in the query)."""

    def one(self, query: Query, /, **params: Value) -> Row | None:
        """The first row, or None when there is none."""

    def all(self, query: Query, /, **params: Value) -> list[Row]:
        """Every row. The cursor is finished when this returns."""

    def value(self, query: Query, /, **params: Value) -> Any:
        """The first column of the first row, or None when there is no row."""


class Transaction(Reader, Protocol):
    """Reads and writes of one task. Valid only while the task runs, on the thread that runs it.

    `one` and `all` also serve statements that write and have a RETURNING clause.
    """

    def run(self, query: Query, /, **params: Value) -> int:
        """Run a statement; how many rows it changed (0 for one that changes no rows)."""

    def insert(self, query: Query, /, **params: Value) -> int:
        """Run an ``INSERT .. RETURNING id``; the id.

        Raises:
            LookupError: no row came back (an ON CONFLICT DO NOTHING that met a conflict: use `value` for those).
        """

    def many(self, query: Query, rows: Iterable[Mapping[str, Value]], /) -> int:
        """Run a statement once for each mapping of parameters; how many rows changed in all."""


class Store(Protocol):
    """One database. Lives on the reactor thread; every Deferred fires there."""

    @property
    def reader(self) -> Reader:
        """Point reads by unique index, inline on the reactor thread, seeing everything committed so far.

        Never a scan: lists, searches and reports go through `read`.
        """

    @property
    def state(self) -> StoreState:
        """How the store stands. Turns back to OK by itself when writing works again."""

    @property
    def counters(self) -> StoreCounters:
        """A snapshot of the counts."""

    def write(
        self, task: Callable[[Transaction], T], *, urgent: bool = False, droppable: bool = False
    ) -> Deferred[T]:
        """Run a task in a transaction; the Deferred (awaitable) fires with its result AFTER the commit is durable.

        Tasks run one at a time in the order of the calls, `urgent` ones ahead of those that wait. A task that
        raises fails alone with its own exception, and nothing of it stays. `droppable` writes (interim updates,
        attempts: what the sender repeats or nobody misses) are refused first when the queue grows.

        Fails with:
            QueueFull: not taken, the queue is too long.
            StoreClosed: not taken, the store is closing.
            StoreUnavailable: the engine failed; nothing is known to be stored.
        """

    def write_together(
        self,
        work: Callable[[Transaction, Sequence[Item]], Sequence[T]],
        item: Item,
        *,
        droppable: bool = False,
    ) -> Deferred[T]:
        """As `write` of ``work(tx, [item])[0]``, but items that wait in a row under the same work may share one call.

        For what comes in numbers: a few statements then serve many items. The work gives a result for each item, in
        their order, and leaves the books as it would leave them item by item. If it raises, nothing of the call
        stays and each of its items is worked on by itself, so that the one at fault fails alone.
        """

    def enqueue(self, task: Callable[[Transaction], object], *, droppable: bool = False) -> None:
        """Write what nobody awaits. A failure is logged and counted, never raised."""

    def read(self, task: Callable[[Reader], T]) -> Deferred[T]:
        """Run lists, searches and reports on a reader thread, all in one snapshot; fires with the result."""

    def backup(self, target: Path) -> Deferred[BackupReport]:
        """Make a verified copy at `target` while reads and writes go on; it equals one moment in the past."""

    def close(self) -> Deferred[None]:
        """Take no more work, finish what was taken, answer it, stop every thread. May be called again."""
