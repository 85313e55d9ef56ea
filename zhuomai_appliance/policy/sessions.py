"""The truth of accounting: what one report does to the books (semantics §6). Pure, total, and never forgetful.

Totals are maxima: whatever order, copies and losses the network makes of a session's reports, the stored counters are
the largest that any of them said, and usage is charged by the growth of that maximum. So a repeat is harmless, a late
packet cannot lower anything and no growth is ever negative.

Which session a report is about is settled first, since devices use an Acct-Session-Id again after a restart:

* another device address is another session, and so is another name where no address is known;
* the same Class, which we issue once per login, is the same session;
* otherwise a report whose session began (event time less Acct-Session-Time) after the last we know of the stored one
  is another session. That is sharper than "Acct-Session-Time went down", which a late packet shows as well.

Only a newer report without gigawords may be taken for a counter that wrapped at 2^32, and only if the port could have
carried the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import AccessKind, ClosedBy, ReportKind, Session, UsageReport
from zhuomai_appliance.model.network import Nas

LATE_START_SECONDS: Final = 86_400
"""For how long after its end a session's id belongs to it against a Start that proves nothing else."""

MAX_SESSION_SECONDS: Final = 400 * 86_400
"""No session lasts longer; a device that says so has a broken clock, and its days are not to be walked one by one."""

DEFAULT_LINE_RATE_BPS: Final = 10_000_000_000
"""The fastest access port of a campus; bounds what a wrapped counter may be read as."""

UNCONFIRMED_SECONDS: Final = 60
"""How much later than its Start a device may begin to count a session's time."""

COPY_SECONDS: Final = 60
"""How far from its own word a row may begin whose second another session of its id had taken."""

_WORD: Final = 1 << 32


class Growth(NamedTuple):
    """What a report adds to what was counted before; nothing here is ever negative.

    It was used between ``since`` and ``until`` (epoch seconds), which is how a day's share is found.
    """

    since: int
    until: int
    seconds: int
    input_octets: int
    output_octets: int

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to charge."""
        return not (self.seconds or self.input_octets or self.output_octets)


class Counted(NamedTuple):
    """The row's values after the report: cumulative totals, time of the newest event, oddities seen, addresses."""

    updated_at: int
    session_seconds: int
    input_octets: int
    output_octets: int
    anomalies: int
    ip: str | None
    ipv6: str | None


@dataclass(frozen=True, slots=True)
class CloseOther:
    """Another row that ends with this report, at its own last evidence: nobody is billed for silence."""

    session: Session
    closed_by: ClosedBy
    stopped_at: int


@dataclass(frozen=True, slots=True)
class Open:
    """Begin a row. ``start_lost`` if the beginning was worked out and not reported."""

    started_at: int
    start_lost: bool
    counted: Counted
    growth: Growth
    close_other: CloseOther | None


class Update(NamedTuple):
    """New totals of an open row."""

    counted: Counted
    growth: Growth


@dataclass(frozen=True, slots=True)
class Reopen:
    """The row was closed by us and the device says that the session lives: same row, open again."""

    counted: Counted
    growth: Growth
    close_other: CloseOther | None


@dataclass(frozen=True, slots=True)
class Close:
    """Final totals and the device's cause; also for a row that we had closed ourselves."""

    counted: Counted
    growth: Growth
    stopped_at: int
    cause: int | None
    closed_by: ClosedBy


@dataclass(frozen=True, slots=True)
class Correct:
    """A larger total for a row that is closed and stays so. ``audit``: the device itself had ended it before."""

    counted: Counted
    growth: Growth
    audit: bool


