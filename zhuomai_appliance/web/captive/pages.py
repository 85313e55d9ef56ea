"""The pages of a phone that has no internet yet: login, waiting, online, goodbye. No script and no cookie is needed.

Whatever host and path a phone asks for, it is led to our page; only the AC's parameters, or a token of ours, tell who
it is. A login is answered when its result is there; one that takes long is waited for by a page that asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from klein import Klein
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from werkzeug.exceptions import NotFound

from zhuomai_appliance.flows import purchases
from zhuomai_appliance.flows.portal_login import PortalLogin, Refused
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.visitors import Online, Visitor
from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import settings
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.web.captive.devices import REPLACE_PATH, replaceable
from zhuomai_appliance.web.captive.profiles import WifiTrust
from zhuomai_appliance.web.captive.views import (
    CaptivePage,
    GoodbyeView,
    LoginView,
    MessageView,
    OnlineView,
    Problem,
    RefusedView,
    WaitingView,
)
from zhuomai_appliance.web.captive.wifi import WIFI_PATH, WifiDeps, WifiResource, school_of
from zhuomai_appliance.web.errors import guard_errors
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.reasons import REASONS, Tone, told
from zhuomai_appliance.web.render import Renderer
from zhuomai_appliance.web.sentences import fields_of
from zhuomai_appliance.web.session import field, text_of
from zhuomai_appliance.web.words import LANGUAGE_COOKIE, Language, negotiate

PATIENCE_SECONDS: Final = 5.0
"""How long the login's own answer is held back for its result."""

STOP_SECONDS: Final = 0.4
RESULT_KEPT_SECONDS: Final = 120

#: Refusals that are put right in the form itself; all others fill a page of their own.
_IN_FORM: Final = frozenset(
    {
        Reason.BAD_CREDENTIALS,
        Reason.UNKNOWN_USER,
        Reason.WAIT_BEFORE_RETRY,
        Reason.TERMS_NOT_ACCEPTED,
        Reason.LOGGING_IN,
    }
)
_CLOCK: Final = frozenset(
    {
        Reason.EXPIRED,
        Reason.DATA_USED_UP,
        Reason.TIME_USED_UP,
        Reason.DAY_USED_UP,
        Reason.MONTH_USED_UP,
        Reason.SUSPENDED,
        Reason.NO_PLAN,
    }
)


Login = Coroutine[Any, Any, Online | Refused]


@dataclass(frozen=True, slots=True)
class CaptiveDeps:
    """What the captive pages work with. ``later`` is the reactor's callLater."""

    portal_login: PortalLogin
    tables: Tables
    store: Store
    renderer: Renderer
    clock: Callable[[], int]
    later: Callable[..., Any]
    reference: Callable[[], str]
    public_url: str
    trust: Callable[[], WifiTrust | None] = lambda: None


