"""Which secret a login proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.model.access import (
    ChapProof,
    EapProof,
    MacProof,
    MsChap2Proof,
    MsChapProof,
    NoProof,
    PapProof,
    Proof,
)
from zhuomai_appliance.policy.credentials import STORED_PASSWORD, check
from zhuomai_appliance.radius import mschap
from zhuomai_appliance.radius.passwords import chap_response

CHALLENGE = bytes(range(16))


def chap(password: bytes) -> ChapProof:
    value = chap_response(7, password, CHALLENGE)
    return ChapProof(value[0], value[1:], CHALLENGE)


def ms_chap(password: bytes) -> MsChapProof:
    response = mschap.challenge_response(CHALLENGE[:8], mschap.nt_hash(password))
    return MsChapProof(7, CHALLENGE[:8], response)


def ms_chap_2(password: bytes) -> MsChap2Proof:
    hashed = mschap.challenge_hash(CHALLENGE, CHALLENGE, b"zhang")
    response = mschap.challenge_response(hashed, mschap.nt_hash(password))
    return MsChap2Proof(7, CHALLENGE, CHALLENGE, response, b"CAMPUS\\zhang")


@pytest.mark.parametrize("of", [PapProof, chap, ms_chap, ms_chap_2])
@pytest.mark.parametrize("stored", [b"secret", "密码2026".encode(), b" blanks and \t "])
def test_every_proof_holds_against_a_reversible_password(of: type[PapProof], stored: bytes) -> None:
    """What is kept sealed serves every way to prove it; what is not kept at all serves none."""
    assert check(of(stored), stored) == STORED_PASSWORD
    assert check(of(stored), stored + b"x") is None
    assert check(of(stored), None) is None


@pytest.mark.parametrize("of", [PapProof, chap])
def test_own_password_and_one_time_secrets(of: type[PapProof]) -> None:
    """PAP and CHAP tell which secret was meant: 0 the stored one, else the number of the alternative."""
    assert check(of(b"secret"), b"secret", [b"once", b"twice"]) == STORED_PASSWORD
    assert check(of(b"once"), b"secret", [b"once", b"twice"]) == 1
    assert check(of(b"twice"), b"secret", [b"once", b"twice"]) == 2
    assert check(of(b"twice"), None, [b"once", b"twice"]) == 2
    assert check(of(b"wrong"), b"secret", [b"once", b"twice"]) is None
    assert check(of(b"secret "), b"secret") is None


@pytest.mark.parametrize("of", [PapProof, chap])
def test_chinese_passwords_in_either_encoding(of: type[PapProof]) -> None:
    """A password stored as UTF-8 is proved by a client that types it in GBK."""
    stored = "密码2026".encode()
    assert check(of(stored), stored) == 0
    assert check(of("密码2026".encode("gbk")), stored) == 0
    assert check(of("密码2027".encode("gbk")), stored) is None


@pytest.mark.parametrize(
    "proof",
    [
        PapProof(b""),
        chap(b""),
        ms_chap(b""),
        ms_chap_2(b""),
        EapProof(b"", None),
        MacProof("a4:5e:60:aa:bb:cc"),
        NoProof("x"),
    ],
)
def test_nothing_proves_nothing(proof: Proof) -> None:
    """An empty password, a device address or no credential never prove a secret, not even an empty one."""
    assert check(proof, b"", [b""]) is None
    assert check(proof, None) is None


def test_stored_octets_that_are_no_text() -> None:
    """A secret that is no UTF-8 is compared as it is."""
    assert check(PapProof(b"\xff\xfe"), b"\xff\xfe") == 0


@given(
    st.binary(max_size=128), st.binary(min_size=1, max_size=128), st.lists(st.binary(max_size=20), max_size=3)
)
def test_pap_proves_what_is_equal(typed: bytes, stored: bytes, others: list[bytes]) -> None:
    """Without Chinese in play, the answer is the first equal secret or none."""
    stored, others = stored.hex().encode(), [o.hex().encode() for o in others]
    typed = typed.hex().encode()
    wanted = next((n for n, secret in enumerate([stored, *others]) if secret and secret == typed), None)
    assert check(PapProof(typed), stored, others) == wanted
