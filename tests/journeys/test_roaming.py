"""Guests between two real boxes: one passes their logins and accounting on to the other."""

from __future__ import annotations

import csv
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.box import SETTINGS, Box

pytestmark = pytest.mark.slow

HOME = """
[[nas]]
name = "their school"
address = "127.0.0.1"
secret = "between-us"
vendor = "standard"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
max_sessions = 0
[[account]]
username = "zhang"
password = "wonderland"
plan = "monthly"
"""

AWAY = """
[[nas]]
name = "ap"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
[[upstream]]
name = "gone"
address = "127.0.0.1"
auth_port = {gone}
acct_port = {gone}
secret = "between-us"
timeout = 1
tries = 1
[[upstream]]
name = "home"
address = "127.0.0.1"
auth_port = {auth}
acct_port = {acct}
secret = "between-us"
timeout = 1
[[realm]]
name = "home.example"
upstreams = ["gone", "home"]
[[account]]
username = "zhang"
password = "other person"
"""


def until(seen: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that happens by itself."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def attempts(box: Box) -> list[tuple[str, str]]:
    """Reason and details of every attempt, the oldest first."""
    rows = csv.DictReader(box.must("export", "attempts").splitlines())
    return [(row["reason"], row["detail"]) for row in rows]


def radclient(box: Box, kind: str, words: str, *, seconds: float = 5.0) -> str:
    host, port = box.address("auth" if kind == "auth" else "acct")
    done = subprocess.run(
        ["radclient", "-x", "-r", "1", "-t", str(seconds), f"{host}:{port}", kind, "testing123"],
        input=words,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Box, Box]]:
    """The school that guests come to, and the one they come from."""
    folder: Path = tmp_path_factory.mktemp("roaming")
    (folder / "away").mkdir()
    (folder / "home").mkdir()
    with Box(folder / "home") as home, Box(folder / "away") as away:
        home.init()
        home.apply(HOME)
        home.start()
        away.init()
        away.start()
        away.apply(AWAY.format(gone=9, auth=home.address("auth")[1], acct=home.address("acct")[1]))
        yield away, home


def test_a_guest_is_known_at_home(boxes: tuple[Box, Box]) -> None:
    """PAP and CHAP through a server that is gone and one that is there; a wrong password is refused by home."""
    away, home = boxes
    for words in ('User-Password = "wonderland"', 'CHAP-Password = "wonderland"'):
        said = radclient(away, "auth", f'User-Name = "zhang@home.example", {words}')
        assert "Received Access-Accept" in said, said
        assert "Class = 0x7a32" in said
    said = radclient(away, "auth", 'User-Name = "zhang@home.example", User-Password = "other person"')
    assert "Received Access-Reject" in said
    said = radclient(away, "auth", 'User-Name = "zhang", User-Password = "other person"')
    assert "Received Access-Reject" in said and "A01" not in said
    until(lambda: len(home.must("export", "attempts").splitlines()) == 4)
    assert [reason for reason, _ in attempts(away)] == ["", "", "home_refused", "no_plan"]


def test_accounting_stands_on_both_sides(boxes: tuple[Box, Box]) -> None:
    """Nobody's at the school he visits, his own at home, with the same octets; told after home was away."""
    away, home = boxes
    said = radclient(away, "auth", 'User-Name = "zhang@home.example", User-Password = "wonderland"')
    token = next(line.split("=")[1].strip() for line in said.splitlines() if "Class =" in line)
    session = f'User-Name = "zhang@home.example", Acct-Session-Id = "G1", Class = {token}'
    said = radclient(away, "acct", f"{session}, Acct-Status-Type = Start")
    assert "Received Accounting-Response" in said
    until(lambda: bool(home.rows("SELECT 1 FROM session")))
    home.pin()
    home.stop()
    said = radclient(
        away,
        "acct",
        f"{session}, Acct-Status-Type = Stop, Acct-Session-Time = 60,"
        " Acct-Input-Octets = 1000, Acct-Output-Octets = 2000",
    )
    assert "Received Accounting-Response" in said
    ((account, up, down),) = away.rows("SELECT account_id, input_octets, output_octets FROM session")
    assert (account, up, down) == (None, 1000, 2000)
    home.start()
    until(lambda: bool(home.rows("SELECT 1 FROM session WHERE stopped_at IS NOT NULL")), seconds=30.0)
    ((account, up, down, nas),) = home.rows(
        "SELECT account_id, input_octets, output_octets, nas_address FROM session"
    )
    assert (account is not None, up, down, nas) == (True, 1000, 2000, "127.0.0.1")
    until(lambda: away.rows("SELECT count(*) FROM roaming_report") == [(0,)])
    away.check_books()
    home.check_books()


