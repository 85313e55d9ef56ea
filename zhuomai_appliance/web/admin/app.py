"""The console's pages as one Klein app, mounted at /admin: who asks is settled first, then one module per screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from klein import Klein
from twisted.logger import Logger
from twisted.web.resource import IResource
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from zhuomai_appliance import __version__
from zhuomai_appliance.flows.operators import LoginRefused
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import settings
from zhuomai_appliance.store.interface import StoreUnavailable
from zhuomai_appliance.web import menu
from zhuomai_appliance.web.admin import (
    access_lists,
    devices,
    overview,
    payments,
    people,
    person,
    rates,
    records,
    sentences,
    simulator,
    upstreams,
)
from zhuomai_appliance.web.admin.labels import role_word
from zhuomai_appliance.web.admin.views import DoorView, Shell
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.forms import Fields, KickForm, LoginForm
from zhuomai_appliance.web.permissions import LOGIN_PATH, Visit, require
from zhuomai_appliance.web.redirects import own_path
from zhuomai_appliance.web.render import CONSOLE_POLICY, query_link
from zhuomai_appliance.web.session import (
    THEME_COOKIE,
    comes_from_us,
    cookie,
    drop_session,
    field,
    header,
    query_of,
    remember,
    session_token,
    set_session,
    text_of,
)
from zhuomai_appliance.web.words import LANGUAGE_COOKIE, Language, negotiate

if TYPE_CHECKING:
    from zhuomai_appliance.web.app import ConsoleDeps

HOME: Final = "/admin/"
THEMES: Final = ("light", "dark")


class AdminApp:
    """The console. Reads go to the store's reports, every change through a flow, so that rules and audit apply."""

    app = Klein()
    log = Logger(namespace="zhuomai.console")

    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps

    def resource(self) -> IResource:
        """What the site mounts at /admin."""
        mounted: IResource = self.app.resource()
        return mounted

    # Pages ------------------------------------------------------------------------------------------------------------

    @app.route("/", methods=["GET"])
    @require(Permission.CONSOLE_VIEW)
    async def dashboard(self, visit: Visit) -> bytes:
        """The overview."""
        view = await overview.dashboard(self.deps, visit, self._zone(visit))
        return self.page(visit, "dashboard.html", view, "dashboard")

    @app.route("/users", methods=["GET"])
    @require(Permission.ACCOUNTS_READ)
    async def users(self, visit: Visit) -> bytes:
        """All accounts; some saved views have a place of their own in the menu."""
        view = await people.users(self.deps, visit)
        place = f"users-{view.view}" if view.view in people.MENU_VIEWS else "users"
        return self.page(visit, "users.html", view, place)

    @app.route("/users/search", methods=["GET"])
    @require(Permission.ACCOUNTS_READ)
    async def search(self, visit: Visit) -> bytes:
        """The search for a person; a single exact hit opens at once."""
        hit = await people.only_hit(self.deps, visit, visit.query.get("q", "").strip())
        if hit is not None:
            return self.to(visit.request, hit)
        view = await people.users(self.deps, visit, searching=True)
        return self.page(visit, "users.html", view, "user-search")

    @app.route("/users/<int:account_id>", methods=["GET"])
    @require(Permission.ACCOUNTS_READ)
    async def user(self, visit: Visit, account_id: int) -> bytes:
        """One person."""
        view = await person.person(self.deps, visit, self._zone(visit), account_id)
        if view is None:
            return self.refused(visit.request, 404, visit)
        flash = await payments.receipt(self.deps, visit, account_id) or await self._flash(visit)
        return self.page(visit, "user.html", view, "users", flash)

    @app.route("/find", methods=["GET"])
    @require(Permission.ACCOUNTS_READ)
    async def find(self, visit: Visit) -> bytes:
        """The box at the top: a menu word, a person, a look-up number."""
        return self.to(
            visit.request, await people.anything(self.deps, visit, visit.query.get("q", "").strip())
        )

    @app.route("/online", methods=["GET"])
    @require(Permission.SESSIONS_READ)
    async def online(self, visit: Visit) -> bytes:
        """Who is online; the page asks for its changing part alone every few seconds."""
        view = await records.online(self.deps, visit)
        if _renews_itself(visit.request):
            shell = self._shell(visit, "online")
            return self._send(visit.request, "online_live.html", visit.f, p=shell, v=view)
        return self.page(visit, "online.html", view, "online", await self._flash(visit))

    @app.route("/online/<int:session_id>/disconnect", methods=["POST"])
    @require(Permission.SESSIONS_DISCONNECT)
    async def disconnect(self, visit: Visit, session_id: int) -> bytes:
        """Kick a session, then go back to where it was asked for."""
        form = KickForm(Fields(visit.request.args or {}))
        back = _own_page(form.back.data or "", "/admin/online")
        asked = await self.deps.session_admin.end(
            [SessionId(session_id)], visit.actor, projects=visit.projects
        )
        if not asked.session_ids and not asked.over:
            return self.refused(visit.request, 404, visit)
        mark = "&" if "?" in back else "?"
        return self.to(visit.request, f"{back}{mark}done={session_id}")

    @app.route("/sessions", methods=["GET"])
    @require(Permission.SESSIONS_READ)
    async def sessions(self, visit: Visit) -> bytes:
        """The session log."""
        view = await records.session_log(self.deps, visit, self._zone(visit))
        return self.page(visit, "sessions.html", view, "sessions")

    @app.route("/attempts", methods=["GET"])
    @require(Permission.ATTEMPTS_READ)
    async def attempts(self, visit: Visit) -> bytes:
        """Login attempts."""
        return self.page(visit, "attempts.html", await records.attempts(self.deps, visit), "attempts")

    @app.route("/audit", methods=["GET"])
    @require(Permission.AUDIT_READ)
    async def audit(self, visit: Visit) -> bytes:
        """The audit log."""
        return self.page(visit, "audit.html", await records.audit(self.deps, visit), "audit")

    # The door ---------------------------------------------------------------------------------------------------------

    @app.route("/login", methods=["GET"])
    def door(self, request: Any) -> bytes:
        """The login page; whoever is logged in goes on."""
        if self.visit(request) is not None:
            return self.to(request, _own_page(field(request, "next"), HOME))
        return self._door(request, wanted=field(request, "next"))

    @app.route("/login", methods=["POST"])
    async def login(self, request: Any) -> bytes:
        """Check name and password; a session that the browser had before is over with a new one."""
        if not comes_from_us(request):
            return self.refused(request, 409)
        form = LoginForm(Fields(request.args or {}))
        wanted = str(form.next.data or "")
        if not form.validate():
            return self._door(request, wanted=wanted, name=str(form.name.data or ""), failed=LoginRefused())
        now = self.deps.clock()
        result = await self.deps.operators.login(
            str(form.name.data),
            str(form.password.data),
            request.getClientAddress().host,
            now,
            header(request, "user-agent"),
        )
        if isinstance(result, LoginRefused):
            return self._door(request, wanted=wanted, name=str(form.name.data), failed=result)
        before = session_token(request)
        if before:
            await self.deps.operators.logout(before, now)
        set_session(request, result.token)
        return self.to(request, _own_page(wanted, HOME))

    @app.route("/logout", methods=["POST"])
    @require(Permission.CONSOLE_VIEW)
    async def logout(self, visit: Visit) -> bytes:
        """End the session here and in the store."""
        await self.deps.operators.logout(session_token(visit.request), visit.now)
        drop_session(visit.request)
        return self.to(visit.request, LOGIN_PATH)

    def _door(
        self, request: Any, *, wanted: str, name: str = "", failed: LoginRefused | None = None
    ) -> bytes:
        f, theme = self._looks(request, ())
        problem = "" if failed is None else sentences.door_problem(f.words, failed.wait_seconds)
        if failed is not None:
            request.setResponseCode(429 if failed.wait_seconds else 403)
            if failed.wait_seconds:
                request.setHeader(b"Retry-After", str(failed.wait_seconds).encode())
        view = DoorView(
            action=LOGIN_PATH,
            path=LOGIN_PATH,
            query={"next": wanted} if wanted else {},
            theme=theme,
            school=self._school(()),
            version=__version__,
            name=name[:128],
            next=wanted,
            problem=problem,
        )
        return self._send(request, "login.html", f, p=view, v=view)

    # What a page needs ------------------------------------------------------------------------------------------------

    def visit(self, request: Any) -> Visit | None:
        """The visit of a request with a living session; a language or theme chosen in the address is remembered."""
        now = self.deps.clock()
        token = session_token(request)
        is_act = not _renews_itself(request)
        session = self.deps.operators.session(token, now, is_act=is_act) if token else None
        if session is None:
            return None
        f, theme = self._looks(request, session.operator.project_ids)
        query = {name: value for name, value in query_of(request).items() if name not in ("lang", "theme")}
        return Visit(request, session, f, theme, text_of(request.path), query, now)

    def _looks(self, request: Any, projects: tuple[ProjectId, ...]) -> tuple[Formatter, str]:
        asked = field(request, "lang") if request.method != b"POST" else ""
        language = negotiate(asked, cookie(request, LANGUAGE_COOKIE), header(request, "accept-language"))
        if asked and Language.from_word(asked) is language:
            remember(request, LANGUAGE_COOKIE, language.value)
        theme = field(request, "theme") if request.method != b"POST" else ""
        if theme in THEMES:
            remember(request, THEME_COOKIE, theme)
        else:
            theme = cookie(request, THEME_COOKIE)
        zone = self._zone_of(projects)
        f = self.deps.renderer.formatter(language, ZoneInfo(zone.name), self.deps.clock())
        return f, theme if theme in THEMES else "light"

    def _first_project(self, projects: tuple[ProjectId, ...]) -> ProjectId | None:
        known = [project.id for project in self.deps.tables.projects()]
        return next((one for one in projects or known if one in known), None)

    def _zone_of(self, projects: tuple[ProjectId, ...]) -> Zone:
        found = self._first_project(projects)
        return Zone("Asia/Shanghai") if found is None else self.deps.tables.zone(found)

    def _zone(self, visit: Visit) -> Zone:
        return self._zone_of(visit.projects)

    def _school(self, projects: tuple[ProjectId, ...]) -> str:
        found = self._first_project(projects)
        if found is None:
            return ""
        project = self.deps.tables.project(found)
        return settings.branding(self.deps.store.reader, found).title or (project.name if project else "")

    async def _flash(self, visit: Visit) -> str:
        done = visit.query.get("done", "")
        return (
            await records.kicked(self.deps, visit, int(done))
            if done.isascii() and done.isdigit() and len(done) < 19
            else ""
        )

    def _shell(self, visit: Visit, current: str, flash: str = "") -> Shell:
        operator = visit.session.operator
        state = self.deps.store.state
        return Shell(
            operator=operator.name,
            role=role_word(operator.role, visit.f.words),
            school=self._school(visit.projects),
            path=visit.path,
            query=visit.query,
            tree=menu.tree(visit.f.words, operator.permissions, current),
            theme=visit.theme,
            csrf=visit.session.csrf_token,
            version=__version__,
            flash=flash,
            trouble="" if state.writable else visit.f.words.text("The database takes no writes"),
            may_search=visit.may(Permission.ACCOUNTS_READ),
        )

    def page(self, visit: Visit, template: str, view: object, current: str, flash: str = "") -> bytes:
        """A page inside the shell; ``current`` is its place in the menu."""
        shell = self._shell(visit, current, flash)
        return self._send(visit.request, template, visit.f, p=shell, v=view)

    def _send(self, request: Any, template: str, f: Formatter, **context: object) -> bytes:
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        request.setHeader(b"Content-Security-Policy", CONSOLE_POLICY.encode())
        # With no-referrer a browser sends "Origin: null" with its forms, which says nothing (Fetch §3.2).
        request.setHeader(b"Referrer-Policy", b"same-origin")
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"Vary", b"Cookie, Accept-Language, HX-Trigger")
        if request.isSecure():
            request.setHeader(b"Strict-Transport-Security", b"max-age=31536000")
        return self.deps.renderer.console(template, f, **context)

    def to(self, request: Any, path: str) -> bytes:
        """Lead to another page after a form was taken."""
        request.redirect(path.encode("ascii", "backslashreplace"))
        request.setResponseCode(303)
        request.setHeader(b"Cache-Control", b"no-store")
        return b""

    # When it does not go well -----------------------------------------------------------------------------------------

    def refused(self, request: Any, status: int, visit: Visit | None = None, number: str = "") -> bytes:
        """The page of an error status, inside the shell for whoever is logged in."""
        request.setResponseCode(status)
        if visit is not None:
            view = sentences.error_view(status, visit.f.words, number)
            return self.page(visit, "error.html", view, "")
        f, theme = self._looks(request, ())
        view = sentences.error_view(status, f.words, number)
        page = DoorView(LOGIN_PATH, LOGIN_PATH, {}, theme, self._school(()), __version__)
        return self._send(request, "error_outside.html", f, p=page, v=view)

    def _visit_or_none(self, request: Any) -> Visit | None:
        """The visit for an error page, where even reading the session may be what failed."""
        try:
            return self.visit(request)
        except Exception:  # noqa: BLE001 - an error page must not fail on the error it tells of
            return None


