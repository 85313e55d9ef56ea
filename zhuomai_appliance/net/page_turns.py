"""A bound on what pages take of the reactor's time, so that RADIUS has its turn between them (architecture: Fairness).

Pages also stand back while the writer's thread makes a commit: it needs Python's lock again after each of its
statements, and beside a page that is made it waits half a millisecond for it every time. A group of accounting reports
that takes two milliseconds by itself takes fifty then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from zhuomai_appliance.net.clocks import Clocks

PAGES_SECONDS: Final = 0.005
"""Of one turn of the reactor, for all listeners together: a few pages."""

STAND_BACK_SECONDS: Final = 0.020
"""How long pages wait for a commit at most: an import works for longer than a phone should wait."""

LOOK_AGAIN_SECONDS: Final = 0.001


class PageTurns:
    """Runs the work on requests one after another, a share of each turn; the rest waits for the next turn.

    Args:
        clocks: the house's.
        share_seconds: what requests may take of one turn.
        is_writing: whether the writer's thread is at work on a commit at this moment.
    """

    log = Logger(namespace="zhuomai.http")

    def __init__(
        self,
        clocks: Clocks,
        share_seconds: float = PAGES_SECONDS,
        is_writing: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clocks = clocks
        self._share_seconds = share_seconds
        self._is_writing = is_writing
        self._waiting: deque[Callable[[], object]] = deque()
        self._left_seconds = share_seconds
        self._is_due = False
        self._stands_back_until: float | None = None
        #: Called when nothing waits any more, after something did.
        self.when_served: list[Callable[[], object]] = []

    @property
    def waiting(self) -> int:
        """Requests that wait for a later turn."""
        return len(self._waiting)

    def run(self, work: Callable[[], object]) -> None:
        """Do it now if this turn has time left for pages and nobody commits, else in a later one, in order."""
        if self._waiting or self._left_seconds <= 0 or self._is_writing():
            self._waiting.append(work)
        else:
            self._do(work)
        if not self._is_due:
            self._is_due = True
            self._clocks.later(0, self._next)

    def _next(self) -> None:
        """Another turn has begun."""
        self._is_due = False
        if self._waiting and self._stands_back():
            self._is_due = True
            self._clocks.later(LOOK_AGAIN_SECONDS, self._next)
            return
        self._left_seconds = self._share_seconds
        had_waiting = bool(self._waiting)
        while self._waiting and self._left_seconds > 0:
            self._do(self._waiting.popleft())
        if self._waiting:
            self._is_due = True
            self._clocks.later(0, self._next)
        elif had_waiting:
            for call in self.when_served:
                call()

    def _stands_back(self) -> bool:
        """Whether to look again a little later; after standing back for long enough there is a turn in any case."""
        if self._is_writing():
            now = self._clocks.monotonic()
            if self._stands_back_until is None:
                self._stands_back_until = now + STAND_BACK_SECONDS
            if now < self._stands_back_until:
                return True
        self._stands_back_until = None
        return False

    def _do(self, work: Callable[[], object]) -> None:
        began = self._clocks.monotonic()
        try:
            work()
        except Exception:  # noqa: BLE001 - one request must not end those behind it
            self.log.failure("a request could not be worked on")
        self._left_seconds -= self._clocks.monotonic() - began
