"""Certificates that our own authority makes, read back by other eyes: cryptography's verifier and the openssl program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.radius.tls_peer import authority, client, real_now, server
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import CertificateUnusable, KeyPair

DAY = 86_400


def openssl(*words: str) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_openssl_verifies_server_and_client_for_their_use_alone(tmp_path: Path) -> None:
    """A server certificate serves as one and a client's as one, under the authority, with strict X.509 checks."""
    (tmp_path / "ca").write_bytes(authority().certificate)
    for name, pair in (("sslserver", server()), ("sslclient", client())):
        (tmp_path / name).write_bytes(pair.certificate)
        strict = ("verify", "-x509_strict", "-CAfile", str(tmp_path / "ca"), "-purpose")
        openssl(*strict, name, str(tmp_path / name))
        other = "sslclient" if name == "sslserver" else "sslserver"
        with pytest.raises(AssertionError):
            openssl(*strict, other, str(tmp_path / name))


def test_a_server_certificate_names_its_hosts() -> None:
    """DNS names for the devices to compare, its use, RSA of 2048 bits, and no more days than Apple takes."""
    now = real_now()
    pair = eap_authority.issue_server(authority(), ["radius.school.example", "bücher.example"], now)
    found = x509.load_pem_x509_certificate(pair.certificate)
    facts = eap_authority.facts(pair.certificate)
    assert facts.dns_names == ("radius.school.example", "xn--bcher-kva.example")
    assert facts.common_name == "radius.school.example"
    use = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert found.public_key().key_size == 2048  # type: ignore[union-attr]
    assert facts.not_before_at == now - DAY
    assert facts.not_after_at - facts.not_before_at <= 825 * DAY


def test_days_are_counted_from_now() -> None:
    """One day is a day from now on, and an authority that has ended issues nothing."""
    now = real_now()
    pair = eap_authority.issue_client(authority(), "20260001", "main", now, 1)
    assert eap_authority.facts(pair.certificate).not_after_at == now + DAY
    over = now + (eap_authority.AUTHORITY_DAYS + 1) * DAY
    with pytest.raises(CertificateUnusable, match="has ended"):
        eap_authority.issue_client(authority(), "20260001", "main", over, 30)


def test_an_authority_is_an_authority_for_ten_years() -> None:
    """RSA of 3072 bits, may sign certificates and lists, none below it may sign further."""
    found = x509.load_pem_x509_certificate(authority().certificate)
    limits = found.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)
    assert found.public_key().key_size == 3072  # type: ignore[union-attr]
    years = (found.not_valid_after_utc - found.not_valid_before_utc).days / 365
    assert 9.9 < years < 10.1


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=64))
def test_any_name_is_written_as_utf8_and_read_back(name: str) -> None:
    """What stands in the principal name comes back as it was, whatever the script and the length."""
    assert eap_authority._text_of(eap_authority._utf8_string(name)) == name


def test_a_client_certificate_speaks_for_one_name() -> None:
    """Principal name and common name are the account; its unit tells the project."""
    facts = eap_authority.facts(client("zhang.san@edu.example").certificate)
    assert facts.identities == ("zhang.san@edu.example",)
    assert "OU=main" in facts.subject
    facts = eap_authority.facts(eap_authority.to_der(client("张三").certificate))
    assert facts.identities == ("张三",)


@pytest.mark.parametrize("name", ["", "x" * 65, "张" * 22])
def test_a_name_has_1_to_64_letters(name: str) -> None:
    """X.520's bound, in octets as the library counts it; a longer name would be cut and speak for somebody else."""
    with pytest.raises(CertificateUnusable, match="1 to 64"):
        eap_authority.issue_client(authority(), name, "main", real_now())
    with pytest.raises(CertificateUnusable, match="1 to 64"):
        eap_authority.make_authority(name, real_now())


def test_the_longest_names_fit() -> None:
    """64 letters, 21 Chinese ones; a long name of a project is cut."""
    for name in ("x" * 64, "张" * 21):
        pair = eap_authority.issue_client(authority(), name, "学校" * 40, real_now())
        assert eap_authority.facts(pair.certificate).identities == (name,)


def test_nothing_outlives_its_authority() -> None:
    """A client certificate for 20 years ends with the authority; from an ended one nothing is issued."""
    pair = eap_authority.issue_client(authority(), "a", "main", real_now(), 7300)
    assert (
        eap_authority.facts(pair.certificate).not_after_at
        == eap_authority.facts(authority().certificate).not_after_at
    )
    with pytest.raises(CertificateUnusable, match="has ended"):
        eap_authority.issue_client(authority(), "a", "main", real_now() + 4000 * DAY)


