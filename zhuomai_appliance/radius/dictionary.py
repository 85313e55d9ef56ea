"""Names and types of attributes, for people: traces, settings, probes. The hot path uses numbers (`attributes.py`).

The files under dictionaries/ are in FreeRADIUS syntax and read by pyrad. Huawei has two meanings for many numbers
under one vendor id, so a dictionary is loaded for a dialect, and only that dialect's file explains numbers; names are
unique over all files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from pyrad.dictionary import Attribute as DictionaryLine
from pyrad.dictionary import Dictionary as DictionaryFile

from zhuomai_appliance.radius.packet import Attribute, Packet, sub_attributes, vendor_attribute
from zhuomai_appliance.radius.values import (
    address,
    address6,
    address6_value,
    address_value,
    escaped,
    integer,
    integer_value,
    interface_id,
    interface_id_value,
    prefix6,
    prefix6_value,
    text,
    text_value,
)

Kind = Literal["string", "octets", "integer", "date", "ipaddr", "ipv6addr", "ipv6prefix", "ifid"]
"""Data types, by FreeRADIUS's words. Python values: str, bytes, int, int (epoch seconds), and str for the rest."""

Value = str | bytes | int

FOLDER: Final = Path(__file__).parent / "dictionaries"
STANDARD_FILES: Final = (
    "rfc2865", "rfc2866", "rfc2868", "rfc2869", "rfc3162", "rfc4372", "rfc4675", "rfc5176", "rfc5580", "rfc6929", "rfc7268",
)  # fmt: skip
VENDOR_FILES: Final = (
    "h3c", "ruijie", "zte", "mikrotik", "cisco", "aruba", "wispr", "microsoft", "redback", "ikuai",
)  # fmt: skip
HUAWEI_FILES: Final = {"huawei-campus": "huawei.campus", "huawei-bras": "huawei.bras"}

_VENDOR_SPECIFIC: Final = 26

# What an eavesdropper on a trace could use: passwords, and answers that a password can be searched with.
# The dictionaries' encrypt flag marks the others.
_SECRET_NAMES: Final = frozenset((
    "ARAP-Challenge-Response", "ARAP-Password", "CHAP-Challenge", "CHAP-Password", "EAP-Message",
    "HW-DPSK-Info", "Huawei-User-Password", "MS-CHAP-Challenge", "MS-CHAP-Error", "MS-CHAP-Response",
    "MS-CHAP2-Response", "MS-CHAP2-Success", "Message-Authenticator", "Mikrotik-Wireless-PSK",
))  # fmt: skip

_READERS: Final[Mapping[str, Callable[[bytes], Value | None]]] = {
    "string": text,
    "octets": bytes,
    "integer": integer,
    "date": integer,
    "ipaddr": address,
    "ipv6addr": address6,
    "ipv6prefix": prefix6,
    "ifid": interface_id,
}

_WRITERS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "string": text_value,
    "ipaddr": address_value,
    "ipv6addr": address6_value,
    "ipv6prefix": prefix6_value,
    "ifid": interface_id_value,
}


@dataclass(frozen=True, slots=True)
class AttributeType:
    """One attribute as the dictionaries define it.

    `vendor_id` is 0 for standard attributes. `values` maps the names of numbers. `tagged`: RFC 2868, a tag of 1..31
    may stand first in the value. `secret`: not to be shown.
    """

    name: str
    vendor_id: int
    number: int
    kind: Kind
    values: Mapping[str, int]
    tagged: bool
    secret: bool

    def encode(self, value: Value, tag: int = 0) -> Attribute:
        """The attribute with this value, in its Vendor-Specific wrapping if it is a vendor's.

        Numbers may be given by name or as decimal text. Raises `ValueError` for a value that the type cannot hold.
        """
        octets = self._octets(value)
        if self.tagged and self.kind == "integer":
            if octets[0] or not 0 <= tag < 32:
                raise ValueError(f"{self.name} holds a tag of 0..31 and 24 bits")
            octets = bytes((tag,)) + octets[1:]
        elif tag:
            if not self.tagged or not 0 < tag < 32:
                raise ValueError(f"{self.name} does not take the tag {tag}")
            octets = bytes((tag,)) + octets
        if self.vendor_id:
            return vendor_attribute(self.vendor_id, self.number, octets)
        return self.number, octets

    def decode(self, octets: bytes) -> Value | None:
        """The value without its tag; None if its size is not the type's."""
        if self.tagged:
            _, octets = self._untagged(octets)
        return _READERS[self.kind](octets)

    def tag(self, octets: bytes) -> int:
        """The tag of a value, 0 without one."""
        return self._untagged(octets)[0] if self.tagged else 0

    def show(self, octets: bytes) -> str:
        """The value for people, on one line: numbers by name where they have one, octets in hexadecimal."""
        value = self.decode(octets)
        if value is None or isinstance(value, bytes):
            return f"0x{octets.hex()}"
        if isinstance(value, int):
            return next((name for name, number in self.values.items() if number == value), str(value))
        return escaped(value)

    def _octets(self, value: Value) -> bytes:
        if isinstance(value, bytes):
            return value
        if self.kind in ("integer", "date"):
            if isinstance(value, str):
                number = self.values.get(value)
                value = int(value) if number is None else number
            return integer_value(value)
        if isinstance(value, int) or self.kind not in _WRITERS:
            raise ValueError(f"{self.name} is {self.kind}, not {type(value).__name__}")
        return _WRITERS[self.kind](value)

    def _untagged(self, octets: bytes) -> tuple[int, bytes]:
        # RFC 2868 §3.6: a first octet over 0x1F is the first of a text, not a tag
        if not octets or octets[0] > 0x1F:
            return 0, octets
        if self.kind == "integer":
            return octets[0], b"\0" + octets[1:]
        return octets[0], octets[1:]


