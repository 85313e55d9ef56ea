"""RADIUS packets: header, ordered attributes, authenticators and Message-Authenticator.

Sources: RFC 2865 §3 and §5 (packet, attributes, Response Authenticator), RFC 2866 §3 (Accounting), RFC 3579 §3.2
(Message-Authenticator), RFC 5176 §2.3 and §3.4 (Disconnect and CoA), RFC 5997 §3 (Status-Server).

Octets in, immutable values out. `WireError` is the only exception that octets of others can cause; `ValueError` (which
is its base) otherwise means that we were asked to build something impossible. All functions run in time linear in the
datagram, which is bounded by 4096 octets and 200 attributes before anything else looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum
from hashlib import md5
from hmac import compare_digest
from struct import Struct
from typing import Final, NamedTuple

HEADER_OCTETS: Final = 20
MAX_PACKET_OCTETS: Final = 4096
"""RFC 2865 §3: a Length above this is never sent and never accepted."""

MAX_ATTRIBUTES: Final = 200
"""A bound of ours, the one FreeRADIUS ships (`security.max_attributes`): hostile input stops here."""

ZEROS: Final = bytes(16)

_PROXY_STATE: Final = 33
_VENDOR_SPECIFIC: Final = 26
_MESSAGE_AUTHENTICATOR: Final = 80
_EMPTY_SIGNATURE: Final = bytes((_MESSAGE_AUTHENTICATOR, 18)) + ZEROS

_HEADER: Final = Struct("!BBH")

Attribute = tuple[int, bytes]
"""An attribute's number and its value, without the two octets of type and length."""


class WireError(ValueError):
    """Octets that are not a packet we may act on: drop them, count them."""


class Code(IntEnum):
    """Packet codes (IANA "RADIUS Packet Type Codes")."""

    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4
    ACCOUNTING_RESPONSE = 5
    ACCESS_CHALLENGE = 11
    STATUS_SERVER = 12
    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45


# Whose Request Authenticator is a digest over the packet (RFC 2866 §3, RFC 5176 §2.3) and not a random challenge.
_DIGESTED: Final = frozenset((4, 40, 43))

_REPLIES: Final = {
    1: frozenset((2, 3, 11)),
    4: frozenset((5,)),
    12: frozenset((2, 5)),  # RFC 5997 §3: by the port that was asked
    40: frozenset((41, 42)),
    43: frozenset((44, 45)),
}


class Secret:
    """A shared secret with its MD5 states keyed once. Immutable; never printed.

    Copying a keyed state halves the cost of an HMAC-MD5 against keying it anew for each packet.
    """

    __slots__ = ("_after", "_inner", "_outer", "_secret")

    def __init__(self, secret: bytes) -> None:
        """Key the states; `ValueError` for an empty secret (RFC 2865 §3: MUST NOT be empty)."""
        if not secret:
            raise ValueError("a shared secret must not be empty")
        key = secret if len(secret) <= 64 else md5(secret, usedforsecurity=False).digest()
        pad = key.ljust(64, b"\0")
        self._secret = bytes(secret)
        self._inner = md5(bytes(octet ^ 0x36 for octet in pad), usedforsecurity=False)
        self._outer = md5(bytes(octet ^ 0x5C for octet in pad), usedforsecurity=False)
        self._after = md5(secret, usedforsecurity=False)

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._secret)

    def sign(self, octets: bytes) -> bytes:
        """HMAC-MD5 of the octets (RFC 2104): a Message-Authenticator's value."""
        inner = self._inner.copy()
        inner.update(octets)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def seal(self, octets: bytes) -> bytes:
        """MD5 of the octets followed by the secret: a Request or Response Authenticator."""
        return md5(octets + self._secret, usedforsecurity=False).digest()

    def keystream(self, octets: bytes) -> bytes:
        """MD5 of the secret followed by the octets: a block that hides a password (RFC 2865 §5.2)."""
        state = self._after.copy()
        state.update(octets)
        return state.digest()


