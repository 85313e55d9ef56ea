"""MS-CHAP by the vectors of its RFCs, and by what a device could send beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.radius.vectors import Case, cases, name_of
from zhuomai_appliance.radius import mschap

CASES = cases("mschap.txt")
RFC2759 = next(case for case in CASES if name_of(case) == "rfc2759-9.2")
digested = pytest.mark.parametrize("case", [case for case in CASES if "digest" in case], ids=name_of)
hashed = pytest.mark.parametrize("case", [case for case in CASES if "nthash" in case], ids=name_of)

CHALLENGE, PEER, RESPONSE = (bytes.fromhex(RFC2759[key][0]) for key in ("challenge", "peer", "response"))
HASH = mschap.nt_hash(b"clientPass")


@digested
def test_md4(case: Case) -> None:
    """The digests that RFC 1320 prints."""
    assert mschap.md4(case["text"][0].encode()).hex() == case["digest"][0]


@hashed
def test_nt_hash(case: Case) -> None:
    """MD4 of UTF-16LE."""
    assert mschap.nt_hash(case["password"][0].encode()) == bytes.fromhex(case["nthash"][0])


def test_version_2_by_the_rfc() -> None:
    """Every value on the way from password to keys is the one printed."""
    assert mschap.challenge_hash(PEER, CHALLENGE, b"User") == bytes.fromhex(RFC2759["hashed"][0])
    assert mschap.md4(HASH) == bytes.fromhex(RFC2759["hashhash"][0])
    assert mschap.challenge_response(mschap.challenge_hash(PEER, CHALLENGE, b"User"), HASH) == RESPONSE
    assert mschap.matches_2(RESPONSE, CHALLENGE, PEER, b"User", HASH)
    said = mschap.authenticator_response(HASH, RESPONSE, PEER, CHALLENGE, b"User")
    assert said.decode() == RFC2759["says"][0]
    keys = mschap.keys_2(HASH, RESPONSE)
    assert keys.send == bytes.fromhex(RFC2759["send"][0])
    assert keys.receive == bytes.fromhex(RFC2759["receive"][0])
    assert mschap.master_session_key(HASH, RESPONSE) == keys.receive + keys.send + bytes(32)


def test_domain_is_not_hashed() -> None:
    """Windows sends DOMAIN\\User and hashes User (RFC 2759 §8.2)."""
    assert mschap.matches_2(RESPONSE, CHALLENGE, PEER, b"CAMPUS\\User", HASH)
    assert not mschap.matches_2(RESPONSE, CHALLENGE, PEER, b"user", HASH)
    for name, hashed in (
        (b"A\\B\\x", b"B\\x"),
        (b"\\x", b"x"),
        (b"x\\", b""),
        (b"\\", b""),
        (b"x", b"x"),
        (b"", b""),
    ):
        assert mschap.user_name(name) == hashed


def test_chinese_passwords_need_no_second_encoding() -> None:
    """A device hashes characters, so that UTF-8 and GBK terminals prove alike."""
    text = "校园网8"
    assert mschap.nt_hash(text.encode()) == mschap.md4(text.encode("utf-16-le"))
    assert mschap.nt_hash("𠮷".encode()) == mschap.md4("𠮷".encode("utf-16-le"))


def test_version_1() -> None:
    """The NT response of version 1 is the challenge itself under the hash (RFC 2433 §A.5)."""
    challenge = bytes.fromhex("102db5df085d3041")
    response = mschap.challenge_response(challenge, mschap.nt_hash(b"MyPw"))
    assert response == bytes.fromhex("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61")
    assert mschap.matches_1(response, challenge, mschap.nt_hash(b"MyPw"))
    assert not mschap.matches_1(response, challenge, mschap.nt_hash(b"mypw"))
    assert not mschap.matches_1(response[:-1], challenge, mschap.nt_hash(b"MyPw"))
    assert mschap.keys_1(HASH) == bytes(8) + bytes.fromhex(RFC2759["hashhash"][0]) + bytes(8)


def test_error_text() -> None:
    """The form of RFC 2759 §6; version 1 knows no message (RFC 2433 §5); one line, cut between characters."""
    assert mschap.error_text(691, bytes(16), "no\nway") == b"E=691 R=0 C=" + b"0" * 32 + b" V=3 M=no way"
    assert mschap.error_text(691, bytes(8), "no", version=2) == b"E=691 R=0 C=" + b"0" * 16 + b" V=2"
    long = mschap.error_text(691, bytes(16), "密码" * 200)
    assert len(long) < 250
    assert long.decode().endswith("密码")


def test_keys_are_not_shown() -> None:
    """What is printed of keys is none of them."""
    assert repr(mschap.keys_2(HASH, RESPONSE)) == "<MppeKeys>"


@given(st.binary(max_size=300), st.binary(max_size=60), st.binary(max_size=20), st.binary(max_size=30))
def test_nothing_a_device_sends_raises(
    password: bytes, response: bytes, challenge: bytes, name: bytes
) -> None:
    """Octets of any size and kind prove nothing and raise nothing."""
    known = mschap.nt_hash(password)
    assert len(known) == 16
    assert not mschap.matches_2(response, challenge, challenge, name, known)
    assert not mschap.matches_1(response, challenge, known)
