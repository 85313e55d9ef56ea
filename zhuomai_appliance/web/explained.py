"""An explanation of a login in people's words: a line for each check, what came of it, and what the device would get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from zhuomai_appliance.flows.preview import Remark
from zhuomai_appliance.web.device_words import told as sentence_of
from zhuomai_appliance.web.words import Words, mark

STEPS: Final = {
    "request": mark("Request"),
    "administrator": mark("Login to the device itself"),
    "lists": mark("Black and white lists"),
    "account": mark("Account"),
    "lock": mark("Lock"),
    "credentials": mark("Password"),
    "realm": mark("Realm"),
    "closed": mark("Closed account"),
    "password_change": mark("New password needed"),
    "phone_binding": mark("Phone number needed"),
    "rules": mark("Access rules"),
    "plan": mark("Plan"),
    "silent_login": mark("Silent login"),
    "devices": mark("Bound devices"),
    "sessions": mark("Devices online at once"),
    "places": mark("Limits of places"),
    "time": mark("Time left"),
}
"""The checks of policy.authorize by their names, and the password between its two halves."""

OUTCOMES: Final = {
    "passed": mark("passed"),
    "refused": mark("refused"),
    "not_applicable": mark("not applicable"),
    "not_asked": mark("not asked"),
}

ENDS: Final = {
    "coverage": mark("the plan ends"),
    "online_time": mark("the online time is used up"),
    "hours": mark("the allowed hours end"),
    "balance": mark("the balance is used up"),
    "day_or_month_cap": mark("the day's or the month's allowance is used up"),
    "session_cap": mark("one session is no longer"),
}

RATES: Final = {
    "throttle": mark("the plan's slow rate, its allowance is used up"),
    "rule": mark("the access rule's"),
    "account": mark("the account's own"),
    "plan": mark("the plan's"),
    "group": mark("the group's"),
    "none": mark("nobody sets one"),
}


def lines(facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    """The lines of `flows.explain.as_facts`: the question, the steps, the verdict, the attributes."""
    text, asked = words.text, facts["question"]
    who = asked["who"] if asked["account"] in (None, asked["who"]) else f"{asked['who']} ({asked['account']})"
    assumed = text(mark("assumed"))
    where = f"{asked['nas']} ({assumed})" if asked["nas_assumed"] else asked["nas"]
    told = {name: asked[name] for name in ("ssid", "vlan", "mac", "ip") if asked[name] is not None}
    yield text(
        mark("%(who)s at %(where)s, %(kind)s, %(at)s"),
        who=who,
        where=where,
        kind=asked["kind"],
        at=asked["at"],
    )
    if told:
        yield "  " + _pairs(told)
    for number, step in enumerate(facts["steps"], 1):
        yield _step(number, step, words)
    if facts["accepted"] is None:
        yield text(mark("The servers of its realm decide"))
        return
    if facts["accepted"]:
        yield from _accepted(facts, words)
    else:
        yield text(mark("Refused: %(code)s %(sentence)s"), code=facts["code"], sentence=facts["sentence"])
    yield text(mark("Attributes for %(nas)s (%(vendor)s):"), nas=asked["nas"], vendor=facts["vendor"])
    for attribute in facts["attributes"]:
        yield f"  {attribute['name']} = {attribute['value']}"
    for remark in facts["remarks"]:
        yield f"  ! {sentence_of(Remark(remark['word'], tuple(remark['facts'].items())), words)}"


def _step(number: int, step: Mapping[str, Any], words: Words) -> str:
    title = words.text(STEPS.get(step["name"], step["name"]))
    outcome = words.text(OUTCOMES.get(step["outcome"], step["outcome"]))
    said = " ".join(part for part in (step["reason"], step["detail"]) if part)
    shown = _pairs({name: value for name, value in step["looked_at"].items() if value is not None})
    rest = "; ".join(part for part in (said, shown) if part)
    return f"{number:2} {title}: {outcome}" + (f"  {rest}" if rest else "")


def _accepted(facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    text = words.text
    yield text(mark("Accepted, plan %(plan)s"), plan=facts["plan"])
    if facts["rule"] is not None:
        yield text(mark("Rule: %(rule)s"), rule=facts["rule"])
    rate = facts["rate"]["text"] if facts["rate"] is not None else text(mark("no limit"))
    source = text(RATES.get(facts["rate_source"], facts["rate_source"]))
    yield text(mark("Rate up/down: %(rate)s, %(source)s"), rate=rate, source=source)
    if facts["session_ends_at"] is None:
        yield text(mark("Nothing ends the session"))
    else:
        yield text(
            mark("The session ends by %(at)s (%(n)s s): %(why)s"),
            at=facts["session_ends_at"],
            n=facts["session_seconds"],
            why=text(ENDS.get(facts["session_end_why"], facts["session_end_why"])),
        )
    if facts["would_end"]:
        yield text(mark("Would have to go: %(devices)s"), devices=", ".join(facts["would_end"]))


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
