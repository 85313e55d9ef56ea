"""Reader of tests/vectors/vendor_*.txt, the tables that a network engineer can check against a device's manual.

    [attempt|report|reply|disconnect|coa] title
        nas   field=value ...        what is set for this access device
        given name=value ...         reply and coa: what is granted
        1     "text"                 an attribute: number, or vendor/number; then its value
        gives field=value ...        what must be read; a value with blanks stands in quotes

Values: 42 an integer of 32 bits, "text" UTF-8, gbk"text" the same in GBK, ip 10.0.0.1, hex a1b2.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from zhuomai_appliance.radius.packet import Attribute, vendor_attribute

FOLDER = Path(__file__).parents[1] / "vectors"


@dataclass
class Case:
    what: str
    title: str
    nas: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)


def read(name: str) -> list[Case]:
    cases: list[Case] = []
    for number, line in enumerate((FOLDER / name).read_text("utf-8").splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        if head := re.fullmatch(r"\[(attempt|report|reply|disconnect|coa)\] (.+)", words):
            cases.append(Case(head[1], head[2]))
            continue
        key, _, rest = words.partition(" ")
        target = getattr(cases[-1], key) if key in {"nas", "given", "gives"} else None
        if target is not None:
            target.update(pair.split("=", 1) for pair in shlex.split(rest))
            continue
        try:
            cases[-1].attributes.append(attribute(key, rest.strip()))
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}") from error
    return cases


def attribute(key: str, words: str) -> Attribute:
    value = octets(words)
    if "/" in key:
        vendor, _, number = key.partition("/")
        return vendor_attribute(int(vendor), int(number), value)
    return int(key), value


def octets(words: str) -> bytes:
    if words.startswith("ip "):
        return IPv4Address(words[3:]).packed
    if words.startswith("hex "):
        return bytes.fromhex(words[4:])
    if found := re.fullmatch(r'(gbk)?"(.*)"', words):
        return found[2].encode(found[1] or "utf-8")
    return int(words).to_bytes(4, "big")
