"""RADIUS over TLS: who may connect, what may be said, and how long anybody may take; client and server face to face."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump
from twisted.trial.unittest import SynchronousTestCase

from tests.net.wires import Finder, a_clock, a_wire
from tests.radius import tls_peer
from tests.vendors.examples import a_nas
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, Nas
from zhuomai_appliance.net import radsec
from zhuomai_appliance.net.coa_client import CoaClient
from zhuomai_appliance.net.radius_acct import AcctPort
from zhuomai_appliance.net.radius_auth import AuthPort
from zhuomai_appliance.net.radsec import Door, RadsecConnection, RadsecFactory
from zhuomai_appliance.net.radsec_tls import ServerSide, client_side
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.framing import PacketStream
from zhuomai_appliance.radius.packet import Code, Secret, decode, encode_reply, encode_request, verify_reply
from zhuomai_appliance.radius.passwords import hide_pap

RADSEC = Secret(b"radsec")
HOST = "192.0.2.1"
NAME = "radius.school.example"


class Flow:
    """Both flows: what came in, and a Deferred for what goes out."""

    def __init__(self) -> None:
        self.asked: list[tuple[Nas, str, bytes | None]] = []
        self.answers: list[Deferred[Any]] = []
        self.signing = 0

    def answer(self, packet: Any, nas: Nas, peer: str, password: bytes | None, now: int) -> Deferred[Any]:
        self.asked.append((nas, peer, password))
        self.answers.append(Deferred())
        return self.answers[-1]

    def record(self, packet: Any, nas: Nas, peer: str, now: int) -> Deferred[Any]:
        return self.answer(packet, nas, peer, None, now)

    def proved_signing(self, nas: Nas, host: str, now: int) -> None:
        self.signing += 1

    def is_under_way(self, nas: Nas, state: bytes) -> bool:
        return False


class Client(Protocol):
    """The device's end."""

    def __init__(self) -> None:
        self.stream, self.packets, self.lost = PacketStream(), list[bytes](), list[Any]()

    def dataReceived(self, data: bytes) -> None:
        self.packets += self.stream.feed(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.append(reason)

    def send(self, datagram: bytes) -> None:
        assert self.transport is not None
        self.transport.write(datagram)


def bundle(name: str = "ac1", issuer: str = "Authority of tests") -> bytes:
    pair = tls_peer.client(name, issuer)
    return pair.certificate + pair.key + tls_peer.authority().certificate


class RadsecTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.finder = Finder(a_nas())
        self.flow = Flow()
        self.auth, self.acct = (
            AuthPort(self.finder, self.flow, clocks),
            AcctPort(self.finder, self.flow, clocks),
        )
        self.coa = CoaClient(clocks)
        self.checked: list[bytes] = []
        self.refusal = ""
        self.factory = RadsecFactory(self.finder, self.check, self.auth, self.acct, self.control, clocks)
        self.tls = Door(self.factory, ServerSide(tls_peer.context().stream_context), self.clock)

    def check(self, nas: Nas, certificate: bytes) -> str:
        self.checked.append(certificate)
        return self.refusal

    def control(self, datagram: bytes, connection: RadsecConnection) -> None:
        self.coa.datagramReceived(datagram, (connection.host, 3799))

    def connect(self, options: Any = None, host: str = HOST) -> tuple[Client, IOPump] | None:
        """A device's connection, after the handshake."""
        server = self.tls.buildProtocol(IPv4Address("TCP", host, 40000))
        if server is None:
            return None
        device = Client()
        factory = Factory.forProtocol(lambda: device)
        client = TLSMemoryBIOFactory(options or client_side(bundle(), NAME), True, factory, self.clock)
        protocol = client.buildProtocol(IPv4Address("TCP", "192.0.2.9", 2083))
        pump = IOPump(
            protocol, server, FakeTransport(protocol, False), FakeTransport(server, True), False, self.clock
        )
        server.makeConnection(pump.serverIO)
        protocol.makeConnection(pump.clientIO)
        pump.flush()
        return device, pump

    def connected(self, **more: Any) -> tuple[Client, IOPump]:
        made = self.connect(**more)
        assert made is not None
        return made

    def request(self, number: int = 1, *attributes: Any, sign: bool = False) -> bytes:
        nonce = bytes((number,)) * 16
        hidden = (attr.USER_PASSWORD, hide_pap(b"wonderland", RADSEC, nonce))
        return encode_request(1, number, [hidden, *attributes], RADSEC, authenticator=nonce, sign=sign)

    # Work -------------------------------------------------------------------------------------------------------------

    def test_one_connection_carries_everything(self) -> None:
        """A login, a report and a probe, all under «radsec»; the answers come back by the same connection."""
        device, pump = self.connected()
        login, probe = self.request(), encode_request(12, 3, (), RADSEC, authenticator=bytes(16))
        report = encode_request(4, 2, [(40, b"\0\0\0\1")], RADSEC, sign=False)
        device.send(login + report[:7])
        pump.flush()
        device.send(report[7:] + probe)
        pump.flush()
        self.assertEqual([(nas.id, peer, password) for nas, peer, password in self.flow.asked],
                         [(1, HOST, b"wonderland"), (1, HOST, None)])  # fmt: skip
        self.flow.answers[0].callback(AccessAnswer(Code.ACCESS_ACCEPT, ()))
        self.flow.answers[1].callback(True)
        pump.flush()
        codes = [verify_reply(octets, asked, RADSEC).code
                 for octets, asked in zip(device.packets, (probe, login, report), strict=True)]  # fmt: skip
        self.assertEqual(codes, [2, 2, 5])

    def test_tls_signs_for_every_packet(self) -> None:
        """No Message-Authenticator is asked for, whatever the policy, and nothing is learnt from one; a wrong one and EAP without are refused."""
        self.finder.devices = (a_nas(message_authenticator=MessageAuthenticatorPolicy.REQUIRE),)
        device, pump = self.connected()
        device.send(self.request(1, (attr.PROXY_STATE, b"x")) + self.request(2, sign=True))
        device.send(self.request(3, (attr.EAP_MESSAGE, b"\2\1\0\5\1")))
        wrong = bytearray(self.request(4, sign=True))
        wrong[30] ^= 1
        device.send(bytes(wrong))
        pump.flush()
        self.assertEqual((len(self.flow.asked), self.flow.signing), (2, 0))
        self.assertEqual(
            (self.auth.counters["unsigned"], self.auth.counters["bad_message_authenticator"]), (1, 1)
        )

    def test_coa_goes_by_the_devices_own_connection(self) -> None:
        """A device behind a firewall that came to us is asked where it came in, under «radsec», once."""
        self.coa.stream_of = self.factory.connection_of
        wire = a_wire(self.coa)
        device, pump = self.connected()
        asked = self.coa.disconnect(a_nas(), HOST, [(44, b"S1")])
        self.clock.advance(3)
        pump.flush()
        (octets,) = device.packets
        request = decode(octets)
        device.send(encode_reply(Code.DISCONNECT_ACK, request, (), RADSEC, sign=True))
        pump.flush()
        self.assertEqual(self.successResultOf(asked).outcome.value, "ack")
        self.assertFalse(wire.written)
        self.coa.disconnect(a_nas(quirks={"coa_stream": False}), HOST, [(44, b"S1")])
        self.assertEqual(wire.written[0][1], (HOST, 3799))

    def test_a_burst_takes_turns(self) -> None:
        """Hundreds of packets at once are worked on in portions; none is lost."""
        device, pump = self.connected()
        device.send(b"".join(self.request(number) for number in range(200)))
        pump.flush()
        for _ in range(5):
            self.clock.advance(0)
            pump.flush()
        self.assertEqual(len(self.flow.asked), 200)

    # Who --------------------------------------------------------------------------------------------------------------

    def test_strangers_get_no_handshake(self) -> None:
        """An address that is no device is hung up on before it costs anything."""
        self.assertIsNone(self.connect(host="198.51.100.9"))
        self.assertEqual(self.factory.counters["unknown_nas"], 1)

    def test_only_with_the_certificate_of_the_device(self) -> None:
        """One of another name is refused; and so is one that is revoked while the connection stands."""
        self.refusal = "of somebody else"
        device, _ = self.connected()
        self.assertTrue(device.lost)
        self.assertEqual(self.factory.counters["refused"], 1)
        self.refusal = ""
        device, pump = self.connected()
        self.refusal = "revoked"
        device.send(self.request(1))
        pump.flush()
        self.assertEqual(len(self.flow.asked), 1)
        self.clock.advance(radsec.CHECK_SECONDS + radsec.SWEEP_SECONDS)
        device.send(self.request(2))
        pump.flush()
        self.assertTrue(device.lost)
        self.assertEqual(len(self.flow.asked), 1)

    def test_a_device_that_is_taken_off_the_list_is_out(self) -> None:
        """At its next packet."""
        device, pump = self.connected()
        self.finder.devices = (a_nas(address=ip_network("192.0.2.77")),)
        device.send(self.request())
        pump.flush()
        self.assertFalse(self.flow.asked)
        self.assertTrue(device.lost)

    def test_no_certificate_no_connection(self) -> None:
        """TLS itself refuses whoever shows none, or one of another authority; it is told once a minute."""
        for options in (plain_options(), client_side(bundle(issuer="Another authority"), NAME)):
            device, _ = self.connected(options=options)
            self.assertTrue(device.lost)
        self.assertEqual(self.factory.counters["handshake_failed"], 2)
        self.assertFalse(self.checked)
        self.assertFalse(self.factory.inside)

    def test_old_tls_is_none(self) -> None:
        """TLS 1.2 and later (RFC 9325); what is no TLS at all is a failed handshake."""
        server = self.tls.buildProtocol(IPv4Address("TCP", HOST, 40000))
        assert server is not None
        transport = FakeTransport(server, True)
        server.makeConnection(transport)
        server.dataReceived(self.request())
        self.assertTrue(transport.disconnecting or transport.disconnected)

    # How long ---------------------------------------------------------------------------------------------------------

    def test_places_are_limited(self) -> None:
        """So many connections of one address; a place that is left is free again."""
        made = [self.connected() for _ in range(radsec.CONNECTIONS_OF_ADDRESS)]
        self.assertIsNone(self.connect())
        device, pump = made[0]
        assert device.transport is not None
        device.transport.loseConnection()
        pump.flush()
        self.assertIsNotNone(self.connect())

    def test_who_connects_again_and_again_is_slowed(self) -> None:
        """Each handshake costs as much as ten logins; a second later there is room for one more."""
        for _ in range(radsec.CONNECTS_AT_ONCE):
            device, pump = self.connected()
            assert device.transport is not None
            device.transport.loseConnection()
            pump.flush()
        self.assertIsNone(self.connect())
        self.assertEqual(self.factory.counters["too_fast"], 1)
        self.clock.advance(1.0)
        self.assertIsNotNone(self.connect())

    def test_patience_ends(self) -> None:
        """With a handshake that does not begin, with half a packet, with a peer that is silent for long."""
        server = self.tls.buildProtocol(IPv4Address("TCP", HOST, 1))
        assert server is not None
        server.makeConnection(FakeTransport(server, True))
        half, pump = self.connected()
        quiet, other = self.connected()
        half.send(self.request()[:30])
        pump.flush()
        self.wait(radsec.PACKET_SECONDS + 2 * radsec.SWEEP_SECONDS)
        pump.flush()
        self.assertTrue(half.lost)
        self.assertEqual(self.factory.counters["handshake_slow"], 1)
        server.connectionLost(Failure(ConnectionDone()))
        self.assertFalse(quiet.lost)
        self.wait(radsec.IDLE_SECONDS + radsec.SWEEP_SECONDS)
        other.flush()
        self.assertTrue(quiet.lost)
        self.assertEqual((self.factory.counters["packet_slow"], self.factory.counters["idle"]), (1, 1))
        self.assertFalse(self.factory.inside)

    def test_who_takes_no_answers_is_asked_nothing_and_left(self) -> None:
        """Answers are not piled up for a peer that does not read; one that reads again goes on."""
        device, pump = self.connected()
        slow, other = self.connected()
        first, second = self.factory.inside
        for connection in (first, second):
            connection.pauseProducing()
        second.resumeProducing()
        self.wait(radsec.STUCK_SECONDS + 2 * radsec.SWEEP_SECONDS)
        pump.flush()
        other.flush()
        self.assertEqual((bool(device.lost), bool(slow.lost)), (True, False))
        self.assertEqual(self.factory.counters["stuck"], 1)

    def test_what_cannot_be_framed_ends_the_stream(self) -> None:
        """A Length no packet has, and a code nobody serves: behind it nothing can be found again."""
        for octets in (b"\1\1\0\4" + bytes(16), b"\2\1\0\x14" + bytes(16), b"\x63\1\xff\xff"):
            device, pump = self.connected()
            device.send(octets)
            pump.flush()
            self.assertTrue(device.lost, octets)
        self.assertEqual(self.factory.counters["malformed"], 3)

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)


def plain_options() -> Any:
    """A client without a certificate."""
    roots = trustRootFromCertificates([Certificate.loadPEM(tls_peer.authority().certificate)])
    return optionsForClientTLS(NAME, trustRoot=roots)
