"""The words of `zhuomai certificate`."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.python import usage

from zhuomai_appliance.commands.option_base import Command, Mixed


class _Certificate(Mixed):
    """One thing done with certificates; at most one word beside the options."""

    wants: ClassVar[str] = ""
    optFlags: ClassVar[list[list[Any]]] = [["json", None, "answer in JSON"]]

    def parseArgs(self, *words: str) -> None:
        """Take the word, if this one wants any."""
        if len(words) > bool(self.wants):
            raise usage.UsageError(f'"{words[bool(self.wants)]}" is one word too many')
        if self.wants:
            self[self.wants] = words[0] if words else None


class CertificateList(_Certificate):
    """Authority, server certificate, and those issued."""

    optFlags: ClassVar[list[list[Any]]] = [
        *_Certificate.optFlags,
        ["all", "a", "also those that are over or revoked"],
    ]


class CertificateShow(_Certificate):
    """One certificate with its PEM: by serial number, or the words "server" or "authority"."""

    wants = "serial"

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if self["serial"] is None:
            raise usage.UsageError('name a serial number, or "server" or "authority"')


class CertificateIssue(_Certificate):
    """A new certificate for a user (EAP-TLS) or a RadSec peer, with its key, in a file."""

    wants = "user"
    optParameters: ClassVar[list[list[Any]]] = [
        ["radsec", None, None, "for the RadSec peer of this name instead of a user"],
        ["project", None, None, "the project it belongs to, if there are several"],
        ["days", None, 365, "how long it lasts", int],
        ["out", "o", None, "the file: .p12 under a password that is printed once (default), or .pem"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if (self["user"] is None) == (self["radsec"] is None):
            raise usage.UsageError("name a user, or --radsec NAME")


class CertificateRevoke(CertificateShow):
    """From now on it opens nothing."""

    optParameters: ClassVar[list[list[Any]]] = [["reason", None, "", "why, for the register"]]


class CertificateImport(_Certificate):
    """Show a server certificate of your own from now on."""

    optParameters: ClassVar[list[list[Any]]] = [
        ["cert", None, None, "PEM: the certificate, its chain behind it"],
        ["key", None, None, "PEM: its private key, without passphrase"],
        ["chain", None, None, "PEM: the chain, if it is in a file of its own"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if self["cert"] is None or self["key"] is None:
            raise usage.UsageError("name --cert and --key")


class CertificateCommand(Command):
    """Certificates of 802.1X and RadSec."""

    module = "zhuomai_appliance.commands.certificate"
    subCommands: ClassVar[list[list[Any]]] = [
        ["list", None, CertificateList, "show what there is"],
        ["show", None, CertificateShow, "show one"],
        ["issue", None, CertificateIssue, "make one for a user or a RadSec peer"],
        ["revoke", None, CertificateRevoke, "let one open nothing any more"],
        ["renew", None, _Certificate, "make a new server certificate from the same authority"],
        ["import", None, CertificateImport, "show a server certificate of your own"],
    ]

    def postOptions(self) -> None:
        """See `usage.Options.postOptions`."""
        if self.subCommand is None:
            raise usage.UsageError("say list, show, issue, revoke, renew or import")
