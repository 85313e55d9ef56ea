"""The table of semantics §6, row by row, on a few books kept in memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policy.books import MAC, Books, a_report, at_second, begun
from tests.vendors.examples import NOW, a_nas, a_session
from zhuomai_appliance.model.access import AccessKind, ClosedBy, ReportKind, UsageReport
from zhuomai_appliance.policy.sessions import (
    MAX_SESSION_SECONDS,
    Close,
    Correct,
    Growth,
    Ignore,
    Open,
    Reopen,
    Update,
    WriteFinished,
    is_copy,
    merge,
)

START, INTERIM, STOP = ReportKind.START, ReportKind.INTERIM, ReportKind.STOP
TURN = 1 << 32


def test_start_opens() -> None:
    """A Start with no row opens one at the time of the event, with nothing to charge."""
    outcome = merge(a_report(START), None, None, a_nas())
    assert isinstance(outcome, Open)
    assert (outcome.started_at, outcome.start_lost) == (NOW, False)
    assert outcome.growth.is_nothing


def test_start_repeated_changes_nothing() -> None:
    """A retransmitted Start of an open session is answered and recorded nowhere, even after interims."""
    books = begun()
    assert isinstance(books.record(a_report(START)), Ignore)
    assert len(books.rows) == 1


@pytest.mark.parametrize("later", [0, 1, 3600, 86_399])
def test_start_of_a_finished_session_within_a_day(later: int) -> None:
    """A late Start under the id of a session that ended less than 24 hours ago opens nothing."""
    books = begun()
    books.record(at_second(600, 2000, STOP))
    assert isinstance(books.record(a_report(START, at=NOW + 600 + later)), Ignore)


def test_start_a_day_after_the_stop_is_new() -> None:
    """After 24 hours the id belongs to whoever uses it."""
    books = begun()
    books.record(at_second(600, 2000, STOP))
    assert isinstance(books.record(a_report(START, at=NOW + 600 + 86_400)), Open)


def test_start_with_our_other_class_is_a_new_login() -> None:
    """A Class that we issued for another login proves a new session at once; the old row ends at its last evidence."""
    books = begun(class_token=b"login-1")
    outcome = books.record(a_report(START, at=NOW + 400, class_token=b"login-2"))
    assert isinstance(outcome, Open)
    assert outcome.close_other is not None
    assert (outcome.close_other.closed_by, outcome.close_other.stopped_at) == (ClosedBy.REPLACED, NOW + 300)
    books.check()


def test_start_of_another_device_under_the_id() -> None:
    """After a restart another device gets the id: another session, whatever the counters say."""
    books = begun()
    outcome = books.record(a_report(START, at=NOW + 400, mac="a4:5e:60:00:00:01"))
    assert isinstance(outcome, Open)
    assert outcome.close_other is not None


def test_new_session_of_the_same_device_closes_the_old_one() -> None:
    """A Start of a client that is still open under another id: that one's Stop was lost, it ends at its last interim."""
    books = begun()
    outcome = books.record(a_report(START, at=NOW + 1000, acct_session_id="S2"))
    assert isinstance(outcome, Open)
    assert outcome.close_other is not None
    assert (outcome.close_other.closed_by, outcome.close_other.stopped_at) == (ClosedBy.STOP_LOST, NOW + 300)
    assert [row.acct_session_id for row in books.rows if row.stopped_at is None] == ["S2"]


def test_lost_start() -> None:
    """W38: first seen by an interim at 1800 s, a session began 1800 s before and all of it is charged."""
    outcome = merge(at_second(1800, 5000), None, None, a_nas())
    assert isinstance(outcome, Open)
    assert (outcome.started_at, outcome.start_lost) == (NOW, True)
    assert outcome.growth == Growth(NOW, NOW + 1800, 1800, 5000, 10_000)


def test_interim_charges_the_growth() -> None:
    """W31: cumulative 100, 200, 300 are 300 and not 600; each interim charges what it adds."""
    books = Books()
    books.record(a_report(START))
    outcomes = [books.record(at_second(n * 300, n * 100)) for n in (1, 2, 3)]
    assert [o.growth.input_octets for o in outcomes if isinstance(o, Update)] == [100, 100, 100]
    assert books.rows[0].input_octets == 300
    books.check()


