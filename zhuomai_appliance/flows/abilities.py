"""What an access device has shown that it can and cannot do by CoA and Disconnect, remembered for a while.

A device that refused a CoA as unsupported (Error-Cause 401, 405, 406) gets a Disconnect at once next time; one that
answers no Disconnect is not asked about every silent session. Forgotten after a time and when the device is edited.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from zhuomai_appliance.model.network import Nas, NasId


class Inability(StrEnum):
    """What a device cannot do."""

    CHANGE = "change"
    ANSWER = "answer"


REMEMBERED_SECONDS: Final = {Inability.CHANGE: 86_400, Inability.ANSWER: 3600}
"""A day until a device is tried again with a CoA; an hour until a silent one is asked about a stale session."""


class Abilities:
    """The memory; a network of devices is remembered one by one."""

    def __init__(self) -> None:
        self._cannot: dict[tuple[Inability, NasId, str], tuple[Nas, int]] = {}
        self._answered: dict[tuple[NasId, str], int] = {}

    def note(self, inability: Inability, nas: Nas, host: str, now: int) -> None:
        """The device at ``host`` has shown that it cannot."""
        self._cannot[inability, nas.id, host] = nas, now + REMEMBERED_SECONDS[inability]

    def answered(self, nas: Nas, host: str, now: int) -> None:
        """The device has answered a request of ours, with whatever."""
        self._cannot.pop((Inability.ANSWER, nas.id, host), None)
        self._answered[nas.id, host] = now

    def answered_at(self, nas: Nas, host: str) -> int:
        """When it last answered a request of ours, epoch seconds; 0 for never."""
        return self._answered.get((nas.id, host), 0)

    def cannot(self, inability: Inability, nas: Nas, host: str, now: int) -> bool:
        """Whether it is remembered that the device cannot, as it is set up now."""
        known = self._cannot.get((inability, nas.id, host))
        if known is None:
            return False
        was, until = known
        if was == nas and now < until:
            return True
        del self._cannot[inability, nas.id, host]
        return False
