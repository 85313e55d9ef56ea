"""Disconnect and CoA: what is sent, how often, and which of four results comes of it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.net.wires import SECRET, a_clock, a_wire
from tests.vendors.examples import NOW, a_nas
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.net.coa_client import CoaClient
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import (
    Code,
    Packet,
    Secret,
    Signature,
    accounting_authenticator_ok,
    decode,
    encode_reply,
    message_authenticator,
)
from zhuomai_appliance.radius.values import integer_value

HOST = "192.0.2.1"
PEER = (HOST, 3799)
SESSION = ((attr.ACCT_SESSION_ID, b"S1"),)


class CoaTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.client = CoaClient(clocks)
        self.wire = a_wire(self.client)

    def ask(self, nas: Nas | None = None) -> Deferred[ControlResult]:
        return self.client.disconnect(nas or a_nas(), HOST, SESSION)

    def sent(self, number: int = -1) -> Packet:
        datagram, addr = self.wire.written[number]
        self.assertEqual(addr, PEER)
        return decode(datagram)

    def reply(
        self,
        code: int,
        cause: int | None = None,
        *,
        secret: Secret = SECRET,
        peer: tuple[str, int] = PEER,
        sign: bool = True,
    ) -> None:
        attributes = () if cause is None else ((attr.ERROR_CAUSE, integer_value(cause)),)
        self.client.datagramReceived(encode_reply(code, self.sent(), attributes, secret, sign=sign), peer)

    def test_request_is_signed_and_dated(self) -> None:
        """A Disconnect-Request names the session and carries Message-Authenticator and Event-Timestamp."""
        self.ask()
        packet = self.sent()
        self.assertEqual(packet.code, Code.DISCONNECT_REQUEST)
        self.assertEqual(packet.first(attr.ACCT_SESSION_ID), b"S1")
        self.assertEqual(packet.first(attr.EVENT_TIMESTAMP), integer_value(NOW))
        self.assertTrue(accounting_authenticator_ok(packet, SECRET))
        self.assertIs(message_authenticator(packet, SECRET), Signature.GOOD)

    def test_old_gear_gets_what_it_knows(self) -> None:
        """Both may be left out for devices that refuse them."""
        self.ask(a_nas(quirks={"coa_event_timestamp": False, "coa_sign": False}))
        self.assertEqual(self.sent().attributes, SESSION)

    def test_acknowledged(self) -> None:
        """ACK ends the request; nothing is sent again, and a second answer means nothing."""
        for code, ask in ((41, self.ask), (44, lambda: self.client.change(a_nas(), HOST, SESSION))):
            done = ask()
            self.reply(code)
            self.assertEqual(self.successResultOf(done), ControlResult(ControlOutcome.ACK, None))
            self.reply(code)
        self.clock.advance(60)
        self.assertEqual(len(self.wire.written), 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refused_with_its_cause(self) -> None:
        """NAK carries the Error-Cause; unsigned replies are taken too, old gear sends such."""
        done = self.ask()
        self.reply(Code.DISCONNECT_NAK, 503, sign=False)
        self.assertEqual(self.successResultOf(done), ControlResult(ControlOutcome.NAK, 503))
        done = self.ask()
        self.reply(Code.DISCONNECT_NAK)
        self.assertEqual(self.successResultOf(done), ControlResult(ControlOutcome.NAK, None))

    def test_silence_is_told_after_three_tries(self) -> None:
        """The same octets go out at 0, 2 and 6 seconds; at 14 the answer is: none."""
        done = self.ask()
        times = []
        for second in range(1, 15):
            before = len(self.wire.written)
            self.clock.advance(1)
            if len(self.wire.written) > before:
                times.append(second)
            if second < 14:
                self.assertNoResult(done)
        self.assertEqual(times, [2, 6])
        self.assertEqual(len({datagram for datagram, _ in self.wire.written}), 1)
        self.assertEqual(self.successResultOf(done), ControlResult(ControlOutcome.SILENT, None))

    def test_answer_to_a_repetition(self) -> None:
        """A device that answers the second try is answered for."""
        done = self.ask()
        self.clock.advance(2)
        self.reply(Code.DISCONNECT_ACK)
        self.assertEqual(self.successResultOf(done).outcome, ControlOutcome.ACK)

    def test_forged_answers_end_nothing(self) -> None:
        """Answers with a wrong authenticator leave the request waiting; if no other comes, the result says so."""
        done = self.ask()
        self.reply(Code.DISCONNECT_ACK, secret=Secret(b"other"))
        self.reply(Code.DISCONNECT_ACK, peer=("192.0.2.2", 3799))
        self.reply(Code.DISCONNECT_ACK, peer=(HOST, 3800))
        self.reply(Code.COA_ACK)
        self.client.datagramReceived(b"", PEER)
        self.assertNoResult(done)
        self.clock.advance(2)
        self.clock.advance(4)
        self.clock.advance(8)
        self.assertEqual(self.successResultOf(done), ControlResult(ControlOutcome.UNVERIFIED, None))

    def test_right_answer_after_a_forged_one(self) -> None:
        """A forger cannot keep the real answer out."""
        done = self.ask()
        self.reply(Code.DISCONNECT_NAK, 503, secret=Secret(b"other"))
        self.reply(Code.DISCONNECT_ACK)
        self.assertEqual(self.successResultOf(done).outcome, ControlOutcome.ACK)

    def test_answers_find_their_requests(self) -> None:
        """Requests on their way at once are told apart by their identifiers."""
        first, second = self.ask(), self.ask()
        replies = [
            encode_reply(Code.DISCONNECT_NAK, self.sent(0), (), SECRET, sign=True),
            encode_reply(Code.DISCONNECT_ACK, self.sent(1), (), SECRET, sign=True),
        ]
        for datagram in reversed(replies):
            self.client.datagramReceived(datagram, PEER)
        self.assertEqual(self.successResultOf(first).outcome, ControlOutcome.NAK)
        self.assertEqual(self.successResultOf(second).outcome, ControlOutcome.ACK)

    def test_no_identifier_left(self) -> None:
        """The 257th request to one device is told to come later, at once."""
        waiting = [self.ask() for _ in range(256)]
        self.assertEqual(self.successResultOf(self.ask()), ControlResult(ControlOutcome.BUSY, None))
        self.reply(Code.DISCONNECT_ACK)
        self.successResultOf(waiting[-1])
        self.assertNoResult(self.ask())

    def test_stop_tells_everybody(self) -> None:
        """When the socket closes, whoever waits hears of it, and no timer stays."""
        waiting = [self.ask() for _ in range(3)]
        self.client.stopProtocol()
        for done in waiting:
            self.assertEqual(self.successResultOf(done).outcome, ControlOutcome.SILENT)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_before_the_socket_is_open(self) -> None:
        """Nothing can be sent yet: that is silence, not an error."""
        _, clocks = a_clock()
        done = CoaClient(clocks).disconnect(a_nas(), HOST, SESSION)
        self.assertEqual(self.successResultOf(done).outcome, ControlOutcome.SILENT)

    def test_a_device_behind_a_server_is_named_to_it(self) -> None:
        """The request goes to the server's address and says which device is meant."""
        self.client.disconnect(a_nas(quirks={"proxy": True}), "10.0.0.7", SESSION)
        self.assertEqual(self.sent().first(attr.NAS_IP_ADDRESS), bytes((10, 0, 0, 7)))
