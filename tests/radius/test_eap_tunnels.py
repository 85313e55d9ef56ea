"""PEAP and EAP-TTLS with a device in memory: what goes to and fro inside, and each way it can break."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.radius.eap_devices import PEER_CHALLENGE, InTunnel, md5_answer, ms_chap_v2_answer
from tests.radius.tls_peer import VERSIONS, Peer, context
from zhuomai_appliance.radius import eap, mschap
from zhuomai_appliance.radius.eap_method import (
    Digest,
    Done,
    Failed,
    MsChap2,
    Password,
    Prove,
    Resumed,
    Send,
)
from zhuomai_appliance.radius.eap_peap import Peap
from zhuomai_appliance.radius.eap_ttls import Ttls, avp, read_avps
from zhuomai_appliance.radius.eap_tunnel import Tunnel
from zhuomai_appliance.radius.packet import WireError
from zhuomai_appliance.radius.passwords import chap_matches, chap_response
from zhuomai_appliance.radius.tls_engine import TlsContext, TlsFault

NONCE = bytes(range(16))
WON = bytes.fromhex("80030002" + "0001")
LOST = bytes.fromhex("80030002" + "0002")
NAME, PASSWORD = b"alice", b"wonderland"
both_versions = pytest.mark.parametrize("version", list(VERSIONS))


@pytest.fixture(scope="module")
def shared() -> TlsContext:
    return context()


def peap(shared: TlsContext, version: str = "TLSv1.3", peer: Peer | None = None) -> InTunnel:
    return InTunnel(Peap(shared.engine(), lambda: NONCE), peer or Peer(version))


def ttls(shared: TlsContext, version: str = "TLSv1.3", peer: Peer | None = None) -> InTunnel:
    return InTunnel(Ttls(shared.engine(), lambda: NONCE), peer or Peer(version))


Make = Callable[[TlsContext, str, Peer], InTunnel]


def implied(device: InTunnel) -> tuple[bytes, int]:
    """Challenge and identifier out of the tunnel (RFC 5281 §11.1), as the device derives them."""
    octets = device.peer.connection.export_keying_material(b"ttls challenge", 17, None)
    return octets[:16], octets[16]


def device_keys(device: InTunnel, kind: int, label: bytes) -> bytes:
    connection = device.peer.connection
    if connection.get_protocol_version_name() == "TLSv1.3":
        return connection.export_keying_material(b"EXPORTER_EAP_TLS_Key_Material", 128, bytes((kind,)))[:64]
    return connection.export_keying_material(label, 128, None)[:64]


def through_peap(device: InTunnel) -> None:
    """Everything up to our result."""
    device.open()
    assert isinstance(device.say(), Send)
    assert device.clear == b"\1"
    assert isinstance(device.say(b"\1" + NAME), Send)
    assert device.clear[0] == eap.MSCHAPV2
    step = device.say(b"\x1a" + ms_chap_v2_answer(device.clear[1:], NAME, PASSWORD))
    assert isinstance(step, Prove)
    assert step.name == NAME
    assert isinstance(step.offer, MsChap2)
    device.proved(PASSWORD)
    assert device.clear[:2] == b"\x1a\3"
    device.say(b"\x1a\3")


class TestPeap:
    @both_versions
    def test_the_whole_way(self, shared: TlsContext, version: str) -> None:
        """Identity, MS-CHAP-V2, results of both ends; both have the same keys."""
        device = peap(shared, version)
        through_peap(device)
        request = eap.decode(device.clear)
        assert (request.kind, request.data) == (eap.EXTENSIONS, WON)
        step = device.say(eap.response(request.identifier, eap.EXTENSIONS, WON))
        assert step == Done(device_keys(device, eap.PEAP, b"client EAP encryption"))

    def test_a_result_among_other_tlvs(self, shared: TlsContext) -> None:
        """Windows may send what it knows beside it; that is passed over."""
        device = peap(shared)
        through_peap(device)
        other = bytes.fromhex("000c0004deadbeef")
        assert isinstance(device.say(eap.response(9, eap.EXTENSIONS, other + WON)), Done)

    @pytest.mark.parametrize(
        "said", [LOST, b"", bytes.fromhex("8003000200"), bytes.fromhex("80070002" + "0001")]
    )
    def test_a_device_that_does_not_agree(self, shared: TlsContext, said: bytes) -> None:
        """Without its word that it got in there is no success."""
        device = peap(shared)
        through_peap(device)
        assert isinstance(device.say(eap.response(9, eap.EXTENSIONS, said)), Failed)

    def test_a_wrong_password(self, shared: TlsContext) -> None:
        """MS-CHAP's failure, then a protected result, then it is over."""
        device = peap(shared)
        device.open()
        device.say()
        device.say(b"\1" + NAME)
        device.say(b"\x1a" + ms_chap_v2_answer(device.clear[1:], NAME, b"guess"))
        device.proved(None)
        assert device.clear[:2] == b"\x1a\4"
        device.say(b"\x1a\4")
        assert eap.decode(device.clear).data == LOST
        assert isinstance(device.say(eap.response(9, eap.EXTENSIONS, WON)), Failed)

    def test_heads_inside_are_taken_off(self, shared: TlsContext) -> None:
        """Some devices send whole EAP packets inside."""
        device = peap(shared)
        device.open()
        device.say()
        device.say(eap.response(3, eap.IDENTITY, NAME))
        assert device.clear[0] == eap.MSCHAPV2

    @pytest.mark.parametrize("said", [b"\3\6", b"\4" + bytes(17), b"\1"])
    def test_what_is_not_offered_inside(self, shared: TlsContext, said: bytes) -> None:
        """A Nak, another method, or an identity once more: the result is that nobody got in."""
        device = peap(shared)
        device.open()
        device.say()
        device.say(b"\1" + NAME)
        device.say(said)
        assert eap.decode(device.clear).data == LOST
        assert isinstance(device.say(eap.response(9, eap.EXTENSIONS, LOST)), Failed)

    @pytest.mark.parametrize("said", [b"\1", b"\1" + bytes(254), b"\x21" + WON])
    def test_no_identity_inside(self, shared: TlsContext, said: bytes) -> None:
        """Nobody is through who is nobody, a claimed result least of all."""
        device = peap(shared)
        device.open()
        device.say()
        device.say(said)
        assert eap.decode(device.clear).data == LOST

    def test_another_version(self, shared: TlsContext) -> None:
        """Version 1 was not offered."""
        method = Peap(shared.engine(), lambda: NONCE)
        method.begin(1)
        step = method.step(b"\1" + Peer().step(), 2)
        assert isinstance(step, Failed)
        assert step.fault is TlsFault.PROTOCOL


