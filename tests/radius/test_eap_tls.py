"""TLS in EAP packets: fragments, acknowledgements and keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from tests.radius.tls_peer import Peer, authority, client, context, shake
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_method import Certificate, Done, Failed, Method, Prove, Send, Step
from zhuomai_appliance.radius.eap_tls import (
    EAP_PEAP,
    EAP_TLS,
    EAP_TTLS,
    MAX_MESSAGE_OCTETS,
    EapTls,
    TlsFraming,
    fragment_octets,
    master_session_key,
)
from zhuomai_appliance.radius.tls_engine import TlsContext, TlsFailed, TlsFault


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


def converse(conversation: Method, device: Device, *, admit: bool = True) -> tuple[Step, int, list[bytes]]:
    """Run a conversation to its end: how it ended, how many requests it took, which certificates were to be judged."""
    step, requests, shown = conversation.begin(1), 0, list[bytes]()
    while True:
        if isinstance(step, Send):
            requests += 1
            assert len(step.data) <= 1024 + 5
            assert requests < 40
            step = conversation.step(device.answer(step.data), requests + 1)
        elif isinstance(step, Prove):
            assert step.name is None
            assert isinstance(step.offer, Certificate)
            shown.append(step.offer.der)
            step = conversation.proved(b"" if admit else None)
        else:
            return step, requests, shown


both_versions = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
MINE = eap_authority.to_der(client().certificate)


def conversation(tls: TlsContext | None = None) -> EapTls:
    return EapTls((tls or CONTEXT).engine(client_certificate=True))


@both_versions
def test_a_good_certificate_comes_in(version: str) -> None:
    """Both ends have the same key, and the certificate was judged once."""
    device = Device(Peer(version, client()))
    step, _, shown = converse(conversation(), device)
    connection = device.peer.connection
    if version == "TLSv1.3":
        expected = connection.export_keying_material(b"EXPORTER_EAP_TLS_Key_Material", 128, b"\x0d")
        assert device.peer.hear(b"") == b"\0"  # RFC 9190 §2.1.1: the commitment
    else:
        expected = connection.export_keying_material(b"client EAP encryption", 128)
    assert step == Done(expected[:64])
    assert shown == [MINE]
    assert expected[:64].hex() not in repr(step)


@both_versions
def test_nothing_is_promised_before_the_proof(version: str) -> None:
    """A certificate that opens nothing: the device hears neither the commitment nor that the handshake is over."""
    device = Device(Peer(version, client()))
    step, _, shown = converse(conversation(), device, admit=False)
    assert (type(step), shown) == (Failed, [MINE])
    assert device.peer.hear(b"") == b""


@both_versions
def test_a_device_comes_back_in_fewer_steps(version: str) -> None:
    """Resumed, its certificate is to be judged once more, and the keys are new ones."""
    tls = context()
    peer = Peer(version, client())
    first = conversation(tls)
    done, full, _ = converse(first, Device(peer))
    first.granted(b"20260001")
    peer.hear(b"")
    peer.keep()
    peer.connect()
    again, requests, shown = converse(conversation(tls), Device(peer))
    assert (type(done), type(again)) == (Done, Done)
    assert again != done
    assert requests < full
    assert shown == [MINE]


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
    device, talk = Device(peer_of(version)), conversation()
    with pytest.raises(SSL.Error, match="alert"):
        converse(talk, device)
        device.peer.hear(b"")
    last = talk.step(b"\0", 9)
    assert isinstance(last, Failed)
    assert last.fault is fault


def test_a_device_that_does_not_trust_the_server_ends_it() -> None:
    """Its alert needs no answer; the fault is the operator's hint."""
    device = Device(Peer("TLSv1.2", client(), trust=authority("Another authority").certificate))
    talk = conversation()
    step = talk.begin(1)
    while isinstance(step, Send):
        try:
            response = device.answer(step.data)
        except SSL.Error:
            device.framing.put(device.peer.pending())
            response = device.framing.reply()
        step = talk.step(response, 2)
    assert isinstance(step, Failed)
    assert step.fault is TlsFault.SERVER_REFUSED


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_a_conversation_survives_garbage(packets: list[bytes]) -> None:
    """Whatever the responses hold, a step comes back, and nothing is proved by them."""
    talk = conversation()
    talk.begin(1)
    for packet in packets:
        assert isinstance(talk.step(packet, 2), Send | Failed)


CONTEXT = context()
