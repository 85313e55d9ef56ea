"""Invented data for every page: what the preview shows and what the tests render.

``hostile=True`` puts names into it that a stranger may send: markup, right-to-left marks, two hundred characters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.web import captive_samples, console_samples, device_samples, policy_samples
from tests.web.invented import DAY, GB, HOSTILE, MIDNIGHT, NOW, WEB, ZONE, is_zh
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.model.wifi import WifiMethod
from zhuomai_appliance.web.admin import labels, sentences, views
from zhuomai_appliance.web.captive import views as captive
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.menu import tree
from zhuomai_appliance.web.render import Renderer
from zhuomai_appliance.web.words import Language

__all__ = ["DAY", "GB", "HOSTILE", "MIDNIGHT", "NOW", "SAMPLES", "WEB", "ZONE", "render"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One page: which site it is on, its template and what it shows in a language."""

    site: str
    template: str
    view: Callable[[Formatter, bool], object]
    current: str = ""
    path: str = "/"


SAMPLES: Final[dict[str, Sample]] = {
    "login": Sample("captive", "login.html", captive_samples.login_view),
    "login-error": Sample(
        "captive", "login.html", partial(captive_samples.login_view, reason=Reason.BAD_CREDENTIALS)
    ),
    "login-wait": Sample(
        "captive", "login.html", partial(captive_samples.login_view, reason=Reason.WAIT_BEFORE_RETRY)
    ),
    "login-many": Sample("captive", "login.html", partial(captive_samples.login_view, many=True)),
    "refused": Sample("captive", "refused.html", captive_samples.refused_view),
    "expired": Sample("captive", "refused.html", captive_samples.expired_view),
    "used-up": Sample(
        "captive", "refused.html", partial(captive_samples.expired_view, reason=Reason.DATA_USED_UP)
    ),
    "waiting": Sample("captive", "waiting.html", lambda f, h: captive.WaitingView("/status?ticket=abc", 60)),
    "online": Sample("captive", "online.html", captive_samples.online_view),
    "goodbye": Sample("captive", "goodbye.html", lambda f, h: captive.GoodbyeView(9480, 3 * GB, "/")),
    "terms": Sample("captive", "terms.html", captive_samples.terms_view),
    "wifi": Sample("captive", "wifi.html", captive_samples.wifi_view),
    "wifi-tls": Sample("captive", "wifi.html", partial(captive_samples.wifi_view, method=WifiMethod.TLS)),
    "message": Sample(
        "captive",
        "message.html",
        lambda f, h: captive.MessageView(captive_samples.problem(f, Reason.PAGE_EXPIRED)),
    ),
    "door": Sample("admin", "login.html", lambda f, h: None, path="/admin/login"),
    "dashboard": Sample("admin", "dashboard.html", console_samples.dashboard_view, "dashboard", "/admin/"),
    "dashboard-empty": Sample(
        "admin", "dashboard.html", partial(console_samples.dashboard_view, empty=True), "dashboard", "/admin/"
    ),
    "users": Sample("admin", "users.html", console_samples.users_view, "users", "/admin/users"),
    "users-none": Sample(
        "admin", "users.html", partial(console_samples.users_view, empty="none"), "users", "/admin/users"
    ),
    "users-search": Sample(
        "admin",
        "users.html",
        partial(console_samples.users_view, empty="search"),
        "user-search",
        "/admin/users/search",
    ),
    "users-new": Sample(
        "admin", "users.html", partial(console_samples.users_view, empty="new"), "users", "/admin/users"
    ),
    "user": Sample("admin", "user.html", console_samples.user_view, "users", "/admin/users/1"),
    "pay": Sample(
        "admin", "pay.html", partial(console_samples.pay_view, problem=True), "users", "/admin/users/1/pay"
    ),
    "pay-recharge": Sample(
        "admin", "pay.html", partial(console_samples.pay_view, recharging=True), "users", "/admin/users/1/pay"
    ),
    "online-list": Sample(
        "admin", "online.html", console_samples.online_list_view, "online", "/admin/online"
    ),
    "online-empty": Sample(
        "admin",
        "online.html",
        partial(console_samples.online_list_view, empty=True),
        "online",
        "/admin/online",
    ),
    "sessions": Sample(
        "admin", "sessions.html", console_samples.session_log_view, "sessions", "/admin/sessions"
    ),
    "attempts": Sample(
        "admin", "attempts.html", console_samples.attempts_view, "attempts", "/admin/attempts"
    ),
    "audit": Sample("admin", "audit.html", console_samples.audit_view, "audit", "/admin/audit"),
    "devices": Sample("admin", "devices.html", device_samples.devices_view, "nas", "/admin/nas"),
    "devices-none": Sample(
        "admin", "devices.html", partial(device_samples.devices_view, empty="none"), "nas", "/admin/nas"
    ),
    "devices-new": Sample(
        "admin", "devices.html", partial(device_samples.devices_view, empty="new"), "nas", "/admin/nas"
    ),
    "device": Sample("admin", "device.html", device_samples.device_view, "nas", "/admin/nas/1"),
    "device-new": Sample(
        "admin", "device.html", partial(device_samples.device_view, new=True), "nas", "/admin/nas/new"
    ),
    "rates": Sample("admin", "rates.html", device_samples.rates_view, "rates", "/admin/rates"),
    "rates-new": Sample(
        "admin", "rates.html", partial(device_samples.rates_view, empty=True), "rates", "/admin/rates"
    ),
    "lists": Sample("admin", "lists.html", device_samples.lists_view, "lists", "/admin/lists"),
    "lists-none": Sample(
        "admin", "lists.html", partial(device_samples.lists_view, empty=True), "lists", "/admin/lists"
    ),
    "simulator": Sample(
        "admin", "simulator.html", policy_samples.simulator_view, "simulator", "/admin/simulator"
    ),
    "simulator-new": Sample(
        "admin",
        "simulator.html",
        partial(policy_samples.simulator_view, asked=False),
        "simulator",
        "/admin/simulator",
    ),
    "upstreams": Sample(
        "admin", "upstreams.html", policy_samples.upstreams_view, "upstreams", "/admin/upstreams"
    ),
    "upstreams-none": Sample(
        "admin",
        "upstreams.html",
        partial(policy_samples.upstreams_view, empty=True),
        "upstreams",
        "/admin/upstreams",
    ),
    "error-404": Sample("admin", "error.html", console_samples.error_view, "", "/admin/nowhere"),
    "error-403": Sample(
        "admin", "error.html", partial(console_samples.error_view, status=403), "", "/admin/audit"
    ),
    "error-500": Sample(
        "admin", "error_outside.html", partial(console_samples.error_view, status=500), "", "/admin/users"
    ),
}


