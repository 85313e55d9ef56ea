"""The same octets to two implementations: pyrad 2.6.0 is the second opinion on packets, vendors' attributes and values.

Where the two differ, the difference is one of a short list, and each of those has a test of its own:

* an attribute that overruns the packet, or of type 0, is refused by us and accepted by pyrad;
* we refuse packets over 4096 octets and of more than 200 attributes, pyrad takes up to 8192;
* of two Message-Authenticators pyrad checks one, we believe none;
* pyrad raises where a number has the wrong size or a prefix makes no sense, we show the octets;
* pyrad groups attributes by number, we keep their order.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from functools import lru_cache
from ipaddress import IPv6Address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyrad.dictionary import Dictionary as PyradDictionary
from pyrad.packet import AcctPacket, AuthPacket, CoAPacket, PacketError
from pyrad.packet import Packet as PyradPacket

from tests.vendors.vectors import read
from zhuomai_appliance.radius import dictionary
from zhuomai_appliance.radius.dictionary import AttributeType, Value
from zhuomai_appliance.radius.packet import (
    MAX_ATTRIBUTES,
    MAX_PACKET_OCTETS,
    Attribute,
    Code,
    Packet,
    Secret,
    Signature,
    WireError,
    accounting_authenticator_ok,
    decode,
    encode_request,
    message_authenticator,
    sub_attributes,
    vendor_attribute,
)

SECRET = b"zhuomai-test"
DIALECTS = ("huawei-campus", "huawei-bras")
CODES = (Code.ACCESS_REQUEST, Code.ACCOUNTING_REQUEST, Code.COA_REQUEST)
VECTORS = Path(__file__).parents[1] / "vectors" / "vendors"

Key = int | tuple[int, int]


@lru_cache
def pyrad_dictionary(dialect: str) -> PyradDictionary:
    """Our files as pyrad reads them by itself, of the two Huaweis the one that is asked for."""
    names = (*dictionary.STANDARD_FILES, *dictionary.VENDOR_FILES, dictionary.HUAWEI_FILES[dialect])
    return PyradDictionary(*(str(dictionary.FOLDER / name) for name in names))


def kinds(dialect: str) -> list[AttributeType]:
    """The attributes that both know under a number, without hidden ones: those need a secret on the way."""
    known = dictionary.load(dialect)
    theirs = pyrad_dictionary(dialect).attributes
    return [
        kind
        for kind in known
        if known.numbered(kind.number, kind.vendor_id) is kind
        and kind.name in theirs
        and not theirs[kind.name].encrypt
        and (kind.vendor_id, kind.number) not in ((0, 26), (0, 80))
    ]


def by_key(packet: Packet) -> dict[Key, list[bytes]]:
    """Values by number, vendors' by vendor and number: all that pyrad keeps of the order."""
    found: dict[Key, list[bytes]] = defaultdict(list)
    for number, value in packet.attributes:
        inside = sub_attributes(value) if number == 26 else ()
        for sub, words in inside:
            found[(int.from_bytes(value[:4], "big"), sub)].append(words)
        if not inside:
            found[number].append(value)
    return dict(found)


def theirs_by_key(packet: PyradPacket) -> dict[Key, list[bytes]]:
    return {key: dict.__getitem__(packet, key) for key in dict.keys(packet)}


def may_refuse(datagram: bytes) -> bool:
    """Whether octets that pyrad takes are among those that we refuse on purpose."""
    length = int.from_bytes(datagram[2:4], "big")
    if length > MAX_PACKET_OCTETS:
        return True
    at, count = 20, 0
    while at + 2 <= length:
        if datagram[at] == 0 or datagram[at + 1] < 2 or at + datagram[at + 1] > length:
            return True
        at, count = at + datagram[at + 1], count + 1
    return count > MAX_ATTRIBUTES or at != length


