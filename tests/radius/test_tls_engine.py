"""The server's end of a tunnel against OpenSSL's client end, in memory."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from tests.radius.tls_peer import Hours, Peer, authority, client, context, real_now, server, shake
from zhuomai_appliance.radius import eap_authority, tls_engine
from zhuomai_appliance.radius.eap_authority import KeyPair
from zhuomai_appliance.radius.tls_engine import (
    MAX_RECEIVED_OCTETS,
    TlsContext,
    TlsFailed,
    TlsFault,
)
from zhuomai_appliance.radius.tls_material import TlsUnusable

both_versions = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])


@both_versions
def test_both_ends_share_data_and_keys(version: str) -> None:
    """After the handshake data flows both ways, and both ends export the same keys, with and without a context."""
    engine, peer = context().engine(), Peer(version)
    assert engine.version == ""
    shake(engine, peer)
    assert engine.handshake_done
    assert (engine.version, engine.resumed, engine.remembered, engine.peer_certificate) == (
        version,
        False,
        None,
        None,
    )
    engine.receive(peer.say(b"from the device"))
    assert (engine.read(), engine.read()) == (b"from the device", b"")
    engine.write(b"from the server")
    assert peer.hear(engine.take()) == b"from the server"
    for words in (None, b"\x0d"):
        keys = engine.export(b"client EAP encryption", 128, words)
        assert keys == peer.connection.export_keying_material(b"client EAP encryption", 128, words)
        assert len(keys) == 128


@both_versions
def test_one_octet_at_a_time_is_as_good_as_all(version: str) -> None:
    """Records may arrive in any pieces."""
    engine, peer = context().engine(), Peer(version)
    records = peer.step()
    while records:
        for octet in records:
            engine.receive(bytes((octet,)))
        answer = engine.take()
        records = peer.step(answer) if answer else b""
    assert engine.handshake_done


def test_nothing_is_held_before_the_device_speaks() -> None:
    """Who makes many and says nothing to them does not have OpenSSL hold anything."""
    tls = context()
    with patch.object(SSL, "Connection") as made:
        engine = tls.engine()
        assert (engine.version, engine.take(), engine.peer_certificate) == ("", b"", None)
        made.assert_not_called()
    shake(engine, Peer())
    assert engine.handshake_done


def test_the_chain_is_sent_along() -> None:
    """What stands behind the server's certificate reaches the device."""
    chain = server().certificate + authority().certificate
    engine = TlsContext(chain, server().key, monotonic=Hours()).engine()
    peer = Peer()
    shake(engine, peer)
    assert len(peer.connection.get_peer_cert_chain(as_cryptography=True) or ()) == 2


@both_versions
def test_a_client_certificate_is_verified_and_shown(version: str) -> None:
    """With an authority of ours behind it, the device's certificate is what the flow gets to see."""
    engine, peer = context().engine(client_certificate=True), Peer(version, client())
    shake(engine, peer)
    assert engine.handshake_done
    assert engine.peer_certificate == eap_authority.to_der(client().certificate)


def fault_of(engine: tls_engine.TlsEngine, peer: Peer) -> TlsFault:
    """The fault that ends a handshake; the device has been told by an alert."""
    with pytest.raises(TlsFailed) as failed:
        shake(engine, peer)
    assert not engine.handshake_done
    assert engine.peer_certificate is None
    with pytest.raises(TlsFailed):
        engine.receive(b"")
    alert = engine.take()
    if failed.value.fault is not TlsFault.SERVER_REFUSED:
        with pytest.raises(SSL.Error):
            peer.step(alert)
            peer.hear(b"")
    return failed.value.fault


@both_versions
def test_a_device_without_a_certificate_is_refused(version: str) -> None:
    """EAP-TLS without a certificate ends the tunnel."""
    engine = context().engine(client_certificate=True)
    assert fault_of(engine, Peer(version)) is TlsFault.NO_CERTIFICATE


@both_versions
def test_a_certificate_of_another_authority_is_refused(version: str) -> None:
    """Even if that authority bears the same name."""
    for name in ("Another authority", "Authority of tests "):
        stranger = client(issuer=name)
        engine = context().engine(client_certificate=True)
        assert fault_of(engine, Peer(version, stranger)) is TlsFault.UNKNOWN_CA


@both_versions
def test_an_authority_of_the_same_name_is_another_one(version: str) -> None:
    """The key counts, not the name."""
    impostor = eap_authority.make_authority("Authority of tests", real_now())
    stranger = eap_authority.issue_client(impostor, "20260001", "main", real_now())
    engine = context().engine(client_certificate=True)
    assert fault_of(engine, Peer(version, stranger)) is TlsFault.UNKNOWN_CA


