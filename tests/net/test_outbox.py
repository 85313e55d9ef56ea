"""Answers of one batch leave together, in order, and none is lost."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.net.outbox import AT_ONCE, Outbox

ADDRESS = ("192.0.2.1", 1812)


class OutboxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.outbox, self.sent = Outbox(), list[bytes]()

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.assertEqual(addr, ADDRESS)
        if datagram == b"bad":
            raise OSError("no route")
        self.sent.append(datagram)

    def put(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.outbox.put(self.send, datagram, ADDRESS)

    def test_outside_a_batch_nothing_waits(self) -> None:
        """An answer by itself leaves at once."""
        self.put(b"1")
        self.assertEqual(self.sent, [b"1"])

    def test_answers_of_a_batch_leave_at_its_end(self) -> None:
        """In their order; those of a batch within it too."""

        def batch() -> None:
            self.put(b"1")
            self.outbox.run(self.put, b"2", b"3")
            self.assertEqual(self.sent, [])

        self.outbox.run(batch)
        self.assertEqual(self.sent, [b"1", b"2", b"3"])
        self.put(b"4")
        self.assertEqual(self.sent, [b"1", b"2", b"3", b"4"])

    def test_a_long_batch_does_not_keep_them(self) -> None:
        """Whenever sixteen wait they leave."""
        many = [bytes((number,)) for number in range(2 * AT_ONCE + 3)]

        def batch() -> None:
            self.put(*many)
            self.assertEqual(self.sent, many[: 2 * AT_ONCE])

        self.outbox.run(batch)
        self.assertEqual(self.sent, many)

    def test_batch_that_fails_still_sends(self) -> None:
        """What was answered before the fault leaves, and later answers do not wait for ever."""

        def batch() -> None:
            self.put(b"1")
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, self.outbox.run, batch)
        self.put(b"2")
        self.assertEqual(self.sent, [b"1", b"2"])

    def test_answer_that_cannot_leave_keeps_no_other(self) -> None:
        """It is logged, and those behind it leave."""
        self.outbox.run(self.put, b"1", b"bad", b"2")
        self.assertEqual(self.sent, [b"1", b"2"])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
