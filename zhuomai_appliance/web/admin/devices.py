"""The access devices in the console: the list, the form of one, the test button, the commands to type on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zhuomai_appliance.flows.nas_admin import NasRefused
from zhuomai_appliance.flows.nas_check import Finding
from zhuomai_appliance.model.network import Nas, NasId, ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import reports, sessions
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.web.admin import device_labels, sentences
from zhuomai_appliance.web.admin.cookbook import commands
from zhuomai_appliance.web.admin.device_fields import sections
from zhuomai_appliance.web.admin.device_forms import NasForm
from zhuomai_appliance.web.admin.device_views import DeviceLine, DevicesView, DeviceView
from zhuomai_appliance.web.admin.overview import SILENT_SECONDS
from zhuomai_appliance.web.admin.views import Badge, Mark
from zhuomai_appliance.web.control_words import ALARMS
from zhuomai_appliance.web.forms import DevicesForm, Fields, read_list
from zhuomai_appliance.web.permissions import Visit, require
from zhuomai_appliance.web.render import query_link

if TYPE_CHECKING:
    from klein import Klein

    from zhuomai_appliance.web.admin.app import AdminApp

LIST = "/admin/nas"


def add_routes(app: Klein) -> None:
    """Put the pages into the console."""
    app.route("/nas", methods=["GET"])(list_devices)
    app.route("/nas/new", methods=["GET"])(new_device)
    app.route("/nas/new", methods=["POST"])(create_device)
    app.route("/nas/<int:nas_id>", methods=["GET"])(show_device)
    app.route("/nas/<int:nas_id>", methods=["POST"])(change_device)
    app.route("/nas/<int:nas_id>/test", methods=["POST"])(test_device)
    app.route("/nas/<int:nas_id>/remove", methods=["POST"])(remove_device)


@require(Permission.NETWORK_READ)
async def list_devices(site: AdminApp, visit: Visit) -> bytes:
    """Every access device of the operator's projects, with what it does now."""
    form = read_list(DevicesForm, visit.request)
    words, vendor = form.word("q").casefold(), form.word("vendor")
    online, heard = await _traffic(site, visit)
    rows = [
        _line(site, visit, nas, online.get(nas.id, 0), heard.get(nas.id))
        for nas in _mine(site, visit)
        if (not vendor or nas.vendor.value == vendor)
        and (not words or any(words in text.casefold() for text in (nas.name, str(nas.address), nas.identifier)))
    ]  # fmt: skip
    view = DevicesView(
        rows=tuple(rows),
        q=form.word("q"),
        vendors=device_labels.vendors(visit.f.words),
        vendor=vendor,
        online=sum(row.online for row in rows),
        add_url=f"{LIST}/new" if visit.may(Permission.NETWORK_WRITE) else "",
        has_projects=len(site.deps.tables.projects()) > 1,
    )
    flash = visit.f.words.text("The device was removed.") if visit.query.get("removed") else ""
    return site.page(visit, "devices.html", view, "nas", flash)


@require(Permission.NETWORK_WRITE)
async def new_device(site: AdminApp, visit: Visit) -> bytes:
    """An empty form."""
    form = _form(site, visit)
    return _page(site, visit, None, form)


@require(Permission.NETWORK_WRITE)
async def create_device(site: AdminApp, visit: Visit) -> bytes:
    """Enter a new device."""
    return await _save(site, visit, None)


@require(Permission.NETWORK_READ)
async def show_device(site: AdminApp, visit: Visit, nas_id: int) -> bytes:
    """One device."""
    nas = _one(site, visit, nas_id)
    if nas is None:
        return site.refused(visit.request, 404, visit)
    form = _form(site, visit)
    form.fill_from(nas, site.deps.nas_admin.fingerprint(nas))
    flash = visit.f.words.text("Saved. It is in force already.") if visit.query.get("saved") else ""
    online, heard = await _traffic(site, visit)
    return _page(site, visit, nas, form, flash=flash, online=online.get(nas.id, 0), heard=heard.get(nas.id))


