"""Any octets are a packet or a WireError, and another implementation reads our packets as we do."""

from collections import defaultdict
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad.packet import AcctPacket, AuthPacket, CoAPacket, PacketError
from pyrad.packet import Packet as PyradPacket

from tests.radius.vectors import cases
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

SAMPLES = [
    bytes.fromhex(case[key][0]) for case in cases("radius.txt") for key in ("request", "reply") if key in case
]

octets16 = st.binary(min_size=16, max_size=16)
secrets = st.binary(min_size=1, max_size=80)
identifiers = st.integers(0, 255)
numbers = st.integers(1, 255).filter(lambda number: number != 80)
attribute_lists = st.lists(st.tuples(numbers, st.binary(max_size=60)), max_size=40)
digested = st.sampled_from([Code.ACCOUNTING_REQUEST, Code.COA_REQUEST, Code.DISCONNECT_REQUEST])


def grouped(packet: Packet) -> dict[int, list[bytes]]:
    """Values by number, which is all that pyrad keeps of the order."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for number, value in packet.attributes:
        found[number].append(value)
    return dict(found)


def judged(packet: Packet, secret: Secret) -> None:
    """Everything a server asks of a packet before it knows the sender to be good."""
    message_authenticator(packet, secret)
    accounting_authenticator_ok(packet, secret)
    for vendor_id in (0, 9, 2011):
        packet.vendor(vendor_id, 1)
        packet.vendor_every(vendor_id, 1)


@given(identifiers, attribute_lists, secrets, octets16, st.booleans())
def test_access_requests(
    identifier: int, attributes: list[Attribute], secret: bytes, authenticator: bytes, sign: bool
) -> None:
    """An Access-Request comes back as it went in, and pyrad reads and verifies it alike."""
    datagram = encode_request(
        Code.ACCESS_REQUEST, identifier, attributes, Secret(secret), authenticator=authenticator, sign=sign
    )
    packet = decode(datagram)
    assert (packet.code, packet.identifier, packet.authenticator) == (1, identifier, authenticator)
    assert list(packet.attributes)[sign:] == attributes
    expected = Signature.GOOD if sign else Signature.ABSENT
    assert message_authenticator(packet, Secret(secret)) is expected
    theirs = AuthPacket(packet=datagram, secret=secret)
    assert {key: dict.__getitem__(theirs, key) for key in dict.keys(theirs)} == grouped(packet)
    if sign:
        assert theirs.verify_message_authenticator()


@given(digested, identifiers, attribute_lists, secrets, st.booleans())
def test_digested_requests(
    code: Code, identifier: int, attributes: list[Attribute], secret: bytes, sign: bool
) -> None:
    """An Accounting, CoA or Disconnect request comes back, and pyrad finds its digest and signature right."""
    datagram = encode_request(code, identifier, attributes, Secret(secret), sign=sign)
    packet = decode(datagram)
    assert list(packet.attributes)[sign:] == attributes
    assert accounting_authenticator_ok(packet, Secret(secret))
    if code == Code.ACCOUNTING_REQUEST:
        assert AcctPacket(packet=datagram, secret=secret).VerifyAcctRequest()
    else:
        theirs = CoAPacket(packet=datagram, secret=secret)
        assert theirs.VerifyCoARequest()
        if sign:
            assert theirs.verify_message_authenticator()


@given(attribute_lists, attribute_lists, secrets, octets16, st.booleans())
def test_replies(
    asked: list[Attribute], answered: list[Attribute], secret: bytes, authenticator: bytes, sign: bool
) -> None:
    """A reply is signed first, carries the request's Proxy-State in order, and pyrad verifies it."""
    key = Secret(secret)
    answered = [attribute for attribute in answered if attribute[0] != 33]
    request = decode(encode_request(Code.ACCESS_REQUEST, 7, asked, key, authenticator=authenticator))
    datagram = encode_reply(Code.ACCESS_CHALLENGE, request, answered, key, sign=sign)
    reply = verify_reply(datagram, request.datagram, key)
    proxies = [attribute for attribute in asked if attribute[0] == 33]
    assert list(reply.attributes)[sign:] == answered + proxies
    assert reply.has(80) is sign
    theirs = AuthPacket(packet=request.datagram, secret=secret)
    assert theirs.VerifyReply(PyradPacket(packet=datagram, secret=secret), datagram, enforce_ma=sign)


@given(st.binary(max_size=200) | st.binary(max_size=4200), secrets)
def test_any_octets(datagram: bytes, secret: bytes) -> None:
    """Whatever arrives, nothing but WireError is raised."""
    with suppress(WireError):
        judged(decode(datagram), Secret(secret))
    with suppress(WireError):
        verify_reply(datagram, SAMPLES[0], Secret(secret))


@given(st.binary(max_size=300), st.integers(0, 255))
def test_any_body(body: bytes, code: int) -> None:
    """What is accepted under a right header fills it exactly: writing the attributes again gives its octets."""
    datagram = bytes((code, 1)) + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body
    try:
        packet = decode(datagram)
    except WireError:
        return
    assert b"".join(bytes((number, len(value) + 2)) + value for number, value in packet.attributes) == body
    judged(packet, Secret(b"secret"))


def mutated(sample: bytes, chance: Random) -> bytes:
    """A sample with a few octets changed, put in, taken out, or its end cut or doubled."""
    octets = bytearray(sample)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(octets)) if octets else 0
        kind = chance.randrange(6)
        if kind == 0 and octets:
            octets[at] = chance.randrange(256)
        elif kind == 1 and octets:
            octets[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            octets[at:at] = chance.randbytes(chance.randint(1, 8))
        elif kind == 3:
            del octets[at : at + chance.randint(1, 8)]
        elif kind == 4:
            del octets[at:]
        else:
            octets += octets[20:]
    if chance.randrange(2) and len(octets) >= 4:
        octets[2:4] = min(len(octets), 0xFFFF).to_bytes(2, "big")
    return bytes(octets)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_packets(seed: int) -> None:
    """Damaged packets raise WireError or are read as pyrad reads them; what pyrad alone accepts is known."""
    chance = Random(seed)
    secret = Secret(b"zhuomai-test")
    accepted = 0
    for _ in range(2500):
        datagram = mutated(chance.choice(SAMPLES), chance)
        theirs: PyradPacket | None
        try:
            theirs = PyradPacket(packet=datagram)
        except PacketError:
            theirs = None
        try:
            ours = decode(datagram)
        except WireError as refusal:
            tolerated = {"attribute overruns the packet", "attribute type 0"}
            assert theirs is None or str(refusal) in tolerated
            continue
        judged(ours, secret)
        accepted += 1
        assert theirs is not None
        assert {key: dict.__getitem__(theirs, key) for key in dict.keys(theirs)} == grouped(ours)
    assert accepted > 100
