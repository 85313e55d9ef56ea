"""How fast requests leave for access devices: so many a second in all, shared among the devices that wait.

Everybody's plan may end at one midnight (billing rules §13); a device that is slow or dead holds up nobody else's turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from zhuomai_appliance.model.network import NasId

PER_SECOND: Final = 200
"""Requests sent a second at the most."""

BURST: Final = 50
"""How many may leave in one turn: a quarter of a second's worth."""

WINDOW: Final = 128
"""Requests on their way to one device at the most; half of its identifiers, so that an operator's own finds one."""


class Pace:
    """The budget of requests. ``monotonic`` times are passed in."""

    def __init__(self) -> None:
        self._tokens = float(BURST)
        self._at: float | None = None
        self._on_their_way: Counter[NasId] = Counter()
        self._last: NasId | None = None

    def budget(self, monotonic: float) -> int:
        """How many requests may leave now."""
        if self._at is not None:
            self._tokens = min(float(BURST), self._tokens + (monotonic - self._at) * PER_SECOND)
        self._at = monotonic
        return int(self._tokens)

    def room(self, nas_id: NasId) -> int:
        """How many more may be on their way to a device."""
        return WINDOW - self._on_their_way[nas_id]

    def sending(self, nas_id: NasId) -> int:
        """How many are on their way to a device."""
        return self._on_their_way[nas_id]

    def turns(self, waiting: Iterable[NasId]) -> list[NasId]:
        """The devices in the order of their turns: whoever comes behind the one served last is first."""
        ordered = sorted(waiting)
        last = self._last
        if last is None:
            return ordered
        return [n for n in ordered if n > last] + [n for n in ordered if n <= last]

    def begin(self, nas_id: NasId) -> None:
        """One leaves."""
        self._tokens -= 1
        self._on_their_way[nas_id] += 1
        self._last = nas_id

    def end(self, nas_id: NasId) -> None:
        """One is over."""
        self._on_their_way[nas_id] -= 1
        if self._on_their_way[nas_id] <= 0:
            del self._on_their_way[nas_id]
