"""The files behind 802.1X: made once, never overwritten, replaced whole, and judged by name."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from cryptography import x509
from twisted.internet.defer import Deferred
from twisted.logger import Logger, capturedLogs

from tests.commands.box import Box
from tests.radius.tls_peer import Peer, authority, client, server, shake
from zhuomai_appliance import config as settings
from zhuomai_appliance.commands import eap_files
from zhuomai_appliance.commands.backstage import finish
from zhuomai_appliance.commands.eap_files import CertificateWatch, EapMaterial, ensure_eap, open_tls
from zhuomai_appliance.config import Config
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius import eap_authority

NOW = int(time.time())


def configured(folder: Path, **eap: str) -> Config:
    folder.mkdir(exist_ok=True)
    return Config(state=settings.State(dir=folder), eap=settings.Eap.model_validate(eap))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = configured(tmp_path_factory.mktemp("made"), server_name="radius.school.example")
    ensure_eap(config, NOW)
    return config


def test_init_makes_authority_and_certificate_for_itself_alone(box: Box) -> None:
    """Four files that nobody else can read; the certificate is the authority's, and its key fits."""
    for path in eap_files.eap_paths(box.files):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    loaded = eap_files.load(settings.load(box.config))
    assert loaded.trust == loaded.authority == loaded.client_ca
    assert eap_authority.is_issued_by(loaded.certificate, loaded.client_ca)


def test_what_is_there_is_never_touched(made: Config) -> None:
    """A second start, days later, leaves every byte."""
    paths = eap_files.eap_paths(StateFiles(made.state.dir))
    before = [path.read_bytes() for path in paths]
    ensure_eap(made, NOW + 1000 * 86_400)
    assert [path.read_bytes() for path in paths] == before
    assert not [path for path in made.state.dir.iterdir() if path.suffix == ".partial"]


def test_the_first_start_of_an_older_box_makes_them(tmp_path: Path) -> None:
    """A state directory from before gets what it lacks, and a device can shake hands with it."""
    tls = open_tls(configured(tmp_path / "state"), NOW, time.monotonic, Logger())
    assert tls is not None
    assert tls.asks_certificates
    trust = (tmp_path / "state" / "eap-ca.crt").read_bytes()
    engine = tls.engine()
    shake(engine, Peer(trust=trust))
    assert engine.handshake_done


def test_half_a_pair_is_not_made_whole(tmp_path: Path) -> None:
    """A lost authority key does not lead to a new authority behind the devices' back; the line names the file."""
    config = configured(tmp_path / "state")
    ensure_eap(config, NOW)
    files = StateFiles(config.state.dir)
    files.eap_authority_key.unlink()
    before = files.eap_authority.read_bytes()
    ensure_eap(config, NOW)
    assert files.eap_authority.read_bytes() == before
    files.eap_certificate.unlink()
    files.eap_key.unlink()
    with pytest.raises(CommandFailed, match=r"eap-ca\.key: cannot be read"):
        ensure_eap(config, NOW)


def test_a_broken_certificate_does_not_stop_the_box(tmp_path: Path) -> None:
    """Nothing but 802.1X is missing then, and the log says what to look at."""
    config = configured(tmp_path / "state")
    ensure_eap(config, NOW)
    StateFiles(config.state.dir).eap_key.write_bytes(client().key)
    with capturedLogs() as told:
        assert open_tls(config, NOW, time.monotonic, Logger()) is None
    assert "is not the private key of" in told[0]["error"]


def test_a_running_box_follows_the_files(tmp_path: Path) -> None:
    """A certificate or revocation list of one's own is put in place, and a minute later it is what devices meet."""
    named = own_files(tmp_path)
    config = configured(tmp_path / "state", **named)
    tls = open_tls(config, NOW, time.monotonic, Logger())
    assert tls is not None
    watch = CertificateWatch(config, tls, Logger())
    assert watch.trust is not None
    assert watch.trust.server_name == "radius.school.example"
    engine = tls.engine()
    other = server("radius.other.example")
    (tmp_path / "own.crt").write_bytes(other.certificate)
    with capturedLogs() as told:
        finish(Deferred.fromCoroutine(watch.look()))
    assert "is not the private key of" in told[0]["error"]
    assert watch.trust.server_name == "radius.school.example"
    (tmp_path / "own.key").write_bytes(other.key)
    finish(Deferred.fromCoroutine(watch.look()))
    assert watch.trust.server_name == "radius.other.example"
    peer = Peer()
    shake(tls.engine(), peer)
    shown = peer.connection.get_peer_certificate(as_cryptography=True)
    assert shown == x509.load_pem_x509_certificate(other.certificate)
    shake(engine, Peer())
    with capturedLogs() as told:
        finish(Deferred.fromCoroutine(watch.look()))
    assert not told


