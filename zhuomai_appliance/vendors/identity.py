"""Addresses, VLANs and networks out of the texts that access devices send (vendor notes §1).

The readers remember what they read: a school has few ports and networks, and the same phones come back all day.

Every reader takes whatever stands in the attribute and answers None for what it cannot read: a device's odd writing
must not cost a user the login. The forms come from the vendors' guides; the table in the tests quotes them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from zhuomai_appliance.radius.values import address, text

_SEPARATORS: Final = str.maketrans("", "", "-:.")
_TWELVE_HEX: Final = re.compile(r"[0-9a-f]{12}")
_MAC_AT_START: Final = re.compile(
    rb"(?:[0-9A-Fa-f]{2}([-:.]?)(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    rb"|[0-9A-Fa-f]{4}([-.:])[0-9A-Fa-f]{4}\2[0-9A-Fa-f]{4})(?![0-9A-Fa-f])"
)
_NO_ADDRESS: Final = frozenset({"255.255.255.255", "255.255.255.254", "0.0.0.0"})
_DIGITS: Final = re.compile(r"[0-9]{16}", re.ASCII)
_KEYED: Final = re.compile(r"vlan\s*-?\s*(?:id)?\s*=\s*([0-9]{1,6})", re.ASCII | re.IGNORECASE)
_KEYED_INNER: Final = re.compile(r"vlan\s*-?\s*(?:id)?2\s*=\s*([0-9]{1,6})", re.ASCII | re.IGNORECASE)
_XPI_XCI: Final = re.compile(
    r"(?:eth|trunk|0)\s*[0-9]+/[0-9]+/[0-9]+:([0-9]{1,6})\.([0-9]{1,6})", re.ASCII | re.IGNORECASE
)
_HUAWEI_BRAS: Final = re.compile(
    r"(?:[a-z-]+[0-9]+/[0-9]+/[0-9]+|eth-trunk[0-9]+)\.[0-9]+(?::([0-9]{1,6}))?(?:\.([0-9]{1,6}))?",
    re.ASCII | re.IGNORECASE,
)
_REDBACK: Final = re.compile(r"[0-9]+/[0-9]+/[0-9]+:([0-9]{1,6})\.([0-9]{1,6})", re.ASCII)
_CIRCUIT: Final = re.compile(  # option 82 as access nodes write it by default (TR-101 §3.9.3)
    r"\beth\s+[0-9]+(?:/[0-9]+){1,4}:([0-9]{1,6})(?:\.([0-9]{1,6}))?", re.ASCII | re.IGNORECASE
)
_NAMED: Final = re.compile(r"(?<![a-z0-9])vlan[-_]?([0-9]{1,4})(?![0-9])", re.ASCII | re.IGNORECASE)

#: RADIUS clients write "no VLAN" as 4096 (H3C's absent XPI or XCI) or 0.
_VLANS: Final = range(1, 4095)


class Vlans(NamedTuple):
    """The VLANs of an access port; ``inner`` is the customer's own tag of QinQ."""

    outer: int | None
    inner: int | None

    @property
    def user(self) -> int | None:
        """The tag nearest to the user: the inner one, else the only one."""
        return self.inner if self.inner is not None else self.outer


NO_VLANS: Final = Vlans(None, None)


@lru_cache(maxsize=16_384)
def mac_from(value: bytes | None) -> str | None:
    """The MAC in Calling-Station-Id, User-Name or 26-60, as ``aa:bb:cc:dd:ee:ff``; None if there is none.

    Twelve hex digits with any of ``-:.`` between them in any place, or exactly six octets. A longer text gives the
    last separate group of twelve digits (ZTE puts its own words before it). A text of six characters that are hex
    digits or letters would be six octets too: it is read as a MAC only if some octet is no printable ASCII.
    """
    if not value:
        return None
    if len(value) == 6:
        return None if all(0x20 <= octet < 0x7F for octet in value) else value.hex(":")
    words = value.decode("latin-1").lower()
    bare = words.strip().translate(_SEPARATORS)
    if len(bare) != 12 or _TWELVE_HEX.fullmatch(bare) is None:
        groups = [word for word in re.split(r"[^0-9a-f]+", words.translate(_SEPARATORS)) if len(word) == 12]
        if not groups:
            return None
        bare = groups[-1]
    return ":".join((bare[0:2], bare[2:4], bare[4:6], bare[6:8], bare[8:10], bare[10:12]))


@lru_cache(maxsize=16_384)
def mac_of_name(name: bytes | None) -> str | None:
    """The MAC if a User-Name is nothing else than a MAC: strict, so that an account's name is not taken for one."""
    if not name:
        return None
    if len(name) == 6:
        return mac_from(name)
    found = _MAC_AT_START.fullmatch(name.strip())
    return mac_from(found.group()) if found else None


def address_and_mac_from(value: bytes | None) -> tuple[str | None, str | None]:
    """Address and MAC of Huawei's and H3C's 26-60, "10.1.2.3 a4:5e:60:aa:bb:cc"; the all-ones address is unknown."""
    first, _, rest = (value or b"").decode("latin-1").strip().partition(" ")
    return usable_address(first), mac_from(rest.encode("latin-1"))


def usable_address(dotted: str | None) -> str | None:
    """A dotted IPv4 address, None for the values that mean "not known yet" (RFC 2865 §5.8) and for no address."""
    if dotted is None or dotted in _NO_ADDRESS:
        return None
    parts = dotted.split(".")
    if len(parts) != 4 or not all(
        p.isascii() and p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts
    ):
        return None
    return ".".join(str(int(p)) for p in parts)