def test_interim_repeated_and_late() -> None:
    """A repeated interim and one overtaken by the next change nothing and are no anomaly."""
    books = begun()
    books.record(at_second(600, 2000))
    for late in (at_second(600, 2000), at_second(300, 1000)):
        assert isinstance(books.record(late), Ignore)
    assert books.rows[0].anomalies == 0


def test_late_packet_without_event_time() -> None:
    """A device without Event-Timestamp: an overtaken interim looks newer, but its session time shows its age."""
    books = begun()
    books.record(at_second(600, 2000))
    late = at_second(300, 1000, at=NOW + 605)
    outcome = books.record(late)
    assert isinstance(outcome, Update)
    assert outcome.growth.is_nothing
    assert (len(books.rows), books.rows[0].anomalies, books.rows[0].input_octets) == (1, 0, 2000)


def test_counter_that_falls_for_no_reason() -> None:
    """The maximum stays, nothing is given back, and the oddity is counted once, copies or not."""
    books = begun()
    odd = at_second(600, 400)
    for _ in range(3):
        books.record(odd)
    assert (books.rows[0].input_octets, books.rows[0].anomalies) == (1000, 1)
    books.check()


@pytest.mark.parametrize("closed_by", [ClosedBy.STALE, ClosedBy.NAS_RESTART])
def test_interim_after_our_own_close_reopens(closed_by: ClosedBy) -> None:
    """The device says that the session lives: the same row goes on, no second one."""
    books = begun()
    books.sweep(1, closed_by)
    assert isinstance(books.record(at_second(3000, 9000)), Reopen)
    assert len(books.rows) == 1
    assert books.rows[0].stopped_at is None
    books.check()


def test_old_interim_after_our_own_close_only_raises() -> None:
    """An interim from before the close does not open the row again; what it adds is charged."""
    books = Books()
    books.record(a_report(START))
    books.record(at_second(600, 500))
    books.sweep(1)
    outcome = books.record(at_second(300, 800))
    assert isinstance(outcome, Correct)
    assert (outcome.audit, books.rows[0].stopped_at) == (False, NOW + 600)
    books.check()


def test_interim_of_a_session_left_behind_counts_but_stays_closed() -> None:
    """A client's older session that still reports is charged and does not push out the newer one."""
    books = begun()
    books.record(a_report(START, at=NOW + 400, acct_session_id="S2"))
    outcome = books.record(at_second(600, 3000))
    assert isinstance(outcome, Correct)
    assert [row.acct_session_id for row in books.rows if row.stopped_at is None] == ["S2"]
    books.check()


def test_unknown_older_session_of_a_device_with_a_newer_one() -> None:
    """A first report of an older session, after the newer has begun, is written down as over."""
    books = Books()
    books.record(a_report(START, at=NOW + 1000, acct_session_id="S2"))
    outcome = books.record(at_second(1010, 700))
    assert isinstance(outcome, WriteFinished)
    assert outcome.closed_by is ClosedBy.STOP_LOST
    assert outcome.close_other is None
    assert [row.acct_session_id for row in books.rows if row.stopped_at is None] == ["S2"]


def test_stop_closes_with_the_device_s_cause() -> None:
    """Stop sets the final totals, the end and the cause."""
    books = begun()
    outcome = books.record(at_second(450, 1500, STOP, cause=4))
    assert isinstance(outcome, Close)
    assert (outcome.stopped_at, outcome.cause, outcome.closed_by) == (NOW + 450, 4, ClosedBy.STOP)
    assert outcome.growth == Growth(NOW + 300, NOW + 450, 150, 500, 1000)
    books.check()


def test_stop_for_a_row_that_we_had_closed() -> None:
    """The Stop that came late after all replaces our own cause and keeps the row."""
    books = begun()
    books.sweep(1)
    assert isinstance(books.record(at_second(4000, 9000, STOP)), Close)
    assert (len(books.rows), books.rows[0].closed_by) == (1, ClosedBy.STOP)
    books.check()


def test_stop_of_an_unseen_session() -> None:
    """Start and interims lost: a finished row from the Stop's own totals, charged in full."""
    outcome = merge(at_second(900, 700, STOP), None, None, a_nas())
    assert isinstance(outcome, WriteFinished)
    assert (outcome.started_at, outcome.stopped_at, outcome.start_lost) == (NOW, NOW + 900, True)
    assert outcome.growth == Growth(NOW, NOW + 900, 900, 700, 1400)


