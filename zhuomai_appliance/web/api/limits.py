"""How much one operator's programs may ask of the box in a minute: a runaway loop must not slow the logins down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MOST: Final = 3_000
"""Fifty a second; a list of 50,000 people is a hundred requests."""


class PerMinute:
    """Counts by key in minutes of the clock; of keys that do not ask any more nothing is kept."""

    def __init__(self, clock: Callable[[], int], most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._minute = 0
        self._counts: dict[int, int] = {}

    def wait(self, key: int) -> int:
        """Count a request; 0, or the seconds until the next one will be taken."""
        minute, second = divmod(self._clock(), 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        return 0 if count <= self._most else 60 - second
