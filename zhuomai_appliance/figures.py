"""What /metrics tells: every name, and where its value comes from. No label holds anything personal."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import zhuomai_appliance
from zhuomai_appliance.flows.eap import EapDesk
from zhuomai_appliance.flows.meters import Metric, Sample
from zhuomai_appliance.flows.roster import Standing
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, Nas
from zhuomai_appliance.net.radius_port import RadiusPort

if TYPE_CHECKING:
    from zhuomai_appliance.appliance import Appliance

METRICS: Final[dict[str, Metric]] = {
    f"zhuomai_{name}": Metric(f"zhuomai_{name}", words, tuple(labels.split()))
    for name, words, labels in (
        ("build_info", "Which program answers; always 1.", "version python"),
        ("start_time_seconds", "When the daemon started, seconds of the epoch.", ""),
        ("radius_requests_total", "Requests taken to be worked on.", "port"),
        ("radius_answers_total", "Requests answered, by what was said.", "port kind"),
        ("radius_repeated_total", "Repetitions: of an answered request, or of one in work.", "port of"),
        ("radius_dropped_total", "Datagrams that got no answer, by the reason.", "port reason"),
        ("radius_shortened_total", "Replies whose rules did not fit and were left out.", "port"),
        ("radius_in_work", "Requests in work at this moment.", "port"),
        ("radius_waiting", "Datagrams that wait to be read at this moment.", "port"),
        ("radius_wait_seconds", "The longest wait for its turn of the last half second.", "port"),
        ("radius_answer_seconds", "From a request's arrival to its answer.", "port"),
        ("radius_stage_seconds", "The steps of the work on a request.", "port stage"),
        ("access_rejects_total", "Refused logins, by the reason.", "reason"),
        ("eap_open", "802.1X conversations that wait for their device at this moment.", ""),
        ("eap_begun_total", "802.1X conversations begun.", ""),
        ("eap_ended_total", "802.1X conversations that came to an end, by the method.", "method outcome"),
        ("eap_lost_total", "802.1X conversations that came to none.", "why"),
        ("eap_stray_total", "802.1X requests that belong to no conversation.", ""),
        ("eap_resumed_total", "802.1X logins that went on with an earlier TLS session.", "method"),
        ("acct_reports_total", "Accounting reports worked on, by their kind.", "kind"),
        ("acct_unattributed_total", "Sessions begun that belong to no account.", ""),
        ("control_requests_total", "CoA and Disconnect requests, by how they ended.", "kind outcome"),
        ("control_waiting", "CoA and Disconnect requests that wait for an answer.", ""),
        ("radsec_connections", "RadSec connections open at this moment.", ""),
        ("radsec_events_total", "RadSec connections and packets, and why connections ended.", "what"),
        ("server_up", "1 for a RADIUS server elsewhere that answers.", "project server"),
        ("server_requests_total", "Requests to RADIUS servers elsewhere, by what came of them.", "project server outcome"),
        ("server_answer_seconds", "How long a RADIUS server elsewhere takes, a running mean.", "project server"),
        ("guest_reports_waiting", "Reports that wait to be told to servers elsewhere.", ""),
        ("guest_reports_total", "Reports for servers elsewhere, by what became of them.", "outcome"),
        ("portal_dialogues_total", "Dialogues begun with access controllers.", ""),
        ("portal_ended_total", "Dialogues with access controllers, by how they ended.", "ending"),
        ("portal_notices_total", "Access controllers' own notices, by what became of them.", "outcome"),
        ("portal_heartbeats_total", "Heartbeats that access controllers acknowledged.", ""),
        ("portal_dropped_total", "Portal datagrams nobody could use, by the reason.", "reason"),
        ("nas_silent_seconds", "How long a device has sent nothing that verified.", "nas"),
        ("nas_interims_received", "Interim reports of a device in the last hour.", "nas"),
        ("nas_interims_lost", "Interim reports of the last hour that a gap tells of.", "nas"),
        ("nas_interims_late_seconds", "How late a device's interims of the last hour came, the mean.", "nas"),
        ("nas_unsigned", "1 for a device that need not sign its logins yet.", "nas"),
        ("nas_doubtful_passwords", "Passwords that are no text, of a device that never succeeded.", "nas"),
        ("place_devices", "Devices at a limited place at this moment.", "project kind value"),
        ("place_limit", "How many devices may be there.", "project kind value"),
        ("http_connections", "Connections open at this moment.", "site"),
        ("http_in_work", "Requests of pages in work at this moment.", "site"),
        ("http_requests_total", "Requests of pages taken.", "site"),
        ("http_refused_total", "Requests and connections that were turned away.", "site reason"),
        ("loop_lag_seconds", "How late the daemon ran what was due in the last half second.", ""),
        ("slow_turns_total", "Times that one piece of work held everything else up.", ""),
        ("alarms", "Alarms that stand, by their kind.", "kind"),
        ("alarms_raised_total", "Alarms raised, by their kind.", "kind"),
        ("store_seconds", "Groups of writes: waiting for their turn, working, committing.", "step"),
        ("store_tasks_total", "Write tasks committed.", ""),
        ("store_commits_total", "Commits.", ""),
        ("store_waiting", "Writes that wait at this moment.", ""),
        ("store_refused_total", "Writes refused.", ""),
        ("store_failed_total", "Writes that failed, alone or with their whole group.", "of"),
    )
}  # fmt: skip
"""Every name with its meaning and its labels; the handbook lists them all."""

_ANSWERS: Final = {
    "access_accept": "accept",
    "access_reject": "reject",
    "access_challenge": "challenge",
    "recorded": "recorded",
    "status": "status",
}
_REPEATED: Final = {"repeated": "answered", "pending": "in_work"}
NO_DROPS: Final = frozenset((*_ANSWERS, *_REPEATED, "requests", "shortened"))


def figures(appliance: Appliance) -> Iterator[Sample]:
    """Every figure as it is now."""
    yield _sample("build_info", 1, zhuomai_appliance.__version__, platform.python_version())
    yield _sample("start_time_seconds", appliance.started_at)
    for port in appliance.radius_ports():
        yield from _of_port(port)
    for stage, histogram in (
        ("gather", appliance.access.gather_seconds),
        ("judge", appliance.access.judge_seconds),
    ):
        yield Sample(METRICS["zhuomai_radius_stage_seconds"], histogram, ("auth", stage))
    yield from _counted("access_rejects_total", appliance.access.rejected)
    yield from of_eap(appliance.access.eap)
    yield from _counted("acct_reports_total", appliance.acct.reports)
    yield _sample("acct_unattributed_total", appliance.follow_up.unattributed)
    for (kind, outcome), count in appliance.coa.outcomes.items():
        yield _sample("control_requests_total", count, kind, outcome)
    yield _sample("control_waiting", appliance.coa.waiting)
    yield from _of_streams(appliance)
    yield from _of_portal(appliance.portal.counters)
    yield from _of_devices(appliance)
    yield from _of_places(appliance)
    yield from _of_sites(appliance)
    yield from _counted("alarms", appliance.alarms.counts())
    yield from _counted("alarms_raised_total", appliance.alarms.raised)
    yield _sample("loop_lag_seconds", appliance.load.wait_seconds("loop"))
    yield _sample("slow_turns_total", appliance.slow_turns.count)
    yield from _of_store(appliance)


def _sample(name: str, value: float, *labels: str) -> Sample:
    return Sample(METRICS[f"zhuomai_{name}"], value, labels)


def _counted(name: str, counts: Mapping[Any, int], *labels: str) -> Iterator[Sample]:
    for what, count in counts.items():
        yield _sample(name, count, *labels, what)


def _of_port(port: RadiusPort) -> Iterator[Sample]:
    kind, counts = port.kind, port.counters
    yield _sample("radius_requests_total", counts["requests"], kind)
    yield _sample("radius_shortened_total", counts["shortened"], kind)
    for what, count in counts.items():
        if what in _ANSWERS:
            yield _sample("radius_answers_total", count, kind, _ANSWERS[what])
        elif what in _REPEATED:
            yield _sample("radius_repeated_total", count, kind, _REPEATED[what])
        elif what not in NO_DROPS:
            yield _sample("radius_dropped_total", count, kind, what)
    yield _sample("radius_in_work", port.in_work, kind)
    yield _sample("radius_waiting", port.waiting, kind)
    yield _sample("radius_wait_seconds", port.load.wait_seconds(kind), kind)
    yield Sample(METRICS["zhuomai_radius_answer_seconds"], port.answer_seconds, (kind,))
    for stage, histogram in port.stages().items():
        yield Sample(METRICS["zhuomai_radius_stage_seconds"], histogram, (kind, stage))


def of_eap(desk: EapDesk) -> Iterator[Sample]:
    """The figures of 802.1X."""
    talks = desk.talks
    yield _sample("eap_open", len(talks))
    yield _sample("eap_begun_total", desk.begun)
    for (method, outcome), count in desk.ended.items():
        yield _sample("eap_ended_total", count, method, outcome)
    yield _sample("eap_lost_total", talks.expired, "expired")
    yield _sample("eap_lost_total", talks.evicted, "no_room")
    yield _sample("eap_stray_total", desk.strays)
    yield from _counted("eap_resumed_total", desk.resumed)


def _of_streams(appliance: Appliance) -> Iterator[Sample]:
    factory = appliance.streams.factory
    if factory is not None:
        yield _sample("radsec_connections", len(factory.inside))
        yield from _counted("radsec_events_total", factory.counters)
    for server in appliance.roaming.roster.states():
        project = appliance.tables.project(server.project_id)
        labels = (project.name if project is not None else "", server.name)
        yield _sample("server_up", int(server.standing is not Standing.DEAD), *labels)
        for outcome in ("answered", "silent"):
            yield _sample("server_requests_total", getattr(server, outcome), *labels, outcome)
        if server.latency_seconds is not None:
            yield _sample("server_answer_seconds", server.latency_seconds, *labels)
    guests = appliance.roaming.guests
    yield _sample("guest_reports_waiting", guests.waiting)
    for outcome in ("told", "dropped"):
        yield _sample("guest_reports_total", guests.counters[f"report_{outcome}"], outcome)


def _of_portal(counts: Mapping[str, int]) -> Iterator[Sample]:
    yield _sample("portal_dialogues_total", counts.get("dialogues", 0))
    yield _sample("portal_heartbeats_total", counts.get("status_acknowledged", 0))
    for what, count in counts.items():
        if what.startswith("ended_"):
            yield _sample("portal_ended_total", count, what.removeprefix("ended_"))
        elif what == "notices":
            yield _sample("portal_notices_total", count, "taken")
        elif what.startswith("notice_"):
            yield _sample("portal_notices_total", count, what.removeprefix("notice_"))
        elif what not in ("dialogues", "status_acknowledged"):
            yield _sample("portal_dropped_total", count, what)


def must_sign(tables: Tables, nas: Nas) -> bool:
    """Whether a device's logins are refused without a Message-Authenticator: it is set so, or it was learned."""
    if nas.message_authenticator is MessageAuthenticatorPolicy.AUTO:
        return nas.is_single_host and tables.signs(nas, nas.host)
    return nas.message_authenticator is MessageAuthenticatorPolicy.REQUIRE