def test_a_pack_opens_with_its_password_alone(tmp_path: Path) -> None:
    """PKCS#12 for phones: certificate, key and authority; also to the openssl program, without its legacy provider."""
    pack = eap_authority.pack(client(), authority().certificate, "20260001", "K7Q4-P")
    opened = pkcs12.load_pkcs12(pack, b"K7Q4-P")
    assert opened.cert is not None
    assert opened.cert.certificate == x509.load_pem_x509_certificate(client().certificate)
    assert len(opened.additional_certs) == 1
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(pack, b"another")
    (tmp_path / "p12").write_bytes(pack)
    shown = openssl("pkcs12", "-in", str(tmp_path / "p12"), "-passin", "pass:K7Q4-P", "-nodes")
    assert "PRIVATE KEY" in shown
    assert shown.count("BEGIN CERTIFICATE") == 2


def test_what_belongs_together_is_told_from_what_does_not() -> None:
    """Keys and their certificates, certificates and their issuers, and the anchor of a chain."""
    assert eap_authority.is_issued_by(client().certificate, authority().certificate)
    assert not eap_authority.is_issued_by(client().certificate, server().certificate)
    assert not eap_authority.is_issued_by(client().certificate, authority("Another").certificate)
    assert eap_authority.key_fits(client())
    assert not eap_authority.key_fits(KeyPair(client().certificate, server().key))
    assert not eap_authority.key_fits(KeyPair(client().certificate, b"nothing"))
    chain = server().certificate + authority().certificate
    assert eap_authority.trust_anchor(chain) == authority().certificate
    assert eap_authority.trust_anchor(server().certificate) is None


def test_nonsense_is_a_sentence() -> None:
    """No PEM, no exception of a library."""
    for nonsense in (
        b"",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\x30\x03\x02\x01\x01",
    ):
        with pytest.raises(CertificateUnusable):
            eap_authority.facts(nonsense)


def altered(was: bytes, becomes: bytes) -> bytes:
    """A certificate (DER) with other octets in one place."""
    der = eap_authority.to_der(client("zhang.san").certificate)
    assert len(was) == len(becomes)
    assert was in der
    return der.replace(was, becomes)


@pytest.mark.parametrize(
    "odd",
    [
        altered(bytes.fromhex("a003020102"), bytes.fromhex("a003020109")),
        altered(b"\x0c\x09zhang.san", b"\x0c\x09zhang\xffsan"),
        altered(bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d010179")),
        altered(bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010179")),
        altered(bytes.fromhex("0603551d11"), bytes.fromhex("0603551d13")),
    ],
    ids=["version", "letters", "key", "signature", "extension twice"],
)
def test_a_certificate_of_an_unknown_kind_is_a_sentence(odd: bytes) -> None:
    """What the library reads only when asked fails then: no question about it ends in another exception than ours."""
    assert not eap_authority.is_issued_by(odd, authority().certificate)
    assert not eap_authority.is_issued_by(authority().certificate, odd)
    assert not eap_authority.key_fits(KeyPair(odd, client().key))
    for ask in (eap_authority.facts, lambda der: eap_authority.server_fault(der, real_now())):
        try:
            assert ask(odd)
        except CertificateUnusable as error:
            assert str(error).startswith("is ")


def test_names_of_a_kind_that_nobody_reads_are_none() -> None:
    """An EDI party among the names of a certificate leaves the common name."""
    edi = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), bytes.fromhex("3007a505a1030c0141"))
    plain = x509.load_pem_x509_certificate(client("zhang.san").certificate)
    key = load_pem_private_key(client("zhang.san").key, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    made = (
        x509.CertificateBuilder(plain.subject, plain.subject, key.public_key(), 7)
        .not_valid_before(plain.not_valid_before_utc)
        .not_valid_after(plain.not_valid_after_utc)
        .add_extension(edi, critical=False)
        .sign(key, hashes.SHA256())
    )
    assert eap_authority.facts(made.public_bytes(Encoding.DER)).identities == ("zhang.san",)


def test_text_before_a_certificate_is_passed_over() -> None:
    """`openssl pkcs12` and `openssl x509 -text` write some."""
    text = b"Bag Attributes\n    friendlyName: 20260001\n" + client("zhang.san").certificate
    assert eap_authority.facts(text).identities == ("zhang.san",)
    assert eap_authority.certificates_in(text + client().key) == [client("zhang.san").certificate]


def test_a_certificate_within_the_names_of_another_is_not_taken_for_it() -> None:
    """A device shows DER: what stands in it looks like PEM as its owner likes."""
    hidden = client("zhang.san").certificate.decode()
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, hidden)])
    plain = x509.load_pem_x509_certificate(client("zhang.san").certificate)
    key = load_pem_private_key(client("zhang.san").key, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(plain.not_valid_before_utc)
        .not_valid_after(plain.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    assert eap_authority.facts(made.public_bytes(Encoding.DER)).identities == ()


def test_a_key_is_not_shown() -> None:
    """A log line or a traceback that shows the pair does not show its key."""
    assert "PRIVATE" not in repr(client())
