"""What waits for the writer's thread: two queues with one bound, filled by the reactor and emptied by the thread.

A task of its own wakes the thread at once. Items of shared work (`interface.Store.write_together`) come in numbers and
gain by company: the thread is woken at the end of the reactor's turn, for a thread woken in its middle would fight for
Python's lock, and waits a moment for more of them before it begins a commit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from zhuomai_appliance.store.interface import QueueFull, StoreClosed, StoreUnavailable, Transaction

GATHER_SECONDS = 0.003
"""How long items wait for company: a sync for each alone costs more than its work."""

ENOUGH = 32
"""Items that need not wait for more."""

Work = Callable[[Transaction, Sequence[Any]], Sequence[Any]]


class Job:
    """A task, or an item of some work that many may share, and who hears of it (None: nobody)."""

    __slots__ = ("deferred", "item", "put_at", "task", "work")

    def __init__(
        self,
        deferred: Deferred[Any] | None,
        task: Callable[[Transaction], Any] | None,
        work: Work | None = None,
        item: Any = None,
    ) -> None:
        self.deferred = deferred
        self.task = task
        self.work = work
        self.item = item
        self.put_at = 0.0

    def run(self, transaction: Transaction) -> Any:
        """Do it by itself."""
        if self.task is not None:
            return self.task(transaction)
        assert self.work is not None  # noqa: S101 - a job is one or the other
        return self.work(transaction, [self.item])[0]


class WriteQueue:
    """Jobs in the order in which they are to be done, urgent ones first.

    Args:
        call_from_thread: the reactor's.
        capacity: how many may wait; droppable ones are refused from half of it.
        gather_seconds: how long items wait for company at most.
    """

    def __init__(
        self,
        call_from_thread: Callable[..., object],
        capacity: int,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._call_from_thread = call_from_thread
        self._capacity = capacity
        self._gather_seconds = gather_seconds
        self._changed = threading.Condition(threading.Lock())
        self._urgent: deque[Job] = deque()
        self._normal: deque[Job] = deque()
        self._is_closing = False
        self._will_wake = False
        self._has_task = False
        self._is_gathering = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._urgent) + len(self._normal)

    # -- on the reactor thread

    def put(self, job: Job, *, urgent: bool, droppable: bool) -> StoreUnavailable | None:
        """Take a job; why not, where it is not taken."""
        with self._changed:
            if self._is_closing:
                return StoreClosed("the store is closing")
            if len(self) >= (self._capacity // 2 if droppable else self._capacity):
                return QueueFull("too many writes are waiting")
            (self._urgent if urgent else self._normal).append(job)
            if job.work is None:
                self._has_task = True
                self._changed.notify()
                return None
            if self._is_gathering:
                if len(self._normal) >= ENOUGH:
                    self._changed.notify()
                return None
        if not self._will_wake:
            self._will_wake = True
            self._call_from_thread(self._wake)
        return None

    def _wake(self) -> None:
        self._will_wake = False
        with self._changed:
            if not self._is_gathering:
                self._changed.notify()

    def close(self) -> None:
        """Take no more; `take` gives what is left and then None."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    # -- on the writer's thread

    def take(self, most: int, idle_seconds: float | None) -> list[Job] | None:
        """The next jobs, so many at most; None when there will be no more.

        Args:
            most: how many share a commit.
            idle_seconds: return an empty list after so long without work; None waits for ever.
        """
        with self._changed:
            while not (self._urgent or self._normal):
                if self._is_closing:
                    return None
                if not self._changed.wait(idle_seconds):
                    return []
            if not (self._has_task or self._is_closing or len(self._normal) >= ENOUGH):
                self._is_gathering = True
                self._changed.wait(self._gather_seconds)
                self._is_gathering = False
            jobs: list[Job] = []
            for queue in (self._urgent, self._normal):
                while queue and len(jobs) < most:
                    jobs.append(queue.popleft())
            self._has_task = any(job.work is None for job in self._normal)
            return jobs

    def drain(self) -> list[Job]:
        """Close, and everything that is left: the thread has ended and will take no more."""
        with self._changed:
            self._is_closing = True
            left = [*self._urgent, *self._normal]
            self._urgent.clear()
            self._normal.clear()
            return left
