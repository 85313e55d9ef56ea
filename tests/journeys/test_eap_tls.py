"""EAP-TLS with wpa_supplicant's own client against a real daemon: who comes in, who does not, and from when on not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.journeys.box import Box
from tests.journeys.dot1x import Issued, Outcome, eapol_test, issue, start_eapol_test
from zhuomai_appliance.radius import eap_authority

pytestmark = pytest.mark.slow

SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "wlc"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 0
[[account]]
username = "alice"
password = "wonderland"
plan = "monthly"
[[account]]
username = "bob"
password = "builder"
plan = "monthly"
[[account]]
username = "dora-1.2"
password = "d"
plan = "monthly"
[[account]]
username = "dora-1.3"
password = "d"
plan = "monthly"
[[account]]
username = "emil-1.2"
password = "e"
plan = "monthly"
[[account]]
username = "emil-1.3"
password = "e"
plan = "monthly"
[[account]]
username = "carol"
password = "no plan"
"""

VERSIONS = {"1.2": "tls_disable_tlsv1_3=1", "1.3": "tls_disable_tlsv1_3=0"}
both_versions = pytest.mark.parametrize("version", list(VERSIONS))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("eap-tls")) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


@pytest.fixture(scope="module")
def alice(box: Box) -> Issued:
    return issue(box, "alice")


def lines(issued: Issued, identity: str = "alice", version: str = "1.3") -> str:
    return f"""eap=TLS
identity="{identity}"
client_cert="{issued.path}"
private_key="{issued.path}"
phase1="{VERSIONS[version]}\""""


def login(box: Box, issued: Issued, identity: str = "alice", version: str = "1.3", *words: str) -> Outcome:
    return eapol_test(box, lines(issued, identity, version), *words)


def newest_attempt(box: Box) -> tuple[int, str, str]:
    """Whether it was accepted, reason and detail; attempts are written within a second."""
    time.sleep(1.1)
    table = time.strftime("attempt_%Y%m", time.gmtime())
    (row,) = box.rows(f"SELECT accepted, reason, detail FROM {table} ORDER BY id DESC LIMIT 1")
    return row[0], row[1], row[2]


@both_versions
def test_a_certificate_opens_its_account(box: Box, alice: Issued, version: str) -> None:
    """With the same keys on both ends, the plan's terms in the Accept, and the account's name for the accounting."""
    outcome = login(box, alice, version=version)
    assert outcome.succeeded, outcome.text[-3000:]
    assert "MPPE keys OK: 1  mismatch: 0" in outcome.text
    accept = outcome.text.rpartition("code=2 (Access-Accept)")[2]
    assert "Attribute 1 (User-Name)" in accept
    assert "Attribute 27 (Session-Timeout)" in accept
    assert "Attribute 25 (Class)" in accept


@both_versions
def test_a_device_comes_back_without_its_certificate(box: Box, alice: Issued, version: str) -> None:
    """Two more logins resume the session: fewer requests, new keys each time."""
    once = login(box, alice, "alice", version).requests
    thrice = login(box, alice, "alice", version, "-r2")
    assert thrice.succeeded, thrice.text[-3000:]
    assert thrice.resumptions >= 2
    assert "MPPE keys OK: 3  mismatch: 0" in thrice.text
    assert thrice.requests < 3 * once


def test_small_fragments_arrive(box: Box, alice: Issued) -> None:
    """A device that cuts its messages into 300 octets, behind an access point with a small Framed-MTU."""
    outcome = eapol_test(box, lines(alice) + "\nfragment_size=300", "-N12:d:600")
    assert outcome.succeeded, outcome.text[-3000:]


def test_the_identity_may_have_a_realm_and_capitals(box: Box, alice: Issued) -> None:
    """The account that the identity finds must be the certificate's."""
    assert login(box, alice, "ALICE").succeeded
    assert not login(box, alice, "bob").succeeded
    assert newest_attempt(box)[:2] == (0, "certificate_unknown")


@both_versions
def test_a_revoked_certificate_is_out_at_once(box: Box, version: str) -> None:
    """The login after the command is refused: the daemon needs neither list nor restart."""
    lost = issue(box, "bob", f"lost-{version}")
    assert login(box, lost, "bob", version).succeeded
    box.must("certificate", "revoke", lost.serial, "--reason", "lost phone")
    assert not login(box, lost, "bob", version).succeeded
    accepted, reason, detail = newest_attempt(box)
    assert (accepted, reason) == (0, "certificate_revoked")
    assert lost.serial in detail


@both_versions
def test_a_resumed_session_does_not_outlive_the_certificate(box: Box, version: str) -> None:
    """A device that comes back again and again by its session is refused from the revocation on."""
    user = f"dora-{version}"
    lost = issue(box, user)
    device = start_eapol_test(box, lines(lost, user, version), "-r400")
    time.sleep(2)
    box.must("certificate", "revoke", lost.serial, "--reason", "lost phone")
    outcome = device.finish()
    assert outcome.resumptions > 2, outcome.text[-3000:]
    assert not outcome.succeeded
    assert newest_attempt(box)[:2] == (0, "certificate_revoked")


