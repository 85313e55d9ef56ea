"""802.1X of a guest, as his own device runs it: eapol_test through the box to a server elsewhere, which alone sees inside."""

from __future__ import annotations

import subprocess
from hashlib import md5
from pathlib import Path

import pytest

from tests.fakes.upstream import FakeUpstream, listening
from tests.journeys.box import Box
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.hidden import HiddenValue, hidden_attributes
from zhuomai_appliance.radius.packet import Code, Packet, Secret, encode_reply

pytestmark = pytest.mark.slow

SECRET = Secret(b"between-us")
SITE = """
[[nas]]
name = "ap"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
[[upstream]]
name = "silent"
address = "127.0.0.1"
auth_port = 9
secret = "between-us"
timeout = 1
tries = 1
[[upstream]]
name = "home"
address = "127.0.0.1"
auth_port = {port}
secret = "between-us"
[[realm]]
name = "home.example"
upstreams = ["silent", "home"]
"""
DEVICE = """
network={
    key_mgmt=WPA-EAP
    eap=MD5
    identity="zhang@home.example"
    password="wonderland"
}
"""
CHALLENGE = bytes(range(16))
SEND, RECEIVE = bytes(range(32)), bytes(range(32, 64))


def home(packet: Packet, secret: Secret) -> bytes | None:
    """A server that knows EAP-MD5 (RFC 3748 §5.4) and, unlike a real one, gives keys for it."""
    if packet.code != Code.ACCESS_REQUEST:
        return encode_reply(Code.ACCESS_ACCEPT, packet, (), secret, sign=True)
    eap = packet.first(attr.EAP_MESSAGE) or b""
    if eap[4] == 1:
        asked = bytes((1, eap[1] + 1, 0, 22, 4, 16)) + CHALLENGE
        reply = [(attr.EAP_MESSAGE, asked), (attr.STATE, b"state-of-home")]
        return encode_reply(Code.ACCESS_CHALLENGE, packet, reply, secret, sign=True)
    proved = eap[6:22] == md5(eap[1:2] + b"wonderland" + CHALLENGE).digest()
    if not proved or packet.first(attr.STATE) != b"state-of-home":
        failure = [(attr.EAP_MESSAGE, bytes((4, eap[1], 0, 4)))]
        return encode_reply(Code.ACCESS_REJECT, packet, failure, secret, sign=True)
    keys = [HiddenValue(311, 16, SEND), HiddenValue(311, 17, RECEIVE)]
    reply = [
        (attr.EAP_MESSAGE, bytes((3, eap[1], 0, 4))),
        (attr.FILTER_ID, b"root"),
        *hidden_attributes(keys, secret, packet.authenticator),
    ]
    return encode_reply(Code.ACCESS_ACCEPT, packet, reply, secret, sign=True)


def test_eap_passes_untouched_and_its_keys_arrive(tmp_path: Path) -> None:
    """Identity, challenge and proof reach home as they were; its keys reach the access point under its own secret."""
    server = FakeUpstream(SECRET, home)
    with listening(server.take) as where, Box(tmp_path) as box:
        box.init()
        box.start()
        box.apply(SITE.format(port=where.rpartition(":")[2]))
        host, port = box.address("auth")
        config = box.write("device.conf", DEVICE)
        done = subprocess.run(
            [
                "eapol_test",
                "-n",
                "-c",
                str(config),
                "-a",
                host,
                "-p",
                str(port),
                "-s",
                "testing123",
                "-t",
                "8",
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + box.output[-2000:]
        assert done.stdout.rstrip().endswith("SUCCESS")
        shown = done.stdout.replace(" ", "")
        for name, key in (("Send-Key(sign)", SEND), ("Recv-Key(crypt)", RECEIVE)):
            assert f"MS-MPPE-{name}-hexdump(len=32):{key.hex()}" in shown
        assert "Filter-Id" not in done.stdout
        logins = [packet for packet in server.asked if packet.code == Code.ACCESS_REQUEST]
        assert [packet.first(attr.USER_NAME) for packet in logins] == [b"zhang@home.example"] * 2
        identity = logins[0].first(attr.EAP_MESSAGE) or b""
        assert identity[5:] == b"zhang@home.example"