class Called(NamedTuple):
    """Where a client of a wireless network is: the access point (or one of its radios), and the network."""

    ap_mac: str | None
    ssid: str | None


NOT_CALLED: Final = Called(None, None)


@lru_cache(maxsize=16_384)
def called_from(called: bytes | None) -> Called:
    """Access point and network of a Called-Station-Id ``AP-MAC:SSID`` (RFC 3580 §3.20), or of a MAC alone.

    Both None if no MAC comes first: a PPPoE service or a hotspot's name. An SSID may hold ``:``, blanks and any octets
    up to 32 (IEEE 802.11-2020 §9.4.2.2); longer is no SSID.
    """
    found = _MAC_AT_START.match(called) if called else None
    if not called or found is None:
        return NOT_CALLED
    name = called[found.end() + 1 :] if called[found.end() : found.end() + 1] == b":" else b""
    return Called(mac_from(found.group()), storable(words_of(name)) if 0 < len(name) <= 32 else None)


@lru_cache(maxsize=16_384)
def leading_mac(value: bytes | None) -> str | None:
    """The MAC that a text begins with, as in Huawei's 26-141 "a45e-60aa-bbcc 10.1.2.3" with the access point's address."""
    return mac_from(value.strip().partition(b" ")[0]) if value else None


def ssid_from(called: bytes | None) -> str | None:
    """The network's name of a Called-Station-Id alone."""
    return called_from(called).ssid


@lru_cache(maxsize=16_384)
def vlans_from(port_id: str | None) -> Vlans:
    """The VLANs in a NAS-Port-Id, in whichever of the known writings; none known: no VLAN, no error."""
    if not port_id:
        return NO_VLANS
    words = port_id.strip()
    if keyed := _KEYED.search(words):
        inner = _KEYED_INNER.search(words)
        return _vlans(keyed[1], inner[1] if inner else None)
    if _DIGITS.fullmatch(words):  # Huawei campus "old": slot.. then nine characters of VLAN
        return _vlans(words[-9:], None)
    for form in (_XPI_XCI, _REDBACK, _HUAWEI_BRAS):
        if found := form.match(words):
            return _vlans(found[1], found[2])
    if circuit := _CIRCUIT.search(words):
        return _vlans(circuit[1], circuit[2])
    if named := _NAMED.search(words):  # RouterOS interface names, "vlan100-dorm"
        return _vlans(named[1], None)
    return NO_VLANS


def _vlans(outer: str | None, inner: str | None) -> Vlans:
    first, second = _vlan(outer), _vlan(inner)
    # "4096.1234" is an untagged outer side: the one real tag is the VLAN, not an inner one of nothing.
    return Vlans(first, second) if first is not None else Vlans(second, None)


def _vlan(digits: str | None) -> int | None:
    number = int(digits) if digits else 0
    return number if number in _VLANS else None


def words_of(value: bytes | None) -> str | None:
    """A name or SSID in the encoding it most likely has: UTF-8, else GB18030.

    Two Chinese characters in GBK can be two letters of other scripts in UTF-8, as 校园 is. Where UTF-8 gives letters of
    U+0250 to U+07FF (Cyrillic, Armenian, Hebrew, Arabic) and GB2312, the common part of GBK, gives nothing but Chinese,
    Chinese is meant; a Russian word nearly always has a letter that GB2312 has not.
    """
    words = text(value)
    if value is None or words is None or words.isascii():
        return words
    if not any("\u0250" <= letter <= "\u07ff" for letter in words):
        return words
    try:
        chinese = value.decode("gb2312")
    except UnicodeDecodeError:
        return words
    return chinese if all(c < "\x80" or "\u4e00" <= c <= "\u9fff" for c in chinese) else words


def storable(words: str | None) -> str:
    """A device's text without the one character that a text column of every engine cannot hold."""
    return (words or "").replace("\0", "\N{REPLACEMENT CHARACTER}")


@lru_cache(maxsize=16_384)
def stored_words(value: bytes | None) -> str:
    """`words_of` what a device sent, fit to be stored; empty without a value."""
    return storable(words_of(value))


@lru_cache(maxsize=16_384)
def framed_address(value: bytes | None) -> str | None:
    """The user's address in a Framed-IP-Address, None for one that means «not known yet»."""
    return usable_address(address(value))


@lru_cache(maxsize=16_384)
def raw_station(value: bytes | None) -> str:
    """A station identifier as text to keep and to echo; six octets of a MAC become twelve hex digits."""
    if value and len(value) == 6 and mac_from(value):
        return value.hex()
    return storable(words_of(value))


def session_id_from(value: bytes | None) -> str:
    """Acct-Session-Id as text that two different identifiers never share; printable ASCII stays as it is.

    Anything else is written with escapes, the backslash too, because replacement characters would let two sessions
    fall into one.
    """
    if not value:
        return ""
    words = value.decode("latin-1")
    if words.isascii() and words.isprintable() and "\\" not in words:
        return words
    return "".join(chr(o) if 0x20 <= o < 0x7F and o != 0x5C else f"\\x{o:02x}" for o in value)


def session_id_octets(words: str) -> bytes:
    """The octets of a `session_id_from` text, for the Disconnect-Request."""
    parts = words.encode("ascii", "replace").split(b"\\x")
    return parts[0] + b"".join(bytes.fromhex(p[:2].decode("ascii")) + p[2:] for p in parts[1:])
