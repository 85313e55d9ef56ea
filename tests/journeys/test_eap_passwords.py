"""802.1X by password with wpa_supplicant's own client against a real daemon: every method, and each way it fails."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.journeys.box import Box
from tests.journeys.dot1x import Outcome, eapol_test
from tests.journeys.test_stock_client import radclient

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
vendor = "huawei-campus"
quirks = { eap_md5 = true, ms_chap_v1 = true }
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
username = "zhang"
password = "密码 with blanks "
plan = "monthly"
[[account]]
username = "guessed"
password = "wonderland"
plan = "monthly"
[[account]]
username = "carol"
password = "no plan"
"""

VERSIONS = {"1.2": "tls_disable_tlsv1_3=1", "1.3": "tls_disable_tlsv1_3=0"}
TUNNELS = {
    "PEAP/MSCHAPV2": ("PEAP", "auth=MSCHAPV2"),
    "TTLS/PAP": ("TTLS", "auth=PAP"),
    "TTLS/CHAP": ("TTLS", "auth=CHAP"),
    "TTLS/MSCHAPV2": ("TTLS", "auth=MSCHAPV2"),
    "TTLS/EAP-MSCHAPV2": ("TTLS", "autheap=MSCHAPV2"),
    "TTLS/EAP-MD5": ("TTLS", "autheap=MD5"),
}
every_tunnel = pytest.mark.parametrize("tunnel", list(TUNNELS))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("eap")) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


def login(
    box: Box,
    tunnel: str,
    *words: str,
    user: str = "alice",
    password: str = "wonderland",
    outside: str = "",
    version: str = "1.3",
    more: str = "",
) -> Outcome:
    """Log in through a tunnel; `outside` is the name that the access point sees."""
    method, inside = TUNNELS[tunnel]
    lines = f"""eap={method}
identity="{user}"
password="{password}"
phase1="{VERSIONS[version]}"
phase2="{inside}"
{more}"""
    if outside:
        lines += f'\nanonymous_identity="{outside}"'
    return eapol_test(box, lines, *words)


def newest_attempt(box: Box) -> tuple[int, str, str, str]:
    """Accepted or not, reason, name and kind of proof; attempts are written within a second."""
    time.sleep(1.1)
    table = time.strftime("attempt_%Y%m", time.gmtime())
    (row,) = box.rows(
        f"SELECT accepted, reason, username_raw, proof_kind FROM {table} ORDER BY id DESC LIMIT 1"
    )
    return row[0], row[1], row[2], row[3]


def accept_of(outcome: Outcome) -> str:
    return outcome.text.rpartition("code=2 (Access-Accept)")[2]


@pytest.mark.parametrize("version", list(VERSIONS))
@every_tunnel
def test_the_right_password_opens_a_tunnel(box: Box, tunnel: str, version: str) -> None:
    """Equal keys of 32 octets on both ends; the plan's terms stand in the outer Accept with the inner name."""
    outcome = login(box, tunnel, version=version, outside="anonymous@campus")
    assert outcome.succeeded, outcome.text[-3000:]
    assert "MPPE keys OK: 1  mismatch: 0" in outcome.text
    assert re.search(r"PMK from EAPOL - hexdump\(len=32\)", outcome.text)
    accept = accept_of(outcome)
    for attribute in (
        "1 (User-Name)",
        "27 (Session-Timeout)",
        "25 (Class)",
        "26 (Vendor-Specific)",
        "80 (Message-Auth",
    ):
        assert f"Attribute {attribute}" in accept, attribute
    assert "Value: 'alice'" in accept


@every_tunnel
def test_a_wrong_password_is_refused_inside(box: Box, tunnel: str) -> None:
    """By EAP-Failure in a Reject without Reply-Message; the log names who it was inside, and how he tried."""
    outcome = login(box, tunnel, user="guessed", password="guess", outside="anonymous")
    assert not outcome.succeeded
    reject = outcome.text.rpartition("code=3 (Access-Reject)")[2]
    assert "Attribute 79 (EAP-Message)" in reject
    assert "Attribute 18 (Reply-Message)" not in reject
    accepted, reason, name, proof = newest_attempt(box)
    assert (accepted, name) == (0, "guessed")
    assert reason in ("bad_credentials", "wait_before_retry")
    assert tunnel.split("/", maxsplit=1)[0].lower() in proof


