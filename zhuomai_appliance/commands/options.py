"""The words of the command line. Each command is a class here and a module of the same name that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from zhuomai_appliance import paths
from zhuomai_appliance.commands.option_base import Command, Mixed
from zhuomai_appliance.commands.options_certificate import CertificateCommand
from zhuomai_appliance.commands.options_probe import ProbeCommand
from zhuomai_appliance.config import Config

EXPORTS = (
    "accounts", "sessions", "usage", "attempts", "subscriptions", "postings", "orders", "cards", "agents", "refunds",
    "shifts", "receipts", "expenses", "figures", "audit",
)  # fmt: skip


class Serve(Command):
    """The daemon: every listener in one process."""

    module = "zhuomai_appliance.appliance"


class _Placed(Command):
    """A command that makes or fills a state directory, which may be named on the command line."""

    needs_settings = False

    def settings(self, named_before: str | None) -> Config:
        """See `Command.settings`; --state wins."""
        config = super().settings(named_before)
        return config.in_state(Path(self["state"]).absolute()) if self["state"] else config


class Init(_Placed):
    """Make a state directory: database, key, certificate, first operator."""

    module = "zhuomai_appliance.commands.init"
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]
    optParameters: ClassVar[list[list[Any]]] = [
        ["state", None, None, "the directory, instead of the one in the settings"],
        ["admin", None, "admin", "name of the first operator"],
        [
            "admin-password-file",
            None,
            None,
            "his password is this file's first line; else one is made and printed",
        ],
    ]


class Check(Command):
    """Look whether everything is as it should be, a line each."""

    module = "zhuomai_appliance.commands.check"
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]


class Apply(Command):
    """Declare a site from a TOML file; a second time changes nothing."""

    module = "zhuomai_appliance.commands.apply"
    positional = ("file",)
    optFlags: ClassVar[list[list[Any]]] = [
        ["dry-run", "n", "say what would be done, do nothing"],
        ["json", None, "answer in JSON"],
    ]


class ImportRows(Command):
    """Add people from a CSV or XLSX file."""

    module = "zhuomai_appliance.commands.import_rows"
    positional = ("what", "file")
    optFlags = Apply.optFlags
    optParameters: ClassVar[list[list[Any]]] = [["project", None, None, "the project they belong to"]]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        self.one_of("what", ("accounts",))


class Export(Command):
    """Write everything of one kind."""

    module = "zhuomai_appliance.commands.export"
    positional = ("what",)
    optParameters: ClassVar[list[list[Any]]] = [
        ["format", "f", "csv", "csv, xlsx or ndjson"],
        ["from", None, None, "from this time on, such as 2026-09-01 or 2026-09-01T07:00:00+08:00"],
        ["to", None, None, "before this time; a date alone means to the end of that day"],
        ["out", "o", None, "the file to write, instead of stdout"],
        ["project", None, None, "one project alone"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        self.one_of("what", EXPORTS)
        self.one_of("format", ("csv", "xlsx", "ndjson"))


class CardSheet(Command):
    """Print exported recharge cards: a PDF to be cut, a QR code on each."""

    module = "zhuomai_appliance.commands.card_sheet"
    needs_settings = False
    positional = ("file",)
    optParameters: ClassVar[list[list[Any]]] = [
        ["out", "o", None, "the PDF to write; it must not be there yet"],
        ["title", None, "", "what stands on each card, such as the value, in ASCII"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if self["out"] is None:
            raise usage.UsageError("name the PDF to write with --out")


class _Named(Mixed):
    """A command about one operator."""

    def parseArgs(self, *words: str) -> None:
        """Take the name."""
        if len(words) != 1:
            raise usage.UsageError("name one operator")
        self["name"] = words[0]


class OperatorAdd(_Named):
    """Add an operator."""

    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]
    optParameters: ClassVar[list[list[Any]]] = [
        ["role", None, "helpdesk", "admin, operations, cashier, finance, helpdesk or audit"],
        ["password-file", None, None, "the password is this file's first line; else one is made and printed"],
    ]


class OperatorReset(_Named):
    """Give an operator another password and end his sessions."""

    optFlags = OperatorAdd.optFlags
    optParameters: ClassVar[list[list[Any]]] = [OperatorAdd.optParameters[1]]


class OperatorToken(_Named):
    """Make an API token; it is printed once."""

    optFlags = OperatorAdd.optFlags
    optParameters: ClassVar[list[list[Any]]] = [["label", None, "", "what it is for"]]

    def __init__(self) -> None:
        super().__init__()
        self["scopes"] = []

    def opt_scope(self, word: str) -> None:
        """A permission such as sessions.read; may be given several times (default: all the operator may do)"""
        self["scopes"].extend(part for part in word.replace(",", " ").split() if part)


class OperatorCommand(Command):
    """Operators and their API tokens."""

    module = "zhuomai_appliance.commands.operator"
    subCommands: ClassVar[list[list[Any]]] = [
        ["add", None, OperatorAdd, "add an operator"],
        ["reset-password", None, OperatorReset, "give one another password"],
        ["token", None, OperatorToken, "make an API token"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if self.subCommand is None:
            raise usage.UsageError("say add, reset-password or token")


def _whole(words: Any, least: int, most: int) -> int:
    """A whole number of an option, from ``least`` to ``most``; ValueError says so."""
    if not str(words).isdigit() or not least <= int(words) <= most:
        raise ValueError(f"must be a whole number from {least} to {most}")
    return int(words)


class Trace(Command):
    """Show decoded packets of a user, a device address or an access device as they pass, secrets hidden."""

    module = "zhuomai_appliance.commands.trace"
    positional = ("who",)
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "a line of JSON for each packet"]]
    optParameters: ClassVar[list[list[Any]]] = [
        ["seconds", None, 600, "end after so many seconds", lambda words: _whole(words, 1, 3600)],
        ["count", None, 10_000, "end after so many packets", lambda words: _whole(words, 1, 100_000)],
    ]


class Disconnect(Command):
    """End sessions of a user, a device address, an access device, or one session."""

    module = "zhuomai_appliance.commands.disconnect"
    optional = ("who",)
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]
    optParameters: ClassVar[list[list[Any]]] = [["session", None, None, "Acct-Session-Id of one session"]]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if (self["who"] is None) == (self["session"] is None):
            raise usage.UsageError("name a user, a MAC or an access device, or --session ID")


class Explain(Command):
    """Say what a login would get and why: the server's own checks, one by one; nothing is changed."""

    module = "zhuomai_appliance.commands.explain"
    positional = ("who",)
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]
    optParameters: ClassVar[list[list[Any]]] = [
        ["nas", None, None, "name or address of the access device"],
        ["mac", None, None, "the device's MAC"],
        ["ssid", None, None, "the network"],
        ["ap", None, None, "the access point, its MAC or name"],
        ["vlan", None, None, "the VLAN nearest to the user"],
        ["outer-vlan", None, None, "the outer VLAN of QinQ"],
        ["ip", None, None, "the client's address"],
        ["at", None, None, "when, such as 2026-09-01T07:00:00+08:00 (default now)"],
        ["kind", None, None, "portal, pppoe, 802.1x, mac or other"],
        ["lang", None, None, "zh or en (default the terminal's)"],
    ]


