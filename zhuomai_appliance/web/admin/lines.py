"""Rows of the store as the lines that the console prints."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from zhuomai_appliance.model.access import ClosedBy
from zhuomai_appliance.model.people import AccountStatus
from zhuomai_appliance.store.reports import AccountRow, AttemptRow, AuditRow, SessionRow
from zhuomai_appliance.web.admin.labels import (
    CAUSES,
    CLOSINGS,
    access_word,
    account_badge,
    action_word,
    detail_word,
    fact_word,
    operator_reason,
)
from zhuomai_appliance.web.admin.lists import AttemptLine, AuditLine, SessionLine, UserLine
from zhuomai_appliance.web.admin.views import Pager
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.forms import MOST_PAGES
from zhuomai_appliance.web.reasons import REASONS, reason_of
from zhuomai_appliance.web.render import query_link

PAGE_ROWS: Final = 50

_MAC_MARKS: Final = re.compile(r"[\s:.-]")
_MAC: Final = re.compile(r"[0-9a-fA-F]{12}")


def mac_of(text: str) -> str | None:
    """``aa:bb:cc:dd:ee:ff`` as the store keeps it, if the text is a device address in any usual form."""
    digits = _MAC_MARKS.sub("", text)
    return bytes.fromhex(digits).hex(":") if _MAC.fullmatch(digits) else None


def shown_mac(mac: str | None) -> str:
    """A device address as the console prints it."""
    return (mac or "").upper()


def user_url(account_id: int | None) -> str:
    """The page of an account; empty for none."""
    return "" if account_id is None else f"/admin/users/{account_id}"


def pager(
    path: str, query: dict[str, str], page: int, shown: int, more: bool, total: int | None = None
) -> Pager:
    """The foot of a list: ``shown`` rows stand on this page, ``more`` follow."""
    first = (page - 1) * PAGE_ROWS + 1 if shown else 0
    return Pager(
        first,
        first + shown - 1 if shown else 0,
        total,
        query_link(path, query, page=page - 1 if page > 2 else None, confirm=None, done=None)
        if page > 1
        else "",
        query_link(path, query, page=page + 1, confirm=None, done=None) if more and page < MOST_PAGES else "",
    )


def user_line(row: AccountRow, f: Formatter) -> UserLine:
    """An account in the list."""
    segment = row.segment(f.now)
    status = row.status(f.now)
    ends_at = row.covered_until
    return UserLine(
        url=f"/admin/users/{row.id}",
        username=row.username,
        full_name=row.full_name,
        group=row.group,
        plan="" if segment is None else segment.plan_name,
        badge=account_badge(status, f.words),
        ends_at=None if status in (AccountStatus.NO_PLAN, AccountStatus.CLOSED) else ends_at or None,
        octets_left=None if segment is None else segment.octets_left,
        unlimited=segment is not None and segment.octets_left is None,
        balance_fen=row.balance_fen,
        online=row.online,
        last_seen_at=row.last_seen_at,
    )


def live_line(row: SessionRow, f: Formatter, *, kick_url: str, cancel_url: str) -> SessionLine:
    """A session that is open: how long by the clock, not known where the device has fallen silent."""
    suspect = row.is_suspect(f.now)
    line = session_line(row, f)
    return replace(
        line,
        seconds=None if suspect else max(f.now - row.started_at, row.seconds),
        kick_url=kick_url,
        cancel_url=cancel_url,
    )


def session_line(row: SessionRow, f: Formatter) -> SessionLine:
    """A stay online as the books hold it: an open session's length counts to its newest report, as its traffic does."""
    place = row.nas or row.nas_ip
    notes = [row.ssid or "", "" if row.vlan is None else f"VLAN {row.vlan}", row.port_id or ""]
    return SessionLine(
        id=row.id,
        user_url=user_url(row.account_id),
        username=row.username,
        full_name=row.full_name,
        access=access_word(row.access_kind, f.words),
        place=place,
        place_note=next((note for note in notes if note), ""),
        mac=shown_mac(row.mac),
        ip=row.ip or row.ipv6 or "",
        ipv6=tuple(one for one in row.ipv6_networks if row.ip or one != row.ipv6),
        started_at=row.started_at,
        stopped_at=row.stopped_at,
        seconds=row.seconds,
        output_octets=row.output_octets,
        input_octets=row.input_octets,
        plan=row.plan,
        suspect=row.is_suspect(f.now),
        cause=cause_word(row, f),
        kick_action=f"/admin/online/{row.id}/disconnect",
    )


def cause_word(row: SessionRow, f: Formatter) -> str:
    """Why a session ended: ours where it was closed without a Stop, else the device's cause."""
    if row.stopped_at is None:
        return ""
    if row.closed_by is not None and row.closed_by is not ClosedBy.STOP:
        return f.words.text(CLOSINGS[row.closed_by])
    known = CAUSES.get(row.cause or 0)
    return row.terminate_cause if known is None else f.words.text(known)


def attempt_line(row: AttemptRow, f: Formatter) -> AttemptLine:
    """A login attempt with its reason in the operator's words."""
    reason = reason_of(row.reason)
    return AttemptLine(
        at=row.at,
        username=row.username,
        user_url=user_url(row.account_id),
        full_name=row.full_name,
        accepted=row.accepted,
        code="" if reason is None else REASONS[reason].code,
        reason=row.reason if reason is None else operator_reason(reason, f.words),
        detail=detail_word(row.detail, f.words),
        access=access_word(row.access_kind, f.words),
        nas=row.nas,
        mac=shown_mac(row.mac),
        ip=row.ip or "",
        lookup=row.lookup_code,
    )


def audit_line(row: AuditRow, f: Formatter) -> AuditLine:
    """An act: what changed stands as ``name: value``, and a result that is not plain success is told."""
    facts = dict(row.after)
    subject = str(facts.pop("username", "") if row.object_kind == "session" else "") or row.object_id
    parts = [
        f"{fact_word(name, f.words)} {_plain(name, value, f)}"
        for name, value in facts.items()
        if value not in ("", None, [], {})
    ]
    if row.result != "ok":
        parts.insert(0, row.result)
    return AuditLine(
        at=row.at,
        who=row.actor,
        action=action_word(row.action, f.words),
        subject=subject,
        detail=f.words.text(", ").join(parts),
        source=row.address,
        number=row.id,
    )


def _plain(name: str, value: object, f: Formatter) -> str:
    if isinstance(value, int) and name.endswith("_fen"):
        return f.yuan(value)
    if isinstance(value, int) and name.endswith("_octets"):
        return f.traffic(value)
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
