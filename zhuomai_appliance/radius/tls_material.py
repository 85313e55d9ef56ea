"""What a TLS server shows and whom it believes: certificate, key, authorities and revocation lists, read from PEM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
"""TLS 1.2 with forward secrecy; CBC for the phones and Windows 7 that have nothing better."""

Judge = Callable[[SSL.Connection, crypto.X509, int, int, int], bool]
"""OpenSSL's verify callback: connection, certificate, error, depth, whether it is good so far; the verdict."""


class TlsUnusable(ValueError):
    """Certificate, key, authority or revocation list cannot be used; one sentence says why."""


class Material(NamedTuple):
    """What a context is made of, read and fit together."""

    chain: Sequence[x509.Certificate]
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    client_ca: Sequence[x509.Certificate]
    crls: Sequence[x509.CertificateRevocationList]

    @classmethod
    def read(cls, certificate: bytes, key: bytes, client_ca: bytes = b"", crl: bytes = b"") -> Material:
        """Read PEM and see whether it fits together.

        Raises:
            TlsUnusable: it does not.
        """
        material = cls(
            _certificates(certificate, "the server certificate"),
            _private_key(key),
            _certificates(client_ca, "the client authority") if client_ca.strip() else (),
            _revocation_lists(crl),
        )
        material.context(b"zhuomai", 1.0)
        return material

    def asking(self, authorities: bytes) -> Material:
        """The same certificate before peers of other authorities (PEM), without revocation lists; raises likewise."""
        return self._replace(
            client_ca=_certificates(authorities, "the authority of RADIUS over TLS"), crls=()
        )

    def context(self, session_id: bytes, seconds: float, judge: Judge | None = None) -> SSL.Context:
        """A context that shows the certificate; with a `judge`, who sees what is found wrong, it wants one to be shown.

        Sessions are resumed for `seconds` at most, and only under the same `session_id`.
        """
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_max_proto_version(SSL.TLS1_3_VERSION)
        context.set_cipher_list(CIPHERS)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_session_id(session_id)
        # Devices that send no ticket in TLS 1.2 (wpa_supplicant) come back by session id; OpenSSL keeps 20,480 of them
        context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
        context.set_timeout(int(seconds))
        try:
            context.use_certificate(self.chain[0])
            for issuer in self.chain[1:]:
                context.add_extra_chain_cert(issuer)
            context.use_privatekey(self.key)
            context.check_privatekey()
        except SSL.Error as error:
            raise TlsUnusable(
                f"the key does not belong to the server certificate ({reason(error)})"
            ) from None
        if judge is not None:
            self._ask_certificate(context, judge)
        return context

    def _ask_certificate(self, context: SSL.Context, judge: Judge) -> None:
        store = context.get_cert_store()
        if store is None:  # pragma: no cover - a context has one
            raise TlsUnusable("OpenSSL gives no store for the client authority")
        for authority in self.client_ca:
            store.add_cert(crypto.X509.from_cryptography(authority))
            context.add_client_ca(authority)
        for crl in self.crls:
            store.add_crl(crl)
        if self.crls:
            store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, judge)


def reason(error: SSL.Error) -> str:
    """OpenSSL's words for an error, without its numbers."""
    queue = error.args[0] if error.args else ()
    if isinstance(queue, list | tuple):
        return "; ".join(str(entry[-1]) for entry in queue if entry) or "closed"
    return " ".join(str(part) for part in error.args)


def _certificates(pem: bytes, what: str) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise TlsUnusable(f"{what} is not PEM") from None


def _private_key(pem: bytes) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        # Without proving anew that its factors are primes: 35 ms, for a key that only its owner could have put there
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        raise TlsUnusable("the key is not PEM, or is locked by a passphrase") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TlsUnusable("the key is neither RSA nor of an elliptic curve, which devices do not accept")
    return key


def _revocation_lists(pem: bytes) -> Sequence[x509.CertificateRevocationList]:
    end = b"-----END X509 CRL-----"
    try:
        return [x509.load_pem_x509_crl(one + end + b"\n") for one in pem.split(end) if one.strip()]
    except ValueError:
        raise TlsUnusable("the revocation list is not PEM") from None