def test_stop_repeated() -> None:
    """W37: a copy of the Stop and an interim that it overtook are charged nothing."""
    books = begun()
    stop = at_second(900, 1500, STOP)
    books.record(stop)
    assert isinstance(books.record(stop), Ignore)
    assert isinstance(books.record(at_second(600, 1200)), Ignore)
    assert isinstance(books.record(a_report(STOP, **_values(stop, at=NOW + 905))), Ignore)


def _values(report: UsageReport, **changes: Any) -> dict[str, Any]:
    names = ("at", "session_seconds", "input_octets", "output_octets")
    return {name: getattr(report, name) for name in names} | changes


def test_larger_total_after_the_stop_is_corrected_with_an_audit_line() -> None:
    """What a device adds to a session that it had ended is charged, and noted for who checks the books."""
    books = begun()
    books.record(at_second(900, 1500, STOP))
    outcome = books.record(at_second(900, 1600, STOP))
    assert isinstance(outcome, Correct)
    assert (outcome.audit, outcome.growth.input_octets) == (True, 100)
    books.check()


def test_stop_that_says_less_than_an_interim() -> None:
    """A Stop with empty counters, as some gear sends after a fault, lowers nothing."""
    books = begun()
    outcome = books.record(at_second(450, 0, STOP))
    assert isinstance(outcome, Close)
    assert (books.rows[0].input_octets, books.rows[0].anomalies) == (1000, 1)
    books.check()


def test_reused_id_seen_by_an_interim() -> None:
    """The session time fell and the session began after the last evidence: close the old row, open a new one."""
    books = begun(3000, 50_000)
    outcome = books.record(at_second(300, 700, at=NOW + 3700))
    assert isinstance(outcome, Open)
    assert outcome.close_other is not None
    assert (outcome.started_at, outcome.start_lost) == (NOW + 3400, True)
    assert (outcome.close_other.closed_by, outcome.close_other.stopped_at) == (ClosedBy.REPLACED, NOW + 3000)
    assert sum(row.input_octets for row in books.rows) == 50_700
    books.check()


def test_late_stop_of_the_session_that_had_the_id_before() -> None:
    """It must not end the session that has the id now."""
    books = begun(3000, 50_000)
    books.record(at_second(300, 700, at=NOW + 3700))
    assert isinstance(books.record(at_second(3100, 51_000, STOP)), Ignore)
    assert books.rows[1].stopped_at is None


def test_same_class_is_the_same_session() -> None:
    """Our Class wins over a device clock that jumped."""
    books = begun(3000, 50_000, class_token=b"login-1")
    outcome = books.record(at_second(10, 60_000, at=NOW + 9000, class_token=b"login-1"))
    assert isinstance(outcome, Update)
    assert len(books.rows) == 1


def test_session_of_a_hundred_years() -> None:
    """An absurd session time is cut, so that nobody walks its days, and is counted as an oddity."""
    outcome = merge(at_second(0, 1, session_seconds=0xFFFFFFFF), None, None, a_nas())
    assert isinstance(outcome, Open)
    assert outcome.started_at == NOW - MAX_SESSION_SECONDS
    assert outcome.counted.anomalies == 1


def test_probe_opens_nothing() -> None:
    """A device's own test of the server is no session."""
    assert merge(a_report(START, access_kind=AccessKind.PROBE), None, None, a_nas()) == Ignore("probe")


def test_device_events_are_not_about_sessions() -> None:
    """Accounting-On has a rule of its own."""
    with pytest.raises(ValueError, match="not about a session"):
        merge(a_report(ReportKind.ON), None, None, a_nas())


def test_address_learnt_later_is_kept() -> None:
    """An address that an interim brings stays when the next one has none."""
    books = Books()
    books.record(a_report(START, ip=None))
    books.record(at_second(300, 1, ip="10.9.1.9"))
    books.record(at_second(600, 2, ip=None))
    assert books.rows[0].ip == "10.9.1.9"


def test_user_names_tell_sessions_apart_only_without_addresses() -> None:
    """A name that changes its form keeps its session; without addresses a later Start of another name is another."""
    books = begun()
    assert isinstance(books.record(at_second(600, 2000, username_raw="20260001@dorm")), Update)
    nameless = begun(mac=None)
    assert isinstance(nameless.record(at_second(600, 2000, mac=None, username_raw="20260001@dorm")), Update)
    other = nameless.record(a_report(START, at=NOW + 700, mac=None, username_raw="somebody else"))
    assert isinstance(other, Open)
    assert other.close_other is not None


