"""What was acknowledged is in the books, once, whatever the network and the power supply do.

`ZHUOMAI_SOAK_SECONDS=900 pytest tests/journeys/test_truth.py` plays a larger school for longer (`make soak`).
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Self

import pytest

from tests.journeys import box as box_module
from tests.journeys import fleet, wire
from tests.journeys.box import Box
from tests.journeys.fleet import Fleet, Life, Weather
from tests.journeys.wire import Wire

pytestmark = pytest.mark.slow

SOAK_SECONDS = int(os.environ.get("ZHUOMAI_SOAK_SECONDS", "0"))
SEED = int(os.environ.get("ZHUOMAI_SOAK_SEED", "20261125"))
SECRET = b"testing123"
SOURCES = [f"127.0.0.{number}" for number in range(11, 15)]
PEOPLE = 120


def site() -> str:
    plans = """
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
[[plan]]
name = "pack"
kind = "data"
data = "900 GB"
price = "10.00"
"""
    devices = "".join(
        f'[[nas]]\nname = "d{n}"\naddress = "{source}"\nsecret = "{SECRET.decode()}"\nvendor = "standard"\n'
        for n, source in enumerate(SOURCES)
    )
    people = "".join(
        f'[[account]]\nusername = "u{n:04d}"\npassword = "p"\nbalance = "5.00"\nplan = ["pack", "monthly"]\n'
        for n in range(PEOPLE)
    )
    return plans + devices + people


CALM = Weather(lost=0.0, doubled=0.0, delayed=0.0, stuck=0.0, echoed=0.0)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        box.init()
        box.apply(site())
        box.start()
        yield box


class PowerCuts:
    """Kills the daemon every few seconds and starts it again, until told to stop."""

    def __init__(self, box: Box, random: Random, seconds: tuple[float, float]) -> None:
        self._box = box
        self._random = random
        self._seconds = seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="power cuts")
        self.where = box.address("acct")
        self.cuts = 0
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._done.wait(self._random.uniform(*self._seconds)):
                self._box.kill()
                self.cuts += 1
                self._box.start()
                self.where = self._box.address("acct")
        except Exception as error:  # noqa: BLE001 - told to the test, which fails by it
            self.error = error


def books(box: Box) -> list[tuple[int, str, int, int, int, str | None]]:
    """Every session's row, by the number of its device, ordered by its start."""
    return [
        (SOURCES.index(address), *rest)
        for address, *rest in box.rows(
            """SELECT nas_address, acct_session_id, session_seconds, input_octets, output_octets, closed_by
            FROM session_all ORDER BY started_at, id"""
        )
    ]


def check(box: Box, lives: list[Life]) -> None:
    wrong = fleet.differences(lives, books(box))
    assert not wrong, f"{len(wrong)} of {len(lives)} sessions: " + "\n".join(wrong[:10])
    box.check_books()


def test_nothing_acknowledged_is_lost_lowered_or_counted_twice(box: Box) -> None:
    """Sessions under duplicates, loss, reordering, late copies, gigawords, used-again ids and SIGKILL every few seconds."""
    sessions = 150 * SOAK_SECONDS if SOAK_SECONDS else 3000
    random = Random(SEED)
    lives, reports = fleet.script(SEED, sessions, len(SOURCES), PEOPLE, int(time.time()))
    with PowerCuts(box, random, (1.5, 3.0)) as power:
        devices = Fleet(reports, SECRET, SOURCES, lambda: power.where, Random(SEED + 1), Weather())
        try:
            done = devices.play(10 * SOAK_SECONDS + 90, lambda: power.error is not None)
        finally:
            devices.close()
    assert power.error is None, power.error
    assert done, f"{devices.left} reports were never answered: {devices.counts}"
    print(f"{len(reports)} reports, {power.cuts} power cuts, {dict(devices.counts)}")
    assert power.cuts >= 3
    assert min(devices.counts[what] for what in ("lost", "doubled", "stuck", "echoed", "answers lost")) > 10
    assert max(life.acked[2] for life in lives) > 1 << 33
    check(box, lives)
    assert box.stop() == 0
    check(box, lives)


