"""A real switch port and a real computer: hostapd as the NAS, wpa_supplicant beyond a cable, in a network namespace."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.journeys.box import Box

pytestmark = pytest.mark.slow

SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "switch"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
device_kind = "switch"
coa_port = {coa_port}
interim = 60
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
[[account]]
username = "alice"
password = "wonderland"
plan = "monthly"
"""

HOSTAPD = """
interface={port}
driver=wired
logger_stdout=-1
logger_stdout_level=0
ieee8021x=1
use_pae_group_addr=1
own_ip_addr=127.0.0.1
nas_identifier=switch
auth_server_addr=127.0.0.1
auth_server_port={auth}
auth_server_shared_secret=testing123
acct_server_addr=127.0.0.1
acct_server_port={acct}
acct_server_shared_secret=testing123
radius_das_port={coa_port}
radius_das_client=127.0.0.1 testing123
radius_das_require_event_timestamp=1
"""

COMPUTER = """
ap_scan=0
network={{
key_mgmt=IEEE8021X
eapol_flags=0
eap=PEAP
identity="alice"
anonymous_identity="somebody"
password="{password}"
phase2="auth=MSCHAPV2"
ca_cert="{authority}"
}}
"""


def ip(*words: str) -> None:
    """One change to the machine's network."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def cable() -> Iterator[tuple[str, str, str]]:
    """A cable from a port of this machine into a namespace of its own: the port, the far end, the namespace."""
    mark = f"{os.getpid() % 100_000}"
    port, far, space = f"zmp{mark}", f"zmc{mark}", f"zhuomai-{mark}"
    with ExitStack() as undone:
        try:
            ip("netns", "add", space)
            # The port goes with its peer
            undone.callback(ip, "netns", "del", space)
            ip("link", "add", port, "type", "veth", "peer", "name", far, "netns", space)
            ip("link", "set", port, "up")
            # Also shows whether a program can be started in there: in a chroot none can
            ip("netns", "exec", space, "ip", "link", "set", far, "up")
        except subprocess.CalledProcessError as refused:
            pytest.skip(f"this machine lays no cable into a network namespace: {refused.stderr.strip()}")
        yield port, far, space


@contextmanager
def running(log: Path, *words: str) -> Iterator[None]:
    """A program until the end of the block; what it says is in the log."""
    with log.open("w") as out:
        program = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        program.terminate()
        program.wait(10)


def until(seen: Callable[[], bool], *logs: Path) -> None:
    """Wait for something that happens by itself."""
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline, "\n".join(log.read_text()[-3000:] for log in logs)
        time.sleep(0.1)


def free_port() -> int:
    """A UDP port that nobody holds."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def test_a_computer_at_a_switch_port(tmp_path: Path) -> None:
    """Let in under its inner name, counted by the switch, ended there by us; kept out with a wrong password."""
    if os.geteuid() != 0:
        pytest.skip("only root may lay a cable into a network namespace")
    coa_port = free_port()
    switch_log, wrong_log, right_log = (tmp_path / name for name in ("switch.log", "wrong.log", "right.log"))
    with ExitStack() as stack:
        box = stack.enter_context(Box(tmp_path))
        box.init()
        box.apply(SITE.format(coa_port=coa_port))
        box.start()
        port, far, space = stack.enter_context(cable())
        auth, acct = box.address("auth")[1], box.address("acct")[1]
        switch = box.write("hostapd.conf", HOSTAPD.format(port=port, auth=auth, acct=acct, coa_port=coa_port))
        stack.enter_context(running(switch_log, "hostapd", str(switch)))
        until(lambda: "AP-ENABLED" in switch_log.read_text(), switch_log)

        def computer(password: str) -> tuple[str, ...]:
            words = COMPUTER.format(password=password, authority=box.state / "eap-ca.crt")
            file = box.write(f"{password}.conf", words)
            return ("ip", "netns", "exec", space, "wpa_supplicant", "-Dwired", f"-i{far}", f"-c{file}")

        with running(right_log, *computer("wonderland")):
            until(lambda: "CTRL-EVENT-EAP-SUCCESS" in right_log.read_text(), right_log, switch_log)
            until(lambda: bool(box.rows("SELECT 1 FROM session WHERE stopped_at IS NULL")), switch_log)
            (row,) = box.rows(
                "SELECT a.username, s.username_raw, s.access_kind, s.mac FROM session s JOIN account a ON a.id = s.account_id"
            )
            assert row[:3] == ("alice", "alice", "802.1x"), row
            assert row[3] is not None
            told = box.run("disconnect", "alice")
            assert told.returncode == 0, told.stdout + told.stderr + switch_log.read_text()[-3000:]
            until(
                lambda: bool(box.rows("SELECT 1 FROM session WHERE closed_by = 'stop'")),
                switch_log,
            )
        # Last, since a switch keeps a port shut for a minute after a failure (IEEE 802.1X, quietPeriod)
        with running(wrong_log, *computer("guess")):
            until(lambda: "CTRL-EVENT-EAP-FAILURE" in wrong_log.read_text(), wrong_log, switch_log)
        assert box.rows("SELECT count(*) FROM session") == [(1,)]
        box.check_books()
