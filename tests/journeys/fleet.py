"""Access devices that report thousands of sessions over a bad network, and remember what was acknowledged.

A script is made first, from a seed: devices, sessions, reports with virtual times in the last hours, one restart of every
device after which it uses its session ids again. `Fleet` then plays it over real sockets: datagrams are lost, doubled,
delayed and repeated late in both directions, and whatever is not answered is sent again until it is.
"""

from __future__ import annotations

import hashlib
import selectors
import struct
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

from tests.journeys import wire
from tests.journeys.wire import Wire

START, STOP, INTERIM, ON = 1, 2, 3, 7
INTERVAL = 300
WINDOW = 48
"""Reports of one device that wait for their answers at once."""

Totals = tuple[int, int, int]
"""Seconds, input octets, output octets: cumulative."""

NONE: Totals = (0, 0, 0)


def highest(one: Totals, other: Totals) -> Totals:
    return max(one[0], other[0]), max(one[1], other[1]), max(one[2], other[2])


@dataclass(slots=True, eq=False)
class Life:
    """One session as its device lived it: what the box acknowledged, and the most that was ever said of it."""

    device: int
    session_id: str
    username: str
    mac: str
    token: bytes
    started_at: int
    acked: Totals = NONE
    said: Totals = NONE
    is_acked: bool = False
    is_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a device has to say. ``life`` None: Accounting-On. ``must``: repeated until it is answered."""

    device: int
    kind: int
    at: int
    life: Life | None
    totals: Totals = NONE
    must: bool = True


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is: shares of all datagrams, and how late the late ones are, in seconds."""

    lost: float = 0.04
    doubled: float = 0.06
    delayed: float = 0.2
    delay_seconds: float = 0.08
    stuck: float = 0.01
    stuck_seconds: tuple[float, float] = (1.0, 4.0)
    echoed: float = 0.04
    echo_seconds: tuple[float, float] = (0.5, 5.0)


def script(seed: int, sessions: int, devices: int, people: int, now: int) -> tuple[list[Life], list[Report]]:
    """Lives and reports, the reports in the order of their virtual times."""
    random = Random(seed)
    lives: list[Life] = []
    reports: list[Report] = []
    half = 5000
    begin = now - 2 * half - 600
    per_epoch = sessions // (2 * devices)
    for device in range(devices):
        for epoch in range(2):
            opens = begin + epoch * half
            reports.append(Report(device, ON, opens, None))
            ends = opens + half - 60
            for number in range(per_epoch):
                life = Life(
                    device,
                    f"{number:06d}",
                    f"u{random.randrange(people):04d}" if random.random() < 0.97 else "stranger",
                    # Some phones are in two sessions at once: their Stop was lost
                    f"02:00:00:00:{device:02x}:{random.randrange(max(2, per_epoch // 2)) % 256:02x}"
                    if random.random() < 0.05
                    else f"06:{device:02x}:{epoch:02x}:00:{number >> 8:02x}:{number & 255:02x}",
                    b"" if device % 2 else f"class-{epoch}-{number}".encode(),
                    opens + random.randrange(5, half - 900),
                )
                lives.append(life)
                reports += _reports_of(life, ends, random)
    reports.sort(key=lambda report: report.at)
    return lives, reports


def _reports_of(life: Life, ends: int, random: Random) -> Iterator[Report]:
    yield Report(life.device, START, life.started_at, life)
    totals = NONE
    at = life.started_at
    heavy = random.random() < 0.06
    for turn in range(random.randrange(0, 7)):
        at += INTERVAL + random.randrange(-3, 4)
        if at >= ends:
            return
        grown = (
            random.randrange(1 << 33, 1 << 35) if heavy else random.randrange(0, 1 << random.randrange(8, 30))
        )
        totals = at - life.started_at, totals[1] + grown // 7, totals[2] + grown
        yield Report(life.device, INTERIM, at, life, totals, must=turn == 0 or random.random() > 0.03)
    if random.random() < 0.06:
        return  # the device never says how it ended
    at += random.randrange(1, INTERVAL)
    if at < ends:
        totals = at - life.started_at, totals[1] + 17, totals[2] + 1_017
        yield Report(life.device, STOP, at, life, totals)


