"""The redirecting door: a visitor's browser as a phone."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent
from twisted.web.http_headers import Headers

from tests.simulator.world import World, number
from zhuomai_appliance.portal.dialects import read_redirect
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.door import Door


class Visitor:
    """A browser window of its own, with its own cookies."""

    def __init__(self, world: World, door: Door) -> None:
        self.agent = RequestTraversalAgent(door.app.resource())
        self.client = HTTPClient(self.agent)
        self.world = world

    def ask(self, path: str, method: str = "GET", language: str = "zh-CN") -> tuple[int, str, str]:
        """Status, Location and body."""
        asked = self.client.request(
            method,
            f"http://door.example{path}",
            headers=Headers({"Accept-Language": [language]}),
            allow_redirects=False,
        )
        answers: list[tuple[int, str, str]] = []

        def read(response: object) -> None:
            answers.append((response.code, (response.headers.getRawHeaders("location") or [""])[0], ""))  # type: ignore[attr-defined]
            response.text().addCallback(  # type: ignore[attr-defined]
                lambda text: answers.__setitem__(0, (*answers[0][:2], text))
            )

        asked.addCallback(read)
        for _ in range(5):
            self.agent.flush()
        (answer,) = answers
        return answer


@pytest.fixture
def world() -> World:
    return World(grant=(a.huawei_integer(a.UP_RATE, 4_000_000), a.huawei_integer(a.DOWN_RATE, 8_000_000)))


def test_any_address_leads_to_the_login_page(world: World) -> None:
    """Whatever is asked for, the answer is a redirect with facts that the portal reads; nothing may be cached."""
    visitor = Visitor(world, Door(world.clock, world.ac))
    status, location, body = visitor.ask("/generate_204?x=1")
    facts = read_redirect(parse_qs(urlsplit(location).query))
    station = world.ac.station_at(facts.user_ip or "")
    assert (status, body) == (302, "")
    assert location.startswith("http://portal.example/?")
    assert station is not None
    assert (facts.mac, facts.device, facts.ssid, facts.vlan) == (station.mac, "127.0.0.1", "Campus", 109)
    assert facts.original_url == "http://door.example/generate_204?x=1"


def test_a_browser_stays_the_same_phone(world: World) -> None:
    """The cookie keeps a browser's phone; another browser is another phone; an address picks one."""
    door = Door(world.clock, world.ac)
    first, second = Visitor(world, door), Visitor(world, door)

    def ip(visitor: Visitor, path: str) -> str | None:
        return read_redirect(parse_qs(urlsplit(visitor.ask(path)[1]).query)).user_ip

    assert ip(first, "/a") == ip(first, "/b") == ip(second, "/phone/1")
    assert ip(Visitor(world, door), "/a") != ip(first, "/a")
    assert ip(second, "/phone/7") == ip(second, "/later") != ip(first, "/a")
    for strange in ("0", "201", "9999999"):
        assert first.ask(f"/phone/{strange}")[0] == 404


def test_figures_of_a_phone_that_is_online(world: World) -> None:
    """Once online, the door shows account, address, time, traffic and rates, in Chinese or English."""
    visitor = Visitor(world, Door(world.clock, world.ac))
    visitor.ask("/")
    station = world.ac.station_at("10.9.0.2")
    assert station is not None
    world.passwords[b"<b>"] = b"x"
    world.log_in(station, username=b"<b>", password=b"x")
    assert station.session is not None
    station.session.use(0.0, 1.0, world.clock.seconds())
    world.clock.advance(10)
    status, _, body = visitor.ask("/")
    assert status == 200
    for words in ("1号手机已联网", "&lt;b&gt;", "10.9.0.2", station.mac, "10 s", "9.54 MB", "4 / 8 Mbit/s"):
        assert words in body
    assert "<b>" not in body
    assert "Phone 1 is online" in visitor.ask("/", language="en-GB")[2]


def test_walking_out_of_range(world: World) -> None:
    """The button ends the session as Lost-Carrier, by POST alone, and the phone is offline at the next request."""
    visitor = Visitor(world, Door(world.clock, world.ac))
    visitor.ask("/")
    station = world.ac.station_at("10.9.0.2")
    assert station is not None
    world.log_in(station)
    assert visitor.ask("/phone/1/leave")[0] == 200
    assert station.session is not None
    assert visitor.ask("/phone/1/leave", "POST")[:2] == (303, "/phone/1")
    world.serve_radius()
    assert number(world.reports[-1], a.TERMINATE_CAUSE) == a.LOST_CARRIER
    assert visitor.ask("/")[0] == 302
