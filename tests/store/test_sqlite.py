"""Opening: what is created, what is refused with one clear sentence, and what a disk that cannot be written allows."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from tests.fakes.queue_reactor import QueueReactor
from tests.store.small import COUNT, SCHEMA, adding
from zhuomai_appliance.store.interface import (
    Condition,
    SchemaTooNew,
    SchemaTooOld,
    StoreDamaged,
    StoreMissing,
    StoreUnavailable,
)
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.sqlite import SqliteStore, open_unwritable, reading

VISITS = Query.of("test.visits", "SELECT count(*) FROM visit")


@pytest.fixture
def reactor() -> QueueReactor:
    return QueueReactor()


@pytest.fixture
def path(tmp_path: Path, reactor: QueueReactor) -> Path:
    """A closed database with some hundred pages."""
    path = tmp_path / "small.db"
    store = SqliteStore(path, reactor, schema=SCHEMA)
    for number in range(500):
        store.enqueue(adding(f"{number} " + "x" * 500))
    reactor.result(store.close())
    return path


def no_store_threads() -> bool:
    return not [thread for thread in threading.enumerate() if thread.name.startswith("store-")]


def pragma(path: Path, text: str) -> object:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(f"PRAGMA {text}").fetchone()
    finally:
        connection.close()


def test_a_new_database_is_ours_private_and_durable(tmp_path: Path, reactor: QueueReactor) -> None:
    """Application id and version stand in the file, mode 0600, WAL on; closing leaves one file and no thread."""
    path = tmp_path / "new.db"
    store = SqliteStore(path, reactor, schema=SCHEMA)
    assert store.state.condition is Condition.OK
    assert path.stat().st_mode & 0o777 == 0o600
    settings = reactor.result(
        store.write(
            lambda tx: [
                tx.value(Query.of("test.pragma", f"PRAGMA {name}"))
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        )
    )
    assert settings == ["wal", 2, 1]
    reactor.result(store.close())
    reactor.result(store.close())
    assert (pragma(path, "application_id"), pragma(path, "user_version")) == ((0x5A4D4149,), (1,))
    assert [file.name for file in tmp_path.iterdir()] == ["new.db"]
    assert no_store_threads()


def test_shutdown_closes_the_store(path: Path, reactor: QueueReactor) -> None:
    """The reactor's shutdown waits for the close, and no thread keeps the process alive."""
    store = SqliteStore(path, reactor, schema=SCHEMA)
    answer = store.write(adding("last"))
    (phase, event, function) = reactor.triggers[-1]
    assert (phase, event) == ("during", "shutdown")
    reactor.result(function())
    assert reactor.result(answer) == 501
    assert no_store_threads()


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("empty", lambda octets: b""),
        ("text", lambda octets: b"this is no database\n" * 500),
        ("a page in the middle", lambda octets: octets[:40960] + b"\xa5" * 4096 * 8 + octets[73728:]),
        ("cut short", lambda octets: octets[: len(octets) // 2]),
        ("somebody else's", lambda octets: octets[:68] + b"\0\0\0\0" + octets[72:]),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(
    path: Path, reactor: QueueReactor, name: str, spoil: object
) -> None:
    """StoreDamaged with one line that names the way out; the file is not written, no thread is left."""
    assert callable(spoil)
    path.write_bytes(spoil(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="restore the newest backup") as caught:
        SqliteStore(path, reactor, schema=SCHEMA)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert no_store_threads()


def test_a_newer_schema_is_refused_and_left_as_it_is(path: Path, reactor: QueueReactor) -> None:
    """One sentence that names both versions; nothing is written."""
    pragma(path, "user_version = 9")
    before = path.read_bytes()
    message = "schema 9 by a newer program; this one knows schema 1"
    with pytest.raises(SchemaTooNew, match=message) as caught, reading(path, SCHEMA):
        raise AssertionError("it was opened")
    assert "\n" not in str(caught.value)
    with pytest.raises(SchemaTooNew):
        SqliteStore(path, reactor, schema=SCHEMA)
    assert path.read_bytes() == before


def test_commands_read_beside_a_running_store(path: Path, reactor: QueueReactor) -> None:
    """`reading` sees all that was committed before it began, cannot write, and leaves the daemon undisturbed."""
    store = SqliteStore(path, reactor, schema=SCHEMA)
    reactor.result(store.write(adding("new")))
    with reading(path, SCHEMA) as reader:
        assert reader.value(COUNT) == 501
        reactor.result(store.write(adding("newer")))
        assert reader.value(COUNT) == 501
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.value(Query.of("test.spoil", "DELETE FROM person"))
    reactor.result(store.close())


def test_reading_says_what_is_missing(path: Path, tmp_path: Path) -> None:
    """No file, and a file older than the program, each get their own line."""
    with pytest.raises(StoreMissing, match="zhuomai init"), reading(tmp_path / "none.db", SCHEMA):
        raise AssertionError("it was opened")
    newer = tmp_path / "schema"
    newer.mkdir()
    (newer / "0001_initial.sql").write_text((SCHEMA / "0001_initial.sql").read_text())
    (newer / "0002_more.sql").write_text("CREATE TABLE more (id {pk}) {strict};")
    with pytest.raises(SchemaTooOld, match="zhuomai migrate"), reading(path, newer):
        raise AssertionError("it was opened")


def test_a_disk_that_cannot_be_written_still_serves_reads(
    path: Path, reactor: QueueReactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon starts, answers reads, refuses writes at once with the reason, and leaves nothing beside the file."""

    def refuse(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr("zhuomai_appliance.store.migrate.migrate", refuse)
    store = SqliteStore(path, reactor, schema=SCHEMA)
    assert store.state.condition is Condition.READ_ONLY
    assert "restart" in store.state.reason
    assert store.reader.value(COUNT) == 500
    assert reactor.result(store.read(lambda reader: reader.value(VISITS))) == 0
    assert isinstance(reactor.error(store.write(adding("a"))), StoreUnavailable)
    store.enqueue(adding("b"))
    assert (store.counters.refused, store.counters.unheard) == (2, 1)
    reactor.result(store.close())
    assert no_store_threads()


def test_a_missing_folder_is_an_error_of_its_own(tmp_path: Path) -> None:
    """Where there is no file there is nothing to read: the first error stands."""
    first = sqlite3.OperationalError("unable to open database file")
    first.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    with pytest.raises(sqlite3.OperationalError) as caught:
        open_unwritable(tmp_path / "none" / "small.db", SCHEMA, first)
    assert caught.value is first


def test_a_locked_database_is_not_taken_for_a_read_only_disk(path: Path) -> None:
    """Another process upgrading it is an error, not a reason to serve without writing."""
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_unwritable(path, SCHEMA, busy)


def test_commits_waiting_in_the_wal_are_never_passed_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the main file could be read and a -wal holds newer commits, the store refuses to start."""
    Path(f"{path}-wal").write_bytes(b"x" * 100)
    tried: list[str] = []

    def refuse(_: Path, mode: str) -> sqlite3.Connection:
        tried.append(mode)
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr("zhuomai_appliance.store.sqlite.connect", refuse)
    first = sqlite3.OperationalError("unable to open database file")
    first.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    with pytest.raises(sqlite3.OperationalError) as caught:
        open_unwritable(path, SCHEMA, first)
    assert caught.value is first
    assert tried == ["read-only"]


def test_security_s11_the_wal_stays_bounded_under_writes_without_a_pause(
    tmp_path: Path, reactor: QueueReactor
) -> None:
    """Six times what a checkpoint waits for is written at once: the WAL's file stays within twice that, 8 MiB."""
    path = tmp_path / "growing.db"
    store = SqliteStore(path, reactor, schema=SCHEMA)
    log, most = Path(f"{path}-wal"), 0
    for number in range(24):
        reactor.result(store.write(adding(f"{number} " + "x" * 1_000_000)))
        most = max(most, log.stat().st_size)
    assert store.reader.value(COUNT) == 24
    reactor.result(store.close())
    assert 1_000_000 < most < 2**23
    assert not log.exists()


def test_reads_in_one_go_share_a_snapshot(path: Path, reactor: QueueReactor) -> None:
    """Between begin and end inline reads see one state; what was committed meanwhile is seen right after."""
    store = SqliteStore(path, reactor, schema=SCHEMA)
    store.begin_reads()
    before = store.reader.value(COUNT)
    reactor.result(store.write(adding("meanwhile")))
    assert store.reader.value(COUNT) == before
    store.end_reads()
    assert store.reader.value(COUNT) == before + 1
    store.end_reads()
    reactor.result(store.close())
    store.begin_reads()
    store.end_reads()
