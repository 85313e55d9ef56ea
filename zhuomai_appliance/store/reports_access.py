"""Who is online and who was, as pages, exports and the API list them.

Every function takes the projects it may look into; none named means every project. Times are UTC epoch seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv6Address
from itertools import accumulate
from typing import Final

from zhuomai_appliance.model.access import TERMINATE_CAUSES, AccessKind, ClosedBy, SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId, normal_name
from zhuomai_appliance.store import session_addresses
from zhuomai_appliance.store.interface import Reader, Row
from zhuomai_appliance.store.reports_query import Page, flag, pattern, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("reports_access")

SILENT_INTERVALS: Final = 2
SILENT_GRACE_SECONDS: Final = 60
"""A session is suspect when nothing was heard for two reporting intervals and a minute."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A stay online with the names of its account and device; `account_id` None: nobody is billed for it.

    `ipv6_networks` are all IPv6 addresses and prefixes that it ever had, where these were asked for.
    """

    id: SessionId
    project_id: ProjectId
    acct_session_id: str
    nas_id: NasId
    nas: str
    nas_ip: str
    account_id: AccountId | None
    full_name: str
    username: str
    username_raw: str
    mac: str | None
    ip: str | None
    ipv6: str | None
    ssid: str | None
    vlan: int | None
    port_id: str | None
    access_kind: AccessKind
    started_at: int
    stopped_at: int | None
    updated_at: int
    seen_at: int
    seconds: int
    input_octets: int
    output_octets: int
    interim_seconds: int
    cause: int | None
    closed_by: ClosedBy | None
    plan: str
    ipv6_networks: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """`open` or `closed`."""
        return "open" if self.stopped_at is None else "closed"

    @property
    def terminate_cause(self) -> str:
        """The device's cause in the words of RFC 2866 §5.10; else who closed it (stale, replaced ...); else nothing."""
        if self.cause is not None:
            return TERMINATE_CAUSES.get(self.cause, str(self.cause))
        return "" if self.closed_by in (None, ClosedBy.STOP) else str(self.closed_by)

    def is_suspect(self, now: int) -> bool:
        """Whether an open session has been silent for too long to count it as alive."""
        silent_from = self.seen_at + SILENT_INTERVALS * self.interim_seconds + SILENT_GRACE_SECONDS
        return self.stopped_at is None and silent_from < now


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions; None and False do not narrow. `from_at`/`to_at`: online at some moment of [from_at, to_at).

    `ip` is an IPv4 address, or one of IPv6 that the session had or that lies in one of its prefixes.
    """

    id: int | None = None
    username: str | None = None
    account_id: AccountId | None = None
    nas: str | None = None
    nas_ip: str | None = None
    mac: str | None = None
    ip: str | None = None
    acct_session_id: str | None = None
    plan: str | None = None
    state: str | None = None
    from_at: int | None = None
    to_at: int | None = None


def sessions(
    reader: Reader,
    projects: Sequence[ProjectId],
    chosen: SessionFilter,
    page: Page,
    *,
    with_addresses: bool = False,
) -> list[SessionRow]:
    """The session log, open sessions included; the key is the id, which grows with the time of the Start."""
    wanted = project_ids(reader, projects)
    address = ipv6_of(chosen.ip)
    session_ids = None if address is None else session_addresses.sessions_at(reader, tuple(wanted), address)
    # Until housekeeping made the first month there is no view, and all there is stands in `session`.
    instead = None if reader.value(_Q.view_exists, name="session_all") else ("session_all", "session")
    name, stranger = whom(reader, wanted, chosen.username)
    # Every index of the months begins with the project, which nearly all rows share: sorting them all by id would take
    # half a second where walking down the ids takes nothing.
    by_index = any(one is not None for one in (chosen.ip, chosen.account_id, name))
    found = [
        _session(row)
        for row in rows(
            reader,
            _Q.sessions,
            wanted,
            instead,
            session_ids,
            by_index=flag(by_index),
            by_id=flag(not by_index),
            id=chosen.id,
            account_id=chosen.account_id,
            name=name,
            stranger=stranger,
            nas=chosen.nas,
            nas_ip=chosen.nas_ip,
            mac=chosen.mac,
            ip=chosen.ip if address is None else None,
            acct_session_id=chosen.acct_session_id,
            plan=chosen.plan,
            open=flag(chosen.state == "open"),
            closed=flag(chosen.state == "closed"),
            from_at=chosen.from_at,
            to_at=chosen.to_at,
            **page.conditions(),
        )
    ]
    return _with_addresses(reader, tuple(wanted), found) if with_addresses else found


def ipv6_of(words: str | None) -> IPv6Address | None:
    """Words as an IPv6 address; None if they are none."""
    if words is None or ":" not in words:
        return None
    try:
        return IPv6Address(words.strip())
    except ValueError:
        return None


def _with_addresses(reader: Reader, projects: Sequence[int], found: list[SessionRow]) -> list[SessionRow]:
    known = session_addresses.networks_of(reader, projects, [row.id for row in found])
    return [replace(row, ipv6_networks=known[row.id]) if row.id in known else row for row in found]


def session(reader: Reader, projects: Sequence[ProjectId], session_id: int) -> SessionRow | None:
    """One session by its id, however old."""
    found = sessions(reader, projects, SessionFilter(id=session_id), Page(limit=1), with_addresses=True)
    return found[0] if found else None


def whom(reader: Reader, projects: Sequence[int], username: str | None) -> tuple[str | None, str | None]:
    """A login name as the condition that finds its sessions: of a known account, or of one that never was one."""
    if username is None:
        return None, None
    folded = normal_name(username)
    known = rows(reader, _Q.known_name, projects, name=folded)
    return (folded, None) if known else (None, username)


def _session(row: Row) -> SessionRow:
    return SessionRow(
        id=SessionId(row[0]),
        project_id=ProjectId(row[1]),
        acct_session_id=row[2],
        nas_id=NasId(row[3]),
        nas=row[4] or "",
        nas_ip=row[5],
        account_id=row[6],
        username=row[9] if row[7] is None else row[7],
        full_name=row[8] or "",
        username_raw=row[9],
        mac=row[10],
        ip=row[11],
        ipv6=row[12],
        ssid=row[13],
        vlan=row[14],
        port_id=row[15],
        access_kind=AccessKind(row[16]),
        started_at=row[17],
        stopped_at=row[18],
        updated_at=row[19],
        seen_at=row[20],
        seconds=row[21],
        input_octets=row[22],
        output_octets=row[23],
        interim_seconds=row[24],
        cause=row[25],
        closed_by=None if row[26] is None else ClosedBy(row[26]),
        plan=row[27],
    )


# Online -----------------------------------------------------------------------------------------------------------------


class OnlineSort(StrEnum):
    """Orders of the online page."""

    NEWEST = "newest_first"
    OLDEST = "oldest_first"
    TRAFFIC = "by_traffic"
    SECONDS = "by_seconds"
    USERNAME = "by_username"
    SILENCE = "by_silence"


@dataclass(frozen=True, slots=True)
class OnlineFilter:
    """Which open sessions. `words` match account names, the person's name, the address; `mac` is `words` read as one."""

    words: str = ""
    mac: str | None = None
    nas_id: NasId | None = None
    account_id: AccountId | None = None
    access_kind: AccessKind | None = None
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class OnlineSums:
    """Sums over all rows of a filter, not of a page only. `people` are accounts, `devices` different MACs."""

    sessions: int
    people: int
    devices: int
    input_octets: int
    output_octets: int
    suspect: int