class Backup(Command):
    """Copy the database while it is in use; the key is never in the copy."""

    module = "zhuomai_appliance.commands.backup"
    positional = ("file",)
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]


class Restore(_Placed):
    """Put a copy back; what was there is kept under another name."""

    module = "zhuomai_appliance.commands.restore"
    positional = ("file",)
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]
    optParameters: ClassVar[list[list[Any]]] = [
        ["state", None, None, "the directory, instead of the one in the settings"],
        ["key-file", None, None, "the key that belongs to the copy, to be put into the directory"],
    ]


class Migrate(Command):
    """Bring the database up to this program's schema, after copying it aside."""

    module = "zhuomai_appliance.commands.migrate"
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]


class Verify(Command):
    """Prove that the books balance: ledger, usage, audit chain."""

    module = "zhuomai_appliance.commands.verify"
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]


class Simulate(Command):
    """A virtual campus that drives a running box over real sockets."""

    module = "zhuomai_appliance.commands.simulate"
    needs_settings = False

    def parseOptions(self, options: Any = None) -> None:
        """Everything after the command is the simulator's own to read."""
        self["words"] = list(options or ())


class Options(Mixed):
    """ZhuoMai campus network access and billing."""

    synopsis = "zhuomai [--config FILE] COMMAND [options]"
    optParameters: ClassVar[list[list[Any]]] = [
        ["config", "c", None, f"the settings file (default {paths.default_config()})"],
    ]
    subCommands: ClassVar[list[list[Any]]] = [
        ["serve", None, Serve, "the daemon (the default)"],
        ["init", None, Init, "make a state directory"],
        ["check", None, Check, "look whether everything is as it should be"],
        ["apply", None, Apply, "declare a site from a TOML file"],
        ["import", None, ImportRows, "add people from CSV or XLSX"],
        ["export", None, Export, "write accounts, sessions, usage, postings ..."],
        ["cards", None, CardSheet, "print exported recharge cards"],
        ["operator", None, OperatorCommand, "operators and API tokens"],
        ["disconnect", None, Disconnect, "end sessions"],
        ["trace", None, Trace, "live decoded packets, secrets hidden"],
        ["probe", None, ProbeCommand, "ask a RADIUS server or an access controller, and explain the answer"],
        ["explain", None, Explain, "say what a login would get, and why"],
        ["certificate", None, CertificateCommand, "certificates of 802.1X and RadSec"],
        ["backup", None, Backup, "copy the database while serving"],
        ["restore", None, Restore, "put a copy back"],
        ["migrate", None, Migrate, "upgrade the database"],
        ["verify", None, Verify, "prove that the books balance"],
        ["simulate", None, Simulate, "a virtual campus"],
    ]
    defaultSubCommand = "serve"
    subOptions: Command
