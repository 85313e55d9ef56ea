"""The policy simulator (策略模拟): who, where, when, and what a login would get and why. Nothing is changed by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from wtforms import Form, StringField
from wtforms.fields import DateTimeLocalField, IntegerField
from wtforms.validators import AnyOf, Length, NumberRange, Optional

from zhuomai_appliance.flows.explain import CannotExplain, Explainer, Question, as_facts
from zhuomai_appliance.flows.preview import Remark
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.admin.device_views import Field
from zhuomai_appliance.web.admin.labels import access_word
from zhuomai_appliance.web.admin.lines import mac_of
from zhuomai_appliance.web.admin.views import Badge, Choice, Mark
from zhuomai_appliance.web.device_words import told as sentence_of
from zhuomai_appliance.web.explained import ENDS, OUTCOMES, RATES, STEPS
from zhuomai_appliance.web.forms import Fields
from zhuomai_appliance.web.permissions import Visit, require
from zhuomai_appliance.web.words import Words, mark

if TYPE_CHECKING:
    from klein import Klein

    from zhuomai_appliance.web.admin.app import AdminApp

PAGE: Final = "/admin/simulator"
KINDS: Final = (AccessKind.PORTAL, AccessKind.PPPOE, AccessKind.DOT1X, AccessKind.MAC, AccessKind.OTHER)

_MARKS: Final = {
    "passed": Mark.OK,
    "refused": Mark.DANGER,
    "not_applicable": Mark.IDLE,
    "not_asked": Mark.IDLE,
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One check: what it is, what came of it, and what it looked at."""

    number: int
    title: str
    badge: Badge
    detail: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What the login would get. ``facts`` are label and value; ``attributes`` what the device would be sent."""

    badge: Badge
    verdict: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[StepLine, ...]
    attributes_title: str
    attributes: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimulatorView:
    """The question and, once it was asked, the answer."""

    fields: tuple[Field, ...]
    answer: AnswerView | None
    problem: str = ""


class QuestionForm(Form):
    """What is told of the login; what is left out is what nobody tells."""

    who = StringField(validators=[Length(max=253)], default="")
    nas = StringField(validators=[Length(max=128)], default="")
    kind = StringField(validators=[Optional(), AnyOf([kind.value for kind in KINDS])], default="")
    mac = StringField(validators=[Length(max=40)], default="")
    ssid = StringField(validators=[Length(max=64)], default="")
    vlan = IntegerField(validators=[Optional(), NumberRange(1, 4094)])
    ip = StringField(validators=[Length(max=64)], default="")
    at = DateTimeLocalField(validators=[Optional()])


def add_routes(app: Klein) -> None:
    """Put the page into the console."""
    app.route("/simulator", methods=["GET"])(simulate)


@require(Permission.ATTEMPTS_READ)
async def simulate(site: AdminApp, visit: Visit) -> bytes:
    """The question, and its answer where one was asked."""
    form = QuestionForm(Fields(visit.request.args or {}))
    form.validate()
    answer, problem = None, ""
    if str(form.who.data or "").strip():
        answer, problem = _answer(site, visit, form)
    view = SimulatorView(_fields(site, visit, form), answer, problem)
    return site.page(visit, "simulator.html", view, "simulator")


def _answer(site: AdminApp, visit: Visit, form: QuestionForm) -> tuple[AnswerView | None, str]:
    words, deps = visit.f.words, site.deps
    wrong = [field.label.text for field in form if field.errors]
    mac = mac_of(str(form.mac.data or ""))
    if wrong or (form.mac.data and mac is None):
        return None, words.text("Something in the question cannot be read; it stands at its field.")
    try:
        found = Explainer(
            deps.store, deps.vault, deps.tables, deps.reservations, deps.words, lambda: visit.now
        ).explain(
            Question(
                who=str(form.who.data).strip(),
                at=visit.now if form.at.data is None else Zone(visit.f.zone.key).instant(form.at.data),
                nas=str(form.nas.data or "").strip() or None,
                mac=mac,
                ssid=str(form.ssid.data or "").strip() or None,
                vlan=form.vlan.data,
                ip=str(form.ip.data or "").strip() or None,
                kind=AccessKind(str(form.kind.data)) if form.kind.data else None,
                projects=tuple(visit.projects),
            )
        )
    except CannotExplain as error:
        return None, str(error)
    return answer_view(as_facts(found, deps.tables, deps.words), words), ""


def answer_view(facts: dict[str, Any], words: Words) -> AnswerView:
    """The answer of `flows.explain.as_facts`, ready to print."""
    text, asked = words.text, facts["question"]
    match facts["accepted"]:
        case None:
            badge, verdict = Badge(Mark.BRAND, text("Elsewhere")), text("The servers of its realm decide")
        case True:
            badge = Badge(Mark.OK, text("Accepted"))
            verdict = text("May go online")
        case _:
            badge = Badge(Mark.DANGER, text("Refused"))
            verdict = text("May not go online")
    return AnswerView(
        badge=badge,
        verdict=verdict,
        sentence=f"{facts['code']} {facts['sentence']}".strip(),
        facts=tuple(_facts(facts, words)),
        steps=tuple(_step(number, step, words) for number, step in enumerate(facts["steps"], 1)),
        attributes_title=text("What %(nas)s would be sent", nas=asked["nas"]),
        attributes=tuple((one["name"], str(one["value"])) for one in facts["attributes"]),
        remarks=tuple(
            sentence_of(Remark(one["word"], tuple(one["facts"].items())), words) for one in facts["remarks"]
        ),
    )


def _facts(facts: dict[str, Any], words: Words) -> list[tuple[str, str]]:
    text, asked = words.text, facts["question"]
    where = f"{asked['nas']} ({text(mark('assumed'))})" if asked["nas_assumed"] else str(asked["nas"])
    found = [(text("Account"), str(asked["account"] or "—")), (text("Access device"), where)]
    if not facts["accepted"]:
        return found
    found.append((text("Plan"), str(facts["plan"])))
    if facts["rule"] is not None:
        found.append((text("Rule"), str(facts["rule"])))
    rate = text(mark("no limit")) if facts["rate"] is None else facts["rate"]["text"]
    source = text(RATES.get(facts["rate_source"], facts["rate_source"]))
    found.append((text("Rate up/down"), text("%(rate)s, %(source)s", rate=rate, source=source)))
    if facts["session_ends_at"] is not None:
        why = text(ENDS.get(facts["session_end_why"], facts["session_end_why"]))
        ends = facts["session_ends_at"][:16].replace("T", " ")
        found.append((text("Ends by"), text("%(rate)s, %(source)s", rate=ends, source=why)))
    if facts["would_end"]:
        found.append((text("Would have to go"), ", ".join(facts["would_end"])))
    return found


def _step(number: int, step: dict[str, Any], words: Words) -> StepLine:
    outcome = step["outcome"]
    shown = [f"{name}={value}" for name, value in step["looked_at"].items() if value is not None]
    said = [part for part in (step["reason"], step["detail"]) if part]
    return StepLine(
        number=number,
        title=words.text(STEPS.get(step["name"], step["name"])),
        badge=Badge(_MARKS.get(outcome, Mark.IDLE), words.text(OUTCOMES.get(outcome, outcome))),
        detail="; ".join([*said, ", ".join(shown)] if shown else said),
    )


def _fields(site: AdminApp, visit: Visit, form: QuestionForm) -> tuple[Field, ...]:
    words = visit.f.words
    text = words.text
    devices = [
        nas.name
        for nas in site.deps.tables.all_nas()
        if not visit.projects or nas.project_id in visit.projects
    ]

    def field(name: str, label: str, **more: Any) -> Field:
        held = form[name]
        typed = getattr(held, "raw_data", None) or ()
        problem = text("This cannot be read.") if held.errors else ""
        return Field(name, label, str(typed[0]) if typed else "", problem, **more)

    mac_is_wrong = bool(form.mac.data) and mac_of(str(form.mac.data)) is None
    mac = field("mac", "MAC")
    return (
        field("who", text("Account or MAC"), required=True),
        field("nas", text("Access device"), choices=(Choice("", text("any")), *(Choice(one, one) for one in devices))),
        field(
            "kind",
            text("Access"),
            choices=(Choice("", text("any")), *(Choice(one.value, access_word(one, words)) for one in KINDS)),
        ),
        Field("mac", "MAC", mac.value, text("This cannot be read.")) if mac_is_wrong else mac,
        field("ssid", "SSID"),
        field("vlan", "VLAN", numeric=True),
        field("ip", "IP"),
        field("at", text("When"), kind="datetime-local", hint=text("Empty: now")),
    )  # fmt: skip
