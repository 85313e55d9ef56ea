"""TLS without sockets: the server's end of the tunnel that EAP-TLS, PEAP and EAP-TTLS carry (RFC 5216, RFC 9190).

Records go in as octets and come out as octets; pyOpenSSL works on memory alone. TLS 1.2 and 1.3.

A finished session may be resumed (RFC 5077, RFC 8446 §2.2), which spares the device its password or certificate but
never the authorisation. What was proved inside is not in the session: it is remembered here, by a digest of the secret
that only this box and that device know, and only after the inner proof. Every secret and every ticket dies when the
context is a day old, so no chain of resumptions lives longer.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from zhuomai_appliance.radius.tls_material import Material, reason

MAX_RECEIVED_OCTETS: Final = 64 * 1024
"""All a device may send in one conversation: a chain of certificates and some hundred octets of inner method."""

MAX_REMEMBERED: Final = 20_000
"""Sessions whose inner identity is kept; beyond it the oldest goes, and its device proves itself once more."""

RESUMPTION_SECONDS: Final = 86_400.0
"""How long a session may be resumed at most, over all its renewals."""

_READ_OCTETS: Final = 16 * 1024 + 2048


class TlsFault(Enum):
    """Why a tunnel broke, as far as an operator can do something about it."""

    PROTOCOL = "protocol"
    TOO_LARGE = "too-large"
    VERSION = "version"
    SERVER_REFUSED = "server-refused"
    NO_CERTIFICATE = "no-certificate"
    UNKNOWN_CA = "unknown-ca"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNFIT = "unfit"


# OpenSSL x509_vfy.h: X509_V_ERR_...; what is not here is UNFIT.
_VERIFY_FAULTS: Final = {
    2: TlsFault.UNKNOWN_CA,  # UNABLE_TO_GET_ISSUER_CERT
    7: TlsFault.UNKNOWN_CA,  # CERT_SIGNATURE_FAILURE: another CA of the same name
    9: TlsFault.EXPIRED,  # CERT_NOT_YET_VALID
    10: TlsFault.EXPIRED,  # CERT_HAS_EXPIRED
    18: TlsFault.UNKNOWN_CA,  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: TlsFault.UNKNOWN_CA,  # SELF_SIGNED_CERT_IN_CHAIN
    20: TlsFault.UNKNOWN_CA,  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    21: TlsFault.UNKNOWN_CA,  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
    23: TlsFault.REVOKED,  # CERT_REVOKED
}


class TlsFailed(Exception):
    """The tunnel is broken and stays so; the alert for the device, if there is one, is in `TlsEngine.take`.

    Attributes:
        fault: which kind.
        why: OpenSSL's own words, for the log.
    """

    def __init__(self, fault: TlsFault, why: str) -> None:
        super().__init__(f"{fault.value}: {why}")
        self.fault = fault
        self.why = why


class _Notes:
    """What the callbacks of one connection saw. Holds no reference to it, so that both go when the engine goes."""

    __slots__ = ("done", "fresh", "looked", "proved", "secrets")

    def __init__(self) -> None:
        self.looked = False
        self.done = False
        self.fresh: set[bytes] = set()  # digests of the secrets by which this session can be resumed
        self.secrets: bytes | None = None  # digest of the secret by which it was resumed
        self.proved: TlsFault | None = None  # what was wrong with the device's certificate


class _Generation:
    """One day's context: its ticket keys, its session cache, and what belongs to the sessions."""

    __slots__ = ("context", "words")

    def __init__(self, context: SSL.Context) -> None:
        self.context = context
        self.words: dict[bytes, bytes] = {}

    def remember(self, secrets: set[bytes], words: bytes) -> None:
        for secret in secrets:
            self.words.pop(secret, None)
            self.words[secret] = words
        while len(self.words) > MAX_REMEMBERED:
            del self.words[next(iter(self.words))]


