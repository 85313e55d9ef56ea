"""`zhuomai simulate`: a virtual AC with people, driving a running box over real sockets, and a door for your browser.

It knows the box from outside alone: addresses, shared secrets and passwords. What it counts is printed at the end, to be
compared with the box's own exports.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.python import usage
from twisted.web.server import Site

from zhuomai_appliance.commands.options import Simulate
from zhuomai_appliance.config import Config, ConfigErrors, Endpoint, load, parse_endpoint, read_toml
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius.packet import Secret
from zhuomai_appliance.simulator.ac import AccessController
from zhuomai_appliance.simulator.browser import network_fetch
from zhuomai_appliance.simulator.campus import Campus, Habits, Person, Summary
from zhuomai_appliance.simulator.door import Door
from zhuomai_appliance.simulator.faults import BadNetwork, Faults
from zhuomai_appliance.simulator.settings import AcSettings, Box


class SimulateOptions(usage.Options):
    """A virtual campus that drives a running box over real sockets."""

    synopsis = "zhuomai simulate [--config FILE | --box HOST …] [--site FILE] [--users FILE|N] [--duration SECONDS] [--json]"
    optFlags = [["json", None, "print the summary as JSON"]]
    optParameters = [
        ["config", "c", None, "the box's settings file; its state directory tells the ports in use"],
        ["box", None, None, "the box's address"],
        ["auth-port", None, None, "its port for Access-Requests"],
        ["acct-port", None, None, "its port for accounting"],
        ["portal-port", None, None, "its portal port, for NTF_LOGOUT"],
        ["captive-url", None, None, "its login page"],
        ["site", None, None, "a site file for `apply`: takes the AC's secrets and the people from it"],
        ["nas", None, None, "name of the AC in the site file (default: the first)"],
        ["secret", None, None, "RADIUS secret (default: of the site file, else testing123)"],
        ["portal-secret", None, None, "portal key (default: of the site file, else zhuomai-portal)"],
        ["users", None, None, "CSV with username and password, or how many of the site's people"],
        ["duration", None, 0, "seconds to run; 0: until it is stopped"],
        ["listen", None, "127.0.0.1", "the AC's own address"],
        ["ac-port", None, None, "the AC's portal port (default: of the site file, else 2000)"],
        [
            "dae-port",
            None,
            None,
            "the AC's port for Disconnect and CoA (default: of the site file, else 3799)",
        ],
        ["door", None, "127.0.0.1:8090", "where your browser plays a phone; empty: nowhere"],
        ["network", None, "10.9.0.0/16", "the network of the phones"],
        ["speed", None, 1.0, "factor on all traffic"],
        ["arrive", None, 60.0, "everybody arrives within so many seconds"],
        ["stay", None, 300.0, "mean length of a visit, seconds"],
        ["away", None, 60.0, "mean pause between two visits, seconds"],
        ["seed", None, 1, "the same number gives the same people"],
        ["lose", None, 0.0, "part of all datagrams that is lost, 0 to 1"],
        ["repeat", None, 0.0, "part of all datagrams that comes twice, 0 to 1"],
        ["late", None, 0.0, "part of all datagrams that comes late and out of order, 0 to 1"],
        ["listening", None, None, "write the ports in use to this file as JSON"],
    ]

    def postOptions(self) -> None:
        """Read the numbers here: Twisted's own conversion would not say which word was wrong."""
        for name in ("auth-port", "acct-port", "portal-port", "ac-port", "dae-port", "seed"):
            if self[name] is not None:
                self[name] = _whole(name, str(self[name]))
        for name in ("duration", "speed", "arrive", "stay", "away"):
            self[name] = _amount(name, str(self[name]))
        for name in ("lose", "repeat", "late"):
            self[name] = _amount(name, str(self[name]), most=1.0)


def _whole(name: str, word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) > 65_535:
        raise usage.UsageError(f'--{name}: "{word}" is not a number from 0 to 65535')
    return int(word)


