"""`zhuomai simulate`: what its words mean, and one short run over real sockets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.python import usage
from twisted.trial.unittest import TestCase

from zhuomai_appliance.commands.simulate import Plan, SimulateOptions, make_plan, simulate
from zhuomai_appliance.config import Config, ConfigErrors
from zhuomai_appliance.radius.packet import Code, Secret, decode, encode_reply
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.browser import network_fetch

SITE = """
[[nas]]
name = "ac-east"
address = "127.0.0.1"
secret = "s3cret"
portal_secret = "p0rtal"
portal_port = 2001
coa_port = 3800

[[nas]]
name = "ac-west"
secret = "other"

[[account]]
username = "stu1"
password = "pw1"

[[account]]
username = "stu2"
password = "pw2"

[[account]]
username = "no-password"
"""


def plan_of(*words: str, config: Config | None = None) -> Plan:
    options = SimulateOptions()
    options.parseOptions(list(words))
    return make_plan(options, config or Config())


def test_defaults_suit_a_box_beside_us() -> None:
    """Without words the box is on loopback with the ports of the standards, and only the door's phones come."""
    plan = plan_of()
    box = plan.settings.box
    assert (box.host, box.auth_port, box.acct_port, box.portal_port) == ("127.0.0.1", 1812, 1813, 50100)
    assert box.captive_url == "http://127.0.0.1:80/"
    assert box.secret == Secret(b"testing123")
    assert (plan.ac_port, plan.dae_port, str(plan.door), plan.people) == (2000, 3799, "127.0.0.1:8090", ())


def test_words_win_over_everything(tmp_path: Path) -> None:
    """Each word on the command line wins over the site file and the box's settings."""
    site = tmp_path / "site.toml"
    site.write_text(SITE, "utf-8")
    words = (
        "--box 192.0.2.5 --auth-port 1 --acct-port 2 --portal-port 3 --captive-url http://x/y?z=1 --secret a"
    )
    more = f"--portal-secret b --ac-port 4 --dae-port 5 --site {site} --users 1 --duration 9 --json"
    plan = plan_of(*words.split(), *more.split(), "--door", "")
    box = plan.settings.box
    assert (box.host, box.auth_port, box.acct_port, box.portal_port) == ("192.0.2.5", 1, 2, 3)
    assert (box.captive_url, box.secret, box.portal_key) == ("http://x/y?z=1", Secret(b"a"), b"b")
    assert (plan.ac_port, plan.dae_port, plan.door) == (4, 5, None)
    assert [person.username for person in plan.people] == ["stu1"]
    assert (plan.duration_seconds, plan.as_json) == (9, True)


def test_site_file_gives_secrets_and_people(tmp_path: Path) -> None:
    """A site file names the AC with its secrets and ports, and the people who have passwords."""
    site = tmp_path / "site.toml"
    site.write_text(SITE, "utf-8")
    plan = plan_of("--site", str(site))
    assert (plan.settings.name, plan.ac_port, plan.dae_port) == ("ac-east", 2001, 3800)
    assert (plan.settings.box.secret, plan.settings.box.portal_key) == (Secret(b"s3cret"), b"p0rtal")
    assert [(person.username, person.password) for person in plan.people] == [
        ("stu1", "pw1"),
        ("stu2", "pw2"),
    ]
    assert plan_of("--site", str(site), "--nas", "ac-west").settings.box.secret == Secret(b"other")


def test_ports_in_use_are_those_of_the_serving_box(tmp_path: Path) -> None:
    """With --config the serving box's listening.json tells the real ports, where the settings say 0 or any address."""
    config = tmp_path / "appliance.toml"
    config.write_text(f'[state]\ndir = "{tmp_path}"\n[radius]\nauth = ["0.0.0.0:0"]\n', "utf-8")
    bound = {
        "auth": ["0.0.0.0:40001"],
        "acct": ["127.0.0.1:40002"],
        "portal": ["0.0.0.0:40003"],
        "captive": ["0.0.0.0:40004"],
    }
    (tmp_path / "listening.json").write_text(json.dumps(bound), "utf-8")
    box = plan_of("--config", str(config)).settings.box
    assert (box.host, box.auth_port, box.acct_port, box.portal_port) == ("127.0.0.1", 40001, 40002, 40003)
    assert box.captive_url == "http://127.0.0.1:40004/"