class Packet(NamedTuple):
    """One packet as it stood on the wire.

    `attributes` keeps order and repetition, Vendor-Specific ones raw. `firsts` maps a number to its first value.
    `datagram` is trimmed to the packet's Length; signatures are checked over it, not over a re-encoding.
    A named tuple because one is made for every datagram, and a frozen dataclass takes three times as long to make.
    """

    code: int
    identifier: int
    authenticator: bytes
    attributes: tuple[Attribute, ...]
    datagram: bytes
    firsts: dict[int, bytes]

    def __repr__(self) -> str:
        """Nothing of the values: hidden passwords and CHAP answers must not slip into a log."""
        return f"<Packet code={self.code} identifier={self.identifier} attributes={len(self.attributes)}>"

    def first(self, number: int) -> bytes | None:
        """The first value of an attribute, None without one."""
        return self.firsts.get(number)

    def has(self, number: int) -> bool:
        """Whether the attribute is there at all."""
        return number in self.firsts

    def every(self, number: int) -> list[bytes]:
        """All values of an attribute, in order."""
        if number not in self.firsts:
            return []
        return [value for at, value in self.attributes if at == number]

    def vendor(self, vendor_id: int, number: int) -> bytes | None:
        """The first value of a vendor's sub-attribute (RFC 2865 §5.26), None without one.

        A Vendor-Specific attribute whose inside does not add up is passed over whole; it stays in `attributes`.
        """
        if _VENDOR_SPECIFIC not in self.firsts:
            return None
        prefix = vendor_id.to_bytes(4, "big")
        for at, value in self.attributes:
            if at == _VENDOR_SPECIFIC and value.startswith(prefix):
                for sub, inside in sub_attributes(value):
                    if sub == number:
                        return inside
        return None

    def vendor_every(self, vendor_id: int, number: int) -> list[bytes]:
        """All values of a vendor's sub-attribute, in order."""
        prefix = vendor_id.to_bytes(4, "big")
        return [
            inside
            for value in self.every(_VENDOR_SPECIFIC)
            if value.startswith(prefix)
            for sub, inside in sub_attributes(value)
            if sub == number
        ]


class Signature(Enum):
    """What became of a Message-Authenticator. BAD is also one of the wrong size, or more than one."""

    ABSENT = "absent"
    GOOD = "good"
    BAD = "bad"


def sub_attributes(value: bytes) -> tuple[Attribute, ...]:
    """The sub-attributes of a Vendor-Specific value (4 octets of vendor id first), in order.

    Empty if the inside does not fill the value exactly with parts of at least 2 octets: then nothing in it is trusted.
    """
    end = len(value)
    at = 4
    found: list[Attribute] = []
    while at < end:
        if at + 2 > end:
            return ()
        length = value[at + 1]
        if length < 2 or at + length > end:
            return ()
        found.append((value[at], value[at + 2 : at + length]))
        at += length
    return tuple(found)


def vendor_attribute(vendor_id: int, number: int, value: bytes) -> Attribute:
    """A Vendor-Specific attribute holding one sub-attribute; `ValueError` if the value is over 247 octets."""
    if len(value) > 247:
        raise ValueError(f"{len(value)} octets do not fit a vendor attribute")
    return _VENDOR_SPECIFIC, vendor_id.to_bytes(4, "big") + bytes((number, len(value) + 2)) + value


def decode(datagram: bytes, codes: frozenset[int] | None = None) -> Packet:
    """Read one packet; octets after its Length are padding (RFC 2865 §3).

    `codes` are those the port serves, None for any. Raises `WireError` for a bad Length, code, attribute length or
    attribute type 0, and for more than 200 attributes. Says nothing about signatures.
    """
    size = len(datagram)
    if size < HEADER_OCTETS:
        raise WireError("shorter than a header")
    code, identifier, length = _HEADER.unpack_from(datagram)
    if codes is not None and code not in codes:
        raise WireError("code not served here")
    if length != size:
        if not HEADER_OCTETS <= length < size:
            raise WireError("bad Length")
        datagram = datagram[:length]
    if length > MAX_PACKET_OCTETS:
        raise WireError("bad Length")
    attributes: list[Attribute] = []
    add = attributes.append
    at = HEADER_OCTETS
    try:
        while at < length:
            octets = datagram[at + 1]
            if octets < 2:
                raise WireError("attribute length below 2")
            end = at + octets
            add((datagram[at], datagram[at + 2 : end]))
            at = end
    except IndexError:
        raise WireError("half an attribute") from None
    if at != length:
        raise WireError("attribute overruns the packet")
    if len(attributes) > MAX_ATTRIBUTES:
        raise WireError("too many attributes")
    firsts = dict(reversed(attributes))
    if 0 in firsts:
        raise WireError("attribute type 0")
    return Packet(code, identifier, datagram[4:20], tuple(attributes), datagram, firsts)


def message_authenticator(packet: Packet, secret: Secret) -> Signature:
    """Check the Message-Authenticator of a request.

    For Access-Request and Status-Server over the packet as it is (RFC 3579 §3.2, RFC 5997 §3), for Accounting, CoA and
    Disconnect requests with a zero Request Authenticator (RFC 5176 §3.4), always with its own value zero.
    """
    return _signature(packet, secret, ZEROS if packet.code in _DIGESTED else packet.authenticator)


