"""How long RADIUS waits at this moment: what everything else on the thread gives way to (architecture: Fairness)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall

from zhuomai_appliance.net.clocks import Clocks

HTTP_YIELDS_SECONDS: Final = 0.020
"""RADIUS requests that waited longer are reason enough to put pages off, if they are .."""

HTTP_YIELDS_WAITING: Final = 8
""".. so many at once, or .."""

HTTP_YIELDS_TIMES: Final = 5
""".. so many times within half a second: one alone may have met a busy moment of the machine, which putting pages off
would not help."""

LATE_SECONDS: Final = 0.3
"""From here on a port is late: clients that ask without end are slowed, and interim reports wait for their next."""

FRESH_SECONDS: Final = 0.5
"""How long a wait that was seen counts."""

BEAT_SECONDS: Final = 0.1


class Load:
    """The longest waits seen lately, by name: ``auth``, ``acct``, and ``loop`` for the reactor's own lateness."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[float, float]] = {}
        self._late: deque[float] = deque(maxlen=HTTP_YIELDS_TIMES)
        self._pressed_until = monotonic()

    def note(self, name: str, waited_seconds: float, waiting: int = 0) -> None:
        """The first of so many that wait did so for that long; the worst of the last half second is kept."""
        now = self._monotonic()
        if waited_seconds > HTTP_YIELDS_SECONDS and waiting:
            late = self._late
            late.append(now)
            if waiting >= HTTP_YIELDS_WAITING or (len(late) == late.maxlen and now - late[0] < FRESH_SECONDS):
                self._pressed_until = now + FRESH_SECONDS
        worst, at = self._seen.get(name, (0.0, 0.0))
        if waited_seconds >= worst or now - at > FRESH_SECONDS:
            self._seen[name] = (waited_seconds, now)

    def wait_seconds(self, name: str) -> float:
        """The longest wait of the last half second."""
        waited, at = self._seen.get(name, (0.0, 0.0))
        return waited if self._monotonic() - at <= FRESH_SECONDS else 0.0

    @property
    def presses(self) -> bool:
        """Whether whatever is not RADIUS should give way: RADIUS requests queue up, or did half a second ago."""
        return self._monotonic() < self._pressed_until


class Beat(Service):
    """Measures how late the reactor runs what was due: ten times a second, for a few microseconds."""

    def __init__(self, load: Load, clocks: Clocks) -> None:
        self.setName("beat")
        self._load = load
        self._clocks = clocks
        self._next: IDelayedCall | None = None
        self._due_at = 0.0

    def startService(self) -> None:
        """Begin to measure."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """Measure no more."""
        super().stopService()
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None

    def _wait(self) -> None:
        self._due_at = self._clocks.monotonic() + BEAT_SECONDS
        self._next = self._clocks.later(BEAT_SECONDS, self._tick)

    def _tick(self) -> None:
        late = max(self._clocks.monotonic() - self._due_at, 0.0)
        self._load.note("loop", late)
        self._wait()