class TestTtls:
    @both_versions
    def test_pap(self, shared: TlsContext, version: str) -> None:
        """The padding is taken off (RFC 5281 §11.2.5); the keys are those of the device."""
        device = ttls(shared, version)
        device.open()
        step = device.say(avp((0, 1), NAME) + avp((0, 2), PASSWORD.ljust(16, b"\0")))
        assert step == Prove(NAME, Password(PASSWORD))
        assert device.proved(PASSWORD) == Done(device_keys(device, eap.TTLS, b"ttls keying material"))

    @both_versions
    def test_chap(self, shared: TlsContext, version: str) -> None:
        """Over the challenge that the tunnel implies."""
        device = ttls(shared, version)
        device.open()
        challenge, ident = implied(device)
        response = chap_response(ident, PASSWORD, challenge)
        step = device.say(avp((0, 1), NAME) + avp((0, 60), challenge) + avp((0, 3), response))
        assert isinstance(step, Prove)
        assert isinstance(step.offer, Digest)
        assert chap_matches(bytes((step.offer.ident,)) + step.offer.response, PASSWORD, step.offer.challenge)
        assert isinstance(device.proved(PASSWORD), Done)

    @both_versions
    def test_ms_chap_v2(self, shared: TlsContext, version: str) -> None:
        """We prove ourselves inside; what the device says to that ends it."""
        device = ttls(shared, version)
        device.open()
        step = device.say(self.ms_chap(device))
        assert isinstance(step, Prove)
        assert isinstance(step.offer, MsChap2)
        offer = step.offer
        known = mschap.nt_hash(PASSWORD)
        assert mschap.matches_2(offer.response, offer.challenge, offer.peer_challenge, offer.name, known)
        assert isinstance(device.proved(PASSWORD), Send)
        said = mschap.authenticator_response(known, offer.response, PEER_CHALLENGE, offer.challenge, NAME)
        assert device.clear == avp((311, 26), bytes((offer.ident,)) + said)
        assert isinstance(device.say(), Done)

    def test_ms_chap_v2_with_a_wrong_password(self, shared: TlsContext) -> None:
        """The error goes inside, then it is over."""
        device = ttls(shared)
        device.open()
        device.say(self.ms_chap(device))
        device.proved(None)
        assert b"E=691 R=0" in device.clear
        assert isinstance(device.say(), Failed)

    def ms_chap(self, device: InTunnel) -> bytes:
        challenge, ident = implied(device)
        hashed = mschap.challenge_hash(PEER_CHALLENGE, challenge, NAME)
        response = mschap.challenge_response(hashed, mschap.nt_hash(PASSWORD))
        value = bytes((ident, 0)) + PEER_CHALLENGE + bytes(8) + response
        return avp((0, 1), NAME) + avp((311, 11), challenge) + avp((311, 25), value)

    def test_nothing_can_be_played_back(self, shared: TlsContext) -> None:
        """A response over any other challenge than this tunnel's proves nothing, however right it is."""
        first = ttls(shared)
        first.open()
        recorded = self.ms_chap(first)
        second = ttls(shared)
        second.open()
        step = second.say(recorded)
        assert isinstance(step, Failed)
        third = ttls(shared)
        third.open()
        challenge = bytes(16)
        step = third.say(
            avp((0, 1), NAME) + avp((0, 60), challenge) + avp((0, 3), chap_response(1, PASSWORD, challenge))
        )
        assert isinstance(step, Failed)

    def test_two_credentials(self, shared: TlsContext) -> None:
        """One at a time, as outside."""
        device = ttls(shared)
        device.open()
        both = avp((0, 1), NAME) + avp((0, 2), PASSWORD) + self.ms_chap(device)
        assert isinstance(device.say(both), Failed)

    @pytest.mark.parametrize("wrong", [b"", avp((0, 1), b"")])
    def test_no_name(self, shared: TlsContext, wrong: bytes) -> None:
        """A password of nobody's."""
        device = ttls(shared)
        device.open()
        assert isinstance(device.say(wrong + avp((0, 2), PASSWORD)), Failed)

    @pytest.mark.parametrize(
        ("kind", "wants"), [(eap.MSCHAPV2, b""), (eap.MD5_CHALLENGE, bytes((eap.MD5_CHALLENGE,)))]
    )
    def test_eap_inside(self, shared: TlsContext, kind: int, wants: bytes) -> None:
        """MS-CHAP-V2 is offered, and MD5 to a device that wants it instead: inside the tunnel it does no harm."""
        device = ttls(shared)
        device.open()
        device.say(avp((0, 79), eap.response(0, eap.IDENTITY, NAME)))
        if wants:
            device.say(avp((0, 79), eap.response(1, eap.NAK, wants)))
        request = eap.decode(read_avps(device.clear)[0, 79])
        assert request.kind == kind
        if kind == eap.MSCHAPV2:
            answer = ms_chap_v2_answer(request.data, NAME, PASSWORD)
        else:
            answer = md5_answer(request.data, request.identifier, PASSWORD)
        step = device.say(avp((0, 79), eap.response(request.identifier, kind, answer)))
        assert isinstance(step, Prove)
        assert step.name == NAME
        step = device.proved(PASSWORD)
        if kind == eap.MSCHAPV2:
            request = eap.decode(read_avps(device.clear)[0, 79])
            step = device.say(avp((0, 79), eap.response(request.identifier, kind, b"\3")))
        assert step == Done(device_keys(device, eap.TTLS, b"ttls keying material"))

    @pytest.mark.parametrize(
        "packet",
        [
            eap.response(7, eap.MSCHAPV2, b"\2"),
            eap.response(1, eap.NAK, b"\0"),
            eap.response(1, eap.NAK, bytes((eap.TLS,))),
            eap.response(1, eap.IDENTITY, NAME),
            eap.request(1, eap.IDENTITY, b""),
            eap.success(1),
            b"\2\1",
        ],
    )
    def test_broken_eap_inside(self, shared: TlsContext, packet: bytes) -> None:
        """Another identifier, a Nak to everything, no response, half a packet: it is over."""
        device = ttls(shared)
        device.open()
        device.say(avp((0, 79), eap.response(0, eap.IDENTITY, NAME)))
        assert isinstance(device.say(avp((0, 79), packet)), Failed)


