"""The people of the virtual campus against a portal of two pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from random import Random
from urllib.parse import parse_qs, urlsplit

from twisted.internet.defer import Deferred

from tests.simulator.world import World, number
from zhuomai_appliance.portal.dialects import read_redirect
from zhuomai_appliance.portal.dialogue import Ending
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.browser import Fetch
from zhuomai_appliance.simulator.campus import NO_ANSWER, NO_PAGE, Campus, Habits, Person
from zhuomai_appliance.simulator.station import Station

HABITS = Habits(arrive_within_seconds=10, stay_seconds=40, away_seconds=15, mistype=0.3)
GRANT = (a.huawei_integer(a.UP_RATE, 2_000_000), a.huawei_integer(a.DOWN_RATE, 8_000_000))
PEOPLE = [Person(f"stu{n}", f"pw-{n}") for n in range(6)]


class Portal:
    """Redirects are read as the box reads them; logins go through the product's dialogue to the AC in memory."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.broken = False
        self.redirects: list[str] = []

    def make_fetch(self) -> Fetch:
        async def fetch(
            method: str, url: str, body: bytes | None, headers: Mapping[str, str]
        ) -> tuple[int, str, str]:
            if self.broken:
                raise ConnectionError("the box is away")
            self.redirects.append(url)
            facts = read_redirect(parse_qs(urlsplit(url).query))
            station = self.world.ac.station_at(facts.user_ip or "")
            assert station is not None
            assert facts.mac == station.mac
            if method == "GET":
                return 200, "", self.page(station, url)
            given = {name: values[0] for name, values in parse_qs((body or b"").decode()).items()}
            if urlsplit(url).path == "/logout":
                self.world.log_out(station)
                return 200, "", "<h1>Logged out</h1>"
            outcome = self.world.log_in(
                station, username=given["user"].encode(), password=given["pw"].encode()
            )
            if outcome.ending is Ending.ONLINE:
                return 200, "", self.page(station, url)
            return 200, "", f'<p role="alert">{outcome.text}</p>{self.page(station, url)}'

        return fetch

    def page(self, station: Station, url: str) -> str:
        query = escape(urlsplit(url).query)
        if station.session is None:
            return f'<form method=post action="/login?{query}"><input name=user><input name=pw type=password></form>'
        return f'<form method=post action="/logout?{query}"><input type=hidden name=token value=1></form>'


def campus(seed: int = 1, habits: Habits = HABITS, **settings: object) -> tuple[World, Campus, Portal]:
    world = World(grant=GRANT, detect_seconds=5, **settings)
    world.passwords = {person.username.encode(): person.password.encode() for person in PEOPLE}
    portal = Portal(world)
    people = Campus(world.clock, world.ac, PEOPLE, portal.make_fetch, Random(seed), habits)
    people.start()
    return world, people, portal


def test_a_day_on_campus() -> None:
    """Everybody gets online, some mistype and read why, and each session is counted as its Stop reported it."""
    world, people, portal = campus()
    world.pass_time(300)
    summary = people.summary()
    closed = [record for record in summary.sessions if record.cause is not None]
    assert summary.logins == len(summary.sessions) >= len(PEOPLE)
    assert set(summary.refusals) == {"密码错误"}
    assert summary.logouts == sum(record.cause == a.USER_REQUEST for record in closed) > 0
    assert {a.USER_REQUEST, a.LOST_CARRIER} <= {record.cause for record in closed}
    assert {record.username for record in summary.sessions} == {person.username for person in PEOPLE}
    stops = {
        report.first(a.SESSION_ID): report
        for report in world.reports
        if number(report, a.STATUS_TYPE) == a.STOP
    }
    assert len(stops) == len(closed)
    for record in closed:
        stop = stops[record.acct_session_id.encode()]
        assert record.answered
        assert record.seconds == number(stop, a.SESSION_TIME)
        assert record.output_octets == number(stop, a.OUTPUT_OCTETS)
    assert summary.octets > 0
    assert portal.redirects[0].startswith("http://portal.example/?ac-ip=127.0.0.1&ap-mac=00e0-fc12-3456")


def test_the_same_seed_gives_the_same_day() -> None:
    """Two runs with one seed end with the same summary to the octet; another seed gives another day."""
    days = []
    for seed in (5, 5, 6):
        world, people, _ = campus(seed)
        world.pass_time(120)
        days.append(json.dumps(people.summary().as_json()))
    assert days[0] == days[1] != days[2]


def test_a_box_that_is_away() -> None:
    """People who get no page are counted, come back, and get online when the box is there again."""
    world, people, portal = campus(habits=Habits(arrive_within_seconds=5, away_seconds=5, mistype=0))
    portal.broken = True
    world.pass_time(20)
    assert set(people.summary().refusals) == {NO_ANSWER}
    assert people.summary().logins == 0
    portal.broken = False
    world.pass_time(60)
    assert {record.username for record in people.summary().sessions} == {p.username for p in PEOPLE}


def test_a_page_without_a_form() -> None:
    """A page that asks for no password is a refusal by what it shows."""
    world, people, portal = campus()
    portal.page = lambda station, url: "<h1>Closed</h1>"  # type: ignore[method-assign]
    world.pass_time(30)
    assert set(people.summary().refusals) == {NO_PAGE.format(status=200)}


def test_the_end_of_the_day() -> None:
    """After stop nobody begins anything new, and the AC ends what is open."""
    world, people, _ = campus()
    world.pass_time(30)
    stopped = Deferred.fromCoroutine(people.stop())
    assert stopped.called
    logins = people.summary().logins
    world.pass_time(60)
    assert people.summary().logins == logins
    ended = Deferred.fromCoroutine(world.ac.stop())
    world.pass_time(5)
    assert ended.called
    assert all(record.cause is not None and record.answered for record in people.summary().sessions)
