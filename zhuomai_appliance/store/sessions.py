"""Sessions and their usage: rows in, typed values out; the truth rules are in policy.sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from zhuomai_appliance.model.access import AccessKind, ClosedBy, Session, SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import months
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("sessions")

_COLUMNS: Final = len(Session._fields)
_ACCESS_KIND: Final = Session._fields.index("access_kind")
_CLOSED_BY: Final = Session._fields.index("closed_by")
_START_LOST: Final = Session._fields.index("start_lost")
# A look-up costs a fifth of asking the enumeration
_ACCESS_KINDS: Final = {kind.value: kind for kind in AccessKind}
_CLOSERS: Final = {closer.value: closer for closer in ClosedBy}


class StoredSession(NamedTuple):
    """A session with the arrival time of its newest packet, by our own clock (liveness is judged by it)."""

    session: Session
    seen_at: int


class Slot(NamedTuple):
    """An open session as the concurrency rule sees it."""

    mac: str | None
    nas_id: NasId
    acct_session_id: str
    seen_at: int
    interim_seconds: int
    ip: str | None
    started_at: int


class UsageShare(NamedTuple):
    """What one subscription was drawn on one local day (counted from 1970-01-01); subscription None is unattributed.

    It was used in [since, until).
    """

    subscription_id: int | None
    day: int
    input_octets: int
    output_octets: int
    seconds: int
    since: int = 0
    until: int = 0


def _stored(row: Row | None) -> StoredSession | None:
    return None if row is None else _stored_row(row)


def _stored_row(row: Row) -> StoredSession:
    return StoredSession(session_of(row), row[_COLUMNS])


def session_of(row: Row) -> Session:
    """A session from the columns that every query here begins with, in the order of its fields."""
    fields = list(row[:_COLUMNS])
    fields[_ACCESS_KIND] = _ACCESS_KINDS[fields[_ACCESS_KIND]]
    if fields[_CLOSED_BY] is not None:
        fields[_CLOSED_BY] = _CLOSERS[fields[_CLOSED_BY]]
    fields[_START_LOST] = bool(fields[_START_LOST])
    return Session._make(fields)


def newest_of_key(
    reader: Reader, project_id: ProjectId, nas_id: NasId, nas_address: str, acct_session_id: str
) -> tuple[Session, str | None] | None:
    """The newest session under a device's Acct-Session-Id, which repeat after reboots on some gear.

    With it comes its account's entitlement as stored text: every report needs both, and one statement is cheaper.
    """
    row = reader.one(
        _Q.newest_of_key,
        project_id=project_id,
        nas_id=nas_id,
        nas_address=nas_address,
        acct_session_id=acct_session_id,
    )
    return None if row is None else (session_of(row), row[_COLUMNS])


def of_key_at(
    reader: Reader, project_id: ProjectId, nas_id: NasId, nas_address: str, acct_session_id: str, at: int
) -> StoredSession | None:
    """The session that had a device's Acct-Session-Id at a time: the newest that had begun by then."""
    return _stored(
        reader.one(
            _Q.of_key_at,
            project_id=project_id,
            nas_id=nas_id,
            nas_address=nas_address,
            acct_session_id=acct_session_id,
            at=at,
        )
    )


def begun_between(
    reader: Reader,
    project_id: ProjectId,
    nas_id: NasId,
    nas_address: str,
    acct_session_id: str,
    earliest: int,
    latest: int,
) -> list[Session]:
    """The sessions under a device's Acct-Session-Id that began in [earliest, latest]; the 32 newest, newest first."""
    rows = reader.all(
        _Q.begun_between,
        project_id=project_id,
        nas_id=nas_id,
        nas_address=nas_address,
        acct_session_id=acct_session_id,
        earliest=earliest,
        latest=latest,
    )
    return [session_of(row) for row in rows]


def open_on_device(
    reader: Reader, nas_id: NasId, nas_address: str, mac: str, acct_session_id: str
) -> StoredSession | None:
    """Another open session of the same client at the same NAS: its Stop was lost."""
    return _stored(
        reader.one(
            _Q.open_on_device,
            nas_id=nas_id,
            nas_address=nas_address,
            mac=mac,
            acct_session_id=acct_session_id,
        )
    )


def open_on_port(
    reader: Reader, nas_id: NasId, nas_address: str, port_id: str, username_raw: str, acct_session_id: str
) -> StoredSession | None:
    """Another open session of the same user on the same port, where no client address tells more."""
    return _stored(
        reader.one(
            _Q.open_on_port,
            nas_id=nas_id,
            nas_address=nas_address,
            port_id=port_id,
            username_raw=username_raw,
            acct_session_id=acct_session_id,
        )
    )


def move_to_device(tx: Transaction, session_id: SessionId, nas_id: NasId, nas_address: str) -> None:
    """Give a session to the device that stands in for its own."""
    tx.run(_Q.move_to_device, id=session_id, nas_id=nas_id, nas_address=nas_address)


