"""Asking servers elsewhere by datagrams: who is believed, how long one waits, how many may be asked at once."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.fakes.upstream import (
    FakeUpstream,
    Reply,
    Sockets,
    noise,
    replies,
    silent,
    wrong_authenticator,
    wrong_identifier,
    wrong_kind,
)
from tests.net.wires import a_clock
from zhuomai_appliance.flows.proxying import NotAsked, ServerReply
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.roaming import Transport, Upstream, UpstreamId
from zhuomai_appliance.net.proxy_client import LANES, ProxyClient, UdpLane
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.hidden import HiddenValue, hidden_attributes
from zhuomai_appliance.radius.packet import Code, Packet, Secret, encode_reply
from zhuomai_appliance.radius.values import integer_value

SECRET = Secret(b"their-secret")
NAME = ((attr.USER_NAME, b"zhang@edu.cn"),)
AUTH, ACCT = ("198.51.100.7", 1812), ("198.51.100.7", 1813)


def upstream(**changes: Any) -> Upstream:
    values: dict[str, Any] = {"address": AUTH[0], "secret": b"their-secret"} | changes
    return Upstream(UpstreamId(1), ProjectId(1), "near", **values)


class ProxyClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.net = Sockets()
        self.server = FakeUpstream(SECRET)
        self.net.servers = {AUTH: self.server, ACCT: self.server}
        self.nonces = 0
        self.client = ProxyClient(
            {Transport.UDP: lambda one, secret: UdpLane(self.net, clocks, one, secret)}, self.nonce, clocks
        )

    def nonce(self) -> bytes:
        self.nonces += 1
        return self.nonces.to_bytes(16, "big")

    def ask(self, behaviour: Reply, password: bytes | None = b"secret", **changes: Any) -> Any:
        """One login, and all the time it may take: the answer or None."""
        self.server.behaviour = behaviour
        asked = self.client.ask(upstream(**changes), NAME, password)
        self.wait()
        return self.successResultOf(asked)

    def wait(self) -> None:
        for _ in range(40):
            self.net.deliver()
            self.clock.advance(0.25)

    def test_a_login_is_hidden_signed_and_answered(self) -> None:
        """The password goes under this server's secret and this request's authenticator."""
        reply: ServerReply = self.ask(replies(Code.ACCESS_ACCEPT, (27, integer_value(60))))
        self.assertEqual((reply.packet.code, reply.packet.first(27)), (Code.ACCESS_ACCEPT, integer_value(60)))
        self.assertEqual(self.server.passwords(), [b"secret"])
        self.assertEqual(len(self.server.asked), 1)

    def test_keys_of_the_answer_come_in_clear(self) -> None:
        """They were hidden under this hop's secret; whoever hides them for the next one needs them so."""
        keys = [HiddenValue(311, number, bytes((number,)) * 32) for number in (16, 17)]

        def accept(packet: Packet, secret: Secret) -> bytes:
            hidden = hidden_attributes(keys, secret, packet.authenticator)
            return encode_reply(Code.ACCESS_ACCEPT, packet, hidden, secret, sign=True)

        self.assertEqual(self.ask(accept).hidden, tuple(keys))

    def test_only_a_verified_answer_is_one(self) -> None:
        """Another secret, another question, another kind of answer, noise: the request waits on, and is repeated."""
        for behaviour in (silent, wrong_authenticator, wrong_identifier, wrong_kind, noise):
            before = len(self.server.asked)
            self.assertIsNone(self.ask(behaviour))
            first, second = self.server.asked[before:]
            self.assertEqual(first.datagram, second.datagram)
        self.assertEqual(self.client.counters["silent"], 5)
        self.assertEqual(self.client.counters["refused"], 3)

    def test_answers_to_logins_must_be_signed(self) -> None:
        """CVE-2024-3596; a server that is too old for it is excused by its entry, but never for EAP."""
        unsigned = replies(Code.ACCESS_ACCEPT, sign=False)
        self.assertIsNone(self.ask(unsigned))
        self.assertEqual(self.client.counters["unsigned"], 1)
        self.assertIsNotNone(self.ask(unsigned, message_authenticator=False))
        self.server.behaviour = unsigned
        eap = self.client.ask(
            upstream(message_authenticator=False), [(attr.EAP_MESSAGE, b"\2\1\0\5\1")], None
        )
        self.wait()
        self.assertIsNone(self.successResultOf(eap))

    def test_closing_ends_every_question(self) -> None:
        """Also where whoever hears of the first silence turns to a server that was never asked before."""
        self.server.behaviour = silent
        first, far, other = (
            upstream(),
            *(Upstream(UpstreamId(number), ProjectId(1), str(number), AUTH[0], b"x") for number in (2, 3)),
        )
        turned: list[Any] = []
        asked = self.client.ask(first, NAME, None)
        asked.addCallback(lambda _: turned.append(self.client.ask(far, NAME, None)))
        waiting = self.client.ask(other, NAME, None)
        self.client.close()
        self.assertIsNone(self.successResultOf(waiting))
        self.failureResultOf(turned[0], NotAsked)

    def test_patience_is_the_entrys(self) -> None:
        """So many tries of so many seconds."""
        asked = self.client.ask(upstream(tries=3, timeout_seconds=4), NAME, None)
        for second in range(13):
            self.assertEqual(len(self.server.asked), min(3, -(-second // 4)))
            if second < 12:
                self.assertNoResult(asked)
            self.net.deliver()
            self.clock.advance(1)
        self.assertIsNone(self.successResultOf(asked))

    def test_more_than_256_may_be_on_their_way(self) -> None:
        """Each socket has its own identifiers; a bound stands at the end."""
        waiting = [self.client.ask(upstream(), NAME, None) for _ in range(LANES * 256 + 1)]
        self.assertEqual(len(self.net.opened), LANES)
        self.assertFalse(self.failureResultOf(waiting[-1], NotAsked).value.is_hopeless)
        self.assertEqual(self.client.counters["busy"], 1)
        self.server.behaviour = replies(Code.ACCESS_REJECT)
        self.net.deliver()
        answers = [self.successResultOf(one) for one in waiting[:-1]]
        self.assertTrue(all(answer and answer.packet.code == Code.ACCESS_REJECT for answer in answers))

    def test_reports_and_probes(self) -> None:
        """Each by its port; a report's authenticator is a digest, a probe is signed (RFC 5997)."""
        self.server.behaviour = replies(Code.ACCOUNTING_RESPONSE, sign=False)
        taken = self.client.report(upstream(), [*NAME, (40, integer_value(1))])
        lives = self.client.probe(upstream())
        self.net.deliver()
        self.assertTrue(self.successResultOf(taken))
        self.assertTrue(self.successResultOf(lives))
        self.assertEqual(
            [one.code for one in self.server.asked], [Code.ACCOUNTING_REQUEST, Code.STATUS_SERVER]
        )
        self.server.behaviour = silent
        lost = self.client.report(upstream(), NAME)
        self.wait()
        self.assertFalse(self.successResultOf(lost))

    def test_a_changed_entry_gets_new_sockets(self) -> None:
        """Whoever waits under the old one still hears its answer; then its socket goes, and the new one stays."""
        self.server.behaviour = replies(Code.ACCESS_REJECT)
        asked = self.client.ask(upstream(), NAME, None)
        changed = upstream(timeout_seconds=3)
        self.client.probe(changed)
        for _ in range(2):
            self.client.keep([changed])
        self.assertNoResult(asked)
        self.net.deliver()
        self.assertIsNotNone(self.successResultOf(asked))
        self.assertEqual((len(self.net.opened), self.net.closed), (2, 0))
        self.wait()
        self.client.keep([changed])
        self.assertEqual((len(self.net.opened), self.net.closed), (2, 1))
        self.client.probe(changed)
        self.assertEqual(len(self.net.opened), 2)
        self.client.close()
        self.assertEqual(self.net.closed, 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_an_entry_that_comes_back_keeps_its_socket(self) -> None:
        """What an operator takes back within a moment changes nothing."""
        self.client.probe(upstream())
        for declared in ([], [upstream()]):
            self.client.keep(declared)
            self.wait()
        self.client.keep([])
        self.assertEqual(self.net.closed, 0)

    def test_what_does_not_fit_is_not_sent(self) -> None:
        """A request of nearly 4096 octets has no room for a Proxy-State; that says nothing of the server."""
        big = [(79, bytes(253)) for _ in range(16)]
        asked = self.client.ask(upstream(), big, None)
        self.assertTrue(self.failureResultOf(asked, NotAsked).value.is_hopeless)
        self.assertEqual(self.client.counters["oversized"], 1)

    def test_addresses_of_both_kinds(self) -> None:
        """A socket is opened for the kind of address that the server has."""
        self.client.probe(upstream())
        self.client.probe(upstream(address="2001:db8::7"))
        self.assertEqual([interface for _, _, interface in self.net.opened], ["0.0.0.0", "::"])


def test_secrets_are_not_in_a_repr() -> None:
    """Of a server's entry."""
    assert "their-secret" not in repr(upstream())
