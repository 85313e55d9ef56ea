"""What all commands of the command line have in common: options in any place, the settings file, plain complaints."""

from __future__ import annotations

import getopt
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from zhuomai_appliance import __version__, paths
from zhuomai_appliance.config import Config, load


class Mixed(usage.Options):
    """Options may stand before, between and after the other words, as people write them."""

    def parseOptions(self, options: Any = None) -> None:
        """Sort the options to the front, then parse as usual."""
        words = list(options or ())
        if not hasattr(self, "subCommands"):
            try:
                found, rest = getopt.gnu_getopt(words, self.shortOpt, self.longOpt)
            except getopt.error as error:
                raise usage.UsageError(str(error)) from None
            words = [word for pair in found for word in pair if word] + ["--", *rest]
            for name, value in found:
                if not value and f"{name.lstrip('-')}=" in self.longOpt:
                    raise usage.UsageError(f"{name} is empty")
        super().parseOptions(words)

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"zhuomai-appliance {__version__}")
        raise SystemExit(0)


class Command(Mixed):
    """What every command has: the settings file, named before the command or after it."""

    module: ClassVar[str]
    needs_settings: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()
    optFlags: ClassVar[list[list[Any]]] = []
    optParameters: ClassVar[list[list[Any]]] = [["config", "c", None, "the settings file"]]

    def parseArgs(self, *words: str) -> None:
        """Take the positional arguments that the command names."""
        wanted = len(self.positional)
        names = (*self.positional, *self.optional)
        if len(words) < wanted:
            raise usage.UsageError(f"{self.positional[len(words)].upper()} is missing")
        if len(words) > len(names):
            raise usage.UsageError(f'"{words[len(names)]}" is one word too many')
        for name in names:
            self[name] = None
        self.update(zip(names, words, strict=False))

    def getSynopsis(self) -> str:
        """See `usage.Options.getSynopsis`."""
        words = [
            *(word.upper() for word in self.positional),
            *(f"[{word.upper()}]" for word in self.optional),
        ]
        # The command stands before its options in what the person typed; twisted leaves it out.
        from zhuomai_appliance.commands.options import Options

        name = next((row[0] for row in Options.subCommands if row[2] is type(self)), "COMMAND")
        return " ".join(["zhuomai", name, "[options]", *words])

    def settings(self, named_before: str | None) -> Config:
        """The settings this command works under.

        Raises:
            ConfigErrors: they are wrong.
        """
        named = self["config"] or named_before
        path = Path(named) if named else paths.default_config()
        if not named and not self.needs_settings and not path.exists():
            return Config()
        return load(path)

    def one_of(self, name: str, words: tuple[str, ...]) -> None:
        """Refuse a value that is none of these words."""
        if self[name] not in words:
            raise usage.UsageError(f'"{self[name]}" is not one of {", ".join(words)}')
