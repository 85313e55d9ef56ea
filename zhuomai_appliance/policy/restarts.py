"""When a restart of an access device ends its sessions, told by Accounting-On and -Off or by its boot time alone."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import ReportKind, Session, UsageReport

CLOCK_TOLERANCE_SECONDS: Final = 600
"""How far the clock that a boot time was read from may be from the one of the sessions (semantics §6)."""


def restart_is_current(report: UsageReport, newest_start_at: int | None) -> bool:
    """Whether an Accounting-On or -Off ends the device's sessions that began before it.

    Not if a session began after it: then the packet was overtaken and the restart is already behind us.
    """
    return newest_start_at is None or newest_start_at <= report.at


def ends_with_restart(session: Session, restarted_at: int) -> bool:
    """Whether a restart of its device ends this session: it began, and was last heard of, before that."""
    return session.stopped_at is None and max(session.started_at, session.updated_at) <= restarted_at


def boot_is_current(booted_at: int, newest_start_at: int | None) -> bool:
    """Whether a boot time told for the first time ends the device's sessions that were last heard of before it.

    Not if one began long after it: every report tells the boot time, so that session's own would have told it before.
    """
    return newest_start_at is None or newest_start_at <= booted_at + CLOCK_TOLERANCE_SECONDS


def lived_through(report: UsageReport, booted_at: int) -> bool:
    """Whether a report shows that a boot time is wrong: a session goes on that began before it.

    A Stop shows nothing: devices keep Stops and send them after a restart.
    """
    began_at = report.at - report.session_seconds
    return report.kind is ReportKind.INTERIM and began_at < booted_at - CLOCK_TOLERANCE_SECONDS