def render(
    renderer: Renderer,
    name: str,
    language: Language,
    theme: str = "light",
    hostile: bool = False,
    change: Callable[[Any], object] = lambda view: view,
) -> str:
    """The page ``name`` as its site would send it, its view after ``change``."""
    sample = SAMPLES[name]
    f = renderer.formatter(language, ZONE, NOW)
    view = change(sample.view(f, hostile))
    query = {"q": HOSTILE[0]} if hostile else {}
    if sample.site == "captive":
        page: object = captive.CaptivePage(captive_samples.school(f, hostile), "/", query, "signed")
        return renderer.captive(sample.template, f, p=page, v=view).decode()
    if name == "door":
        page = views.DoorView(
            "/admin/login",
            sample.path,
            query,
            theme,
            captive_samples.school(f, hostile).name,
            "1.0.0",
            name=HOSTILE[1] if hostile else "",
        )
    else:
        permissions = frozenset(Permission)
        menu = tree(f.words, permissions, sample.current, {"online": 9182, "users": 48216})
        operator = HOSTILE[0] if hostile else "周海峰" if is_zh(f) else "Zhou Haifeng"
        page = views.Shell(
            operator,
            labels.role_word("admin", f.words),
            captive_samples.school(f, hostile).name,
            sample.path,
            query,
            menu,
            theme,
            "token",
            "1.0.0",
            flash=sentences.kick_result(f.words, "waiting", "陈嘉怡") if name == "user" else "",
        )
    return renderer.console(sample.template, f, p=page, v=view).decode()
