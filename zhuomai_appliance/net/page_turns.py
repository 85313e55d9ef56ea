"""A bound on what pages take of one turn of the reactor, so that RADIUS has its turn between them (architecture: Fairness)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from zhuomai_appliance.net.clocks import Clocks

PAGES_SECONDS: Final = 0.005
"""Of one turn of the reactor, for all listeners together: a few pages."""


class PageTurns:
    """Runs the work on requests one after another, a share of each turn; the rest waits for the next turn."""

    log = Logger(namespace="zhuomai.http")

    def __init__(self, clocks: Clocks, share_seconds: float = PAGES_SECONDS) -> None:
        self._clocks = clocks
        self._share_seconds = share_seconds
        self._waiting: deque[Callable[[], object]] = deque()
        self._left_seconds = share_seconds
        self._is_due = False

    @property
    def waiting(self) -> int:
        """Requests that wait for the next turn."""
        return len(self._waiting)

    def run(self, work: Callable[[], object]) -> None:
        """Do it now if this turn has time left for pages, else in a later one, in order."""
        if self._waiting or self._left_seconds <= 0:
            self._waiting.append(work)
        else:
            self._do(work)
        if not self._is_due:
            self._is_due = True
            self._clocks.later(0, self._next)

    def _next(self) -> None:
        """Another turn has begun."""
        self._is_due = False
        self._left_seconds = self._share_seconds
        while self._waiting and self._left_seconds > 0:
            self._do(self._waiting.popleft())
        if self._waiting:
            self._is_due = True
            self._clocks.later(0, self._next)

    def _do(self, work: Callable[[], object]) -> None:
        began = self._clocks.monotonic()
        try:
            work()
        except Exception:  # noqa: BLE001 - one request must not end those behind it
            self.log.failure("a request could not be worked on")
        self._left_seconds -= self._clocks.monotonic() - began
