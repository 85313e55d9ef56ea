"""The writer thread: shared commits, tasks that fail alone, queues with a bound, an orderly end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from tests.fakes.queue_reactor import QueueReactor
from tests.store.small import ADD, COUNT, NAMES, SCHEMA, VISIT, Hold, adding
from zhuomai_appliance.store.interface import Condition, QueueFull, StoreClosed, Transaction
from zhuomai_appliance.store.sqlite import SqliteStore
from zhuomai_appliance.store.write_queue import ENOUGH

Maker = Callable[..., SqliteStore]


@pytest.fixture
def reactor() -> QueueReactor:
    return QueueReactor()


@pytest.fixture
def make(tmp_path: Path, reactor: QueueReactor) -> Iterator[Maker]:
    made: list[SqliteStore] = []

    def make_store(**options: Any) -> SqliteStore:
        made.append(SqliteStore(tmp_path / "small.db", reactor, schema=SCHEMA, **options))
        return made[-1]

    yield make_store
    for store in made:
        reactor.result(store.close())


def names(store: SqliteStore) -> list[str]:
    return [name for (name,) in store.reader.all(NAMES)]


class Statements(sqlite3.Connection):
    """Keeps what it was asked to run."""

    log: list[str] = []

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        self.log.append(sql)
        return super().execute(sql, *args)


def test_waiting_writes_share_one_commit_and_one_call(make: Maker, reactor: QueueReactor) -> None:
    """64 writes that wait become one group: one commit, one callFromThread, every result to its caller."""
    store = make()
    hold = Hold(store)
    answers = [store.write(adding(f"p{number}")) for number in range(64)]
    assert store.counters.waiting == 64
    hold.release()
    reactor.result(hold.done)
    before = reactor.delivered
    ids = [reactor.result(answer) for answer in answers]
    assert ids == list(range(1, 65))
    assert reactor.delivered == before + 1
    assert (store.counters.groups, store.counters.tasks) == (2, 65)


def test_waiting_items_of_one_work_share_a_call(make: Maker, reactor: QueueReactor) -> None:
    """Items in a row under one work come in one call, in order; another task between them divides them."""
    calls: list[list[str]] = []

    def work(tx: Transaction, items: Sequence[str]) -> list[int]:
        calls.append(list(items))
        return [tx.insert(ADD, name=item) for item in items]

    store = make()
    hold = Hold(store)
    answers = [store.write_together(work, name, droppable=False) for name in "ab"]
    between = store.write(adding("between"))
    answers += [store.write_together(work, name, droppable=False) for name in "cd"]
    hold.release()
    assert [reactor.result(answer) for answer in answers] == [1, 2, 4, 5]
    assert reactor.result(between) == 3
    assert calls == [["a", "b"], ["c", "d"]]
    assert (store.counters.groups, store.counters.tasks) == (2, 6)


def test_work_that_gives_too_few_results_fails_as_a_whole(make: Maker, reactor: QueueReactor) -> None:
    """A mistake in the work is its items' failure, not the store's: nothing of it stays, and others go on."""

    def work(tx: Transaction, items: Sequence[str]) -> list[int]:
        return [tx.insert(ADD, name=item) for item in items][1:]

    store = make()
    hold = Hold(store)
    answers = [store.write_together(work, name, droppable=False) for name in "ab"]
    good = store.write(adding("good"))
    hold.release()
    for answer in answers:
        assert isinstance(reactor.error(answer), IndexError)
    reactor.result(good)
    assert names(store) == ["good"]
    assert store.state.condition is Condition.OK


@pytest.mark.parametrize("ending", ["a task", "enough items"])
def test_items_wait_a_moment_for_company(make: Maker, reactor: QueueReactor, ending: str) -> None:
    """Items of several turns of the reactor share a commit; a task of its own, or enough of them, ends the wait."""
    store = make(gather_seconds=60.0)
    answers = [store.write_together(adding_each, "first", droppable=False)]
    reactor.turn()
    if ending == "a task":
        answers += [store.write_together(adding_each, name, droppable=False) for name in "ab"]
        answers.append(store.write(adding("task")))
    else:
        answers += [store.write_together(adding_each, f"p{at}", droppable=False) for at in range(1, ENOUGH)]
    assert [reactor.result(answer) for answer in answers] == list(range(1, len(answers) + 1))
    assert store.counters.groups == 1


def test_closing_ends_the_wait_for_company(make: Maker, reactor: QueueReactor) -> None:
    """What was taken is done at once when the store closes."""
    store = make(gather_seconds=60.0)
    answer = store.write_together(adding_each, "a", droppable=False)
    reactor.turn()
    closed = store.close()
    assert reactor.result(answer) == 1
    reactor.result(closed)


def adding_each(tx: Transaction, items: Sequence[str]) -> list[int]:
    """Work that adds a person for each item."""
    return [tx.insert(ADD, name=item) for item in items]


def test_an_item_alone_is_written_without_another_reason(make: Maker, reactor: QueueReactor) -> None:
    """The thread is woken for items too, at the end of the reactor's turn."""
    store = make()
    for name in "abc":
        assert reactor.result(
            store.write_together(lambda tx, items: [tx.insert(ADD, name=one) for one in items], name)
        )
    assert names(store) == ["a", "b", "c"]


