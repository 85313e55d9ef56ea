"""When the engine fails under the writer: nothing acknowledged is lost, and the store comes back by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from tests.fakes.queue_reactor import QueueReactor
from tests.store.small import COUNT, NAMES, SCHEMA, VISIT, Hold, adding
from zhuomai_appliance.store import sqlite as sqlite_store
from zhuomai_appliance.store.interface import Condition, StoreUnavailable, Transaction
from zhuomai_appliance.store.sqlite import SqliteStore

TASKS = 4


class Faulty(sqlite3.Connection):
    """Fails at chosen statements, as a disk that cannot write would make them fail."""

    counts: list[int] = []
    """The first number counts statements down to the first fault, the next from there to the second, and so on."""
    kind = "refused"

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if not Faulty.counts:
            return super().execute(sql, *args)
        Faulty.counts[0] -= 1
        if Faulty.counts[0]:
            return super().execute(sql, *args)
        Faulty.counts.pop(0)
        if Faulty.kind == "done all the same":
            # The statement takes effect before the error is reported: the answer to a sync was lost.
            super().execute(sql, *args)
        elif Faulty.kind == "rolled back" and self.in_transaction:
            # SQLite ends the transaction by itself, as it does when the disk is full.
            super().execute("ROLLBACK")
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = (
            sqlite3.SQLITE_FULL if Faulty.kind == "rolled back" else sqlite3.SQLITE_IOERR_WRITE
        )
        raise error


def condition(store: SqliteStore) -> Condition:
    return store.state.condition


class Small(sqlite3.Connection):
    """Has a disk of so many pages."""

    pages = 1_000_000

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql == "BEGIN IMMEDIATE":
            super().execute(f"PRAGMA max_page_count = {Small.pages}").fetchall()
        return super().execute(sql, *args)


@pytest.fixture
def reactor() -> Iterator[QueueReactor]:
    Faulty.counts, Faulty.kind, Small.pages = [], "refused", 1_000_000
    yield QueueReactor()
    Faulty.counts = []


# The COMMIT of the write that holds the others back; BEGIN; for each task INSERT; COMMIT.
IN_GROUP = [[k] for k in range(1, 2 + TASKS + 2)]
# The group's COMMIT fails, and then each statement of opening anew.
IN_OPENING = [[2 + TASKS + 1, k] for k in range(1, 13)]
# Where a task raises: the same to the last INSERT; ROLLBACK; BEGIN; for each task SAVEPOINT, INSERT, RELEASE, and for
# the one that raises SAVEPOINT, ROLLBACK TO, RELEASE; COMMIT.
IN_GROUP_APART = [[k] for k in range(1, 2 + TASKS + 2 + 3 * (TASKS + 1) + 2)]


@pytest.mark.parametrize("faults", IN_GROUP + IN_OPENING, ids=str)
@pytest.mark.parametrize("kind", ["refused", "rolled back", "done all the same"])
def test_a_fault_at_any_statement_loses_nothing_acknowledged(
    tmp_path: Path, reactor: QueueReactor, faults: list[int], kind: str
) -> None:
    """Whatever was answered is in the file, whatever was refused without effect is not, and writing goes on."""
    path = tmp_path / "small.db"
    store = SqliteStore(path, reactor, schema=SCHEMA, factory=Faulty, probe_seconds=0.01)
    Faulty.kind = kind
    hold = Hold(store, at_end=lambda: Faulty.counts.extend(faults))
    answers = {f"p{number}": store.write(adding(f"p{number}")) for number in range(TASKS)}
    hold.release()
    reactor.result(hold.done.addErrback(lambda failure: failure.trap(StoreUnavailable)))
    acknowledged, refused = [], []
    for name, answer in answers.items():
        try:
            reactor.result(answer)
            acknowledged.append(name)
        except StoreUnavailable:
            refused.append(name)
    assert not (acknowledged and refused), "a group is answered as a whole"
    assert len(refused) == (0 if faults == [1] else TASKS)
    deadline = 1_000
    while isinstance(write_result(reactor, store, "afterwards"), StoreUnavailable):
        deadline -= 1
        assert deadline, "the store did not come back"
    assert Faulty.counts == []
    assert condition(store) is Condition.OK
    reactor.result(store.close())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        stored = [name for (name,) in connection.execute("SELECT name FROM person ORDER BY id")]
    assert stored[-1] == "afterwards"
    assert set(acknowledged) <= set(stored)
    if kind != "done all the same":
        assert stored[:-1] == acknowledged


@pytest.mark.parametrize("faults", IN_GROUP_APART, ids=str)
@pytest.mark.parametrize("kind", ["refused", "rolled back"])
def test_a_fault_while_a_group_runs_task_by_task_loses_nothing_acknowledged(
    tmp_path: Path, reactor: QueueReactor, faults: list[int], kind: str
) -> None:
    """The same where one task of the group raises, so that the others run twice: all of them stand, once, or none."""

    def spoil(tx: Transaction) -> None:
        raise KeyError("mine")

    path = tmp_path / "small.db"
    store = SqliteStore(path, reactor, schema=SCHEMA, factory=Faulty, probe_seconds=0.01)
    Faulty.kind = kind
    hold = Hold(store, at_end=lambda: Faulty.counts.extend(faults))
    answers = {f"p{number}": store.write(adding(f"p{number}")) for number in range(TASKS)}
    bad = store.write(spoil)
    hold.release()
    reactor.result(hold.done.addErrback(lambda failure: failure.trap(StoreUnavailable)))
    outcomes = {name: outcome(reactor, answer) for name, answer in answers.items()}
    lost = faults != [1]
    assert all(isinstance(found, StoreUnavailable) == lost for found in outcomes.values())
    assert isinstance(reactor.error(bad), StoreUnavailable if lost else KeyError)
    while isinstance(write_result(reactor, store, "afterwards"), StoreUnavailable):
        pass
    assert Faulty.counts == []
    reactor.result(store.close())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        stored = [name for (name,) in connection.execute("SELECT name FROM person ORDER BY id")]
    assert stored == [*([] if lost else answers), "afterwards"]


def outcome(reactor: QueueReactor, answer: Deferred[int]) -> object:
    try:
        return reactor.result(answer)
    except StoreUnavailable as error:
        return error


def write_result(reactor: QueueReactor, store: SqliteStore, name: str) -> object:
    try:
        return reactor.result(store.write(adding(name)))
    except StoreUnavailable as error:
        return error


def test_a_failed_commit_fails_every_task_of_its_group(tmp_path: Path, reactor: QueueReactor) -> None:
    """All callers hear StoreUnavailable, the connection is replaced, and the state returns to OK."""
    store = SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA, factory=Faulty)
    hold = Hold(store, at_end=lambda: Faulty.counts.append(2 + 4 + 1))
    answers = [store.write(adding(name)) for name in "abcd"]
    hold.release()
    reactor.result(hold.done)
    errors = [reactor.error(answer) for answer in answers]
    assert {type(error) for error in errors} == {StoreUnavailable}
    assert len({id(error) for error in errors}) == 4
    assert reactor.result(store.write(lambda tx: tx.value(COUNT))) == 0
    assert condition(store) is Condition.OK
    assert store.counters.lost_groups == 1
    reactor.result(store.close())


def test_a_full_disk_refuses_writes_and_comes_back_by_itself(tmp_path: Path, reactor: QueueReactor) -> None:
    """Full: every write is refused and said so, reads go on, nothing acknowledged is lost; space made: it goes on."""
    path = tmp_path / "small.db"
    store = SqliteStore(path, reactor, schema=SCHEMA, factory=Small, probe_seconds=0.01)
    person = reactor.result(store.write(adding("a")))

    def visit(number: int) -> int:
        return reactor.result(
            store.write(lambda tx: tx.insert(VISIT, person_id=person, note=f"{number} " + "x" * 20_000))
        )

    Small.pages = 150
    acknowledged: list[int] = []
    with capturedLogs() as logs, pytest.raises(StoreUnavailable, match="the disk is full"):
        while True:
            acknowledged.append(visit(len(acknowledged)))
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        # The probe may find room for itself that a large write does not find; it is refused all the same.
        visit(-1)
    while condition(store) is Condition.OK:
        with pytest.raises(StoreUnavailable):
            visit(-1)
        reactor.error(
            store.write(lambda tx: [tx.insert(VISIT, person_id=person, note="y" * 9_000) for _ in "ab"])
        )
    assert condition(store) is Condition.READ_ONLY
    assert store.reader.value(COUNT) == 1
    assert sum("is full" in str(event.get("reason")) for event in logs) >= 1
    Small.pages = 1_000_000
    while condition(store) is not Condition.OK:
        reactor.turn()
    acknowledged.append(visit(len(acknowledged)))
    reactor.result(store.close())
    notes = sqlite3.connect(path).execute("SELECT id FROM visit WHERE length(note) > 10000").fetchall()
    assert [row[0] for row in notes] == acknowledged


def test_a_task_that_swallows_the_engines_failure_is_not_believed(
    tmp_path: Path, reactor: QueueReactor
) -> None:
    """SQLite has rolled the whole group back: a task that caught the error and returned is refused with the rest."""
    Faulty.kind = "rolled back"

    def careless(tx: Transaction) -> str:
        Faulty.counts.append(1)
        try:
            adding("never")(tx)
        except sqlite3.OperationalError:
            return "fine"
        raise AssertionError("the fault did not happen")

    store = SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA, factory=Faulty)
    hold = Hold(store)
    answers: list[Deferred[Any]] = [store.write(adding("a")), store.write(careless), store.write(adding("b"))]
    hold.release()
    for answer in answers:
        assert isinstance(reactor.error(answer), StoreUnavailable)
    assert store.reader.all(NAMES) == []
    reactor.result(store.close())


def test_the_start_looks_through_the_file_once_and_a_return_once_more(
    tmp_path: Path, reactor: QueueReactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large file each look takes its whole time; after an engine's failure no connection goes without one."""
    looks: list[float] = []
    monkeypatch.setattr(sqlite_store, "quick_check", lambda _, seconds: looks.append(seconds))
    Faulty.counts, Faulty.kind = [], "refused"
    store = SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA, factory=Faulty, probe_seconds=0.01)
    reactor.result(store.write(adding("a")))
    assert len(looks) == 1
    Faulty.counts = [1]
    assert isinstance(reactor.error(store.write(adding("b"))), StoreUnavailable)
    Faulty.counts = []
    while not store.state.writable:
        reactor.turn()
    assert len(looks) == 2
    reactor.result(store.close())


