"""Asking servers and devices from the command line: the question is a proper one, and each kind of answer is explained."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.upstream import FakeUpstream, Reply, listening, replies, silent, wrong_authenticator
from zhuomai_appliance import tap
from zhuomai_appliance.portal.packet import Kind, decode, encode_answer
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Code, Packet, Secret
from zhuomai_appliance.radius.passwords import chap_matches
from zhuomai_appliance.radius.values import integer_value

SECRET = Secret(b"between-us")


def run(*words: str) -> tuple[int, str, list[str]]:
    """Exit status, what was printed, and the lines on stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        tap.main(words)
    assert isinstance(end.value.code, int)
    return end.value.code, out.getvalue(), err.getvalue().splitlines()


def asked(
    behaviour: Reply, *words: str, secret: str = "between-us"
) -> tuple[int, dict[str, Any], list[Packet]]:
    """Exit status, answer and what the server was asked."""
    server = FakeUpstream(SECRET, behaviour)
    with listening(server.take) as where:
        status, out, err = run(
            "probe", "radius", where, "--secret", secret, "--timeout", "1", "--json", *words
        )
    assert not err
    return status, json.loads(out), server.asked


def test_a_login_by_pap_and_chap() -> None:
    """What the user gets is listed by name; the request is one an access device would send."""
    accept = replies(Code.ACCESS_ACCEPT, (27, integer_value(600)))
    status, said, (pap,) = asked(
        accept, "--user", "zhang", "--password", "secret", "--mac", "02-00-00-00-00-01"
    )
    assert (status, said["verdict"], said["attributes"]) == (0, "accept", [["Session-Timeout", "600"]])
    assert (pap.first(attr.USER_NAME), pap.first(attr.CALLING_STATION_ID)) == (b"zhang", b"02-00-00-00-00-01")
    status, _, (chap,) = asked(accept, "--user", "zhang", "--password", "secret", "--chap")
    assert status == 0
    assert chap_matches(chap.first(attr.CHAP_PASSWORD) or b"", b"secret", chap.authenticator)


def test_a_refusal_is_a_failure_in_words() -> None:
    """The server's own sentence is shown; a reply that could be forged is told."""
    status, said, _ = asked(replies(Code.ACCESS_REJECT, (18, "欠费".encode()), sign=False), "--user", "zhang")
    assert (status, said["verdict"], said["attributes"]) == (1, "reject", [["Reply-Message", "欠费"]])
    assert any("CVE-2024-3596" in line for line in said["lines"])


def test_reports_and_probes() -> None:
    """Each kind with its own code, and more attributes by their names."""
    status, said, (report,) = asked(
        replies(Code.ACCOUNTING_RESPONSE, sign=False), "--acct", "stop", "--attr", "Acct-Session-Time=60"
    )
    assert (status, said["verdict"]) == (0, "recorded")
    assert (report.code, report.first(40), report.first(46)) == (4, integer_value(2), integer_value(60))
    status, said, (probe,) = asked(replies(Code.ACCESS_ACCEPT), "--status")
    assert (status, said["verdict"], probe.code) == (0, "alive", Code.STATUS_SERVER)


def test_what_silence_means() -> None:
    """An unknown address, another secret, a closed port: each is told apart as far as it can be."""
    status, said, tries = asked(silent, "--user", "zhang", "--tries", "2")
    assert (status, said["verdict"], len(tries)) == (1, "silence", 2)
    assert any("127.0.0.1 in its list of devices" in line for line in said["lines"])
    status, said, _ = asked(wrong_authenticator, "--user", "zhang", "--tries", "1")
    assert (status, said["verdict"]) == (1, "unverified")
    status, out, _ = run("probe", "radius", "127.0.0.1:1", "--secret", "x", "--status")
    assert (status, out) == (1, "nothing listens on UDP port 1 of 127.0.0.1\n")


@pytest.mark.parametrize(
    "words",
    [
        ["127.0.0.1", "--user", "zhang"],
        ["127.0.0.1", "--secret", "x"],
        ["127.0.0.1", "--secret", "x", "--status", "--acct", "start"],
        ["127.0.0.1", "--secret", "x", "--acct", "begin"],
        ["127.0.0.1", "--secret", "x", "--secret-file", "y", "--status"],
        ["127.0.0.1", "--tls", "--status"],
        ["127.0.0.1", "--secret", "x", "--status", "--attr", "User-Name"],
        ["--secret", "x", "--status"],
    ],
)
def test_wrong_usage_is_told(words: list[str]) -> None:
    """Status 2 and one line."""
    status, out, err = run("probe", "radius", *words)
    assert (status, out, len(err)) == (2, "", 1)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    """Files that cannot be read, attributes nobody knows, ports that are none: one line each."""
    empty = tmp_path / "empty"
    empty.write_text("")
    for words in (
        ["127.0.0.1", "--secret-file", str(empty), "--status"],
        ["127.0.0.1", "--secret-file", str(tmp_path / "none"), "--status"],
        ["127.0.0.1", "--secret", "x", "--status", "--attr", "Nonsense=1"],
        ["127.0.0.1:x", "--secret", "x", "--status"],
        ["127.0.0.1", "--tls", "--cert", str(empty), "--status"],
    ):
        status, out, err = run("probe", "radius", *words)
        assert (status, out, len(err)) == (1, "", 1), words


def device(error: int, key: bytes) -> Callable[[bytes], bytes]:
    """An access controller that knows no client, or tells a port."""

    def take(datagram: bytes) -> bytes:
        packet = decode(datagram)
        assert packet.kind is Kind.REQ_INFO
        return encode_answer(
            Kind.ACK_INFO,
            version=2,
            key=key,
            request_authenticator=packet.authenticator,
            serial=packet.serial,
            user_ip=packet.user_ip,
            error_code=error,
            attributes=[] if error else [(7, (5).to_bytes(8, "big")), (8, (6).to_bytes(8, "big"))],
        )

    return take


@pytest.mark.parametrize(
    ("error", "key", "status", "verdict"),
    [(0, b"portal", 0, "told"), (2, b"portal", 0, "refused"), (0, b"another", 1, "unverified")],
)
def test_an_access_controller_is_asked_by_the_portal_protocol(
    error: int, key: bytes, status: int, verdict: str
) -> None:
    """Figures, a refusal that proves all is well, or answers under another key."""
    with listening(device(error, key)) as where:
        done, out, _ = run("probe", "portal", where, "--key", "portal", "--timeout", "1", "--json")
    assert (done, json.loads(out)["verdict"]) == (status, verdict)


def test_a_silent_access_controller() -> None:
    """What to look at is said."""
    with listening(lambda _: None) as where:
        status, out, _ = run("probe", "portal", where, "--key", "portal", "--timeout", "1", "--tries", "1")
    assert status == 1
    assert "its portal server?" in out