def test_two_boxes_that_pass_a_realm_to_each_other(boxes: tuple[Box, Box]) -> None:
    """The circle is seen where it closes, and the guest is refused at once by both."""
    away, home = boxes
    ports = {"gone": 9, "auth": home.address("auth")[1], "acct": home.address("acct")[1]}
    realm = '[[realm]]\nname = "circle.example"\nupstreams = ["{}"]\n'
    away.apply(AWAY.format(**ports) + realm.format("home"))
    back = f"""
[[upstream]]
name = "away"
address = "127.0.0.1"
auth_port = {away.address("auth")[1]}
acct_port = {away.address("acct")[1]}
secret = "testing123"
"""
    home.apply(HOME + back + realm.format("away"))
    said = radclient(away, "auth", 'User-Name = "zhang@circle.example", User-Password = "wonderland"')
    assert "Received Access-Reject" in said, said
    until(lambda: len([one for one in attempts(away) if one[0] == "realm_refused"]) == 1)
    assert [one[0] for one in attempts(away)][-2:] == ["realm_refused", "home_refused"]
    assert "been here before" in attempts(away)[-2][1]
    assert attempts(home)[-1][0] == "home_refused"


# Over TLS -----------------------------------------------------------------------------------------------------------------

TLS_SETTINGS = (
    SETTINGS.replace("[portal]", 'tls = ["127.0.0.1:0"]\n[portal]') + '[eap]\nserver_name = "home.example"\n'
)

TLS_HOME = HOME.replace('secret = "between-us"', 'secret = "between-us"\nidentifier = "away"')

TLS_AWAY = """
[[nas]]
name = "ap"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
[[upstream]]
name = "stream"
address = "127.0.0.1"
transport = "tls"
auth_port = {radsec}
server_name = "home.example"
timeout = 1
[[upstream]]
name = "datagrams"
address = "127.0.0.1"
auth_port = {auth}
acct_port = {acct}
secret = "between-us"
timeout = 1
tries = 1
[[realm]]
name = "home.example"
upstreams = ["stream", "datagrams"]
when_silent = "reject"
"""

GUEST = 'User-Name = "zhang@home.example", User-Password = "wonderland"'


def last_attempt(box: Box) -> tuple[str, str]:
    """Reason and details of the newest attempt."""
    return attempts(box)[-1]


def test_a_guest_by_stream_and_when_home_falls(tmp_path: Path) -> None:
    """Login and accounting over TLS with a certificate from home; by datagrams when that is revoked; refused when home is gone; well when it is back."""
    (tmp_path / "away").mkdir()
    (tmp_path / "home").mkdir()
    with Box(tmp_path / "home", TLS_SETTINGS) as home, Box(tmp_path / "away") as away:
        home.init()
        home.apply(TLS_HOME)
        home.start()
        away.init()
        folder = away.state / "radsec"
        folder.mkdir()
        issued = json.loads(
            home.must(
                "certificate", "issue", "--radsec", "away", "--out", str(folder / "stream.pem"), "--json"
            )
        )
        away.start()
        ports = {name: home.address(name)[1] for name in ("auth", "acct", "radsec")}
        away.apply(TLS_AWAY.format(**ports))
        said = radclient(away, "auth", GUEST)
        assert "Received Access-Accept" in said, said + away.output[-2000:] + home.output[-2000:]
        until(lambda: last_attempt(away) == ("", "stream"))
        token = next(line.split("=")[1].strip() for line in said.splitlines() if "Class =" in line)
        session = f'User-Name = "zhang@home.example", Acct-Session-Id = "T1", Class = {token}'
        assert "Accounting-Response" in radclient(away, "acct", f"{session}, Acct-Status-Type = Start")
        until(lambda: bool(home.rows("SELECT 1 FROM session WHERE account_id IS NOT NULL")))
        by_tls = ("--tls", "--cert", str(folder / "stream.pem"), "--server-name", "home.example")
        where = f"127.0.0.1:{ports['radsec']}"
        told = away.must("probe", "radius", where, *by_tls, "--user", "zhang", "--password", "wonderland")
        assert "accepted in" in told
        assert "lives" in away.must("probe", "radius", where, *by_tls, "--status")
        wrong = away.run("probe", "radius", where, *by_tls[:-1], "other.example", "--status")
        assert (wrong.returncode, "certificate is not believed" in wrong.stdout) == (1, True), wrong.stdout
        home.must("certificate", "revoke", issued["serial"])
        home.pin()
        home.stop()
        home.start()
        assert "Received Access-Accept" in radclient(away, "auth", GUEST)
        until(lambda: last_attempt(away) == ("", "datagrams"))
        home.kill()
        assert "Received Access-Reject" in radclient(away, "auth", GUEST)
        until(lambda: last_attempt(away)[0] == "home_silent")
        home.start()
        until(lambda: "Received Access-Accept" in radclient(away, "auth", GUEST), seconds=60.0)
        away.check_books()
