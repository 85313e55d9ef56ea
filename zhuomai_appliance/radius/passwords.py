"""Passwords on the wire: PAP hiding (RFC 2865 §5.2) and CHAP (RFC 1994 §4.1, RFC 2865 §5.3).

Octets throughout: a password may come as UTF-8 or GBK, and only its owner's record can tell which. Comparisons take
the same time for every wrong answer.
"""

from __future__ import annotations

from hashlib import md5
from hmac import compare_digest
from typing import Final

from zhuomai_appliance.radius.packet import Secret

MAX_PASSWORD_OCTETS: Final = 128
"""RFC 2865 §5.2."""


def hide_pap(password: bytes, secret: Secret, authenticator: bytes) -> bytes:
    """The value of User-Password: 16..128 octets, a multiple of 16. `ValueError` for a password over 128 octets."""
    if len(password) > MAX_PASSWORD_OCTETS:
        raise ValueError("User-Password holds at most 128 octets")
    blocks = max(1, -(-len(password) // 16))
    clear = password.ljust(blocks * 16, b"\0")
    hidden = b""
    before = authenticator
    for at in range(0, len(clear), 16):
        before = _xor(clear[at : at + 16], secret.keystream(before))
        hidden += before
    return hidden


def reveal_pap(hidden: bytes, secret: Secret, authenticator: bytes) -> bytes | None:
    """The password in a User-Password value; None if its size is not 16..128 in steps of 16.

    The padding zeros are taken off; zeros within stay. Under a wrong secret the answer is noise, not None.
    """
    size = len(hidden)
    if size % 16 or not 16 <= size <= MAX_PASSWORD_OCTETS:
        return None
    stream = b""
    before = authenticator
    for at in range(0, size, 16):
        stream += secret.keystream(before)
        before = hidden[at : at + 16]
    return _xor(hidden, stream).rstrip(b"\0")


def chap_response(identifier: int, password: bytes, challenge: bytes) -> bytes:
    """The value of CHAP-Password, 17 octets: the CHAP identifier, then MD5 of identifier, password and challenge."""
    ident = bytes((identifier,))
    return ident + md5(ident + password + challenge, usedforsecurity=False).digest()


def chap_matches(response: bytes, password: bytes, challenge: bytes) -> bool:
    """Whether a CHAP-Password value proves the password; False for a value that is not 17 octets.

    `challenge` is the request's CHAP-Challenge or, without one, its Request Authenticator (RFC 2865 §5.3).
    """
    if len(response) != 17:
        return False
    return compare_digest(response, chap_response(response[0], password, challenge))


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
