"""`zhuomai probe radius|portal`: ask the way an access device or a portal would, and explain the answer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zhuomai_appliance.commands.options_probe import ProbeCommand
from zhuomai_appliance.config import Config
from zhuomai_appliance.net.control import CommandFailed


@dataclass(slots=True)
class Report:
    """What came of a question.

    Attributes:
        verdict: a stable word: accept, reject, challenge, recorded, alive, told, refused, unverified, silence, failed.
        good: whether that is what was hoped for.
        milliseconds: from the last question to its answer; None without one.
        lines: what it means and what to do, a sentence each.
        attributes: of the answer, names and values as people read them.
    """

    verdict: str
    good: bool
    milliseconds: int | None = None
    lines: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)


def run(config: Config, options: ProbeCommand) -> int:
    """Ask, and print what came of it; 1 unless it is what was hoped for."""
    from zhuomai_appliance.commands import probe_portal, probe_radius

    ask = probe_radius.ask if options.subCommand == "radius" else probe_portal.ask
    report = ask(options.subOptions)
    if options.subOptions["json"]:
        print(json.dumps(asdict(report), ensure_ascii=False))
    else:
        for line in report.lines:
            print(line)
        width = max((len(name) for name, _ in report.attributes), default=0)
        for name, value in report.attributes:
            print(f"    {name:<{width}}  {value}")
    return 0 if report.good else 1


def first_line(path: str) -> bytes:
    """The first line of a file that holds a secret.

    Raises:
        CommandFailed: it cannot be read, or is empty.
    """
    try:
        words = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be read: {error.strerror}") from None
    if not words or not words[0]:
        raise CommandFailed(f"{path}: its first line is empty")
    return words[0]


def secret_of(options: Any, name: str) -> bytes | None:
    """A secret given as a word or as a file's first line; None where neither is."""
    if options[f"{name}-file"]:
        return first_line(options[f"{name}-file"])
    return None if options[name] is None else str(options[name]).encode()


def address_of(where: str, port: int) -> tuple[str, int]:
    """Host and port of «host», «host:port» or «[v6]:port».

    Raises:
        CommandFailed: the port is none.
    """
    host, colon, number = where.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        return where.strip("[]"), port
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 65_536:
        raise CommandFailed(f'"{where}": "{number}" is no port')
    return host.strip("[]"), int(number)