def _signature(packet: Packet, secret: Secret, authenticator: bytes) -> Signature:
    given = packet.firsts.get(_MESSAGE_AUTHENTICATOR)
    if given is None:
        return Signature.ABSENT
    if len(given) != 16:
        return Signature.BAD
    at = HEADER_OCTETS
    place = 0
    for number, value in packet.attributes:
        if number == _MESSAGE_AUTHENTICATOR:
            if place:
                return Signature.BAD
            place = at + 2
        at += len(value) + 2
    whole = packet.datagram
    signed = whole[:4] + authenticator + whole[20:place] + ZEROS + whole[place + 16 :]
    return Signature.GOOD if compare_digest(secret.sign(signed), given) else Signature.BAD


def accounting_authenticator_ok(packet: Packet, secret: Secret) -> bool:
    """Whether the Request Authenticator of an Accounting, CoA or Disconnect request is right.

    MD5 over code, identifier, length, sixteen zeros, attributes and secret (RFC 2866 §3, RFC 5176 §2.3).
    """
    whole = packet.datagram
    return compare_digest(secret.seal(whole[:4] + ZEROS + whole[20:]), packet.authenticator)


def encode_reply(
    code: int, request: Packet, attributes: Sequence[Attribute], secret: Secret, *, sign: bool
) -> bytes:
    """The signed octets of a reply to `request`.

    Message-Authenticator comes first when `sign` (so that an answer forged by a chosen prefix fails, CVE-2024-3596),
    then `attributes`, then every Proxy-State of the request, untouched and in order (RFC 2865 §5.33).
    `ValueError` for a reply over 4096 octets, a value over 253, or a Message-Authenticator among `attributes`.
    """
    body = _body(attributes, sign)
    if _PROXY_STATE in request.firsts:
        for value in request.every(_PROXY_STATE):
            body.append(_PROXY_STATE)
            body.append(len(value) + 2)
            body += value
    head = _head(code, request.identifier, body)
    return _finish(head, request.authenticator, body, secret, sign=sign)


def encode_request(
    code: int,
    identifier: int,
    attributes: Sequence[Attribute],
    secret: Secret,
    *,
    authenticator: bytes | None = None,
    sign: bool = True,
) -> bytes:
    """The octets of a request; `attributes` may hold Proxy-State, as a proxy's would.

    Access-Request and Status-Server need 16 unguessable octets as `authenticator`; for the other kinds it is computed
    and must not be given. Message-Authenticator comes first when `sign`. `ValueError` as for `encode_reply`.
    """
    body = _body(attributes, sign)
    head = _head(code, identifier, body)
    if code in _DIGESTED:
        if authenticator is not None:
            raise ValueError("the Request Authenticator of this code is computed, not chosen")
        return _finish(head, ZEROS, body, secret, sign=sign)
    if authenticator is None or len(authenticator) != 16:
        raise ValueError("this code needs a random Request Authenticator of 16 octets")
    if sign:
        body[2:18] = secret.sign(head + authenticator + body)
    return head + authenticator + body


def verify_reply(datagram: bytes, request_datagram: bytes, secret: Secret) -> Packet:
    """Read a reply to our own request, given as it was sent.

    Raises `WireError` if the octets are no packet, answer another identifier or another kind of request, or if the
    Response Authenticator (RFC 2865 §3) or a Message-Authenticator is wrong. A Message-Authenticator may be absent:
    look at `has(80)` where it must not be.
    """
    request_code = request_datagram[0]
    reply = decode(datagram, _REPLIES.get(request_code))
    if reply.identifier != request_datagram[1]:
        raise WireError("another identifier")
    whole = reply.datagram
    challenge = request_datagram[4:20]
    if not compare_digest(secret.seal(whole[:4] + challenge + whole[20:]), reply.authenticator):
        raise WireError("wrong Response Authenticator")
    if _signature(reply, secret, challenge) is Signature.BAD:
        raise WireError("wrong Message-Authenticator")
    return reply


def _body(attributes: Sequence[Attribute], sign: bool) -> bytearray:
    body = bytearray(_EMPTY_SIGNATURE if sign else b"")
    for number, value in attributes:
        if number == _MESSAGE_AUTHENTICATOR or not number:
            raise ValueError(f"attribute {number} is not a caller's to set")
        body.append(number)  # the two appends refuse what is no octet
        body.append(len(value) + 2)
        body += value
    return body


def _head(code: int, identifier: int, body: bytearray) -> bytes:
    length = HEADER_OCTETS + len(body)
    if length > MAX_PACKET_OCTETS:
        raise ValueError(f"a packet of {length} octets is never sent")
    if not (0 < code < 256 and 0 <= identifier < 256):
        raise ValueError(f"code {code} or identifier {identifier} is no octet")
    return _HEADER.pack(code, identifier, length)


def _finish(head: bytes, challenge: bytes, body: bytearray, secret: Secret, *, sign: bool) -> bytes:
    """Sign over `challenge`, then replace it by the digest that proves the sender (RFC 2865 §3, RFC 2866 §3)."""
    if sign:
        body[2:18] = secret.sign(head + challenge + body)
    return head + secret.seal(head + challenge + body) + body
