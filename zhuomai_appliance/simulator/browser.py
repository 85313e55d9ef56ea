"""A phone's browser against the real login pages: cookies, redirects, forms, pages that go on by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode, urljoin

from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers

from zhuomai_appliance.simulator.pages import Form, Page, read_page

MAX_HOPS = 10
TIMEOUT_SECONDS = 20.0
WAITING_SECONDS = 1.0
"""How soon a page that waits for the login is looked at again, whatever its own pace."""


class Fetch(Protocol):
    """One HTTP exchange, redirects not followed."""

    async def __call__(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str, str]:
        """Status, Location (empty without one) and the body as text."""


def network_fetch(reactor: IReactorTime) -> Fetch:
    """Fetch over sockets, each time over a new one: a box admits few at once from one address, and all phones share it."""
    return fetch_with(HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))), reactor)


def fetch_with(client: HTTPClient, clock: IReactorTime) -> Fetch:
    """Fetch by this client, which keeps the cookies of one phone."""

    async def fetch(
        method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str, str]:
        given = Headers({name: [value] for name, value in headers.items()})
        asked = client.request(method, url, data=body, headers=given, allow_redirects=False)
        response = await asked.addTimeout(TIMEOUT_SECONDS, clock)
        location = (response.headers.getRawHeaders("location") or [""])[0]
        return response.code, location, await response.text().addTimeout(TIMEOUT_SECONDS, clock)

    return fetch


class Browser:
    """One phone's browser.

    Args:
        language: Accept-Language; the words that are shown depend on it.
    """

    def __init__(self, clock: IReactorTime, fetch: Fetch, language: str = "zh-CN") -> None:
        self._clock = clock
        self._fetch = fetch
        self._language = language

    async def get(self, url: str) -> Page:
        """Open an address and follow redirects."""
        return await self._go("GET", url, None)

    async def submit(self, page: Page, form: Form, **filled: str) -> Page:
        """Send a form of this page with some fields filled in, and follow where it leads until the page stays."""
        body = urlencode({**form.fields, **filled}).encode()
        url = urljoin(page.url, form.action)
        answer = await self._go(form.method.upper(), url, body)
        for _ in range(MAX_HOPS):
            if not answer.refresh or answer.forms:
                break
            await self._pause(WAITING_SECONDS)
            answer = await self._go("GET", urljoin(answer.url, answer.refresh), None)
        return answer

    async def _go(self, method: str, url: str, body: bytes | None) -> Page:
        headers = {"Accept-Language": self._language, "User-Agent": "Mozilla/5.0 (Linux; Android 14; Mobile)"}
        for _ in range(MAX_HOPS):
            sent = dict(headers)
            if body is not None:
                sent["Content-Type"] = "application/x-www-form-urlencoded"
                sent["Origin"] = "/".join(url.split("/", 3)[:3])
            status, location, text = await self._fetch(method, url, body, sent)
            if not location:
                return read_page(url, status, text)
            url = urljoin(url, location)
            method, body = "GET", None
        return read_page(url, 310, "")

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self._clock, seconds, lambda: None)
