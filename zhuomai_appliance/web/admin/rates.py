"""The rate templates (流量模版) in the console: the list with who follows each, and the form of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from wtforms import Form, HiddenField, StringField
from wtforms.fields import IntegerField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from zhuomai_appliance.flows.rate_admin import RateRefused
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.model.traffic import RateLimit, format_rate, parse_rate
from zhuomai_appliance.store import products, rates
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.products import Rate
from zhuomai_appliance.store.rates import RateUsers
from zhuomai_appliance.web.admin.device_views import Field
from zhuomai_appliance.web.admin.views import Choice
from zhuomai_appliance.web.forms import Fields
from zhuomai_appliance.web.permissions import Visit, require
from zhuomai_appliance.web.words import mark

if TYPE_CHECKING:
    from klein import Klein

    from zhuomai_appliance.web.admin.app import AdminApp

LIST: Final = "/admin/rates"
_REQUIRED: Final = InputRequired(mark("Please fill this in."))

_REFUSALS: Final = {
    "name": mark("Another template has this name."),
    "changed": mark("Somebody changed this template meanwhile. Please look at it anew; nothing was saved."),
    "in_use": mark("Groups, people or access rules follow this template, so it stays."),
}


@dataclass(frozen=True, slots=True)
class RateLine:
    """One template in the list. ``used`` says who follows it."""

    name: str
    project: str
    up_bps: int
    down_bps: int
    used: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RatesView:
    """The list, and the form of the chosen or of a new one; without ``save_url`` there is no form."""

    rows: tuple[RateLine, ...]
    has_projects: bool
    title: str
    save_url: str
    remove_url: str
    fields: tuple[Field, ...]
    was: str
    new_url: str
    problem: str = ""


def _speed(form: Form, field: Any) -> None:
    try:
        parse_rate(str(field.data or ""))
    except ValueError:
        raise ValidationError(mark("Write a speed such as 8M, 512k or 1G.")) from None


class RateForm(Form):
    """A template; ``was`` are the speeds that the form was made from."""

    was = HiddenField(validators=[Length(max=64)], default="")
    project = IntegerField(validators=[Optional()])
    name = StringField(validators=[_REQUIRED, Length(max=64)])
    down = StringField(validators=[_REQUIRED, Length(max=20), _speed])
    up = StringField(validators=[_REQUIRED, Length(max=20), _speed])


@dataclass(frozen=True, slots=True)
class _Known:
    rates: list[Rate]
    users: dict[int, RateUsers]


def add_routes(app: Klein) -> None:
    """Put the pages into the console."""
    app.route("/rates", methods=["GET"])(list_rates)
    app.route("/rates", methods=["POST"])(create_rate)
    app.route("/rates/<int:rate_id>", methods=["GET"])(show_rate)
    app.route("/rates/<int:rate_id>", methods=["POST"])(change_rate)
    app.route("/rates/<int:rate_id>/remove", methods=["POST"])(remove_rate)


@require(Permission.NETWORK_READ)
async def list_rates(site: AdminApp, visit: Visit) -> bytes:
    """Every template, and an empty form."""
    known = await _known(site, visit)
    words = visit.f.words
    flash = words.text("Saved.") if visit.query.get("saved") else ""
    flash = words.text("The template was removed.") if visit.query.get("removed") else flash
    return _page(site, visit, known, None, _form(site, visit, None), flash=flash)


@require(Permission.NETWORK_READ)
async def show_rate(site: AdminApp, visit: Visit, rate_id: int) -> bytes:
    """Every template, and the form of one."""
    known = await _known(site, visit)
    rate = next((one for one in known.rates if one.id == rate_id), None)
    if rate is None:
        return site.refused(visit.request, 404, visit)
    return _page(site, visit, known, rate, _form(site, visit, rate))


@require(Permission.NETWORK_WRITE)
async def create_rate(site: AdminApp, visit: Visit) -> bytes:
    """Make a template."""
    return await _save(site, visit, await _known(site, visit), None)


@require(Permission.NETWORK_WRITE)
async def change_rate(site: AdminApp, visit: Visit, rate_id: int) -> bytes:
    """Change a template."""
    known = await _known(site, visit)
    rate = next((one for one in known.rates if one.id == rate_id), None)
    if rate is None:
        return site.refused(visit.request, 404, visit)
    return await _save(site, visit, known, rate)


@require(Permission.NETWORK_WRITE)
async def remove_rate(site: AdminApp, visit: Visit, rate_id: int) -> bytes:
    """Remove a template that nobody follows."""
    known = await _known(site, visit)
    rate = next((one for one in known.rates if one.id == rate_id), None)
    if rate is None:
        return site.refused(visit.request, 404, visit)
    try:
        await site.deps.rate_admin.remove(visit.actor, rate.project_id, rate.id, visit.projects)
    except RateRefused as refused:
        visit.request.setResponseCode(409)
        problem = visit.f.words.text(_REFUSALS[refused.why])
        return _page(site, visit, known, rate, _form(site, visit, rate), problem=problem)
    return site.to(visit.request, f"{LIST}?removed=1")


async def _save(site: AdminApp, visit: Visit, known: _Known, rate: Rate | None) -> bytes:
    form = RateForm(Fields(visit.request.args or {}))
    if not form.validate():
        visit.request.setResponseCode(400)
        return _page(site, visit, known, rate, form)
    project_id = rate.project_id if rate else _project(site, visit, form.project.data)
    limit = RateLimit(up_bps=parse_rate(str(form.up.data)), down_bps=parse_rate(str(form.down.data)))
    peaks = rate.limit.burst if rate is not None else None
    if peaks is not None and peaks.up_bps >= limit.up_bps and peaks.down_bps >= limit.down_bps:
        # The form does not show peaks; those of the template stay while they are any
        limit = replace(limit, burst=peaks)
    # What the form was made from must still be so; speeds that cannot be read are none that stand in the books
    was = rate.limit if rate is not None and str(form.was.data) == str(rate.limit) else None
    name = str(form.name.data).strip()
    try:
        await site.deps.rate_admin.save(
            visit.actor, project_id, rate.id if rate else 0, name, limit, was=was, projects=visit.projects
        )
    except RateRefused as refused:
        visit.request.setResponseCode(409)
        problem = visit.f.words.text(_REFUSALS[refused.why])
        return _page(site, visit, known, rate, form, problem=problem)
    return site.to(visit.request, f"{LIST}?saved=1")


def _projects(site: AdminApp, visit: Visit) -> list[tuple[ProjectId, str]]:
    return [
        (one.id, one.name)
        for one in site.deps.tables.projects()
        if not visit.projects or one.id in visit.projects
    ]


def _project(site: AdminApp, visit: Visit, wanted: int | None) -> ProjectId:
    """The project a new template is for: the one named, or the first of the operator's."""
    known = [project_id for project_id, _ in _projects(site, visit)]
    return ProjectId(wanted) if wanted in known and wanted is not None else known[0]


