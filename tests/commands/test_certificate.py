"""`zhuomai certificate`: what is issued is entered, what is revoked is told, what is shown can be renewed and replaced."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.commands.books import write
from tests.commands.box import SITE, Box
from tests.commands.test_serve import serving
from tests.radius.tls_peer import authority, client, server
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.store import certificates, network
from zhuomai_appliance.store.sqlite import reading


@pytest.fixture
def school(box: Box) -> Box:
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    return box


def answer(box: Box, *words: str) -> Any:
    status, out, err = box.run("certificate", *words, "--json")
    assert status == 0, err
    return json.loads(out)


def refused(box: Box, *words: str) -> str:
    status, out, err = box.run("certificate", *words)
    assert (status, out, len(err)) == (1, "", 1)
    return err[0]


def audited(box: Box) -> list[tuple[str, int]]:
    query = "SELECT action, project_id FROM audit WHERE object_kind = 'certificate' ORDER BY id"
    with closing(sqlite3.connect(box.files.database)) as books:
        return books.execute(query).fetchall()


def test_a_user_gets_a_file_under_a_password_that_is_printed_once(school: Box, tmp_path: Path) -> None:
    """The PKCS#12 opens with it and with nothing else, is its owner's alone, and neither key nor password is kept."""
    target = tmp_path / "zhang.p12"
    issued = answer(school, "issue", "20260001", "--days", "100", "--out", str(target))
    assert issued["kind"] == "client"
    assert issued["state"] == "good"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    opened = pkcs12.load_pkcs12(target.read_bytes(), issued["password"].encode())
    assert opened.cert is not None
    assert f"{opened.cert.certificate.serial_number:x}" == issued["serial"]
    assert len(opened.additional_certs) == 1
    for path in school.files.folder.rglob("*"):
        assert path.is_dir() or path.is_socket() or issued["password"].encode() not in path.read_bytes()
    with reading(school.files.database) as reader:
        entered = certificates.by_serial(reader, ProjectId(1), issued["serial"])
    assert entered is not None
    assert entered.name == "20260001"
    assert 99 * 86_400 < entered.not_after_at - entered.issued_at <= 100 * 86_400


def test_a_peer_gets_pem(school: Box, tmp_path: Path) -> None:
    """Key, certificate and authority in one file, which is what RadSec clients read."""
    target = tmp_path / "ac1.pem"
    status, out, _ = school.run("certificate", "issue", "--radsec", "ac1", "--out", str(target))
    assert status == 0
    assert "not locked" in out
    text = target.read_text()
    assert text.count("BEGIN CERTIFICATE") == 2
    assert "BEGIN PRIVATE KEY" in text
    assert [one["kind"] for one in answer(school, "list")["issued"]] == ["radsec"]


