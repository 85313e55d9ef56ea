"""The Huawei Portal protocol on the wire, versions 1.0 and 2.0: bytes to frozen values and back.

A message is one UDP datagram: a header of 16 octets, in version 2 an authenticator of 16 more, then attributes
(type, length that counts itself and the type, value). Numbers are big-endian.

Sources: Huawei product documentation "Portal Protocol"; the attribute table of the H3C command reference,
"Portal" chapter; the two packets of a real device printed in the "Comware 5 Debug Manual", volume 3, settle the
authenticator formulas and the meaning of the attribute length.

No clock, no socket, no store. `PortalWireError` is the only exception that bytes from outside can cause.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from zhuomai_appliance.portal.kinds import ANSWERS, AttributeKind, Kind

MAX_DATAGRAM_OCTETS = 1500
"""Longer datagrams are refused. Real messages stay under 1024 octets."""

MAX_VALUE_OCTETS = 253
MAX_LISTED_USERS = 63
"""Addresses that fit into one User-List attribute: 63 times 4 octets."""

NO_USER = "0.0.0.0"
"""The user address of a message that is about no single user."""

__all__ = [
    "ANSWERS",
    "MAX_DATAGRAM_OCTETS",
    "MAX_LISTED_USERS",
    "MAX_VALUE_OCTETS",
    "NO_USER",
    "AttributeKind",
    "Attributes",
    "Kind",
    "PortalPacket",
    "PortalWireError",
    "chap_password",
    "decode",
    "decode_text",
    "encode_answer",
    "encode_request",
    "encode_text",
    "is_authentic_answer",
    "is_authentic_request",
    "pack_address",
]

_HEADER = struct.Struct("!BBBBHH4sHBB")
_AUTHENTICATOR_OCTETS = 16
_ZEROS = bytes(_AUTHENTICATOR_OCTETS)
_VERSION_1, _VERSION_2 = 1, 2


class PortalWireError(ValueError):
    """A datagram from outside is no well-formed portal message: drop and count it."""


Attributes = tuple[tuple[int, bytes], ...]
"""Attributes in the order of the wire: number, value of 0-253 octets. Unknown numbers are kept."""


@dataclass(frozen=True, slots=True)
class PortalPacket:
    """One message as it stood on the wire.

    Attributes:
        version: 1 or 2.
        pap: the password method octet: True for PAP (1), False for CHAP (0). Meaningful in REQ_AUTH.
        serial: SerialNo, chosen by the side that asks; the answer repeats it.
        req_id: ReqID, chosen by the device; its low octet is the CHAP identifier.
        user_ip: IPv4 address of the user as dotted text; `NO_USER` when the message is about no single user.
        error_code: ErrCode; the meaning depends on `kind`.
        attributes: those that the header counts.
        authenticator: 16 octets in version 2, empty in version 1.
        datagram: the very octets received; authenticators are checked over them.
        body_octets: length of header and counted attributes; shorter than the datagram when octets follow them,
            which only an answer of version 2 may have.
    """

    version: int
    kind: Kind
    pap: bool
    serial: int
    req_id: int
    user_ip: str
    error_code: int
    attributes: Attributes
    authenticator: bytes
    datagram: bytes
    body_octets: int

    def first(self, kind: AttributeKind) -> bytes | None:
        """The value of the first attribute of this number, or None."""
        return next((value for number, value in self.attributes if number == kind), None)

    def every(self, kind: AttributeKind) -> tuple[bytes, ...]:
        """The values of all attributes of this number, in order."""
        return tuple(value for number, value in self.attributes if number == kind)

    @property
    def texts(self) -> tuple[str, ...]:
        """All TextInfo values as text, empty ones left out."""
        decoded = (decode_text(value) for value in self.every(AttributeKind.TEXT_INFO))
        return tuple(text for text in decoded if text)

    @property
    def mac(self) -> str | None:
        """The user's MAC address, `aa:bb:cc:dd:ee:ff`, from SESSION-ID; None when absent or not of 6 octets."""
        value = self.first(AttributeKind.SESSION_ID)
        return value.hex(":") if value is not None and len(value) == 6 else None

    @property
    def bas_ip(self) -> str | None:
        """The device's own address by BAS-IP, dotted text; None when absent or not of 4 octets."""
        value = self.first(AttributeKind.BAS_IP)
        return str(ipaddress.IPv4Address(value)) if value is not None and len(value) == 4 else None