def by_id(reader: Reader, session_id: SessionId) -> StoredSession | None:
    """A session that is open or finished within 48 hours."""
    return _stored(reader.one(_Q.by_id, id=session_id))


def open_at_address(reader: Reader, project_id: ProjectId, nas_id: NasId, ip: str) -> StoredSession | None:
    """The open session of a client address at a device."""
    return _stored(reader.one(_Q.open_at_address, project_id=project_id, nas_id=nas_id, ip=ip))


def open_sessions(
    reader: Reader,
    *,
    account_id: AccountId | None = None,
    nas_id: NasId | None = None,
    mac: str | None = None,
) -> list[StoredSession]:
    """Open sessions, of one account, NAS or client where given."""
    return [
        _stored_row(row)
        for row in reader.all(_Q.open_sessions, account_id=account_id, nas_id=nas_id, mac=mac)
    ]


def slots_of(reader: Reader, account_id: AccountId) -> list[Slot]:
    """What an account has open, for the concurrency rule."""
    return [Slot(*row) for row in reader.all(_Q.slots_of_account, account_id=account_id)]


def insert(tx: Transaction, session: Session, seen_at: int) -> SessionId:
    """Add a session's row; the id in ``session`` is ignored.

    Two sessions under one id may come to begin in one second, told by a device that uses its ids at random. Both are
    recorded, and the later word begins at the last second before that is free: never after a row that is open, since
    the session that holds an id is to be the newest under it.
    """
    session_id = _insert(tx, session, seen_at)
    if session_id is None:
        free: int = tx.value(
            _Q.free_start,
            project_id=session.project_id,
            nas_id=session.nas_id,
            nas_address=session.nas_address,
            acct_session_id=session.acct_session_id,
            started_at=session.started_at,
        )
        session_id = _insert(tx, session._replace(started_at=free), seen_at)
    if session_id is None:
        raise RuntimeError("a second that was free is taken")
    return session_id


def _insert(tx: Transaction, session: Session, seen_at: int) -> SessionId | None:
    """Add the row; None where one of this key begins at this second already."""
    values: dict[str, Any] = session._asdict()
    del values["id"]
    values["access_kind"] = session.access_kind.value
    values["closed_by"] = None if session.closed_by is None else session.closed_by.value
    values["start_lost"] = int(session.start_lost)
    found: int | None = tx.value(_Q.insert_session, seen_at=seen_at, **values)
    return None if found is None else SessionId(found)


def set_totals(
    tx: Transaction,
    session_id: SessionId,
    *,
    updated_at: int,
    seen_at: int,
    session_seconds: int,
    input_octets: int,
    output_octets: int,
    anomalies: int,
) -> None:
    """Store new totals of a session; what they may be is the rule's business."""
    tx.run(
        _Q.update_totals,
        id=session_id,
        updated_at=updated_at,
        seen_at=seen_at,
        session_seconds=session_seconds,
        input_octets=input_octets,
        output_octets=output_octets,
        anomalies=anomalies,
    )


def set_addresses(tx: Transaction, session_id: SessionId, ip: str | None, ipv6: str | None) -> None:
    """Store a session's addresses. Apart from its totals: addresses are indexed, and nearly always stay the same."""
    tx.run(_Q.update_addresses, id=session_id, ip=ip, ipv6=ipv6)


def close(
    tx: Transaction,
    session_id: SessionId,
    *,
    updated_at: int,
    seen_at: int,
    session_seconds: int,
    input_octets: int,
    output_octets: int,
    anomalies: int,
    ip: str | None,
    ipv6: str | None,
    stopped_at: int,
    cause: int | None,
    closed_by: ClosedBy,
) -> None:
    """Store final totals and end the session."""
    tx.run(
        _Q.close_session,
        id=session_id,
        updated_at=updated_at,
        seen_at=seen_at,
        session_seconds=session_seconds,
        input_octets=input_octets,
        output_octets=output_octets,
        anomalies=anomalies,
        ip=ip,
        ipv6=ipv6,
        stopped_at=stopped_at,
        cause=cause,
        closed_by=closed_by.value,
    )


def reopen(tx: Transaction, session_id: SessionId) -> None:
    """Take back a close of ours: the device reports the session alive."""
    tx.run(_Q.reopen_session, id=session_id)


def newest_start_of_nas(reader: Reader, nas_id: NasId, nas_address: str) -> int | None:
    """When the newest open session of a device began."""
    at: int | None = reader.value(_Q.newest_start_of_nas, nas_id=nas_id, nas_address=nas_address)
    return at


def close_of_nas(tx: Transaction, nas_id: NasId, nas_address: str, before: int) -> int:
    """Close a restarted device's sessions whose last evidence is not newer than the event; how many."""
    return tx.run(_Q.close_of_nas, nas_id=nas_id, nas_address=nas_address, before=before)


