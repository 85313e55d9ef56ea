"""Datagrams that wait for their turn: bounded in number, octets and age, and shared out fairly among the devices.

The kernel's own buffer holds a few hundred packets on a stock machine, and drops the newest. So each turn takes out what
waits there and works for a share of the turn; what is left stays here, a line for each device, served in rotation: a
device that repeats without end waits behind itself (security D1). When there is no room, the oldest of the longest lines
go first, and what is older than a device's patience is dropped unworked: its answer would come too late (D2).
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import islice
from typing import Final, Protocol

from twisted.logger import Logger

from zhuomai_appliance.flows.ports import NasFinder
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.outbox import Outbox
from zhuomai_appliance.net.radius_port import Way
from zhuomai_appliance.radius.packet import Code

PATIENCE_SECONDS: Final = 3.0
"""Devices ask again after 3 to 5 seconds; an answer later than that meets nobody."""

WAITING: Final = 16_384
WAITING_OCTETS: Final = 8 * 1024 * 1024
LINE_AT_LEAST: Final = 256
"""What every device may have waiting, however many others do."""

REQUESTS_PER_SECOND: Final = 10_000.0
"""Of one device; its quirk ``requests_per_second`` sets another number."""

BURST_SECONDS: Final = 2.0

LINES_LOOKED_AT: Final = 8
"""Lines whose oldest packet tells how late we are: with more than that, any tells."""

_PROBE: Final = bytes((Code.STATUS_SERVER,))


class Taker(Protocol):
    """The port behind an intake (net.radius_port)."""

    counters: Counter[str]

    def receive(self, datagram: bytes, addr: tuple[str, int], way: Way, arrived: float = 0.0) -> None:
        """Take one packet."""

    def pressed(self, waited_seconds: float, waiting: int) -> None:
        """A turn begins with so many packets; the oldest waited that long."""


class Reads(Protocol):
    """Whoever looks things up for the taker, and does it cheaper many times in one go (store.sqlite)."""

    def begin_reads(self) -> None:
        """Several look-ups begin; until they end they may see the books as they are now."""

    def end_reads(self) -> None:
        """No more of them."""


class _Line:
    """What one device has waiting, and how fast it may ask."""

    __slots__ = ("datagrams", "full_at")

    def __init__(self) -> None:
        self.datagrams: deque[tuple[float, bytes, tuple[str, int], Way]] = deque()
        self.full_at = 0.0


class Intake:
    """The waiting room of one port.

    ``turn_seconds`` is what it works before others have their turn. ``reads`` and ``outbox`` are told of turns with
    several packets: where these are looked up, and what keeps their answers together.
    """

    log = Logger(namespace="zhuomai.radius")

    def __init__(self, taker: Taker, finder: NasFinder, clocks: Clocks, *, turn_seconds: float) -> None:
        self._taker = taker
        self._finder = finder
        self.clocks = clocks
        self._turn_seconds = turn_seconds
        self._lines: dict[NasId, _Line] = {}
        self._order: deque[_Line] = deque()
        self._is_due = False
        self.reads: Reads | None = None
        self.outbox = Outbox()
        self.waiting = 0
        self.octets = 0

    def put(self, datagram: bytes, addr: tuple[str, int], way: Way, arrived: float) -> None:
        """Take a datagram in. ``arrived`` is when the machine received it, by the monotonic clock."""
        nas = self._finder.find(addr[0])
        if nas is None or datagram[:1] == _PROBE:
            # A stranger is dropped, and a probe answered, without waiting for anybody
            self._taker.receive(datagram, addr, way)
            return
        line = self._lines.get(nas.id)
        if line is None:
            line = self._lines[nas.id] = _Line()
        if self._is_too_fast(nas, line, arrived):
            self._taker.counters["too_fast"] += 1
            return
        if not line.datagrams:
            self._order.append(line)
        line.datagrams.append((arrived, datagram, addr, way))
        self.waiting += 1
        self.octets += len(datagram)
        while self.waiting > WAITING or self.octets > WAITING_OCTETS:
            self._make_room(line)

    @staticmethod
    def _is_too_fast(nas: Nas, line: _Line, now: float) -> bool:
        rate = nas.quirks.get("requests_per_second", REQUESTS_PER_SECOND)
        if not isinstance(rate, (int, float)) or rate <= 0:
            return False
        full_at = max(line.full_at, now) + 1.0 / rate
        if full_at - now > BURST_SECONDS:
            return True
        line.full_at = full_at
        return False

    def _make_room(self, line: _Line) -> None:
        share = max(LINE_AT_LEAST, WAITING // max(len(self._order), 1))
        if len(line.datagrams) <= share:
            line = max(self._order, key=lambda one: len(one.datagrams))
        self._taker.counters["no_room"] += 1
        self._take_oldest(line)
        if not line.datagrams:
            self._order.remove(line)

    def _take_oldest(self, line: _Line) -> tuple[float, bytes, tuple[str, int], Way]:
        found = line.datagrams.popleft()
        self.waiting -= 1
        self.octets -= len(found[1])
        return found

    def turn(self) -> None:
        """Work for our share of a turn; what is left has its next turn after everybody else's."""
        if not self._is_due:
            self._work()

    def _next(self) -> None:
        self._is_due = False
        self._work()

    def _work(self) -> None:
        if not self._order:
            return
        taker, order = self._taker, self._order
        now = self.clocks.monotonic()
        until = now + self._turn_seconds
        oldest = max(now - line.datagrams[0][0] for line in islice(order, LINES_LOOKED_AT))
        taker.pressed(oldest, self.waiting)
        if self.waiting > 1:
            self.outbox.run(self._take_together, now, until)
        else:
            self._take_all(now, until)
        if order:
            self._is_due = True
            self.clocks.later(0, self._next)

    def _take_together(self, now: float, until: float) -> None:
        reads = self.reads
        if reads is None:
            self._take_all(now, until)
            return
        reads.begin_reads()
        try:
            self._take_all(now, until)
        finally:
            reads.end_reads()

    def _take_all(self, now: float, until: float) -> None:
        monotonic, taker, order = self.clocks.monotonic, self._taker, self._order
        while order and now < until:
            line = order.popleft()
            arrived, datagram, addr, way = self._take_oldest(line)
            if line.datagrams:
                order.append(line)
            if now - arrived > PATIENCE_SECONDS:
                taker.counters["too_old"] += 1
                continue
            try:
                taker.receive(datagram, addr, way, arrived)
            except Exception:  # noqa: BLE001 - one datagram must not end the turn
                self.log.failure("a datagram could not be worked on")
            now = monotonic()