@dataclass(frozen=True, slots=True)
class OnlinePage:
    """A page of open sessions with the sums of them all."""

    rows: tuple[SessionRow, ...]
    sums: OnlineSums


def online(
    reader: Reader,
    projects: Sequence[ProjectId],
    chosen: OnlineFilter,
    page: Page,
    now: int,
    sort: OnlineSort = OnlineSort.NEWEST,
) -> OnlinePage:
    """Who is online, a page by offset, in the order of `sort`."""
    wanted = project_ids(reader, projects)
    asked, session_ids = _online_conditions(chosen, now), _online_ids(reader, wanted, chosen)
    paging = {"limit": page.limit, "offset": page.offset, sort.value: 1}
    found = rows(reader, _Q.online, wanted, None, session_ids, **asked, **paging)
    shown = _with_addresses(reader, tuple(wanted), [_session(row) for row in found])
    return OnlinePage(tuple(shown), online_sums(reader, projects, chosen, now))


def online_sums(reader: Reader, projects: Sequence[ProjectId], chosen: OnlineFilter, now: int) -> OnlineSums:
    """The sums of the open sessions of a filter."""
    wanted = project_ids(reader, projects)
    found = rows(
        reader,
        _Q.online_sums,
        wanted,
        None,
        _online_ids(reader, wanted, chosen),
        now=now,
        **_online_conditions(chosen, now),
    )
    return OnlineSums(*found[0]) if found else OnlineSums(0, 0, 0, 0, 0, 0)


