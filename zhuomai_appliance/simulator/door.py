"""The redirecting door: an AC's port 80, where the visitor's own browser plays a phone.

Any address leads to the box's login page with the AC's parameters, as long as that phone is offline; once it is online,
the door shows what the AC has measured. A cookie says which phone a browser plays, `/phone/N` picks another one, so
several browsers or windows can play several people.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote, urlencode

from klein import Klein
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import FOUND, NOT_FOUND, SEE_OTHER
from twisted.web.iweb import IRequest

from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.ac import AccessController
from zhuomai_appliance.simulator.settings import AcSettings
from zhuomai_appliance.simulator.station import Session, Station

MAX_PHONES = 200
COOKIE = "phone"

_WORDS = {
    "zh": {
        "title": "{n}号手机已联网",
        "lead": "这里是虚拟AC，数字由它自己计量，可以和管理台对照。",
        "user": "账号",
        "address": "地址",
        "time": "在线时长",
        "up": "上行流量",
        "down": "下行流量",
        "rate": "速率（上/下）",
        "account": "打开认证页（查看用量、下线）",
        "leave": "走出Wi-Fi范围",
        "other": "换一部手机",
        "gone": "没有这部手机",
    },
    "en": {
        "title": "Phone {n} is online",
        "lead": "This is the virtual AC. The figures are its own; compare them with the console's.",
        "user": "Account",
        "address": "Address",
        "time": "Time online",
        "up": "Sent",
        "down": "Received",
        "rate": "Rate (up/down)",
        "account": "Open the portal page (usage, log out)",
        "leave": "Walk out of range",
        "other": "Play another phone",
        "gone": "There is no such phone",
    },
}

_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="refresh" content="5">
<title>{title}</title><style>
body{{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;background:#f2f5f9;color:#1c2733;margin:0;padding:24px 12px}}
main{{max-width:440px;margin:auto;background:#fff;border:1px solid #dde4ec;border-radius:10px;padding:20px}}
h1{{font-size:22px;margin:0 0 4px}}p{{color:#5a6b7c;margin:0 0 16px}}
dl{{display:grid;grid-template-columns:auto 1fr;gap:6px 16px;margin:0 0 20px}}dt{{color:#5a6b7c}}
dd{{margin:0;text-align:right;font-variant-numeric:tabular-nums}}
a,button{{display:block;width:100%;box-sizing:border-box;min-height:44px;padding:9px;margin-top:8px;border-radius:8px;
border:1px solid #c9d3de;background:#fff;color:#1c2733;font:inherit;text-align:center;text-decoration:none}}
a.go{{background:#1261b4;border-color:#1261b4;color:#fff}}
</style></head><body><main><h1>{title}</h1><p>{lead}</p><dl>{rows}</dl>
<a class="go" href="{captive}">{account}</a>
<form method="post" action="/phone/{n}/leave"><button>{leave}</button></form>
<a href="/phone/{following}">{other}</a></main></body></html>"""


def captive_address(settings: AcSettings, station: Station, original_url: str) -> str:
    """Where the AC sends a browser: the login page with the parameters by their Huawei names."""
    parameters = {
        "ac-ip": settings.address,
        "ap-mac": a.hyphened(settings.ap_mac),
        "ssid": settings.ssid,
        "user-ipaddress": station.ip,
        "user-mac": a.hyphened(station.mac),
        "user-vlan": str(settings.vlan),
        "redirect-url": original_url,
    }
    url = settings.box.captive_url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters, quote_via=quote)}"


class Door:
    """The HTTP side of the AC. Serve `app.resource()`."""

    app = Klein()

    def __init__(self, clock: IReactorTime, ac: AccessController) -> None:
        self._clock = clock
        self._ac = ac
        self._phones: dict[int, Station] = {}

    @app.route("/phone/<int:number>")
    def phone(self, request: IRequest, number: int) -> bytes:
        """Play this phone from now on."""
        return self._answer(request, number)

    @app.route("/phone/<int:number>/leave", methods=["POST"])
    def leave(self, request: IRequest, number: int) -> bytes:
        """The phone leaves the Wi-Fi: its session ends as Lost-Carrier at once, and it can come back."""
        station = self._phones.get(number)
        if station is not None and station.session is not None:
            self._ac.end(station.session, a.LOST_CARRIER, "connection lost")
        request.setResponseCode(SEE_OTHER)
        request.setHeader(b"Location", f"/phone/{number}".encode())
        return b""

    @app.route("/", branch=True)
    def anything(self, request: IRequest) -> bytes:
        """Whatever the browser asked for, as the phone that its cookie names or as a new one."""
        given = request.getCookie(COOKIE.encode()) or b""
        number = int(given) if given.isdigit() and len(given) < 4 else 0
        return self._answer(request, number or min(len(self._phones) + 1, MAX_PHONES))

    def _answer(self, request: IRequest, number: int) -> bytes:
        words = _WORDS["en" if (request.getHeader(b"accept-language") or b"").startswith(b"en") else "zh"]
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        if not 1 <= number <= MAX_PHONES:
            request.setResponseCode(NOT_FOUND)
            return words["gone"].encode()
        station = self._phones.get(number) or self._phones.setdefault(number, self._ac.attach())
        request.setHeader(b"Set-Cookie", f"{COOKIE}={number}; Path=/; HttpOnly; SameSite=Lax".encode())
        captive = captive_address(self._ac.settings, station, _address_of(request))
        if station.session is None:
            request.setResponseCode(FOUND)
            request.setHeader(b"Location", captive.encode())
            return b""
        return self._figures(number, station, station.session, captive, words).encode()

    def _figures(
        self, number: int, station: Station, session: Session, captive: str, words: dict[str, str]
    ) -> str:
        now = self._clock.seconds()
        session.settle(now)
        figures = {
            words["user"]: session.username.decode("utf-8", "replace"),
            words["address"]: f"{station.ip}  {station.mac}",
            words["time"]: f"{session.seconds(now)} s",
            words["up"]: f"{session.input_octets / 2**20:,.2f} MB",
            words["down"]: f"{session.output_octets / 2**20:,.2f} MB",
            words["rate"]: f"{session.up_bps / 1e6:g} / {session.down_bps / 1e6:g} Mbit/s",
        }
        return _PAGE.format(
            lang="en" if words is _WORDS["en"] else "zh-CN",
            title=escape(words["title"].format(n=number)),
            lead=words["lead"],
            rows="".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in figures.items()),
            captive=escape(captive),
            account=words["account"],
            leave=words["leave"],
            other=words["other"],
            n=number,
            following=number % MAX_PHONES + 1,
        )


def _address_of(request: IRequest) -> str:
    """The address that the browser asked for, as the AC sees it in the plain request."""
    host = (request.getHeader(b"host") or b"www.example.com").decode("latin-1")
    return f"http://{host}{request.uri.decode('latin-1')}"