def test_a_group_has_a_largest_size(make: Maker, reactor: QueueReactor) -> None:
    """Ten writes with groups of four take three commits."""
    store = make(group=4)
    hold = Hold(store)
    answers = [store.write(adding(f"p{number}")) for number in range(10)]
    hold.release()
    for answer in answers:
        reactor.result(answer)
    assert store.counters.groups == 1 + 3


def test_nobody_is_told_before_the_commit(make: Maker, reactor: QueueReactor) -> None:
    """When results are handed to the reactor, COMMIT has returned and another connection sees the rows."""
    Statements.log = []
    store = make(factory=Statements)
    last: list[str] = []
    reactor.on_call = lambda: last.append(Statements.log[-1])
    seen: list[int] = []
    answers = [
        store.write(adding(name)).addCallback(lambda _: seen.append(store.reader.value(COUNT)))
        for name in "abc"
    ]
    for answer in answers:
        reactor.result(answer)
    assert set(last) == {"COMMIT"}
    assert seen[-1] == 3
    assert all(count >= number for number, count in enumerate(seen, 1))


@pytest.mark.parametrize("company", [0, 1, 5])
def test_a_task_that_raises_fails_alone(make: Maker, reactor: QueueReactor, company: int) -> None:
    """Its own exception reaches its caller, nothing of it stays, and its neighbours are committed."""

    def spoil(tx: Transaction) -> None:
        tx.insert(ADD, name="half done")
        raise KeyError("mine")

    store = make()
    hold = Hold(store)
    before = [store.write(adding(f"before{number}")) for number in range(company)]
    bad = store.write(spoil)
    after = [store.write(adding(f"after{number}")) for number in range(company)]
    hold.release()
    assert isinstance(reactor.error(bad), KeyError)
    for answer in before + after:
        reactor.result(answer)
    assert names(store) == [f"{when}{number}" for when in ("before", "after") for number in range(company)]
    assert store.counters.failed_tasks == 1
    assert store.state.condition is Condition.OK


def test_a_broken_constraint_fails_alone(make: Maker, reactor: QueueReactor) -> None:
    """Unique names, foreign keys and triggers refuse one task of a group with IntegrityError."""
    store = make()
    hold = Hold(store)
    good = store.write(adding("a"))
    bad: list[Deferred[int]] = [
        store.write(adding("a")),
        store.write(lambda tx: tx.insert(VISIT, person_id=999, note="nobody")),
    ]
    also_good = store.write(adding("b"))
    hold.release()
    for answer in bad:
        assert isinstance(reactor.error(answer), sqlite3.IntegrityError)
    assert (reactor.result(good), names(store)) == (1, ["a", "b"])
    reactor.result(also_good)


