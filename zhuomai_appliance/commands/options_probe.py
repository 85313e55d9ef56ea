"""The words of `zhuomai probe`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from twisted.python import usage

from zhuomai_appliance.commands.option_base import Command, Mixed

REPORTS: Final = ("start", "interim", "stop", "on", "off")


def _whole(least: int, most: int) -> Any:
    def read(words: Any) -> int:
        if not str(words).isdigit() or not least <= int(words) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(words)

    return read


class _Probe(Mixed):
    """Asking one server or device."""

    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]

    def parseArgs(self, *words: str) -> None:
        """Take the address."""
        if len(words) != 1:
            raise usage.UsageError("name one address, such as 192.0.2.1 or 192.0.2.1:1812")
        self["where"] = words[0]

    def only_one_of(self, *names: str) -> None:
        """Refuse options that exclude each other."""
        given = [name for name in names if self[name]]
        if len(given) > 1:
            raise usage.UsageError(" and ".join(f"--{name}" for name in given) + " exclude each other")


class ProbeRadius(_Probe):
    """Ask a RADIUS server the way an access device would, and explain the answer."""

    optFlags: ClassVar[list[list[Any]]] = [
        *_Probe.optFlags,
        ["chap", None, "log in by CHAP instead of PAP"],
        ["status", None, "ask whether the server lives (Status-Server, RFC 5997)"],
        ["acct-port", None, "with --status: ask the accounting port"],
        ["tls", None, "over TLS (RadSec) instead of UDP"],
    ]
    optParameters: ClassVar[list[list[Any]]] = [
        ["secret", None, None, "shared secret (with --tls: radsec); others on this machine can read it here"],
        ["secret-file", None, None, "the secret is this file's first line"],
        ["user", "u", None, "user name to log in with"],
        ["password", None, None, "its password"],
        ["password-file", None, None, "the password is this file's first line"],
        ["acct", None, None, "send a report instead of a login: start, interim, stop, on or off"],
        ["session", None, "zhuomai-probe", "Acct-Session-Id of the report"],
        ["mac", None, None, "Calling-Station-Id"],
        ["nas", None, "zhuomai-probe", "NAS-Identifier"],
        ["cert", None, None, "with --tls: PEM of our certificate, its key and the server's authority"],
        [
            "server-name",
            None,
            None,
            "with --tls: the name in the server's certificate (default: the address)",
        ],
        ["tries", None, 3, "how often to ask", _whole(1, 10)],
        ["timeout", None, 2, "seconds that each try waits", _whole(1, 60)],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["attributes"] = []

    def opt_attr(self, words: str) -> None:
        """One more attribute, such as NAS-Port-Type=Wireless-802.11; may be given several times"""
        if "=" not in words:
            raise usage.UsageError(f'"{words}" is not NAME=VALUE')
        self["attributes"].append(tuple(words.split("=", 1)))

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        self.only_one_of("secret", "secret-file")
        self.only_one_of("password", "password-file")
        self.only_one_of("status", "acct")
        if self["acct"] and self["acct"] not in REPORTS:
            raise usage.UsageError(f'"{self["acct"]}" is not one of {", ".join(REPORTS)}')
        if not (self["status"] or self["acct"] or self["user"]):
            raise usage.UsageError("say --user NAME, --status or --acct KIND")
        if self["tls"] != bool(self["cert"]):
            raise usage.UsageError("--tls and --cert FILE belong together")
        if not (self["tls"] or self["secret"] or self["secret-file"]):
            raise usage.UsageError("--secret or --secret-file is missing")


class ProbePortal(_Probe):
    """Ask an access controller by the portal protocol about a client's traffic, and explain the answer."""

    optParameters: ClassVar[list[list[Any]]] = [
        ["key", None, None, "shared key of the portal protocol; others on this machine can read it here"],
        ["key-file", None, None, "the key is this file's first line"],
        ["ip", None, "192.0.2.254", "the client asked about (default: an address that is nobody's)"],
        ["portal-version", None, 2, "version of the protocol, 1 or 2", _whole(1, 2)],
        ["listen", None, "0.0.0.0:0", "ask from this address and port"],
        ["tries", None, 2, "how often to ask", _whole(1, 10)],
        ["timeout", None, 3, "seconds that each try waits", _whole(1, 60)],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        self.only_one_of("key", "key-file")
        if self["portal-version"] == 2 and not (self["key"] or self["key-file"]):
            raise usage.UsageError("--key or --key-file is missing; version 1 alone has none")


class ProbeCommand(Command):
    """Ask a RADIUS server or an access controller, and explain the answer."""

    module = "zhuomai_appliance.commands.probe"
    needs_settings = False
    subCommands: ClassVar[list[list[Any]]] = [
        ["radius", None, ProbeRadius, "ask a RADIUS server the way an access device would"],
        ["portal", None, ProbePortal, "ask an access controller by the portal protocol"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if self.subCommand is None:
            raise usage.UsageError("say radius or portal")
