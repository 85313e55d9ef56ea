"""Accounting intervals told to sessions that begin together, spread so that they do not report together (semantics §6).

A school that comes back after a power cut logs in within a minute, and would report within one ever after. Whoever logs
in alone gets the plain interval, as it was set; the sessions of a crowd get up to a tenth more or less, by their Class,
so that the same login always gets the same.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.policy.limits import MIN_INTERIM_SECONDS

CROWD: Final = 20
"""Logins at one device within `WINDOW_SECONDS` that get the plain interval; those behind them are a crowd."""
WINDOW_SECONDS: Final = 30

KEPT: Final = 50_000
"""Spread intervals remembered until the Start of their session: those of the latest logins."""


class Intervals:
    """On the reactor thread. ``now`` is UTC epoch seconds."""

    def __init__(self) -> None:
        self._begun: dict[NasId, list[int]] = {}
        self._told: dict[bytes, int] = {}

    def tell(self, nas_id: NasId, token: bytes, seconds: int, now: int) -> int:
        """The interval to tell the device of a login with this Class, where ``seconds`` was meant."""
        window = now // WINDOW_SECONDS
        begun = self._begun.get(nas_id)
        if begun is None:
            begun = self._begun[nas_id] = [window, 0]
        if begun[0] != window:
            begun[:] = window, 0
        begun[1] += 1
        if begun[1] <= CROWD:
            return seconds
        return self._spread(token, seconds)

    def _spread(self, token: bytes, seconds: int) -> int:
        tenth = seconds // 10
        told = max(MIN_INTERIM_SECONDS, seconds - tenth + crc32(token) % (2 * tenth + 1))
        if told != seconds:
            if len(self._told) >= KEPT:
                del self._told[next(iter(self._told))]
            self._told[token] = told
        return told

    def told(self, token: bytes) -> int | None:
        """What the device was told for a Class if it was not the plain interval; asked once, with the Start."""
        return self._told.pop(token, None) if self._told else None
