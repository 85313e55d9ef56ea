"""The dashboard: figures, the curve of sessions, refusals, devices, and what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zhuomai_appliance.model.moment import Zone, day_bounds, day_of
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, NasId
from zhuomai_appliance.store import reports, sessions
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.web.admin import sentences
from zhuomai_appliance.web.admin.labels import operator_reason
from zhuomai_appliance.web.admin.views import DashboardView, Mark, NasLine, Point, Ranked, Trouble
from zhuomai_appliance.web.permissions import Visit
from zhuomai_appliance.web.reasons import reason_of

if TYPE_CHECKING:
    from zhuomai_appliance.web.app import ConsoleDeps

STEP_SECONDS: Final = 900
DAY_SECONDS: Final = 86400
SILENT_SECONDS: Final = 2 * 300 + 60
"""A device that has people online and was not heard for two usual intervals and a minute is silent."""

BACKUP_SECONDS: Final = 26 * 3600
"""A daily backup that is two hours late has failed."""

MOST_REASONS: Final = 8


@dataclass(frozen=True, slots=True)
class _Facts:
    sums: reports.OnlineSums
    expiring: int
    cash_fen: int
    refused: list[tuple[str, int]]
    today: list[tuple[int, int]]
    yesterday: list[tuple[int, int]]
    by_nas: list[reports.NasOnline]
    heard: dict[NasId, int]


async def dashboard(deps: ConsoleDeps, visit: Visit, zone: Zone) -> DashboardView:
    """Everything of one instant, read in one snapshot."""
    now, projects = visit.now, visit.projects
    start, _ = day_bounds(day_of(zone.local(now).date()), zone)
    steps = (now - start) // STEP_SECONDS

    def read(reader: Reader) -> _Facts:
        return _Facts(
            sums=reports.online_sums(reader, projects, reports.OnlineFilter(), now),
            expiring=reports.count_accounts(
                reader, projects, reports.AccountFilter(ends_before=now + reports.EXPIRING_SECONDS), now
            ),
            cash_fen=sum(reports.cash_taken(reader, projects, start, now + 1).values()),
            refused=reports.refused_by_reason(reader, projects, start, now + 1),
            today=reports.online_curve(reader, projects, start, start + steps * STEP_SECONDS, steps)
            if steps
            else [],
            yesterday=reports.online_curve(
                reader, projects, start - DAY_SECONDS, start, DAY_SECONDS // STEP_SECONDS
            ),
            by_nas=reports.online_by_nas(reader, projects),
            heard=sessions.last_packets(reader),
        )

    facts = await deps.store.read(read)
    nas = _nas_lines(deps, visit, facts)
    # The running quarter of an hour shows who is online now, so that the curve begins with the first session
    today = [*facts.today, (start + steps * STEP_SECONDS, facts.sums.people)]
    seen = any(people for _, people in today + facts.yesterday)
    return DashboardView(
        figures=sentences.dashboard_figures(
            visit.f,
            people=facts.sums.people,
            devices=facts.sums.sessions,
            income_fen=facts.cash_fen,
            expiring=facts.expiring,
            refused=sum(count for _, count in facts.refused),
        ),
        today=tuple(Point(at, people) for at, people in today) if seen else (),
        yesterday=tuple(Point(at, people) for at, people in facts.yesterday)
        if any(people for _, people in facts.yesterday)
        else (),
        refused=_ranking(facts.refused, visit),
        troubles=_troubles(deps, visit, nas),
        nas=nas,
        online_url="/admin/online",
        attempts_url="/admin/attempts?result=refused",
    )


def _ranking(refused: list[tuple[str, int]], visit: Visit) -> tuple[Ranked, ...]:
    words = visit.f.words
    found = []
    for word, count in refused[:MOST_REASONS]:
        reason = reason_of(word)
        label = word if reason is None else operator_reason(reason, words)
        found.append(Ranked(label, count, f"/admin/attempts?result=refused&code={word}"))
    return tuple(found)


def _nas_lines(deps: ConsoleDeps, visit: Visit, facts: _Facts) -> tuple[NasLine, ...]:
    online = {line.nas_id: line for line in facts.by_nas}
    lines = []
    for nas in deps.tables.all_nas():
        if visit.projects and nas.project_id not in visit.projects:
            continue
        here = online.get(nas.id)
        heard = facts.heard.get(nas.id) or (here.seen_at if here else None)
        silent = here is not None and heard is not None and heard < visit.now - SILENT_SECONDS
        badge = sentences.nas_badge(visit.f.words, silent=silent, ever=heard is not None)
        lines.append(NasLine(nas.name or str(nas.address), here.sessions if here else 0, heard, badge))
    return tuple(lines)


def _troubles(deps: ConsoleDeps, visit: Visit, nas: tuple[NasLine, ...]) -> tuple[Trouble, ...]:
    words = visit.f.words
    found = []
    if not deps.store.state.writable:
        found.append(sentences.not_writable(words, deps.store.state.reason))
    backed_up_at = deps.backed_up_at()
    if backed_up_at is None or visit.now - backed_up_at > BACKUP_SECONDS:
        found.append(sentences.stale_backup(visit.f, backed_up_at))
    found += [sentences.silence(visit.f, line) for line in nas if line.badge.mark is Mark.WARN]
    found += [sentences.unsigned(words, name) for name in _never_signed(deps, visit, nas)]
    return tuple(found)


def _never_signed(deps: ConsoleDeps, visit: Visit, nas: tuple[NasLine, ...]) -> list[str]:
    """Devices that report and whose logins have never carried a Message-Authenticator (security R4)."""
    reporting = {line.name for line in nas if line.last_report_at is not None}
    return [
        name
        for device in deps.tables.all_nas()
        if (not visit.projects or device.project_id in visit.projects)
        and (name := device.name or str(device.address)) in reporting
        and device.message_authenticator is not MessageAuthenticatorPolicy.REQUIRE
        and not deps.tables.signs(device, device.host)
    ]