def test_two_devices_at_once_under_one_id() -> None:
    """A device that gives one id to two clients: the second one is not charged to the first, and rows do not multiply."""
    books = begun()
    for n in range(2, 6):
        books.record(at_second(300 * n, 1000 * n))
        stranger = books.record(at_second(300 * n + 1, 9_000_000 * n, mac="a4:5e:60:00:00:01"))
        assert isinstance(stranger, Ignore)
    assert [row.input_octets for row in books.rows] == [5000]


def test_stale_session_that_speaks_after_its_successor_began() -> None:
    """It is charged and stays closed: the newer session of the device is the living one."""
    books = begun()
    books.sweep(1)
    books.record(a_report(START, at=NOW + 2000, acct_session_id="S2"))
    assert isinstance(books.record(at_second(2100, 3000)), Correct)
    assert [row.acct_session_id for row in books.rows if row.stopped_at is None] == ["S2"]


def test_copy_of_a_short_session_s_stop_long_after() -> None:
    """Without event time, a copy that arrives later than the session lasted is still known by its totals."""
    books = Books()
    books.record(at_second(20, 700, STOP))
    assert isinstance(books.record(at_second(20, 700, STOP, at=NOW + 90)), Ignore)
    assert len(books.rows) == 1


def test_larger_interim_after_the_stop() -> None:
    """W37: a late interim of the same session may only raise the maximum, and that is noted."""
    books = begun()
    books.record(at_second(900, 1500, STOP))
    outcome = books.record(at_second(890, 1700))
    assert isinstance(outcome, Correct)
    assert (outcome.audit, outcome.growth.input_octets, books.rows[0].stopped_at) == (True, 200, NOW + 900)
    books.check()


def test_two_devices_in_one_second() -> None:
    """An id given to another device within the same second makes a second row, which begins a second later."""
    books = Books()
    books.record(a_report(START))
    books.record(a_report(START, mac="a4:5e:60:00:00:01"))
    assert [row.started_at for row in books.rows] == [NOW, NOW + 1]
    books.check()


@pytest.mark.parametrize("is_over", [False, True])
def test_late_word_that_comes_to_the_second_of_the_id_s_newer_session(is_over: bool) -> None:
    """Of a third device under one id the late word is recorded as over; what holds the id by now stays as it is."""
    books = begun(0, 0)
    books.record(a_report(STOP if is_over else START, at=NOW + 1, mac="a4:5e:60:00:00:01"))
    before, newest = books.rows
    late = a_report(INTERIM, at=NOW, mac="a4:5e:60:00:00:02")
    outcome = merge(late, before, newest, a_nas())
    assert isinstance(outcome, WriteFinished)
    assert (outcome.started_at, outcome.closed_by) == (newest.started_at, ClosedBy.STOP_LOST)
    assert outcome.close_other is None


@pytest.mark.parametrize(
    ("changes", "copied"),
    [
        ({}, True),
        ({"at": NOW - 30}, True),
        ({"kind": STOP}, True),
        ({"at": NOW + 1}, False),
        ({"input_octets": 701}, False),
        ({"output_octets": 0}, False),
        ({"session_seconds": 61}, False),
        ({"mac": "a4:5e:60:00:00:01"}, False),
        ({"class_token": b"another login"}, False),
    ],
)
def test_what_a_row_holds_already(changes: dict[str, Any], copied: bool) -> None:
    """The same client, login and totals, and nothing newer: whatever else the device calls it, it is a copy."""
    told = a_session(
        mac=MAC, session_seconds=60, input_octets=700, output_octets=9, updated_at=NOW, class_token=b""
    )
    said: dict[str, Any] = {
        "at": NOW,
        "mac": MAC,
        "session_seconds": 60,
        "input_octets": 700,
        "output_octets": 9,
    } | changes
    assert is_copy(a_report(said.pop("kind", INTERIM), **said), told) is copied


def test_copy_of_a_client_without_an_address() -> None:
    """By its name, which alone tells such clients apart."""
    told = a_session(mac=None, username_raw="ann", session_seconds=0, input_octets=0, output_octets=0)
    report = a_report(INTERIM, at=told.updated_at, mac=None, username_raw="ann", class_token=told.class_token)
    assert is_copy(report, told)
    assert not is_copy(report._replace(username_raw="bob"), told)