def _renews_itself(request: Any) -> bool:
    """Whether the page's own clock asks, not a person: htmx names the element that asked (htmx, request headers)."""
    return header(request, "hx-trigger") == "live"


def _own_page(path: str, otherwise: str) -> str:
    """A path inside the console, never the door itself: nobody is led back to the login he came from."""
    wanted = own_path(path, otherwise)
    inside = wanted.startswith(HOME) and not wanted.startswith((LOGIN_PATH, "/admin/logout"))
    return wanted if inside else otherwise


def _http_error(site: AdminApp, request: Any, failure: Any) -> bytes:
    """A status that a route, or its absence, asked for; those outside see no more than that they must log in."""
    if isinstance(failure.value, RequestRedirect):
        # Only /admin without its slash: werkzeug would build the address from the Host header
        return site.to(request, HOME)
    status = failure.value.code or 500
    visit = site._visit_or_none(request)
    if visit is None and status == 404:
        return site.to(request, query_link(LOGIN_PATH, {}))
    return site.refused(request, status, visit)


def _busy(site: AdminApp, request: Any, failure: Any) -> bytes:
    """The store does not take the change now: nothing was done, the same may be asked again."""
    request.setHeader(b"Retry-After", b"5")
    return site.refused(request, 503, site._visit_or_none(request))


def _crash(site: AdminApp, request: Any, failure: Any) -> bytes:
    """Anything else: one sentence and a number for the page, the traceback for the log alone."""
    number = site.deps.reference()
    site.log.failure("request failed, reference {number}", failure, number=number)
    return site.refused(request, 500, site._visit_or_none(request), number)


payments.add_routes(AdminApp.app)
devices.add_routes(AdminApp.app)
rates.add_routes(AdminApp.app)
access_lists.add_routes(AdminApp.app)
simulator.add_routes(AdminApp.app)
upstreams.add_routes(AdminApp.app)
_answers: Any = AdminApp.app.handle_errors
_answers(HTTPException)(_http_error)
_answers(StoreUnavailable)(_busy)
_answers(Exception)(_crash)