@both_versions
def test_an_expired_certificate_is_refused(version: str) -> None:
    """The day after the last one is too late."""
    old = eap_authority.issue_client(authority(), "20260001", "main", real_now() - 40 * 86_400, 30)
    engine = context().engine(client_certificate=True)
    assert fault_of(engine, Peer(version, old)) is TlsFault.EXPIRED


@both_versions
def test_a_server_certificate_is_no_client_certificate(version: str) -> None:
    """What was issued for another use does not log anybody in."""
    engine = context().engine(client_certificate=True)
    assert fault_of(engine, Peer(version, server())) is TlsFault.UNFIT


def revocation_list(pair: KeyPair) -> bytes:
    """A list of the test authority that names this certificate."""
    issuer = x509.load_pem_x509_certificate(authority().certificate)
    now = datetime.fromtimestamp(real_now(), UTC)
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(x509.load_pem_x509_certificate(pair.certificate).serial_number)
        .revocation_date(now - timedelta(hours=1))
        .build()
    )
    key = load_pem_private_key(authority().key, None)
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=7))
        .add_revoked_certificate(revoked)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
        .public_bytes(Encoding.PEM)
    )


@both_versions
def test_a_revoked_certificate_is_refused_by_the_list(version: str) -> None:
    """With a revocation list its certificates are refused, and the others still log in."""
    lost = client("20260002")
    with_list = context(crl=revocation_list(lost))
    assert fault_of(with_list.engine(client_certificate=True), Peer(version, lost)) is TlsFault.REVOKED
    engine = with_list.engine(client_certificate=True)
    shake(engine, Peer(version, client()))
    assert engine.handshake_done


@both_versions
def test_a_device_that_does_not_trust_us_is_told_apart(version: str) -> None:
    """Its alert is the operator's hint that the authority is missing on the device."""
    engine = context().engine()
    stranger = Peer(version, trust=authority("Another authority").certificate)
    engine.receive(stranger.step())
    answer = engine.take()
    with pytest.raises(SSL.Error):
        stranger.step(answer)
    with pytest.raises(TlsFailed) as failed:
        engine.receive(stranger.pending())
    assert failed.value.fault is TlsFault.SERVER_REFUSED
    assert "unknown ca" in failed.value.why


def test_an_old_version_is_refused() -> None:
    """TLS 1.1 gets an alert; the fault says that it was the version."""
    hello = Peer("TLSv1.2").step()
    old = (
        hello[:9] + b"\x03\x02" + hello[11:]
    )  # client_version of the hello, without supported_versions beside it
    engine = context().engine()
    with pytest.raises(TlsFailed) as failed:
        engine.receive(old)
    assert failed.value.fault is TlsFault.VERSION
    assert engine.take()[:1] == b"\x15"


# Hostile input --------------------------------------------------------------------------------------------------------


