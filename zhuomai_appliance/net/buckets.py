"""Token buckets by key, in bounded memory: how many a second, and how many at once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

KEYS_KEPT: Final = 25_000


class Buckets:
    """One bucket for each key (the generic cell rate algorithm, ITU-T I.371: one number a bucket).

    Args:
        per_second: what flows back.
        burst: how many a full bucket holds.
        keys: buckets kept, twice at the most; forgetting one fills it.
    """

    def __init__(self, per_second: float, burst: int, keys: int = KEYS_KEPT) -> None:
        self._interval = 1.0 / per_second
        self._slack = burst * self._interval
        self._keys = keys
        self._young: dict[Hashable, float] = {}
        self._old: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, key: Hashable, now: float) -> bool:
        """Take one; False when the bucket is empty. `now` is in seconds of a clock that never goes back."""
        full_at = self._young.get(key)
        if full_at is None:
            full_at = self._old.get(key, now)
            if len(self._young) >= self._keys:
                # What was not asked for since is as good as full
                self._old, self._young = self._young, {}
        full_at = max(full_at, now) + self._interval
        if full_at - now > self._slack:
            return False
        self._young[key] = full_at
        return True