def decode(datagram: bytes) -> PortalPacket:
    """Read one datagram. The authenticator is not checked here: see `is_authentic_request` and its sister.

    Raises:
        PortalWireError: too long or too short, unknown version or type, a password method other than 0 and 1,
            attributes that do not walk exactly AttrNum steps inside the datagram, or octets after the last one
            (allowed in version 2 answers alone: some devices pad them, and their authenticator decides).
    """
    if len(datagram) > MAX_DATAGRAM_OCTETS:
        raise PortalWireError(f"{len(datagram)} octets are more than {MAX_DATAGRAM_OCTETS}")
    if len(datagram) < _HEADER.size:
        raise PortalWireError(f"{len(datagram)} octets are shorter than the header")
    version, code, method, _, serial, req_id, address, _, error_code, count = _HEADER.unpack_from(datagram)
    if version not in (_VERSION_1, _VERSION_2):
        raise PortalWireError(f"unknown version {version}")
    try:
        kind = Kind(code)
    except ValueError:
        raise PortalWireError(f"unknown type 0x{code:02x}") from None
    if method > 1:
        raise PortalWireError(f"unknown password method {method}")
    start = _HEADER.size
    if version == _VERSION_2:
        start += _AUTHENTICATOR_OCTETS
        if len(datagram) < start:
            raise PortalWireError(f"{len(datagram)} octets are shorter than the header of version 2")
    attributes, end = _read_attributes(datagram, start, count)
    if end != len(datagram) and not (version == _VERSION_2 and kind in ANSWERS):
        raise PortalWireError(f"{len(datagram) - end} octets after the last attribute")
    return PortalPacket(
        version=version,
        kind=kind,
        pap=method == 1,
        serial=serial,
        req_id=req_id,
        user_ip=_dotted(address),
        error_code=error_code,
        attributes=attributes,
        authenticator=datagram[_HEADER.size : start],
        datagram=datagram,
        body_octets=end,
    )


