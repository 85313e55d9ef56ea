"""Slowing down guessers, over RADIUS and pages together, without locking anybody out (security W9, D4; features C15).

Counted for each (name, device) pair: wrong tries of a stranger's device do not stop the owner's own. A second count for
each device alone slows a device that goes through many names; it is not kept where no device is known, or a whole
access controller would be slowed. A third one for each name alone slows whoever guesses at one account from ever new
devices; it does not concern the devices that have shown the right password.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

FREE_TRIES: Final = 5
FREE_TRIES_OF_DEVICE: Final = 20
FREE_TRIES_OF_NAME: Final = 50
FIRST_WAIT_SECONDS: Final = 10
LONGEST_WAIT_SECONDS: Final = 300
FORGET_SECONDS: Final = 900

_ANYWHERE: Final = "\n"
"""In place of a name: no folded name is a line end."""


class Device(NamedTuple):
    """Where tries come from. ``is_one``: a single terminal, by MAC or address, and not a controller's whole crowd.

    ``free_tries`` are the wrong tries of one name that wait for nothing.
    """

    name: str
    is_one: bool
    free_tries: int = FREE_TRIES


@dataclass(slots=True)
class _Record:
    failures: int
    last_at: float
    wait_until: float


class Throttle:
    """Failures in memory; bounded, forgotten after a quarter of an hour. Times are seconds of a monotonic clock."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()
        self._own: set[tuple[str, str]] = set()
        self._own_before: set[tuple[str, str]] = set()

    def wait_seconds(self, name: str, device: Device, now: float) -> int:
        """How long this device must wait before it may try this name again; 0 when it may now."""
        wait = self._wait((name, device.name), now)
        return max(wait, self._wait(("", device.name), now)) if device.is_one else wait

    def stranger_wait_seconds(self, name: str, device: Device, now: float) -> int:
        """How long a device must wait because others guess at this name; 0 for one that has shown the password."""
        wait = self._wait((_ANYWHERE, name), now)
        if wait and ((name, device.name) in self._own or (name, device.name) in self._own_before):
            return 0
        return wait

    def failed(self, name: str, device: Device, now: float) -> int:
        """Count a wrong try; how long the next one must wait."""
        self._count((_ANYWHERE, name), FREE_TRIES_OF_NAME, now)
        wait = self._count((name, device.name), device.free_tries, now)
        return max(wait, self._count(("", device.name), FREE_TRIES_OF_DEVICE, now)) if device.is_one else wait

    def succeeded(self, name: str, device: Device) -> None:
        """Forget the pair's failures: the owner got in."""
        pair = name, device.name
        self._records.pop(pair, None)
        if pair not in self._own:
            if len(self._own) >= self._limit:
                # Who has not been here since goes with the older half
                self._own_before, self._own = self._own, set()
            self._own.add(pair)

    def _wait(self, key: tuple[str, str], now: float) -> int:
        record = self._records.get(key)
        if record is None or record.wait_until <= now:
            return 0
        return int(record.wait_until - now) + 1

    def _count(self, key: tuple[str, str], free: int, now: float) -> int:
        record = self._records.pop(key, None)
        if record is None or now - record.last_at > FORGET_SECONDS:
            record = _Record(0, now, now)
        record.failures += 1
        record.last_at = now
        beyond = record.failures - free
        if beyond >= 0:
            record.wait_until = now + min(FIRST_WAIT_SECONDS * 2 ** min(beyond, 10), LONGEST_WAIT_SECONDS)
        self._records[key] = record
        if len(self._records) > self._limit:
            self._records.popitem(last=False)
        return self._wait(key, now)
