"""PAP and CHAP prove exactly the password that was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.radius.vectors import Case, cases, name_of
from zhuomai_appliance.radius.attributes import CHAP_CHALLENGE, CHAP_PASSWORD, USER_PASSWORD
from zhuomai_appliance.radius.packet import Code, Secret, decode, encode_request
from zhuomai_appliance.radius.passwords import chap_matches, chap_response, hide_pap, reveal_pap

SECRET = Secret(b"testing123")
AUTHENTICATOR = bytes(range(16))
CASES = cases("radius.txt")


@pytest.mark.parametrize("case", [case for case in CASES if "pap" in case], ids=name_of)
def test_pap_of_the_document(case: Case) -> None:
    """The documented User-Password hides the documented password, both ways."""
    secret = Secret(case["secret"][0].encode())
    packet = decode(bytes.fromhex(case["request"][0]))
    hidden = packet.first(USER_PASSWORD)
    assert hidden is not None
    assert reveal_pap(hidden, secret, packet.authenticator) == case["pap"][0].encode()
    assert hide_pap(case["pap"][0].encode(), secret, packet.authenticator) == hidden


@pytest.mark.parametrize("case", [case for case in CASES if "chap" in case], ids=name_of)
def test_chap_of_the_document(case: Case) -> None:
    """The documented CHAP-Password proves the documented password over CHAP-Challenge or the authenticator."""
    packet = decode(bytes.fromhex(case["request"][0]))
    response = packet.first(CHAP_PASSWORD)
    challenge = packet.first(CHAP_CHALLENGE) or packet.authenticator
    assert response is not None
    assert chap_matches(response, case["chap"][0].encode(), challenge)
    assert not chap_matches(response, case["chap"][0].encode() + b" ", challenge)


@pytest.mark.parametrize(
    ("length", "hidden_octets"), [(0, 16), (1, 16), (15, 16), (16, 16), (17, 32), (127, 128), (128, 128)]
)
def test_pap_lengths(length: int, hidden_octets: int) -> None:
    """A password is padded to a multiple of 16 octets, an empty one to 16, and comes back without the padding."""
    password = bytes(1 + octet % 255 for octet in range(length))
    hidden = hide_pap(password, SECRET, AUTHENTICATOR)
    assert len(hidden) == hidden_octets
    assert reveal_pap(hidden, SECRET, AUTHENTICATOR) == password


@given(st.binary(max_size=128).filter(lambda password: not password.endswith(b"\0")), st.binary(min_size=1))
def test_pap_there_and_back(password: bytes, secret: bytes) -> None:
    """Whatever octets a password has, zeros within included, revealing undoes hiding."""
    key = Secret(secret)
    assert reveal_pap(hide_pap(password, key, AUTHENTICATOR), key, AUTHENTICATOR) == password


def test_pap_in_gbk() -> None:
    """A password in GBK, which is not UTF-8, keeps its octets."""
    password = "卓迈校园网".encode("gbk")
    assert reveal_pap(hide_pap(password, SECRET, AUTHENTICATOR), SECRET, AUTHENTICATOR) == password


@pytest.mark.parametrize("size", [0, 1, 15, 17, 127, 129, 144])
def test_pap_of_a_wrong_size(size: int) -> None:
    """A User-Password that is not 16..128 octets in steps of 16 reveals nothing."""
    assert reveal_pap(bytes(size), SECRET, AUTHENTICATOR) is None


def test_password_too_long_to_hide() -> None:
    """129 octets do not fit User-Password and are refused, not cut."""
    with pytest.raises(ValueError, match="128"):
        hide_pap(bytes(129), SECRET, AUTHENTICATOR)


def test_pap_under_another_secret() -> None:
    """Another secret, or another Request Authenticator, reveals other octets."""
    hidden = hide_pap(b"correct horse", SECRET, AUTHENTICATOR)
    assert reveal_pap(hidden, Secret(b"testing124"), AUTHENTICATOR) != b"correct horse"
    assert reveal_pap(hidden, SECRET, bytes(16)) != b"correct horse"


def test_chap_over_a_challenge_attribute() -> None:
    """With CHAP-Challenge in the request the response is over it, and not over the Request Authenticator."""
    challenge = bytes.fromhex("00112233445566778899aabbccddeeff")
    packet = decode(
        encode_request(
            Code.ACCESS_REQUEST,
            1,
            [(CHAP_PASSWORD, chap_response(9, b"secret", challenge)), (CHAP_CHALLENGE, challenge)],
            SECRET,
            authenticator=AUTHENTICATOR,
        )
    )
    response = packet.first(CHAP_PASSWORD)
    assert response is not None
    assert response[0] == 9
    assert chap_matches(response, b"secret", challenge)
    assert not chap_matches(response, b"secret", packet.authenticator)


@pytest.mark.parametrize("size", [0, 1, 16, 18])
def test_chap_of_a_wrong_size(size: int) -> None:
    """A CHAP-Password that is not 17 octets proves nothing and raises nothing."""
    assert not chap_matches(
        chap_response(1, b"secret", AUTHENTICATOR).ljust(18)[:size], b"secret", AUTHENTICATOR
    )