def corpus() -> list[bytes]:
    """Every request and reply of the vendors' vectors, as a signed packet."""
    secret, found = Secret(SECRET), []
    for path in sorted(VECTORS.glob("*.txt")):
        for case in read(path.name):
            code = {"report": Code.ACCOUNTING_REQUEST, "attempt": Code.ACCESS_REQUEST}.get(
                case.what, Code.COA_REQUEST
            )
            own = bytes(range(16)) if code is Code.ACCESS_REQUEST else None
            found.append(encode_request(code, 9, case.attributes, secret, authenticator=own))
    return found


CORPUS = corpus()


def mutated(sample: bytes, chance: Random) -> bytes:
    """A sample with octets changed, attributes doubled, moved or swapped, lengths bent, its end cut or padded."""
    octets = bytearray(sample)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(20, len(octets)) if len(octets) > 20 else 0
        kind = chance.randrange(6)
        if kind == 0 and octets:
            octets[at] = chance.choice((0, 1, 2, 6, 26, 79, 80, 253, 255, chance.randrange(256)))
        elif kind == 1:
            octets[at:at] = chance.randbytes(chance.randint(1, 6))
        elif kind == 2:
            del octets[at : at + chance.randint(1, 6)]
        elif kind == 3:
            octets += octets[20:]
        elif kind == 4:
            octets += bytes.fromhex("1a0e000007db") + chance.randbytes(8)
        else:
            del octets[at:]
    if chance.randrange(4) and len(octets) >= 4:
        octets[2:4] = min(len(octets), 0xFFFF).to_bytes(2, "big")
    return bytes(octets)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_mutated_packets_of_vendors(dialect: str) -> None:
    """Both read the same attributes out of damaged packets of every vendor, or the refusal is on the list."""
    chance, secret = Random(dialect), Secret(SECRET)
    both = ours_alone = 0
    for _ in range(5000):
        datagram = mutated(chance.choice(CORPUS), chance)
        try:
            theirs = PyradPacket(packet=datagram, secret=SECRET, dict=pyrad_dictionary(dialect))
        except PacketError:
            theirs = None
        try:
            ours = decode(datagram)
        except WireError:
            assert theirs is None or may_refuse(datagram), datagram.hex()
            ours_alone += theirs is not None
            continue
        assert theirs is not None, datagram.hex()
        assert (theirs.code, theirs.id, theirs.authenticator) == ours[:3]
        assert theirs_by_key(theirs) == by_key(ours), datagram.hex()
        judged_alike(ours, secret)
        both += 1
    assert both > 1000
    assert ours_alone > 100


def judged_alike(packet: Packet, secret: Secret) -> None:
    """Both believe the same signatures, but for two of them in one packet: we believe neither."""
    if packet.code == Code.ACCOUNTING_REQUEST:
        theirs = AcctPacket(packet=packet.datagram, secret=SECRET)
        assert theirs.VerifyAcctRequest() is accounting_authenticator_ok(packet, secret)
    elif packet.code == Code.COA_REQUEST:
        theirs = CoAPacket(packet=packet.datagram, secret=SECRET)
        assert theirs.VerifyCoARequest() is accounting_authenticator_ok(packet, secret)
    else:
        theirs = AuthPacket(packet=packet.datagram, secret=SECRET)
    ours = message_authenticator(packet, secret)
    if packet.code in CODES and len(packet.every(80)) == 1:
        assert theirs.verify_message_authenticator() is (ours is Signature.GOOD)
    elif len(packet.every(80)) > 1:
        assert ours is Signature.BAD


@pytest.mark.parametrize("dialect", DIALECTS)
def test_untouched_packets_of_vendors(dialect: str) -> None:
    """Every vector of every vendor is read alike, and its signature believed by both."""
    for datagram in CORPUS:
        packet = decode(datagram)
        theirs = PyradPacket(packet=datagram, secret=SECRET, dict=pyrad_dictionary(dialect))
        assert theirs_by_key(theirs) == by_key(packet)
        assert message_authenticator(packet, Secret(SECRET)) is Signature.GOOD
        judged_alike(packet, Secret(SECRET))