class Dictionary:
    """All attributes of the product's dictionary files. Made by `load`."""

    def __init__(self, types: list[AttributeType]) -> None:
        """Later types explain numbers in place of earlier ones; names must differ."""
        self._by_name = {kind.name: kind for kind in types}
        self._by_number = {(kind.vendor_id, kind.number): kind for kind in types}
        if len(self._by_name) != len(types):
            raise ValueError("two attributes of one name")

    def __iter__(self) -> Iterator[AttributeType]:
        return iter(self._by_name.values())

    def named(self, name: str) -> AttributeType:
        """The attribute of that name; `KeyError` if there is none."""
        return self._by_name[name]

    def numbered(self, number: int, vendor_id: int = 0) -> AttributeType | None:
        """The attribute of that number, None if the dictionaries do not know it."""
        return self._by_number.get((vendor_id, number))

    def name_of(self, number: int, vendor_id: int = 0) -> str:
        """Its name, or `Attr-241`, or `Attr-26.2011.77` as FreeRADIUS writes unknown ones."""
        known = self.numbered(number, vendor_id)
        if known is not None:
            return known.name
        return f"Attr-26.{vendor_id}.{number}" if vendor_id else f"Attr-{number}"

    def describe(self, packet: Packet, reveal: bool = False) -> list[tuple[str, str]]:
        """Names and printable values of a packet, in order, each vendor sub-attribute by itself.

        Secret ones show their size only, unless `reveal`; even then hidden passwords stay hidden octets. Control and
        bidirectional characters are escaped. A tag stands behind the name (`Tunnel-Type:1`).
        """
        lines: list[tuple[str, str]] = []
        for number, value in packet.attributes:
            inside = sub_attributes(value) if number == _VENDOR_SPECIFIC else ()
            if inside:
                vendor_id = int.from_bytes(value[:4], "big")
                lines.extend(self._line(vendor_id, sub, part, reveal) for sub, part in inside)
            else:
                lines.append(self._line(0, number, value, reveal))
        return lines

    def _line(self, vendor_id: int, number: int, value: bytes, reveal: bool) -> tuple[str, str]:
        known = self.numbered(number, vendor_id)
        if known is None:
            return self.name_of(number, vendor_id), f"0x{value.hex()}"
        name = known.name
        if known.secret and not reveal:
            return name, f"<hidden, {len(value)} octets>"
        tag = known.tag(value)
        return f"{name}:{tag}" if tag else name, known.show(value)


@lru_cache
def load(dialect: str = "huawei-campus") -> Dictionary:
    """The dictionary in which `dialect`, a vendor word of the settings, explains the numbers.

    Only `huawei-bras` differs from the others. Reads the files at the first call for a dialect.
    """
    preferred = dialect if dialect in HUAWEI_FILES else "huawei-campus"
    vendors = [*VENDOR_FILES]
    vendors += [file for name, file in HUAWEI_FILES.items() if name != preferred]
    vendors.append(HUAWEI_FILES[preferred])
    types = _types(*STANDARD_FILES)
    for file in vendors:
        types += _types(file)
    return Dictionary(types)


def _types(*files: str) -> list[AttributeType]:
    read = DictionaryFile(*(str(FOLDER / file) for file in files))
    return [
        _type(line, read.vendors.GetForward(line.vendor) if line.vendor else 0)
        for line in read.attributes.values()
    ]


def _type(line: DictionaryLine, vendor_id: int) -> AttributeType:
    if line.type not in get_args(Kind):
        raise ValueError(f"{line.name}: the type {line.type} is not supported")
    names = {name: int.from_bytes(line.values.GetForward(name), "big") for name in line.values.forward}
    return AttributeType(
        name=line.name,
        vendor_id=vendor_id,
        number=line.code,
        kind=cast("Kind", line.type),
        values=MappingProxyType(names),
        tagged=line.has_tag,
        secret=bool(line.encrypt) or line.name in _SECRET_NAMES,
    )
