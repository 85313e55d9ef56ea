"""Sessions and login attempts: who is online, who was, and ending a stay."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.model.access import Reason, SessionId
from zhuomai_appliance.store import reports
from zhuomai_appliance.store.reports import AttemptFilter, AttemptRow, SessionFilter, SessionRow
from zhuomai_appliance.web.api.calls import Call, Parts, not_found, split
from zhuomai_appliance.web.api.items import AttemptItem, Ending, ItemList, SessionItem
from zhuomai_appliance.web.api.problems import Problem, invalid
from zhuomai_appliance.web.api.requests import AttemptQuery, SessionQuery

_REASONS = {reason.value for reason in Reason}


async def list_sessions(parts: Parts, call: Call) -> BaseModel:
    """A page of the session log, open sessions included."""
    query: SessionQuery = call.query
    chosen = SessionFilter(
        username=query.username,
        account_id=query.account_id,  # type: ignore[arg-type]
        nas=query.nas,
        nas_ip=query.nas_ip,
        mac=query.mac,
        ip=query.ip,
        acct_session_id=query.acct_session_id,
        plan=query.plan,
        state=query.state,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(
        lambda reader: reports.sessions(reader, projects, chosen, page, with_addresses=True)
    )
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[SessionItem](items=[_session(parts, row) for row in rows], next=after)


async def get_session(parts: Parts, call: Call) -> BaseModel:
    """One session."""
    return _session(parts, await _row(parts, call))


async def disconnect_session(parts: Parts, call: Call) -> BaseModel:
    """Ask the device to end a session; the answer comes before the device's."""
    row = await _row(parts, call)
    asked = await parts.session_admin.end([row.id], call.actor, projects=call.operator.project_ids)
    if not asked.session_ids:
        raise Problem(409, "session_over", "this session is over already")
    return _ending(parts, row.id)


async def get_disconnect(parts: Parts, call: Call) -> BaseModel:
    """What came of it."""
    row = await _row(parts, call)
    if parts.session_admin.result(row.id) is None:
        raise Problem(404, "not_asked", "nobody asked to end this session")
    return _ending(parts, row.id)


async def list_attempts(parts: Parts, call: Call) -> BaseModel:
    """A page of login attempts."""
    query: AttemptQuery = call.query
    chosen = AttemptFilter(
        username=query.username,
        account_id=query.account_id,  # type: ignore[arg-type]
        nas=query.nas,
        mac=query.mac,
        ip=query.ip,
        accepted=query.accepted,
        reason=query.reason,
        lookup_code=query.lookup_code,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    try:
        reports.attempt_key(page.after)
    except ValueError:
        raise invalid([("after", "this is no id of an attempt", "id")]) from None
    found = await parts.store.read(lambda reader: reports.attempts(reader, projects, chosen, page))
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[AttemptItem](items=[_attempt(parts, row) for row in rows], next=after)


async def _row(parts: Parts, call: Call) -> SessionRow:
    session_id, scope = call.path["session_id"], call.projects(parts)
    found = await parts.store.read(lambda reader: reports.session(reader, scope, session_id))
    if found is None:
        raise not_found()
    return found


def _ending(parts: Parts, session_id: SessionId) -> Ending:
    state, result, tries = parts.session_admin.result(session_id) or ("waiting", "", 0)
    return Ending(
        id=session_id,
        state=state,
        result=result,
        tries=tries,
        status_url=f"/api/v1/sessions/{session_id}/disconnect",
    )


def _session(parts: Parts, row: SessionRow) -> SessionItem:
    return SessionItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        acct_session_id=row.acct_session_id,
        nas=row.nas,
        nas_ip=row.nas_ip,
        account_id=row.account_id,
        username=row.username,
        mac=row.mac,
        ip=row.ip,
        ipv6=list(row.ipv6_networks),
        start=parts.time(row.started_at, row.project_id),
        stop=parts.maybe_time(row.stopped_at, row.project_id),
        seconds=row.seconds,
        input_octets=row.input_octets,
        output_octets=row.output_octets,
        terminate_cause=row.terminate_cause,
        state=row.state,
        plan=row.plan,
    )


def _attempt(parts: Parts, row: AttemptRow) -> AttemptItem:
    return AttemptItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        at=parts.time(row.at, row.project_id),
        account_id=row.account_id,
        username=row.username,
        nas=row.nas,
        mac=row.mac,
        ip=row.ip,
        ssid=row.ssid,
        vlan=row.vlan,
        port_id=row.port_id,
        access_kind=row.access_kind.value,
        proof_kind=row.proof_kind,
        accepted=row.accepted,
        reason=row.reason,
        code=parts.words.code(Reason(row.reason)) if row.reason in _REASONS else "",
        detail=row.detail,
        lookup_code=row.lookup_code,
        acct_session_id=row.acct_session_id,
    )
