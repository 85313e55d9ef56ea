"""Counters that wrap or fall, restarts of devices, and how long silence lasts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policy.books import Books, a_report, at_second
from tests.vendors.examples import NOW, a_nas, a_session
from zhuomai_appliance.model.access import ReportKind
from zhuomai_appliance.model.network import TrafficUnit
from zhuomai_appliance.policy.restarts import ends_with_restart, restart_is_current
from zhuomai_appliance.policy.sessions import slot_free_at, stale_at

START = ReportKind.START
TURN = 1 << 32


def test_wrap_of_a_32_bit_counter() -> None:
    """Without gigawords a fall of more than half a turn is a turn, again and again."""
    books = Books()
    books.record(a_report(START, gigawords_sent=False))
    true = 0
    for n in range(1, 12):
        true += 1_500_000_000
        said = true % TURN
        values: dict[str, Any] = {"input_octets": said, "output_octets": 0, "gigawords_sent": False}
        books.record(at_second(n * 300, 0, **values))
        books.record(at_second(n * 300, 0, **values))
    assert (books.rows[0].input_octets, books.rows[0].anomalies) == (true, 0)
    books.check()


def test_idle_after_a_wrap_is_no_anomaly() -> None:
    """The same low count again, after a turn, adds nothing and is nothing odd."""
    books = Books()
    for n, said in enumerate((4_000_000_000, 1_000, 1_000), 1):
        books.record(at_second(n * 300, 0, input_octets=said, output_octets=0, gigawords_sent=False))
    assert (books.rows[0].input_octets, books.rows[0].anomalies) == (TURN + 1000, 0)


@pytest.mark.parametrize(
    ("said", "changes", "line_bps"),
    [
        (1000, {"gigawords_sent": True}, 10**10),
        (2_000_000_000, {}, 10**10),
        (1000, {}, 1_000_000),
        (1000, {"at": NOW + 100, "session_seconds": 100}, 10**10),
    ],
)
def test_falls_that_are_no_wrap(said: int, changes: dict[str, Any], line_bps: int) -> None:
    """With gigawords, with a small fall, faster than the line, or late: the maximum stays."""
    books = Books(line_rate_bps=line_bps)
    books.record(at_second(300, 0, input_octets=4_000_000_000, gigawords_sent=False))
    values: dict[str, Any] = {"input_octets": said, "gigawords_sent": False}
    books.record(at_second(600, 0, **values | changes))
    assert books.rows[0].input_octets == 4_000_000_000
    books.check()


def test_wrap_in_kilobytes() -> None:
    """A device that counts in KB wraps at 2^32 KB."""
    books = Books(nas=a_nas(traffic_unit=TrafficUnit.KB))
    for n, said in enumerate((TURN - 100, 50), 1):
        books.record(at_second(n * 300, 0, input_octets=said * 1024, output_octets=0, gigawords_sent=False))
    assert books.rows[0].input_octets == (TURN + 50) * 1024


def test_restart() -> None:
    """A restart ends what began and was heard before it, unless a session began after it: then it was overtaken."""
    on = a_report(ReportKind.ON, at=NOW)
    assert restart_is_current(on, None)
    assert restart_is_current(on, NOW)
    assert not restart_is_current(on, NOW + 1)
    assert ends_with_restart(a_session(started_at=NOW - 600, updated_at=NOW - 10), NOW)
    assert not ends_with_restart(a_session(started_at=NOW - 600, updated_at=NOW + 1), NOW)
    assert not ends_with_restart(a_session(stopped_at=NOW - 5, updated_at=NOW - 5), NOW)


def test_slots_and_staleness() -> None:
    """W39: the slot is free two intervals and a minute after the last sign, the row closes later."""
    assert slot_free_at(NOW, 300) == NOW + 660
    assert stale_at(NOW, 300) == NOW + 960
    assert stale_at(NOW, 60) == NOW + 900
    assert stale_at(NOW, 300, 7200, heard_interim=False) == NOW + 7800
    assert stale_at(NOW, 300, None, heard_interim=False) == NOW + 86_400
    assert stale_at(NOW, 0) == NOW + 86_400
