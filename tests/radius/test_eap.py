"""EAP packets and their way through RADIUS attributes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.eap import EapCode, EapPacket
from zhuomai_appliance.radius.packet import WireError


@pytest.mark.parametrize(
    ("octets", "packet"),
    [
        ("0201000a01616c696365", EapPacket(EapCode.RESPONSE, 1, eap.IDENTITY, b"alice")),
        ("02010006030d", EapPacket(EapCode.RESPONSE, 1, eap.NAK, b"\x0d")),
        ("0109000501", EapPacket(EapCode.REQUEST, 9, eap.IDENTITY, b"")),
        ("0109000501ffff", EapPacket(EapCode.REQUEST, 9, eap.IDENTITY, b"")),
        ("03070004", EapPacket(EapCode.SUCCESS, 7, 0, b"")),
        ("04070004", EapPacket(EapCode.FAILURE, 7, 0, b"")),
    ],
)
def test_packets(octets: str, packet: EapPacket) -> None:
    """RFC 3748 §4; what stands behind the length is padding."""
    assert eap.decode(bytes.fromhex(octets)) == packet


@pytest.mark.parametrize(
    "octets",
    ["", "0201", "02010003", "0201000b01616c696365", "02010004", "0501000501", "0001000501", "0307000500"],
)
def test_broken_packets(octets: str) -> None:
    """Cut short, longer than it is, without a Type, of no known code, or a result that says something."""
    with pytest.raises(WireError):
        eap.decode(bytes.fromhex(octets))


def test_results_and_requests() -> None:
    """Written as the RFC has them."""
    assert eap.success(7) == bytes.fromhex("03070004")
    assert eap.failure(7) == bytes.fromhex("04070004")
    assert eap.request(300, 4, b"x") == bytes.fromhex("012c00060478")
    assert eap.decode(eap.response(1, eap.IDENTITY, b"a")).data == b"a"
    with pytest.raises(ValueError, match="4097"):
        eap.request(1, 4, bytes(4092))


def test_attributes_hold_253_octets_each() -> None:
    """RFC 3579 §3.1: in order, only the last one shorter."""
    packet = eap.request(1, eap.PEAP, bytes(range(256)) * 3)
    pieces = eap.split(packet)
    assert [len(value) for _, value in pieces] == [253, 253, 253, 14]
    assert {number for number, _ in pieces} == {79}
    assert eap.joined([value for _, value in pieces]) == packet


@pytest.mark.parametrize(
    ("nak", "wanted"),
    [
        ((eap.NAK, b"\x15\x19"), (21, 25)),
        ((eap.NAK, b"\0"), ()),
        ((eap.NAK, b""), ()),
        (
            (
                eap.EXPANDED,
                bytes.fromhex(
                    "00000000000003" + "fe00000000000019" + "fe00013700000001" + "fe000000000000ff"
                ),
            ),
            (25,),
        ),
    ],
)
def test_nak(nak: tuple[int, bytes], wanted: tuple[int, ...]) -> None:
    """Both forms (RFC 3748 §5.3); types of vendors are none of ours."""
    packet = EapPacket(EapCode.RESPONSE, 1, *nak)
    assert eap.is_nak(packet)
    assert eap.wanted_types(packet) == wanted
    assert not eap.is_nak(EapPacket(EapCode.RESPONSE, 1, eap.PEAP, b"\0"))
    assert not eap.is_nak(EapPacket(EapCode.RESPONSE, 1, eap.EXPANDED, b"\0\1\2"))


def test_nothing_of_the_data_is_shown() -> None:
    """Proofs and names stay out of logs."""
    assert "secret" not in repr(EapPacket(EapCode.RESPONSE, 1, 4, b"secret"))


@given(st.binary(max_size=5000))
def test_octets_are_a_packet_or_a_wire_error(octets: bytes) -> None:
    """Nothing else is raised, and what is read is written alike."""
    with contextlib.suppress(WireError):
        packet = eap.decode(octets)
        eap.wanted_types(packet)
        if packet.code is EapCode.RESPONSE:
            written = eap.response(packet.identifier, packet.kind, packet.data)
            assert octets.startswith(written)