def test_a_conversation_has_a_size() -> None:
    """A device that sends and sends, in the handshake or after it, is cut off before it costs memory."""
    engine, peer = context().engine(), Peer()
    shake(engine, peer)
    piece = peer.say(b"x" * 8000)
    with pytest.raises(TlsFailed) as failed:
        for _ in range(MAX_RECEIVED_OCTETS // len(piece) + 1):
            engine.receive(piece)
            piece = peer.say(b"x" * 8000)
    assert failed.value.fault is TlsFault.TOO_LARGE


def test_an_endless_hello_is_cut_off() -> None:
    """A handshake message that announces megabytes ends at OpenSSL's bound or ours, whichever is first."""
    engine = context().engine()
    with pytest.raises(TlsFailed):
        engine.receive(b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"\0" * 16_380)
        for _ in range(8):
            engine.receive(b"\x16\x03\x01\x40\x00" + b"\0" * 16_384)


@settings(max_examples=150, deadline=None)
@given(octets=st.binary(max_size=300), at=st.integers(0, 200), flips=st.integers(1, 255))
def test_garbage_never_does_more_than_fail(octets: bytes, at: int, flips: int) -> None:
    """Random octets, and a hello with an octet changed or some put in, fail the tunnel or are waited on."""
    tls = TLS
    hello = Peer().step()
    for records in (
        octets,
        hello[:at] + bytes((hello[at] ^ flips,)) + hello[at + 1 :],
        hello[:at] + octets + hello[at:],
    ):
        engine = tls.engine()
        try:
            engine.receive(records)
        except TlsFailed as failed:
            assert failed.fault in {TlsFault.PROTOCOL, TlsFault.VERSION, TlsFault.SERVER_REFUSED}
            assert failed.why
        assert not engine.handshake_done
        engine.take()


TLS = context()


# Material -------------------------------------------------------------------------------------------------------------


def test_unusable_material_is_named() -> None:
    """Each part that cannot be used is named in a sentence, before any device comes."""
    good, clock = server(), Hours()
    other = client()
    with pytest.raises(TlsUnusable, match="does not belong"):
        TlsContext(good.certificate, other.key, monotonic=clock)
    with pytest.raises(TlsUnusable, match="server certificate is not PEM"):
        TlsContext(b"nothing", good.key, monotonic=clock)
    with pytest.raises(TlsUnusable, match="key is not PEM"):
        TlsContext(good.certificate, b"nothing", monotonic=clock)
    with pytest.raises(TlsUnusable, match="client authority is not PEM"):
        TlsContext(good.certificate, good.key, client_ca=b"nothing", monotonic=clock)
    with pytest.raises(TlsUnusable, match="revocation list is not PEM"):
        TlsContext(good.certificate, good.key, crl=b"nothing", monotonic=clock)


@both_versions
def test_renewed_material_is_shown_at_once(version: str) -> None:
    """After a change new conversations see the new certificate, old sessions are over, and a bad change changes nothing."""
    tls, peer = context(), Peer(version)
    begun = tls.engine()
    shake(tls.engine(), peer)
    other = server("radius.other.example")
    with pytest.raises(TlsUnusable):
        tls.load(other.certificate, server().key)
    assert tls.asks_certificates
    tls.load(other.certificate, other.key)
    assert not tls.asks_certificates
    peer.keep()
    peer.connect()
    engine = tls.engine()
    shake(engine, peer)
    assert not engine.resumed
    shown = peer.connection.get_peer_certificate(as_cryptography=True)
    assert shown == x509.load_pem_x509_certificate(other.certificate)
    shake(begun, Peer(version))
    assert begun.handshake_done


def test_without_an_authority_no_certificate_can_be_asked_for() -> None:
    """EAP-TLS is then not to be offered."""
    tls = TlsContext(server().certificate, server().key, monotonic=Hours())
    assert not tls.asks_certificates
    assert context().asks_certificates
    with pytest.raises(ValueError, match="no authority"):
        tls.engine(client_certificate=True)
    with pytest.raises(ValueError, match="no authority"):
        tls.stream_context()


@both_versions
def test_a_stream_always_asks_for_the_certificate(version: str) -> None:
    """RADIUS over TLS: without a certificate of ours no connection, and never a resumed one."""
    stream = context().stream_context()
    peer, secrets = Peer(version, client()), set()
    for _ in range(2):
        peer.connect()
        listening = SSL.Connection(stream, None)
        listening.set_accept_state()
        pump(listening, peer)
        shown = listening.get_peer_certificate(as_cryptography=True)
        assert shown == x509.load_pem_x509_certificate(client().certificate)
        listening.sendall(b"data")
        assert peer.hear(listening.bio_read(65_536)) == b"data"
        secrets.add(listening.master_key())
        peer.keep()
    assert len(secrets) == 2
    listening = SSL.Connection(stream, None)
    listening.set_accept_state()
    with pytest.raises(SSL.Error):
        pump(listening, Peer(version))


def test_peers_may_have_another_authority_than_devices() -> None:
    """With the institution's PKI for people, RADIUS over TLS still believes our own."""
    tls = TlsContext(
        server().certificate,
        server().key,
        client_ca=authority("Another authority").certificate,
        peer_ca=authority().certificate,
        monotonic=Hours(),
    )
    listening = SSL.Connection(tls.stream_context(), None)
    listening.set_accept_state()
    pump(listening, Peer(pair=client()))
    assert listening.get_peer_certificate(as_cryptography=True) is not None
    engine = tls.engine(client_certificate=True)
    assert fault_of(engine, Peer(pair=client())) is TlsFault.UNKNOWN_CA


def pump(listening: SSL.Connection, peer: Peer) -> None:
    """Run a handshake between a bare server connection and a peer."""
    records = peer.step()
    while records:
        listening.bio_write(records)
        with suppress(SSL.WantReadError):
            listening.do_handshake()
        try:
            records = peer.step(listening.bio_read(65_536))
        except SSL.WantReadError:
            return
