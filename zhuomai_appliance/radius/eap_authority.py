"""Certificates of 802.1X: an own authority, the server's certificate, and those of people and of RadSec peers.

X.509 only (RFC 5280), no file and no book. What is made here is what the oldest devices in use accept: RSA, SHA-256,
PKCS#12 under triple DES. Starts are set back a day, for devices whose clock is behind.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 820
"""Apple's systems refuse server certificates of more than 825 days."""

CLIENT_DAYS: Final = 365
ORGANIZATION: Final = "ZhuoMai appliance"
UPN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""The user principal name: what Windows takes as the EAP identity of a certificate."""

_DAY: Final = timedelta(days=1)
_EXPONENT: Final = 65_537
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises at certificates that it does not understand; it reads most of their parts when asked for them."""


class CertificateUnusable(ValueError):
    """PEM that is none, or parts that do not belong together; one sentence says which."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate (PEM, its chain behind it) and its private key (PEM, PKCS#8, no passphrase)."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says, for books and people.

    Attributes:
        serial: hexadecimal, lower case, no leading zeros.
        subject, issuer: RFC 4514 text.
        common_name: of the subject, "" without one.
        identities: names of an account it speaks for: principal names, mail addresses, then the common name.
        dns_names: names of a server.
        not_before_at, not_after_at: epoch seconds.
        fingerprint: SHA-256 of the whole certificate, hexadecimal.
    """

    serial: str
    subject: str
    issuer: str
    common_name: str
    identities: tuple[str, ...]
    dns_names: tuple[str, ...]
    not_before_at: int
    not_after_at: int
    fingerprint: str


def make_authority(name: str, now: int) -> KeyPair:
    """A new authority, valid `AUTHORITY_DAYS`. Takes some tenths of a second.

    Raises:
        CertificateUnusable: the name is longer than `issue_client` takes.
    """
    _check_name(name)
    key = rsa.generate_private_key(_EXPONENT, 3072)
    subject = _name(name)
    builder = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return KeyPair(_pem(builder.sign(key, hashes.SHA256())), _private_pem(key))


def issue_server(authority: KeyPair, names: Sequence[str], now: int) -> KeyPair:
    """A server certificate for these DNS names, the first one its common name, valid `SERVER_DAYS`.

    Raises:
        CertificateUnusable: the authority cannot be read or ends before today.
    """
    key = rsa.generate_private_key(_EXPONENT, 2048)
    dns = [x509.DNSName(_ascii(name)) for name in names]
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName(dns), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (_usage(digital_signature=True, key_encipherment=True), True),
    ]
    certificate = _issue(authority, key, _name(_ascii(names[0])), extensions, now, SERVER_DAYS)
    return KeyPair(_pem(certificate), _private_pem(key))


def issue_client(authority: KeyPair, name: str, unit: str, now: int, days: int = CLIENT_DAYS) -> KeyPair:
    """A client certificate that speaks for `name` (a username, or the name of a RadSec peer); `unit` tells its realm.

    It ends with the authority at the latest.

    Raises:
        CertificateUnusable: the authority cannot be read or ends before today, or the name is over 64 octets in UTF-8.
    """
    _check_name(name)
    key = rsa.generate_private_key(_EXPONENT, 2048)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName([x509.OtherName(UPN, _utf8_string(name))]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (_usage(digital_signature=True, key_encipherment=True), True),
    ]
    certificate = _issue(authority, key, _name(name, unit), extensions, now, days)
    return KeyPair(_pem(certificate), _private_pem(key))


def pack(pair: KeyPair, authority: bytes, title: str, password: str) -> bytes:
    """PKCS#12 of certificate, key and authority under a password, as phones and computers import it.

    Triple DES and SHA-1 are what every system of the last fifteen years reads; the password must be strong by itself.
    """
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(50_000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 - what old phones read; the password has 80 bits
        .build(password.encode())
    )
    return pkcs12.serialize_key_and_certificates(
        title.encode(),
        _key(pair.key),
        _first(pair.certificate),
        _all(authority),
        encryption,
    )


def facts(certificate: bytes) -> CertificateFacts:
    """What a certificate (DER, or PEM whose first is meant) says.

    Raises:
        CertificateUnusable: it cannot be read.
    """
    found = _first(certificate)
    try:
        return _facts(found)
    except _UNREADABLE:
        raise CertificateUnusable("is a certificate that names its owner in no known form") from None


def _facts(found: x509.Certificate) -> CertificateFacts:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        names = x509.SubjectAlternativeName([])
    common = [
        str(name.value) for name in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if name.value
    ]
    identities = [
        _text_of(other.value) for other in names if isinstance(other, x509.OtherName) and other.type_id == UPN
    ]
    identities += [*names.get_values_for_type(x509.RFC822Name), *common]
    return CertificateFacts(
        serial=f"{found.serial_number:x}",
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        common_name=common[0] if common else "",
        identities=tuple(dict.fromkeys(name for name in identities if name)),
        dns_names=tuple(names.get_values_for_type(x509.DNSName)),
        not_before_at=int(found.not_valid_before_utc.timestamp()),
        not_after_at=int(found.not_valid_after_utc.timestamp()),
        fingerprint=found.fingerprint(hashes.SHA256()).hex(),
    )


