"""The black and white lists in the console: devices, addresses and phone numbers, by whom, why and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from wtforms import Form, HiddenField, StringField
from wtforms.fields import DateField, IntegerField
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from zhuomai_appliance.flows.list_admin import ListRefused
from zhuomai_appliance.model.moment import day_bounds, day_of
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.admin.device_views import Field
from zhuomai_appliance.web.admin.lines import shown_mac
from zhuomai_appliance.web.admin.views import Badge, Choice, Mark
from zhuomai_appliance.web.formats import Formatter, masked_phone
from zhuomai_appliance.web.forms import Fields
from zhuomai_appliance.web.permissions import Visit, require
from zhuomai_appliance.web.words import Words, mark

if TYPE_CHECKING:
    from klein import Klein

    from zhuomai_appliance.web.admin.app import AdminApp

LIST: Final = "/admin/lists"

KINDS: Final = {
    ListKind.MAC: mark("MAC lists"),
    ListKind.IP: mark("IP lists"),
    ListKind.PHONE: mark("Phone lists"),
}
_VALUES: Final = {
    ListKind.MAC: (mark("MAC or maker's prefix"), mark("For example a4:5e:60:01:02:03, or a4:5e:60 for a maker")),
    ListKind.IP: (mark("Address or network"), mark("For example 10.9.0.7, or 10.9.0.0/16")),
    ListKind.PHONE: (mark("Phone number"), mark("It stands for the account that it belongs to")),
}  # fmt: skip
_NOT_ONE: Final = {
    ListKind.MAC: mark("Write a MAC such as a4:5e:60:01:02:03, or a maker's prefix such as a4:5e:60."),
    ListKind.IP: mark("Write an address such as 192.0.2.1 or a network such as 10.9.0.0/16."),
    ListKind.PHONE: mark("Please fill this in."),
}


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry. ``ends_at`` None has no end."""

    value: str
    badge: Badge
    reason: str
    ends_at: int | None
    is_over: bool
    made_by: str
    project: str
    key: str


@dataclass(frozen=True, slots=True)
class ListsView:
    """The entries of one kind, and the form of a new one; without ``save_url`` there is none."""

    kind: str
    kinds: tuple[Choice, ...]
    rows: tuple[EntryLine, ...]
    has_projects: bool
    save_url: str
    fields: tuple[Field, ...]
    value_label: str
    problem: str = ""


class EntryForm(Form):
    """A new entry."""

    kind = HiddenField(validators=[AnyOf([kind.value for kind in ListKind])])
    project = IntegerField(validators=[Optional()])
    action = StringField(validators=[AnyOf([one.value for one in ListAction])], default=ListAction.DENY.value)
    value = StringField(validators=[InputRequired(mark("Please fill this in.")), Length(max=64)])
    reason = StringField(validators=[Length(max=200)], default="")
    until = DateField(validators=[Optional()])


class RemovalForm(Form):
    """An entry to be taken off."""

    key = StringField(validators=[InputRequired(), Length(max=64)])


def add_routes(app: Klein) -> None:
    """Put the pages into the console."""
    app.route("/lists", methods=["GET"])(list_entries)
    app.route("/lists", methods=["POST"])(put_entry)
    app.route("/lists/remove", methods=["POST"])(remove_entry)


@require(Permission.NETWORK_READ)
async def list_entries(site: AdminApp, visit: Visit) -> bytes:
    """The entries of one kind."""
    text = visit.f.words.text
    flash = text("Saved. It is in force already.") if visit.query.get("saved") else ""
    flash = text("The entry was removed.") if visit.query.get("removed") else flash
    kind = _kind(visit.query.get("kind", ""))
    return _page(site, visit, kind, EntryForm(), flash=flash)


@require(Permission.NETWORK_WRITE)
async def put_entry(site: AdminApp, visit: Visit) -> bytes:
    """Add or change an entry."""
    form = EntryForm(Fields(visit.request.args or {}))
    kind = _kind(str(form.kind.data or ""))
    if not form.validate():
        visit.request.setResponseCode(400)
        return _page(site, visit, kind, form)
    projects = _projects(site, visit)
    project_id = ProjectId(form.project.data or 0)
    if project_id not in dict(projects):
        project_id = projects[0][0]
    entry = AccessListEntry(
        project_id,
        kind,
        ListAction(str(form.action.data)),
        str(form.value.data),
        str(form.reason.data or "").strip(),
        _end_of(site, project_id, form.until.data),
    )
    try:
        await site.deps.list_admin.put(visit.actor, entry, visit.projects)
    except ListRefused:
        visit.request.setResponseCode(400)
        form.value.errors = [_NOT_ONE[kind]]
        return _page(site, visit, kind, form)
    return site.to(visit.request, f"{LIST}?kind={kind.value}&saved=1")