def _of_devices(appliance: Appliance) -> Iterator[Sample]:
    now, ports = appliance.clocks.monotonic(), appliance.radius_ports()
    for nas in appliance.tables.all_nas():
        heard_at = max(port.heard_at.get(nas.id, appliance.began) for port in ports)
        yield _sample("nas_silent_seconds", round(now - heard_at, 1), nas.name)
        interims = appliance.interims.of(nas.id, appliance.clocks.now())
        yield _sample("nas_interims_received", interims.received, nas.name)
        yield _sample("nas_interims_lost", interims.lost, nas.name)
        yield _sample("nas_interims_late_seconds", interims.late_seconds, nas.name)
        yield _sample("nas_unsigned", int(not must_sign(appliance.tables, nas)), nas.name)
        yield _sample("nas_doubtful_passwords", appliance.auth.doubts[nas.id], nas.name)


def _of_places(appliance: Appliance) -> Iterator[Sample]:
    now, places = appliance.clocks.now(), appliance.reservations.places
    for project in appliance.tables.projects():
        for limit, current in places.use(appliance.tables, project.id, now):
            labels = (project.name, limit.kind.value, limit.value)
            yield _sample("place_devices", current, *labels)
            yield _sample("place_limit", limit.maximum, *labels)


def _of_sites(appliance: Appliance) -> Iterator[Sample]:
    for name, site in appliance.admitting:
        yield _sample("http_connections", site.connections, name)
        yield _sample("http_in_work", site.in_work, name)
        yield _sample("http_requests_total", site.counters["requests"], name)
        for what, count in site.counters.items():
            if what not in ("requests", "connections"):
                yield _sample("http_refused_total", count, name, what)


def _of_store(appliance: Appliance) -> Iterator[Sample]:
    counters = appliance.store.counters
    for step, histogram in appliance.store.timings.items():
        yield Sample(METRICS["zhuomai_store_seconds"], histogram, (step,))
    yield _sample("store_tasks_total", counters.tasks)
    yield _sample("store_commits_total", counters.groups)
    yield _sample("store_waiting", counters.waiting)
    yield _sample("store_refused_total", counters.refused)
    yield _sample("store_failed_total", counters.failed_tasks, "tasks")
    yield _sample("store_failed_total", counters.lost_groups, "commits")
    yield _sample("store_failed_total", counters.unheard, "unheard")
