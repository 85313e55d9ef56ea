"""TLS in EAP packets: fragments, acknowledgements and keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from tests.radius.tls_peer import Peer, authority, client, context, shake
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_tls import (
    EAP_PEAP,
    EAP_TLS,
    EAP_TTLS,
    MAX_MESSAGE_OCTETS,
    EapTls,
    TlsFraming,
    TlsStep,
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


class Device:
    """The other end: a TLS client that cuts its records into fragments of its own."""

    def __init__(self, peer: Peer, octets: int = 700) -> None:
        self.peer = peer
        self.framing = TlsFraming(octets)

    def answer(self, request: bytes) -> bytes:
        """The response's type-data; the start flag makes it say hello."""
        if request[:1] == b"\x20":
            self.framing.put(self.peer.step())
            return self.framing.reply()
        message = self.framing.receive(request)
        if message is not None:
            records = self.peer.step(message)
            if records:
                self.framing.put(records)
        return self.framing.reply()


def converse(conversation: EapTls, device: Device, *, admit: bool = True) -> tuple[TlsStep, int]:
    """Run a conversation to its end: how it ended, and how many requests it took."""
    request, requests = conversation.start(), 1
    while True:
        step = conversation.receive(device.answer(request))
        if step is TlsStep.DECIDE:
            if not admit:
                return step, requests
            step = conversation.admit()
        if step is not TlsStep.SEND:
            return step, requests
        request, requests = conversation.request, requests + 1
        assert len(request) <= 1024 + 5
        assert requests < 40


both_versions = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])


@both_versions
def test_a_good_certificate_comes_in(version: str) -> None:
    """Both ends have the same key, the caller saw the certificate before the device heard of success."""
    conversation = EapTls(context().engine(client_certificate=True))
    device = Device(Peer(version, client()))
    assert converse(conversation, device)[0] is TlsStep.DONE
    assert conversation.certificate == eap_authority.to_der(client().certificate)
    assert not conversation.resumed
    connection = device.peer.connection
    if version == "TLSv1.3":
        expected = connection.export_keying_material(b"EXPORTER_EAP_TLS_Key_Material", 128, b"\x0d")
        assert device.peer.hear(b"") == b"\0"  # RFC 9190 §2.1.1: the commitment
    else:
        expected = connection.export_keying_material(b"client EAP encryption", 128)
    assert conversation.key == expected[:64]


@both_versions
def test_nothing_is_promised_before_the_decision(version: str) -> None:
    """Without `admit` the device hears neither the commitment nor, with TLS 1.2, that the handshake is over."""
    device = Device(Peer(version, client()))
    conversation = EapTls(context().engine(client_certificate=True))
    assert converse(conversation, device, admit=False)[0] is TlsStep.DECIDE
    assert device.peer.hear(b"") == b""


@both_versions
def test_a_device_comes_back_in_fewer_steps(version: str) -> None:
    """Resumed, its certificate is there to be judged once more, and the keys are new ones."""
    tls = context()
    peer = Peer(version, client())
    first = EapTls(tls.engine(client_certificate=True))
    full = converse(first, Device(peer))[1]
    peer.hear(b"")
    peer.keep()
    peer.connect()
    again = EapTls(tls.engine(client_certificate=True))
    step, requests = converse(again, Device(peer))
    assert step is TlsStep.DONE
    assert requests < full
    assert again.resumed
    assert again.certificate == first.certificate
    assert again.key != first.key


@both_versions
@pytest.mark.parametrize(
    ("peer_of", "fault"),
    [
        (Peer, TlsFault.NO_CERTIFICATE),
        (lambda version: Peer(version, client(issuer="Another authority")), TlsFault.UNKNOWN_CA),
    ],
)
def test_a_bad_certificate_gets_an_alert_then_a_failure(
    version: str, peer_of: Callable[[str], Peer], fault: TlsFault
) -> None:
    """The device hears why (RFC 5216 §2.1.3): its TLS reads the alert before the failure comes."""
    device = Device(peer_of(version))
    conversation = EapTls(context().engine(client_certificate=True))
    with pytest.raises(SSL.Error, match="alert"):
        converse(conversation, device)
        device.peer.hear(b"")
    assert conversation.failed is not None
    assert conversation.failed.fault is fault
    assert conversation.receive(b"\0") is TlsStep.FAILED


def test_a_device_that_does_not_trust_the_server_ends_it() -> None:
    """Its alert needs no answer; the fault is the operator's hint."""
    device = Device(Peer("TLSv1.2", client(), trust=authority("Another authority").certificate))
    conversation = EapTls(context().engine(client_certificate=True))
    request = conversation.start()
    step = TlsStep.SEND
    while step is TlsStep.SEND:
        try:
            response = device.answer(request)
        except SSL.Error:
            device.framing.put(device.peer.pending())
            response = device.framing.reply()
        step = conversation.receive(response)
        request = conversation.request
    assert step is TlsStep.FAILED
    assert conversation.failed is not None
    assert conversation.failed.fault is TlsFault.SERVER_REFUSED


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_a_conversation_survives_garbage(packets: list[bytes]) -> None:
    """Whatever the responses hold, a step comes back, and nothing is proved by them."""
    conversation = EapTls(CONTEXT.engine(client_certificate=True))
    conversation.start()
    for packet in packets:
        assert conversation.receive(packet) in {TlsStep.SEND, TlsStep.FAILED}
    assert conversation.certificate == b""


CONTEXT = context()
