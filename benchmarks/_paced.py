"""An open load: requests leave when they are due, whether those before them were answered or not.

That is how a campus behaves, and the only way to see a queue grow. A wait counts from the moment a request was due, so
that a generator kept waiting does not hide it. Each lane is one (source port, identifier) with its own datagrams in
their order; a request that is due while its lane waits for an answer leaves right after that answer.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import md5

from _load import LANES_OF_SOCKET, REPEAT_SECONDS, TRIES


class Lane:
    """One (source port, identifier): what it sends in turn, and the code of a right answer.

    When its first request is answered, ``then`` is due so many seconds later.
    """

    __slots__ = (
        "at",
        "backlog",
        "datagrams",
        "due",
        "expected",
        "port",
        "sent",
        "then",
        "then_seconds",
        "tries",
        "waiting",
        "wire",
    )

    def __init__(
        self,
        port: int,
        expected: int,
        datagrams: Sequence[bytes],
        then: Lane | None = None,
        then_seconds: float = 0,
    ) -> None:
        self.port = port
        self.expected = expected
        self.datagrams = datagrams
        self.then = then
        self.then_seconds = then_seconds
        self.at = 0
        self.backlog: deque[float] = deque()
        self.waiting = False
        self.due = self.sent = 0.0
        self.tries = 0
        self.wire: socket.socket


@dataclass
class Told:
    """What came of an open load. Waits are seconds from when a request was due to its answer."""

    answered: int = 0
    wrong: int = 0
    lost: int = 0
    repeated: int = 0
    seconds: float = 0.0
    waits: dict[int, list[float]] = field(default_factory=dict)
    outstanding: list[int] = field(default_factory=list)
    """How many were unanswered at the end of each second."""

    def all_waits(self) -> list[float]:
        """Of every port."""
        return sorted(itertools.chain.from_iterable(self.waits.values()))

    def wait_ms(self, part: float, port: int | None = None) -> float:
        """A quantile of the waits, of one port or of all."""
        ordered = self.all_waits() if port is None else sorted(self.waits.get(port, []))
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class _Open:
    """One open load while it runs."""

    def __init__(self, lanes: Sequence[Lane], secret: bytes) -> None:
        self._secret = secret
        self._lanes = lanes
        self._selector = selectors.EpollSelector()
        self._wires: list[socket.socket] = []
        self._waiting = 0
        self._events: list[tuple[float, int, Lane, bool]] = []
        self._number = itertools.count()
        self.told = Told()
        by_port: dict[int, list[Lane]] = {}
        for lane in lanes:
            by_port.setdefault(lane.port, []).append(lane)
        for port, found in by_port.items():
            for start in range(0, len(found), LANES_OF_SOCKET):
                self._wire(port, found[start : start + LANES_OF_SOCKET])

    def _wire(self, port: int, table: list[Lane]) -> None:
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        wire.connect(("127.0.0.1", port))
        wire.setblocking(False)
        for lane in table:
            lane.wire = wire
        self._wires.append(wire)
        self._selector.register(wire, selectors.EVENT_READ, (wire, table))

    def run(self, events: Iterable[tuple[float, Lane]], copies: Iterable[tuple[float, Lane]]) -> Told:
        began = time.perf_counter()
        for is_copy, found in ((False, events), (True, copies)):
            self._events += [(began + at, next(self._number), lane, is_copy) for at, lane in found]
        heapq.heapify(self._events)
        next_look, next_second = began + 0.5, began + 1.0
        while self._events or self._waiting:
            now = time.perf_counter()
            while self._events and self._events[0][0] <= now:
                due, _, lane, is_copy = heapq.heappop(self._events)
                if not is_copy:
                    lane.backlog.append(due)
                    self._next(lane, now)
                elif lane.waiting:
                    self._send(lane)
            for key, _ in self._selector.select(0.001):
                self._receive(*key.data)
            if now >= next_look:
                next_look = now + 0.5
                self._repeat(now)
            if now >= next_second:
                next_second += 1.0
                self.told.outstanding.append(
                    self._waiting + sum(len(lane.backlog) for lane in self._lanes if lane.waiting)
                )
        self.told.seconds = time.perf_counter() - began
        for wire in self._wires:
            wire.close()
        self._selector.close()
        return self.told

    def _next(self, lane: Lane, now: float) -> None:
        if lane.waiting or not lane.backlog or lane.at >= len(lane.datagrams):
            return
        lane.due = lane.backlog.popleft()
        lane.waiting = True
        lane.tries = 0
        self._waiting += 1
        self._send(lane)
        lane.sent = now

    def _send(self, lane: Lane) -> None:
        lane.tries += 1
        # A full buffer is a lost datagram: the repeat comes
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            lane.wire.send(lane.datagrams[lane.at])

    def _receive(self, wire: socket.socket, table: Sequence[Lane]) -> None:
        told, secret = self.told, self._secret
        while True:
            try:
                data = wire.recv(4096)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if len(data) < 20 or data[1] >= len(table):
                continue
            lane = table[data[1]]
            if not lane.waiting:
                continue
            asked = lane.datagrams[lane.at]
            if md5(data[:4] + asked[4:20] + data[20:] + secret).digest() != data[4:20]:
                continue
            now = time.perf_counter()
            if data[0] == lane.expected:
                told.answered += 1
                told.waits.setdefault(lane.port, []).append(now - lane.due)
            else:
                told.wrong += 1
            self._over(lane, now)

    def _over(self, lane: Lane, now: float) -> None:
        lane.waiting = False
        self._waiting -= 1
        lane.at += 1
        if lane.then is not None and lane.at == 1:
            heapq.heappush(self._events, (now + lane.then_seconds, next(self._number), lane.then, False))
        self._next(lane, now)

    def _repeat(self, now: float) -> None:
        for lane in self._lanes:
            if not lane.waiting or now - lane.sent <= REPEAT_SECONDS:
                continue
            if lane.tries >= TRIES:
                self.told.lost += 1
                self._over(lane, now)
            else:
                self.told.repeated += 1
                lane.sent = now
                self._send(lane)


def run(
    lanes: Sequence[Lane],
    secret: bytes,
    events: Iterable[tuple[float, Lane]],
    copies: Iterable[tuple[float, Lane]] = (),
) -> Told:
    """Send each lane's next request at the seconds given for it; until everything is answered or given up.

    Args:
        lanes: every lane that sends, `then` ones too; a lane's datagrams carry `lane_identifiers` of its place.
        events: seconds from now and the lane whose next request is due.
        copies: when a lane repeats what it waits for, if it does: a device that does not wait for its own patience.
    """
    return _Open(lanes, secret).run(events, copies)


def evenly(lanes: Sequence[Lane], rate: float, seconds: float) -> list[tuple[float, Lane]]:
    """So many requests a second, from lane after lane."""
    return [(at / rate, lanes[at % len(lanes)]) for at in range(int(rate * seconds))]
