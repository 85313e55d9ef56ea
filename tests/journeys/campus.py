"""Virtual access controllers beside a running box, and phones behind them that open its pages over real sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import treq
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers

from tests.journeys.box import Box
from zhuomai_appliance.radius.packet import Secret
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.ac import AccessController
from zhuomai_appliance.simulator.door import captive_address
from zhuomai_appliance.simulator.pages import Page, read_page
from zhuomai_appliance.simulator.settings import AcSettings
from zhuomai_appliance.simulator.settings import Box as BoxAsSeen
from zhuomai_appliance.simulator.station import Session, Station

SECRET, PORTAL_KEY = "radius-secret", "portal-secret"
MAX_HOPS = 6
NOTICE_SECONDS = 0.4
PATIENCE_SECONDS = 12.0


async def pause(reactor: Any, seconds: float) -> None:
    await deferLater(reactor, seconds, lambda: None)


async def until(
    reactor: Any, what: str, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until something holds; the test fails with ``what`` when it never does."""
    deadline = reactor.seconds() + seconds
    while not holds():
        assert reactor.seconds() < deadline, f"never happened: {what}"
        await pause(reactor, 0.05)


class Ac:
    """One virtual AC on a loopback address of its own, its ports bound; the box knows it once `site` is applied."""

    def __init__(
        self,
        reactor: Any,
        box: Box,
        number: int,
        *,
        version: int = 2,
        auth: str = "chap",
        speed: float = 1.0,
        serves_coa: bool = True,
    ) -> None:
        self._reactor = reactor
        self._box = box
        self.name, self.address, self.network = f"ac{number}", f"127.0.0.{number}", f"10.{number}.0.0/16"
        self._version, self._auth = version, auth
        seen = BoxAsSeen(
            box.address("auth")[0],
            box.address("auth")[1],
            box.address("acct")[1],
            box.address("portal")[1],
            box.url("captive"),
            Secret(SECRET.encode()),
            PORTAL_KEY.encode(),
        )
        settings = AcSettings(
            seen,
            name=self.name,
            address=self.address,
            network=self.network,
            radius_seconds=1.0,
            notice_seconds=NOTICE_SECONDS,
            up_share=0.0,
            down_share=0.0,
            speed=speed,
            serves_coa=serves_coa,
        )
        self.core = AccessController(reactor, settings, Random(number))
        self._ports = [
            reactor.listenUDP(0, protocol, interface=self.address, maxPacketSize=8192)
            for protocol in (self.core.portal, self.core.dae, self.core.radius)
        ]

    @property
    def dae_address(self) -> str:
        return f"{self.address}:{self._ports[1].getHost().port}"

    @property
    def site(self) -> str:
        """Its table of the site file."""
        portal, dae = (port.getHost().port for port in self._ports[:2])
        return f"""
[[nas]]
name = "{self.name}"
address = "{self.address}"
secret = "{SECRET}"
vendor = "huawei-campus"
coa_port = {dae}
portal_port = {portal}
portal_version = {self._version}
portal_secret = "{PORTAL_KEY}"
portal_auth = "{self._auth}"
user_networks = ["{self.network}"]
"""

    async def start(self) -> None:
        assert await self.core.start() is not None, "the box does not answer the AC's Accounting-On"

    async def deafen(self) -> int:
        """The port for Disconnect and CoA is dead: what is sent there gets no answer. Its number."""
        number: int = self._ports[1].getHost().port
        await maybeDeferred(self._ports[1].stopListening)
        return number

    def hear_again(self, number: int) -> None:
        """The port for Disconnect and CoA works again."""
        self._ports[1] = self._reactor.listenUDP(number, self.core.dae, interface=self.address)

    async def close(self) -> None:
        """Leave without a word; the sockets are free afterwards."""
        self.core.give_up()
        # A notice that was answered looks once more whether it was
        await pause(self._reactor, NOTICE_SECONDS + 0.1)
        for port in self._ports:
            await maybeDeferred(port.stopListening)

    def use(self, session: Session, up: int, down: int) -> None:
        """The phone moves so many octets at once."""
        session.settle(self._reactor.seconds())
        session.input_octets += up
        session.output_octets += down

    async def report(self, station: Station) -> None:
        """Send an interim update now and wait for its answer."""
        session = station.session
        assert session is not None
        seconds = session.seconds(self._reactor.seconds())
        answer = await self.core.reports.of_session(session, station, a.INTERIM, seconds)
        assert answer is not None


@dataclass(slots=True)
class Seen:
    """What a phone shows: the page as text, and as the simulator's browser reads it."""

    page: Page
    text: str
    hops: tuple[str, ...]

    @property
    def words(self) -> str:
        """What a person reads: no head, no tags, no script."""
        body = re.sub(
            r"<(style|script)\b.*?</\1>|<[^>]*>", " ", self.text[self.text.find("<body") :], flags=re.DOTALL
        )
        return " ".join(body.split())


class Phone:
    """A phone behind an AC: one terminal, one browser."""

    def __init__(self, reactor: Any, ac: Ac, language: str = "zh-CN,zh;q=0.9") -> None:
        self._reactor = reactor
        self._agent = Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))
        self.ac = ac
        self.language = language
        self.station = ac.core.attach()
        self.seen: Seen | None = None

    @property
    def captive(self) -> str:
        """Where the AC sends this phone's browser."""
        return captive_address(self.ac.core.settings, self.station, "http://www.example.com/a?b=c&d=文")

    async def once(
        self, method: str, url: str, body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One exchange, redirects not followed: status, headers, body."""
        given = Headers({"Accept-Language": [self.language]})
        if body is not None:
            given.addRawHeader("Content-Type", "application/x-www-form-urlencoded")
            given.addRawHeader("Origin", "{0.scheme}://{0.netloc}".format(urlsplit(url)))
        response = await treq.request(
            method, url, data=body, headers=given, allow_redirects=False, agent=self._agent
        )
        found = {
            name.decode().lower(): values[0].decode() for name, values in response.headers.getAllRawHeaders()
        }
        return response.code, found, await response.content()

    async def open(self, url: str, method: str = "GET", body: bytes | None = None) -> Seen:
        """Open an address, follow redirects and pages that go on by themselves."""
        hops = [url]
        for _ in range(MAX_HOPS):
            status, headers, octets = await self.once(method, url, body)
            text = octets.decode("utf-8")
            page = read_page(url, status, text)
            method, body = "GET", None
            if "location" in headers:
                url = urljoin(url, headers["location"])
            elif page.refresh and not page.forms:
                await pause(self._reactor, 0.3)
                url = urljoin(url, page.refresh)
            else:
                self.seen = Seen(page, text, tuple(hops))
                return self.seen
            hops.append(url)
        raise AssertionError(f"no end of redirects: {hops}")

    async def log_in(self, username: str, password: str) -> Seen:
        """Open the login page, fill in the form, see what comes of it."""
        seen = await self.open(self.captive)
        form = seen.page.login_form
        assert form is not None, seen.words
        filled = {**form.fields, form.name_field: username, form.password_field: password}
        return await self.open(urljoin(seen.page.url, form.action), "POST", urlencode(filled).encode())

    async def log_out(self) -> Seen:
        """Press the button of the page that is shown."""
        assert self.seen is not None
        form = self.seen.page.logout_form
        assert form is not None, self.seen.words
        url = urljoin(self.seen.page.url, form.action)
        return await self.open(url, "POST", urlencode(form.fields).encode())

    @property
    def session(self) -> Session:
        """The session that the AC has for this phone."""
        session = self.station.session
        assert session is not None, "the phone is not online"
        return session
