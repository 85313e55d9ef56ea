"""Reader of tests/vectors/vendors/*.txt, the tables that a network engineer can check against a device's manual.

    [attempt|report|reply|disconnect|coa|order] title
        nas   field=value ...        what is set for this access device; other names than its fields are its quirks
        given name=value ...         reply, coa, order: what is granted, changed or ordered
        1     "text"                 an attribute: number, or vendor/number; then its value
        wire  1f0e...                all of a packet's attributes as they stand on the wire
        gives field=value ...        what must be read; a value with blanks stands in quotes; none=True: no such request

Values: 42 an integer of 32 bits, "text" UTF-8, gbk"text" the same in GBK, ip 10.0.0.1, ip6 2001:db8::1,
prefix 2001:db8::/64, hex a1b2.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

from zhuomai_appliance.radius.packet import Attribute, vendor_attribute

FOLDER = Path(__file__).parents[1] / "vectors" / "vendors"


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
        if head := re.fullmatch(r"\[(attempt|report|reply|disconnect|coa|order)\] (.+)", words):
            cases.append(Case(head[1], head[2]))
            continue
        key, _, rest = words.partition(" ")
        target = getattr(cases[-1], key) if key in {"nas", "given", "gives"} else None
        if target is not None:
            target.update(pair.split("=", 1) for pair in shlex.split(rest))
            continue
        try:
            if key == "wire":
                cases[-1].attributes += on_the_wire(bytes.fromhex(rest))
            else:
                cases[-1].attributes.append(attribute(key, rest.strip()))
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}") from error
    return cases


def on_the_wire(octets: bytes) -> list[Attribute]:
    """Attributes of RFC 2865 §5: number, length of the whole, value."""
    found = []
    while octets:
        if len(octets) < octets[1]:
            raise ValueError("half an attribute")
        found.append((octets[0], octets[2 : octets[1]]))
        octets = octets[octets[1] :]
    return found


def attribute(key: str, words: str) -> Attribute:
    value = octets(words)
    if "/" in key:
        vendor, _, number = key.partition("/")
        return vendor_attribute(int(vendor), int(number), value)
    return int(key), value


def octets(words: str) -> bytes:
    if words.startswith("ip "):
        return IPv4Address(words[3:]).packed
    if words.startswith("ip6 "):
        return IPv6Address(words[4:]).packed
    if words.startswith("prefix "):
        network = IPv6Network(words[7:])
        size = (network.prefixlen + 7) // 8
        return bytes((0, network.prefixlen)) + network.network_address.packed[:size]
    if words.startswith("hex "):
        return bytes.fromhex(words[4:])
    if found := re.fullmatch(r'(gbk)?"(.*)"', words):
        return found[2].encode(found[1] or "utf-8")
    return int(words).to_bytes(4, "big")