def encode_request(
    kind: Kind,
    *,
    version: int,
    key: bytes,
    serial: int,
    user_ip: str = NO_USER,
    req_id: int = 0,
    error_code: int = 0,
    pap: bool = False,
    attributes: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """The datagram of a request, a notification or AFF_ACK_AUTH.

    Args:
        key: shared key, appended raw; unused in version 1.
        serial, req_id: 0-65535. error_code: 0-255. user_ip: dotted IPv4.

    Raises:
        ValueError: a field is out of its range; a value has more than 253 octets; more than 255 attributes;
            the datagram would be longer than 1500 octets.
    """
    header, body = _encode(kind, version, pap, serial, req_id, user_ip, error_code, attributes)
    return _signed(version, header, body, _ZEROS, key)


def encode_answer(
    kind: Kind,
    *,
    version: int,
    key: bytes,
    request_authenticator: bytes,
    serial: int,
    user_ip: str = NO_USER,
    req_id: int = 0,
    error_code: int = 0,
    pap: bool = False,
    attributes: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """The datagram of an answer (`ANSWERS`); its authenticator covers `request_authenticator` (16 octets).

    Raises:
        ValueError: as `encode_request`; or the authenticator of a version 2 request has not 16 octets.
    """
    if version == _VERSION_2 and len(request_authenticator) != _AUTHENTICATOR_OCTETS:
        raise ValueError(f"a request authenticator has 16 octets, not {len(request_authenticator)}")
    header, body = _encode(kind, version, pap, serial, req_id, user_ip, error_code, attributes)
    return _signed(version, header, body, request_authenticator, key)


def is_authentic_request(packet: PortalPacket, key: bytes) -> bool:
    """Whether a version 2 request or notification was made by a holder of `key`; constant time.

    Nothing proves a version 1 packet, so the answer for it is False: who talks version 1 to a listed device decides
    by its source address alone, and must not ask here.
    """
    return _matches(packet, _ZEROS, key, packet.body_octets)


def is_authentic_answer(packet: PortalPacket, key: bytes, request_authenticator: bytes) -> bool:
    """Whether a version 2 answer was made for this very request by a holder of `key`; constant time.

    Octets after the counted attributes are tolerated when the authenticator fits with or without them.
    False for version 1, as in `is_authentic_request`.
    """
    counted = _matches(packet, request_authenticator, key, packet.body_octets)
    whole = _matches(packet, request_authenticator, key, len(packet.datagram))
    return counted or whole


def chap_password(req_id: int, password: bytes, challenge: bytes) -> bytes:
    """ChapPassWord, 16 octets: MD5 of the low octet of ReqID, the password unpadded, and the Challenge.

    The device hands exactly this to RADIUS as CHAP-Password, with that octet as identifier (RFC 1994 §4.1).
    """
    return hashlib.md5(bytes((req_id & 0xFF,)) + password + challenge).digest()


def decode_text(value: bytes) -> str:
    """Words from a device: UTF-8, else GB18030, never an exception; control characters and outer blanks removed.

    The protocol declares no charset and devices send both.
    """
    for charset in ("utf-8", "gb18030"):
        try:
            text = value.decode(charset)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = value.decode("utf-8", "replace")
    return _CONTROL.sub("", text).strip()


def encode_text(text: str, limit_octets: int = MAX_VALUE_OCTETS) -> bytes:
    """UTF-8 octets of `text`, cut between characters so that they fit an attribute; NUL is left out."""
    encoded = text.replace("\x00", "").encode("utf-8", "replace")
    return encoded[:limit_octets].decode("utf-8", "ignore").encode("utf-8")


def pack_address(address: str) -> bytes:
    """The 4 octets of a dotted IPv4 address, as BAS-IP and User-List carry it.

    Raises:
        ValueError: no IPv4 address.
    """
    return ipaddress.IPv4Address(address).packed


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _dotted(address: bytes) -> str:
    return "{}.{}.{}.{}".format(*address)


def _read_attributes(datagram: bytes, start: int, count: int) -> tuple[Attributes, int]:
    attributes: list[tuple[int, bytes]] = []
    at = start
    for _ in range(count):
        if at + 2 > len(datagram):
            raise PortalWireError(f"attribute {len(attributes) + 1} of {count} is missing")
        length = datagram[at + 1]
        if length < 2:
            raise PortalWireError(f"attribute {datagram[at]} has length {length}")
        if at + length > len(datagram):
            raise PortalWireError(f"attribute {datagram[at]} runs past the end")
        attributes.append((datagram[at], datagram[at + 2 : at + length]))
        at += length
    return tuple(attributes), at


def _encode(
    kind: Kind,
    version: int,
    pap: bool,
    serial: int,
    req_id: int,
    user_ip: str,
    error_code: int,
    attributes: Iterable[tuple[int, bytes]],
) -> tuple[bytes, bytes]:
    if version not in (_VERSION_1, _VERSION_2):
        raise ValueError(f"there is no version {version}")
    pairs = tuple(attributes)
    for number, value in pairs:
        if len(value) > MAX_VALUE_OCTETS:
            raise ValueError(f"attribute {number} of {len(value)} octets is longer than {MAX_VALUE_OCTETS}")
    body = b"".join(bytes((number, len(value) + 2)) + value for number, value in pairs)
    address = pack_address(user_ip)
    try:
        header = _HEADER.pack(version, kind, pap, 0, serial, req_id, address, 0, error_code, len(pairs))
    except struct.error as error:
        raise ValueError(f"a header field is out of range: {error}") from None
    if len(header) + _AUTHENTICATOR_OCTETS + len(body) > MAX_DATAGRAM_OCTETS:
        raise ValueError(f"{len(body)} octets of attributes do not fit into one datagram")
    return header, body


def _signed(version: int, header: bytes, body: bytes, authenticator: bytes, key: bytes) -> bytes:
    if version == _VERSION_1:
        return header + body
    return header + hashlib.md5(header + authenticator + body + key).digest() + body


def _matches(packet: PortalPacket, authenticator: bytes, key: bytes, end: int) -> bool:
    if packet.version != _VERSION_2:
        return False
    header = packet.datagram[: _HEADER.size]
    body = packet.datagram[_HEADER.size + _AUTHENTICATOR_OCTETS : end]
    expected = hashlib.md5(header + authenticator + body + key).digest()
    return hmac.compare_digest(expected, packet.authenticator)