def test_people_from_a_file(tmp_path: Path) -> None:
    """A CSV with username and password; a spreadsheet's byte order mark does not matter; a gap is told by its line."""
    file = tmp_path / "people.csv"
    file.write_text("﻿username,password\nstu1,pw 1\n", "utf-8")
    assert [(p.username, p.password) for p in plan_of("--users", str(file)).people] == [("stu1", "pw 1")]
    file.write_text("username,password\nstu1,a\n,b\n", "utf-8")
    with pytest.raises(usage.UsageError, match=r"people.csv:3: username and password"):
        plan_of("--users", str(file))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--users 3", "names 0 people"),
        ("--users /nowhere/people.csv", "No such file"),
        ("--nas ac9", 'no device "ac9"'),
        ("--door somewhere", "--door"),
        ("--stay 0", "more than 0"),
        ("--duration -1", '--duration: "-1"'),
        ("--auth-port x", '--auth-port: "x"'),
        ("--speed fast", '--speed: "fast"'),
    ],
)
def test_words_that_make_no_sense(words: str, reason: str) -> None:
    """Wrong words are refused with what is wrong about them."""
    with pytest.raises(usage.UsageError, match=reason):
        plan_of(*words.split())


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """A missing settings or site file is an error of that file, not a crash."""
    for word in ("--config", "--site"):
        with pytest.raises(ConfigErrors):
            plan_of(word, str(tmp_path / "missing.toml"))


class MiniRadius(DatagramProtocol):
    """Answers accounting and remembers it."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        request = decode(datagram)
        self.statuses.append(int.from_bytes(request.first(a.STATUS_TYPE) or b"", "big"))
        reply = encode_reply(Code.ACCOUNTING_RESPONSE, request, (), Secret(b"testing123"), sign=False)
        assert self.transport is not None
        self.transport.write(reply, addr)


class RunTests(TestCase):
    """The command on real sockets, on ports of the system's choice."""

    def plan(self, acct_port: int, *words: str) -> Plan:
        ports = [
            "--auth-port",
            "1",
            "--portal-port",
            "1",
            "--ac-port",
            "0",
            "--dae-port",
            "0",
            "--door",
            "127.0.0.1:0",
        ]
        return plan_of(*ports, "--acct-port", str(acct_port), "--captive-url", "http://127.0.0.1:1/", *words)

    async def test_a_short_run(self) -> None:
        """The AC comes up, writes down its ports, plays phones at its door, goes down in order, and prints."""
        from twisted.internet import reactor

        clock: Any = reactor
        radius = MiniRadius()
        port: Any = reactor.listenUDP(0, radius, interface="127.0.0.1")  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        listening = Path(folder.name) / "listening.json"
        plan = self.plan(port.getHost().port, "--duration", "0.3", "--json", "--listening", str(listening))
        seen: list[tuple[int, str]] = []

        async def visit() -> None:
            await deferLater(clock, 0.15)
            bound = json.loads(listening.read_text("utf-8"))
            status, location, _ = await network_fetch(clock)("GET", f"http://{bound['door']}/x", None, {})
            seen.append((status, location))

        visited = Deferred.fromCoroutine(visit())
        assert await simulate(reactor, plan) == 0
        await visited
        assert radius.statuses == [a.ACCT_ON, a.ACCT_OFF]
        ((status, location),) = seen
        assert (status, location[:24]) == (302, "http://127.0.0.1:1/?ac-i")

    async def test_a_box_that_does_not_answer(self) -> None:
        """Silence of the box is one line that says what to compare, and status 1."""
        from twisted.internet import reactor

        plan = self.plan(1)
        quick = replace(plan.settings, radius_seconds=0.05)
        assert await simulate(reactor, replace(plan, settings=quick)) == 1

    async def test_a_port_that_is_taken(self) -> None:
        """A port in use is one line and status 1, and nothing stays bound."""
        from twisted.internet import reactor

        taken: Any = reactor.listenUDP(0, DatagramProtocol(), interface="127.0.0.1")  # type: ignore[attr-defined]
        self.addCleanup(taken.stopListening)
        plan = self.plan(1, "--dae-port", str(taken.getHost().port))
        assert await simulate(reactor, plan) == 1
