"""Copies made while writing goes on, and putting one back."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.queue_reactor import QueueReactor
from tests.store.small import COUNT, FIND, NAMES, SCHEMA, SEEN, adding
from zhuomai_appliance.store.backup import BackupStopped, copy_database, restore, rotate
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import SchemaTooNew, StoreDamaged, StoreMissing, Transaction
from zhuomai_appliance.store.migrate import KEY_ID, set_meta
from zhuomai_appliance.store.sqlite import SqliteStore


@pytest.fixture
def reactor() -> QueueReactor:
    return QueueReactor()


@pytest.fixture
def store(tmp_path: Path, reactor: QueueReactor) -> Iterator[SqliteStore]:
    """A store with 3 MB, so that a copy takes several steps."""
    store = SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA)
    for number in range(3_000):
        store.enqueue(adding(f"{number} " + "x" * 900))
    reactor.result(store.write(lambda tx: set_meta(tx, KEY_ID, "0011aabb")))
    yield store
    reactor.result(store.close())


def names(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM person ORDER BY id")]


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_copy_while_writing_equals_one_moment(
    store: SqliteStore, reactor: QueueReactor, tmp_path: Path
) -> None:
    """Pairs of rows written together are in the copy together, it ends with the first missing write, and is whole."""

    def pair(number: int) -> object:
        def task(tx: Transaction) -> None:
            adding(f"left {number}")(tx)
            adding(f"right {number}")(tx)

        return reactor.result(store.write(task))

    pair(0)
    target = tmp_path / "copies" / "copy.db"
    copying = store.backup(target)
    number = 0
    while not copying.called:
        number += 1
        pair(number)
    report = reactor.result(copying)
    assert number > 1, "nothing was written while copying"
    copied = [name for name in names(target) if name.startswith(("left", "right"))]
    assert copied[:2] == ["left 0", "right 0"]
    assert copied == [f"{side} {n}" for n in range(len(copied) // 2) for side in ("left", "right")]
    assert len(copied) // 2 <= number
    assert (report.path, report.schema_version, report.key_id) == (target, 1, "0011aabb")
    assert report.size_octets == target.stat().st_size
    assert report.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert (target.with_name("copy.db.sha256")).read_text() == f"{report.sha256}  copy.db\n"
    assert target.stat().st_mode & 0o777 == 0o600
    assert files(target.parent) == {"copy.db", "copy.db.sha256"}


def test_close_gives_a_copy_up_and_leaves_nothing_of_it(
    store: SqliteStore, reactor: QueueReactor, tmp_path: Path
) -> None:
    """A backup under way when the store closes fails with BackupStopped; the older copy stays."""
    target = tmp_path / "copies" / "copy.db"
    reactor.result(store.backup(target))
    before = target.read_bytes()
    reactor.result(store.write(adding("new")))
    copying = store.backup(target)
    closing = store.close()
    assert isinstance(reactor.error(copying), BackupStopped)
    reactor.result(closing)
    assert target.read_bytes() == before
    assert files(target.parent) == {"copy.db", "copy.db.sha256"}


def test_a_damaged_source_makes_no_copy(tmp_path: Path) -> None:
    """The copy is looked through before it takes its name."""
    source, target = tmp_path / "small.db", tmp_path / "copy.db"
    inline = InlineStore(source, schema=SCHEMA)
    for number in range(500):
        inline.enqueue(adding(f"{number} " + "x" * 500))
    inline.close()
    octets = source.read_bytes()
    source.write_bytes(octets[:40960] + b"\xa5" * 4096 * 8 + octets[73728:])
    with pytest.raises(StoreDamaged, match="is damaged"):
        copy_database(source, target)
    assert files(tmp_path) == {"small.db"}


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, Path]:
    """A closed database and its backup; since the backup one person was added and one changed."""
    path, file = tmp_path / "state" / "small.db", tmp_path / "backup.db"
    path.parent.mkdir()
    inline = InlineStore(path, schema=SCHEMA)
    inline.enqueue(adding("a"))
    copy_database(path, file)
    inline.enqueue(adding("b"))
    inline.enqueue(lambda tx: tx.run(SEEN, seen=7, name="a"))
    inline.close()
    return path, file


def test_restore_puts_the_copy_back_and_keeps_the_replaced(saved: tuple[Path, Path]) -> None:
    """Afterwards the store has the backup's rows; the replaced file lies beside it, whole, under a numbered name."""
    path, file = saved
    report = restore(file, path, newest=1)
    assert report.kept == path.with_name("small.db.replaced-1")
    assert names(report.kept) == ["a", "b"]
    inline = InlineStore(path, schema=SCHEMA)
    assert inline.reader.all(NAMES) == [("a",)]
    assert inline.reader.one(FIND, name="a") == (1, "a", 0)
    inline.close()
    assert restore(file, path, newest=1).kept == path.with_name("small.db.replaced-2")


