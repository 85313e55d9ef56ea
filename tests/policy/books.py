"""A few rows kept in a list, to which outcomes are applied as the store would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.vendors.examples import NOW, a_nas, a_session
from zhuomai_appliance.model.access import AccessKind, ClosedBy, ReportKind, Session, SessionId, UsageReport
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.policy.sessions import (
    DEFAULT_LINE_RATE_BPS,
    Close,
    CloseOther,
    Correct,
    Growth,
    Ignore,
    Open,
    Outcome,
    Reopen,
    Update,
    WriteFinished,
    merge,
)

MAC = "a4:5e:60:aa:bb:cc"


def a_report(kind: ReportKind = ReportKind.INTERIM, **changes: Any) -> UsageReport:
    values: dict[str, Any] = {
        "kind": kind,
        "nas_id": NasId(1),
        "acct_session_id": "S1",
        "username_raw": "20260001",
        "session_seconds": 0,
        "input_octets": 0,
        "output_octets": 0,
        "gigawords_sent": True,
        "mac": MAC,
        "ip": "10.9.1.2",
        "ipv6": None,
        "ssid": "Campus",
        "vlan": None,
        "port_id": None,
        "calling_station_raw": "a45e-60aa-bbcc",
        "called_station_raw": "00-15-70-91-E2-40:Campus",
        "class_token": b"",
        "cause": 1 if kind is ReportKind.STOP else None,
        "access_kind": AccessKind.PORTAL,
        "at": NOW,
        "arrived_at": changes.get("at", NOW),
    }
    return UsageReport(**values | changes)


@dataclass
class Books:
    nas: Nas = field(default_factory=a_nas)
    line_rate_bps: int = DEFAULT_LINE_RATE_BPS
    rows: list[Session] = field(default_factory=list)
    charged: dict[int, list[Growth]] = field(default_factory=dict)

    def record(self, report: UsageReport) -> Outcome:
        existing = next((r for r in reversed(self.rows) if r.acct_session_id == report.acct_session_id), None)
        rival = next(
            (
                r
                for r in self.rows
                if r.mac == report.mac
                and r.acct_session_id != report.acct_session_id
                and r.stopped_at is None
            ),
            None,
        )
        outcome = merge(report, existing, rival, self.nas, self.line_rate_bps)
        self._apply(report, existing, outcome)
        return outcome

    def _apply(self, report: UsageReport, existing: Session | None, outcome: Outcome) -> None:
        match outcome:
            case Ignore():
                return
            case Open() | WriteFinished():
                self._end(outcome.close_other)
                self._add(report, outcome)
            case Update() | Correct() | Reopen() | Close():
                assert existing is not None
                if isinstance(outcome, Reopen):
                    self._end(outcome.close_other)
                ending = self._ending(existing, outcome)
                self._set(existing.id, **_totals(outcome), **ending)
                self.charged[existing.id].append(outcome.growth)

    def _add(self, report: UsageReport, outcome: Open | WriteFinished) -> None:
        session_id = SessionId(len(self.rows) + 1)
        finished = isinstance(outcome, WriteFinished)
        self.rows.append(
            a_session(
                id=session_id,
                acct_session_id=report.acct_session_id,
                mac=report.mac,
                username_raw=report.username_raw,
                class_token=report.class_token,
                started_at=outcome.started_at,
                start_lost=outcome.start_lost,
                stopped_at=outcome.stopped_at if isinstance(outcome, WriteFinished) else None,
                cause=outcome.cause if isinstance(outcome, WriteFinished) else None,
                closed_by=outcome.closed_by if isinstance(outcome, WriteFinished) else None,
                **_totals(outcome),
            )
        )
        assert finished == (self.rows[-1].stopped_at is not None)
        self.charged[session_id] = [outcome.growth]

    def _ending(self, row: Session, outcome: Update | Correct | Reopen | Close) -> dict[str, Any]:
        if isinstance(outcome, Close):
            return {"stopped_at": outcome.stopped_at, "cause": outcome.cause, "closed_by": outcome.closed_by}
        if isinstance(outcome, Reopen):
            return {"stopped_at": None, "cause": None, "closed_by": None}
        return {}

    def _end(self, other: CloseOther | None) -> None:
        if other is not None:
            assert other.session.stopped_at is None
            self._set(other.session.id, stopped_at=other.stopped_at, closed_by=other.closed_by)

    def _set(self, session_id: int, **changes: Any) -> None:
        self.rows = [row._replace(**changes) if row.id == session_id else row for row in self.rows]

    def sweep(self, session_id: int, closed_by: ClosedBy = ClosedBy.STALE) -> None:
        row = next(row for row in self.rows if row.id == session_id)
        self._set(session_id, stopped_at=row.updated_at, closed_by=closed_by)

    def check(self) -> None:
        """What must hold at any moment, whatever came."""
        open_keys = [row.acct_session_id for row in self.rows if row.stopped_at is None]
        assert len(open_keys) == len(set(open_keys)), "one open row for an id"
        keys = [(row.acct_session_id, row.started_at) for row in self.rows]
        assert len(keys) == len(set(keys)), "rows differ by id and start"
        for row in self.rows:
            grown = self.charged[row.id]
            assert all(min(g.seconds, g.input_octets, g.output_octets) >= 0 for g in grown)
            assert all(g.since <= g.until for g in grown)
            assert sum(g.input_octets for g in grown) == row.input_octets
            assert sum(g.output_octets for g in grown) == row.output_octets
            assert sum(g.seconds for g in grown) == row.session_seconds
            assert row.started_at <= row.updated_at
            assert row.stopped_at is None or row.stopped_at <= row.updated_at


def _totals(outcome: Open | WriteFinished | Update | Correct | Reopen | Close) -> dict[str, Any]:
    counted = outcome.counted
    return {
        "updated_at": counted.updated_at,
        "session_seconds": counted.session_seconds,
        "input_octets": counted.input_octets,
        "output_octets": counted.output_octets,
        "anomalies": counted.anomalies,
        "ip": counted.ip,
        "ipv6": counted.ipv6,
    }


def begun(seconds: int = 300, octets: int = 1000, **changes: Any) -> Books:
    """Books with one session begun at NOW and one interim after `seconds`."""
    books = Books()
    books.record(a_report(ReportKind.START, **changes))
    books.record(at_second(seconds, octets, **changes))
    return books


def at_second(
    seconds: int, octets: int, kind: ReportKind = ReportKind.INTERIM, **changes: Any
) -> UsageReport:
    values: dict[str, Any] = {
        "at": NOW + seconds,
        "session_seconds": seconds,
        "input_octets": octets,
        "output_octets": 2 * octets,
    }
    return a_report(kind, **values | changes)