@pytest.mark.parametrize("tunnel", ["PEAP/MSCHAPV2", "TTLS/PAP"])
def test_the_rules_have_the_last_word(box: Box, tunnel: str) -> None:
    """Whoever has no plan proves his password and stays out."""
    assert not login(box, tunnel, user="carol", password="no plan").succeeded
    assert newest_attempt(box)[:3] == (0, "no_plan", "carol")


@pytest.mark.parametrize("tunnel", ["PEAP/MSCHAPV2", "TTLS/PAP", "TTLS/MSCHAPV2"])
def test_a_password_of_chinese_characters(box: Box, tunnel: str) -> None:
    """With its blanks, inside and at the end."""
    outcome = login(box, tunnel, user="zhang", password="密码 with blanks ")
    assert outcome.succeeded, outcome.text[-3000:]


def test_nobody_is_a_name_that_nobody_has(box: Box) -> None:
    """The log says so; outside it looks like a wrong password."""
    assert not login(box, "PEAP/MSCHAPV2", user="nobody").succeeded
    assert newest_attempt(box)[:3] == (0, "unknown_user", "nobody")


@pytest.mark.parametrize("version", list(VERSIONS))
@pytest.mark.parametrize("tunnel", ["PEAP/MSCHAPV2", "TTLS/PAP"])
def test_a_device_comes_back_faster(box: Box, tunnel: str, version: str) -> None:
    """Twice more without the password, judged anew each time, with fresh keys."""
    once = login(box, tunnel, version=version).requests
    thrice = login(box, tunnel, "-r2", version=version)
    assert thrice.succeeded, thrice.text[-3000:]
    assert "MPPE keys OK: 3  mismatch: 0" in thrice.text
    assert thrice.requests < 3 * once


def test_small_fragments_arrive(box: Box) -> None:
    """A device that cuts its messages, behind an access point with a small Framed-MTU."""
    outcome = login(box, "PEAP/MSCHAPV2", "-N12:d:600", more="fragment_size=200")
    assert outcome.succeeded, outcome.text[-3000:]


def test_a_device_that_trusts_another_authority_stays_out(box: Box) -> None:
    """It ends the handshake; nobody's password was shown, and the log has the device."""
    assert not login(box, "PEAP/MSCHAPV2", more='ca_cert="/etc/ssl/certs/ca-certificates.crt"').succeeded
    assert newest_attempt(box)[0] == 0


def test_a_windows_computer_names_its_domain(box: Box) -> None:
    """The account is looked up without it, and the proof is over the name without it."""
    outcome = login(box, "PEAP/MSCHAPV2", user="CAMPUS\\alice", outside="anonymous")
    assert outcome.succeeded, outcome.text[-3000:]
    assert newest_attempt(box)[:3] == (1, "", "CAMPUS\\alice")


def test_ms_chap_of_a_stock_client(box: Box) -> None:
    """radclient proves itself by version 1, and can read the keys that the Accept hides."""
    for password, code in (("wonderland", "Access-Accept"), ("guess", "Access-Reject")):
        said = radclient(box, "auth", f'User-Name="alice",MS-CHAP-Password="{password}"')
        assert f"Received {code}" in said, said
        if code == "Access-Accept":
            assert re.search(r"MS-CHAP-MPPE-Keys = 0x0{16}[0-9a-f]{32}", said), said
        else:
            assert 'MS-CHAP-Error = "\\' in said, said
            assert "E=691 R=0" in said, said


def test_without_a_tunnel(box: Box) -> None:
    """EAP-MSCHAPv2 by itself has keys; the device refuses the tunnel first, and is offered what it wants."""
    lines = 'eap=MSCHAPV2\nidentity="alice"\npassword="{}"'
    good = eapol_test(box, lines.format("wonderland"))
    assert good.succeeded, good.text[-3000:]
    assert "MPPE keys OK: 1  mismatch: 0" in good.text
    assert not eapol_test(box, lines.format("guess")).succeeded


def test_md5_by_wire_alone(box: Box) -> None:
    """It makes no keys: by radio it is not offered, whatever the device is set to; by wire where its quirk allows it."""
    lines = 'eap=MD5\nidentity="alice"\npassword="{}"'
    by_wire = eapol_test(box, lines.format("wonderland"), "-n", "-N61:d:15")
    assert by_wire.succeeded, by_wire.text[-3000:]
    assert not eapol_test(box, lines.format("guess"), "-n", "-N61:d:15").succeeded
    assert not eapol_test(box, lines.format("wonderland"), "-n", "-N61:d:19").succeeded
