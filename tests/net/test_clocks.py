"""A clock that is set is noticed, and what time alone brings about waits until it has run evenly for a while."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.net.clocks import JUMP_SECONDS, SETTLE_SECONDS, Clocks, JumpWatch

DAY = 86_400.0


class JumpTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.set_by = 0.0
        self.watch = JumpWatch(
            Clocks(self.clock, lambda: self.clock.seconds() + self.set_by, self.clock.seconds)
        )

    def test_an_even_clock_is_settled(self) -> None:
        """From the start and for ever, also if it drifts by less than a minute."""
        for _ in range(10):
            self.assertTrue(self.watch.is_settled())
            self.clock.advance(DAY)
            self.set_by += JUMP_SECONDS / 20

    def test_a_jump_in_either_direction_waits(self) -> None:
        """A quarter of an hour after the last one all goes on; each is one line of the log."""
        for jump in (DAY, -DAY):
            self.set_by += jump
            with capturedLogs() as lines:
                for _ in range(3):
                    self.assertFalse(self.watch.is_settled())
                    self.clock.advance(SETTLE_SECONDS / 3 - 1)
            self.assertEqual([line["seconds"] for line in lines], [jump])
            self.clock.advance(3)
            self.assertTrue(self.watch.is_settled())