class Unlucky(sqlite3.Connection):
    """Cannot even be made, for a reason nobody foresaw, until told otherwise."""

    broken = True

    def __init__(self, *args: Any, **options: Any) -> None:
        if Unlucky.broken:
            raise RuntimeError("out of luck")
        super().__init__(*args, **options)


def test_an_unforeseen_error_while_opening_does_not_end_the_thread(
    tmp_path: Path, reactor: QueueReactor
) -> None:
    """The store says that it cannot write, refuses at once, and goes on when the reason is gone."""
    Unlucky.broken = True
    store = SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA, factory=Unlucky, probe_seconds=0.01)
    assert condition(store) is Condition.READ_ONLY
    assert "out of luck" in store.state.reason
    Unlucky.broken = False
    while condition(store) is not Condition.OK:
        reactor.turn()
    assert reactor.result(store.write(adding("a"))) == 1
    reactor.result(store.close())


CHILD = """
    import itertools, os, sys
    from pathlib import Path
    from tests.fakes.queue_reactor import QueueReactor
    from tests.store.small import SCHEMA, adding
    from zhuomai_appliance.store.sqlite import SqliteStore
    reactor = QueueReactor()
    start = int(sys.argv[2])
    store = SqliteStore(Path(sys.argv[1]), reactor, schema=SCHEMA)
    for number in itertools.count(start):
        written = store.write(adding(f"p{number}"))
        written.addCallback(lambda _, number=number: os.write(1, b"%d\\n" % number))
        if number % 50 == 49:
            reactor.turn()
"""


def test_kill_under_load_loses_no_acknowledged_write(tmp_path: Path) -> None:
    """kill -9 at three moments of a stream of writes: all that was acknowledged is there, and the file is whole."""
    path = tmp_path / "small.db"
    start = 0
    for lines in (5, 333, 1500):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(path), str(start)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(lines)]
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().split(b"\n")[:-1]
        assert child.wait() == -signal.SIGKILL
        child.stdout.close()
        acknowledged += map(int, rest)
        connection = sqlite3.connect(path)
        stored = {int(name[1:]) for (name,) in connection.execute("SELECT name FROM person")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        assert set(acknowledged) <= stored
        start = max(stored) + 1