@dataclass(frozen=True, slots=True)
class WriteFinished:
    """A row that begins closed: its Stop is the first we see, or a newer session has already taken its place."""

    started_at: int
    start_lost: bool
    counted: Counted
    growth: Growth
    stopped_at: int
    cause: int | None
    closed_by: ClosedBy
    close_other: CloseOther | None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing to record; the device is answered all the same. ``why`` is for the log."""

    why: str


Outcome = Open | Update | Reopen | Close | Correct | WriteFinished | Ignore


def merge(
    report: UsageReport,
    existing: Session | None,
    rival: Session | None,
    nas: Nas,
    line_rate_bps: int = DEFAULT_LINE_RATE_BPS,
) -> Outcome:
    """What a Start, Interim-Update or Stop does.

    Args:
        existing: the row of the report's device and Acct-Session-Id that it is about, open or closed: the newest
            that had begun by then.
        rival: an open row of the same device and MAC (or, without MAC, port and user) under another id; or, where
            ``existing`` is not the newest row of the report's own id, that newest one, open or closed.
        nas: for its traffic unit: a counter wraps at 2^32 of these.
        line_rate_bps: speed of the access port, bits per second.

    Raises:
        ValueError: Accounting-On and -Off are about a device: see `policy.restarts`.
    """
    if report.kind in {ReportKind.ON, ReportKind.OFF}:
        raise ValueError(f"{report.kind} is not about a session")
    if report.access_kind is AccessKind.PROBE:
        return Ignore("probe")
    if existing is None:
        return _begin(report, None, rival)
    if report.at < existing.started_at:
        return Ignore("late report of an earlier session under this id")
    if is_another_session(report, existing):
        return _begin(report, existing, rival)
    if _is_other_device(report, existing):
        # Two devices at once under one id: neither may be charged for the other, nor a row opened at every turn.
        return Ignore("another device under the id of a running session")
    if report.kind is ReportKind.START and report.session_seconds == 0:
        return Ignore("start repeated" if existing.stopped_at is None else "start of a session that is over")
    if report.kind is ReportKind.STOP:
        return _stop(report, existing, nas, line_rate_bps)
    return _interim(report, existing, rival, nas, line_rate_bps)


def is_another_session(report: UsageReport, existing: Session) -> bool:
    """Whether a report not older than a row's start is about a later session under the same id."""
    last = existing.stopped_at if existing.stopped_at is not None else existing.updated_at
    last = max(last, existing.updated_at)
    if report.at < existing.updated_at:
        return False
    if _is_other_device(report, existing) or _is_other_name(report, existing):
        return report.at - _seconds(report) >= last
    known_class, said_class = existing.class_token, report.class_token
    if known_class and known_class == said_class:
        return False
    if report.kind is ReportKind.START and report.session_seconds == 0:
        # A repeated Start says nothing of its age if the device sends no Event-Timestamp. Believing it to be new
        # would count the session twice; the first interim of a truly new session proves it and loses nothing.
        if known_class and said_class:
            return True
        return existing.stopped_at is not None and report.at >= last + LATE_START_SECONDS
    return not _same_totals(report, existing) and _began_later(report, existing, last)


def is_copy(report: UsageReport, told: Session) -> bool:
    """Whether a report says again what a row already holds: the same client, login and totals, and nothing newer.

    Of two clients whose sessions came to one second under one id, the row of the later word begins a little after its
    event. So its copies seem to be from before that row, and would be taken for another session of the same client.
    """
    same_client = (report.mac, report.class_token) == (told.mac, told.class_token) and (
        report.mac is not None or report.username_raw == told.username_raw
    )
    return same_client and _same_totals(report, told) and report.at <= told.updated_at


def _same_totals(report: UsageReport, existing: Session) -> bool:
    return (
        _seconds(report) == existing.session_seconds
        and report.input_octets == existing.input_octets
        and report.output_octets == existing.output_octets
    )


def _began_later(report: UsageReport, existing: Session, last: int) -> bool:
    """Whether a report's session began after ``last``, the last that is known of the stored one."""
    seconds = _seconds(report)
    if seconds == 0:
        # No age is told. Only counters that fell prove another session, and only where the device counts time at all.
        fell = report.input_octets < existing.input_octets or report.output_octets < existing.output_octets
        if fell and existing.session_seconds:
            return report.at > last
        return existing.stopped_at is not None and report.at >= last + LATE_START_SECONDS
    # Of a row with nothing but a Start the age is not yet confirmed: devices begin to count a little later.
    slack = 0 if existing.session_seconds else UNCONFIRMED_SECONDS
    return report.at - seconds > last + slack


def _is_other_device(report: UsageReport, existing: Session) -> bool:
    return report.mac is not None and existing.mac is not None and report.mac != existing.mac


def _is_other_name(report: UsageReport, existing: Session) -> bool:
    """Another name where no address tells more; a name may also change its form in mid-session."""
    return report.mac is None and existing.mac is None and report.username_raw != existing.username_raw


def _seconds(report: UsageReport) -> int:
    return min(report.session_seconds, MAX_SESSION_SECONDS)


def _begin(report: UsageReport, before: Session | None, rival: Session | None) -> Outcome:
    """A session of which there is no row yet; ``before`` used its id earlier."""
    seconds = _seconds(report)
    started_at = report.at - seconds
    other = None
    if before is not None:
        # Rows are unique by id and start: never the same second twice.
        started_at = max(started_at, before.started_at + 1)
        if before.stopped_at is None:
            other = CloseOther(before, ClosedBy.REPLACED, before.updated_at)
    start_lost = report.kind is not ReportKind.START or seconds > 0
    until = max(report.at, started_at)
    counted = Counted(
        updated_at=until,
        session_seconds=seconds,
        input_octets=report.input_octets,
        output_octets=report.output_octets,
        anomalies=int(report.session_seconds > MAX_SESSION_SECONDS),
        ip=report.ip,
        ipv6=report.ipv6,
    )
    growth = Growth(started_at, until, seconds, report.input_octets, report.output_octets)
    if report.kind is ReportKind.STOP:
        return WriteFinished(
            started_at, start_lost, counted, growth, until, report.cause, ClosedBy.STOP, other
        )
    if rival is not None:
        if rival.started_at > started_at or rival.acct_session_id == report.acct_session_id:
            # The newer of two sessions of one device is the living one; this one was left behind. Under one id it
            # was, even if both come to begin in one second.
            return WriteFinished(
                started_at, start_lost, counted, growth, until, None, ClosedBy.STOP_LOST, other
            )
        other = other or CloseOther(rival, ClosedBy.STOP_LOST, rival.updated_at)
    return Open(started_at, start_lost, counted, growth, other)


