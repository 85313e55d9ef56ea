"""People with phones: they arrive, are redirected, log in on the page, use the network, and leave in ordinary ways.

What they do is drawn from a seeded `Random`, so the same seed gives the same people. What they are shown is collected:
a tester reads why somebody was refused in the very words of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from random import Random

from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from zhuomai_appliance.simulator.ac import AccessController
from zhuomai_appliance.simulator.browser import Browser, Fetch
from zhuomai_appliance.simulator.door import captive_address
from zhuomai_appliance.simulator.pages import Page
from zhuomai_appliance.simulator.station import Session, SessionRecord, Station

BROWSERS_AT_ONCE = 8
"""All phones share one address here, and a box admits 16 connections from one address."""

NO_PAGE = "(no login page: HTTP {status})"
NO_REASON = "(no reason shown)"
NO_ANSWER = "(no answer)"


@dataclass(frozen=True, slots=True)
class Person:
    """Who logs in, and with what."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Habits:
    """How people behave. Times in seconds, probabilities from 0 to 1.

    Attributes:
        arrive_within_seconds: everybody comes for the first time within this time.
        stay_seconds, away_seconds: mean length of a visit and of the pause after it.
        mistype: a wrong password before the right one. vanish, cut: leaving without a logout: out of range, or staying
            until the session is ended from outside; the others log out on the page.
        patience: how often somebody who is refused tries again at once.
    """

    arrive_within_seconds: float = 60.0
    stay_seconds: float = 300.0
    away_seconds: float = 60.0
    mistype: float = 0.1
    vanish: float = 0.15
    cut: float = 0.1
    patience: int = 1


@dataclass(slots=True)
class Summary:
    """What happened.

    Attributes:
        logins: logins that brought a session. refusals: reasons as shown on the page, with their number.
        logouts: sessions that ended by the page's own button.
        sessions: what the AC has counted, session by session.
    """

    logins: int = 0
    logouts: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    sessions: list[SessionRecord] = field(default_factory=list)

    @property
    def octets(self) -> int:
        """Traffic of all sessions, both directions."""
        return sum(record.input_octets + record.output_octets for record in self.sessions)

    @property
    def seconds(self) -> int:
        """Time online of all sessions."""
        return sum(record.seconds for record in self.sessions)

    def as_json(self) -> dict[str, object]:
        """Plain values, for `--json`."""
        return {
            "logins": self.logins,
            "logouts": self.logouts,
            "refusals": dict(self.refusals),
            "seconds": self.seconds,
            "octets": self.octets,
            "sessions": [asdict(record) for record in self.sessions],
        }


