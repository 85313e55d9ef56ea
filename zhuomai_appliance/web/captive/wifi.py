"""`/wifi`: how a device joins the 802.1X network, with profiles to download. No login, no script; on both sites.

The profiles can be fetched before a device is online, from the captive site, where nothing proves who sends them: so
the page shows the authority's fingerprint, which the school prints on its notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from twisted.web.resource import Resource

from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
from zhuomai_appliance.store import settings
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.web.captive import profiles
from zhuomai_appliance.web.captive.profiles import WifiTrust
from zhuomai_appliance.web.captive.views import CaptivePage, MessageView, Problem, School, WifiTab, WifiView
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.reasons import Tone
from zhuomai_appliance.web.render import Renderer, query_link
from zhuomai_appliance.web.session import cookie, field, header, remember
from zhuomai_appliance.web.words import LANGUAGE_COOKIE, Language, mark, negotiate

WIFI_PATH: Final = "/wifi"

_SYSTEMS: Final = ("apple", "android", "windows", "linux")

#: What a browser says of its system, the more special word first.
_SIGNS: Final = (
    ("Android", "android"),
    ("HarmonyOS", "android"),
    ("OpenHarmony", "android"),
    ("iPhone", "apple"),
    ("iPad", "apple"),
    ("Macintosh", "apple"),
    ("Windows", "windows"),
    ("Linux", "linux"),
)

_NOTHING: Final = mark("No Wi-Fi set-up is offered here")
_ELSEWHERE: Final = mark("Connect to the campus network and open any web page to log in.")

_AUTHORITY_TYPE: Final = b"application/x-x509-ca-cert"


@dataclass(frozen=True, slots=True)
class WifiDeps:
    """What the page works with; `trust` tells whom devices should trust, None where this box has no certificate."""

    tables: Tables
    store: Store
    renderer: Renderer
    clock: Callable[[], int]
    trust: Callable[[], WifiTrust | None]


@dataclass(frozen=True, slots=True)
class _Offer:
    project_id: ProjectId
    number: int
    network: WifiNetwork


class WifiResource(Resource):
    """The page, and the files below it."""

    isLeaf = True

    def __init__(self, deps: WifiDeps) -> None:
        super().__init__()
        self._deps = deps

    def render(self, request: Any) -> bytes:
        """The page, a file, or a sentence that there is none."""
        if request.method not in {b"GET", b"HEAD"}:
            request.setResponseCode(405)
            request.setHeader(b"Allow", b"GET, HEAD")
            return b""
        name = b"/".join(part for part in request.postpath if part).decode("ascii", "replace")
        trust, offers = self._deps.trust(), self._offers()
        offer = self._chosen(request, offers)
        if trust is None or offer is None:
            return self._nothing(request)
        if not name:
            return self._page(request, offers, offer, trust)
        answer = self._file(request, name, offer, trust)
        return self._nothing(request) if answer is None else answer

    def _offers(self) -> list[_Offer]:
        """Every network of every project, in their order."""
        return [
            _Offer(project.id, number, network)
            for project in self._deps.tables.projects()
            for number, network in enumerate(settings.wifi(self._deps.store.reader, project.id))
        ]

    def _chosen(self, request: Any, offers: list[_Offer]) -> _Offer | None:
        """The network that the address names, else the first."""
        named = field(request, "p"), field(request, "n")
        if named == ("", ""):
            return offers[0] if offers else None
        return next((one for one in offers if (str(one.project_id), str(one.number)) == named), None)

    def _page(self, request: Any, offers: list[_Offer], offer: _Offer, trust: WifiTrust) -> bytes:
        network, query = offer.network, _query(offer)
        outer, inner = profiles.method_words(network.method)
        is_tls = network.method is WifiMethod.TLS
        agent = header(request, "user-agent")
        here = next((system for sign, system in _SIGNS if sign in agent), _SYSTEMS[0])
        view = WifiView(
            ssid=network.ssid,
            eap=outer,
            phase2=inner,
            is_tls=is_tls,
            server_name=trust.server_name,
            fingerprint=trust.fingerprint,
            outer_identity=network.outer_identity,
            systems=(here, *(system for system in _SYSTEMS if system != here)),
            apple_url="" if is_tls else query_link(f"{WIFI_PATH}/wifi.mobileconfig", query),
            windows_url=query_link(f"{WIFI_PATH}/wifi.xml", query),
            ca_url=f"{WIFI_PATH}/ca.crt" if trust.authority else "",
            pem_url=f"{WIFI_PATH}/ca.pem" if trust.authority else "",
            snippet=profiles.supplicant(network, trust),
            tabs=tuple(
                WifiTab(one.network.ssid, query_link(WIFI_PATH, _query(one)), one is offer) for one in offers
            ),
        )
        return self._html(request, "wifi.html", view, offer.project_id, query)

    def _file(self, request: Any, name: str, offer: _Offer, trust: WifiTrust) -> bytes | None:
        network = offer.network
        if name == "wifi.mobileconfig" and network.method is not WifiMethod.TLS:
            body = profiles.apple(network, trust, self._school(offer.project_id).name)
            return _download(
                request, body, b"application/x-apple-aspen-config", f"{network.ssid}.mobileconfig"
            )
        if name == "wifi.xml":
            body = profiles.windows(
                network, trust, self._deps.renderer, self._formatter(request, offer.project_id)
            )
            return _download(request, body, b"application/xml", "wifi.xml")
        if name == "ca.crt" and trust.authority is not None:
            return _download(request, trust.authority, _AUTHORITY_TYPE, "ca.crt")
        if name == "ca.pem" and trust.authority is not None:
            return _download(request, profiles.pem(trust.authority), b"application/x-pem-file", "ca.pem")
        return None

    def _nothing(self, request: Any) -> bytes:
        request.setResponseCode(404)
        projects = self._deps.tables.projects()
        project_id = projects[0].id if projects else ProjectId(0)
        text = self._formatter(request, project_id).words.text
        problem = Problem("", text(_NOTHING), text(_ELSEWHERE), tone=Tone.INFO)
        return self._html(request, "message.html", MessageView(problem), project_id, {})

    def _html(
        self, request: Any, template: str, view: object, project_id: ProjectId, query: dict[str, str]
    ) -> bytes:
        formatter = self._formatter(request, project_id)
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        request.setHeader(b"Content-Security-Policy", self._deps.renderer.captive_policy.encode())
        wanted = field(request, "lang")
        if Language.from_word(wanted):
            remember(request, LANGUAGE_COOKIE, wanted)
        around = CaptivePage(school=self._school(project_id), path=WIFI_PATH, query=query)
        return self._deps.renderer.captive(template, formatter, v=view, p=around)

    def _formatter(self, request: Any, project_id: ProjectId) -> Formatter:
        language = negotiate(
            field(request, "lang") or None,
            cookie(request, LANGUAGE_COOKIE) or None,
            header(request, "accept-language") or None,
        )
        zone = ZoneInfo(self._deps.tables.zone(project_id).name)
        return self._deps.renderer.formatter(language, zone, self._deps.clock())

    def _school(self, project_id: ProjectId) -> School:
        return school_of(self._deps.store, self._deps.tables, project_id, self._deps.clock())


def school_of(store: Store, tables: Tables, project_id: ProjectId, now: int) -> School:
    """How a project shows itself on its pages."""
    brand, project = settings.branding(store.reader, project_id), tables.project(project_id)
    return School(
        name=brand.title or (project.name if project is not None else ""),
        service=brand.service,
        hotline=brand.hotline,
        hours=brand.hours,
        home_url=brand.home_url,
        home_label=brand.home_label,
        year=tables.zone(project_id).local(now).year,
    )


def _query(offer: _Offer) -> dict[str, str]:
    return {"p": str(offer.project_id), "n": str(offer.number)}


def _download(request: Any, body: bytes, kind: bytes, name: str) -> bytes:
    """A file under a name of any letters (RFC 6266 §4.3)."""
    request.setHeader(b"Content-Type", kind)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    words = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    request.setHeader(b"Content-Disposition", words.encode())
    return body
