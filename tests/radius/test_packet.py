"""What is a packet, what is not, and what stands in ours."""

import pytest

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
    sub_attributes,
    vendor_attribute,
    verify_reply,
)

SECRET = Secret(b"testing123")
AUTHENTICATOR = bytes(range(16))
SIGNATURE = 80
PROXY_STATE = 33


def raw(body: bytes, *, code: int = 1, length: int | None = None) -> bytes:
    size = 20 + len(body) if length is None else length
    return bytes((code, 7)) + size.to_bytes(2, "big") + AUTHENTICATOR + body


def access(attributes: list[Attribute], *, sign: bool = False) -> Packet:
    return decode(
        encode_request(Code.ACCESS_REQUEST, 7, attributes, SECRET, authenticator=AUTHENTICATOR, sign=sign)
    )


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x01",
        raw(b"")[:19],
        raw(b"", length=19),
        raw(b"", length=21),
        raw(b"\x01\x05abc", length=29),
        raw(b"\x01\x05abc", length=24),
        raw(b"\x01\x01"),
        raw(b"\x01\x00"),
        raw(b"\x01"),
        raw(b"\x01\x04ab\x01"),
        raw(b"\x01\x06abc"),
        raw(b"\x00\x03a"),
        raw(b"\x01\x03a" * 201),
        raw(b"\x01\x03a" * 250),
        raw(b"\x01\xff" + bytes(253) + b"\x01\xff" + bytes(250)),
        raw((b"\x01\xff" + bytes(253)) * 15 + b"\x01\xfd" + bytes(251)),
    ],
    ids=[
        "empty", "one octet", "half a header", "Length 19", "Length 21 of 20", "Length 4 too long",
        "Length cuts an attribute", "attribute length 1",
        "attribute length 0", "attribute of one octet", "half an attribute at the end", "overrun by one",
        "type 0", "201 attributes", "250 attributes", "overrun of a long one", "4098 octets",
    ],
)  # fmt: skip
def test_no_packets(datagram: bytes) -> None:
    """A bad Length, a bad attribute length, type 0, too much of anything: WireError, nothing else."""
    with pytest.raises(WireError):
        decode(datagram)


def test_the_largest_packets() -> None:
    """4096 octets and 200 attributes are still a packet."""
    full = raw((b"\x01\xff" + bytes(253)) * 15 + b"\x01\xfb" + bytes(249))
    assert len(full) == 4096
    assert len(decode(full).attributes) == 16
    assert len(decode(raw(b"\x01\x03a" * 200)).attributes) == 200


def test_octets_after_length_are_padding() -> None:
    """Octets beyond Length are ignored, and are no part of what is signed."""
    whole = access([(1, b"user")], sign=True).datagram
    packet = decode(whole + b"\xffpadding")
    assert packet.datagram == whole
    assert message_authenticator(packet, SECRET) is Signature.GOOD


@pytest.mark.parametrize(("code", "served"), [(1, True), (12, True), (2, False), (4, False), (99, False)])
def test_codes_of_a_port(code: int, served: bool) -> None:
    """A port reads the codes it serves and refuses the others."""
    codes = frozenset((Code.ACCESS_REQUEST, Code.STATUS_SERVER))
    if served:
        assert decode(raw(b"", code=code), codes).code == code
    else:
        with pytest.raises(WireError):
            decode(raw(b"", code=code), codes)


def test_reading() -> None:
    """Attributes are found by number, first and all of them, empty values included."""
    packet = access([(1, b"user"), (79, b""), (25, b"one"), (25, b"two")])
    assert packet.first(1) == b"user"
    assert packet.first(25) == b"one"
    assert packet.every(25) == [b"one", b"two"]
    assert packet.first(79) == b""
    assert packet.has(79)
    assert packet.first(2) is None
    assert packet.every(2) == []
    assert not packet.has(2)


def test_vendor_attributes() -> None:
    """Sub-attributes are found through several Vendor-Specific attributes and several in one."""
    two_in_one = (26, vendor_attribute(2011, 5, b"five")[1] + b"\x99\x06\x00\x00\x00\x03")
    packet = access([vendor_attribute(9, 5, b"cisco"), two_in_one, vendor_attribute(2011, 5, b"again")])
    assert packet.vendor(2011, 5) == b"five"
    assert packet.vendor(2011, 153) == b"\0\0\0\3"
    assert packet.vendor(9, 5) == b"cisco"
    assert packet.vendor_every(2011, 5) == [b"five", b"again"]
    assert packet.vendor(2011, 6) is None
    assert packet.vendor(14988, 5) is None
    assert access([]).vendor(2011, 5) is None


