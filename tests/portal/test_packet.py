"""The portal codec against captured and computed packets, and against noise."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.portal.vectors import Vector, read_vectors
from zhuomai_appliance.portal.packet import (
    ANSWERS,
    AttributeKind,
    Kind,
    PortalPacket,
    PortalWireError,
    chap_password,
    decode,
    decode_text,
    encode_answer,
    encode_request,
    encode_text,
    is_authentic_answer,
    is_authentic_request,
)

VECTORS = read_vectors()
KEY = b"zhuomai-portal"


def test_every_vector_of_the_page_is_here() -> None:
    """The two packets of a real device and the 21 computed ones are all read from the file."""
    assert len(VECTORS) == 23


@pytest.mark.parametrize("vector", VECTORS.values(), ids=list(VECTORS))
def test_vector_decodes_to_its_fields(vector: Vector) -> None:
    """Each datagram reads as the fields that stand beside it."""
    packet = decode(vector.datagram)
    assert (packet.version, packet.kind, packet.pap) == (vector.version, vector.kind, vector.pap)
    assert (packet.serial, packet.req_id, packet.user_ip) == (vector.serial, vector.req_id, vector.user_ip)
    assert packet.error_code == vector.error_code
    assert packet.attributes == vector.attributes
    assert packet.body_octets == len(vector.datagram)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=list(VECTORS))
def test_vector_is_what_we_send(vector: Vector) -> None:
    """The fields of each vector encode to its very octets, authenticator included."""
    if vector.answers:
        encoded = encode_answer(
            vector.kind,
            version=vector.version,
            key=vector.key,
            request_authenticator=VECTORS[vector.answers].datagram[16:32],
            serial=vector.serial,
            req_id=vector.req_id,
            user_ip=vector.user_ip,
            error_code=vector.error_code,
            attributes=vector.attributes,
        )
    else:
        encoded = encode_request(
            vector.kind,
            version=vector.version,
            key=vector.key,
            serial=vector.serial,
            req_id=vector.req_id,
            user_ip=vector.user_ip,
            error_code=vector.error_code,
            pap=vector.pap,
            attributes=vector.attributes,
        )
    assert encoded.hex() == vector.datagram.hex()


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS.values() if v.version == 2],
    ids=[n for n, v in VECTORS.items() if v.version == 2],
)
def test_vector_proves_itself_by_the_right_formula_alone(vector: Vector) -> None:
    """Requests verify over zeros, answers over the authenticator of their request; never the other way round."""
    packet = decode(vector.datagram)
    assert is_authentic_request(packet, vector.key) is not bool(vector.answers)
    if vector.answers:
        asked = VECTORS[vector.answers].datagram[16:32]
        assert is_authentic_answer(packet, vector.key, asked)
        assert not is_authentic_answer(packet, vector.key + b"x", asked)
        assert not is_authentic_answer(packet, vector.key, bytes(16))
    else:
        assert not is_authentic_request(packet, vector.key + b"x")


def test_version_1_proves_nothing() -> None:
    """A version 1 packet is authentic for nobody, so it can not slip past a check meant for version 2."""
    packet = decode(VECTORS["v1-req-challenge"].datagram)
    assert not is_authentic_request(packet, KEY)
    assert not is_authentic_answer(packet, KEY, bytes(16))


def test_chap_identifier_is_the_low_octet_of_req_id() -> None:
    """ChapPassWord hashes the low octet of ReqID (0x42 of 0x1f42), and passwords as UTF-8."""
    challenge = bytes(range(0x10, 0x20))
    assert chap_password(0x1F42, b"Pa55-word", challenge).hex() == "79ae38769918fe010b94aea4162927dc"
    assert chap_password(0x421F, b"Pa55-word", challenge).hex() == "2ac7697229b226adcb70ad616a342aee"
    assert chap_password(0x0205, "密码x".encode(), challenge).hex() == "2fe260923335e946ac51e86c1a74c8d4"


def test_facts_are_read_from_attributes() -> None:
    """MAC, device address and words come out in their usual text form."""
    packet = decode(VECTORS["ack-auth-ok"].datagram)
    assert packet.mac == "02:00:00:00:00:a7"
    assert packet.bas_ip == "10.1.1.2"
    assert packet.texts == ("欢迎",)
    assert packet.first(AttributeKind.CHALLENGE) is None


def test_facts_of_the_wrong_size_are_absent() -> None:
    """A SESSION-ID or BAS-IP of another size is no MAC and no address, and no error."""
    packet = _packet(attributes=((AttributeKind.SESSION_ID, b"12345"), (AttributeKind.BAS_IP, b"12345")))
    assert packet.mac is None
    assert packet.bas_ip is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("余额不足".encode(), "余额不足"),
        ("余额不足".encode("gb18030"), "余额不足"),
        (b"plain\x00", "plain"),
        (b"\x1b[31mred\x07 ", "[31mred"),
        (b"\xff\xff\xff", "\ufffd\ufffd\ufffd"),
        (b"", ""),
    ],
)
def test_words_are_read_in_either_charset(value: bytes, text: str) -> None:
    """UTF-8 first, then GB18030; control characters never reach a page or a terminal."""
    assert decode_text(value) == text


def test_words_are_cut_between_characters() -> None:
    """A long reason is cut to 253 octets without leaving half a character."""
    encoded = encode_text("满" * 100)
    assert len(encoded) == 252
    assert decode_text(encoded) == "满" * 84


GOOD = VECTORS["ack-challenge"].datagram
V1 = VECTORS["v1-req-auth-chap"].datagram


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "shorter than the header"),
        (GOOD[:15], "shorter than the header"),
        (GOOD[:31], "shorter than the header of version 2"),
        (b"\x03" + GOOD[1:], "unknown version 3"),
        (b"\x00" + GOOD[1:], "unknown version 0"),
        (GOOD[:1] + b"\x7f" + GOOD[2:], "unknown type 0x7f"),
        (GOOD[:2] + b"\x02" + GOOD[3:], "password method 2"),
        (GOOD[:15] + b"\x03" + GOOD[16:], "attribute 3 of 3 is missing"),
        (GOOD[:33] + b"\x01" + GOOD[34:], "attribute 3 has length 1"),
        (GOOD[:33] + b"\x00" + GOOD[34:], "attribute 3 has length 0"),
        (GOOD[:-1], "attribute 10 runs past the end"),
        (V1 + b"\x00", "1 octets after the last attribute"),
        (VECTORS["ntf-logout"].datagram + b"\x00", "1 octets after the last attribute"),
        (GOOD + bytes(1501 - len(GOOD)), "1501 octets are more than 1500"),
    ],
)
def test_malformed_is_refused_with_its_reason(datagram: bytes, reason: str) -> None:
    """What does not add up raises PortalWireError, and the message says what was wrong."""
    with pytest.raises(PortalWireError, match=reason):
        decode(datagram)


def test_padding_of_an_answer_is_tolerated_when_signed_either_way() -> None:
    """Octets after the last attribute pass when the authenticator fits with them or without them, not otherwise."""
    request = VECTORS["req-challenge"].datagram[16:32]
    unsigned = decode(GOOD + b"\x00\x00")
    assert unsigned.attributes == decode(GOOD).attributes
    assert is_authentic_answer(unsigned, KEY, request)
    longer = encode_answer(
        Kind.ACK_CHALLENGE,
        version=2,
        key=KEY,
        request_authenticator=request,
        serial=0x3039,
        user_ip="10.9.0.7",
        attributes=((AttributeKind.BAS_IP, b"\x00\x00\x00\x00"),),
    )
    header = longer[:15] + b"\x00"
    signed = header + hashlib.md5(header + request + longer[32:] + KEY).digest() + longer[32:]
    assert is_authentic_answer(decode(signed), KEY, request)
    assert not is_authentic_answer(decode(longer[:15] + b"\x00" + longer[16:]), KEY, request)


@pytest.mark.parametrize(
    "wrong",
    [
        {"serial": 65536},
        {"serial": -1},
        {"error_code": 256},
        {"user_ip": "10.9.0"},
        {"version": 3},
        {"attributes": ((1, bytes(254)),)},
        {"attributes": ((1, b""),) * 256},
        {"attributes": ((1, bytes(253)),) * 6},
    ],
)
def test_what_does_not_fit_is_not_sent(wrong: dict[str, object]) -> None:
    """Fields out of range are the caller's mistake and raise ValueError instead of a wrong datagram."""
    arguments: dict[str, object] = {"version": 2, "key": KEY, "serial": 1, **wrong}
    with pytest.raises(ValueError, match=r".") as caught:
        encode_request(Kind.REQ_AUTH, **arguments)  # type: ignore[arg-type]
    assert not isinstance(caught.value, PortalWireError)


