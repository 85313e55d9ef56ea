"""The packets of tests/vectors/radius.txt are read, judged and written as they stand there."""

import pytest

from tests.radius.vectors import Case, cases, name_of
from zhuomai_appliance.radius.attributes import MESSAGE_AUTHENTICATOR, PROXY_STATE
from zhuomai_appliance.radius.packet import (
    Attribute,
    Code,
    Packet,
    Secret,
    Signature,
    WireError,
    accounting_authenticator_ok,
    decode,
    encode_reply,
    encode_request,
    message_authenticator,
    verify_reply,
)

CASES = cases("radius.txt")
every_case = pytest.mark.parametrize("case", CASES, ids=name_of)
answered = pytest.mark.parametrize("case", [case for case in CASES if "reply" in case], ids=name_of)


def octets(case: Case, key: str) -> bytes:
    return bytes.fromhex(case[key][0])


def attributes(case: Case, key: str) -> list[Attribute]:
    pairs = [line.split(" ") for line in case.get(key, [])]
    return [(int(number), bytes.fromhex(value)) for number, value in pairs]


def without(packet: Packet, *numbers: int) -> list[Attribute]:
    return [(number, value) for number, value in packet.attributes if number not in numbers]


@every_case
def test_attributes(case: Case) -> None:
    """Every attribute is read, in order, with its octets unchanged."""
    packet = decode(octets(case, "request"))
    assert list(packet.attributes) == attributes(case, "has")
    assert packet.datagram == octets(case, "request")


@every_case
def test_signature(case: Case) -> None:
    """The Message-Authenticator is judged as the document says; another secret never finds it good."""
    packet = decode(octets(case, "request"))
    expected = Signature(case["signature"][0])
    assert message_authenticator(packet, Secret(case["secret"][0].encode())) is expected
    assert message_authenticator(packet, Secret(b"another")) in (Signature.ABSENT, Signature.BAD)


@every_case
def test_digest_of_requests(case: Case) -> None:
    """Accounting, CoA and Disconnect requests carry the digest of their secret, and of no other."""
    packet = decode(octets(case, "request"))
    digested = packet.code in (Code.ACCOUNTING_REQUEST, Code.COA_REQUEST, Code.DISCONNECT_REQUEST)
    assert accounting_authenticator_ok(packet, Secret(case["secret"][0].encode())) is digested
    assert not accounting_authenticator_ok(packet, Secret(b"another"))


@every_case
def test_request_is_written_alike(case: Case) -> None:
    """Writing what was read gives the same octets, where the Message-Authenticator stands first or is absent."""
    packet = decode(octets(case, "request"))
    secret = Secret(case["secret"][0].encode())
    digested = packet.code in (Code.ACCOUNTING_REQUEST, Code.COA_REQUEST, Code.DISCONNECT_REQUEST)
    written = encode_request(
        packet.code,
        packet.identifier,
        without(packet, MESSAGE_AUTHENTICATOR),
        secret,
        authenticator=None if digested else packet.authenticator,
        sign=packet.has(MESSAGE_AUTHENTICATOR),
    )
    again = decode(written)
    if packet.attributes[0][0] == MESSAGE_AUTHENTICATOR or not packet.has(MESSAGE_AUTHENTICATOR):
        assert written == packet.datagram
    assert message_authenticator(again, secret) is Signature(case["signature"][0])
    assert accounting_authenticator_ok(again, secret) is digested


@answered
def test_reply(case: Case) -> None:
    """The reply verifies against its request, and we write one of the same attributes."""
    secret = Secret(case["secret"][0].encode())
    request = decode(octets(case, "request"))
    reply = verify_reply(octets(case, "reply"), request.datagram, secret)
    assert list(reply.attributes) == attributes(case, "answers")
    ours = encode_reply(
        reply.code,
        request,
        without(reply, MESSAGE_AUTHENTICATOR, PROXY_STATE),
        secret,
        sign=reply.has(MESSAGE_AUTHENTICATOR),
    )
    again = verify_reply(ours, request.datagram, secret)
    assert again.every(PROXY_STATE) == reply.every(PROXY_STATE)
    assert without(again, MESSAGE_AUTHENTICATOR, PROXY_STATE) == without(
        reply, MESSAGE_AUTHENTICATOR, PROXY_STATE
    )
    if not request.has(PROXY_STATE):
        assert ours == octets(case, "reply")


@answered
def test_reply_under_another_secret(case: Case) -> None:
    """The same reply is refused under another secret."""
    with pytest.raises(WireError):
        verify_reply(octets(case, "reply"), octets(case, "request"), Secret(b"another"))
