"""The two sites: captive pages for clients, and the console with its API; headers, methods and errors for both.

Klein and Twisted leave much open by default (security §5): here every answer gets its headers, every method that a
route does not name is refused, and an exception becomes one sentence with a reference number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from twisted.web.resource import IResource, Resource, getChildForRequest

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows.alarms import Alarms
from zhuomai_appliance.flows.imports import ReadPeople
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.list_admin import ListAdmin
from zhuomai_appliance.flows.meters import Sample
from zhuomai_appliance.flows.nas_admin import NasAdmin
from zhuomai_appliance.flows.nas_check import NasChecker
from zhuomai_appliance.flows.operators import Operators
from zhuomai_appliance.flows.ports import ReasonWords
from zhuomai_appliance.flows.rate_admin import RateAdmin
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.server_desk import ServerDesk
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.tracing import Tracing
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.web.admin.app import AdminApp
from zhuomai_appliance.web.admin.cookbook import Site
from zhuomai_appliance.web.api.app import ApiApp
from zhuomai_appliance.web.api.health import HealthResource, MetricsResource
from zhuomai_appliance.web.captive.pages import CaptiveDeps, CaptivePages
from zhuomai_appliance.web.captive.profiles import WifiTrust
from zhuomai_appliance.web.captive.wifi import WifiDeps, WifiResource
from zhuomai_appliance.web.render import Renderer
from zhuomai_appliance.web.static import AssetResource

METHODS: Final = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE"))

_HEADERS: Final = (
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"X-Frame-Options", b"DENY"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cache-Control", b"no-store"),
    (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
)


class Guarded(Resource):
    """Puts the headers on and turns away what no page serves, before the site's own resource sees a request.

    A page that needs another policy or may be cached sets its own header over these.
    """

    isLeaf = False

    def __init__(self, inner: IResource) -> None:
        super().__init__()
        self._inner = inner

    def getChildWithDefault(self, path: bytes | str, request: Any) -> Any:
        """The site's resource, or the refusal."""
        for name, value in _HEADERS:
            request.setHeader(name, value)
        hosts = request.requestHeaders.getRawHeaders(b"host") or []
        if request.method not in METHODS:
            return Refusal(405, b"this method is not served\n")
        if len(hosts) != 1:
            return Refusal(400, b"one Host header is needed\n")
        segment = path if isinstance(path, bytes) else path.encode()
        request.postpath.insert(0, segment)
        if request.prepath:
            request.prepath.pop()
        if getattr(self._inner, "isLeaf", False):
            return self._inner
        return getChildForRequest(self._inner, request)

    def render(self, request: Any) -> Any:
        """Never reached: every path has a child."""
        return self.getChildWithDefault(b"", request).render(request)


class Refusal(Resource):
    """A constant sentence with a status."""

    isLeaf = True

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self._status = status
        self._body = body

    def render(self, request: Any) -> bytes:
        """The sentence."""
        request.setResponseCode(self._status)
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return self._body


class Elsewhere(Resource):
    """Leads to another path of the site."""

    isLeaf = True

    def __init__(self, path: bytes) -> None:
        super().__init__()
        self._path = path

    def render(self, request: Any) -> bytes:
        """302."""
        request.setResponseCode(302)
        request.setHeader(b"Location", self._path)
        return b""


def captive_site(deps: CaptiveDeps) -> IResource:
    """The site for clients, plain HTTP."""
    return Guarded(CaptivePages(deps).app.resource())


@dataclass(frozen=True, slots=True)
class ConsoleDeps:
    """What the console, its API and the health pages work with.

    Attributes:
        gauges: gives /metrics its figures.
        reference: a new number under which a fault stands in the log.
        backed_up_at: when the newest backup was made, UTC epoch seconds; None where there is none.
        own_site: what a device at an address must know of this box.
        reservations: the memory of the flow that lets people in.
        tracing: where packets are seen as they pass.
        trust: whom 802.1X devices should trust; None where this box has no certificate for them.
        alarms, interims: what is watched about access devices.
        changed: makes the daemon read its tables anew.
        digester: does slow work off the reactor thread.
        read_people: reads tables of people that are sent.
    """

    store: Store
    vault: Vault
    tables: Tables
    operators: Operators
    session_admin: SessionAdmin
    renderer: Renderer
    words: ReasonWords
    clock: Callable[[], int]
    gauges: Callable[[], Iterable[Sample]]
    reference: Callable[[], str]
    backed_up_at: Callable[[], int | None]
    nas_admin: NasAdmin
    nas_checker: NasChecker
    rate_admin: RateAdmin
    list_admin: ListAdmin
    servers: ServerDesk
    own_site: Callable[[str], Site]
    reservations: Reservations = field(default_factory=Reservations)
    tracing: Tracing | None = None
    trust: Callable[[], WifiTrust | None] = lambda: None
    alarms: Alarms = field(default_factory=Alarms)
    interims: Interims = field(default_factory=Interims)
    changed: Callable[[], None] = lambda: None
    entropy: Entropy | None = None
    digester: Digester | None = None
    read_people: ReadPeople | None = None


def console_resource(deps: ConsoleDeps) -> IResource:
    """Console, API, health and static files; the same behind TLS and on the loopback listener."""
    root, api = Resource(), Resource()
    root.putChild(b"", Elsewhere(b"/admin/"))
    wifi = WifiDeps(deps.tables, deps.store, deps.renderer, deps.clock, deps.trust)
    root.putChild(b"wifi", WifiResource(wifi))
    root.putChild(b"static", AssetResource(deps.renderer.assets))
    root.putChild(b"admin", AdminApp(deps).resource())
    root.putChild(b"api", api)
    root.putChild(b"healthz", HealthResource(deps.store))
    root.putChild(b"metrics", MetricsResource(deps.gauges, deps.operators, deps.clock))
    api.putChild(
        b"v1",
        ApiApp(
            deps.store,
            deps.vault,
            deps.tables,
            deps.session_admin,
            deps.operators,
            deps.clock,
            deps.words,
            reference=deps.reference,
            assets=deps.renderer.assets,
            reservations=deps.reservations,
            tracing=deps.tracing,
            alarms=deps.alarms,
            interims=deps.interims,
            changed=deps.changed,
            entropy=deps.entropy,
            digester=deps.digester,
            read_people=deps.read_people,
        ).resource(),
    )
    return Guarded(root)
