"""Attribute values: the data types of RFC 2865 §5 and RFC 8044, from and to octets.

Readers take what `Packet.first` gave, `None` included, and answer `None` for a value of the wrong size: an ill-sized
value of a known attribute makes that value useless, not the packet (RFC 6929 §2.8, "invalid attributes").
Writers raise `ValueError`: a value of ours that does not fit is a mistake of ours.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

MAX_VALUE_OCTETS = 253
"""The longest value of one attribute: 255 less type and length (RFC 2865 §5)."""


def integer(value: bytes | None) -> int | None:
    """The unsigned 32-bit number of a 4-octet value."""
    if value is None or len(value) != 4:
        return None
    return int.from_bytes(value, "big")


def address(value: bytes | None) -> str | None:
    """The IPv4 address of a 4-octet value, in dotted form."""
    if value is None or len(value) != 4:
        return None
    return ".".join(map(str, value))


def address6(value: bytes | None) -> str | None:
    """The IPv6 address of a 16-octet value, in the form of RFC 5952."""
    if value is None or len(value) != 16:
        return None
    return str(IPv6Address(value))


def prefix6(value: bytes | None) -> str | None:
    """The IPv6 prefix of a value of 2..18 octets (RFC 3162 §2.3), e.g. `2001:db8::/32`.

    Bits beyond the prefix length are cleared: the RFC wants them zero and senders forget it.
    """
    if value is None or not 2 <= len(value) <= 18 or value[1] > 128:
        return None
    length = value[1]
    number = int.from_bytes(value[2:].ljust(16, b"\0"), "big")
    return f"{IPv6Address(number >> (128 - length) << (128 - length))}/{length}"


def interface_id(value: bytes | None) -> str | None:
    """The IPv6 interface identifier of an 8-octet value (RFC 3162 §2.2), e.g. `0200:5eff:fe00:5301`."""
    if value is None or len(value) != 8:
        return None
    return value.hex(":", 2)


def text(value: bytes | None) -> str | None:
    """The words of a text value: UTF-8, else GB18030 (of which GBK is a part), else UTF-8 with U+FFFD.

    Lossless only for the first two; whoever compares or echoes a value keeps its octets. Control characters are kept,
    so the result must be escaped before it is shown.
    """
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return value.decode("gb18030")
    except UnicodeDecodeError:
        return value.decode("utf-8", "replace")


def integer_value(number: int) -> bytes:
    """Four octets of an unsigned number; `ValueError` outside 0..2^32-1."""
    if not 0 <= number <= 0xFFFFFFFF:
        raise ValueError(f"{number} does not fit 32 bits")
    return number.to_bytes(4, "big")


def address_value(dotted: str) -> bytes:
    """Four octets of an IPv4 address in dotted form."""
    return IPv4Address(dotted).packed


def address6_value(words: str) -> bytes:
    """Sixteen octets of an IPv6 address."""
    return IPv6Address(words).packed


def prefix6_value(words: str) -> bytes:
    """The 18-octet form of `address/length` (RFC 3162 §2.3)."""
    network, _, length = words.partition("/")
    if not (length.isascii() and length.isdigit() and int(length) <= 128):
        raise ValueError(f"{words!r} is not address/length")
    return bytes((0, int(length))) + IPv6Address(network).packed


def interface_id_value(words: str) -> bytes:
    """Eight octets of four groups of four hexadecimal digits."""
    groups = words.split(":")
    if [len(group) for group in groups] != [4, 4, 4, 4]:
        raise ValueError(f"{words!r} is no interface identifier")
    return bytes.fromhex("".join(groups))


def text_value(words: str) -> bytes:
    """UTF-8 octets of a text; `ValueError` over 253 octets, never cut (a cut could halve a character)."""
    value = words.encode("utf-8")
    if len(value) > MAX_VALUE_OCTETS:
        raise ValueError(f"{len(value)} octets of text do not fit one attribute")
    return value


def escaped(words: str) -> str:
    r"""One line of visible characters: controls, line ends and bidirectional marks as `\x1b` or `\u202e`.

    Reversible, since a backslash is doubled; other scripts and blanks stay as they are. What it gives may stand in a
    terminal and in a log line; a page or a table cell needs its own quoting as well.
    """
    if words.isprintable() and "\\" not in words:
        return words
    return "".join(_visible(character) for character in words)


def _visible(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
