"""Hidden values of replies: what goes in comes out, by the formula of the RFC, and never twice under one salt."""

from __future__ import annotations

from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad import packet as pyrad_packet
from pyrad.dictionary import Dictionary

from zhuomai_appliance.radius.dictionary import FOLDER
from zhuomai_appliance.radius.hidden import HiddenValue, hidden_attributes, hide, reveal
from zhuomai_appliance.radius.packet import Secret
from zhuomai_appliance.radius.passwords import reveal_pap

SECRET = Secret(b"xyzzy5461")
AUTHENTICATOR = bytes(range(16))
SALT = b"\x95\x01"


def test_blocks_are_those_of_the_rfc() -> None:
    """RFC 2548 §2.4.2, written out by hand for a key of 32 octets."""
    key = bytes(range(100, 132))
    clear = (b"\x20" + key).ljust(48, b"\0")
    stream, blocks = AUTHENTICATOR + SALT, []
    for at in (0, 16, 32):
        mask = md5(b"xyzzy5461" + stream).digest()
        stream = bytes(one ^ other for one, other in zip(clear[at : at + 16], mask, strict=True))
        blocks.append(stream)
    assert hide(key, SECRET, AUTHENTICATOR, SALT) == SALT + b"".join(blocks)


def test_another_implementation_reads_it() -> None:
    """pyrad hides Tunnel-Password by the same formula; each of the two reads what the other wrote."""
    words = Dictionary(str(FOLDER / "rfc2865"), str(FOLDER / "rfc2868"))
    reply = pyrad_packet.AuthPacket(dict=words, secret=b"xyzzy5461", authenticator=AUTHENTICATOR)
    assert reveal(reply.SaltCrypt(b"a password"), SECRET, AUTHENTICATOR) == b"a password"


@given(st.binary(max_size=239), st.binary(min_size=16, max_size=16), st.binary(min_size=2, max_size=2))
def test_what_goes_in_comes_out(clear: bytes, authenticator: bytes, salt: bytes) -> None:
    """For every length that fits."""
    salt = bytes((salt[0] | 0x80, salt[1]))
    assert reveal(hide(clear, SECRET, authenticator, salt), SECRET, authenticator) == clear


@given(st.binary(max_size=260))
def test_noise_is_never_an_exception(value: bytes) -> None:
    """Whatever a server elsewhere sends."""
    found = reveal(value, SECRET, AUTHENTICATOR)
    assert found is None or len(found) < len(value)


def test_salts_of_a_packet_differ() -> None:
    """RFC 2548 §2.4.2: one keystream is used once; equal keys too look different."""
    values = [HiddenValue(311, number, bytes(32)) for number in (16, 17)]
    first, second = hidden_attributes(values, SECRET, AUTHENTICATOR)
    assert first[1][:6] == b"\0\0\x01\x37\x10\x34"
    assert first[1][6] & 0x80 and second[1][6] & 0x80
    assert first[1][6:8] != second[1][6:8]
    assert reveal(second[1][6:], SECRET, AUTHENTICATOR) == bytes(32)
    assert "00" not in repr(values[0])


def test_what_does_not_fit_is_refused() -> None:
    """A mistake of ours, told at once."""
    with pytest.raises(ValueError, match="240"):
        hide(bytes(240), SECRET, AUTHENTICATOR, SALT)
    with pytest.raises(ValueError, match="salt"):
        hide(b"", SECRET, AUTHENTICATOR, b"\0\1")


def test_hidden_like_a_password() -> None:
    """MS-CHAP-MPPE-Keys has no salt: 32 octets as User-Password hides them (RFC 2548 §2.4.1)."""
    clear = bytes(range(32))
    ((number, value),) = hidden_attributes(
        [HiddenValue(311, 12, clear, like_password=True)], SECRET, AUTHENTICATOR
    )
    assert (number, value[:6]) == (26, b"\0\0\1\x37\x0c\x22")
    assert reveal_pap(value[6:], SECRET, AUTHENTICATOR) == clear