class TestAvps:
    def test_form(self) -> None:
        """RFC 5281 §10.1: flags, length without padding, vendor, padding to four octets."""
        assert avp((0, 1), b"bob") == bytes.fromhex("00000001" + "4000000b" + "626f6200")
        assert avp((311, 26), b"abcd") == bytes.fromhex("0000001a" + "c0000010" + "00000137" + "61626364")
        assert read_avps(avp((0, 1), b"bob") + avp((311, 11), b"abcd")) == {
            (0, 1): b"bob",
            (311, 11): b"abcd",
        }

    def test_what_need_not_be_understood(self) -> None:
        """Is passed over; what must be is an error."""
        unknown = bytes.fromhex("000000ff" + "0000000b" + "78797a00")
        assert read_avps(unknown + avp((0, 1), b"bob")) == {(0, 1): b"bob"}
        with pytest.raises(WireError, match="255"):
            read_avps(unknown[:4] + b"\x40" + unknown[5:])

    def test_eap_in_several(self) -> None:
        """A long EAP message may come in pieces; of others the first counts."""
        assert read_avps(avp((0, 79), b"ab") + avp((0, 79), b"cd"))[0, 79] == b"abcd"
        assert read_avps(avp((0, 1), b"one") + avp((0, 1), b"two"))[0, 1] == b"one"

    @given(st.binary(max_size=200))
    def test_octets_are_avps_or_a_wire_error(self, octets: bytes) -> None:
        """Nothing else is raised, and it ends."""
        with contextlib.suppress(WireError):
            read_avps(octets)


