"""The records: who is online, the session log, login attempts, the audit log."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from zhuomai_appliance.model.access import AccessKind, SessionId
from zhuomai_appliance.model.moment import Zone, day_bounds, day_of
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import reports
from zhuomai_appliance.web import control_words
from zhuomai_appliance.web.admin import sentences
from zhuomai_appliance.web.admin.labels import access_word, operator_reason
from zhuomai_appliance.web.admin.lines import (
    PAGE_ROWS,
    attempt_line,
    audit_line,
    live_line,
    mac_of,
    pager,
    session_line,
    shown_mac,
)
from zhuomai_appliance.web.admin.lists import AttemptsView, AuditView, OnlineView, SessionsView
from zhuomai_appliance.web.admin.person import kicking
from zhuomai_appliance.web.admin.views import Choice
from zhuomai_appliance.web.forms import AttemptsForm, AuditForm, OnlineForm, SessionsForm, read_list
from zhuomai_appliance.web.permissions import Visit
from zhuomai_appliance.web.reasons import REASONS, reason_of
from zhuomai_appliance.web.render import query_link

if TYPE_CHECKING:
    from zhuomai_appliance.web.app import ConsoleDeps

KINDS: Final = (AccessKind.PORTAL, AccessKind.PPPOE, AccessKind.DOT1X, AccessKind.MAC, AccessKind.OTHER)


def _devices(deps: ConsoleDeps, visit: Visit) -> list[tuple[NasId, str]]:
    return [
        (nas.id, nas.name or str(nas.address))
        for nas in deps.tables.all_nas()
        if not visit.projects or nas.project_id in visit.projects
    ]


async def online(deps: ConsoleDeps, visit: Visit) -> OnlineView:
    """A page of open sessions with the figures of the whole filter."""
    form = read_list(OnlineForm, visit.request)
    words, page, confirm = form.word("q"), form.number("page", 1), form.number("confirm")
    kind = next((one for one in KINDS if one.value == form.word("kind")), None)
    nas, suspect = form.number("nas"), form.word("suspect") == "1"
    chosen = reports.OnlineFilter(
        words=words, mac=mac_of(words), nas_id=NasId(nas) if nas else None, access_kind=kind, suspect=suspect
    )
    wanted = reports.Page(limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    found = await deps.store.read(
        lambda reader: reports.online(reader, visit.projects, chosen, wanted, visit.now)
    )
    may = visit.may(Permission.SESSIONS_DISCONNECT)
    back = query_link(visit.path, visit.query, confirm=None, done=None)
    lines = []
    for row in found.rows:
        ask = query_link(visit.path, visit.query, confirm=row.id, done=None) + f"#s{row.id}" if may else ""
        line = live_line(row, visit.f, kick_url=ask, cancel_url=back)
        lines.append(kicking(deps, line, confirming=may and row.id == confirm))
    more = page * PAGE_ROWS < found.sums.sessions
    return OnlineView(
        figures=sentences.online_figures(
            visit.f,
            people=found.sums.people,
            devices=found.sums.sessions,
            output_octets=found.sums.output_octets,
            input_octets=found.sums.input_octets,
            suspects=found.sums.suspect,
        ),
        rows=tuple(lines),
        q=words,
        nases=tuple(Choice(str(nas_id), name) for nas_id, name in _devices(deps, visit)),
        nas=str(nas) if nas else "",
        kinds=tuple(Choice(one.value, access_word(one, visit.f.words)) for one in KINDS),
        kind=kind.value if kind else "",
        suspect_only=suspect,
        suspects=found.sums.suspect,
        pager=pager(visit.path, visit.query, page, len(lines), more, found.sums.sessions),
        at=visit.now,
    )


def _address(words: str) -> str | None:
    try:
        return str(ip_address(words.strip()))
    except ValueError:
        return None


def _day_start(day: date | None, zone: Zone, days_later: int = 0) -> int | None:
    return None if day is None else day_bounds(day_of(day) + days_later, zone)[0]


async def session_log(deps: ConsoleDeps, visit: Visit, zone: Zone) -> SessionsView:
    """Stays online, newest first: by account, address or device, by day, by access device."""
    form = read_list(SessionsForm, visit.request)
    words, page = form.word("q"), form.number("page", 1)
    since = form.since.data if not form.since.errors else None
    until = form.until.data if not form.until.errors else None
    mac, ip = mac_of(words), _address(words)
    chosen = reports.SessionFilter(
        username=words if words and mac is None and ip is None else None,
        mac=mac,
        ip=ip,
        nas=form.word("nas") or None,
        state=form.word("state") or None,
        from_at=_day_start(since, zone),
        to_at=_day_start(until, zone, 1),
    )
    wanted = reports.Page(limit=PAGE_ROWS + 1, offset=(page - 1) * PAGE_ROWS, newest_first=True)
    found = await deps.store.read(
        lambda reader: reports.sessions(reader, visit.projects, chosen, wanted, with_addresses=True)
    )
    rows = found[:PAGE_ROWS]
    return SessionsView(
        rows=tuple(session_line(row, visit.f) for row in rows),
        q=words,
        nases=tuple(Choice(name, name) for _, name in _devices(deps, visit)),
        nas=form.word("nas"),
        state=form.word("state"),
        since=str(since) if since else "",
        until=str(until) if until else "",
        pager=pager(visit.path, visit.query, page, len(rows), len(found) > PAGE_ROWS),
    )


async def attempts(deps: ConsoleDeps, visit: Visit) -> AttemptsView:
    """Login attempts, newest first."""
    form = read_list(AttemptsForm, visit.request)
    words, page, result = form.word("q"), form.number("page", 1), form.word("result")
    code = form.word("code") if reason_of(form.word("code")) else ""
    chosen = reports.AttemptFilter(
        words=words,
        mac_words=mac_of(words),
        accepted={"accepted": True, "refused": False}.get(result),
        reason=code or None,
    )
    wanted = reports.Page(limit=PAGE_ROWS + 1, offset=(page - 1) * PAGE_ROWS, newest_first=True)
    found = await deps.store.read(lambda reader: reports.attempts(reader, visit.projects, chosen, wanted))
    rows = found[:PAGE_ROWS]
    choices = [
        Choice(reason.value, f"{text.code} {operator_reason(reason, visit.f.words)}")
        for reason, text in REASONS.items()
        if text.code[0] in "AD" and "%(" not in operator_reason(reason, visit.f.words)
    ]
    return AttemptsView(
        rows=tuple(attempt_line(row, visit.f) for row in rows),
        q=words,
        result=result,
        codes=tuple(choices),
        code=code,
        pager=pager(visit.path, visit.query, page, len(rows), len(found) > PAGE_ROWS),
    )


async def audit(deps: ConsoleDeps, visit: Visit) -> AuditView:
    """What operators, tokens and the box itself did, newest first."""
    form = read_list(AuditForm, visit.request)
    words, page, who = form.word("q"), form.number("page", 1), form.word("who")
    chosen = reports.AuditFilter(words=words, actor=who or None)
    wanted = reports.Page(limit=PAGE_ROWS + 1, offset=(page - 1) * PAGE_ROWS, newest_first=True)
    found, actors = await deps.store.read(
        lambda reader: (
            reports.audit(reader, visit.projects, chosen, wanted),
            reports.audit_actors(reader),
        )
    )
    rows = found[:PAGE_ROWS]
    return AuditView(
        rows=tuple(audit_line(row, visit.f) for row in rows),
        q=words,
        whos=tuple(Choice(name, name) for name in actors),
        who=who,
        chain=None,
        pager=pager(visit.path, visit.query, page, len(rows), len(found) > PAGE_ROWS),
    )


async def kicked(deps: ConsoleDeps, visit: Visit, session_id: int) -> str:
    """What came of a request to end a session, in one sentence; empty where none was made."""
    asked = deps.session_admin.result(SessionId(session_id))
    row = await deps.store.read(lambda reader: reports.session(reader, visit.projects, session_id))
    if asked is None or row is None:
        return ""
    who = row.full_name or row.username or shown_mac(row.mac)
    words = visit.f.words
    told = control_words.said(words, asked[1])
    return sentences.kick_result(words, asked[0], who, said=told, over=row.stopped_at is not None)