class TlsContext:
    """What all conversations share: certificate and key, the authority of the devices, sessions that may come back.

    One for the process. All material is PEM.
    """

    def __init__(
        self,
        certificate: bytes,
        key: bytes,
        *,
        client_ca: bytes = b"",
        crl: bytes = b"",
        peer_ca: bytes = b"",
        monotonic: Callable[[], float],
    ) -> None:
        """Read the material, see `load`; `monotonic` gives seconds of a clock that never goes back."""
        self._monotonic = monotonic
        self._stream: SSL.Context | None = None
        self.load(certificate, key, client_ca=client_ca, crl=crl, peer_ca=peer_ca)

    def load(
        self,
        certificate: bytes,
        key: bytes,
        *,
        client_ca: bytes = b"",
        crl: bytes = b"",
        peer_ca: bytes = b"",
    ) -> None:
        """Take other material from now on; conversations on their way end with what they began with.

        Args:
            certificate: the server's certificate, then those between it and the authority that devices trust.
            key: its private key, without a passphrase.
            client_ca: authorities whose client certificates are believed; none: EAP-TLS is not offered.
            crl: revocation lists of those authorities; if there is one, every authority needs one.
            peer_ca: authorities of RADIUS over TLS where they are others than those of the devices.

        Raises:
            TlsUnusable: something of it cannot be read, or the key does not belong to the certificate; nothing changes.
        """
        material = Material.read(certificate, key, client_ca, crl)
        peers = material if not peer_ca.strip() else material.asking(peer_ca)
        self._material, self._peers = material, peers
        self._begin()

    @property
    def asks_certificates(self) -> bool:
        """Whether devices can prove themselves by a certificate."""
        return bool(self._material.client_ca)

    def engine(self, *, client_certificate: bool = False) -> TlsEngine:
        """The server's end of one conversation.

        With `client_certificate` the device must show one of an authority we believe (EAP-TLS), and `ValueError` if
        there is no such authority. Sessions of one kind are never resumed as the other.
        """
        if client_certificate and not self.asks_certificates:
            raise ValueError("there is no authority for client certificates")
        if self._monotonic() - self._born_at >= RESUMPTION_SECONDS:
            self._begin()
        return TlsEngine(self._with_certificate if client_certificate else self._plain)

    def stream_context(self) -> SSL.Context:
        """A context for RADIUS over TLS on a stream (RFC 6614 §2.3): each peer must show a certificate, nothing resumes.

        Ask for it anew for each connection, so that a renewed certificate is shown from then on. `ValueError` if there
        is no authority for client certificates. Whoever uses it looks up the certificate's serial number himself: the
        authority signs those of people too.
        """
        if not self._peers.client_ca:
            raise ValueError("there is no authority for client certificates")
        if self._stream is None:
            stream = self._peers.context(b"zhuomai radsec", RESUMPTION_SECONDS, _judge)
            stream.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            stream.set_options(SSL.OP_NO_TICKET)
            self._stream = stream
        return self._stream

    def _begin(self) -> None:
        """Start a generation: what belonged to the one before can no longer be resumed."""
        self._born_at = self._monotonic()
        self._stream = None
        self._plain = _Generation(self._material.context(b"zhuomai eap", RESUMPTION_SECONDS))
        self._with_certificate = _Generation(
            self._material.context(
                b"zhuomai eap-tls", RESUMPTION_SECONDS, _judge if self.asks_certificates else None
            )
        )
        for generation in (self._plain, self._with_certificate):
            generation.context.set_info_callback(_watch)