def of_kind(kind: AttributeType) -> st.SearchStrategy[Value]:
    """Values that an attribute of this type can hold."""
    room = 240
    numbers = st.integers(0, 0xFFFFFF if kind.tagged else 0xFFFFFFFF)
    texts = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1, max_size=60)
    made: dict[str, st.SearchStrategy[Value]] = {
        "integer": numbers,
        "date": numbers,
        "string": texts.filter(lambda words: len(words.encode()) <= room),
        "octets": st.binary(min_size=1, max_size=room),
        "ipaddr": st.ip_addresses(v=4).map(str),
        "ipv6addr": st.ip_addresses(v=6).map(str),
        "ipv6prefix": st.tuples(st.ip_addresses(v=6), st.integers(0, 128)).map(
            lambda pair: f"{_network(int(pair[0]), pair[1])}/{pair[1]}"
        ),
        "ifid": st.binary(min_size=8, max_size=8).map(lambda octets: octets.hex(":", 2)),
    }
    return made[kind.kind]


def _network(address: int, length: int) -> IPv6Address:
    return IPv6Address(address >> (128 - length) << (128 - length))


def a_request(code: Code, attributes: list[Attribute]) -> bytes:
    """A signed request of a kind."""
    own = bytes(range(16)) if code is Code.ACCESS_REQUEST else None
    return encode_request(code, 7, attributes, Secret(SECRET), authenticator=own)


THEIR_CLASS: dict[Code, Any] = {
    Code.ACCESS_REQUEST: AuthPacket,
    Code.ACCOUNTING_REQUEST: AcctPacket,
    Code.COA_REQUEST: CoAPacket,
}


named_values = st.sampled_from([(dialect, kind) for dialect in DIALECTS for kind in kinds(dialect)]).flatmap(
    lambda known: st.tuples(st.just(known), of_kind(known[1]))
)
IFID = next((dialect, kind) for dialect in DIALECTS for kind in kinds(dialect) if kind.kind == "ifid")


@given(named_values, st.sampled_from(CODES))
@example((IFID, "0000:0000:0a00:0001"), Code.ACCESS_REQUEST)
def test_our_values_are_read_by_pyrad(given_one: tuple[tuple[str, AttributeType], Value], code: Code) -> None:
    """A value that we write by an attribute's name is the same value to pyrad, in requests of every kind."""
    (dialect, kind), value = given_one
    datagram = a_request(code, [kind.encode(value)])
    theirs = THEIR_CLASS[code](packet=datagram, secret=SECRET, dict=pyrad_dictionary(dialect))
    names = {number: name for name, number in kind.values.items()}
    expected = names.get(value, value) if isinstance(value, int) else value
    said = theirs[kind.name]
    if kind.kind == "ifid":  # pyrad leaves leading zeros of a group away
        said = [":".join(group.zfill(4) for group in one.split(":")) for one in said]
    assert said == [expected]
    judged_alike(decode(datagram), Secret(SECRET))


@given(named_values, st.sampled_from(CODES))
def test_values_of_pyrad_are_read_by_us(
    given_one: tuple[tuple[str, AttributeType], Value], code: Code
) -> None:
    """The other way round: pyrad writes by the name, we read the value, and each believes the other's signature."""
    (dialect, kind), value = given_one
    theirs = THEIR_CLASS[code](code=int(code), id=7, secret=SECRET, dict=pyrad_dictionary(dialect))
    theirs.add_message_authenticator()
    theirs.AddAttribute(kind.name, value)
    packet = decode(theirs.RequestPacket())
    own = packet.vendor(kind.vendor_id, kind.number) if kind.vendor_id else packet.first(kind.number)
    assert own is not None
    assert kind.decode(own) == value
    assert message_authenticator(packet, Secret(SECRET)) is Signature.GOOD
    if code is not Code.ACCESS_REQUEST:
        assert accounting_authenticator_ok(packet, Secret(SECRET))