def close_stale(tx: Transaction, session_id: SessionId, seen_before: int) -> bool:
    """Close a silent session at its last evidence, unless it spoke meanwhile."""
    return tx.run(_Q.close_stale, id=session_id, seen_before=seen_before) == 1


class SilentSession(NamedTuple):
    """An open session without a packet for some time; ``has_reported`` if ever more than its Start was heard."""

    id: SessionId
    project_id: ProjectId
    nas_id: NasId
    nas_address: str
    account_id: AccountId | None
    started_at: int
    seen_at: int
    interim_seconds: int
    has_reported: bool


def silent_sessions(
    reader: Reader, nas_id: NasId, nas_address: str, seen_before: int, limit: int
) -> list[SilentSession]:
    """Open sessions of a device without a packet since a time, the longest silent first."""
    found = reader.all(
        _Q.silent_sessions, nas_id=nas_id, nas_address=nas_address, seen_before=seen_before, limit=limit
    )
    return [SilentSession._make((*row[:-1], bool(row[-1]))) for row in found]


class OpenDevice(NamedTuple):
    """What is open at one device: when it was last heard, the longest interval, how many sessions have ever reported.

    ``silent_since`` is when its longest silent session was heard, ``hourly`` how many interims they owe in an hour.
    """

    nas_id: NasId
    nas_address: str
    sessions: int
    silent_since: int
    seen_at: int
    interim_seconds: int
    reporters: int
    hourly: float


def open_devices(reader: Reader, now: int) -> list[OpenDevice]:
    """Every device with open sessions; a network of devices is told one by one."""
    found = reader.all(_Q.open_devices, now=now)
    return [OpenDevice._make((*row[:-1], row[-1] / 1000)) for row in found]


def last_packets(reader: Reader) -> dict[NasId, int]:
    """When each NAS with open sessions was last heard."""
    return {NasId(nas_id): seen for nas_id, seen in reader.all(_Q.last_packet_of_nas)}


def set_interim(tx: Transaction, session_id: SessionId, interim_seconds: int) -> None:
    """Note the accounting interval that a device was given in mid-session."""
    tx.run(_Q.set_interim, id=session_id, interim_seconds=interim_seconds)


def uncovered(reader: Reader, now: int, limit: int, since: int = -1) -> list[SessionId]:
    """Open sessions whose account owns nothing usable any more at ``now``, and did at ``since``."""
    found = reader.all(_Q.uncovered_sessions, now=now, limit=limit, since=since)
    return [SessionId(row[0]) for row in found]


def add_usage(
    tx: Transaction,
    project_id: ProjectId,
    session_id: SessionId,
    account_id: AccountId | None,
    shares: Iterable[UsageShare],
) -> None:
    """Add to the usage of a session by subscription and day."""
    for share in shares:
        subscription_id = share.subscription_id or 0
        # All reports of a day but the first find their row: an update is cheaper than an insert that meets one
        grown = tx.run(
            _Q.grow_usage,
            session_id=session_id,
            subscription_id=subscription_id,
            day=share.day,
            input_octets=share.input_octets,
            output_octets=share.output_octets,
            seconds=share.seconds,
        )
        if not grown:
            tx.run(
                _Q.insert_usage,
                project_id=project_id,
                session_id=session_id,
                subscription_id=subscription_id,
                day=share.day,
                account_id=account_id,
                input_octets=share.input_octets,
                output_octets=share.output_octets,
                seconds=share.seconds,
            )


def usage_by_day(
    reader: Reader, project_id: ProjectId, account_id: AccountId, from_day: int
) -> list[tuple[int, int, int, int]]:
    """Day (counted from 1970-01-01), input octets, output octets and seconds of an account, oldest first."""
    return [
        (day, up, down, seconds)
        for day, up, down, seconds in reader.all(
            _Q.usage_of_account, project_id=project_id, account_id=account_id, from_day=from_day
        )
    ]


def ensure_month(tx: Transaction, month: str) -> None:
    """Make the table of a month (YYYYMM) and the view over all of them, unless they are there."""
    months.ensure_month_tables(tx, "session", _Q.month_table, [month])


def move_finished(tx: Transaction, before: int, limit: int) -> int:
    """Move sessions finished before a time into the table of their stop's month (UTC); how many moved."""
    rows = tx.all(_Q.months_of_finished, before=before, limit=limit)
    for month in sorted({months.month_of(stopped_at) for _, stopped_at in rows}):
        months.ensure_month_tables(tx, "session", _Q.month_table, [month])
    for session_id, stopped_at in rows:
        tx.run(months.for_month(_Q.copy_to_month, months.month_of(stopped_at)), id=session_id)
        tx.run(_Q.delete_moved, id=session_id)
    return len(rows)
