"""`zhuomai check` names what is wrong with the certificates of 802.1X before a device does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.commands.test_eap_files import NOW, configured, own_files
from tests.radius.tls_peer import authority, client, server
from zhuomai_appliance.commands import check_eap
from zhuomai_appliance.commands.eap_files import ensure_eap
from zhuomai_appliance.config import Config
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius import eap_authority

DAY = 86_400


def found(config: Config, now: int = NOW) -> dict[str, tuple[str, str]]:
    return {one.what: (one.word, one.sentence) for one in check_eap.findings(config, now)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = configured(tmp_path_factory.mktemp("made"), server_name="radius.school.example")
    ensure_eap(config, NOW)
    return config


def test_a_fresh_box_is_right(made: Config) -> None:
    """Both lines say until when."""
    lines = found(made)
    assert {word for word, _ in lines.values()} == {"ok"}
    assert "radius.school.example, valid until" in lines[check_eap.SERVER][1]


def test_the_end_is_told_in_time(made: Config) -> None:
    """Thirty days before the server certificate's end a warning, after it a failure, and a year before the authority's."""
    end = eap_authority.facts(StateFiles(made.state.dir).eap_certificate.read_bytes()).not_after_at
    for now, word in ((end - 30 * DAY - 1, "ok"), (end - 30 * DAY, "warn"), (end, "fail")):
        assert found(made, now)[check_eap.SERVER][0] == word
    assert "certificate renew" in found(made, end)[check_eap.SERVER][1]
    assert found(made, NOW + 3300 * DAY)[check_eap.AUTHORITY][0] == "warn"


def test_another_name_in_the_settings_is_noticed(made: Config) -> None:
    """The name of a certificate changes only by renewing it."""
    config = configured(made.state.dir, server_name="other.school.example")
    assert "certificate renew" in found(config)[check_eap.SERVER][1]


def test_an_older_box_is_told_what_comes(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    assert found(configured(tmp_path / "state")) == {
        check_eap.SERVER: ("warn", f"{tmp_path}/state/eap.crt is not there yet; the next start makes it")
    }
    assert not list((tmp_path / "state").iterdir())


def test_keys_that_do_not_fit(tmp_path: Path) -> None:
    """A foreign server key, a foreign authority key, and one that others can read."""
    config = configured(tmp_path / "state")
    ensure_eap(config, NOW)
    files = StateFiles(config.state.dir)
    files.eap_authority_key.chmod(0o644)
    assert "chmod 600" in found(config)[check_eap.AUTHORITY][1]
    files.eap_authority_key.unlink()
    assert found(config)[check_eap.AUTHORITY][0] == "ok"
    files.eap_authority_key.touch(0o600)
    files.eap_authority_key.write_bytes(client().key)
    assert found(config)[check_eap.AUTHORITY][0] == "fail"
    files.eap_key.write_bytes(client().key)
    assert "not the private key" in found(config)[check_eap.SERVER][1]


def test_certificates_of_ones_own(tmp_path: Path) -> None:
    """A lone certificate of a foreign authority lacks its chain; with the chain it is fine; a wrong order fails."""
    config = configured(tmp_path / "state", **own_files(tmp_path))
    assert "are missing" in found(config)[check_eap.SERVER][1]
    config = configured(tmp_path / "state", **own_files(tmp_path, authority().certificate))
    assert found(config)[check_eap.SERVER][0] == "ok"
    config = configured(tmp_path / "state", **own_files(tmp_path, client().certificate))
    assert "out of order" in found(config)[check_eap.SERVER][1]
    named = own_files(tmp_path)
    (tmp_path / "own.crt").write_bytes(client().certificate)
    (tmp_path / "own.key").write_bytes(client().key)
    assert "no DNS name" in found(configured(tmp_path / "state", **named))[check_eap.SERVER][1]


def crl(days: int, signer: str = "Authority of tests") -> bytes:
    pair = authority(signer)
    key = load_pem_private_key(pair.key, None)
    now = datetime.fromtimestamp(NOW, UTC)
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificate(pair.certificate).subject)
        .last_update(now - timedelta(days=9))
        .next_update(now + timedelta(days=days))
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
        .public_bytes(Encoding.PEM)
    )


@pytest.mark.parametrize(
    ("lists", "word", "says"),
    [
        (crl(5), "ok", "1 authorities, 1 revocation lists"),
        (crl(-1), "fail", "is over"),
        (crl(5, "Another authority"), "fail", "has no revocation list"),
        (b"nothing", "fail", "revocation list is not PEM"),
        (b"", "ok", "0 revocation lists"),
    ],
)
def test_lists_of_another_pki(tmp_path: Path, made: Config, lists: bytes, word: str, says: str) -> None:
    """A list that is over or missing would refuse everybody: that is a failure here, not a surprise in the morning."""
    (tmp_path / "ca").write_bytes(authority().certificate)
    (tmp_path / "crl").write_bytes(lists)
    config = configured(
        made.state.dir,
        server_name="radius.school.example",
        client_ca=str(tmp_path / "ca"),
        client_crl=str(tmp_path / "crl"),
    )
    line = found(config)[check_eap.CLIENTS]
    assert line[0] == word
    assert says in line[1]


def test_a_server_certificate_alone_is_no_chain() -> None:
    """Counting is by certificates."""
    assert len(eap_authority.certificates_in(server().certificate + authority().certificate)) == 2
