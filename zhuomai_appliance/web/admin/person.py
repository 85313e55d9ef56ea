"""The page of one person: the verdict first, then what he owns, where he is online, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zhuomai_appliance.model import entitlement
from zhuomai_appliance.model.access import Reason, SessionId
from zhuomai_appliance.model.commerce import Channel, OrderState
from zhuomai_appliance.model.entitlement import WhyNot
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.people import AccountStatus, DeviceBinding, Permission
from zhuomai_appliance.model.products import PlanKind, SubscriptionState
from zhuomai_appliance.store import accounts, reports
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.web.admin import sentences
from zhuomai_appliance.web.admin.labels import (
    account_badge,
    binding_word,
    operator_reason,
    subscription_badge,
)
from zhuomai_appliance.web.admin.lines import attempt_line, audit_line, live_line, session_line, shown_mac
from zhuomai_appliance.web.admin.lists import (
    Axis,
    BoundDevice,
    Event,
    SessionLine,
    SubscriptionLine,
    UserView,
)
from zhuomai_appliance.web.admin.views import Badge, Mark
from zhuomai_appliance.web.formats import Formatter, masked_phone
from zhuomai_appliance.web.forms import UserForm, read_list
from zhuomai_appliance.web.permissions import Visit
from zhuomai_appliance.web.render import query_link

if TYPE_CHECKING:
    from zhuomai_appliance.web.app import ConsoleDeps

RECENT: Final = 40
AXIS_MONTHS: Final = 6
DAY_SECONDS: Final = 86400

_WHY: Final = {
    WhyNot.NO_PLAN: Reason.NO_PLAN,
    WhyNot.EXPIRED: Reason.EXPIRED,
    WhyNot.DATA_USED_UP: Reason.DATA_USED_UP,
    WhyNot.TIME_USED_UP: Reason.TIME_USED_UP,
    WhyNot.SUSPENDED: Reason.SUSPENDED,
    WhyNot.DAY_USED_UP: Reason.DAY_USED_UP,
    WhyNot.MONTH_USED_UP: Reason.MONTH_USED_UP,
    WhyNot.BALANCE_SHORT: Reason.BALANCE_SHORT,
    WhyNot.OWN_LIMIT: Reason.OWN_LIMIT,
    WhyNot.NOT_STARTED: Reason.NO_PLAN,
}
_BARS: Final = {
    SubscriptionState.ACTIVE: "active",
    SubscriptionState.QUEUED: "queued",
    SubscriptionState.RESERVED: "queued",
    SubscriptionState.SUSPENDED: "queued",
}


@dataclass(frozen=True, slots=True)
class _Facts:
    row: reports.AccountRow
    owned: list[reports.SubscriptionRow]
    live: list[reports.SessionRow]
    past: list[reports.SessionRow]
    attempts: list[reports.AttemptRow]
    orders: list[reports.OrderRow]
    acts: list[reports.AuditRow]
    devices: list[DeviceBinding]
    last_refused: reports.AttemptRow | None


def _read(reader: Reader, visit: Visit, account_id: int) -> _Facts | None:
    projects = visit.projects
    row = reports.account(reader, projects, account_id)
    if row is None:
        return None
    newest = reports.Page(limit=RECENT, newest_first=True)
    may_see = visit.may(Permission.ATTEMPTS_READ)
    seen = (
        reports.attempts(reader, projects, reports.AttemptFilter(account_id=row.id), newest)
        if may_see
        else []
    )
    return _Facts(
        row=row,
        owned=reports.subscriptions(
            reader, projects, reports.SubscriptionFilter(account_id=row.id), reports.Page()
        ),
        live=reports.sessions(
            reader, projects, reports.SessionFilter(account_id=row.id, state="open"), newest
        ),
        past=reports.sessions(
            reader, projects, reports.SessionFilter(account_id=row.id, state="closed"), newest
        ),
        attempts=seen,
        orders=reports.orders(reader, projects, reports.OrderFilter(account_id=row.id), newest, by_time=True)
        if visit.may(Permission.ORDERS_READ)
        else [],
        acts=reports.audit(
            reader, projects, reports.AuditFilter(object_kind="account", object_id=row.username), newest
        )
        if visit.may(Permission.AUDIT_READ)
        else [],
        devices=accounts.bindings(reader, row.project_id, row.id),
        last_refused=next((attempt for attempt in seen if not attempt.accepted), None),
    )


async def person(deps: ConsoleDeps, visit: Visit, zone: Zone, account_id: int) -> UserView | None:
    """The page of an account, None where there is none in the operator's projects."""
    facts = await deps.store.read(lambda reader: _read(reader, visit, account_id))
    if facts is None:
        return None
    form = read_list(UserForm, visit.request)
    show = form.word("show")
    f, row = visit.f, facts.row
    can, verdict, detail = _verdict(facts, f)
    phone = accounts.person_data(deps.store.reader, deps.vault, row.id).phone
    axis_from, axis_to, axis = _axis(f, zone)
    limit = 0 if row.entitlement is None else entitlement.max_sessions(row.entitlement, f.now)
    month = zone.instant(
        zone.local(f.now).replace(day=1, hour=0, minute=0, second=0, tzinfo=None, microsecond=0)
    )
    return UserView(
        username=row.username,
        full_name=row.full_name,
        facts=tuple(fact for fact in (row.group, masked_phone(phone) if phone else "") if fact),
        badges=_badges(row, f),
        can_go_online=can,
        verdict=verdict,
        verdict_detail=detail,
        subscriptions=tuple(_subscription(s, f, axis_from, axis_to) for s in facts.owned),
        axis=axis,
        sessions=_live(deps, visit, facts, form.number("confirm")),
        balance_fen=row.balance_fen,
        bonus_fen=row.bonus_fen,
        wallet_facts=sentences.wallet_facts(
            f, sum(o.amount_fen for o in facts.orders if o.paid_at is not None and o.paid_at >= month)
        ),
        devices=tuple(
            BoundDevice(shown_mac(d.mac), binding_word(d.kind, f.words), d.last_seen_at)
            for d in facts.devices
        ),
        max_devices=limit or None,
        events=_events(facts, f, show),
        show=show,
        sessions_url=query_link("/admin/sessions", {"q": row.username}),
        attempts_url=query_link("/admin/attempts", {"q": row.username}),
        **_desk(row, visit),
    )