@require(Permission.NETWORK_WRITE)
async def change_device(site: AdminApp, visit: Visit, nas_id: int) -> bytes:
    """Write a device."""
    nas = _one(site, visit, nas_id)
    return site.refused(visit.request, 404, visit) if nas is None else await _save(site, visit, nas)


@require(Permission.NETWORK_WRITE)
async def test_device(site: AdminApp, visit: Visit, nas_id: int) -> bytes:
    """Ask the device, then show the form with what it answered."""
    nas = _one(site, visit, nas_id)
    if nas is None:
        return site.refused(visit.request, 404, visit)
    form = _form(site, visit)
    form.fill_from(nas, site.deps.nas_admin.fingerprint(nas))
    findings = await site.deps.nas_checker.check(nas)
    online, heard = await _traffic(site, visit)
    return _page(
        site, visit, nas, form, findings=findings, online=online.get(nas.id, 0), heard=heard.get(nas.id)
    )


@require(Permission.NETWORK_WRITE)
async def remove_device(site: AdminApp, visit: Visit, nas_id: int) -> bytes:
    """Take a device off the list that never reported anything."""
    nas = _one(site, visit, nas_id)
    if nas is None:
        return site.refused(visit.request, 404, visit)
    try:
        await site.deps.nas_admin.remove(visit.actor, nas.id, visit.projects)
    except NasRefused as refused:
        visit.request.setResponseCode(409)
        form = _form(site, visit)
        form.fill_from(nas, site.deps.nas_admin.fingerprint(nas))
        return _page(site, visit, nas, form, problem=device_labels.refusal(visit.f.words, refused))
    return site.to(visit.request, f"{LIST}?removed=1")


async def _save(site: AdminApp, visit: Visit, before: Nas | None) -> bytes:
    form = _form(site, visit, visit.request.args or {})
    text = visit.f.words.text
    passed = form.validate()
    if before is None and not form.secret.data:
        form.secret.errors = [*form.secret.errors, text("A new device needs a secret.")]
        passed = False
    if not passed:
        visit.request.setResponseCode(400)
        count = len(form.problems(text))
        problem = visit.f.words.plural(
            "%(n)s field needs another look.", "%(n)s fields need another look.", count
        )
        return _page(site, visit, before, form, problem=problem)
    wanted = form.device(before, before.project_id if before else ProjectId(int(form.project.data or 0)))
    try:
        nas_id = await site.deps.nas_admin.save(
            visit.actor, wanted, was=str(form.was.data or ""), projects=visit.projects
        )
    except NasRefused as refused:
        visit.request.setResponseCode(409)
        problem = device_labels.refusal(visit.f.words, refused)
        if refused.why in ("name", "address"):
            form[refused.why].errors = [problem]
        return _page(site, visit, before, form, problem=problem)
    return site.to(visit.request, f"{LIST}/{nas_id}?saved=1")


# What the pages show -----------------------------------------------------------------------------------------------------


def _mine(site: AdminApp, visit: Visit) -> list[Nas]:
    return [
        nas
        for nas in site.deps.tables.all_nas()
        if not visit.projects or nas.project_id in visit.projects
    ]  # fmt: skip


def _one(site: AdminApp, visit: Visit, nas_id: int) -> Nas | None:
    return next((nas for nas in _mine(site, visit) if nas.id == nas_id), None)


async def _traffic(site: AdminApp, visit: Visit) -> tuple[dict[NasId, int], dict[NasId, int]]:
    """Open sessions and the time of the last report, by device."""

    def read(reader: Reader) -> tuple[dict[NasId, int], dict[NasId, int]]:
        found = reports.online_by_nas(reader, visit.projects)
        return {line.nas_id: line.sessions for line in found}, sessions.last_packets(reader)

    return await site.deps.store.read(read)


def _badge(site: AdminApp, visit: Visit, online: int, heard: int | None) -> Badge:
    silent = online > 0 and heard is not None and heard < visit.now - SILENT_SECONDS
    return sentences.nas_badge(visit.f.words, silent=silent, ever=heard is not None)