def test_a_box_that_began_without_needs_a_restart(tmp_path: Path) -> None:
    """What is put in place later is not shown by halves."""
    config = configured(tmp_path / "state")
    watch = CertificateWatch(config, None, Logger())
    assert watch.trust is None
    with pytest.raises(CommandFailed, match="restart the service"):
        watch.renew()
    finish(Deferred.fromCoroutine(watch.look()))


def test_the_name_comes_from_the_settings_the_address_or_the_machine(tmp_path: Path) -> None:
    """A name of its own, the host that browsers use, never a bare address, and always something a certificate can carry."""
    web = settings.Web
    name = eap_files.server_name
    own = Config(
        eap=settings.Eap(server_name="Radius.School.Example."), web=web(public_url="http://a.example")
    )
    assert name(own) == "radius.school.example"
    assert name(Config(web=web(public_url="http://portal.school.example:8080"))) == "portal.school.example"
    assert settings.DNS_NAME.fullmatch(name(Config(web=web(public_url="http://192.0.2.1"))))


def test_a_name_of_the_machine_that_no_certificate_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one with an underscore."""
    monkeypatch.setattr("socket.gethostname", lambda: "my_box")
    assert eap_files.server_name(Config()) == "localhost"


def own_files(folder: Path, chain: bytes = b"") -> dict[str, str]:
    (folder / "own.crt").write_bytes(server().certificate + chain)
    (folder / "own.key").write_bytes(server().key)
    return {"certificate": str(folder / "own.crt"), "key": str(folder / "own.key")}


def loaded(folder: Path, **eap: str) -> EapMaterial:
    config = configured(folder / "state", **eap)
    ensure_eap(config, NOW)
    return eap_files.load(config)


def test_certificates_of_ones_own_replace_those_made_here(tmp_path: Path) -> None:
    """What devices trust is then the root in the chain, or the one named, or what they know already."""
    anchor = authority().certificate
    own = loaded(tmp_path, **own_files(tmp_path))
    assert (own.trust, own.server_name) == (None, "radius.school.example")
    assert loaded(tmp_path, **own_files(tmp_path, anchor)).trust == anchor
    (tmp_path / "ca").write_bytes(anchor)
    assert loaded(tmp_path, **own_files(tmp_path), ca=str(tmp_path / "ca")).trust == anchor
    assert not (tmp_path / "state" / "eap.crt").exists()


def test_devices_compare_a_whole_name(tmp_path: Path) -> None:
    """Of a certificate for many names the first without an asterisk goes into the profiles."""
    files = own_files(tmp_path)
    for names, told in (
        (["*.school.example", "school.example", "a.example"], "school.example"),
        (["*.school.example"], "*.school.example"),
    ):
        pair = eap_authority.issue_server(authority(), names, NOW)
        (tmp_path / "own.crt").write_bytes(pair.certificate)
        (tmp_path / "own.key").write_bytes(pair.key)
        assert loaded(tmp_path, **files).server_name == told


def test_clients_of_another_authority(tmp_path: Path) -> None:
    """With an authority for clients named, ours no longer logs anybody in."""
    (tmp_path / "ca").write_bytes(authority().certificate)
    own = loaded(tmp_path, client_ca=str(tmp_path / "ca"))
    assert own.client_ca == authority().certificate
    assert own.authority not in {None, own.client_ca}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("own.crt", b"nothing", "is not the private key of"),
        ("own.key", b"nothing", "is not the private key of"),
        ("own.crt", None, r"own\.crt: cannot be read"),
        ("ca", b"nothing", "ca: is not a certificate in PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    """One line says which of them it is."""
    named = {**own_files(tmp_path), "ca": str(tmp_path / "ca")}
    (tmp_path / "ca").write_bytes(authority().certificate)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandFailed, match=says):
        loaded(tmp_path, **named)
