"""Copies of a database that is being written, and putting one back.

A copy is made through SQLite's backup interface inside one read transaction, in paced steps: writers go on, and the
copy equals the moment the transaction began. (Without that transaction each write by another connection starts the
copy again from the first page.) It is written under another name, looked through, synced, and renamed into place, with
its SHA-256 beside it in the format of sha256sum. The vault's key is never in it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhuomai_appliance.store.connection import APPLICATION_ID, is_damage
from zhuomai_appliance.store.interface import BackupReport, SchemaTooNew, StoreDamaged, StoreMissing

STEP_PAGES = 256
"""Pages copied between two pauses: 1 MiB."""

COMPANIONS = ("-wal", "-shm")
"""What SQLite keeps beside an open database; a stray one ruins another file of the same name."""


class BackupStopped(Exception):
    """The copy was given up because the store is closing; nothing of it is left."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What `restore` did."""

    schema_version: int
    key_id: str | None
    """Which vault key the restored database needs."""
    kept: Path | None
    """The replaced database, under its new name."""


def copy_database(source: Path, target: Path, *, pause: Callable[[], bool] | None = None) -> BackupReport:
    """Copy a database, in use or not, to `target` and verify the copy.

    Args:
        source: the database.
        target: replaced when the copy is whole, untouched otherwise.
        pause: called between steps to set the pace; true means give up.

    Raises:
        BackupStopped: `pause` said so.
        StoreDamaged: the copy does not pass SQLite's integrity check, so the source is damaged.
        sqlite3.Error, OSError: the disk fails.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        _copy_pages(source, partial, pause)
        version, key_id = inspect_copy(partial, source)
        _sync_file(partial)
        digest = _sha256(partial)
        partial.replace(target)
    except BaseException:
        _remove(partial)
        raise
    note = _digest_file(target)
    note.write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    _sync_file(note)
    sync_folder(target.parent)
    return BackupReport(target, target.stat().st_size, version, digest, key_id)


def _copy_pages(source: Path, partial: Path, pause: Callable[[], bool] | None) -> None:
    def between_steps(_status: int, remaining: int, _total: int) -> None:
        if pause is not None and remaining and pause():
            raise BackupStopped("the store is closing")

    partial.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove(partial)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    reading = sqlite3.connect(
        f"{source.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=10
    )
    try:
        writing = sqlite3.connect(partial, isolation_level=None)
        try:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            reading.backup(writing, pages=STEP_PAGES, progress=between_steps)
            reading.execute("ROLLBACK")
            # The copy says WAL in its header like its source; a single file without companions is easier to carry.
            writing.execute("PRAGMA journal_mode = DELETE")
        finally:
            writing.close()
    finally:
        reading.close()


def inspect_copy(path: Path, name: Path | None = None) -> tuple[int, str | None]:
    """Look a closed database through from end to end; its schema version and key id.

    Raises:
        StoreMissing: there is no such file.
        StoreDamaged: it is damaged or not ours.
        sqlite3.Error: it cannot be read.
    """
    shown = name or path
    if not path.exists():
        raise StoreMissing(f"there is no file {shown}")
    # Immutable: looking at a backup on a read-only medium must not ask for locks or leave companions.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreDamaged(f"{shown} is not a database of this program")
        finding = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if finding != "ok":
            raise StoreDamaged(f"{shown} is damaged ({finding.splitlines()[-1]})")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        row = connection.execute("SELECT value FROM schema_meta WHERE name = 'key_id'").fetchone()
        return version, None if row is None else str(row[0])
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise StoreDamaged(f"{shown} is damaged ({error})") from error
        raise
    finally:
        connection.close()


def restore(file: Path, target: Path, *, newest: int) -> RestoreReport:
    """Put a backup in the place of the database. No process may have the database open (the caller holds its lock).

    Everything is verified before the present database is touched; that one is kept under another name.

    Args:
        file: the backup.
        target: the database, there or not.
        newest: the highest schema number this program knows.

    Raises:
        StoreMissing: there is no such backup.
        StoreDamaged: its SHA-256 differs from the note beside it, or it is damaged or not ours.
        SchemaTooNew: it comes from a newer program.
        sqlite3.Error, OSError: the disk fails.
    """
    if not file.exists():
        raise StoreMissing(f"there is no backup {file}")
    note = _digest_file(file)
    if note.exists() and note.read_text(encoding="utf-8").split()[:1] != [_sha256(file)]:
        raise StoreDamaged(f"{file} is not the file that was written: its SHA-256 differs from {note.name}")
    if Path(f"{file}-wal").exists():
        raise StoreDamaged(f"{file} is in use or was copied while in use: a -wal file lies beside it")
    version, key_id = inspect_copy(file)
    if version > newest:
        raise SchemaTooNew(
            f"{file} has schema {version}; this program knows schema {newest}: install the newer one"
        )
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".restoring")
    try:
        shutil.copyfile(file, partial)
        partial.chmod(0o600)
        _sync_file(partial)
        inspect_copy(partial, file)
        kept = _keep(target)
        partial.replace(target)
    except BaseException:
        _remove(partial)
        raise
    sync_folder(target.parent)
    return RestoreReport(version, key_id, kept)


def _keep(target: Path) -> Path | None:
    """Give the present database and its companions another name; a second name first, so that a crash loses none."""
    if not target.exists():
        for companion in COMPANIONS:
            Path(f"{target}{companion}").unlink(missing_ok=True)
        return None
    number = 1
    while (kept := target.with_name(f"{target.name}.replaced-{number}")).exists():
        number += 1
    kept.hardlink_to(target)
    for companion in COMPANIONS:
        stray = Path(f"{target}{companion}")
        if stray.exists():
            stray.replace(Path(f"{kept}{companion}"))
    return kept


def rotate(folder: Path, pattern: str, keep: int) -> list[Path]:
    """Remove all but the last `keep` backups by name (names carry the date); the removed ones.

    Args:
        folder: where they lie.
        pattern: which ones count, as ``daily-*.db``.
        keep: how many stay, 1 or more.
    """
    if keep < 1:
        raise ValueError("at least one backup is kept")
    files = sorted(folder.glob(pattern))
    gone = files[: max(0, len(files) - keep)]
    for path in gone:
        path.unlink()
        _digest_file(path).unlink(missing_ok=True)
    return gone


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _remove(path: Path) -> None:
    for end in ("", "-journal", *COMPANIONS):
        Path(f"{path}{end}").unlink(missing_ok=True)