def is_issued_by(certificate: bytes, authority: bytes) -> bool:
    """Whether the authority's key signed the certificate (PEM or DER, the first of each)."""
    try:
        _first(certificate).verify_directly_issued_by(_first(authority))
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True


def key_fits(pair: KeyPair) -> bool:
    """Whether the key is that of the (first) certificate; False too when either cannot be read."""
    try:
        return _public(_key(pair.key).public_key()) == _public(_first(pair.certificate).public_key())
    except _UNREADABLE:
        return False


def server_fault(chain: bytes, now: int) -> str | None:
    """Why devices would not take this as a server's certificate, in one sentence; None if they would."""
    certificate = _first(chain)
    found = facts(chain)
    if not found.dns_names:
        return "has no DNS name, which phones compare"
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return "does not say that it serves as a server (extended key usage), which Windows asks for"
    if ExtendedKeyUsageOID.SERVER_AUTH not in uses:
        return "is not for a server (extended key usage)"
    if now >= found.not_after_at:
        return "has ended"
    if now < found.not_before_at:
        return "is not valid yet; look at the clock"
    return None


def certificates_in(pem: bytes) -> list[bytes]:
    """Each certificate of PEM by itself, as PEM; what else stands there, a key or remarks, is left out."""
    return [_pem(one) for one in _all(pem)]


def chain_is_broken(chain: bytes) -> bool:
    """Whether the certificates do not follow each other, each signed by the next."""
    certificates = _all(chain)
    return any(not is_issued_by(_pem(one), _pem(issuer)) for one, issuer in itertools.pairwise(certificates))


def trust_anchor(chain: bytes) -> bytes | None:
    """The self-signed authority at the end of a chain, PEM; None if the chain has none and devices must know it."""
    for certificate in reversed(_all(chain)):
        with contextlib.suppress(*_UNREADABLE):
            if certificate.subject == certificate.issuer:
                return _pem(certificate)
    return None


def to_der(certificate: bytes) -> bytes:
    """The first certificate of PEM as DER."""
    return _first(certificate).public_bytes(Encoding.DER)


def _issue(
    authority: KeyPair,
    key: rsa.RSAPrivateKey,
    subject: x509.Name,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    now: int,
    days: int,
) -> x509.Certificate:
    issuer, issuer_key = _first(authority.certificate), _key(authority.key)
    builder = _builder(subject, issuer.subject, key.public_key(), now, days, issuer.not_valid_after_utc)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(identifier, critical=False).sign(issuer_key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey,
    now: int,
    days: int,
    latest: datetime | None = None,
) -> x509.CertificateBuilder:
    today = datetime.fromtimestamp(now, UTC)
    start, end = today - _DAY, today + days * _DAY  # a device's clock may be behind
    if latest is not None:
        end = min(end, latest)
    if end <= today:
        raise CertificateUnusable("the authority has ended")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str, unit: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION)]
    if unit:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit[:64]))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _ascii(name: str) -> str:
    return name if name.isascii() else name.encode("idna").decode()


def _utf8_string(text: str) -> bytes:
    """DER of a UTF8String (X.690 §8.23); a name of 64 letters has at most 256 octets."""
    octets = text.encode()
    if len(octets) < 0x80:
        return bytes((0x0C, len(octets))) + octets
    return (
        bytes((0x0C, 0x82)) + len(octets).to_bytes(2, "big") + octets
        if len(octets) > 0xFF
        else (bytes((0x0C, 0x81, len(octets))) + octets)
    )


def _text_of(der: bytes) -> str:
    """The text of a DER string with a length of up to two octets; "" for anything else."""
    if len(der) < 2 or der[0] not in {0x0C, 0x13, 0x16}:
        return ""
    head = 2 if der[1] < 0x80 else 2 + der[1] - 0x80
    return der[head:].decode("utf-8", "replace") if head <= 4 else ""


def _check_name(name: str) -> None:
    """X.520 bounds a common name at 64; the library counts octets, and a name that is cut speaks for somebody else."""
    if not 1 <= len(name.encode()) <= 64:
        raise CertificateUnusable("a certificate names 1 to 64 letters, of Chinese ones 21 at most")


def _first(certificate: bytes) -> x509.Certificate:
    # Of text, `openssl pkcs12` writes some before the first certificate. What begins as DER is never searched for PEM:
    # whoever asks for a certificate may put another one into its names
    if certificate[:1] != b"\x30" or certificate[1:2] < b"\x81":
        return _all(certificate)[0]
    try:
        return x509.load_der_x509_certificate(certificate)
    except _UNREADABLE:
        raise CertificateUnusable("is not a certificate") from None


def _all(chain: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(chain)
    except _UNREADABLE:
        raise CertificateUnusable("is not a certificate in PEM") from None


def _key(pem: bytes) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        # Without proving anew that its factors are primes: 35 ms, for a key that only its owner could have put there
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except _UNREADABLE:
        raise CertificateUnusable("is not a private key in PEM without a passphrase") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateUnusable("is neither an RSA key nor one of an elliptic curve")
    return key


def _public(key: object) -> object:
    return key.public_numbers() if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