@pytest.mark.parametrize(
    "inside", ["", "99", "9900", "9901", "990700000003", "990500000003", "0506000000019900", "05060000000199"]
)
def test_a_broken_vendor_attribute_is_kept_raw(inside: str) -> None:
    """An inside that does not add up is passed over whole, the octets stay, and the rest of the packet counts."""
    broken = (26, bytes.fromhex("000007db" + inside))
    packet = access([broken, vendor_attribute(2011, 153, b"good")])
    assert packet.attributes[0] == broken
    assert sub_attributes(broken[1]) == ()
    assert packet.vendor(2011, 153) == b"good"
    assert packet.vendor(2011, 5) is None
    assert packet.vendor_every(2011, 5) == []


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\x07"])
def test_half_a_vendor_id(value: bytes) -> None:
    """A Vendor-Specific attribute too short for its vendor id belongs to no vendor."""
    packet = access([(26, value)])
    assert packet.first(26) == value
    assert packet.vendor(0, 0) is None
    assert packet.vendor(7, 1) is None


def test_nothing_of_a_packet_or_secret_is_printed() -> None:
    """Printing a packet or a secret, as a failing log line may, shows no value."""
    packet = access([(1, b"20260001"), (2, b"p" * 16)])
    assert repr(packet) == "<Packet code=1 identifier=7 attributes=2>"
    assert "testing123" not in repr(SECRET) + str(SECRET)


def test_secrets() -> None:
    """Secrets are compared by value, an empty one is refused, one over 64 octets signs as HMAC says."""
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret(b"b")
    assert Secret(b"a") != b"a"
    assert len({Secret(b"a"), Secret(b"a"), Secret(b"b")}) == 2
    with pytest.raises(ValueError, match="empty"):
        Secret(b"")
    # RFC 2202 §2, test cases 2 and 6
    assert Secret(b"Jefe").sign(b"what do ya want for nothing?").hex() == "750c783e6ab0b503eaa86e310a5db738"
    long = Secret(b"\xaa" * 80).sign(b"Test Using Larger Than Block-Size Key - Hash Key First")
    assert long.hex() == "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_signature_may_stand_anywhere(place: int) -> None:
    """A Message-Authenticator is checked wherever it stands among the attributes."""
    attributes: list[Attribute] = [(1, b"user"), (32, b"ac1")]
    attributes.insert(place, (SIGNATURE, bytes(16)))
    body = b"".join(bytes((number, len(value) + 2)) + value for number, value in attributes)
    blank = raw(body)
    signed = blank.replace(b"\x50\x12" + bytes(16), b"\x50\x12" + SECRET.sign(blank))
    assert message_authenticator(decode(signed), SECRET) is Signature.GOOD
    assert message_authenticator(decode(signed.replace(b"user", b"usar")), SECRET) is Signature.BAD
    assert message_authenticator(decode(signed), Secret(b"another")) is Signature.BAD


@pytest.mark.parametrize("size", [0, 15, 17, 253])
def test_a_signature_of_a_wrong_size(size: int) -> None:
    """A Message-Authenticator that is not 16 octets is bad, not absent and not an error."""
    packet = decode(raw(bytes((SIGNATURE, size + 2)) + bytes(size)))
    assert message_authenticator(packet, SECRET) is Signature.BAD


@pytest.mark.parametrize("right", [0, 1])
def test_two_signatures(right: int) -> None:
    """Of two Message-Authenticators either may be right over the whole packet: it is bad all the same."""
    empty, other = b"\x50\x12" + bytes(16), b"\x50\x12" + b"x" * 16
    blank = raw(empty + other if right == 0 else other + empty)
    signed = blank.replace(empty, b"\x50\x12" + SECRET.sign(blank))
    assert message_authenticator(decode(signed), SECRET) is Signature.BAD
    alone = raw(empty)
    alone = alone.replace(empty, b"\x50\x12" + SECRET.sign(alone))
    assert message_authenticator(decode(alone), SECRET) is Signature.GOOD


@pytest.mark.parametrize("code", [Code.ACCOUNTING_REQUEST, Code.COA_REQUEST, Code.DISCONNECT_REQUEST])
def test_digested_requests(code: Code) -> None:
    """Accounting, CoA and Disconnect requests prove their secret by digest and, if wished, by signature too."""
    for sign in (False, True):
        packet = decode(encode_request(code, 9, [(44, b"session")], SECRET, sign=sign))
        assert accounting_authenticator_ok(packet, SECRET)
        assert not accounting_authenticator_ok(packet, Secret(b"another"))
        assert message_authenticator(packet, SECRET) is (Signature.GOOD if sign else Signature.ABSENT)
        changed = decode(packet.datagram.replace(b"session", b"sassion"))
        assert not accounting_authenticator_ok(changed, SECRET)


