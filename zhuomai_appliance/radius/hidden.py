"""Values of replies that only the two ends of a hop can read: MPPE keys (RFC 2548 §2.4), Tunnel-Password (RFC 2868 §3.5).

What goes out is the salt (2 octets, the top bit set) and then, of the value's length, the value and zeros up to a
multiple of 16, each block p(i) as c(i), where b(1) = MD5(secret + Request Authenticator + salt), further
b(i) = MD5(secret + c(i-1)), and c(i) = p(i) xor b(i).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from zhuomai_appliance.radius.packet import Attribute, Secret, vendor_attribute
from zhuomai_appliance.radius.passwords import hide_pap

MAX_CLEAR_OCTETS: Final = 239
"""Fifteen blocks with the length in front, and the salt before them, are what one attribute of a vendor holds."""

_TOP_BIT: Final = 0x80


class HiddenValue(NamedTuple):
    """A vendor's attribute in clear, to be hidden by whoever knows the secret of the hop. Never shown.

    ``like_password``: without salt, as User-Password is: MS-CHAP-MPPE-Keys (RFC 2548 §2.4.1).
    """

    vendor_id: int
    number: int
    clear: bytes
    like_password: bool = False

    def __repr__(self) -> str:
        return f"<HiddenValue {self.vendor_id}.{self.number}, {len(self.clear)} octets>"


def hide(clear: bytes, secret: Secret, authenticator: bytes, salt: bytes) -> bytes:
    """The value as it goes out.

    Args:
        clear: at most 239 octets.
        authenticator: the Request Authenticator that is answered.
        salt: two octets, the top bit set; another one for each attribute of a packet.

    Raises:
        ValueError: it does not fit, or the salt is none.
    """
    if len(clear) > MAX_CLEAR_OCTETS:
        raise ValueError(f"{len(clear)} octets cannot be hidden in one attribute")
    if len(salt) != 2 or not salt[0] & _TOP_BIT:
        raise ValueError("a salt has two octets, the top bit set")
    padded = bytes((len(clear),)) + clear
    padded = padded.ljust(-(-len(padded) // 16) * 16, b"\0")
    hidden = b""
    before = authenticator + salt
    for at in range(0, len(padded), 16):
        before = _xor(padded[at : at + 16], secret.keystream(before))
        hidden += before
    return salt + hidden


def reveal(value: bytes, secret: Secret, authenticator: bytes) -> bytes | None:
    """The clear value; None where it cannot be one, which a wrong secret makes likely but not certain."""
    salt, hidden = value[:2], value[2:]
    if len(salt) != 2 or not hidden or len(hidden) % 16:
        return None
    clear = b""
    before = authenticator + salt
    for at in range(0, len(hidden), 16):
        clear += _xor(hidden[at : at + 16], secret.keystream(before))
        before = hidden[at : at + 16]
    length = clear[0]
    return clear[1 : 1 + length] if length < len(clear) else None


def hidden_attributes(
    values: Iterable[HiddenValue], secret: Secret, authenticator: bytes
) -> tuple[Attribute, ...]:
    """Values as attributes of a reply to the request with this authenticator.

    A salt is made of value and request under the secret, and of its place, so that no two of a packet are the same and
    nobody else can tell one beforehand. `ValueError` for a value that does not fit.
    """
    made: list[Attribute] = []
    for place, value in enumerate(values):
        if value.like_password:
            hidden = hide_pap(value.clear, secret, authenticator)
            made.append(vendor_attribute(value.vendor_id, value.number, hidden))
            continue
        salt = secret.sign(authenticator + value.clear)
        octets = bytes((salt[0] | _TOP_BIT, salt[1] & 0xE0 | place & 0x1F))
        made.append(
            vendor_attribute(value.vendor_id, value.number, hide(value.clear, secret, authenticator, octets))
        )
    return tuple(made)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
