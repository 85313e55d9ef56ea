"""A stock 802.1X device: certificates from the command line, and wpa_supplicant's eapol_test as device and access point."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.box import Box

MAC = "02:00:00:00:01:0a"


@dataclass(frozen=True, slots=True)
class Issued:
    """A client certificate as `zhuomai certificate issue` handed it over: one PEM file with key, certificate, authority."""

    path: Path
    serial: str


def issue(box: Box, user: str, name: str = "", *more: str) -> Issued:
    """Have a certificate issued to a user; `name` makes a second file for the same one. Further words go to the command."""
    path = box.folder / f"{name or user}.pem"
    shown = box.must("certificate", "issue", user, "--out", str(path), *more)
    serial = re.search(r"serial ([0-9a-f]+)", shown)
    assert serial is not None, shown
    return Issued(path, serial[1])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What eapol_test said.

    Attributes:
        succeeded: the last login ended with SUCCESS, and the access point's keys were those of the device.
        text: all of its output.
        requests: how many Access-Requests it sent.
    """

    succeeded: bool
    text: str
    requests: int

    @property
    def resumptions(self) -> int:
        """How many logins went on with an earlier TLS session."""
        return self.text.count("OpenSSL: Handshake finished - resumed=1")


def eapol_test(
    box: Box, network: str, *words: str, secret: str = "testing123", mac: str = MAC, seconds: float = 15.0
) -> Outcome:
    """Log in with the lines of a network block (eap=, identity=, ...); further words are options such as -r1.

    `ca_cert` is the box's own authority, unless the block names another one.
    """
    return start_eapol_test(box, network, *words, secret=secret, mac=mac).finish(seconds)


class Running:
    """An eapol_test that is at work. It prints into a file: a pipe that nobody reads would stop it."""

    def __init__(self, words: Sequence[str], printed: Path) -> None:
        self._printed = printed
        with printed.open("wb") as file:
            self._process = subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT)

    def finish(self, seconds: float = 15.0) -> Outcome:
        """Wait for its end; what it said."""
        try:
            status = self._process.wait(seconds)
        finally:
            self._process.kill()
            self._process.wait()
        text = self._printed.read_text(encoding="utf-8", errors="replace")
        return Outcome(status == 0, text, text.count("RADIUS message: code=1 (Access-Request)"))


def start_eapol_test(
    box: Box, network: str, *words: str, secret: str = "testing123", mac: str = MAC
) -> Running:
    """Begin to log in, so that something can be done meanwhile."""
    if "ca_cert=" not in network:
        network += f'\nca_cert="{box.state / "eap-ca.crt"}"'
    config = box.write("eapol.conf", "network={\nkey_mgmt=WPA-EAP\neapol_flags=0\n" + network + "\n}\n")
    host, port = box.address("auth")
    words = ("eapol_test", f"-c{config}", f"-a{host}", f"-p{port}", f"-s{secret}", f"-M{mac}", "-t8", *words)
    return Running(words, box.folder / "eapol.out")
