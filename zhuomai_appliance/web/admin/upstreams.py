"""The RADIUS servers elsewhere (第三方RADIUS) in the console: how each is doing, and a test of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wtforms import Form, StringField
from wtforms.fields import IntegerField
from wtforms.validators import InputRequired, Length

from zhuomai_appliance.flows.roster import Standing
from zhuomai_appliance.flows.server_desk import ServerView, Trial
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.admin.views import Badge, Mark
from zhuomai_appliance.web.forms import Fields
from zhuomai_appliance.web.permissions import Visit, require
from zhuomai_appliance.web.words import Words, mark

if TYPE_CHECKING:
    from klein import Klein

    from zhuomai_appliance.web.admin.app import AdminApp

PAGE: Final = "/admin/upstreams"

_STANDINGS: Final = {
    Standing.ALIVE: (Mark.OK, mark("Answers")),
    Standing.DEAD: (Mark.DANGER, mark("Does not answer")),
}


@dataclass(frozen=True, slots=True)
class UpstreamLine:
    """One server; ``tested`` is what the test of a moment ago found."""

    name: str
    project: str
    project_id: int
    address: str
    transport: str
    realms: str
    badge: Badge
    answered: int
    silent: int
    milliseconds: int | None
    tested: str


@dataclass(frozen=True, slots=True)
class UpstreamsView:
    """Every server of the operator's projects."""

    rows: tuple[UpstreamLine, ...]
    has_projects: bool
    test_url: str


class TestForm(Form):
    """Which server is to be tested."""

    project = IntegerField(validators=[InputRequired()])
    name = StringField(validators=[InputRequired(), Length(max=128)])


def add_routes(app: Klein) -> None:
    """Put the page into the console."""
    app.route("/upstreams", methods=["GET"])(list_upstreams)
    app.route("/upstreams", methods=["POST"])(test_upstream)


@require(Permission.NETWORK_READ)
async def list_upstreams(site: AdminApp, visit: Visit) -> bytes:
    """The servers as they are now."""
    return _page(site, visit)


@require(Permission.NETWORK_WRITE)
async def test_upstream(site: AdminApp, visit: Visit) -> bytes:
    """Ask one server whether it lives."""
    form = TestForm(Fields(visit.request.args or {}))
    if not form.validate() or form.project.data not in _projects(site, visit):
        return site.refused(visit.request, 404, visit)
    name, project_id = str(form.name.data), ProjectId(form.project.data)
    trial = await site.deps.servers.test(project_id, name)
    if trial is None:
        return site.refused(visit.request, 404, visit)
    return _page(site, visit, (project_id, name), trial)


def _projects(site: AdminApp, visit: Visit) -> dict[int, str]:
    return {
        int(one.id): one.name
        for one in site.deps.tables.projects()
        if not visit.projects or one.id in visit.projects
    }


def _page(
    site: AdminApp, visit: Visit, tested: tuple[ProjectId, str] | None = None, trial: Trial | None = None
) -> bytes:
    projects = _projects(site, visit)
    servers = site.deps.servers.servers([ProjectId(one) for one in projects])
    view = UpstreamsView(
        rows=tuple(
            _line(visit.f.words, one, projects, trial if tested == (one.project_id, one.name) else None)
            for one in servers
        ),
        has_projects=len(projects) > 1,
        test_url=PAGE if visit.may(Permission.NETWORK_WRITE) else "",
    )
    return site.page(visit, "upstreams.html", view, "upstreams")


def _line(words: Words, server: ServerView, projects: dict[int, str], trial: Trial | None) -> UpstreamLine:
    shape, word = _STANDINGS.get(server.standing, (Mark.WARN, mark("Being tried again")))
    tested = ""
    if trial is not None:
        tested = (
            words.text("Answered within %(n)s ms", n=trial.milliseconds)
            if trial.answers
            else words.text("No answer to the test")
        )
    return UpstreamLine(
        name=server.name,
        project=projects.get(int(server.project_id), ""),
        project_id=int(server.project_id),
        address=f"[{server.address}]:{server.port}" if ":" in server.address else f"{server.address}:{server.port}",
        transport=server.transport.value.upper(),
        realms=words.text(", ").join(server.realms),
        badge=Badge(shape, words.text(word)),
        answered=server.answered,
        silent=server.silent,
        milliseconds=server.milliseconds,
        tested=tested,
    )  # fmt: skip
