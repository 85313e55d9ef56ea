"""`zhuomai trace` beside a running daemon, as an operator uses it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import wire
from tests.journeys.box import ZHUOMAI, Box

pytestmark = pytest.mark.slow

SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "ac1"
address = "127.0.0.1"
secret = "testing123"
vendor = "huawei-campus"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
[[account]]
username = "alice"
password = "wonderland"
plan = "monthly"
"""
SECRET = b"testing123"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


def tracing(box: Box, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*ZHUOMAI, "--config", str(box.config), "trace", *words],
        cwd=box.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_login_and_accounting_of_a_user_live(box: Box) -> None:
    """A user's login, its answer, his Start and its answer appear decoded, his password nowhere; others do not appear."""
    with tracing(box, "alice", "--count", "4", "--seconds", "30") as trace:
        assert trace.stdout is not None
        assert trace.stdout.readline().startswith("tracing the user alice for 30 s")
        device = wire.Wire()
        auth, acct = box.address("auth"), box.address("acct")
        assert device.ask(wire.login(1, b"bob", b"guess", SECRET), auth) is not None
        assert (
            device.ask(wire.login(2, b"ALICE", b"wonderland", SECRET, [(31, b"a45e-60aa-bbcc")]), auth)
            is not None
        )
        body = wire.packed([(1, b"alice"), (31, b"a45e-60aa-bbcc"), (40, b"\0\0\0\1"), (44, b"s1")])
        assert device.ask(wire.request(wire.ACCOUNTING_REQUEST, 3, body, SECRET), acct) is not None
        device.close()
        said, errors = trace.communicate(timeout=20)
    assert trace.returncode == 0, errors
    for line in (
        "Access-Request 2",
        "Access-Accept 2",
        "Accounting-Request 3",
        "Accounting-Response 3",
        "    User-Name = ALICE",
        "    Acct-Status-Type = Start",
        "    User-Password = <hidden, 16 octets>",
    ):
        assert line in said, (line, said)
    assert "bob" not in said
    assert "wonderland" not in said


def test_json_and_the_end_by_time(box: Box) -> None:
    """A line of JSON for each packet; a trace that saw nothing ends by itself with status 1."""
    with tracing(box, "ac1", "--json", "--seconds", "3") as trace:
        device, until = wire.Wire(), time.monotonic() + 2
        while time.monotonic() < until:
            device.ask(wire.login(1, b"alice", b"wonderland", SECRET), box.address("auth"))
            time.sleep(0.1)
        device.close()
        said, errors = trace.communicate(timeout=20)
    assert trace.returncode == 0, errors
    events = [json.loads(line) for line in said.splitlines()]
    assert {event["flow"] for event in events} == {"auth"}
    assert {event["name"] for event in events} == {"Access-Request", "Access-Accept"}
    nothing = box.run("trace", "nobody", "--seconds", "1")
    assert nothing.returncode == 1, nothing.stderr


def test_without_a_daemon_and_wrong_words(box: Box) -> None:
    """One line that says what to do; wrong numbers are wrong usage."""
    assert box.run("trace", "alice", "--seconds", "soon").returncode == 2
    assert box.run("trace", "alice", "--count", "0").returncode == 2
    assert box.run("trace").returncode == 2
    box.stop()
    done = box.run("trace", "alice")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "zhuomai serve" in done.stderr
