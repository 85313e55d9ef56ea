"""Invented access devices for the console."""

from __future__ import annotations

from ipaddress import ip_network

from tests.vendors.examples import a_nas
from tests.web.invented import HOSTILE, NOW, is_zh
from zhuomai_appliance.flows.nas_check import Finding, What
from zhuomai_appliance.flows.nas_check import Mark as Result
from zhuomai_appliance.model.network import ListAction, Vendor
from zhuomai_appliance.web.admin import device_labels, sentences
from zhuomai_appliance.web.admin.access_lists import KINDS, EntryLine, ListsView, action_badge
from zhuomai_appliance.web.admin.cookbook import Site, commands
from zhuomai_appliance.web.admin.device_fields import sections
from zhuomai_appliance.web.admin.device_forms import NasForm
from zhuomai_appliance.web.admin.device_views import DeviceLine, DevicesView, DeviceView, Field
from zhuomai_appliance.web.admin.rates import RateLine, RatesView
from zhuomai_appliance.web.admin.views import Badge, Choice, Mark
from zhuomai_appliance.web.control_words import ALARMS
from zhuomai_appliance.web.formats import Formatter


def devices_view(f: Formatter, hostile: bool, empty: str = "") -> object:
    """The list: two devices, or none."""
    words = f.words
    names = (
        (HOSTILE[0], HOSTILE[1])
        if hostile
        else ("东校区 AC-1", "图书馆 AC")
        if is_zh(f)
        else ("East", "Library")
    )
    rows = tuple(
        DeviceLine(
            url=f"/admin/nas/{number}",
            name=name,
            address="2001:db8:1234:5678:9abc:def0:1234:5678" if number else "10.20.0.0/16",
            vendor=device_labels.vendor_word(Vendor.HUAWEI_CAMPUS, words),
            kind=device_labels.kind_word("ac", words),
            project="东校区",
            online=5214,
            online_url="/admin/online?nas=1",
            last_report_at=NOW - 40 if number else None,
            badge=sentences.nas_badge(words, silent=bool(number), ever=True),
            signed=Badge(Mark.WARN, words.text("Not seen yet")),
        )
        for number, name in enumerate(names)
    )
    return DevicesView(
        rows=() if empty else rows,
        q="nowhere" if empty == "none" else "",
        vendors=device_labels.vendors(words),
        vendor="",
        online=0 if empty else 10_428,
        add_url="/admin/nas/new",
        has_projects=True,
    )  # fmt: skip


def device_view(f: Formatter, hostile: bool, new: bool = False) -> object:
    """One device with mistakes in its form and every kind of finding, or the empty form of a new one."""
    words = f.words
    form = NasForm()
    form.projects = ((1, HOSTILE[2] if hostile else "东校区"),)
    nas = a_nas(name=HOSTILE[0] if hostile else "东校区 AC-1", address=ip_network("10.20.0.2"))
    if not new:
        form.fill_from(nas, "0123456789abcdef")
        form.coa_port.errors = [words.text("A port is 1 to 65535.")]
    findings = (
        Finding(What.SIGNED, Result.WATCH, "never_signed"),
        Finding(What.REPORTS, Result.WORKS, "reports", at=NOW - 2),
        Finding(
            What.DISCONNECT, Result.WATCH, "refuses", milliseconds=7, detail=HOSTILE[0] if hostile else "x"
        ),
        Finding(What.PORTAL, Result.FAILS, "no_answer"),
    )
    return DeviceView(
        title=words.text("New access device") if new else nas.name,
        badge=None if new else sentences.nas_badge(words, silent=False, ever=True),
        online=5214,
        last_report_at=NOW - 2,
        was="0123456789abcdef",
        save_url="/admin/nas/1",
        test_url="" if new else "/admin/nas/1/test",
        remove_url="" if new else "/admin/nas/1/remove",
        asking_removal=hostile,
        cancel_url="/admin/nas/1",
        list_url="/admin/nas",
        sections=sections(form, f, new=new),
        commands=() if new else commands(nas, Site("10.10.0.5", 1812, 1813, 50_100, "http://portal.rcit.edu.cn/")),
        commands_title=words.text("To be typed on the device"),
        findings=() if new else tuple(device_labels.finding(one, f) for one in findings),
        tested_at=None if new else NOW,
        problem=words.plural("%(n)s field needs another look.", "%(n)s fields need another look.", 1) if not new else "",
        reports="" if new else text_of_reports(f),
        alarms=() if new else tuple(words.text(one) for one in ALARMS.values()),
    )  # fmt: skip


def text_of_reports(f: Formatter) -> str:
    """How punctually a device reports."""
    return f.words.text(
        "Updates of the last hour: %(received)s received, %(lost)s lost, %(late)s s late on average",
        received=f.count(62_568),
        lost=f.count(12),
        late=4,
    )


def rates_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    """The templates with one chosen, or none."""
    text = f.words.text
    name = HOSTILE[0] if hostile else "学生 8M" if is_zh(f) else "Students 8M"
    rows = tuple(
        RateLine(
            label, HOSTILE[1] if hostile else "main", up, down, used, f"/admin/rates/{number}", number == 1
        )
        for number, (label, up, down, used) in enumerate(
            (
                (name, 4_000_000, 8_000_000, f.words.plural("%(n)s group", "%(n)s groups", 3)),
                ("512k", 512_000, 512_000, ""),
            )
        )
    )
    problem = "" if empty else text("Write a speed such as 8M, 512k or 1G.")
    return RatesView(
        rows=() if empty else rows,
        has_projects=True,
        title=text("New template") if empty else "512k",
        save_url="/admin/rates",
        remove_url="" if empty else "/admin/rates/1/remove",
        fields=(
            Field("name", text("Template name"), "" if empty else name, required=True),
            Field("down", text("Down"), "" if empty else "fast", problem, required=True),
            Field("up", text("Up"), required=True),
        ),
        was="",
        new_url="" if empty else "/admin/rates",
    )


def lists_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    """The entries of one kind, one of them over, or none."""
    text = f.words.text
    reason = HOSTILE[0] if hostile else "ARP攻击" if is_zh(f) else "ARP attack"
    rows = tuple(
        EntryLine(value, action_badge(action, f.words), reason, ends_at, is_over, "zhou", HOSTILE[1] if hostile else "main", "0a1b2c3d")
        for value, action, ends_at, is_over in (
            ("A4:5E:60:01:02:03", ListAction.DENY, None, False),
            ("A4:5E:60", ListAction.ALLOW, NOW - 86_400, True),
        )
    )  # fmt: skip
    return ListsView(
        kind="mac",
        kinds=tuple(Choice(kind.value, text(label), 2) for kind, label in KINDS.items()),
        rows=() if empty else rows,
        has_projects=True,
        save_url="/admin/lists",
        fields=(
            Field("action", text("What it means"), "deny", choices=(Choice("deny", text("Deny")),)),
            Field(
                "value", text("MAC or maker's prefix"), "02:00", text("Please fill this in."), required=True
            ),
            Field("until", text("Until"), kind="date"),
        ),
        value_label=text("MAC or maker's prefix"),
    )
