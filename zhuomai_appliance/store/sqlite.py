"""The store on one SQLite file: inline point reads, reader threads, the writer, backups.

Every thread ends with `SqliteStore.close`, which also runs when the reactor shuts down: one left over would keep the
process alive.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.python.failure import Failure

from zhuomai_appliance.model.meters import Histogram
from zhuomai_appliance.store import backup as backups
from zhuomai_appliance.store import migrate
from zhuomai_appliance.store.connection import Mode, SqliteReader, connect, is_unwritable, quick_check
from zhuomai_appliance.store.interface import (
    BackupReport,
    Condition,
    Reader,
    SchemaTooOld,
    StoreClosed,
    StoreCounters,
    StoreState,
    StoreUnavailable,
    Transaction,
)
from zhuomai_appliance.store.readers import ReaderPool
from zhuomai_appliance.store.write_queue import GATHER_SECONDS
from zhuomai_appliance.store.writer import CAPACITY, GROUP, PROBE_SECONDS, Writer

Item = TypeVar("Item")
T = TypeVar("T")

CHECK_SECONDS = 2.0
"""How long opening may look for damage."""

BACKUP_PAUSE_SECONDS = 0.01
"""Pause after each MiB of a backup, so that logins and commits get the disk in between."""


class ReactorThreads(Protocol):
    """What the store needs of the reactor: parts of IReactorFromThreads and IReactorCore."""

    def callFromThread(self, function: Callable[..., Any], /, *args: Any) -> object:
        """Run a function on the reactor thread, in the order of the calls."""

    def addSystemEventTrigger(self, phase: str, event: str, function: Callable[..., Any], /) -> object:
        """Run a function at shutdown, and wait for its Deferred."""


class SqliteStore:
    """See `interface.Store`.

    Args:
        path: the database; created with the newest schema when missing, upgraded (after a backup) when old.
        reactor: the reactor, or anything with the two methods of `ReactorThreads`.
        schema: the folder of schema files, the package's own by default.
        backup_folder: where the copy before an upgrade goes, beside the database by default.
        capacity: how many writes may wait.
        group: how many tasks share a commit at most.
        gather_seconds: how long items of shared work wait for company at most.
        probe_seconds: pause between two attempts to write again after a failure.
        factory: the class of the writing connection.

    Raises:
        StoreRefused: the database is not to be opened; one line says why.
        sqlite3.Error, OSError: it cannot be read at all.
    """

    def __init__(
        self,
        path: Path,
        reactor: ReactorThreads,
        *,
        schema: Path | None = None,
        backup_folder: Path | None = None,
        capacity: int = CAPACITY,
        group: int = GROUP,
        gather_seconds: float = GATHER_SECONDS,
        probe_seconds: float = PROBE_SECONDS,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        self._path = path
        self._reactor = reactor
        self._factory = factory
        self._stop_backups = threading.Event()
        self._backups: set[Deferred[None]] = set()
        self._closing = self._closed = False
        self._waiting_for_close: list[Deferred[None]] = []
        self._writer: Writer | None = None
        self._unwritable = StoreState(Condition.OK)
        self._refused = self._unheard = 0
        mode: Mode = "read"
        try:
            migrate.migrate(path, schema, backups=backup_folder)
            self._connection = connect(path, mode)
        except sqlite3.OperationalError as error:
            self._connection, mode = open_unwritable(path, schema, error)
            self._unwritable = StoreState(
                Condition.READ_ONLY,
                f"the disk or folder of {path} cannot be written ({error}): restart when it can",
            )
        try:
            quick_check(self._connection, CHECK_SECONDS)
        except BaseException:
            self._connection.close()
            raise
        self._is_just_checked = True
        self._reader = SqliteReader(self._connection)
        self._pool = ReaderPool(lambda: connect(path, mode), reactor.callFromThread)
        self._pool.start()
        if mode == "read":
            self._writer = Writer(
                self._open_for_writing,
                reactor.callFromThread,
                capacity=capacity,
                group=group,
                gather_seconds=gather_seconds,
                probe_seconds=probe_seconds,
            )
            self._writer.start()
        reactor.addSystemEventTrigger("during", "shutdown", self.close)

    def begin_reads(self) -> None:
        """Many inline reads follow in one go: they share a snapshot, which saves each of them two locks of the file.

        What is committed meanwhile is seen after `end_reads`; nobody was told of it yet, for that happens on this thread.
        """
        if not self._closed:
            self._connection.execute("BEGIN")

    def end_reads(self) -> None:
        """The last of them: a snapshot that was kept would let the WAL grow without bound."""
        if not self._closed and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def is_writing(self) -> bool:
        """Whether the writer's thread is at work on a commit at this moment."""
        return self._writer is not None and self._writer.is_writing

    def _open_for_writing(self) -> sqlite3.Connection:
        connection = connect(self._path, "write", self._factory)
        if self._is_just_checked:
            # The start has looked through the same file a moment ago: of a large one that takes the whole time again
            self._is_just_checked = False
            return connection
        try:
            quick_check(connection, CHECK_SECONDS)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def reader(self) -> Reader:
        """See `interface.Store.reader`."""
        return self._reader

    @property
    def state(self) -> StoreState:
        """See `interface.Store.state`."""
        return self._unwritable if self._writer is None else self._writer.state

    @property
    def counters(self) -> StoreCounters:
        """See `interface.Store.counters`."""
        if self._writer is None:
            return StoreCounters(0, 0, 0, 0, self._refused, self._unheard, 0)
        return self._writer.counters

    @property
    def timings(self) -> Mapping[str, Histogram]:
        """How long groups of writes wait for their turn, work and commit; empty where nothing can be written."""
        return {} if self._writer is None else self._writer.timings

    def write(
        self, task: Callable[[Transaction], T], *, urgent: bool = False, droppable: bool = False
    ) -> Deferred[T]:
        """See `interface.Store.write`."""
        if self._writer is None:
            self._refused += 1
            return fail(StoreUnavailable(self._unwritable.reason))
        return self._writer.write(task, urgent=urgent, droppable=droppable)

    def write_together(
        self,
        work: Callable[[Transaction, Sequence[Item]], Sequence[T]],
        item: Item,
        *,
        droppable: bool = False,
    ) -> Deferred[T]:
        """See `interface.Store.write_together`."""
        if self._writer is None:
            self._refused += 1
            return fail(StoreUnavailable(self._unwritable.reason))
        return self._writer.write_together(work, item, droppable=droppable)

    def enqueue(self, task: Callable[[Transaction], object], *, droppable: bool = False) -> None:
        """See `interface.Store.enqueue`."""
        if self._writer is None:
            self._refused += 1
            self._unheard += 1
        else:
            self._writer.enqueue(task, droppable=droppable)

    def read(self, task: Callable[[Reader], T]) -> Deferred[T]:
        """See `interface.Store.read`."""
        return self._pool.read(task)

    def backup(self, target: Path) -> Deferred[BackupReport]:
        """See `interface.Store.backup`."""
        if self._closing:
            return fail(StoreClosed("the store is closing"))
        answer: Deferred[BackupReport] = Deferred()
        ended: Deferred[None] = Deferred()
        self._backups.add(ended)

        def done(report: BackupReport | None, error: BaseException | None) -> None:
            thread.join()
            self._backups.discard(ended)
            if report is not None:
                answer.callback(report)
            else:
                answer.errback(Failure(error))
            ended.callback(None)

        def work() -> None:
            try:
                report = backups.copy_database(
                    self._path, target, pause=lambda: self._stop_backups.wait(BACKUP_PAUSE_SECONDS)
                )
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                self._reactor.callFromThread(done, None, error)
            else:
                self._reactor.callFromThread(done, report, None)

        thread = threading.Thread(target=work, name="store-backup", daemon=True)
        thread.start()
        return answer

    def close(self) -> Deferred[None]:
        """See `interface.Store.close`. `reader` stays usable until the last write is answered."""
        if self._closed:
            return succeed(None)
        answer: Deferred[None] = Deferred()
        self._waiting_for_close.append(answer)
        if not self._closing:
            self._closing = True
            self._stop_backups.set()
            parts = [self._pool.close(), *self._backups]
            if self._writer is not None:
                parts.append(self._writer.close())
            DeferredList(parts).addCallback(self._has_closed)
        return answer

    def _has_closed(self, _: object) -> None:
        self._closed = True
        # The last connection to close moves the WAL into the database and removes it.
        self._connection.close()
        for waiting in self._waiting_for_close:
            waiting.callback(None)


