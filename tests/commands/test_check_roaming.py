"""Certificates for servers elsewhere: missing, unfit, ending, readable by others, or well."""

from __future__ import annotations

from tests.commands.box import Box
from tests.commands.test_apply import SCHOOL, apply
from tests.radius import tls_peer
from zhuomai_appliance.commands import check_roaming
from zhuomai_appliance.commands.findings import Finding
from zhuomai_appliance.config import load

SITE = (
    SCHOOL
    + """
[[upstream]]
name = "by datagram"
address = "192.0.2.7"
secret = "s"
[[upstream]]
name = "near"
address = "192.0.2.7"
transport = "tls"
"""
)


def look(box: Box, now: int) -> Finding:
    """The only line there is: of the server over TLS."""
    (finding,) = check_roaming.findings(load(box.config), now)
    assert finding.what == "upstream near"
    return finding


def test_the_certificate_for_a_server_is_looked_at(box: Box) -> None:
    """As soon as the server is declared, and before it is needed."""
    apply(box, SITE)
    now = tls_peer.real_now()
    assert look(box, now).word == "fail"
    path = box.files.upstream_certificate("near")
    path.parent.mkdir()
    path.write_bytes(b"noise")
    assert look(box, now).word == "fail"
    pair = tls_peer.client("us")
    path.write_bytes(pair.certificate + pair.key + tls_peer.authority().certificate)
    path.chmod(0o644)
    assert "chmod 600" in look(box, now - 3 * 86_400).sentence
    path.chmod(0o600)
    assert look(box, now - 3 * 86_400).word == "ok"
    assert look(box, now + 5 * 86_400).word == "warn"
    assert look(box, now + 40 * 86_400).word == "fail"