def test_restore_moves_the_companions_of_a_crashed_database(saved: tuple[Path, Path]) -> None:
    """A -wal left by a crash belongs to the old file: it goes with it, and the restored one is not spoilt by it."""
    path, file = saved
    dying = sqlite3.connect(path, isolation_level=None)
    dying.execute("PRAGMA journal_mode = WAL")
    dying.execute("INSERT INTO person (name) VALUES ('in the wal')")
    main, wal = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    dying.close()
    path.write_bytes(main)
    Path(f"{path}-wal").write_bytes(wal)
    kept = restore(file, path, newest=1).kept
    assert kept is not None
    assert names(path) == ["a"]
    assert names(kept) == ["a", "b", "in the wal"]


def test_restore_to_an_empty_place(saved: tuple[Path, Path], tmp_path: Path) -> None:
    """A fresh machine: nothing is kept, the folder is made."""
    target = tmp_path / "fresh" / "small.db"
    assert restore(saved[1], target, newest=1).kept is None
    assert names(target) == ["a"]
    assert files(target.parent) == {"small.db"}


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda file: file.unlink(), StoreMissing),
        (lambda file: file.write_bytes(b"text" * 1000), StoreDamaged),
        (lambda file: file.write_bytes(file.read_bytes()[:-4096]), StoreDamaged),
        (lambda file: file.write_bytes(file.read_bytes()[:-1] + b"!"), StoreDamaged),
    ],
)
def test_restore_touches_nothing_for_a_bad_backup(
    saved: tuple[Path, Path], spoil: object, refusal: type[Exception]
) -> None:
    """Missing, not a database, cut short, or one octet different from what was written: refused."""
    path, file = saved
    before = path.read_bytes()
    assert callable(spoil)
    spoil(file)
    with pytest.raises(refusal):
        restore(file, path, newest=1)
    assert path.read_bytes() == before
    assert files(path.parent) == {"small.db"}


def test_restore_refuses_what_a_newer_program_wrote(saved: tuple[Path, Path]) -> None:
    """The message names both versions; nothing is touched."""
    path, file = saved
    with pytest.raises(SchemaTooNew, match="has schema 1; this program knows schema 0"):
        restore(file, path, newest=0)
    assert files(path.parent) == {"small.db"}


def test_restore_refuses_a_file_in_use(saved: tuple[Path, Path]) -> None:
    """A database copied by hand while in use has its newest rows in a -wal: it is not a backup."""
    path, file = saved
    Path(f"{file}-wal").write_bytes(b"x")
    with pytest.raises(StoreDamaged, match="in use"):
        restore(file, path, newest=1)


def test_rotation_keeps_the_newest_by_name(tmp_path: Path) -> None:
    """Old copies go with their checksum notes, other files stay, and at least one copy is always kept."""
    for day in ("20260101", "20260102", "20260103"):
        (tmp_path / f"daily-{day}.db").touch()
        (tmp_path / f"daily-{day}.db.sha256").touch()
    (tmp_path / "small.before-0002.db").touch()
    gone = rotate(tmp_path, "daily-*.db", keep=2)
    assert [path.name for path in gone] == ["daily-20260101.db"]
    assert rotate(tmp_path, "daily-*.db", keep=2) == []
    assert len(files(tmp_path)) == 5
    with pytest.raises(ValueError, match="at least one"):
        rotate(tmp_path, "daily-*.db", keep=0)


def test_a_copy_is_a_store(store: SqliteStore, reactor: QueueReactor, tmp_path: Path) -> None:
    """A backup opens as a database of its own, and writing to it leaves the first alone."""
    target = tmp_path / "copy.db"
    reactor.result(store.backup(target))
    copy = SqliteStore(target, reactor, schema=SCHEMA)
    reactor.result(copy.write(adding("only here")))
    assert (copy.reader.value(COUNT), store.reader.value(COUNT)) == (3_001, 3_000)
    reactor.result(copy.close())