def open_unwritable(
    path: Path, schema: Path | None, error: sqlite3.OperationalError
) -> tuple[sqlite3.Connection, Mode]:
    """Open a database whose disk refuses writing, so that known users still log in.

    Args:
        path: the database.
        schema: the folder of schema files.
        error: why it could not be opened in the ordinary way; raised again when there is no other.

    Raises:
        StoreRefused: it is not to be opened at all, or needs an upgrade that cannot be written.
    """
    if not path.exists() or not is_unwritable(error):
        raise error
    newest = migrate.read_steps(schema)[-1].number
    log = Path(f"{path}-wal")
    modes: list[Mode] = ["read-only"]
    # Immutable reads the main file alone: right only if no commit waits in the WAL.
    if not log.exists() or log.stat().st_size == 0:
        modes.append("immutable")
    for mode in modes:
        try:
            connection = connect(path, mode)
        except sqlite3.OperationalError:
            continue
        try:
            if migrate.check_version(connection, path, newest) < newest:
                raise SchemaTooOld(f"{path} needs an upgrade, and its disk cannot be written")
        except BaseException:
            connection.close()
            raise
        return connection, mode
    raise error


@contextlib.contextmanager
def reading(path: Path, schema: Path | None = None) -> Iterator[Reader]:
    """Read a database in one snapshot, without the right to write, beside a daemon or not (export, verify, check).

    Raises:
        StoreMissing, SchemaTooOld, SchemaTooNew, StoreDamaged: it is not to be read.
        sqlite3.Error: it cannot be read.
    """
    migrate.require_current(path, schema)
    connection = connect(path, "read-only")
    try:
        connection.execute("BEGIN")
        yield SqliteReader(connection)
    finally:
        connection.close()