def test_urgent_writes_go_first(make: Maker, reactor: QueueReactor) -> None:
    """An urgent write overtakes those that wait; among themselves both kinds keep their order."""
    store = make()
    hold = Hold(store)
    answers = [store.write(adding("a")), store.write(adding("b"))]
    answers += [store.write(adding("c"), urgent=True), store.write(adding("d"), urgent=True)]
    hold.release()
    for answer in answers:
        reactor.result(answer)
    assert names(store) == ["c", "d", "a", "b"]


def test_droppable_writes_are_refused_at_half_of_the_queue(make: Maker, reactor: QueueReactor) -> None:
    """With room for 8, four may be droppable; the others are taken to the end, and then refused too."""
    store = make(capacity=8)
    hold = Hold(store)
    answers = [store.write(adding(f"d{number}"), droppable=True) for number in range(4)]
    assert isinstance(reactor.error(store.write(adding("d4"), droppable=True)), QueueFull)
    answers += [store.write(adding(f"n{number}")) for number in range(4)]
    assert isinstance(reactor.error(store.write(adding("n4"))), QueueFull)
    assert isinstance(reactor.error(store.write(adding("u"), urgent=True)), QueueFull)
    store.enqueue(adding("e"))
    assert (store.counters.refused, store.counters.unheard) == (4, 1)
    hold.release()
    for answer in answers:
        reactor.result(answer)
    assert names(store) == [f"{kind}{number}" for kind in "dn" for number in range(4)]


def test_enqueued_writes_are_written_and_their_failures_logged(make: Maker, reactor: QueueReactor) -> None:
    """Nobody awaits them, so a failure is one log event and one count, and never raised."""
    store = make()
    with capturedLogs() as logs:
        store.enqueue(adding("a"))
        store.enqueue(adding("a"))
        reactor.result(store.write(lambda _: None))
    assert names(store) == ["a"]
    assert store.counters.unheard == 1
    assert [str(event["log_failure"].value) for event in logs] == ["UNIQUE constraint failed: person.name"]


def test_close_finishes_and_answers_what_was_taken(make: Maker, reactor: QueueReactor) -> None:
    """Everything taken before close is committed and answered before close says that it is done."""
    store = make()
    order: list[str] = []
    hold = Hold(store)
    for number in range(300):
        store.write(adding(f"p{number}")).addCallback(lambda _: order.append("write"))
    closing = store.close().addCallback(lambda _: order.append("close"))
    assert isinstance(reactor.error(store.write(adding("late"))), StoreClosed)
    hold.release()
    reactor.result(closing)
    assert order == ["write"] * 300 + ["close"]


def test_a_cancelled_caller_disturbs_nobody(make: Maker, reactor: QueueReactor) -> None:
    """A Deferred that was cancelled while its write waited: the write happens, the others are answered."""
    store = make()
    hold = Hold(store)
    given_up = store.write(adding("a"))
    given_up.addErrback(lambda _: None)
    given_up.cancel()
    answer = store.write(adding("b"))
    hold.release()
    reactor.result(answer)
    assert names(store) == ["a", "b"]


def test_store_tells_while_it_writes(make: Maker, reactor: QueueReactor) -> None:
    """True while a task is at work, false before and after, also when the task failed."""
    store = make()
    assert not store.is_writing()
    hold = Hold(store)
    assert store.is_writing()
    hold.release()
    failing = store.write(lambda tx: tx.run(ADD, id=None, name=None))
    reactor.error(failing)
    reactor.result(hold.done)
    # The thread says so right after it has handed the results over
    deadline = time.monotonic() + 5
    while store.is_writing() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert not store.is_writing()