def test_a_reply() -> None:
    """Signature first, then our attributes, then every Proxy-State of the request in its order, untouched."""
    request = access([(PROXY_STATE, b"one"), (1, b"user"), (PROXY_STATE, b""), (PROXY_STATE, b"one")])
    reply = verify_reply(
        encode_reply(Code.ACCESS_ACCEPT, request, [(27, bytes(4)), (25, b"c")], SECRET, sign=True),
        request.datagram,
        SECRET,
    )
    assert (reply.code, reply.identifier) == (Code.ACCESS_ACCEPT, 7)
    assert [number for number, _ in reply.attributes] == [SIGNATURE, 27, 25, 33, 33, 33]
    assert reply.every(PROXY_STATE) == [b"one", b"", b"one"]


def test_an_unsigned_reply() -> None:
    """An Accounting-Response without attributes is the 20 octets of a header."""
    request = decode(encode_request(Code.ACCOUNTING_REQUEST, 3, [(40, bytes(4))], SECRET, sign=False))
    reply = encode_reply(Code.ACCOUNTING_RESPONSE, request, [], SECRET, sign=False)
    assert len(reply) == 20
    assert verify_reply(reply, request.datagram, SECRET).attributes == ()


def test_replies_that_are_refused() -> None:
    """Another identifier, kind, secret, request or signature, or any changed octet, and the reply is none."""
    request = access([(1, b"user")], sign=True)
    reply = encode_reply(Code.ACCESS_ACCEPT, request, [(27, bytes(4))], SECRET, sign=True)
    elsewhere = encode_request(
        Code.ACCESS_REQUEST, 7, [(1, b"user")], SECRET, authenticator=bytes(16), sign=True
    )
    unsigned = bytearray(reply[:4] + AUTHENTICATOR + reply[20:])
    unsigned[30] ^= 1
    badly_signed = reply[:4] + SECRET.seal(bytes(unsigned)) + bytes(unsigned[20:])
    other_kind = encode_reply(Code.ACCOUNTING_RESPONSE, request, [], SECRET, sign=True)
    other_id = bytes((1, 8)) + request.datagram[2:]
    for datagram, asked, secret in (
        (reply, elsewhere, SECRET),
        (reply, request.datagram, Secret(b"another")),
        (reply, other_id, SECRET),
        (badly_signed, request.datagram, SECRET),
        (other_kind, request.datagram, SECRET),
        (b"", request.datagram, SECRET),
    ):
        with pytest.raises(WireError):
            verify_reply(datagram, asked, secret)
    for place in range(len(reply)):
        changed = bytearray(reply)
        changed[place] ^= 1
        with pytest.raises(WireError):
            verify_reply(bytes(changed), request.datagram, SECRET)


def test_a_reply_over_4096_octets() -> None:
    """A reply that would be too long is an error of ours, Proxy-State counted, and 4096 octets are sent."""
    request = access([(PROXY_STATE, bytes(253))])
    rules: list[Attribute] = [(11, bytes(253))] * 14
    rest = 4096 - 20 - 18 - 15 * 255
    assert len(encode_reply(2, request, [*rules, (11, bytes(rest - 2))], SECRET, sign=True)) == 4096
    with pytest.raises(ValueError, match="4097"):
        encode_reply(2, request, [*rules, (11, bytes(rest - 1))], SECRET, sign=True)


@pytest.mark.parametrize(
    ("code", "identifier", "attributes", "authenticator"),
    [
        (1, 1, [], None),
        (12, 1, [], bytes(15)),
        (4, 1, [], bytes(16)),
        (1, 256, [], bytes(16)),
        (1, -1, [], bytes(16)),
        (0, 1, [], bytes(16)),
        (256, 1, [], bytes(16)),
        (1, 1, [(1, bytes(254))], bytes(16)),
        (1, 1, [(256, b"")], bytes(16)),
        (1, 1, [(0, b"")], bytes(16)),
        (1, 1, [(80, bytes(16))], bytes(16)),
    ],
)
def test_requests_that_cannot_be(
    code: int, identifier: int, attributes: list[Attribute], authenticator: bytes | None
) -> None:
    """What would not be a right packet is refused when it is built."""
    with pytest.raises(ValueError, match=r"."):
        encode_request(code, identifier, attributes, SECRET, authenticator=authenticator)


def test_vendor_values_that_do_not_fit() -> None:
    """247 octets fit a vendor's sub-attribute, 248 do not."""
    assert len(vendor_attribute(2011, 82, bytes(247))[1]) == 253
    with pytest.raises(ValueError, match="248"):
        vendor_attribute(2011, 82, bytes(248))
