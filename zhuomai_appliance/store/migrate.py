"""Numbered schema files: creating a database, upgrading one, and refusing one that must not be opened.

``schema/0001_initial.sql``, ``0002_...sql`` and so on. Each is applied in one transaction together with the file's
``user_version``, so an interrupted upgrade leaves the version before. A file may begin with ``-- compat: N``: the
oldest schema whose program can still work on a database upgraded so far (default: its own number). It is kept in
``schema_meta`` as ``SCHEMA:COMPAT``, which lets a program tell a newer but friendly database from one it must leave
alone.
"""

from __future__ import annotations

import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from zhuomai_appliance import paths
from zhuomai_appliance.store.backup import copy_database, sync_folder
from zhuomai_appliance.store.connection import APPLICATION_ID, is_damage
from zhuomai_appliance.store.interface import (
    Reader,
    SchemaTooNew,
    SchemaTooOld,
    StoreDamaged,
    StoreMissing,
    Transaction,
)
from zhuomai_appliance.store.sql import Query, for_engine, statements

_NAME = re.compile(r"^(?P<number>\d{4})_[a-z0-9_]+\.sql$")
_COMPAT = re.compile(r"^--\s*compat:\s*(?P<number>\d+)\s*$", re.MULTILINE)

# The bookkeeping is older than any numbered file, so it stands here and not in one of them.
_META = "CREATE TABLE IF NOT EXISTS schema_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
_GET_META = Query.of("migrate.get_meta", "SELECT value FROM schema_meta WHERE name = :name")
_SET_META = Query.of(
    "migrate.set_meta",
    "INSERT INTO schema_meta (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
)

KEY_ID = "key_id"
"""Name in `schema_meta` of the vault key that opens this database's sealed values."""


class SchemaFileError(Exception):
    """The schema folder or one of its files is wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class SchemaStep:
    """One numbered file."""

    number: int
    path: Path
    compat: int
    """The oldest schema number whose program may open the result."""
    text: str


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What `migrate` did."""

    from_version: int
    """0 for a database that was created."""
    to_version: int
    backup: Path | None
    """The copy made before an upgrade."""


def read_steps(folder: Path | None = None) -> list[SchemaStep]:
    """The schema files in order.

    Raises:
        SchemaFileError: there is none, a name is not ``NNNN_words.sql``, or a number is missing or given twice.
    """
    folder = folder or paths.schema()
    steps: list[SchemaStep] = []
    for path in sorted(folder.glob("*.sql")):
        name = _NAME.match(path.name)
        if name is None:
            raise SchemaFileError(f"{path}: a schema file is named NNNN_words.sql")
        number = int(name["number"])
        if number != len(steps) + 1:
            raise SchemaFileError(f"{path}: expected number {len(steps) + 1:04d}")
        text = path.read_text(encoding="utf-8")
        compat = _COMPAT.search(text)
        steps.append(SchemaStep(number, path, int(compat["number"]) if compat else number, text))
    if not steps:
        raise SchemaFileError(f"{folder}: no schema files")
    return steps


def get_meta(reader: Reader, name: str) -> str | None:
    """A word kept beside the schema: ``compat``, ``key_id``."""
    value: str | None = reader.value(_GET_META, name=name)
    return value


def set_meta(transaction: Transaction, name: str, value: str) -> None:
    """Keep such a word."""
    transaction.run(_SET_META, name=name, value=value)


def check_version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """Whether this program may work on an open database; its schema version.

    Args:
        connection: an open connection, only read.
        path: for the messages.
        newest: the highest schema number this program knows.

    Raises:
        SchemaTooNew: a newer program upgraded it and says this one may not open it.
        StoreDamaged: it is not a database of ours, or not a database.
    """
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if application != APPLICATION_ID or version < 1:
            raise StoreDamaged(f"{path} is not a database of this program; restore the newest backup")
        if version > newest:
            row = connection.execute("SELECT value FROM schema_meta WHERE name = 'compat'").fetchone()
            schema, _, compat = ("" if row is None else str(row[0])).partition(":")
            if schema != str(version) or int(compat) > newest:
                raise SchemaTooNew(
                    f"{path} was upgraded to schema {version} by a newer program; this one knows schema {newest}:"
                    " install the newer program, or restore the backup made before the upgrade"
                )
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise StoreDamaged(f"{path} is damaged ({error}); restore the newest backup") from error
        raise
    return version