class TestResumption:
    @pytest.mark.parametrize("make", [peap, ttls])
    @both_versions
    def test_words_come_back(self, make: Make, version: str) -> None:
        """Only those that were granted; the session is offered for proof, and ends without the password."""
        shared, peer = context(), Peer(version)
        once = make(shared, version, peer)
        self.through(once)
        once.method.granted(b"the words")
        peer.keep()
        peer.connect()
        again = make(shared, version, peer)
        step = again.open()
        assert step == Prove(None, Resumed(b"the words"))
        step = again.proved(b"")
        if isinstance(again.method, Peap):
            assert eap.decode(again.clear).data == WON
            step = again.say(eap.response(9, eap.EXTENSIONS, WON))
        elif version == "TLSv1.3":
            assert again.clear == b"\0"
            step = again.say()
        assert isinstance(step, Done)

    def test_a_session_that_stands_no_more(self) -> None:
        """The tunnel goes on, and everything is proved anew."""
        shared, peer = context(), Peer()
        once = peap(shared, peer=peer)
        self.through(once)
        once.method.granted(b"the words")
        peer.keep()
        peer.connect()
        again = peap(shared, peer=peer)
        again.open()
        again.proved(None)
        assert again.clear == b"\1"
        again.say(b"\1" + NAME)
        step = again.say(b"\x1a" + ms_chap_v2_answer(again.clear[1:], NAME, PASSWORD))
        assert isinstance(step, Prove)

    @both_versions
    def test_a_session_that_was_not_granted(self, version: str) -> None:
        """Nobody skips the proof by a tunnel in which the rules said no."""
        shared, peer = context(), Peer(version)
        self.through(peap(shared, version, peer))
        peer.keep()
        peer.connect()
        again = peap(shared, version, peer)
        assert not isinstance(again.open(), Prove)

    def through(self, device: InTunnel) -> None:
        if isinstance(device.method, Peap):
            through_peap(device)
            assert isinstance(device.say(eap.response(9, eap.EXTENSIONS, WON)), Done)
            return
        device.open()
        device.say(avp((0, 1), NAME) + avp((0, 2), PASSWORD))
        assert isinstance(device.proved(PASSWORD), Done)


@settings(max_examples=40)
@given(st.sampled_from((Peap, Ttls)), st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_nothing_said_inside_raises(make: type[Tunnel], words: list[bytes], proves: bool) -> None:
    """Whatever an attacker with a good tunnel says, nobody is through whose proof did not hold."""
    device = InTunnel(make(CONTEXT.engine(), lambda: NONCE), Peer("TLSv1.2"))
    device.open()
    for said in words:
        step = device.say(said)
        if isinstance(step, Prove):
            step = device.proved(PASSWORD if proves else None)
        if isinstance(step, Done):
            assert proves
        if not isinstance(step, Send):
            break


@settings(max_examples=60)
@given(st.sampled_from((Peap, Ttls)), st.lists(st.binary(max_size=200), max_size=6))
def test_nothing_said_outside_raises(make: type[Tunnel], packets: list[bytes]) -> None:
    """Type-data of any octets: steps, and no tunnel."""
    method = make(CONTEXT.engine(), lambda: NONCE)
    method.begin(1)
    for number, packet in enumerate(packets):
        step = method.step(packet, number + 2)
        assert isinstance(step, Send | Failed)
        if isinstance(step, Failed):
            break


CONTEXT = context()
