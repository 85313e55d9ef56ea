"""How punctually access devices report: received, late and lost interims of the last hour, in memory (features C10).

Noting one costs less than a microsecond. An interim is late by what it comes behind its session's interval; a gap of
one interval and a half tells that one was lost on the way.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from zhuomai_appliance.model.network import NasId

SPAN_SECONDS: Final = 30
HOUR: Final = 3600
_SPANS: Final = HOUR // SPAN_SECONDS

_Span = list[int]
"""Number of the span since the epoch, received, lost, seconds late in all, the latest."""


class Punctuality(NamedTuple):
    """The last hour of a device. Lateness is in seconds over the interval, the mean over all that were received."""

    received: int
    lost: int
    late_seconds: float
    latest_seconds: int


class Interims:
    """What every device's interims were like. ``now`` is UTC epoch seconds by our own clock."""

    def __init__(self) -> None:
        self._lanes: dict[NasId, list[_Span]] = {}

    def heard(self, nas_id: NasId, gap_seconds: int, interval_seconds: int, now: int) -> None:
        """An interim came so long after the last sign of its session, whose interval is that."""
        number = now // SPAN_SECONDS
        try:
            span = self._lanes[nas_id][number % _SPANS]
        except KeyError:
            self._lanes[nas_id] = [[0, 0, 0, 0, 0] for _ in range(_SPANS)]
            span = self._lanes[nas_id][number % _SPANS]
        if span[0] != number:
            span[:] = number, 0, 0, 0, 0
        span[1] += 1
        late = gap_seconds - interval_seconds
        if late > 0:
            if 2 * late >= interval_seconds > 0:
                missed = (late + interval_seconds // 2) // interval_seconds
                span[2] += missed
                late = max(0, late - missed * interval_seconds)
            span[3] += late
            if late > span[4]:
                span[4] = late

    def received(self, nas_id: NasId, seconds: int, now: int) -> int:
        """How many interims came within the last so many seconds, to the half minute."""
        first = (now - seconds) // SPAN_SECONDS + 1
        lane = self._lanes.get(nas_id, ())
        return sum(span[1] for span in lane if first <= span[0] <= now // SPAN_SECONDS)

    def of(self, nas_id: NasId, now: int) -> Punctuality:
        """The last hour of a device; all zero for one that sent no interims."""
        newest = now // SPAN_SECONDS
        spans = [s for s in self._lanes.get(nas_id, ()) if newest - _SPANS < s[0] <= newest]
        received = sum(span[1] for span in spans)
        return Punctuality(
            received,
            sum(span[2] for span in spans),
            sum(span[3] for span in spans) / received if received else 0.0,
            max((span[4] for span in spans), default=0),
        )

    def keep(self, known: set[NasId]) -> None:
        """Forget the devices that are no longer listed."""
        for nas_id in self._lanes.keys() - known:
            del self._lanes[nas_id]