def _amount(name: str, word: str, most: float = 1e9) -> float:
    try:
        amount = float(word)
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= most:
        raise usage.UsageError(f'--{name}: "{word}" is not a number from 0 to {most:g}')
    return amount


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be simulated, complete and checked."""

    settings: AcSettings
    people: tuple[Person, ...]
    habits: Habits
    faults: Faults
    listen: str
    ac_port: int
    dae_port: int
    door: Endpoint | None
    duration_seconds: float
    seed: int
    as_json: bool
    listening: Path | None


def run(config: Config, command: Simulate) -> int:
    """Read the words, then simulate on the asyncio reactor; see `SimulateOptions`."""
    options = SimulateOptions()
    try:
        options.parseOptions(command["words"])
        plan = make_plan(options, config)
    except usage.UsageError as error:
        print(f"{str(error).splitlines()[0].rstrip('.')}; see `zhuomai simulate --help`", file=sys.stderr)
        return 2
    except ConfigErrors as error:
        raise CommandFailed(*error.errors) from None
    if "twisted.internet.reactor" not in sys.modules:
        from twisted.internet import asyncioreactor

        asyncioreactor.install()
    from twisted.internet.task import react

    async def main(reactor: Any) -> None:
        raise SystemExit(await simulate(reactor, plan))

    # Leaves by SystemExit, which carries the status to the caller.
    return react(lambda reactor: Deferred.fromCoroutine(main(reactor)))


def make_plan(options: SimulateOptions, config: Config) -> Plan:
    """Everything that the options leave open is taken from the box's settings and the site file.

    Raises:
        UsageError: words that make no sense. ConfigErrors: a file that cannot be used.
    """
    site = read_toml(Path(options["site"])) if options["site"] else {}
    nas = _nas(site, options["nas"])
    secret = str(options["secret"] or nas.get("secret") or "testing123")
    key = str(options["portal-secret"] or nas.get("portal_secret") or "zhuomai-portal")
    settings = AcSettings(
        _box(options, config, Secret(secret.encode()), key.encode()),
        name=str(nas.get("name", "ac1")),
        address=options["listen"],
        network=options["network"],
        speed=options["speed"],
        detect_seconds=15.0,
    )
    habits = Habits(
        arrive_within_seconds=options["arrive"], stay_seconds=options["stay"], away_seconds=options["away"]
    )
    try:
        door = parse_endpoint(options["door"]) if options["door"] else None
    except ValueError as error:
        raise usage.UsageError(f"--door: {error}") from None
    if not (habits.stay_seconds and habits.away_seconds):
        raise usage.UsageError("--stay and --away must be more than 0")
    return Plan(
        settings=settings,
        people=tuple(_people(options["users"], site)),
        habits=habits,
        faults=Faults(options["lose"], options["repeat"], options["late"]),
        listen=options["listen"],
        ac_port=_first(options["ac-port"], nas.get("portal_port"), 2000),
        dae_port=_first(options["dae-port"], nas.get("coa_port"), 3799),
        door=door,
        duration_seconds=options["duration"],
        seed=options["seed"],
        as_json=bool(options["json"]),
        listening=Path(options["listening"]) if options["listening"] else None,
    )


async def simulate(reactor: Any, plan: Plan) -> int:
    """Run the campus until its time is over or the process is told to stop; the exit status.

    1: a port is taken, the box does not answer, or people came and not one of them got online.
    """
    ac = AccessController(reactor, plan.settings, Random(plan.seed))
    if plan.faults.any:
        network = BadNetwork(reactor, plan.faults, Random(plan.seed + 2))
        for wire in (ac.radius, ac.portal, ac.dae):
            wire.use(network)
    try:
        ports = _listen(reactor, plan, ac)
    except CannotListenError as error:
        print(
            f"port {error.port} of {error.interface} is taken: {error.socketError.strerror}", file=sys.stderr
        )
        return 1
    ending: Deferred[None] = Deferred()
    finished: Deferred[None] = Deferred()

    def wind_down() -> Deferred[None]:
        if not ending.called:
            ending.callback(None)
        return finished

    reactor.addSystemEventTrigger("before", "shutdown", wind_down)
    try:
        return await _live(reactor, plan, ac, ports, ending)
    finally:
        for port in ports.values():
            await maybeDeferred(port.stopListening)
        finished.callback(None)


async def _live(
    reactor: Any,
    plan: Plan,
    ac: AccessController,
    ports: Mapping[str, IListeningPort],
    ending: Deferred[None],
) -> int:
    box = plan.settings.box
    bound = {name: _address_of(port) for name, port in ports.items()}
    if await ac.start() is None:
        print(
            f"{box.host}:{box.acct_port} does not answer accounting: is the box serving, is {plan.listen} declared as a"
            " device, and are the secrets the same?",
            file=sys.stderr,
        )
        ac.give_up()
        return 1
    if plan.listening is not None:
        _write_listening(plan.listening, bound)
    if not plan.as_json:
        _announce(plan, bound)
    campus = Campus(
        reactor, ac, plan.people, lambda: network_fetch(reactor), Random(plan.seed + 1), plan.habits
    )
    campus.start()
    if plan.duration_seconds:
        ending.addTimeout(plan.duration_seconds, reactor, lambda result, _: None)
    await ending
    await campus.stop()
    await ac.stop()
    summary = campus.summary()
    _print_summary(summary, ac, as_json=plan.as_json)
    return 1 if plan.people and not summary.logins else 0


def _listen(reactor: Any, plan: Plan, ac: AccessController) -> dict[str, IListeningPort]:
    """Bind all ports or none."""
    bound: dict[str, IListeningPort] = {}
    wanted = {"portal": (plan.ac_port, ac.portal), "dae": (plan.dae_port, ac.dae), "radius": (0, ac.radius)}
    try:
        for name, (number, protocol) in wanted.items():
            bound[name] = reactor.listenUDP(number, protocol, interface=plan.listen, maxPacketSize=8192)
        if plan.door is not None:
            site = Site(Door(reactor, ac).app.resource())
            bound["door"] = reactor.listenTCP(plan.door.port, site, interface=plan.door.host)
    except CannotListenError:
        for port in bound.values():
            port.stopListening()
        raise
    return bound


def _address_of(port: IListeningPort) -> str:
    host: Any = port.getHost()
    return f"{host.host}:{host.port}"


def _announce(plan: Plan, ports: Mapping[str, str]) -> None:
    print(f"virtual AC {plan.settings.name}: portal {ports['portal']}, Disconnect and CoA {ports['dae']}")
    if "door" in ports:
        print(f"your browser as a phone: http://{ports['door']}/")
    if plan.people:
        print(f"{len(plan.people)} people set out")
    sys.stdout.flush()


def _write_listening(path: Path, ports: Mapping[str, str]) -> None:
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(json.dumps(dict(ports)), "utf-8")
    aside.replace(path)


def _print_summary(summary: Summary, ac: AccessController, *, as_json: bool) -> None:
    if as_json:
        counts = {
            "radius": ac.reports.counts,
            "logins": ac.counts,
            "portal": ac.portal.counts,
            "dae": ac.dae.counts,
        }
        print(json.dumps({**summary.as_json(), "counts": counts}, ensure_ascii=False))
        return
    print(f"{summary.logins} logins, {summary.logouts} logouts on the page, {len(summary.sessions)} sessions")
    print(f"{summary.seconds} s online, {summary.octets} octets")
    for reason, times in summary.refusals.most_common():
        print(f"refused {times} times: {reason}")
    lost = [record for record in summary.sessions if not record.answered]
    if lost:
        print(f"{len(lost)} Stops were never answered")


def _box(options: SimulateOptions, config: Config, secret: Secret, key: bytes) -> Box:
    settings = load(Path(options["config"])) if options["config"] else config
    bound = _listening(StateFiles(settings.state.dir).listening)

    def endpoint(name: str, configured: Endpoint) -> Endpoint:
        words = bound.get(name)
        return parse_endpoint(words[0]) if words else configured

    auth = endpoint("auth", settings.radius.auth[0])
    acct = endpoint("acct", settings.radius.acct[0])
    portal = endpoint("portal", settings.portal.listen)
    captive = endpoint("captive", settings.web.captive)
    host = options["box"] or _reachable(auth.host)
    page = settings.web.public_url or f"http://{options['box'] or _reachable(captive.host)}:{captive.port}"
    return Box(
        host,
        _first(options["auth-port"], auth.port),
        _first(options["acct-port"], acct.port),
        _first(options["portal-port"], portal.port),
        options["captive-url"] or f"{page}/",
        secret,
        key,
    )


def _listening(path: Path) -> Mapping[str, list[str]]:
    """The addresses that a serving box has written down; nothing when it does not serve here."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _reachable(host: str) -> str:
    """Where to reach who listens on every address: a box beside us."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


def _nas(site: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    tables: list[Mapping[str, Any]] = site.get("nas", [])
    if name is None:
        return tables[0] if tables else {}
    found = next((table for table in tables if table.get("name") == name), None)
    if found is None:
        raise usage.UsageError(f'no device "{name}" in the site file')
    return found


def _people(users: str | None, site: Mapping[str, Any]) -> Iterator[Person]:
    declared = [
        Person(str(account["username"]), str(account["password"]))
        for account in site.get("account", ())
        if "username" in account and "password" in account
    ]
    if users is None:
        yield from declared
    elif users.isdigit():
        if int(users) > len(declared):
            raise usage.UsageError(
                f"--users {users}: the site file names {len(declared)} people with passwords"
            )
        yield from declared[: int(users)]
    else:
        yield from _read_people(Path(users))


def _read_people(path: Path) -> Iterator[Person]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            for row in rows:
                if not row.get("username") or row.get("password") is None:
                    raise usage.UsageError(f"{path}:{rows.line_num}: username and password are wanted")
                yield Person(row["username"], row["password"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise usage.UsageError(f"{path}: {error}") from None


def _first(*values: object) -> int:
    return next(int(str(value)) for value in values if value is not None)
