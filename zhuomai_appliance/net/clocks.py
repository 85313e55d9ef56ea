"""The two clocks of the house, handed to every shell: the wall for the books, the monotonic one for waiting.

A jump of the wall clock neither ends a wait nor extends one (security S12); tests pass one ``Clock`` for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime


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
