"""The two clocks of the house, handed to every shell: the wall for the books, the monotonic one for waiting.

A jump of the wall clock neither ends a wait nor extends one (security S12); tests pass one ``Clock`` for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

JUMP_SECONDS: Final = 60
"""A wall clock that moves by more against the monotonic one was set; time servers slew it by milliseconds."""

SETTLE_SECONDS: Final = 900.0
"""How long nothing is ended by a clock that was just set: a wrong one is often put right within minutes."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time as the shells see it."""

    reactor: IReactorTime
    wall: Callable[[], float]
    monotonic: Callable[[], float]

    @classmethod
    def of(cls, clock: IReactorTime) -> Clocks:
        """Both clocks from one, as tests want them."""
        return cls(clock, clock.seconds, clock.seconds)

    def now(self) -> int:
        """UTC epoch seconds, for the books."""
        return int(self.wall())

    def later(self, seconds: float, call: Callable[..., object], *args: object) -> IDelayedCall:
        """Call something after a while."""
        delayed: IDelayedCall = self.reactor.callLater(max(seconds, 0.0), call, *args)
        return delayed


class JumpWatch:
    """Notices that the wall clock was set while we run; logged once for each time.

    What time alone brings about (plans that end, sessions that are stale) asks `is_settled` first: after a jump of a
    day every plan of that day would be finished and its people thrown out, and no clock set back undoes that.
    """

    log = Logger(namespace="zhuomai.clock")

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._ahead = self._now_ahead()
        self._settled_at = clocks.monotonic()

    def is_settled(self) -> bool:
        """Whether the wall clock has run evenly for a while; true from the start."""
        ahead = self._now_ahead()
        jump = ahead - self._ahead
        if abs(jump) > JUMP_SECONDS:
            self._ahead = ahead
            self._settled_at = self._clocks.monotonic() + SETTLE_SECONDS
            self.log.warn(
                "the clock was set by {seconds} s; nobody's plan or session is ended for {pause} s",
                seconds=round(jump),
                pause=round(SETTLE_SECONDS),
            )
        return self._clocks.monotonic() >= self._settled_at

    def _now_ahead(self) -> float:
        return self._clocks.wall() - self._clocks.monotonic()
