"""Pages asked for without end, beside logins, at a real process: RADIUS goes first, and pages say when to come back.

How many milliseconds that takes is `benchmarks/flood.py`'s to tell; a machine on which others work makes everybody wait,
so here RADIUS is compared with the pages of the same seconds.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from tests.journeys.box import Box
from tests.journeys.test_flood import SITE, Valid

pytestmark = pytest.mark.slow

SECONDS = 5.0
LOGINS_A_SECOND = 200
BROWSERS = 60
BUSY = b"again in a few seconds.\n"
GET = b"GET /?wlanuserip=10.9.0.7 HTTP/1.1\r\nHost: portal\r\n\r\n"


class Seen(NamedTuple):
    """What browsers were told, by status, and the seconds they waited for each page that they got."""

    said: Counter[str]
    took: list[float]


def browse(address: tuple[str, int], seconds: float, out: Connection) -> None:
    """Browsers that ask again as soon as they are answered."""
    until = time.monotonic() + seconds
    seen = Seen(Counter(), [])
    talks: dict[socket.socket, tuple[float, bytes]] = {}
    while time.monotonic() < until:
        while len(talks) < BROWSERS:
            talk = socket.create_connection(address)
            talk.setblocking(False)
            talk.send(GET)
            talks[talk] = time.monotonic(), b""
        for talk in select.select(list(talks), [], [], 0.05)[0]:
            try:
                got = talk.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                got = b""
            began, whole = talks[talk]
            whole += got
            if not got:
                talk.close()
                del talks[talk]
            elif whole.endswith((b"0\r\n\r\n", BUSY)):
                now = time.monotonic()
                seen.said[whole[9:12].decode()] += 1
                if not whole.endswith(BUSY):
                    seen.took.append(now - began)
                talks[talk] = now, b""
                talk.send(GET)
            else:
                talks[talk] = began, whole
    for talk in talks:
        talk.close()
    out.send(seen)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


def test_logins_do_not_wait_for_pages(box: Box) -> None:
    """Beside browsers that never pause logins and reports are answered at the first try, and overtake the pages."""
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
    pages: Seen = mine.recv()
    browsers.join()
    took = sorted(valid.took)
    p90 = took[len(took) * 9 // 10]
    print(
        f"\n{len(took)} of {valid.sent} answered, p50 {median(took) * 1000:.1f} ms, p90 {p90 * 1000:.1f} ms;"
        f" pages {dict(pages.said)}, p50 {median(pages.took) * 1000:.1f} ms"
    )
    assert len(took) >= 0.999 * valid.sent
    assert pages.took
    assert set(pages.said) <= {"200", "302", "303", "503"}
    assert median(took) < median(pages.took) / 2
    assert p90 < median(pages.took)
    assert "Traceback" not in box.output