def _online_conditions(chosen: OnlineFilter, now: int) -> dict[str, int | str | None]:
    return {
        "words": pattern(chosen.words) if chosen.words.strip() and ipv6_of(chosen.words) is None else None,
        "mac_words": chosen.mac,
        "nas_id": chosen.nas_id,
        "account_id": chosen.account_id,
        "access_kind": chosen.access_kind and chosen.access_kind.value,
        "silent_at": now if chosen.suspect else None,
    }


def _online_ids(reader: Reader, projects: Sequence[int], chosen: OnlineFilter) -> tuple[int, ...] | None:
    """The sessions at an IPv6 address, where the words are one."""
    address = ipv6_of(chosen.words)
    return None if address is None else session_addresses.sessions_at(reader, tuple(projects), address)


@dataclass(frozen=True, slots=True)
class NasOnline:
    """How many are online at a device, and when it last reported any of them."""

    nas_id: NasId
    sessions: int
    seen_at: int


def online_by_nas(reader: Reader, projects: Sequence[ProjectId]) -> list[NasOnline]:
    """Devices with open sessions."""
    found = rows(reader, _Q.online_by_nas, project_ids(reader, projects))
    return [NasOnline(NasId(nas_id), count, seen_at) for nas_id, count, seen_at in found]


def online_by_kind(reader: Reader, projects: Sequence[ProjectId]) -> dict[AccessKind, int]:
    """Open sessions by the way they came in."""
    return {
        AccessKind(kind): count
        for kind, count in rows(reader, _Q.online_by_kind, project_ids(reader, projects))
    }


def online_curve(
    reader: Reader, projects: Sequence[ProjectId], from_at: int, to_at: int, buckets: int
) -> list[tuple[int, int]]:
    """How many sessions were open, at `buckets` equal steps after `from_at` up to `to_at`: (time, count).

    Sessions are kept in one table for 48 hours after their end, so that is how far back this looks.
    """
    width = max((to_at - from_at) // buckets, 1)
    wanted = project_ids(reader, projects)
    start = rows(reader, _Q.curve_before, wanted, from_at=from_at)
    change = [0] * (buckets + 1)
    span = {"from_at": from_at, "to_at": from_at + width * buckets, "width": width}
    for bucket, count in rows(reader, _Q.curve_starts, wanted, **span):
        change[bucket] += count
    for bucket, count in rows(reader, _Q.curve_stops, wanted, **span):
        change[bucket] -= count
    change[0] += start[0][0] if start else 0
    return [(from_at + step * width, count) for step, count in enumerate(accumulate(change))]
