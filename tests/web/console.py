"""The console over a school in memory, and a browser without scripts to walk through it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource

from tests.fakes.home import Home
from tests.flows.school import School, result
from tests.flows.test_operators import QuickDigester
from tests.web.invented import WEB
from zhuomai_appliance.flows.list_admin import ListAdmin
from zhuomai_appliance.flows.nas_admin import NasAdmin
from zhuomai_appliance.flows.nas_check import NasChecker
from zhuomai_appliance.flows.operators import Actor, Operators
from zhuomai_appliance.flows.rate_admin import RateAdmin
from zhuomai_appliance.flows.roster import Roster
from zhuomai_appliance.flows.server_desk import ServerDesk
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import operators
from zhuomai_appliance.web.admin.app import AdminApp
from zhuomai_appliance.web.admin.cookbook import Site
from zhuomai_appliance.web.app import ConsoleDeps, Guarded
from zhuomai_appliance.web.render import Renderer
from zhuomai_appliance.web.sentences import Sentences

RENDERER = Renderer(WEB)
PASSWORD = "a good password"


class Answer:
    """A response with its text read."""

    def __init__(self, response: Any) -> None:
        self.code: int = response.code
        self.headers = response.headers
        body: bytes = result(response.content())
        self.text = body.decode()

    def header(self, name: str) -> str:
        values = self.headers.getRawHeaders(name) or [""]
        return str(values[0])

    @property
    def location(self) -> str:
        return self.header("location")

    def cookies(self) -> list[str]:
        return [str(value) for value in self.headers.getRawHeaders("set-cookie") or []]

    def field(self, name: str) -> str:
        """The value of the first hidden field of this name."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"no field {name}"
        return unescape(found[1])

    def seen(self) -> str:
        """What a reader sees: the text without tags, blanks folded."""
        text = re.sub(
            r"<(script|style|title)\b.*?</\1>|<option\b.*?</option>", " ", self.text, flags=re.DOTALL
        )
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


class Browser:
    """Keeps cookies, follows nothing by itself."""

    def __init__(self, console: Console) -> None:
        self._client: Any = StubTreq(console.root)

    def get(self, path: str, **headers: str) -> Answer:
        return self._send("GET", path, headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        return self._send("POST", path, headers, data=form)

    def send(self, method: str, path: str) -> Answer:
        return self._send(method, path, {})

    def _send(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = urljoin("http://127.0.0.1:8081", path)
        requested: Deferred[Any] = self._client.request(
            method, url, headers=sent, allow_redirects=False, **more
        )
        return Answer(result(requested))

    def login(self, name: str = "boss", password: str = PASSWORD, **headers: str) -> Answer:
        return self.post("/admin/login", {"name": name, "password": password, "next": ""}, **headers)


class Console:
    """A school, its operators and the console resource."""

    def __init__(self, school: School | None = None) -> None:
        self.school = school = school or School()
        self.home, self.roster = Home(), Roster(school.clock.seconds)
        self.school.write(operators.seed_roles)
        self.operators = Operators(self.school.store, self.school.entropy, QuickDigester())
        self.session_admin = SessionAdmin(
            self.school.store, self.school.tables, self.school.now, self.school.wake
        )
        self.add_operator("boss", "admin")
        self.backed_up_at: int | None = self.school.now() - 3600
        self.deps = ConsoleDeps(
            store=self.school.store,
            vault=self.school.vault,
            tables=self.school.tables,
            operators=self.operators,
            session_admin=self.session_admin,
            renderer=RENDERER,
            words=Sentences(RENDERER.words, self.school.now),
            clock=self.school.now,
            gauges=tuple,
            reference=lambda: "7K2M9",
            backed_up_at=lambda: self.backed_up_at,
            nas_admin=NasAdmin(school.store, school.vault, school.now, school.reload),
            nas_checker=NasChecker(
                school.store,
                school.tables,
                school.control,
                school.door,
                school.now,
                school.clock.seconds,
                school.clock.callLater,
            ),
            servers=ServerDesk(school.tables, self.roster, self.home, school.clock.seconds),
            list_admin=ListAdmin(school.store, school.now, school.reload),
            rate_admin=RateAdmin(school.store, school.now, school.reload),
            own_site=lambda host: Site("192.0.2.10", 1812, 1813, 50_100, "http://portal.school.edu.cn"),
        )
        root = Resource()
        root.putChild(b"admin", AdminApp(self.deps).resource())
        self.root = Guarded(root)

    def add_operator(self, name: str, role: str, projects: tuple[ProjectId, ...] = ()) -> None:
        self.school.run(
            self.operators.create(
                Actor("test", "127.0.0.1"), name, role, PASSWORD, self.school.now(), projects
            )
        )

    def browser(self) -> Browser:
        return Browser(self)

    def logged_in(self, name: str = "boss") -> Browser:
        browser = self.browser()
        answer = browser.login(name)
        assert answer.code == 303, answer.text
        return browser
