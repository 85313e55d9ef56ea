"""A load generator for RADIUS over loopback: prebuilt datagrams, so many outstanding, every answer verified.

A *lane* is one (source port, identifier) pair with its own datagrams, sent one after the other: the next leaves when the
one before it is answered, and an unanswered one is repeated unchanged. So the number of lanes is the number of
requests that are outstanding, and the packets of one session keep their order.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from statistics import median

REPEAT_SECONDS = 2.0
LOOK_SECONDS = 0.5
TRIES = 4
LANES_OF_SOCKET = 64


@dataclass(frozen=True)
class Measured:
    """What came of one load. Waits are seconds from the first sending to the answer."""

    answered: int
    wrong: int
    lost: int
    repeated: int
    seconds: float
    waits: list[float]

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.answered / self.seconds

    def wait(self, part: float) -> float:
        """A quantile of the waits in milliseconds."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class _Lane:
    __slots__ = ("at", "datagram", "datagrams", "first_sent", "sent", "tries", "wire")

    def __init__(self, wire: socket.socket, datagrams: Sequence[bytes]) -> None:
        self.wire = wire
        self.datagrams = datagrams
        self.at = 0
        self.datagram = b""
        """What is outstanding; empty when nothing is."""
        self.first_sent = self.sent = 0.0
        self.tries = 0

    def next(self, now: float) -> bool:
        """Send the next datagram; False when there is none."""
        if self.at >= len(self.datagrams):
            self.datagram = b""
            return False
        self.datagram = self.datagrams[self.at]
        self.at += 1
        self.tries = 0
        self.first_sent = now
        self.send(now)
        return True

    def send(self, now: float) -> None:
        self.sent = now
        self.tries += 1
        # A full buffer, or a server that is just starting, is a lost datagram: the repeat comes
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self.wire.send(self.datagram)


class _Load:
    """One load while it runs."""

    def __init__(self, port: int, lanes: Sequence[Sequence[bytes]], secret: bytes, expected: int) -> None:
        self._secret = secret
        self._expected = expected
        self._selector = selectors.EpollSelector()
        self._wires: list[socket.socket] = []
        self._lanes: list[_Lane] = []
        self._until = 0.0
        self._busy = self.answered = self.wrong = self.lost = self.repeated = 0
        self.last_answer = 0.0
        self.waits: list[float] = []
        for start in range(0, len(lanes), LANES_OF_SOCKET):
            wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            wire.connect(("127.0.0.1", port))
            wire.setblocking(False)
            table = [_Lane(wire, datagrams) for datagrams in lanes[start : start + LANES_OF_SOCKET]]
            self._wires.append(wire)
            self._lanes += table
            self._selector.register(wire, selectors.EVENT_READ, (wire, table))

    def run(self, seconds: float) -> float:
        """Send and receive; the seconds from the first request to the last answer."""
        began = now = time.perf_counter()
        self._until, next_look = began + seconds, began + LOOK_SECONDS
        self.last_answer = began
        self._busy = sum(lane.next(now) for lane in self._lanes)
        while self._busy:
            for key, _ in self._selector.select(0.1):
                wire, table = key.data
                self._receive(wire, table)
            now = time.perf_counter()
            if now >= next_look:
                next_look = now + LOOK_SECONDS
                self._repeat(now)
        for wire in self._wires:
            wire.close()
        self._selector.close()
        return self.last_answer - began

    def _receive(self, wire: socket.socket, table: Sequence[_Lane]) -> None:
        receive, secret, clock = wire.recv, self._secret, time.perf_counter
        while True:
            try:
                data = receive(4096)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if len(data) < 20 or data[1] >= len(table):
                continue
            lane = table[data[1]]
            asked = lane.datagram
            if not asked or md5(data[:4] + asked[4:20] + data[20:] + secret).digest() != data[4:20]:
                continue
            now = clock()
            if data[0] == self._expected:
                self.answered += 1
                self.waits.append(now - lane.first_sent)
            else:
                self.wrong += 1
            self.last_answer = now
            self._go_on(lane, now)

    def _go_on(self, lane: _Lane, now: float) -> None:
        if now >= self._until or not lane.next(now):
            lane.datagram = b""
            self._busy -= 1

    def _repeat(self, now: float) -> None:
        for lane in self._lanes:
            if not lane.datagram or now - lane.sent <= REPEAT_SECONDS:
                continue
            if lane.tries >= TRIES:
                self.lost += 1
                self._go_on(lane, now)
            else:
                self.repeated += 1
                lane.send(now)


def run(
    port: int, lanes: Sequence[Sequence[bytes]], secret: bytes, expected: int, seconds: float
) -> Measured:
    """Send what the lanes hold to a loopback port until all is answered or the time is over.

    Args:
        lanes: the datagrams of each lane, all with the identifier that `identifier_of` gives it.
        expected: the code of a right answer; any other is counted as wrong.
        seconds: after so many no new request leaves; what is outstanding may still be answered.
    """
    load = _Load(port, lanes, secret, expected)
    took = load.run(seconds)
    return Measured(load.answered, load.wrong, load.lost, load.repeated, max(took, 1e-9), load.waits)


def identifier_of(lane: int) -> int:
    """The RADIUS identifier that every datagram of a lane must carry."""
    return lane % LANES_OF_SOCKET


def middle(rounds: Sequence[Measured]) -> Measured:
    """The round whose rate is the median."""
    rate = median(sorted(r.rate for r in rounds)[: len(rounds) // 2 * 2 + 1])
    return min(rounds, key=lambda r: abs(r.rate - rate))