class TlsEngine:
    """The server's end of one tunnel. Feed it with `receive`, send what `take` gives, until `handshake_done`.

    From the device's hello on it costs about 60 KiB: whoever makes them bounds how many there are at once.

    Attributes:
        handshake_done: application data may flow.
        resumed: an earlier session went on; the device has shown neither certificate nor password this time.
        remembered: what `remember` attached to that session; None for a full handshake, and for a session in which
            nothing was proved inside: then the inner method must be gone through as at the first time.
    """

    def __init__(self, generation: _Generation) -> None:
        """Use `TlsContext.engine`."""
        self._generation = generation
        self._notes = _Notes()
        self._received_octets = 0
        self._kept = False
        self._clear: list[bytes] = []
        self._failed: TlsFailed | None = None
        self._begun: SSL.Connection | None = None
        self.handshake_done = False
        self.resumed = False
        self.remembered: bytes | None = None

    @property
    def _connection(self) -> SSL.Connection:
        """OpenSSL's end, made when the device first speaks: who only announced himself costs next to nothing."""
        begun = self._begun
        if begun is None:
            begun = self._begun = SSL.Connection(self._generation.context, None)
            begun.set_app_data(self._notes)
            begun.set_accept_state()
        return begun

    @property
    def version(self) -> str:
        """Such as "TLSv1.3"; what the hello of the device led to, "" before it."""
        return self._connection.get_protocol_version_name() if self._notes.looked else ""

    @property
    def peer_certificate(self) -> bytes | None:
        """The device's certificate (DER), verified in this handshake or in the one that was resumed."""
        if not self.handshake_done:
            return None
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        return None if certificate is None else certificate.public_bytes(Encoding.DER)

    def receive(self, octets: bytes) -> None:
        """Take records of the device, whole or in pieces.

        Raises:
            TlsFailed: the tunnel cannot go on; also at every later call.
        """
        if self._failed is not None:
            raise self._failed
        self._received_octets += len(octets)
        if self._received_octets > MAX_RECEIVED_OCTETS:
            raise self._fail(TlsFault.TOO_LARGE, f"over {MAX_RECEIVED_OCTETS} octets in one conversation")
        if octets:
            self._connection.bio_write(octets)
        if self._kept:
            self._connection.set_shutdown(0)
        try:
            if not self.handshake_done:
                self._connection.do_handshake()
                self._finish_handshake()
            while True:
                self._clear.append(self._connection.recv(_READ_OCTETS))
        except SSL.WantReadError:
            return
        except SSL.ZeroReturnError:
            return  # the device closed its half in order; what it sent before stays readable
        except SSL.Error as error:
            raise self._fail(self._fault_of(error), reason(error)) from None
        finally:
            self._keep()

    def take(self) -> bytes:
        """Records to be sent; b"" when there are none, which is when the device has to speak."""
        pieces: list[bytes] = []
        while self._begun is not None:
            try:
                pieces.append(self._begun.bio_read(_READ_OCTETS))
            except SSL.WantReadError:
                break
        return b"".join(pieces)

    def read(self) -> bytes:
        """Application data of the device that has come so far, each octet once."""
        clear, self._clear = b"".join(self._clear), []
        return clear

    def write(self, octets: bytes) -> None:
        """Put application data into the tunnel; `take` then has the records. Only after the handshake."""
        if octets:
            if self._kept:
                self._connection.set_shutdown(0)
            self._connection.sendall(octets)
            self._keep()

    def export(self, label: bytes, length: int, context: bytes | None = None) -> bytes:
        """Keying material bound to this tunnel (RFC 5705, RFC 8446 §7.5): `length` octets."""
        return self._connection.export_keying_material(label, length, context)

    def remember(self, words: bytes) -> None:
        """Let this session be resumed with these words attached. Only when all that they claim is proved and granted."""
        if not self.handshake_done:
            raise ValueError("nothing is proved before the handshake is done")
        self._generation.remember(self._notes.fresh, words)
        self._kept = True
        self._keep()

    def _keep(self) -> None:
        """Have OpenSSL keep the session, which it throws out when a connection ends that was not shut in order."""
        if self._kept:
            self._connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)

    def _finish_handshake(self) -> None:
        self.handshake_done = True
        secret = self._notes.secrets
        self.resumed = secret is not None
        if secret is not None:
            self.remembered = self._generation.words.get(secret)

    def _fail(self, fault: TlsFault, why: str) -> TlsFailed:
        self._failed = TlsFailed(fault, why)
        return self._failed

    def _fault_of(self, error: SSL.Error) -> TlsFault:
        if self._notes.proved is not None:
            return self._notes.proved
        why = reason(error)
        if "peer did not return a certificate" in why:
            return TlsFault.NO_CERTIFICATE
        if "unsupported protocol" in why or "protocol version" in why:
            return TlsFault.VERSION
        if " alert " in f" {why} ":
            return TlsFault.SERVER_REFUSED
        return TlsFault.PROTOCOL


def _watch(connection: SSL.Connection, where: int, _result: int) -> None:
    """Note by which secret a session was resumed, and by which it can be resumed.

    OpenSSL tells each step of the handshake. A session has a secret right after the device's hello only if it is an
    earlier one. In TLS 1.2 the secret stays; in TLS 1.3 each ticket, written after the handshake, has its own
    (RFC 8446 §4.6.1), and a second hello (§4.1.2) may drop the session that the first one named: so the last look
    before the tickets counts.
    """
    if not where & (SSL.SSL_CB_LOOP | SSL.SSL_CB_HANDSHAKE_DONE):
        return  # an alert or an error, whose words a question asked now would wipe out
    notes: _Notes = connection.get_app_data()
    thirteen = connection.get_protocol_version() == SSL.TLS1_3_VERSION
    if notes.done or (not thirteen and notes.looked):
        secret = _secret(connection)
        if secret is not None:
            notes.fresh.add(secret)
    elif connection.get_session() is not None:
        notes.looked = True
        notes.secrets = _secret(connection)
    if where & SSL.SSL_CB_HANDSHAKE_DONE:
        notes.done = True


def _secret(connection: SSL.Connection) -> bytes | None:
    """A digest of the session's secret; None as long as it has none."""
    try:
        secret = connection.master_key()
    except SSL.Error:
        return None
    return None if not secret else sha256(secret).digest()


def _judge(connection: SSL.Connection, _certificate: object, error: int, _depth: int, good: int) -> bool:
    """Keep what OpenSSL finds wrong with the device's certificate; its verdict stands."""
    notes: _Notes | None = connection.get_app_data()
    if not good and notes is not None:
        notes.proved = _VERIFY_FAULTS.get(error, TlsFault.UNFIT)
    return bool(good)