def test_sigterm_under_load_drains(box: Box) -> None:
    """SIGTERM ends a busy daemon with status 0 in ten seconds; it has answered exactly what it has recorded."""
    lives, reports = fleet.script(SEED, 6000, len(SOURCES), PEOPLE, int(time.time()))
    reports = [replace(report, must=True) for report in reports]
    where = box.address("acct")
    devices = Fleet(reports, SECRET, SOURCES, lambda: where, Random(SEED), CALM)
    try:
        assert not devices.play(60, lambda: devices.counts["acknowledged"] > 1500)
        assert devices.left > 1500, "the load must outlast the daemon"
        began = time.monotonic()
        box.terminate()
        process = box.process
        assert process is not None
        devices.play(10, lambda: process.poll() is not None)
        assert box.wait() == 0
        took = time.monotonic() - began
        devices.play(0.3)
    finally:
        devices.close()
    assert took < 10
    for life in lives:
        life.said = life.acked
    check(box, lives)
    answered = {(life.device, life.session_id) for life in lives if life.is_acked}
    assert {(device, session_id) for device, session_id, *_ in books(box)} == answered


def test_sigterm_as_soon_as_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops the daemon the moment it says where it listens gets the same orderly end."""
    monkeypatch.setattr(box_module, "LOOK_SECONDS", 0.0)
    with Box(tmp_path) as box:
        box.init()
        for _ in range(3):
            box.start()
            assert box.stop() == 0
            assert not box.listening.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of twelve megabytes. Where mounting is not allowed the run's last lines say so."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"the full disk was not tested: this user may not mount ({mounted.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_full_disk_is_silence_and_no_loss(small_disk: Path, tmp_path: Path) -> None:
    """While the disk is full reports go unanswered and logins go on; with space again everything is recorded, once."""
    settings = box_module.SETTINGS.replace("{folder}/state", str(small_disk / "state"))
    lives, reports = fleet.script(SEED, 600, len(SOURCES), PEOPLE, int(time.time()))
    with Box(tmp_path, settings) as box:
        box.state = small_disk / "state"
        box.init()
        box.apply(site())
        box.start()
        where = box.address("acct")
        devices = Fleet(reports, SECRET, SOURCES, lambda: where, Random(SEED), CALM)
        try:
            assert not devices.play(30, lambda: devices.counts["acknowledged"] > 300)
            fill(small_disk / "filler")
            devices.play(2.5)
            before = devices.counts["acknowledged"]
            devices.play(1)
            assert devices.counts["acknowledged"] == before, "answered with a full disk"
            assert devices.left
            device = Wire(SOURCES[0])
            try:
                reply = device.ask(wire.login(1, b"u0001", b"p", SECRET), box.address("auth"))
            finally:
                device.close()
            assert reply is not None
            assert reply[0] == wire.ACCESS_ACCEPT
            (small_disk / "filler").unlink()
            assert devices.play(40), f"{devices.left} reports were never answered"
        finally:
            devices.close()
        check(box, lives)
        assert box.stop() == 0


def fill(path: Path) -> None:
    """Leave not a block free."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC


def test_read_only_disk_still_lets_known_people_in(small_disk: Path, tmp_path: Path) -> None:
    """A box that starts on a disk it cannot write answers logins and says what is wrong; it records, and answers, nothing."""
    settings = box_module.SETTINGS.replace("{folder}/state", str(small_disk / "state"))
    with Box(tmp_path, settings) as box:
        box.state = small_disk / "state"
        box.init()
        box.apply(site())
        box.start()
        auth, acct = box.address("auth"), box.address("acct")
        box.pin()
        assert box.stop() == 0
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        box.launch()
        device = Wire(SOURCES[0])
        try:
            reply = None
            deadline = time.monotonic() + 15
            while reply is None and time.monotonic() < deadline:
                reply = device.ask(wire.login(1, b"u0001", b"p", SECRET), auth)
            assert reply is not None, box.output[-2000:]
            assert reply[0] == wire.ACCESS_ACCEPT
            start = wire.packed([(40, (1).to_bytes(4, "big")), (44, b"S1"), (1, b"u0001")])
            asked = wire.request(wire.ACCOUNTING_REQUEST, 2, start, SECRET)
            assert device.ask(asked, acct) is None
        finally:
            device.close()
        assert "no control socket" in box.output
        assert "Traceback" not in box.output
        assert box.stop() == 0