def test_the_file_has_a_name_of_its_own(school: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --out it is named after the user, here; what is there is never overwritten."""
    monkeypatch.chdir(tmp_path)
    assert answer(school, "issue", "20260001")["file"] == "20260001.p12"
    assert "exists" in refused(school, "issue", "20260001")
    assert answer(school, "issue", "--radsec", "../a b")["file"] == "_a_b.p12"
    assert len(answer(school, "list")["issued"]) == 2


def test_what_is_revoked_stays_in_the_register(school: Box, tmp_path: Path) -> None:
    """By its serial number with or without colons; the list shows it only when asked for all."""
    serial = answer(school, "issue", "20260001", "--out", str(tmp_path / "a.p12"))["serial"]
    colons = ":".join(serial.rjust(40, "0")[at : at + 2] for at in range(0, 40, 2)).upper()
    status, out, _ = school.run("certificate", "revoke", colons, "--reason", "lost phone")
    assert status == 0
    assert "opens nothing any more" in out
    assert answer(school, "list")["issued"] == []
    (row,) = answer(school, "list", "--all")["issued"]
    assert (row["state"], row["reason"]) == ("revoked", "lost phone")
    assert answer(school, "show", serial)["revoked"] == row["revoked"]
    assert "revoked already" in refused(school, "revoke", serial)
    assert audited(school) == [("certificate.issue", 1), ("certificate.revoke", 1)]


def test_list_and_show_are_for_people_too(school: Box, tmp_path: Path) -> None:
    """Authority, server certificate and each issued one on a line; one of them with its PEM."""
    serial = answer(school, "issue", "20260001", "--out", str(tmp_path / "a.p12"))["serial"]
    _, out, _ = school.run("certificate", "list")
    assert [line.split()[0] for line in out.splitlines()] == ["authority", "server", "client"]
    assert serial in out
    for name, path in (("authority", school.files.eap_authority), ("server", school.files.eap_certificate)):
        _, out, _ = school.run("certificate", "show", name)
        assert path.read_text() in out
    _, out, _ = school.run("certificate", "show", serial)
    assert f"serial: {serial}" in out
    assert "BEGIN CERTIFICATE" in out


def test_renewing_keeps_authority_and_names(school: Box) -> None:
    """Devices that trust the authority notice nothing."""
    before, trust = school.files.eap_certificate.read_bytes(), school.files.eap_authority.read_bytes()
    renewed = answer(school, "renew")
    after = school.files.eap_certificate.read_bytes()
    assert school.files.eap_authority.read_bytes() == trust
    assert after != before
    assert eap_authority.is_issued_by(after, trust)
    assert tuple(renewed["names"]) == eap_authority.facts(before).dns_names
    assert stat.S_IMODE(school.files.eap_key.stat().st_mode) == 0o600
    school.config.write_text(school.config.read_text() + '[eap]\nserver_name = "radius.school.example"\n')
    assert answer(school, "renew")["names"] == ["radius.school.example"]
    assert audited(school) == [("certificate.renew", 0)] * 2


def weak_server() -> tuple[bytes, bytes]:
    """A server certificate whose key OpenSSL takes no more, and the key."""
    key = rsa.generate_private_key(65_537, 1024)  # noqa: S505 - too short on purpose
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "radius.school.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("radius.school.example")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), pem


def test_a_certificate_of_ones_own_is_looked_at_before_it_is_shown(school: Box, tmp_path: Path) -> None:
    """Wrong key, wrong use, a chain out of order and no PEM change nothing; a good one is shown from then on."""
    before = school.files.eap_certificate.read_bytes()
    for name, content in {
        "cert": server().certificate,
        "key": server().key,
        "chain": authority().certificate,
        "client": client().certificate,
        "client.key": client().key,
        "der": eap_authority.to_der(server().certificate),
    }.items():
        (tmp_path / name).write_bytes(content)

    def words(cert: str, key: str, *chain: str) -> list[str]:
        found = ["import", "--cert", str(tmp_path / cert), "--key", str(tmp_path / key)]
        return found + (["--chain", str(tmp_path / chain[0])] if chain else [])

    assert "key is not that of" in refused(school, *words("cert", "client.key"))
    assert "no DNS name" in refused(school, *words("client", "client.key"))
    assert "out of order" in refused(school, *words("cert", "key", "client"))
    assert "is not PEM" in refused(school, *words("der", "key"))
    assert "cannot be read" in refused(school, *words("nowhere", "key"))
    weak, key = weak_server()
    (tmp_path / "weak").write_bytes(weak)
    (tmp_path / "weak.key").write_bytes(key)
    assert "key" in refused(school, *words("weak", "weak.key"))
    assert school.files.eap_certificate.read_bytes() == before
    status, out, _ = school.run("certificate", *words("cert", "key", "chain"))
    assert status == 0
    assert "radius.school.example" in out
    assert "have to be given" in out
    shown = school.files.eap_certificate.read_bytes()
    assert shown.startswith(server().certificate)
    assert authority().certificate in shown
    assert audited(school) == [("certificate.import", 0)]


def test_one_file_for_certificate_and_key_shows_no_key(school: Box, tmp_path: Path) -> None:
    """Imported or named by the settings: only the certificates are kept in the file of certificates, and shown."""
    both = tmp_path / "both.pem"
    both.write_bytes(server().key + b"Bag Attributes\n" + server().certificate + authority().certificate)
    assert school.run("certificate", "import", "--cert", str(both), "--key", str(both))[0] == 0
    chain = server().certificate + authority().certificate
    assert school.files.eap_certificate.read_bytes() == chain
    school.files.eap_certificate.write_bytes(server().key + chain)
    assert answer(school, "show", "server")["pem"] == chain.decode()
    assert "PRIVATE" not in school.run("certificate", "show", "server")[1]


def test_what_the_settings_name_is_not_written_over(school: Box, tmp_path: Path) -> None:
    """With a certificate in the settings, renew and import say where the new one belongs."""
    (tmp_path / "own.crt").write_bytes(server().certificate)
    (tmp_path / "own.key").write_bytes(server().key)
    named = f'[eap]\ncertificate = "{tmp_path}/own.crt"\nkey = "{tmp_path}/own.key"\n'
    school.config.write_text(school.config.read_text() + named)
    assert "put the new one there" in refused(school, "renew")
    cert, key = str(tmp_path / "own.crt"), str(tmp_path / "own.key")
    assert "put the new one there" in refused(school, "import", "--cert", cert, "--key", key)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["issue", "ghost"], 'no account "ghost"'),
        (["issue", "20260001", "--days", "0"], "1 to 3650 days"),
        (["issue", "20260001", "--project", "nowhere"], 'no project "nowhere"'),
        (["issue", "20260001", "--out", "a.txt"], "end the name in .p12"),
        (["issue", "20260001", "--out", "nowhere/a.p12"], "make it first"),
        (["show", "abc"], "was issued"),
        (["revoke", "abc"], "was issued"),
    ],
)
def test_what_cannot_be_done_is_one_line(school: Box, words: list[str], says: str) -> None:
    """And nothing is entered."""
    assert says in refused(school, *words)
    assert answer(school, "list", "--all")["issued"] == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frob"],
        ["issue"],
        ["issue", "a", "--radsec", "b"],
        ["issue", "a", "b"],
        ["issue", "a", "--days", "many"],
        ["show"],
        ["revoke"],
        ["import", "--cert", "a"],
        ["list", "a"],
    ],
)
def test_wrong_usage(empty_box: Box, words: list[str]) -> None:
    """What nobody can mean is status 2."""
    status, out, err = empty_box.run("certificate", *words)
    assert (status, out, len(err)) == (2, "", 1)


def test_without_the_authority_nothing_is_signed(school: Box, tmp_path: Path) -> None:
    """An authority's key that was taken away for safety is missed by name; what was issued can still be revoked."""
    serial = answer(school, "issue", "20260001", "--out", str(tmp_path / "a.p12"))["serial"]
    school.files.eap_authority_key.rename(tmp_path / "safe")
    assert "eap-ca.key" in refused(school, "issue", "20260001", "--out", str(tmp_path / "b.p12"))
    assert "eap-ca.key" in refused(school, "renew")
    assert answer(school, "revoke", serial)["state"] == "revoked"


def test_with_two_projects_one_must_be_named(school: Box, tmp_path: Path) -> None:
    """A peer belongs to a project; a user is looked for in all of them."""
    write(school, lambda tx: network.add_project(tx, "other", "Asia/Shanghai", 5))
    target = str(tmp_path / "a.p12")
    assert "add --project" in refused(school, "issue", "--radsec", "ac1", "--out", target)
    assert (
        answer(school, "issue", "--radsec", "ac1", "--project", "other", "--out", target)["project"]
        == "other"
    )
    assert answer(school, "issue", "20260001", "--out", str(tmp_path / "b.p12"))["project"] == "main"


@pytest.mark.slow
def test_beside_the_daemon(box: Box, tmp_path: Path) -> None:
    """Through the control socket the daemon issues, revokes, and shows the renewed certificate without a restart."""
    with serving(box):
        assert box.run("apply", box.write("site.toml", SITE))[0] == 0
        serial = answer(box, "issue", "20260001", "--out", str(tmp_path / "a.p12"))["serial"]
        assert answer(box, "revoke", serial, "--reason", "left")["reason"] == "left"
        before = box.files.eap_certificate.read_bytes()
        assert answer(box, "renew")["serial"] not in {None, eap_authority.facts(before).serial}
        box.files.eap_authority_key.rename(tmp_path / "safe")
        assert "eap-ca.key" in refused(box, "renew")
