"""Invented data for the login pages."""

from __future__ import annotations

from tests.web.invented import DAY, GB, HOSTILE, MIDNIGHT, NOW, is_zh
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
from zhuomai_appliance.web.captive import profiles
from zhuomai_appliance.web.captive import views as captive
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.reasons import REASONS, told


def school(f: Formatter, hostile: bool = False) -> captive.School:
    """The school of the samples."""
    return captive.School(
        name=HOSTILE[0] if hostile else "蓉城理工学院" if is_zh(f) else "Rongcheng Institute",
        hotline="028-8555 0119",
        hours="8:00–22:00",
        home_url="https://www.rcit.example/",
        home_label="www.rcit.example",
    )


def problem(f: Formatter, reason: Reason, **fields: object) -> captive.Problem:
    """A problem as a page tells it, with a look-up number."""
    title, sentence = told(reason, f.words, fields, way_out=bool(fields.pop("way_out", False)))
    return captive.Problem(REASONS[reason].code, title, sentence, "9TK4C", REASONS[reason].tone)


def login_view(f: Formatter, hostile: bool, reason: Reason | None = None, many: bool = False) -> object:
    methods = tuple(captive.Method) if many else (captive.Method.PASSWORD,)
    return captive.LoginView(
        action="/login",
        methods=methods,
        username=HOSTILE[1] if hostile else "2023114205" if reason else "",
        problem=problem(f, reason, n=30) if reason else None,
        notice=HOSTILE[2]
        if hostile
        else (
            "25日02:00–04:00升级，会断网约10分钟。"
            if is_zh(f)
            else "25 November, 02:00–04:00: upgrade, 10 minutes off."
        )
        if many
        else "",
        auto_days=15 if many else None,
        auto_ticked=True,
        terms_open=True,
        terms_url="/terms",
        method_urls={method: f"/login?way={method.value}" for method in methods},
    )


def devices_view(f: Formatter, hostile: bool, drop: bool) -> tuple[captive.Device, ...]:
    names = ("iPad", "联想笔记本", "华为手机") if is_zh(f) else ("iPad", "Lenovo laptop", "Huawei phone")
    places = ("宿舍6号楼", "图书馆", "食堂") if is_zh(f) else ("Dormitory 6", "Library", "Canteen")
    kinds = ("tablet", "laptop", "phone")
    return tuple(
        captive.Device(
            name=HOSTILE[n] if hostile else names[n],
            kind=kinds[n],
            place=places[n],
            since=NOW - 3600 * (4 - n),
            octets=3 * GB if n == 1 else None,
            idle_seconds=2520 if n == 0 else 5,
            is_this=not drop and n == 2,
            drop_action="/drop/4" if drop or n != 2 else "",
        )
        for n in range(3)
    )


def refused_view(f: Formatter, hostile: bool) -> object:
    return captive.RefusedView(
        problem(f, Reason.TOO_MANY_SESSIONS, n=3, way_out=True), "/", devices=devices_view(f, hostile, True)
    )


def expired_view(f: Formatter, hostile: bool, reason: Reason = Reason.EXPIRED) -> object:
    day = HOSTILE[0] if hostile else f.long_day(NOW - DAY)
    return captive.RefusedView(problem(f, reason, t=day), "/", icon="clock", ask_desk=True)


def online_view(f: Formatter, hostile: bool) -> object:
    return captive.OnlineView(
        greeting_name=HOSTILE[2] if hostile else "张*桐" if is_zh(f) else "Zhang Y.",
        plan="8M",
        ends_at=MIDNIGHT + 16 * DAY,
        octets_left=int(42.6 * GB),
        octets_total=100 * GB,
        balance_fen=4260,
        logout_action="/logout",
        devices=devices_view(f, hostile, False),
        max_devices=3,
    )


def wifi_view(f: Formatter, hostile: bool, method: WifiMethod = WifiMethod.PEAP) -> object:
    ssid = HOSTILE[0][:32] if hostile else "Campus-1X"
    outer, inner = profiles.method_words(method)
    network = WifiNetwork(ssid, method, outer_identity=HOSTILE[1] if hostile else "")
    trust = profiles.WifiTrust("radius.rcit.example", b"authority")
    is_tls = method is WifiMethod.TLS
    return captive.WifiView(
        ssid=ssid,
        eap=outer,
        phase2=inner,
        is_tls=is_tls,
        server_name=trust.server_name,
        fingerprint=trust.fingerprint,
        outer_identity=network.outer_identity,
        systems=("android", "apple", "windows", "linux"),
        apple_url="" if is_tls else "/wifi/wifi.mobileconfig",
        windows_url="/wifi/wifi.xml",
        ca_url="/wifi/ca.crt",
        pem_url="/wifi/ca.pem",
        snippet=profiles.supplicant(network, trust),
        tabs=()
        if is_tls
        else (captive.WifiTab(ssid, "/wifi", True), captive.WifiTab("Staff", "/wifi?n=1", False)),
    )


def terms_view(f: Formatter, hostile: bool) -> object:
    zh = ("本网络供本校师生教学、科研和生活使用。", "账号限本人使用，登录记录按规定留存。")
    en = (
        "This network serves teaching, research and life at this school.",
        "An account is for one person alone.",
    )
    return captive.TermsView(HOSTILE if hostile else zh if is_zh(f) else en, "/")