def test_answer_needs_the_authenticator_of_its_request() -> None:
    """An answer over anything but 16 octets is refused before it is sent."""
    with pytest.raises(ValueError, match="16 octets"):
        encode_answer(Kind.ACK_AUTH, version=2, key=KEY, request_authenticator=b"", serial=1)


attribute_lists = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=12).map(tuple)
packets = st.fixed_dictionaries(
    {
        "version": st.sampled_from((1, 2)),
        "serial": st.integers(0, 65535),
        "req_id": st.integers(0, 65535),
        "error_code": st.integers(0, 255),
        "pap": st.booleans(),
        "user_ip": st.ip_addresses(v=4).map(str),
        "attributes": attribute_lists,
        "key": st.binary(max_size=40),
    }
)


@given(st.sampled_from(sorted(set(Kind) - ANSWERS)), packets)
def test_request_round_trip(kind: Kind, fields: dict[str, object]) -> None:
    """Every request reads back as it was written, and version 2 proves its key."""
    packet = decode(encode_request(kind, **fields))  # type: ignore[arg-type]
    assert packet.kind is kind
    for name in ("version", "serial", "req_id", "error_code", "pap", "user_ip", "attributes"):
        assert getattr(packet, name) == fields[name]
    assert is_authentic_request(packet, fields["key"]) is (fields["version"] == 2)  # type: ignore[arg-type]