class Campus:
    """N people at one AC.

    Args:
        make_fetch: gives each phone its own HTTP client, with its own cookies.
    """

    log = Logger(namespace="zhuomai.campus")

    def __init__(
        self,
        clock: IReactorTime,
        ac: AccessController,
        people: Sequence[Person],
        make_fetch: Callable[[], Fetch],
        random: Random,
        habits: Habits | None = None,
    ) -> None:
        self._clock = clock
        self._ac = ac
        self._people = people
        self._make_fetch = make_fetch
        self._random = random
        self._habits = habits or Habits()
        self._turn = DeferredSemaphore(BROWSERS_AT_ONCE)
        self._lives: list[Deferred[None]] = []
        self._summary = Summary()
        self._stopping = False

    def start(self) -> None:
        """Everybody sets out."""
        for person in self._people:
            # Each life has its own chance, so that one more person changes nothing for the others.
            random = Random(self._random.randrange(2**63))
            life = Deferred.fromCoroutine(self._live(person, random))
            self._lives.append(life.addErrback(self._life_failed, person))

    async def stop(self) -> None:
        """Nobody begins anything new. Sessions stay as they are: the AC ends them."""
        self._stopping = True
        for life in self._lives:
            life.cancel()
        await DeferredList(self._lives)

    def summary(self) -> Summary:
        """What has happened so far."""
        self._summary.sessions = self._ac.records()
        return self._summary

    async def _live(self, person: Person, random: Random) -> None:
        habits = self._habits
        station = self._ac.attach()
        browser = Browser(self._clock, self._make_fetch())
        await self._pause(random.uniform(0, habits.arrive_within_seconds))
        while True:
            self._ac.return_station(station)
            page = await self._log_in(person, station, browser, random)
            session = station.session
            if session is not None:
                self._summary.logins += 1
                await self._use(session, random)
                await self._leave(station, session, page, browser, random)
            await self._pause(random.expovariate(1 / habits.away_seconds))

    async def _log_in(
        self, person: Person, station: Station, browser: Browser, random: Random
    ) -> Page | None:
        """Try until it works or patience ends; the page that the person then looks at."""
        mistyped = random.random() < self._habits.mistype
        tries = self._habits.patience + (2 if mistyped else 1)
        page: Page | None = None
        for number in range(tries):
            password = f"{person.password}x" if mistyped and number == 0 else person.password
            page = await self._turn.run(self._visit, person.username, password, station, browser)
            if station.session is not None:
                break
            await self._pause(random.uniform(1, 4))
        return page

    def _visit(
        self, username: str, password: str, station: Station, browser: Browser
    ) -> Deferred[Page | None]:
        return Deferred.fromCoroutine(self._fill_in(username, password, station, browser))

    async def _fill_in(self, username: str, password: str, station: Station, browser: Browser) -> Page | None:
        address = captive_address(self._ac.settings, station, "http://www.example.com/")
        try:
            page = await browser.get(address)
            form = page.login_form
            if form is None:
                self._summary.refusals[page.complaint or NO_PAGE.format(status=page.status)] += 1
                return page
            filled = {form.password_field: password}
            if form.name_field:
                filled[form.name_field] = username
            page = await browser.submit(page, form, **filled)
        except Exception as error:
            if self._stopping:
                raise
            self.log.debug("no page for {ip}: {error}", ip=station.ip, error=str(error))
            self._summary.refusals[NO_ANSWER] += 1
            return None
        if station.session is None:
            self._summary.refusals[page.complaint or NO_REASON] += 1
        return page

    async def _use(self, session: Session, random: Random) -> None:
        """Browse, watch, idle: a new share of the rate every now and then."""
        until = self._clock.seconds() + random.expovariate(1 / self._habits.stay_seconds)
        while self._clock.seconds() < until and self._ac.session(session.session_id) is session:
            down = random.choice((0.0, 0.05, 0.3, 1.0))
            session.use(down * random.uniform(0.05, 0.3), down, self._clock.seconds())
            await self._pause(min(random.uniform(2, 20), max(0.0, until - self._clock.seconds())))

    async def _leave(
        self, station: Station, session: Session, page: Page | None, browser: Browser, random: Random
    ) -> None:
        way = random.random()
        if self._ac.session(session.session_id) is not session:
            return
        if way < self._habits.vanish:
            self._ac.detach(station)
        elif way >= self._habits.vanish + self._habits.cut:
            await self._turn.run(self._press_logout, station, page, browser)
        # Whoever waits to be cut walks away when nobody does it.
        until = self._clock.seconds() + 3 * self._habits.stay_seconds
        while self._ac.session(session.session_id) is session:
            if station.reachable and self._clock.seconds() > until:
                self._ac.detach(station)
            await self._pause(2.0)

    def _press_logout(self, station: Station, page: Page | None, browser: Browser) -> Deferred[None]:
        return Deferred.fromCoroutine(self._log_out(station, page, browser))

    async def _log_out(self, station: Station, page: Page | None, browser: Browser) -> None:
        try:
            if page is None or page.logout_form is None:
                page = await browser.get(
                    captive_address(self._ac.settings, station, "http://www.example.com/")
                )
            if page.logout_form is not None:
                await browser.submit(page, page.logout_form)
        except Exception as error:
            if self._stopping:
                raise
            self.log.debug("no logout for {ip}: {error}", ip=station.ip, error=str(error))
        if station.session is None:
            self._summary.logouts += 1
        else:
            self._ac.detach(station)

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self._clock, seconds, lambda: None)

    def _life_failed(self, failure: Failure, person: Person) -> None:
        if not self._stopping:
            self.log.failure("the life of {name} broke", failure=failure, name=person.username)