class CaptivePages:
    """The captive site. Results of logins that took long are kept for two minutes."""

    app = Klein()
    log = Logger(namespace="zhuomai.captive")

    def __init__(self, deps: CaptiveDeps) -> None:
        self._deps = deps
        self._reception = deps.portal_login.reception
        self.reference = deps.reference
        self._public_host = (urlsplit(deps.public_url).netloc or "").lower()
        self._wifi = WifiResource(WifiDeps(deps.tables, deps.store, deps.renderer, deps.clock, deps.trust))
        self._results: dict[int, tuple[int, Online | Refused | None]] = {}
        # Not from 0 at every start: a waiting page of before a restart must not find another login's result
        self._login_numbers = count(deps.clock() << 20)

    # Landing ----------------------------------------------------------------------------------------------------------

    @app.route("/", methods=["GET", "HEAD"])
    def landing(self, request: Any) -> bytes:
        """The login page, if the address tells who stands before it."""
        if self._is_foreign(request):
            return self._to_portal(request)
        now = self._deps.clock()
        token = field(request, "token")
        if token:
            visitor = self._reception.from_form(token, now)
        else:
            query = {
                text_of(name): [text_of(value) for value in values]
                for name, values in (request.args or {}).items()
            }
            visitor = self._reception.receive(query, request.getClientAddress().host, now)
        if isinstance(visitor, Rejection):
            return self._message(request, visitor)
        return self._login_page(request, visitor, None, "")

    @app.route("/login", methods=["POST"])
    async def login(self, request: Any) -> bytes:
        """Take the form, log in at the device, answer with what came of it."""
        visitor = self._reception.from_form(field(request, "token"), self._deps.clock())
        if isinstance(visitor, Rejection):
            return self._message(request, visitor)
        username, password = field(request, "username").strip(), field(request, "password")
        if not username or not password:
            return self._login_page(
                request, visitor, Refused(Rejection(Reason.BAD_CREDENTIALS), ""), username
            )
        running = self._deps.portal_login.with_password(visitor, username, password)
        return await self._answer(request, visitor, running, username)

    @app.route(REPLACE_PATH, methods=["POST"])
    async def take_place(self, request: Any) -> bytes:
        """Let this device in for another one of its account, which is logged out first."""
        wanted = self._reception.from_replacement(field(request, "token"), self._deps.clock())
        if wanted is None:
            return self._message(request, Rejection(Reason.PAGE_EXPIRED))
        return await self._answer(request, wanted.visitor, self._deps.portal_login.replace(wanted), "")

    async def _answer(self, request: Any, visitor: Visitor, login: Login, username: str) -> bytes:
        number = next(self._login_numbers)
        result = await self._patiently(number, login)
        if result is None:
            return self._waiting(request, visitor, number)
        return self._result(request, visitor, result, username)

    async def _patiently(self, number: int, login: Login) -> Online | Refused | None:
        """The result of a login, or None when it takes longer than a page should."""
        first: Deferred[Online | Refused | None] = Deferred()
        self._results[number] = (self._deps.clock(), None)

        def done(result: Online | Refused) -> None:
            self._results[number] = (self._deps.clock(), result)
            if not first.called:
                first.callback(result)

        def failed(reason: Any) -> None:
            self.log.failure("a portal login failed", reason)
            done(Refused(Rejection(Reason.NAS_SILENT, "the login failed inside"), ""))

        running = Deferred.fromCoroutine(login)
        running.addCallback(done)
        running.addErrback(failed)
        timer = self._deps.later(PATIENCE_SECONDS, lambda: None if first.called else first.callback(None))
        result = await first
        if timer.active():
            timer.cancel()
        self._forget_old()
        return result

    def _forget_old(self) -> None:
        before = self._deps.clock() - RESULT_KEPT_SECONDS
        for number in [number for number, (at, _) in self._results.items() if at < before]:
            del self._results[number]

    @app.route("/wait", methods=["GET"])
    def wait(self, request: Any) -> bytes:
        """What came of a login that took long; the page asks again until it is known."""
        waiting = self._reception.from_wait(field(request, "token"), self._deps.clock())
        if waiting is None:
            return self._message(request, Rejection(Reason.PAGE_EXPIRED))
        visitor, number = waiting
        known = self._results.get(number)
        if known is None:
            return self._login_page(request, visitor, None, "")
        if known[1] is None:
            return self._waiting(request, visitor, number)
        return self._result(request, visitor, known[1], "")

    # Online -----------------------------------------------------------------------------------------------------------

    @app.route("/online", methods=["GET"])
    def online(self, request: Any) -> bytes:
        """What is left and used, and the way out."""
        token = field(request, "token")
        online = self._reception.from_online(token, self._deps.clock())
        standing = None if online is None else self._deps.portal_login.standing(online)
        if online is None or standing is None:
            return self._message(request, Rejection(Reason.PAGE_EXPIRED))
        if not standing.is_online:
            return self._goodbye(
                request, online, standing.session_seconds, standing.input_octets + standing.output_octets
            )
        project_id = self._project(online.visitor)
        view = OnlineView(
            greeting_name=standing.full_name or standing.username,
            plan=standing.plan_name,
            ends_at=standing.covered_until,
            octets_left=standing.octets_left,
            octets_total=None,
            balance_fen=purchases.wallet_fen(self._deps.store.reader, project_id, online.account_id) or None,
            logout_action="/logout",
            session_seconds=standing.session_seconds,
            session_octets=standing.input_octets + standing.output_octets,
        )
        return self._page(request, "online.html", view, project_id, "/online", {"token": token}, token)

    @app.route("/logout", methods=["POST"])
    async def logout(self, request: Any) -> bytes:
        """Log the client out at its device."""
        online = self._reception.from_online(field(request, "token"), self._deps.clock())
        if online is None:
            return self._message(request, Rejection(Reason.PAGE_EXPIRED))
        standing = self._deps.portal_login.standing(online)
        await self._deps.portal_login.logout(online)
        figures = None
        if standing is not None and standing.session_id is not None:
            # The device's Stop is on its way: a moment later the goodbye can name the session's own figures
            await self._pause(STOP_SECONDS)
            figures = self._deps.portal_login.figures(standing.session_id)
        return self._goodbye(request, online, *(figures or (None, None)))

    def _pause(self, seconds: float) -> Deferred[None]:
        over: Deferred[None] = Deferred()
        self._deps.later(seconds, over.callback, None)
        return over

    @app.route(f"{WIFI_PATH}/", branch=False)
    @app.route(WIFI_PATH, branch=True)
    def wifi(self, request: Any) -> Any:
        """How a device joins the network that needs no login page."""
        return self._to_portal(request) if self._is_foreign(request) else self._wifi

    @app.route("/<path:rest>", methods=["GET", "HEAD"])
    def anything(self, request: Any, rest: str) -> bytes:
        """Probes and whatever else a phone asks for before it is online."""
        return self._to_portal(request)

    @app.handle_errors(NotFound)
    def unheard_of(self, request: Any, failure: Any) -> bytes:
        """A path that no pattern takes, such as one with a line end in it."""
        return self._to_portal(request)

    # Answers ----------------------------------------------------------------------------------------------------------

    def _is_foreign(self, request: Any) -> bool:
        host = (request.getHeader("host") or "").lower()
        return bool(self._public_host) and host != self._public_host

    def _to_portal(self, request: Any) -> bytes:
        """302 to our own page, never cached, never 200 or 204: a phone must not believe that it is online."""
        query = request.uri.partition(b"?")[2].decode("ascii", "replace")
        target = f"{self._deps.public_url}/" if self._public_host else "/"
        _redirect(request, f"{target}?{query}" if query else target, 302)
        return b""

    def _result(self, request: Any, visitor: Visitor, result: Online | Refused, username: str) -> bytes:
        if isinstance(result, Refused):
            if result.rejection.reason in _IN_FORM:
                return self._login_page(request, visitor, result, username)
            return self._refused_page(request, visitor, result)
        token = self._reception.online_token(result, self._deps.clock())
        _redirect(request, f"/online?{urlencode({'token': token})}", 303)
        return b""

    def _login_page(self, request: Any, visitor: Visitor, refused: Refused | None, username: str) -> bytes:
        project_id = self._project(visitor)
        formatter = self._formatter(request, project_id)
        token = self._reception.form_token(visitor)
        notice = settings.branding(self._deps.store.reader, project_id).notice
        view = LoginView(
            action="/login",
            username=username,
            problem=None
            if refused is None
            else self._problem(refused.rejection, refused.lookup_code, formatter),
            notice=notice,
            wifi_url=WIFI_PATH if settings.wifi(self._deps.store.reader, project_id) else "",
        )
        return self._page(request, "login.html", view, project_id, "/", {"token": token}, token)

    def _refused_page(self, request: Any, visitor: Visitor, refused: Refused) -> bytes:
        project_id = self._project(visitor)
        token = self._reception.form_token(visitor)
        formatter = self._formatter(request, project_id)
        reason = refused.rejection.reason
        devices = replaceable(self._deps.portal_login, visitor, refused.full_account, formatter)
        view = RefusedView(
            problem=self._problem(refused.rejection, refused.lookup_code, formatter, way_out=bool(devices)),
            devices=devices,
            back_url=f"/?{urlencode({'token': token})}",
            icon="clock" if reason in _CLOCK else "alert",
            ask_desk=reason in _CLOCK,
        )
        return self._page(request, "refused.html", view, project_id, "/", {"token": token}, token)

    def _waiting(self, request: Any, visitor: Visitor, number: int) -> bytes:
        token = self._reception.wait_token(visitor, number)
        view = WaitingView(next_url=f"/wait?{urlencode({'token': token})}")
        return self._page(
            request, "waiting.html", view, self._project(visitor), "/wait", {"token": token}, token
        )

    def _goodbye(self, request: Any, online: Online, seconds: int | None, octets: int | None) -> bytes:
        token = self._reception.form_token(replace(online.visitor, at=self._deps.clock()))
        view = GoodbyeView(seconds=seconds, octets=octets, back_url=f"/?{urlencode({'token': token})}")
        return self._page(
            request, "goodbye.html", view, self._project(online.visitor), "/", {"token": token}, token
        )

    def _message(self, request: Any, rejection: Rejection) -> bytes:
        project = self._deps.tables.projects()
        project_id = project[0].id if project else ProjectId(0)
        formatter = self._formatter(request, project_id)
        view = MessageView(problem=self._problem(rejection, "", formatter))
        return self._page(request, "message.html", view, project_id, "/", {}, "")

    def _problem(
        self, rejection: Rejection, lookup: str, formatter: Formatter, *, way_out: bool = False
    ) -> Problem:
        text = REASONS[rejection.reason]
        title, sentence = told(
            rejection.reason, formatter.words, fields_of(rejection, formatter), way_out=way_out
        )
        tone = text.tone if text.tone is not Tone.OK else Tone.INFO
        return Problem(code=text.code, title=title, sentence=sentence, lookup=lookup, tone=tone)

    def _project(self, visitor: Visitor) -> ProjectId:
        nas = self._deps.tables.by_id(visitor.nas_id)
        return ProjectId(0) if nas is None else nas.project_id

    def _formatter(self, request: Any, project_id: ProjectId) -> Formatter:
        zone = ZoneInfo(self._deps.tables.zone(project_id).name)
        return self._deps.renderer.formatter(_language(request), zone, self._deps.clock())

    def _page(
        self,
        request: Any,
        template: str,
        view: object,
        project_id: ProjectId,
        path: str,
        query: dict[str, str],
        token: str,
    ) -> bytes:
        formatter = self._formatter(request, project_id)
        school = school_of(self._deps.store, self._deps.tables, project_id, self._deps.clock())
        around = CaptivePage(school=school, path=path, query=query, token=token)
        for name, value in (
            (b"Content-Type", b"text/html; charset=utf-8"),
            (b"Content-Security-Policy", self._deps.renderer.captive_policy.encode()),
        ):
            request.setHeader(name, value)
        wanted = field(request, "lang")
        if Language.from_word(wanted):
            request.addCookie(
                LANGUAGE_COOKIE, wanted, path="/", max_age=str(365 * 86400), sameSite="lax", httpOnly=True
            )
        return self._deps.renderer.captive(template, formatter, v=view, p=around)


guard_errors(CaptivePages.app)


def _language(request: Any) -> Language:
    cookie = request.getCookie(LANGUAGE_COOKIE.encode())
    return negotiate(
        field(request, "lang") or None,
        cookie.decode("ascii", "replace") if cookie else None,
        request.getHeader("accept-language"),
    )


def _redirect(request: Any, target: str, code: int) -> None:
    request.setResponseCode(code)
    request.setHeader(b"Location", target.encode("ascii", "replace"))
