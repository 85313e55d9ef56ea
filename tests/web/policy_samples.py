"""Invented answers of the policy simulator and servers elsewhere, for the console."""

from __future__ import annotations

from typing import Any

from tests.web.invented import HOSTILE, is_zh
from zhuomai_appliance.web.admin.device_views import Field
from zhuomai_appliance.web.admin.simulator import SimulatorView, answer_view
from zhuomai_appliance.web.admin.upstreams import UpstreamLine, UpstreamsView
from zhuomai_appliance.web.admin.views import Badge, Choice, Mark
from zhuomai_appliance.web.formats import Formatter


def simulator_view(f: Formatter, hostile: bool, asked: bool = True) -> object:
    """A refusal with every outcome of a check, or the question alone."""
    text = f.words.text
    name = HOSTILE[0] if hostile else "20260001"
    facts: dict[str, Any] = {
        "question": {"who": name, "account": name, "nas": HOSTILE[1] if hostile else "AC-1", "nas_assumed": True},
        "steps": [
            {"name": step, "outcome": outcome, "looked_at": {"ssid": name, "closed_at": None}, "reason": "", "detail": ""}
            for step, outcome in (
                ("request", "passed"), ("lists", "passed"), ("rules", "refused"), ("plan", "not_asked"),
                ("silent_login", "not_applicable"),
            )
        ],
        "accepted": False,
        "code": "A22",
        "sentence": "现在不在上网时段。07:00起可以上网。" if is_zh(f) else "Outside your hours. You can go online from 07:00.",
        "attributes": [{"name": "Reply-Message", "value": HOSTILE[0] if hostile else "A22"}],
        "remarks": [],
    }  # fmt: skip
    return SimulatorView(
        fields=(
            Field("who", text("Account or MAC"), name if asked else "", required=True),
            Field("nas", text("Access device"), choices=(Choice("", text("any")),)),
            Field("vlan", "VLAN", "5000", text("This cannot be read.") if asked else "", numeric=True),
            Field("at", text("When"), kind="datetime-local", hint=text("Empty: now")),
        ),
        answer=answer_view(facts, f.words) if asked else None,
        problem=text("Something in the question cannot be read; it stands at its field.") if asked else "",
    )


def upstreams_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    """Two servers, one of them silent; or none."""
    text = f.words.text
    rows = tuple(
        UpstreamLine(
            name=HOSTILE[0] if hostile else name,
            project="main",
            project_id=1,
            address="[2001:db8:1234:5678:9abc:def0:1234:5678]:1812",
            transport="TLS",
            realms=HOSTILE[1] if hostile else "edu.cn, eduroam.org",
            badge=Badge(mark, text(word)),
            answered=1284,
            silent=3,
            milliseconds=12 if mark is Mark.OK else None,
            tested=text("No answer to the test") if mark is Mark.DANGER else "",
        )
        for name, mark, word in (("near", Mark.OK, "Answers"), ("far", Mark.DANGER, "Does not answer"))
    )
    return UpstreamsView(() if empty else rows, has_projects=True, test_url="/admin/upstreams")