@given(st.sampled_from(sorted(ANSWERS)), packets, st.binary(min_size=16, max_size=16))
def test_answer_round_trip(kind: Kind, fields: dict[str, object], asked: bytes) -> None:
    """Every answer reads back as it was written, and version 2 proves its key and its request."""
    packet = decode(encode_answer(kind, request_authenticator=asked, **fields))  # type: ignore[arg-type]
    assert packet.attributes == fields["attributes"]
    assert is_authentic_answer(packet, fields["key"], asked) is (fields["version"] == 2)  # type: ignore[arg-type]


@given(st.sampled_from(sorted(VECTORS)), st.data())
def test_mutation_is_refused_or_read_never_a_crash(name: str, data: st.DataObject) -> None:
    """Changed, cut or lengthened packets raise PortalWireError or decode; no other exception, and none stays authentic."""
    vector = VECTORS[name]
    octets = bytearray(vector.datagram)
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    mutated = bytes(octets)[: data.draw(st.integers(0, len(octets)))] + data.draw(st.binary(max_size=4))
    try:
        packet = decode(mutated)
    except PortalWireError:
        return
    _ = packet.mac, packet.bas_ip, packet.texts
    if not vector.answers and mutated != vector.datagram:
        assert not is_authentic_request(packet, vector.key)


@given(st.binary(max_size=1600))
def test_noise_is_refused_or_read(noise: bytes) -> None:
    """Arbitrary octets never cause anything but PortalWireError."""
    try:
        packet = decode(noise)
    except PortalWireError:
        return
    assert packet.datagram == noise


def _packet(attributes: tuple[tuple[int, bytes], ...]) -> PortalPacket:
    return decode(
        encode_request(
            Kind.NTF_LOGOUT, version=2, key=KEY, serial=1, user_ip="10.9.0.7", attributes=attributes
        )
    )
