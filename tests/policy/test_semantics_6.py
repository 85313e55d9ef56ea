"""The table of semantics §6 as a table: event, state, action; a row here for each row there, by the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.policy.books import Books, a_report, at_second, begun
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import ClosedBy, ReportKind, UsageReport
from zhuomai_appliance.policy.restarts import restart_is_current
from zhuomai_appliance.policy.sessions import (
    Close,
    Correct,
    Ignore,
    Open,
    Outcome,
    Reopen,
    Update,
    WriteFinished,
)

START, INTERIM, STOP = ReportKind.START, ReportKind.INTERIM, ReportKind.STOP


def nothing() -> Books:
    return Books()


def running() -> Books:
    """Begun at 0, one interim at 300 s with 1000 octets."""
    return begun()


def stopped() -> Books:
    books = begun()
    books.record(at_second(600, 2000, STOP))
    return books


def stale() -> Books:
    books = begun()
    books.sweep(1)
    return books


class Row(NamedTuple):
    """One row: what happens in which state, what is made of it, and the rows of the books afterwards.

    ``rows`` are (id, octets, seconds, who closed it).
    """

    event: str
    state: str
    given: Callable[[], Books]
    report: UsageReport
    outcome: type[Outcome]
    rows: list[tuple[str, int, int, ClosedBy | None]]


OPEN_300 = ("S1", 1000, 300, None)
STOPPED_600 = ("S1", 2000, 600, ClosedBy.STOP)
TABLE = [
    Row("Start", "none", nothing, a_report(START), Open, [("S1", 0, 0, None)]),
    Row("Start", "open, same key: retransmission", running, a_report(START), Ignore, [OPEN_300]),
    Row("Start", "closed within 24 h, same key: late duplicate", stopped, a_report(START), Ignore, [STOPPED_600]),
    Row(
        "Start", "another open session, same NAS + MAC: stop lost", running,
        a_report(START, at=NOW + 900, acct_session_id="S2"), Open,
        [("S1", 1000, 300, ClosedBy.STOP_LOST), ("S2", 0, 0, None)],
    ),
    Row("Interim", "none: open from it", nothing, at_second(900, 700), Open, [("S1", 700, 900, None)]),
    Row("Interim", "open: maximum", running, at_second(600, 1500), Update, [("S1", 1500, 600, None)]),
    Row("Interim", "closed by us (stale): same record again", stale, at_second(2000, 1500), Reopen, [("S1", 1500, 2000, None)]),
    Row("Interim", "closed by Stop, older event time", stopped, at_second(300, 1000), Ignore, [STOPPED_600]),
    Row("Stop", "none: finished from its own totals", nothing, at_second(900, 700, STOP), WriteFinished, [("S1", 700, 900, ClosedBy.STOP)]),
    Row("Stop", "open", running, at_second(600, 1500, STOP), Close, [("S1", 1500, 600, ClosedBy.STOP)]),
    Row("Stop", "stale", stale, at_second(600, 1500, STOP), Close, [("S1", 1500, 600, ClosedBy.STOP)]),
    Row("Stop", "closed by Stop: duplicate", stopped, at_second(600, 2000, STOP), Ignore, [STOPPED_600]),
    Row("Stop", "closed by Stop, larger total: corrected", stopped, at_second(600, 2500, STOP), Correct, [("S1", 2500, 600, ClosedBy.STOP)]),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.event} / {row.state}")
def test_semantics_6_table(row: Row) -> None:
    """What the table says comes about, and whatever the report's copies say afterwards changes nothing more."""
    books = row.given()
    outcome = books.record(row.report)
    books.check()
    assert isinstance(outcome, row.outcome)
    found = [(r.acct_session_id, r.input_octets, r.session_seconds, r.closed_by) for r in books.rows]
    assert found == row.rows
    for _ in range(2):
        books.record(row.report)
        books.check()
    assert [
        (r.acct_session_id, r.input_octets, r.session_seconds, r.closed_by) for r in books.rows
    ] == row.rows


@pytest.mark.parametrize("kind", [ReportKind.ON, ReportKind.OFF])
@pytest.mark.parametrize(
    ("newest", "current"), [(None, True), (NOW - 1, True), (NOW, True), (NOW + 1, False)]
)
def test_semantics_6_accounting_on_and_off(kind: ReportKind, newest: int | None, current: bool) -> None:
    """An On needs no Off before it; either is ignored if a session has begun since (reordered)."""
    assert restart_is_current(a_report(kind), newest) is current


TURN = 1 << 32


class Counter(NamedTuple):
    """A report after ``stored`` octets at 300 s: what it says, and what is then stored, in how many rows."""

    rule: str
    said: int
    at: int
    seconds: int
    gigawords: bool
    octets: list[int]
    anomalies: int


COUNTERS = [
    Counter("1 wrap: no gigawords, the drop is more than 2^31", 5000, 600, 600, False, [TURN + 5000], 0),
    Counter("1 no wrap: gigawords are sent", 5000, 600, 600, True, [4_000_000_000], 1),
    Counter("1 no wrap: a drop of less than half a turn", 2_000_000_000, 600, 600, False, [4_000_000_000], 1),
    Counter("2 session time also went down: id used again", 5000, 900, 60, False, [4_000_000_000, 5000], 0),
    Counter("3 older event time: reordered", 5000, 200, 200, False, [4_000_000_000], 0),
    Counter("4 otherwise: the maximum stays, an anomaly counts", 3_999_999_999, 600, 600, False, [4_000_000_000], 1),
]  # fmt: skip


@pytest.mark.parametrize("case", COUNTERS, ids=lambda case: case.rule)
def test_semantics_6_counter_rules(case: Counter) -> None:
    """A total that is smaller than the stored one, by each of the four rules; usage is never subtracted."""
    books = Books()
    books.record(a_report(START, gigawords_sent=False))
    books.record(at_second(300, 0, input_octets=4_000_000_000, output_octets=0, gigawords_sent=False))
    values: dict[str, Any] = {"input_octets": case.said, "output_octets": 0, "gigawords_sent": case.gigawords}
    books.record(at_second(case.at, 0, session_seconds=case.seconds, **values))
    books.check()
    assert [row.input_octets for row in books.rows] == case.octets
    assert sum(row.anomalies for row in books.rows) == case.anomalies


@pytest.mark.parametrize(("line_bps", "octets"), [(10**10, TURN + 5000), (7_000_000, 4_000_000_000)])
def test_semantics_6_wrap_needs_a_line_that_fast(line_bps: int, octets: int) -> None:
    """294,972,296 octets within 300 s need 7.9 Mbit/s: a slower port has not carried them, so it was no wrap."""
    books = Books(line_rate_bps=line_bps)
    books.record(at_second(300, 0, input_octets=4_000_000_000, output_octets=0, gigawords_sent=False))
    books.record(at_second(600, 0, input_octets=5000, output_octets=0, gigawords_sent=False))
    assert books.rows[0].input_octets == octets