def current_version(path: Path, newest: int) -> int:
    """The schema version of a database file that this program may work on. The file is only read.

    Raises:
        StoreMissing: there is no such file.
        SchemaTooNew, StoreDamaged: as `check_version`.
        sqlite3.Error: it cannot be read.
    """
    if not path.exists():
        raise StoreMissing(f"there is no database {path}; `zhuomai init` makes one")
    if path.stat().st_size == 0:
        raise StoreDamaged(f"{path} is empty; restore the newest backup")
    connection = _plain(path)
    try:
        return check_version(connection, path, newest)
    finally:
        connection.close()


def migrate(path: Path, folder: Path | None = None, *, backups: Path | None = None) -> MigrationReport:
    """Create the database, or bring it up to the newest schema after copying it aside.

    A new file is written under another name and put in place when it is whole, so that a database that exists is
    never half made. Nothing is done to a newer file that this program may open.

    Args:
        path: the database.
        folder: the schema files; the package's own by default.
        backups: where the copy before an upgrade goes; beside the database by default.

    Raises:
        SchemaTooNew, StoreDamaged: as `check_version`.
        SchemaFileError: a schema file is wrong; the database stays as it was before that file.
        sqlite3.Error: the disk fails.
    """
    steps = read_steps(folder)
    newest = steps[-1].number
    if not path.exists():
        fresh = path.with_name(path.name + ".new")
        for end in ("", "-journal"):
            Path(f"{fresh}{end}").unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _apply(fresh, steps)
        fresh.replace(path)
        sync_folder(path.parent)
        return MigrationReport(0, newest, None)
    version = current_version(path, newest)
    if version >= newest:
        return MigrationReport(version, version, None)
    backup = (backups or path.parent) / f"{path.stem}.before-{newest:04d}{path.suffix}"
    copy_database(path, backup)
    _apply(path, steps[version:])
    return MigrationReport(version, newest, backup)


def require_current(path: Path, folder: Path | None = None) -> int:
    """The version of a database that needs no upgrade, for commands that only read.

    Raises:
        SchemaTooOld: it needs one first.
        StoreMissing, SchemaTooNew, StoreDamaged: as `current_version`.
    """
    newest = read_steps(folder)[-1].number
    version = current_version(path, newest)
    if version < newest:
        raise SchemaTooOld(f"{path} has schema {version}, this program needs {newest}: run `zhuomai migrate`")
    return version


def create_in_memory(connection: sqlite3.Connection, folder: Path | None = None) -> None:
    """Apply every schema file to an empty in-memory database."""
    for step in read_steps(folder):
        _apply_step(connection, step)


def _plain(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=10)


def _apply(path: Path, steps: list[SchemaStep]) -> None:
    connection = _plain(path)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        for step in steps:
            _apply_step(connection, step)
    finally:
        connection.close()


def _apply_step(connection: sqlite3.Connection, step: SchemaStep) -> None:
    # Foreign keys cannot be switched inside a transaction, and a table that is made anew breaks them for a moment:
    # they are off here and all looked at before the commit (SQLite, ALTER TABLE, section 7).
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_META)
        for statement in statements(for_engine(step.text, "sqlite")):
            connection.execute(statement)
        connection.execute(_SET_META.text_sqlite, {"name": "compat", "value": f"{step.number}:{step.compat}"})
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {step.number}")
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise SchemaFileError(f"{step.path.name}: leaves rows of {broken[0]} without their {broken[2]}")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError | sqlite3.IntegrityError) and not _is_disk(error):
            raise SchemaFileError(f"{step.path.name}: {error}") from error
        raise
    except SchemaFileError:
        connection.execute("ROLLBACK")
        raise


def _is_disk(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT)
