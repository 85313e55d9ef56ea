"""The device's end of a tunnel, in memory, and authorities made once for all tests."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cache
from socket import MSG_PEEK

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import KeyPair
from zhuomai_appliance.radius.tls_engine import TlsContext, TlsEngine

VERSIONS = {"TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION}


def real_now() -> int:
    """OpenSSL judges certificates by the machine's clock."""
    return int(time.time())


def authority(name: str = "Authority of tests") -> KeyPair:
    return _authority(name)


@cache
def _authority(name: str) -> KeyPair:
    return eap_authority.make_authority(name, real_now())


@cache
def server(name: str = "radius.school.example") -> KeyPair:
    return eap_authority.issue_server(authority(), [name], real_now())


def client(name: str = "20260001", issuer: str = "Authority of tests") -> KeyPair:
    return _client(name, issuer)


@cache
def _client(name: str, issuer: str) -> KeyPair:
    return eap_authority.issue_client(authority(issuer), name, "main", real_now(), 30)


class Hours:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def context(monotonic: Hours | None = None, crl: bytes = b"") -> TlsContext:
    pair = server()
    return TlsContext(
        pair.certificate,
        pair.key,
        client_ca=authority().certificate,
        crl=crl,
        monotonic=monotonic or Hours(),
    )


class Peer:
    """A device: pyOpenSSL's client end, with a certificate if it is given one."""

    def __init__(
        self,
        version: str = "TLSv1.3",
        pair: KeyPair | None = None,
        trust: bytes | None = None,
        *,
        tickets: bool = True,
    ) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(VERSIONS[version])
        context.set_max_proto_version(VERSIONS[version])
        if not tickets:
            context.set_options(SSL.OP_NO_TICKET)
        store = context.get_cert_store()
        assert store is not None
        for anchor in x509.load_pem_x509_certificates(trust or authority().certificate):
            store.add_cert(crypto.X509.from_cryptography(anchor))
        context.set_verify(SSL.VERIFY_PEER, lambda *what: bool(what[4]))
        if pair is not None:
            key = load_pem_private_key(pair.key, None, unsafe_skip_rsa_key_validation=True)
            context.use_certificate(x509.load_pem_x509_certificate(pair.certificate))
            context.use_privatekey(key)  # type: ignore[arg-type]
        self.context = context
        self.session: SSL.Session | None = None
        self.connect()

    def connect(self) -> None:
        """Begin anew, with the session of last time if there was one."""
        self.connection = SSL.Connection(self.context, None)
        if self.session is not None:
            self.connection.set_session(self.session)
        self.connection.set_connect_state()

    def keep(self) -> None:
        """Take the session along to the next time."""
        self.session = self.connection.get_session()
        self.connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)

    def step(self, octets: bytes = b"") -> bytes:
        """Records in, records out."""
        if octets:
            self.connection.bio_write(octets)
        with suppress(SSL.WantReadError):
            self.connection.do_handshake()
            # Tickets of TLS 1.3 come after the handshake and are taken by whoever looks for data
            self.connection.recv(1, MSG_PEEK)
        return self.pending()

    def pending(self) -> bytes:
        try:
            return self.connection.bio_read(65_536)
        except SSL.WantReadError:
            return b""

    def hear(self, octets: bytes) -> bytes:
        """Application data of the server; b"" if none came."""
        if octets:
            self.connection.bio_write(octets)
        try:
            return self.connection.recv(65_536)
        except SSL.WantReadError:
            return b""

    def say(self, clear: bytes) -> bytes:
        self.connection.sendall(clear)
        return self.pending()


def shake(engine: TlsEngine, peer: Peer) -> None:
    """Run the handshake to its end on both sides."""
    records = peer.step()
    while records:
        engine.receive(records)
        answer = engine.take()
        records = peer.step(answer) if answer else b""
    assert peer.hear(b"") == b""  # takes the tickets of TLS 1.3 in