def _line(site: AdminApp, visit: Visit, nas: Nas, online: int, heard: int | None) -> DeviceLine:
    words = visit.f.words
    project = site.deps.tables.project(nas.project_id)
    signs = site.deps.tables.signs(nas, nas.host)
    return DeviceLine(
        url=f"{LIST}/{nas.id}",
        name=nas.name or str(nas.address),
        address=nas.host if nas.is_single_host else str(nas.address),
        vendor=device_labels.vendor_word(nas.vendor, words),
        kind=device_labels.kind_word(nas.device_kind, words),
        project=project.name if project else "",
        online=online,
        online_url=query_link("/admin/online", {"nas": str(nas.id)}),
        last_report_at=heard,
        badge=_badge(site, visit, online, heard),
        signed=Badge(Mark.OK, words.text("Signs")) if signs else Badge(Mark.WARN, words.text("Not seen yet")),
    )


def _reports(site: AdminApp, visit: Visit, nas: Nas) -> str:
    """The interims of a device's last hour in one sentence; empty where it sent none."""
    found = site.deps.interims.of(nas.id, visit.now)
    if not found.received:
        return ""
    return visit.f.words.text(
        "Updates of the last hour: %(received)s received, %(lost)s lost, %(late)s s late on average",
        received=visit.f.count(found.received),
        lost=visit.f.count(found.lost),
        late=round(found.late_seconds),
    )


def _alarms(site: AdminApp, visit: Visit, nas: Nas) -> tuple[str, ...]:
    """What is wrong with a device, or with sessions at it, right now: each kind of alarm once."""
    own = {
        alarm.kind: None
        for alarm in site.deps.alarms.standing()
        if alarm.subject == nas.name
        or alarm.subject.startswith(f"{nas.name} (")
        or alarm.subject.endswith(f" at {nas.name}")
    }
    return tuple(visit.f.words.text(ALARMS[kind]) for kind in own)


def _form(site: AdminApp, visit: Visit, arguments: Any = None) -> NasForm:
    form = NasForm(Fields(arguments) if arguments is not None else None)
    projects = [one for one in site.deps.tables.projects() if not visit.projects or one.id in visit.projects]
    form.projects = tuple((int(one.id), one.name) for one in projects)
    if arguments is None or "project" not in Fields(arguments):
        form.project.data = int(projects[0].id) if projects else 0
    return form


def _page(
    site: AdminApp,
    visit: Visit,
    nas: Nas | None,
    form: NasForm,
    *,
    flash: str = "",
    problem: str = "",
    findings: tuple[Finding, ...] = (),
    online: int = 0,
    heard: int | None = None,
) -> bytes:
    words = visit.f.words
    may = visit.may(Permission.NETWORK_WRITE)
    here = LIST if nas is None else f"{LIST}/{nas.id}"
    lines = () if nas is None else commands(nas, site.deps.own_site(nas.host))
    view = DeviceView(
        title=words.text("New access device") if nas is None else nas.name or str(nas.address),
        badge=None if nas is None else _badge(site, visit, online, heard),
        online=online,
        last_report_at=heard,
        was=str(form.was.data or ""),
        save_url=(f"{LIST}/new" if nas is None else here) if may else "",
        test_url=f"{here}/test" if may and nas is not None else "",
        remove_url=f"{here}/remove" if may and nas is not None else "",
        asking_removal=may and visit.query.get("ask") == "remove",
        cancel_url=here,
        list_url=LIST,
        sections=sections(form, visit.f, new=nas is None),
        commands=lines,
        commands_title=words.text("To be typed on the device"),
        findings=tuple(device_labels.finding(one, visit.f) for one in findings),
        tested_at=visit.now if findings else None,
        problem=problem,
        reports="" if nas is None else _reports(site, visit, nas),
        alarms=() if nas is None else _alarms(site, visit, nas),
    )
    return site.page(visit, "device.html", view, "nas", flash)
