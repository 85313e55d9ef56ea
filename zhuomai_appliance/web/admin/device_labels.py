"""The console's words for access devices: makers, kinds, what a test found, why a change was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zhuomai_appliance.flows.nas_admin import NasRefused
from zhuomai_appliance.flows.nas_check import Finding, What
from zhuomai_appliance.flows.nas_check import Mark as Result
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, PortalAuth, TrafficUnit, Vendor
from zhuomai_appliance.web.admin.device_views import FindingLine
from zhuomai_appliance.web.admin.views import Choice
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.words import Words, mark

VENDORS: Final[Mapping[Vendor, str]] = {
    Vendor.HUAWEI_CAMPUS: mark("Huawei (campus AC, switches)"),
    Vendor.HUAWEI_BRAS: mark("Huawei (BRAS: ME60, NE)"),
    Vendor.H3C: mark("H3C"),
    Vendor.RUIJIE: mark("Ruijie"),
    Vendor.ZTE: mark("ZTE"),
    Vendor.MIKROTIK: mark("MikroTik (ROS)"),
    Vendor.ZHUOMAI: mark("ZhuoMai BAS"),
    Vendor.CISCO: mark("Cisco"),
    Vendor.ARUBA: mark("Aruba"),
    Vendor.STANDARD: mark("Standard RADIUS"),
}

KINDS: Final[Mapping[str, str]] = {
    "ac": mark("AC controller"),
    "bras": mark("Router, BAS"),
    "switch": mark("Layer 3 switch"),
    "firewall": mark("Firewall"),
    "router": mark("Router"),
    "ap": mark("Access point"),
}

SIGNING: Final[Mapping[MessageAuthenticatorPolicy, str]] = {
    MessageAuthenticatorPolicy.AUTO: mark("Automatic: required once it was seen"),
    MessageAuthenticatorPolicy.REQUIRE: mark("Required"),
    MessageAuthenticatorPolicy.OFF: mark("Not required (old devices)"),
}

PORTAL_AUTHS: Final[Mapping[PortalAuth, str]] = {
    PortalAuth.CHAP: mark("CHAP (recommended)"),
    PortalAuth.PAP: "PAP",
}

UNITS: Final[Mapping[TrafficUnit, str]] = {
    TrafficUnit.BYTE: mark("octets"),
    TrafficUnit.KB: "KB",
    TrafficUnit.MB: "MB",
    TrafficUnit.GB: "GB",
}

_TITLES: Final[Mapping[What, str]] = {
    What.SIGNED: mark("Login signatures"),
    What.REPORTS: mark("Accounting reports"),
    What.DISCONNECT: mark("CoA / Disconnect"),
    What.PORTAL: mark("Portal protocol"),
}

_SENTENCES: Final[Mapping[tuple[What, str], str]] = {
    (What.SIGNED, "signs"): mark("Its logins carry a Message-Authenticator, so the secret is right."),
    (What.SIGNED, "never_signed"): mark("No login with a Message-Authenticator was seen yet."),
    (What.REPORTS, "reports"): mark("Reports arrive."),
    (What.REPORTS, "silent"): mark("No report for a while. Is the device reachable, and is accounting on?"),
    (What.REPORTS, "never_reported"): mark("No session was reported yet."),
    (What.DISCONNECT, "answers"): mark("The device answers: sessions can be ended and changed."),
    (What.DISCONNECT, "prohibited"): mark("The device forbids it: switch on CoA there and add our address."),
    (What.DISCONNECT, "refuses"): mark("The device answers, but does not like the question: %(x)s."),
    (What.DISCONNECT, "secret_differs"): mark("Its answers do not verify: the shared secrets differ."),
    (What.DISCONNECT, "busy"): mark("Many requests are on their way to it. Try again in a moment."),
    (What.DISCONNECT, "no_answer"): mark(
        "No answer. Most likely CoA is off at the device or our address is not listed there, next that the port differs."
    ),
    (What.DISCONNECT, "network"): mark("A network of devices: each is met when it speaks to us."),
    (What.PORTAL, "answers"): mark("The device answers with our key."),
    (What.PORTAL, "secret_differs"): mark("Its answers do not verify: the portal keys differ."),
    (What.PORTAL, "busy"): mark("Many requests are on their way to it. Try again in a moment."),
    (What.PORTAL, "no_answer"): mark(
        "No answer. Most likely the portal keys differ, next that the device does not list this server."
    ),
}

_ICONS: Final[Mapping[Result, tuple[str, str]]] = {
    Result.WORKS: ("circle-check", "ok"),
    Result.WATCH: ("alert-triangle", "warn"),
    Result.FAILS: ("alert-circle", "danger"),
}

_REFUSALS: Final[Mapping[str, str]] = {
    "name": mark("%(x)s has this name already."),
    "address": mark("This address belongs to %(x)s already."),
    "changed": mark("Somebody changed this device meanwhile. Please look at it anew; nothing was saved."),
    "in_use": mark(
        "Sessions of this device stand in the log, so it stays. Its secret can be changed instead."
    ),
}


def vendor_word(vendor: Vendor, words: Words) -> str:
    """A maker's name."""
    return words.text(VENDORS[vendor])


def vendors(words: Words) -> tuple[Choice, ...]:
    """Every maker, as options of a select."""
    return tuple(Choice(vendor.value, words.text(name)) for vendor, name in VENDORS.items())


def kind_word(kind: str, words: Words) -> str:
    """A kind of device."""
    return words.text(KINDS[kind]) if kind in KINDS else kind


def finding(found: Finding, f: Formatter) -> FindingLine:
    """One result of a test, as people read it."""
    icon, colour = _ICONS[found.mark]
    sentence = f.words.text(_SENTENCES[(found.what, found.word)], x=found.detail)
    time = "" if found.milliseconds is None else f"{found.milliseconds} ms"
    if found.at is not None:
        time = f.moment(found.at)
    return FindingLine(f.words.text(_TITLES[found.what]), sentence, icon, colour, time)


def refusal(words: Words, refused: NasRefused) -> str:
    """Why nothing was saved or removed."""
    return words.text(_REFUSALS[refused.why], x=refused.other)
