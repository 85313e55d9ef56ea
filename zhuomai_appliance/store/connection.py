"""One SQLite connection: how it is opened, what its errors mean, and the Reader and Transaction on top of it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from zhuomai_appliance.store.interface import Condition, Row, StoreDamaged, StoreState, Value
from zhuomai_appliance.store.sql import Query

APPLICATION_ID = 0x5A4D4149
"""``ZMAI`` in the file's header (offset 68), so that a stranger's database is never taken for ours."""

BUSY_SECONDS = 10.0
"""How long a statement waits for another process's lock (`migrate` or `backup` beside a daemon)."""

# Not the task's fault: the disk, the file or the engine. Primary result codes, https://www.sqlite.org/rescode.html
_ENGINE_FAILURES = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
# The disk or its permissions, as they may stand at the start: the file can perhaps still be read.
_UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Mode = Literal["write", "read", "read-only", "immutable"]
"""``write``; ``read``: a daemon's query-only reader; ``read-only``: a command beside a daemon, the file opened without
the right to write; ``immutable``: a file on a disk that cannot be written, where not even locks can be kept."""


def primary_code(error: BaseException) -> int:
    """The primary result code of an SQLite error, 0 for any other exception."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def is_engine_failure(error: BaseException) -> bool:
    """Whether the disk, file or engine is at fault rather than the statement."""
    return primary_code(error) in _ENGINE_FAILURES


def is_damage(error: BaseException) -> bool:
    """Whether the error says that the file is not a whole database."""
    return primary_code(error) in _DAMAGE


def is_unwritable(error: BaseException) -> bool:
    """Whether the error leaves hope that the file can be read where it cannot be written."""
    return primary_code(error) in _UNWRITABLE


def state_after(error: BaseException) -> StoreState:
    """How the store stands after an engine failure, with a line for the status page."""
    code = primary_code(error)
    if isinstance(error, StoreDamaged):
        return StoreState(Condition.FAILED, str(error))
    if code in _DAMAGE:
        return StoreState(Condition.FAILED, f"the database is damaged ({error})")
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreState(Condition.FAILED, f"the database cannot be opened ({error})")
    if code == sqlite3.SQLITE_FULL:
        return StoreState(
            Condition.READ_ONLY, "the disk is full: nothing can be recorded until space is made"
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreState(
            Condition.READ_ONLY, "the database cannot be written: the disk or file is read-only"
        )
    return StoreState(Condition.READ_ONLY, f"writing to the database failed ({error})")


def connect(
    path: Path, mode: Mode, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open an existing database.

    WAL with synchronous=FULL: every commit is synced before it returns (SQLite, PRAGMA synchronous). Transactions are
    begun and ended by hand (isolation_level None), so that Python never commits behind our back.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    options = {"write": "mode=rw", "read": "mode=rw", "read-only": "mode=ro", "immutable": "immutable=1"}[
        mode
    ]
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        cached_statements=512,
        factory=factory,
    )
    try:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -32768")
        if mode == "write":
            mode_now = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode_now != "wal":
                raise sqlite3.OperationalError(f"journal mode is {mode_now}, not wal")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            # A burst may let the WAL grow; afterwards its file is cut back to this many octets.
            connection.execute("PRAGMA journal_size_limit = 67108864")
        else:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def quick_check(connection: sqlite3.Connection, seconds: float) -> None:
    """Look for damage for at most that long; a file too big to be looked through in time counts as sound so far.

    Raises:
        StoreDamaged: damage was found, with the first finding.
    """
    watch = threading.Timer(seconds, connection.interrupt)
    watch.daemon = True
    watch.start()
    try:
        finding = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_INTERRUPT:
            return
        if is_damage(error):
            raise StoreDamaged(f"the database is damaged ({error}); restore the newest backup") from error
        raise
    finally:
        watch.cancel()
    if finding != "ok":
        raise StoreDamaged(f"the database is damaged ({finding.splitlines()[-1]}); restore the newest backup")


def probe(connection: sqlite3.Connection) -> None:
    """Prove that writing works by committing 32 KiB and taking it away again.

    Raises:
        sqlite3.Error: it does not.
    """
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO schema_meta (name, value) VALUES ('probe', hex(zeroblob(16384)))"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    connection.execute("COMMIT")
    connection.execute("DELETE FROM schema_meta WHERE name = 'probe'")


class SqliteReader:
    """See `interface.Reader`."""

    __slots__ = ("_execute",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def one(self, query: Query, /, **params: Value) -> Row | None:
        """See `interface.Reader.one`."""
        rows: list[Row] = self._execute(query.text_sqlite, params).fetchall()
        return rows[0] if rows else None

    def all(self, query: Query, /, **params: Value) -> list[Row]:
        """See `interface.Reader.all`."""
        return self._execute(query.text_sqlite, params).fetchall()

    def value(self, query: Query, /, **params: Value) -> Any:
        """See `interface.Reader.value`."""
        rows = self._execute(query.text_sqlite, params).fetchall()
        return rows[0][0] if rows else None


class SqliteTransaction(SqliteReader):
    """See `interface.Transaction`. Beginning and ending the transaction is its maker's business."""

    __slots__ = ("_execute_many",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._execute_many = connection.executemany

    def run(self, query: Query, /, **params: Value) -> int:
        """See `interface.Transaction.run`."""
        # rowcount is -1 for a statement that is not INSERT, UPDATE, DELETE or REPLACE.
        return max(0, self._execute(query.text_sqlite, params).rowcount)

    def insert(self, query: Query, /, **params: Value) -> int:
        """See `interface.Transaction.insert`."""
        rows = self._execute(query.text_sqlite, params).fetchall()
        if not rows:
            raise LookupError(f"{query.name} returned no id")
        return int(rows[0][0])

    def many(self, query: Query, rows: Iterable[Mapping[str, Value]], /) -> int:
        """See `interface.Transaction.many`."""
        return max(0, self._execute_many(query.text_sqlite, rows).rowcount)
