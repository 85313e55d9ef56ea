"""Pages asked for without end, beside logins, at a real process: RADIUS goes first, and pages say when to come back."""

from __future__ import annotations

import multiprocessing
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.journeys.box import Box
from tests.journeys.test_flood import SITE, Valid

pytestmark = pytest.mark.slow

SECONDS = 5.0
LOGINS_A_SECOND = 200
BROWSERS = 60
P99_SECONDS = 0.2
"""A tenth on a machine of its own; here others work beside."""
BUSY = b"again in a few seconds.\n"
GET = b"GET /?wlanuserip=10.9.0.7 HTTP/1.1\r\nHost: portal\r\n\r\n"


def browse(address: tuple[str, int], seconds: float, out: Connection) -> None:
    """Browsers that ask again as soon as they are answered; what they were told, by status."""
    until = time.monotonic() + seconds
    said: Counter[str] = Counter()
    talks: dict[socket.socket, bytes] = {}
    while time.monotonic() < until:
        while len(talks) < BROWSERS:
            talk = socket.create_connection(address)
            talk.setblocking(False)
            talk.send(GET)
            talks[talk] = b""
        for talk in select.select(list(talks), [], [], 0.05)[0]:
            try:
                got = talk.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                got = b""
            whole = talks[talk] + got
            if not got:
                talk.close()
                del talks[talk]
            elif whole.endswith((b"0\r\n\r\n", BUSY)):
                said[whole[9:12].decode()] += 1
                talks[talk] = b""
                talk.send(GET)
            else:
                talks[talk] = whole
    for talk in talks:
        talk.close()
    out.send(dict(said))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


def test_logins_do_not_wait_for_pages(box: Box) -> None:
    """Beside browsers that never pause logins are answered at the first try, 99 of 100 soon."""
    mine, theirs = multiprocessing.Pipe()
    browsers = multiprocessing.Process(target=browse, args=(box.address("captive"), SECONDS + 1, theirs))
    browsers.start()
    time.sleep(0.5)
    valid, began = Valid(box), time.monotonic()
    while (passed := time.monotonic() - began) < SECONDS:
        while valid.sent < passed * LOGINS_A_SECOND:
            valid.send()
        valid.read()
        time.sleep(0.0005)
    until = time.monotonic() + 3
    while valid.waiting and time.monotonic() < until:
        valid.read()
        time.sleep(0.005)
    pages = mine.recv()
    browsers.join()
    took = sorted(valid.took)
    p99 = took[len(took) * 99 // 100]
    print(
        f"\n{len(took)} of {valid.sent} answered, p50 {took[len(took) // 2] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms; pages {pages}"
    )
    assert len(took) >= 0.999 * valid.sent
    assert p99 < P99_SECONDS
    assert pages
    assert set(pages) <= {"200", "302", "303", "503"}
    assert "Traceback" not in box.output
