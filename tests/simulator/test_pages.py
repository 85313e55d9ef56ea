"""Reading login pages, and the browser's way through them."""

from __future__ import annotations

from collections.abc import Mapping

from klein import Klein
from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent, _SynchronousProducer
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.iweb import IRequest

from zhuomai_appliance.simulator.browser import Browser, fetch_with
from zhuomai_appliance.simulator.pages import Page, read_page

LOGIN = """<html><body><h1>Log in</h1><p>Hi<br>there</p>
<div class="note danger" role="alert"><b>密码不对</b><div>请再试一次。</div><div class="code"><span>A01</span> 8XK2</div></div>
<form method="post" action="/login?x=1"><input type="hidden" name="token" value="t&amp;1"><input name="username" value="">
<input name="password" type="password"><input type="checkbox" name="auto" value="1">
<input type="checkbox" name="terms" value="1" required><button type="submit">go</button></form></body></html>"""


def test_login_page() -> None:
    """The form's fields, where name and password go, consent given, and the problem without its look-up number."""
    page = read_page("http://p/", 200, LOGIN)
    form = page.login_form
    assert form is not None
    assert (form.method, form.action) == ("post", "/login?x=1")
    assert form.fields == {"token": "t&1", "username": "", "password": "", "terms": "1"}
    assert (form.name_field, form.password_field) == ("username", "password")
    assert page.complaint == "密码不对 请再试一次。"
    assert page.logout_form is None


def test_other_pages() -> None:
    """A refusal of its own has its heading as part of the reason; a waiting page names where it goes; noise is nothing."""
    refused = read_page("http://p/", 200, "<h1>套餐已用完</h1><p role=alert>请续费。</p>")
    assert refused.complaint == "套餐已用完 请续费。"
    waiting = read_page(
        "http://p/", 200, '<meta http-equiv="refresh" content="1;url=/state?a=1"><h1>Wait</h1>'
    )
    assert (waiting.refresh, waiting.complaint) == ("/state?a=1", "")
    online = read_page("http://p/", 200, "<form method=post action=/logout><input name=token value=1></form>")
    assert online.logout_form is not None
    assert online.login_form is None
    assert read_page("http://p/", 200, "</div><<<form <input & </x>").status == 200


class Portal:
    """A portal of a few pages: redirect, form, waiting, done. It checks what a browser must send."""

    app = Klein()

    def __init__(self) -> None:
        self.seen: list[str] = []

    @app.route("/")
    def root(self, request: IRequest) -> bytes:
        request.setResponseCode(302)
        request.setHeader(b"Location", b"/page?lang=zh")
        request.setHeader(b"Set-Cookie", b"s=1; Path=/")
        return b""

    @app.route("/page")
    def page(self, request: IRequest) -> bytes:
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        return LOGIN.encode()

    @app.route("/login", methods=["POST"])
    def login(self, request: IRequest) -> bytes:
        given = {name.decode(): values[0].decode() for name, values in request.args.items()}
        self.seen.append(
            repr((given["token"], given["username"], given["password"], request.getCookie(b"s")))
        )
        self.seen.append((request.getHeader(b"origin") or b"").decode())
        request.setResponseCode(303)
        request.setHeader(b"Location", b"/state")
        return b""

    @app.route("/state", methods=["GET"])
    def state(self, request: IRequest) -> bytes:
        self.seen.append("state")
        if self.seen.count("state") < 3:
            return b'<meta http-equiv="refresh" content="1;url=/state"><h1>Wait</h1>'
        return b"<h1>Connected</h1>"


def test_browser_goes_all_the_way() -> None:
    """Redirects, cookies, the filled form, the origin, and the waiting page until it stays."""
    clock, portal = Clock(), Portal()
    agent = RequestTraversalAgent(portal.app.resource())
    browser = Browser(clock, fetch_with(HTTPClient(agent, data_to_body_producer=_SynchronousProducer), clock))
    pages: list[Page] = []

    async def visit() -> None:
        page = await browser.get("http://portal.example/")
        pages.append(page)
        form = page.login_form
        assert form is not None
        pages.append(await browser.submit(page, form, username="stu2026", password="密码"))

    done = Deferred.fromCoroutine(visit())
    for _ in range(12):
        agent.flush()
        clock.advance(0.5)
    assert done.called
    assert pages[0].url == "http://portal.example/page?lang=zh"
    assert pages[1].heading == "Connected"
    assert portal.seen == [
        "('t&1', 'stu2026', '密码', b'1')",
        "http://portal.example",
        "state",
        "state",
        "state",
    ]


def test_redirects_without_end() -> None:
    """A loop of redirects ends as a page that shows nothing."""

    async def fetch(
        method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str, str]:
        return 302, "/again", ""

    done = Deferred.fromCoroutine(Browser(Clock(), fetch).get("http://p/"))
    page: list[Page] = []
    done.addCallback(page.append)
    assert page[0].login_form is None
