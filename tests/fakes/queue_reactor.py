"""A reactor of which only the thread door exists: the test itself runs what the threads hand over."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class QueueReactor:
    """Collects `callFromThread` calls; `result` runs them on the calling thread until a Deferred has fired."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]]] = queue.SimpleQueue()
        self.on_call: Callable[[], None] = lambda: None
        self.triggers: list[tuple[str, str, Callable[..., Any]]] = []
        self.delivered = 0

    def callFromThread(self, function: Callable[..., Any], /, *args: Any) -> object:
        self.on_call()
        self.calls.put((function, args))
        return None

    def addSystemEventTrigger(self, phase: str, event: str, function: Callable[..., Any], /) -> object:
        self.triggers.append((phase, event, function))
        return None

    def result(self, deferred: Deferred[T], seconds: float = 20.0) -> T:
        """The Deferred's result, or its exception raised. Fails the test when nothing happens for that long."""
        found: list[T | Failure] = []
        deferred.addBoth(found.append)
        while not found:
            self.turn(seconds)
        outcome = found[0]
        if isinstance(outcome, Failure):
            outcome.raiseException()
            raise AssertionError("raiseException returned")
        return outcome

    def error(self, deferred: Deferred[Any]) -> BaseException:
        """The exception with which the Deferred fails."""
        try:
            self.result(deferred)
        except Exception as error:  # noqa: BLE001 - it is what the caller asked for
            return error
        raise AssertionError("the Deferred did not fail")

    def turn(self, seconds: float = 20.0) -> None:
        """Run one call that a thread has handed over, waiting for it."""
        function, args = self.calls.get(timeout=seconds)
        self.delivered += 1
        function(*args)
