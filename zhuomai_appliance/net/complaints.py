"""Log lines that a flood cannot multiply: for each kind and source at most one a minute, few of each kind in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

COMPLAINT_PAUSE_SECONDS: Final = 60.0
COMPLAINTS_A_MINUTE: Final = 30
"""Lines of one kind, whoever causes them: whoever forges a new source for each datagram writes no log of ours."""


class Complaints:
    """Decides who may write a line (security R3, H5)."""

    def __init__(self, monotonic: Callable[[], float], limit: int = 4096) -> None:
        self._monotonic = monotonic
        self._limit = limit
        self._quiet_until: dict[tuple[str, str], float] = {}
        self._said: Counter[str] = Counter()
        self._said_since = monotonic()

    def may_say(self, kind: str, source: str) -> bool:
        """Whether a line about this kind and source may be written now."""
        now = self._monotonic()
        if self._quiet_until.get((kind, source), 0.0) > now:
            return False
        if now - self._said_since >= COMPLAINT_PAUSE_SECONDS:
            self._said.clear()
            self._said_since = now
        if self._said[kind] >= COMPLAINTS_A_MINUTE:
            return False
        self._said[kind] += 1
        if len(self._quiet_until) >= self._limit:
            self._quiet_until.clear()
        self._quiet_until[(kind, source)] = now + COMPLAINT_PAUSE_SECONDS
        return True