def _interim(
    report: UsageReport, existing: Session, rival: Session | None, nas: Nas, line_rate_bps: int
) -> Outcome:
    counted, growth = _counted(report, existing, nas, line_rate_bps)
    is_newer = report.at > existing.updated_at
    if existing.stopped_at is None:
        if growth.is_nothing and not is_newer:
            return Ignore("nothing new")
        return Update(counted, growth)
    ended_by_us = existing.closed_by in {ClosedBy.STALE, ClosedBy.NAS_RESTART}
    left_behind = rival is not None and rival.started_at > existing.started_at
    if ended_by_us and is_newer and not left_behind:
        other = CloseOther(rival, ClosedBy.STOP_LOST, rival.updated_at) if rival is not None else None
        return Reopen(counted, growth, other)
    if growth.is_nothing:
        return Ignore("late interim of a session that is over")
    return Correct(counted, growth, audit=existing.closed_by is ClosedBy.STOP)


def _stop(report: UsageReport, existing: Session, nas: Nas, line_rate_bps: int) -> Outcome:
    counted, growth = _counted(report, existing, nas, line_rate_bps)
    if existing.stopped_at is not None and existing.closed_by is ClosedBy.STOP:
        if growth.is_nothing:
            return Ignore("stop repeated")
        return Correct(counted, growth, audit=True)
    return Close(counted, growth, counted.updated_at, report.cause, ClosedBy.STOP)


def _counted(report: UsageReport, existing: Session, nas: Nas, line_rate_bps: int) -> tuple[Counted, Growth]:
    """The new maxima of a row and what they grew by."""
    seconds = _seconds(report)
    is_newer = report.at > existing.updated_at and seconds >= existing.session_seconds
    # A second more on both sides: both times are cut to whole seconds.
    carried = line_rate_bps * (report.at - existing.updated_at + 2) // 8 if is_newer else 0
    unit = nas.traffic_unit.octets
    received = _total(report.input_octets, existing.input_octets, report, carried, unit)
    sent = _total(report.output_octets, existing.output_octets, report, carried, unit)
    fell = received is None or sent is None
    counted = Counted(
        updated_at=max(existing.updated_at, report.at),
        session_seconds=max(existing.session_seconds, seconds),
        input_octets=existing.input_octets if received is None else received,
        output_octets=existing.output_octets if sent is None else sent,
        anomalies=existing.anomalies + (1 if fell and is_newer else 0),
        ip=report.ip or existing.ip,
        ipv6=report.ipv6 or existing.ipv6,
    )
    growth = Growth(
        since=existing.updated_at,
        until=counted.updated_at,
        seconds=counted.session_seconds - existing.session_seconds,
        input_octets=counted.input_octets - existing.input_octets,
        output_octets=counted.output_octets - existing.output_octets,
    )
    return counted, growth


def _total(said: int, stored: int, report: UsageReport, carried: int, unit: int) -> int | None:
    """The cumulative count in one direction; None if it fell and nothing explains that: keep what is stored.

    Args:
        carried: octets the line could carry since the last report; 0 for a report that is not newer.
        unit: octets in one count: without gigawords the counter wraps at 2^32 of them.
    """
    if said >= stored:
        return said
    if report.gigawords_sent or not carried:
        return None
    wrap = _WORD * unit
    if said >= wrap:
        return None
    # How far the counter turned since the stored total, both taken modulo one turn.
    grown = (said - stored) % wrap
    is_wrap = stored % wrap - said > wrap // 2
    if (is_wrap or stored >= wrap) and grown <= carried:
        return stored + grown
    return None


def slot_free_at(seen_at: int, interim_seconds: int) -> int:
    """When a session without further sign of life stops counting against the limit of devices (billing rules §14)."""
    return seen_at + 2 * interim_seconds + 60


def stale_at(
    seen_at: int,
    interim_seconds: int,
    session_timeout_seconds: int | None = None,
    *,
    heard_interim: bool = True,
) -> int:
    """When a session without further sign of life is closed at its last one.

    With interims 3 intervals and a minute, at least 15 minutes; a device that never sent one gets until its
    Session-Timeout and 10 minutes, without that 24 hours.
    """
    if heard_interim and interim_seconds > 0:
        return seen_at + max(3 * interim_seconds + 60, 900)
    if session_timeout_seconds is not None:
        return seen_at + session_timeout_seconds + 600
    return seen_at + 86_400