@dataclass(slots=True, eq=False)
class _Exchange:
    report: Report
    datagram: bytes
    wire: Wire
    identifier: int
    tries: int = 0
    over: bool = False


@dataclass(slots=True)
class _Device:
    wires: list[Wire]
    waiting: deque[Report]
    free: deque[tuple[int, int]]
    out: dict[tuple[int, int], _Exchange] = field(default_factory=dict)


class Fleet:
    """Plays a script; `play` returns when every report that must be is acknowledged."""

    def __init__(
        self,
        reports: list[Report],
        secret: bytes,
        sources: list[str],
        where: Callable[[], tuple[str, int]],
        random: Random,
        weather: Weather,
    ) -> None:
        self._secret = secret
        self._where = where
        self._random = random
        self._weather = weather
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._selector = selectors.DefaultSelector()
        self._devices: list[_Device] = []
        self.counts: Counter[str] = Counter()
        by_device: dict[int, deque[Report]] = defaultdict(deque)
        for report in reports:
            by_device[report.device].append(report)
        for number, source in enumerate(sources):
            wires = [Wire(source) for _ in range(2)]
            free = deque((w, i) for i in range(256) for w in range(2))
            device = _Device(wires, by_device[number], free)
            self._devices.append(device)
            for at, one in enumerate(wires):
                one.socket.setblocking(False)
                self._selector.register(one.socket, selectors.EVENT_READ, (device, at))

    def close(self) -> None:
        """Let the sockets go."""
        self._selector.close()
        for device in self._devices:
            for one in device.wires:
                one.close()

    def play(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Run until everything is acknowledged (True), or until the time or the test's patience is over (False)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not is_over():
            busy = sum(self._fill(device) for device in self._devices)
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                heappop(self._due)[2]()
            if not busy and not self._due:
                return True
            wait = min(0.05, max(0.0, self._due[0][0] - now)) if self._due else 0.0
            for key, _ in self._selector.select(wait):
                self._hear(*key.data)
        return False

    @property
    def left(self) -> int:
        """Reports that are not acknowledged yet."""
        return sum(len(device.waiting) + len(device.out) for device in self._devices)

    def _fill(self, device: _Device) -> bool:
        while device.waiting and len(device.out) < WINDOW and device.free:
            report = device.waiting.popleft()
            at, identifier = device.free.popleft()
            if report.life is not None:
                report.life.said = highest(report.life.said, report.totals)
            exchange = _Exchange(report, self._encode(report, identifier), device.wires[at], identifier)
            device.out[at, identifier] = exchange
            self._later(self._hold(), lambda e=exchange, d=device, k=(at, identifier): self._try(e, d, k))  # type: ignore[misc]
        return bool(device.waiting or device.out)

    def _hold(self) -> float:
        random, weather = self._random, self._weather
        chance = random.random()
        if chance < weather.stuck:
            self.counts["stuck"] += 1
            return random.uniform(*weather.stuck_seconds)
        return random.uniform(0, weather.delay_seconds) if chance < weather.stuck + weather.delayed else 0.0

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        heappush(self._due, (time.monotonic() + seconds, next(self._order), call))

    def _try(self, exchange: _Exchange, device: _Device, key: tuple[int, int]) -> None:
        """Send, and come back later to see whether that was enough."""
        if exchange.over:
            return
        if exchange.tries and not exchange.report.must:
            self.counts["given up"] += 1
            self._end(exchange, device, key)
            return
        exchange.tries += 1
        self._send(exchange)
        if self._random.random() < self._weather.doubled:
            self.counts["doubled"] += 1
            self._send(exchange)
        self._later(min(0.3 * exchange.tries, 1.0), lambda: self._try(exchange, device, key))

    def _send(self, exchange: _Exchange) -> None:
        if self._random.random() < self._weather.lost:
            self.counts["lost"] += 1
            return
        self.counts["sent"] += 1
        exchange.wire.send(exchange.datagram, self._where())

    def _end(self, exchange: _Exchange, device: _Device, key: tuple[int, int]) -> None:
        exchange.over = True
        del device.out[key]
        device.free.append(key)

    def _hear(self, device: _Device, at: int) -> None:
        while True:
            try:
                reply = device.wires[at].socket.recv(4096)
            except BlockingIOError:
                return
            key = at, reply[1]
            exchange = device.out.get(key)
            if exchange is None or not self._answers(reply, exchange.datagram):
                continue
            if self._random.random() < self._weather.lost:
                self.counts["answers lost"] += 1
                continue
            self._acknowledged(exchange)
            self._end(exchange, device, key)

    def _answers(self, reply: bytes, asked: bytes) -> bool:
        digest = hashlib.md5(reply[:4] + asked[4:20] + reply[20:] + self._secret).digest()
        return reply[0] == wire.ACCOUNTING_RESPONSE and reply[4:20] == digest

    def _acknowledged(self, exchange: _Exchange) -> None:
        self.counts["acknowledged"] += 1
        report = exchange.report
        if report.life is not None:
            report.life.is_acked = True
            report.life.acked = highest(report.life.acked, report.totals)
            report.life.is_stopped |= report.kind == STOP
        if self._random.random() < self._weather.echoed:
            # A copy that comes late: as it was, or repeated under a new identifier as after a change of server
            again = exchange.datagram if self._random.random() < 0.5 else self._encode(report, 255)
            self._later(
                self._random.uniform(*self._weather.echo_seconds),
                lambda: self._echo(exchange.wire, again),
            )

    def _echo(self, one: Wire, datagram: bytes) -> None:
        self.counts["echoed"] += 1
        one.send(datagram, self._where())

    def _encode(self, report: Report, identifier: int) -> bytes:
        life = report.life
        attributes: list[wire.Attribute] = [
            (40, struct.pack("!I", report.kind)),
            (55, struct.pack("!I", report.at)),
            (41, struct.pack("!I", max(0, int(time.time()) - report.at))),
        ]
        if life is not None:
            seconds, up, down = report.totals
            attributes += [
                (1, life.username.encode()),
                (44, life.session_id.encode()),
                (31, life.mac.upper().replace(":", "-").encode()),
            ]
            if life.token:
                attributes.append((25, life.token))
            if report.kind != START:
                attributes += [
                    (46, struct.pack("!I", seconds)),
                    (42, struct.pack("!I", up & 0xFFFFFFFF)),
                    (52, struct.pack("!I", up >> 32)),
                    (43, struct.pack("!I", down & 0xFFFFFFFF)),
                    (53, struct.pack("!I", down >> 32)),
                ]
            if report.kind == STOP:
                attributes.append((49, struct.pack("!I", 1)))
        return wire.request(wire.ACCOUNTING_REQUEST, identifier, wire.packed(attributes), self._secret)


def differences(lives: list[Life], rows: list[tuple[int, str, int, int, int, str | None]]) -> list[str]:
    """What the books do not say as it was acknowledged.

    Args:
        rows: device, session id, seconds, input and output octets, closed_by; ordered by their start.
    """
    by_key: dict[tuple[int, str], list[tuple[Totals, str | None]]] = defaultdict(list)
    for device, session_id, seconds, up, down, closed_by in rows:
        by_key[device, session_id].append(((seconds, up, down), closed_by))
    expected: dict[tuple[int, str], list[Life]] = defaultdict(list)
    for life in lives:
        expected[life.device, life.session_id].append(life)
    wrong = [f"{key}: nobody lived it: {by_key[key]}" for key in by_key.keys() - expected.keys()]
    for key, wanted in expected.items():
        found = by_key[key]
        left = list(found)
        for life in sorted(wanted, key=lambda one: one.started_at):
            fits = [
                row
                for row in left
                if all(a <= r <= s for a, r, s in zip(life.acked, row[0], life.said, strict=True))
                and (row[1] == "stop" or not life.is_stopped)
            ]
            if fits:
                left.remove(fits[0])
            elif life.acked != NONE or (life.is_acked and not found):
                wrong.append(f"{key}: acknowledged {life.acked}, said {life.said}, in the books {found}")
        wrong += [f"{key}: counted twice: {row}" for row in left if row[0] != NONE]
    return wrong
