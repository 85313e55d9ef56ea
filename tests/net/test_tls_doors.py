"""The doors that TLS stands behind, on real sockets, with another implementation's idea of a client: Python's own."""

from __future__ import annotations

import socket
import ssl
import tempfile
import warnings
from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from unittest.mock import Mock

from twisted.internet import reactor
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource

from tests.flows.school import School
from tests.flows.test_radsec_peers import register
from tests.net.wires import Finder
from tests.radius import tls_peer
from zhuomai_appliance.flows.radsec_peers import PeerCheck
from zhuomai_appliance.model.certificates import CertificateKind
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.http import AdmittingSite, TlsDoor
from zhuomai_appliance.net.radius_acct import AcctPort
from zhuomai_appliance.net.radius_auth import AuthPort
from zhuomai_appliance.net.radsec import Door, RadsecFactory
from zhuomai_appliance.net.radsec_tls import ServerSide
from zhuomai_appliance.radius.eap_authority import KeyPair
from zhuomai_appliance.radius.packet import Code, Secret, decode, encode_request

PATIENCE_SECONDS: Final = 5.0
PROBE: Final = encode_request(
    Code.STATUS_SERVER, 7, (), Secret(b"radsec"), authenticator=bytes(16), sign=True
)
NAME: Final = "radius.school.example"


def client(pair: KeyPair | None = None, trust: str = "Authority of tests") -> ssl.SSLContext:
    """A client that looks at the server's certificate, and shows its own if it has one."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cadata=tls_peer.authority(trust).certificate.decode())
    if pair is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "client.pem"
            path.write_bytes(pair.certificate + pair.key)
            made.load_cert_chain(path)
    return made


def old_client(pair: KeyPair) -> ssl.SSLContext:
    """One of before 2008, at a level of security that lets it try."""
    made = client(pair)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return made


def ask(port: int, context: ssl.SSLContext, words: bytes, name: str = NAME) -> bytes | str:
    """The first octets of an answer, or what the connection came to instead. Blocks."""
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    with closing(plain):
        try:
            with context.wrap_socket(plain, server_hostname=name) as stream:
                stream.sendall(words)
                return stream.recv(4096) or "closed"
        except ssl.SSLCertVerificationError:
            return "not trusted"
        except (ssl.SSLError, ConnectionError):
            return "refused"


class RadsecDoorTests(TestCase):
    def setUp(self) -> None:
        school = School()
        nas = school.add_nas(name="local", address=ip_network("127.0.0.1/32"), identifier="local")
        register(school, "local", CertificateKind.RADSEC)
        register(school, "other", CertificateKind.RADSEC)
        own = tls_peer.authority().certificate
        check = PeerCheck(school.store, lambda: own, tls_peer.real_now).refusal
        finder, clocks = Finder(nas), Clocks.of(reactor)
        auth, acct = AuthPort(finder, Mock(), clocks), AcctPort(finder, Mock(), clocks)
        self.factory = RadsecFactory(finder, check, auth, acct, Mock(), clocks)
        self.addCleanup(self.factory.close)
        door = Door(self.factory, ServerSide(tls_peer.context().stream_context), reactor)
        listening: Any = reactor
        port = listening.listenTCP(0, door, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.port: int = port.getHost().port

    async def said(self, context: ssl.SSLContext, name: str = NAME) -> bytes | str:
        return await deferToThread(ask, self.port, context, PROBE, name)

    async def test_the_devices_own_certificate_opens(self) -> None:
        """TLS 1.2 and 1.3; the probe is answered."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client(tls_peer.client("local"))
            context.minimum_version = context.maximum_version = version
            answer = await self.said(context)
            assert isinstance(answer, bytes), answer
            self.assertEqual(decode(answer, frozenset((Code.ACCESS_ACCEPT,))).identifier, 7)
        self.assertEqual(self.factory.counters["packets"], 2)

    async def test_no_other_opens(self) -> None:
        """None at all, one of an authority nobody named, one of another device, and TLS of before 1.2: told once a minute."""
        cases: list[tuple[str, Callable[[], ssl.SSLContext]]] = [
            ("handshake_failed", client),
            ("handshake_failed", lambda: client(tls_peer.client("local", "Another authority"))),
            ("refused", lambda: client(tls_peer.client("other"))),
            ("handshake_failed", lambda: old_client(tls_peer.client("local"))),
        ]
        with capturedLogs() as lines:
            for number, (why, make) in enumerate(cases):
                before = self.factory.counters[why]
                self.assertIn(await self.said(make()), ("refused", "closed"), number)
                self.assertEqual(self.factory.counters[why], before + 1, number)
        told = [line["words"] for line in lines if "words" in line]
        self.assertEqual(len(told), 2, told)
        self.assertIn("other", told[1])
        self.assertFalse([line for line in lines if "log_failure" in line])
        self.assertEqual(self.factory.counters["packets"], 0)
        self.assertFalse(self.factory.inside)

    async def test_a_client_that_does_not_know_us_stays_away(self) -> None:
        """Our certificate names us; whoever wants another name, or trusts another authority, hangs up."""
        pair = tls_peer.client("local")
        self.assertEqual(await self.said(client(pair), "other.school.example"), "not trusted")
        self.assertEqual(await self.said(client(pair, "Another authority")), "not trusted")
        self.assertEqual(self.factory.counters["packets"], 0)


class _Page(Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"fine"


class PageDoorTests(TestCase):
    async def test_a_full_site_closes_the_door_and_opens_it_again(self) -> None:
        """The second connection of an address gets no handshake; nothing fails inside, and the place comes back."""
        site = AdmittingSite(_Page(), reactor, of_address=1)
        pair = tls_peer.server()
        context = PrivateCertificate.loadPEM(pair.certificate + pair.key).options()
        listening: Any = reactor
        port = listening.listenTCP(0, TlsDoor(site, context, reactor), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        number = port.getHost().port
        words = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

        def hold_one_and_try_another() -> tuple[bytes, bytes | str]:
            plain = socket.create_connection(("127.0.0.1", number), PATIENCE_SECONDS)
            with closing(plain), client().wrap_socket(plain, server_hostname=NAME) as stream:
                stream.sendall(words)
                return stream.recv(15), ask(number, client(), words)

        with capturedLogs() as lines:
            held, tried = await deferToThread(hold_one_and_try_another)
            self.assertEqual(held, b"HTTP/1.1 200 OK")
            self.assertEqual(tried, "refused")
            while site.connections:
                await deferToThread(lambda: None)
            again = await deferToThread(ask, number, client(), words)
        assert isinstance(again, bytes), again
        self.assertEqual(again[:15], b"HTTP/1.1 200 OK")
        self.assertEqual(site.counters["too_many_of_address"], 1)
        self.assertFalse([line for line in lines if "log_failure" in line])
