"""Rounds of work: one at a time, again after a failure, at once when wanted, none after the stop."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.net.wires import a_clock
from zhuomai_appliance.net.timers import Round


class RoundTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, clocks = a_clock()
        self.running: list[Deferred[None]] = []

        async def work() -> None:
            done: Deferred[None] = Deferred()
            self.running.append(done)
            await done

        self.round = Round("work", 5.0, work, clocks)

    def finish(self) -> None:
        self.running[-1].callback(None)

    def test_first_round_at_once_and_then_by_the_clock(self) -> None:
        """A round begins with the service, the next one so long after its end."""
        self.round.startService()
        self.clock.advance(0)
        self.assertEqual(len(self.running), 1)
        self.finish()
        self.clock.advance(4.9)
        self.assertEqual(len(self.running), 1)
        self.clock.advance(0.1)
        self.assertEqual(len(self.running), 2)

    def test_rounds_never_overlap(self) -> None:
        """A round that takes long delays the next; wanting one meanwhile brings exactly one more, right after."""
        self.round.startService()
        self.clock.advance(0)
        self.clock.advance(60)
        for _ in range(3):
            self.round.soon()
        self.assertEqual(len(self.running), 1)
        self.finish()
        self.clock.advance(0)
        self.assertEqual(len(self.running), 2)
        self.finish()
        self.clock.advance(0)
        self.assertEqual(len(self.running), 2)

    def test_wanted_round_comes_before_its_time(self) -> None:
        """Work that was put down between two rounds does not wait for the clock."""
        self.round.startService()
        self.clock.advance(0)
        self.finish()
        self.round.soon()
        self.clock.advance(0)
        self.assertEqual(len(self.running), 2)

    def test_failed_round_is_logged_and_comes_again(self) -> None:
        """An error in a round neither ends the rounds nor is lost."""
        self.round.startService()
        self.clock.advance(0)
        self.running[0].errback(ValueError("once"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.clock.advance(5)
        self.assertEqual(len(self.running), 2)

    def test_stop_waits_for_the_round_that_runs(self) -> None:
        """Stopping is done when the present round is; nothing begins afterwards, wanted or not."""
        self.round.startService()
        self.clock.advance(0)
        stopped = self.round.stopService()
        assert stopped is not None
        self.assertNoResult(stopped)
        self.round.soon()
        self.finish()
        self.successResultOf(stopped)
        self.clock.advance(60)
        self.assertEqual((len(self.running), self.clock.getDelayedCalls()), (1, []))

    def test_stop_between_rounds_is_at_once(self) -> None:
        """With nothing running there is nothing to wait for, and no timer stays."""
        self.round.startService()
        self.clock.advance(0)
        self.finish()
        self.assertIsNone(self.round.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])
