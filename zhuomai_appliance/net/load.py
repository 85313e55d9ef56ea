"""How long RADIUS waits at this moment: what everything else on the thread gives way to (architecture: Fairness)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall

from zhuomai_appliance.net.clocks import Clocks

HTTP_YIELDS_SECONDS: Final = 0.020
"""A RADIUS request that waited longer is reason enough to put pages off."""

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

    def note(self, name: str, waited_seconds: float) -> None:
        """Somebody waited that long; the worst of the last half second is kept."""
        now = self._monotonic()
        worst, at = self._seen.get(name, (0.0, 0.0))
        if waited_seconds >= worst or now - at > FRESH_SECONDS:
            self._seen[name] = (waited_seconds, now)

    def wait_seconds(self, name: str) -> float:
        """The longest wait of the last half second."""
        waited, at = self._seen.get(name, (0.0, 0.0))
        return waited if self._monotonic() - at <= FRESH_SECONDS else 0.0

    def worst_seconds(self) -> float:
        """The longest wait of all."""
        return max(map(self.wait_seconds, self._seen), default=0.0)

    @property
    def presses(self) -> bool:
        """Whether whatever is not RADIUS should give way."""
        return self.worst_seconds() > HTTP_YIELDS_SECONDS


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