@both_versions
def test_a_resumed_session_does_not_outlive_the_right_to_come_in(box: Box, version: str) -> None:
    """The rules are asked at each login, whatever TLS remembers: here the device is put on the black list meanwhile."""
    user, mac = f"emil-{version}", f"02:00:00:00:02:{version.replace('.', '')}"
    device = start_eapol_test(box, lines(issue(box, user), user, version), "-r400", mac=mac)
    time.sleep(2)
    box.apply(f'[[list]]\nkind = "mac"\naction = "deny"\nvalue = "{mac}"\n')
    outcome = device.finish()
    assert outcome.resumptions > 2, outcome.text[-3000:]
    assert not outcome.succeeded
    assert newest_attempt(box)[:2] == (0, "device_blocked")


def test_a_certificate_opens_no_account_without_a_plan(box: Box) -> None:
    """It replaces the password and nothing else."""
    carol = issue(box, "carol")
    assert not login(box, carol, "carol").succeeded
    assert newest_attempt(box)[:2] == (0, "no_plan")


@both_versions
def test_a_certificate_of_another_authority_is_refused(box: Box, version: str) -> None:
    """Even if it names the account; the log says why."""
    now = int(time.time())
    other = eap_authority.make_authority("another 802.1X", now)
    pair = eap_authority.issue_client(other, "alice", "main", now)
    path = box.folder / "foreign.pem"
    path.write_bytes(pair.key + pair.certificate)
    assert not login(box, Issued(path, ""), "alice", version).succeeded
    assert newest_attempt(box)[:2] == (0, "certificate_unknown")


def test_an_expired_certificate_is_refused(box: Box) -> None:
    """Signed by our authority, entered in no register, and over: its days are looked at first."""
    authority = eap_authority.KeyPair(
        (box.state / "eap-ca.crt").read_bytes(), (box.state / "eap-ca.key").read_bytes()
    )
    pair = eap_authority.issue_client(authority, "alice", "main", int(time.time()) - 40 * 86_400, 30)
    path = box.folder / "old.pem"
    path.write_bytes(pair.key + pair.certificate)
    assert not login(box, Issued(path, "")).succeeded
    assert newest_attempt(box)[:2] == (0, "certificate_expired")


def test_a_peers_certificate_logs_nobody_in(box: Box) -> None:
    """RadSec and people do not mix."""
    path = box.folder / "peer.pem"
    box.must("certificate", "issue", "--radsec", "alice", "--out", str(path))
    assert not login(box, Issued(path, "")).succeeded
    assert newest_attempt(box)[:2] == (0, "certificate_unknown")


def test_a_device_that_does_not_trust_us_is_told_apart(box: Box, alice: Issued) -> None:
    """Its owner is to install the profile again, and the help desk sees that."""
    now = int(time.time())
    (box.folder / "other.crt").write_bytes(eap_authority.make_authority("another", now).certificate)
    block = lines(alice) + f'\nca_cert="{box.folder / "other.crt"}"'
    assert not eapol_test(box, block).succeeded
    assert newest_attempt(box)[:2] == (0, "server_not_trusted")


def test_a_renewed_certificate_is_shown_without_a_restart(box: Box, alice: Issued) -> None:
    """Devices that trust the authority come in as before."""
    shown = box.folder / "shown.pem"

    def server_serial() -> str:
        shown.unlink(missing_ok=True)
        assert login(box, alice, "alice", "1.2", f"-o{shown}").succeeded
        # It writes what it was shown from the authority down
        return str(x509.load_pem_x509_certificates(shown.read_bytes())[-1].serial_number)

    before = server_serial()
    box.must("certificate", "renew")
    assert server_serial() != before


def test_the_wpa_supplicant_block_of_the_page_logs_in(box: Box, tmp_path: Path) -> None:
    """What /wifi shows for Linux works as it stands, once name and password are filled in."""
    from zhuomai_appliance.commands import eap_files
    from zhuomai_appliance.config import load
    from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
    from zhuomai_appliance.web.captive.profiles import supplicant

    trust = eap_files.trust(load(box.config))
    for method in (WifiMethod.PEAP, WifiMethod.TTLS_PAP, WifiMethod.TTLS_MSCHAPV2):
        block = supplicant(WifiNetwork("Campus", method), trust)
        block = block.replace("USERNAME", "alice").replace("PASSWORD", "wonderland")
        inside = block.removeprefix("network={\n").removesuffix("}\n")
        inside = "\n".join(
            line for line in inside.splitlines() if "ssid=" not in line and "key_mgmt" not in line
        )
        inside = inside.replace("ca.pem", str(box.state / "eap-ca.crt"))
        outcome = eapol_test(box, inside)
        assert outcome.succeeded, outcome.text[-3000:]