@require(Permission.NETWORK_WRITE)
async def remove_entry(site: AdminApp, visit: Visit) -> bytes:
    """Take an entry off; one that is gone already is what was wanted."""
    form = RemovalForm(Fields(visit.request.args or {}))
    if not form.validate():
        return site.refused(visit.request, 400, visit)
    entries = [entry for one, _ in _projects(site, visit) for entry in site.deps.tables.lists(one)]
    entry = next((one for one in entries if _key(site, one) == form.key.data), None)
    if entry is None:
        return site.refused(visit.request, 404, visit)
    try:
        await site.deps.list_admin.remove(
            visit.actor, entry.project_id, entry.kind, entry.value, visit.projects
        )
    except ListRefused:
        return site.refused(visit.request, 404, visit)
    return site.to(visit.request, f"{LIST}?kind={entry.kind.value}&removed=1")


def _key(site: AdminApp, entry: AccessListEntry) -> str:
    """What names an entry in a form: a phone number would tell who it is."""
    told = f"{entry.project_id} {entry.kind} {entry.value}"
    return site.deps.vault.sign("list form", told.encode())[:8].hex()


def _kind(word: str) -> ListKind:
    return next((kind for kind in KINDS if kind.value == word), ListKind.MAC)


def _projects(site: AdminApp, visit: Visit) -> list[tuple[ProjectId, str]]:
    return [
        (one.id, one.name)
        for one in site.deps.tables.projects()
        if not visit.projects or one.id in visit.projects
    ]


def _end_of(site: AdminApp, project_id: ProjectId, until: date | None) -> int | None:
    """The named day belongs to the entry whole, by the project's calendar."""
    return None if until is None else day_bounds(day_of(until), site.deps.tables.zone(project_id))[1]


def _page(site: AdminApp, visit: Visit, kind: ListKind, form: EntryForm, *, flash: str = "") -> bytes:
    words, may = visit.f.words, visit.may(Permission.NETWORK_WRITE)
    projects = _projects(site, visit)
    entries = [(entry, name) for one, name in projects for entry in site.deps.tables.lists(one)]
    counts = {one: sum(entry.kind is one for entry, _ in entries) for one in KINDS}
    view = ListsView(
        kind=kind.value,
        kinds=tuple(Choice(one.value, words.text(label), counts[one]) for one, label in KINDS.items()),
        rows=tuple(_line(site, visit, entry, name) for entry, name in entries if entry.kind is kind),
        has_projects=len(projects) > 1,
        save_url=LIST if may else "",
        fields=_fields(form, kind, visit.f, projects),
        value_label=words.text(_VALUES[kind][0]),
    )
    return site.page(visit, "lists.html", view, "lists", flash)


def _line(site: AdminApp, visit: Visit, entry: AccessListEntry, project: str) -> EntryLine:
    value = entry.value
    if entry.kind is ListKind.MAC:
        value = shown_mac(value)
    elif entry.kind is ListKind.PHONE and not visit.may(Permission.PERSON_DATA_READ):
        value = masked_phone(value)
    return EntryLine(
        value=value,
        badge=action_badge(entry.action, visit.f.words),
        reason=entry.reason,
        ends_at=entry.expires_at,
        is_over=entry.expires_at is not None and entry.expires_at <= visit.now,
        made_by=entry.created_by,
        project=project,
        key=_key(site, entry),
    )


def action_badge(action: ListAction, words: Words) -> Badge:
    """What an entry means."""
    if action is ListAction.DENY:
        return Badge(Mark.DANGER, words.text("Deny"))
    return Badge(Mark.OK, words.text("Allow"))


def _fields(
    form: EntryForm, kind: ListKind, f: Formatter, projects: list[tuple[ProjectId, str]]
) -> tuple[Field, ...]:
    text = f.words.text
    label, hint = _VALUES[kind]
    problem = text(str(form.value.errors[0])) if form.value.errors else ""
    until_problem = text("Write a day such as 2027-01-31.") if form.until.errors else ""
    found = [
        Field(
            "action",
            text("What it means"),
            str(form.action.data or ""),
            choices=(Choice("deny", text("Deny")), Choice("allow", text("Allow"))),
        ),
        Field(
            "value", text(label), str(form.value.data or ""), problem, text(hint), required=True, most=64
        ),
        Field("reason", text("Why"), str(form.reason.data or ""), hint=text("The person reads it"), most=200),
        Field("until", text("Until"), _typed(form), until_problem, text("The day included; empty: no end"), kind="date"),
    ]  # fmt: skip
    if len(projects) > 1:
        choices = tuple(Choice(str(one), name) for one, name in projects)
        found.insert(0, Field("project", text("Project"), str(form.project.data or ""), choices=choices))
    return tuple(found)


def _typed(form: EntryForm) -> str:
    raw = form.until.raw_data
    return str(raw[0]) if raw else ""
