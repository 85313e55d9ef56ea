"""TLS in EAP packets: fragments, acknowledgements and keys."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.radius.tls_peer import Peer, context, shake
from zhuomai_appliance.radius.eap_tls import (
    EAP_PEAP,
    EAP_TLS,
    EAP_TTLS,
    MAX_MESSAGE_OCTETS,
    TlsFraming,
    fragment_octets,
    master_session_key,
)
from zhuomai_appliance.radius.tls_engine import TlsFailed, TlsFault


def carry(message: bytes, sender: TlsFraming, receiver: TlsFraming) -> tuple[bytes, list[bytes]]:
    """Send a message to the other side; what arrives, and the packets that carried it."""
    packets = []
    sender.put(message)
    while True:
        packets.append(sender.reply())
        whole = receiver.receive(packets[-1])
        if whole is not None:
            return whole, packets
        assert sender.receive(receiver.reply()) is None


@settings(deadline=None)
@given(
    messages=st.lists(st.binary(max_size=5000), max_size=4),
    octets=st.integers(1, 1400),
    other=st.integers(1, 1400),
)
def test_every_message_arrives_whole(messages: list[bytes], octets: int, other: int) -> None:
    """Whatever its length and the size of fragments, to and fro; no fragment carries more than it may."""
    ours, theirs = TlsFraming(octets), TlsFraming(other)
    for number, message in enumerate(messages):
        here, there = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        whole, packets = carry(message, here, there)
        assert whole == message
        assert all(len(packet) <= (octets if here is ours else other) + 5 for packet in packets)


def test_the_flags_on_the_wire() -> None:
    """First fragment: L, M and the total; then M; then neither. A short message carries no length. RFC 5216 §3.1."""
    framing = TlsFraming(4)
    framing.put(b"0123456789")
    assert framing.start() == b"\x20"
    assert framing.reply() == b"\xc0\x00\x00\x00\x0a0123"
    assert framing.receive(b"\x00") is None
    assert framing.reply() == b"\x404567"
    assert framing.receive(b"\x00") is None
    assert framing.reply() == b"\x0089"
    framing.put(b"0123")
    assert framing.receive(b"\x00") is None
    assert framing.reply() == b"\x000123"
    assert framing.receive(b"\x80\x00\x00\x00\x02ok") == b"ok"
    assert framing.receive(b"\x00") == b""


def test_the_version_stands_in_the_last_bits() -> None:
    """PEAP and TTLS tell their version in every packet."""
    framing = TlsFraming(4, version=1)
    framing.put(b"01234")
    assert framing.start() == b"\x21"
    assert framing.reply()[0] == 0xC1
    assert framing.receive(b"\x01") is None
    assert framing.reply()[0] == 0x01
    assert framing.peer_version == 1


def test_a_length_in_every_fragment_is_borne() -> None:
    """Some devices repeat the total; it must stay the same."""
    framing = TlsFraming()
    assert framing.receive(b"\xc0\x00\x00\x00\x04ab") is None
    assert framing.receive(b"\x80\x00\x00\x00\x04cd") == b"abcd"
    assert framing.receive(b"\xc0\x00\x00\x00\x04ab") is None
    with pytest.raises(TlsFailed, match="another length"):
        framing.receive(b"\x80\x00\x00\x00\x05cd")


@pytest.mark.parametrize(
    ("packets", "fault"),
    [
        ([b""], TlsFault.PROTOCOL),
        ([b"\x20"], TlsFault.PROTOCOL),
        ([b"\x80\x00\x00"], TlsFault.PROTOCOL),
        ([b"\x40"], TlsFault.PROTOCOL),
        ([b"\xc0\x00\x00\x00\x03ab", b"\x00cd"], TlsFault.PROTOCOL),
        ([b"\xc0\x00\x00\x00\x09ab", b"\x00cd"], TlsFault.PROTOCOL),
        ([b"\x80\x00\x01\x00\x01ab"], TlsFault.TOO_LARGE),
        ([b"\xc0\xff\xff\xff\xffab"], TlsFault.TOO_LARGE),
        ([b"\x40" + b"x" * 4000] * (MAX_MESSAGE_OCTETS // 4000 + 1), TlsFault.TOO_LARGE),
    ],
)
def test_broken_fragments_end_the_conversation(packets: list[bytes], fault: TlsFault) -> None:
    """Start flags, lengths that do not add up, and announced or real megabytes are refused as soon as they are seen."""
    framing = TlsFraming()
    for packet in packets[:-1]:
        assert framing.receive(packet) is None
    with pytest.raises(TlsFailed) as failed:
        framing.receive(packets[-1])
    assert failed.value.fault is fault


def test_data_in_place_of_an_acknowledgement_is_refused() -> None:
    """While fragments of ours are on the way the device has nothing to say: a reordered packet cannot slip in."""
    for packet in (b"\x00data", b"\x40data", b"\x40"):
        framing = TlsFraming(4)
        framing.put(b"0123456789")
        framing.reply()
        with pytest.raises(TlsFailed, match="must be acknowledged"):
            framing.receive(packet)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=12), max_size=8))
def test_garbage_never_does_more_than_fail(packets: list[bytes]) -> None:
    """Any octets are a message, a piece of one, or a fault."""
    framing = TlsFraming(4)
    framing.put(b"0123456789")
    try:
        for packet in packets:
            framing.reply()
            framing.receive(packet)
    except TlsFailed as failed:
        assert failed.fault in {TlsFault.PROTOCOL, TlsFault.TOO_LARGE}


def test_packets_fit_the_link() -> None:
    """RFC 3579 §2.4: with EAP's and 802.1X' headers no packet is over Framed-MTU; an absurd one is not obeyed."""
    assert fragment_octets(None) == fragment_octets(1500) == 1024
    assert fragment_octets(576) + 4 + 1 + 1 + 4 + 4 <= 576
    assert fragment_octets(0) == fragment_octets(64) == 100


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize(
    ("eap_type", "label"),
    [
        (EAP_TLS, b"client EAP encryption"),
        (EAP_PEAP, b"client EAP encryption"),
        (EAP_TTLS, b"ttls keying material"),
    ],
)
def test_keys_are_those_of_the_standards(version: str, eap_type: int, label: bytes) -> None:
    """RFC 5216 §2.3 and RFC 5281 §8 with TLS 1.2; one label with the type as context with TLS 1.3 (RFC 9427 §2.1)."""
    engine, peer = context().engine(), Peer(version)
    shake(engine, peer)
    other = peer.connection
    if version == "TLSv1.3":
        expected = other.export_keying_material(b"EXPORTER_EAP_TLS_Key_Material", 128, bytes((eap_type,)))
    else:
        expected = other.export_keying_material(label, 128)
    assert master_session_key(engine, eap_type) == expected[:64]