def _desk(row: reports.AccountRow, visit: Visit) -> dict[str, str]:
    """The ways to the counter, for who may take money; a closed account takes none."""
    if not visit.may(Permission.ORDERS_CASH) or row.status(visit.now) is AccountStatus.CLOSED:
        return {}
    segment, text = row.segment(visit.now), visit.f.words.text
    page = f"/admin/users/{row.id}/pay"
    return {
        "pay_url": page if segment is None else f"{page}?version={segment.plan_version_id}",
        "pay_label": text("Pay") if segment is None else text("Renew"),
        "recharge_url": f"{page}?what=recharge",
    }


def _badges(row: reports.AccountRow, f: Formatter) -> tuple[Badge, ...]:
    badges = [account_badge(row.status(f.now), f.words)]
    if row.online:
        badges.append(Badge(Mark.BRAND, f.words.text("%(n)s online", n=row.online)))
    return tuple(badges)


def _verdict(facts: _Facts, f: Formatter) -> tuple[bool, str, str]:
    """Whether the next login would pass as far as the account decides, and the evidence in sentences."""
    row, text = facts.row, f.words.text
    status = row.status(f.now)
    evidence: list[str] = []
    reason: Reason | None = None
    if status is AccountStatus.CLOSED:
        reason = Reason.ACCOUNT_CLOSED
    elif status is AccountStatus.LOCKED:
        reason = Reason.ACCOUNT_LOCKED
        if row.locked_reason:
            evidence.append(text("Reason: %(why)s.", why=sentences.isolated(row.locked_reason)))
    elif row.entitlement is None:
        reason = Reason.NO_PLAN
    else:
        missing = entitlement.why_not(row.entitlement, f.now)
        if missing is not None and missing.why is not WhyNot.NOT_STARTED:
            reason = _WHY[missing.why]
        limit = entitlement.max_sessions(row.entitlement, f.now)
        segment = row.segment(f.now)
        if segment is not None:
            name = sentences.isolated(segment.plan_name)
            if segment.ends_at is None:
                evidence.append(text("%(plan)s, no end date.", plan=name))
            else:
                evidence.append(text("%(plan)s until %(t)s.", plan=name, t=f.end_of_service(segment.ends_at)))
            if segment.octets_left is not None:
                evidence.append(text("%(x)s left.", x=f.traffic(segment.octets_left)))
            if limit:
                evidence.append(text("Devices %(n)s of %(m)s.", n=row.online, m=limit))
                if row.online >= limit:
                    reason = reason or Reason.TOO_MANY_SESSIONS
    last = facts.last_refused
    if last is not None:
        why = attempt_line(last, f).reason
        evidence.append(text("Last refused %(t)s: %(why)s.", t=f.moment(last.at), why=why))
    join = "" if f.words.text(", ") == "，" else " "
    why_not = "" if reason is None else operator_reason(reason, f.words)
    return (
        reason is None,
        sentences.verdict(f.words, can_go_online=reason is None, why=why_not),
        join.join(evidence),
    )