@given(st.sampled_from([(d, k) for d in DIALECTS for k in kinds(d)]), st.binary(min_size=1, max_size=40))
def test_values_of_any_octets(known: tuple[str, AttributeType], octets: bytes) -> None:
    """What both can read of any octets under a name is the same; where pyrad raises, we show the octets."""
    dialect, kind = known
    value = kind.decode(octets)
    attribute = (
        vendor_attribute(kind.vendor_id, kind.number, octets) if kind.vendor_id else (kind.number, octets)
    )
    theirs = AuthPacket(
        packet=a_request(Code.ACCESS_REQUEST, [attribute]), secret=SECRET, dict=pyrad_dictionary(dialect)
    )
    try:
        (found,) = theirs[kind.name]
    except (ValueError, IndexError, struct.error):
        assert value is None or kind.kind == "ipv6prefix" or kind.tagged
        return
    if isinstance(value, int) and not kind.tagged:
        assert found == next((name for name, number in kind.values.items() if number == value), value)
    elif kind.kind in ("ipaddr", "ipv6addr", "ifid", "octets") and value is not None:
        assert found == value


def test_difference_an_attribute_that_overruns() -> None:
    """Pyrad cuts the attribute silently; we drop the packet (semantics, rule 4)."""
    datagram = bytearray(a_request(Code.ACCESS_REQUEST, [(1, b"zhang")]))
    datagram[39] = 200
    assert PyradPacket(packet=bytes(datagram), secret=SECRET)
    with pytest.raises(WireError):
        decode(bytes(datagram))


def test_difference_a_packet_that_is_too_long() -> None:
    """Pyrad takes 8192 octets; 4096 is the standard's limit (rule 2)."""
    body = bytes((1, 255)) + bytes(253)
    datagram = bytes((1, 1)) + (20 + 17 * 255).to_bytes(2, "big") + bytes(16) + body * 17
    assert PyradPacket(packet=datagram, secret=SECRET)
    with pytest.raises(WireError):
        decode(datagram)


def test_difference_attributes_without_number_or_end() -> None:
    """An attribute of type 0, and the 201st, are refused here alone (rule 4)."""
    for body in (bytes((0, 3, 1)), bytes((1, 3, 65)) * 201):
        datagram = bytes((1, 1)) + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body
        assert PyradPacket(packet=datagram, secret=SECRET)
        with pytest.raises(WireError):
            decode(datagram)


def test_difference_a_second_signature() -> None:
    """A packet with two Message-Authenticators is believed nothing, whichever of them is right (rule 7).

    Pyrad verifies the first and lets the second pass.
    """
    secret, head = Secret(SECRET), bytes((1, 1, 0, 56)) + bytes(range(16))
    first, second = bytes((80, 18)), bytes((80, 18)) + b"\xff" * 16
    signed = first + secret.sign(head + first + bytes(16) + second) + second
    assert message_authenticator(decode(head + signed), secret) is Signature.BAD
    moved = second + first + secret.sign(head + second + first + bytes(16))
    assert message_authenticator(decode(head + moved), secret) is Signature.BAD
    assert AuthPacket(packet=head + signed, secret=SECRET).verify_message_authenticator()


def test_difference_a_number_of_a_wrong_size() -> None:
    """Pyrad raises when it is read; here it is no number, and its octets are shown (rule 5)."""
    datagram = a_request(Code.ACCESS_REQUEST, [(5, b"\0\1")])
    theirs = AuthPacket(packet=datagram, secret=SECRET, dict=pyrad_dictionary("huawei-campus"))
    with pytest.raises(ValueError, match=r"."):
        theirs["NAS-Port"]
    assert dictionary.load().named("NAS-Port").show(b"\0\1") == "0x0001"


def test_difference_order() -> None:
    """Pyrad groups attributes by number; we keep the order of the wire."""
    mixed = [(18, b"a"), (25, b"b"), (18, b"c")]
    datagram = a_request(Code.ACCESS_REQUEST, mixed)
    assert list(decode(datagram).attributes)[1:] == mixed
    theirs = PyradPacket(packet=datagram, secret=SECRET)
    assert theirs_by_key(theirs)[18] == [b"a", b"c"]