async def _known(site: AdminApp, visit: Visit) -> _Known:
    def read(reader: Reader) -> _Known:
        found: list[Rate] = []
        users: dict[int, RateUsers] = {}
        for project_id, _ in _projects(site, visit):
            found += products.rates(reader, project_id)
            users |= rates.users(reader, project_id)
        return _Known(found, users)

    return await site.deps.store.read(read)


def _form(site: AdminApp, visit: Visit, rate: Rate | None) -> RateForm:
    form = RateForm()
    if rate is None:
        form.project.data = _project(site, visit, None)
        return form
    form.was.data = str(rate.limit)
    form.project.data = rate.project_id
    form.name.data = rate.name
    form.down.data, form.up.data = format_rate(rate.limit.down_bps), format_rate(rate.limit.up_bps)
    return form


def _page(
    site: AdminApp,
    visit: Visit,
    known: _Known,
    rate: Rate | None,
    form: RateForm,
    *,
    flash: str = "",
    problem: str = "",
) -> bytes:
    text = visit.f.words.text
    may = visit.may(Permission.NETWORK_WRITE)
    names = dict(_projects(site, visit))
    here = LIST if rate is None else f"{LIST}/{rate.id}"
    is_unused = rate is not None and rate.id not in known.users
    view = RatesView(
        rows=tuple(
            RateLine(
                one.name,
                names.get(one.project_id, ""),
                one.limit.up_bps,
                one.limit.down_bps,
                _used(visit, known.users.get(one.id)),
                f"{LIST}/{one.id}",
                rate is not None and one.id == rate.id,
            )
            for one in known.rates
        ),
        has_projects=len(names) > 1,
        title=text("New template") if rate is None else rate.name,
        save_url=here if may else "",
        remove_url=f"{here}/remove" if may and is_unused else "",
        fields=_fields(form, text, names if rate is None else {}),
        was=str(form.was.data or ""),
        new_url="" if rate is None or not may else LIST,
        problem=problem,
    )
    return site.page(visit, "rates.html", view, "rates", flash)


def _used(visit: Visit, users: RateUsers | None) -> str:
    words = visit.f.words
    if users is None:
        return ""
    parts = []
    if users.groups:
        parts.append(words.plural("%(n)s group", "%(n)s groups", users.groups))
    if users.accounts:
        parts.append(words.plural("%(n)s account", "%(n)s accounts", users.accounts))
    return words.text(", ").join(parts)


def _fields(form: RateForm, text: Any, projects: dict[ProjectId, str]) -> tuple[Field, ...]:
    def field(name: str, label: str, hint: str = "", most: int = 20) -> Field:
        held = form[name]
        problem = text(str(held.errors[0])) if held.errors else ""
        return Field(name, label, str(held.data or ""), problem, hint, required=True, most=most)

    found = [
        field("name", text("Template name"), most=64),
        field("down", text("Down"), text("For example 8M, 512k, 1G; bits per second")),
        field("up", text("Up")),
    ]
    if len(projects) > 1:
        choices = tuple(Choice(str(one), name) for one, name in projects.items())
        found.insert(0, Field("project", text("Project"), str(form.project.data or ""), choices=choices))
    return tuple(found)