def _axis(f: Formatter, zone: Zone) -> tuple[int, int, Axis]:
    """The common time axis: from the month before this one, half a year long."""
    this_month = zone.instant(
        zone.local(f.now).replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    )
    starts = f.months(this_month - DAY_SECONDS, AXIS_MONTHS + 1)
    first, last = starts[0][0], starts[-1][0]

    def at(moment: int) -> float:
        return 100 * (moment - first) / (last - first)

    return first, last, Axis(tuple((at(when), name) for when, name in starts[:-1]), at(f.now))


def _subscription(s: reports.SubscriptionRow, f: Formatter, first: int, last: int) -> SubscriptionLine:
    width = last - first
    begin = min(max(s.starts_at if s.starts_at is not None else last, first), last)
    end = min(max(s.ends_at if s.ends_at is not None else last, first), last)
    bar = _BARS.get(s.state, "done")
    if bar == "active" and s.kind in (PlanKind.DATA, PlanKind.DURATION):
        bar = "pack"
    return SubscriptionLine(
        plan=s.plan,
        note=sentences.version_note(f.words, s.version_no),
        badge=subscription_badge(s.state.value, f.words),
        starts_at=s.starts_at,
        ends_at=s.ends_at,
        left=_left(s, f),
        price_fen=s.paid_principal_fen,
        bar=bar,
        bar_from=100 * (begin - first) / width,
        bar_width=100 * max(end - begin, 0) / width if s.starts_at is not None else 0,
    )


def _left(s: reports.SubscriptionRow, f: Formatter) -> str:
    if s.state is not SubscriptionState.ACTIVE:
        return ""
    parts = []
    if s.ends_at is not None and s.ends_at > f.now:
        days = f.days_left(s.ends_at)
        parts.append(
            f.words.plural("%(n)s day left", "%(n)s days left", days)
            if days
            else f.duration(s.ends_at - f.now)
        )
    if s.octets_left is not None:
        parts.append(f.traffic(s.octets_left))
    if s.seconds_left is not None:
        parts.append(f.duration(s.seconds_left))
    return f.words.text(", ").join(parts)


def _live(deps: ConsoleDeps, visit: Visit, facts: _Facts, confirm: int) -> tuple[SessionLine, ...]:
    """The open sessions, with the way to end each where the operator may."""
    lines = []
    for row in facts.live:
        ask = query_link(visit.path, visit.query, confirm=row.id, done=None, paid=None) + f"#s{row.id}"
        may = visit.may(Permission.SESSIONS_DISCONNECT)
        line = live_line(
            row,
            visit.f,
            kick_url=ask if may else "",
            cancel_url=query_link(visit.path, visit.query, confirm=None, done=None, paid=None),
        )
        lines.append(kicking(deps, line, confirming=may and row.id == confirm))
    return tuple(lines)


def kicking(deps: ConsoleDeps, line: SessionLine, *, confirming: bool) -> SessionLine:
    """The line with how far a request to end it has come."""
    asked = deps.session_admin.result(SessionId(line.id))
    return line.with_kick(confirming=confirming, kicked=asked is not None and asked[0] == "waiting")


def _events(facts: _Facts, f: Formatter, show: str) -> tuple[Event, ...]:
    found: list[Event] = []
    for attempt in facts.attempts:
        told = attempt_line(attempt, f)
        where = f.words.text(", ").join(part for part in (told.access, told.nas, told.mac) if part)
        if attempt.accepted:
            found.append(sentences.logged_in(f.words, attempt.at, where))
        else:
            detail = f.words.text(", ").join(part for part in (told.code, told.lookup, where) if part)
            found.append(sentences.refused(f.words, attempt.at, told.reason, detail))
    for session in facts.past:
        line = session_line(session, f)
        used = f.traffic(session.input_octets + session.output_octets)
        detail = f.words.text(", ").join(
            part for part in (f.duration(session.seconds), used, line.cause) if part
        )
        found.append(sentences.session_ended(f.words, session.stopped_at or session.updated_at, detail))
    for order in facts.orders:
        if order.paid_at is not None and order.state is not OrderState.CLOSED:
            detail = f.words.text(", ").join(part for part in (order.plan or "", order.operator) if part)
            amount = None if order.channel is Channel.GRANT else f.yuan(order.amount_fen)
            found.append(sentences.paid(f.words, order.paid_at, amount, detail))
    for act in facts.acts:
        told_act = audit_line(act, f)
        found.append(sentences.changed(f.words, act.at, act.actor, told_act.action))
    chosen = [event for event in found if not show or event.kind.value == show]
    return tuple(sorted(chosen, key=lambda event: event.at, reverse=True)[:RECENT])
