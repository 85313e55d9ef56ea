"""A flood of mutated packets beside valid requests, to a real process: nobody honest notices, nothing forbidden is said.

``make flood`` runs the same for a minute and prints the figures; ZHUOMAI_FLOOD_SECONDS and ZHUOMAI_FLOOD_RATE set how
long and how many packets a second.
"""

from __future__ import annotations

import os
import random
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import wire
from tests.journeys.box import Box
from zhuomai_appliance.figures import METRICS

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("ZHUOMAI_FLOOD_SECONDS", "6"))
RATE = int(os.environ.get("ZHUOMAI_FLOOD_RATE", "5000"))
VALID_RATE = 200
ACCOUNTS = 200
GROWTH_KIB = 64 * 1024
PATIENCE_SECONDS = 3.0
"""As long as an access device waits before it asks again."""

GOOD, HOSTILE, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.9"
GOOD_SECRET, HOSTILE_SECRET = b"testing123", b"another-secret"

SITE = f"""
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "good"
address = "{GOOD}"
secret = "{GOOD_SECRET.decode()}"
vendor = "huawei-campus"
[[nas]]
name = "hostile"
address = "{HOSTILE}"
secret = "{HOSTILE_SECRET.decode()}"
vendor = "huawei-campus"
message_authenticator = "require"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 0
""" + "".join(
    f'[[account]]\nusername = "u{number}"\npassword = "wonderland"\nplan = "monthly"\n'
    for number in range(ACCOUNTS)
)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


def mutated(seed: int, count: int) -> list[tuple[str, bytes]]:
    """Packets that may not be answered, with the port they go to: every one was right before something was changed."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        name = b"u%d" % chance.randrange(ACCOUNTS)
        if number % 3:
            port = "auth"
            datagram = bytearray(
                wire.login(
                    number % 256, name, b"wonderland", HOSTILE_SECRET, [(wire.NAS_PORT, bytes(4))], sign=True
                )
            )
        else:
            port = "acct"
            body = wire.packed([(wire.USER_NAME, name), (40, b"\0\0\0\1"), (44, b"%08x" % number)])
            datagram = bytearray(wire.request(wire.ACCOUNTING_REQUEST, number % 256, body, HOSTILE_SECRET))
        right = bytes(datagram)
        way = chance.randrange(5)
        if way == 0:
            del datagram[chance.randrange(1, len(datagram)) :]
        elif way == 1:
            datagram = bytearray(chance.randbytes(chance.randrange(1, 4097)))
        else:
            for _ in range(chance.randrange(1, 4)):
                datagram[chance.randrange(len(datagram))] ^= 1 << chance.randrange(8)
        if datagram != right:
            made.append((port, bytes(datagram)))
    return made


class Valid:
    """Logins and Starts of the good device, each sent once; how long each answer took."""

    def __init__(self, box: Box) -> None:
        self.auth, self.acct = box.address("auth"), box.address("acct")
        self.sockets: list[socket.socket] = []
        self.waiting: dict[tuple[int, int], float] = {}
        self.took: list[float] = []
        self.sent = self.wrong = 0

    def send(self) -> None:
        """Send the next one. Each socket has 256 identifiers; one that is still in use means a new socket."""
        number, identifier = divmod(self.sent, 200)
        while len(self.sockets) <= number:
            self.sockets.append(bound(GOOD))
        name = b"u%d" % (self.sent % ACCOUNTS)
        mac = b"a45e-%04x-%04x" % (self.sent >> 16, self.sent & 0xFFFF)
        if self.sent % 2:
            body = wire.packed([(1, name), (31, mac), (40, b"\0\0\0\1"), (44, b"s%d" % self.sent)])
            datagram, to = wire.request(wire.ACCOUNTING_REQUEST, identifier, body, GOOD_SECRET), self.acct
        else:
            datagram, to = (
                wire.login(identifier, name, b"wonderland", GOOD_SECRET, [(31, mac)], sign=True),
                self.auth,
            )
        self.waiting[(number, identifier)] = time.monotonic()
        self.sockets[number].sendto(datagram, to)
        self.sent += 1

    def read(self) -> None:
        """Take what was answered."""
        now = time.monotonic()
        for number, talk in enumerate(self.sockets):
            while (datagram := received(talk)) is not None:
                began = self.waiting.pop((number, datagram[1]), None)
                if began is None or datagram[0] not in (wire.ACCESS_ACCEPT, wire.ACCOUNTING_RESPONSE):
                    self.wrong += 1
                else:
                    self.took.append(now - began)


def bound(host: str) -> socket.socket:
    talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    talk.bind((host, 0))
    talk.setblocking(False)
    return talk


def received(talk: socket.socket) -> bytes | None:
    try:
        return talk.recv(4096)
    except BlockingIOError:
        return None


def resident_kib(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1])


def test_nobody_honest_notices_a_flood(box: Box) -> None:
    """Valid requests are answered at the first try, mutated ones never; memory, log and process stay as they are."""
    assert box.process is not None
    pid, before = box.process.pid, resident_kib(box.process.pid)
    said = len(box.output.splitlines())
    packets = mutated(1, 4000)
    hostile, stranger, valid = bound(HOSTILE), bound(STRANGER), Valid(box)
    ports = {name: box.address(name) for name in ("auth", "acct")}
    sent = answered = 0
    began = time.monotonic()
    while (passed := time.monotonic() - began) < SECONDS:
        while sent < passed * RATE:
            port, datagram = packets[sent % len(packets)]
            (stranger if sent % 2 else hostile).sendto(datagram, ports[port])
            sent += 1
            if sent % 64 == 0:
                break
        while valid.sent < passed * VALID_RATE:
            valid.send()
        valid.read()
        for talk in (hostile, stranger):
            while received(talk) is not None:
                answered += 1
        time.sleep(0.0005)
    until = time.monotonic() + PATIENCE_SECONDS
    while valid.waiting and time.monotonic() < until:
        valid.read()
        time.sleep(0.005)
    took = sorted(valid.took)
    with urllib.request.urlopen(box.url("plain_admin") + "metrics", timeout=10) as page:  # noqa: S310 - our own
        figures = page.read().decode()
    grown = resident_kib(pid) - before
    print(
        f"\nflood {sent / SECONDS:.0f}/s for {SECONDS:.0f} s: {len(took)} of {valid.sent} valid answered at the first"
        f" try, p50 {took[len(took) // 2] * 1000:.1f} ms, p99 {took[len(took) * 99 // 100] * 1000:.1f} ms;"
        f" {answered} mutated answered; resident memory grew by {grown // 1024} MiB"
    )
    assert sent >= 0.8 * RATE * SECONDS, "this machine could not make the flood"
    assert valid.wrong == 0
    assert len(took) >= 0.999 * valid.sent
    assert answered == 0
    assert grown < GROWTH_KIB
    assert box.process.poll() is None
    assert "Traceback" not in box.output
    assert len(box.output.splitlines()) - said < 200
    for reason in ("unknown_nas", "malformed", "bad_message_authenticator", "wrong_secret"):
        assert re.search(rf'zhuomai_radius_dropped_total{{port="\w+",reason="{reason}"}} [1-9]', figures), (
            reason
        )
    names = set(re.findall(r"^# TYPE (zhuomai_\w+)", figures, flags=re.MULTILINE))
    assert names <= set(METRICS), "a figure without a documented name"
    assert len(names) > len(METRICS) // 2
    box.stop()
    box.check_books()
