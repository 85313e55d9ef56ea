"""What holds the reactor up is named."""

from __future__ import annotations

import time

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from zhuomai_appliance.slow_turns import SlowTurns


def a_long_look() -> None:
    """Hold everything up, as no code of ours should."""
    time.sleep(0.25)


class SlowTurnTests(TestCase):
    def setUp(self) -> None:
        self.turns = SlowTurns(reactor.callFromThread, time.monotonic)  # type: ignore[attr-defined]
        self.turns.startService()
        self.addCleanup(self.turns.stopService)

    def test_slow_turn_is_counted_and_named_once_a_minute(self) -> None:
        """Two long turns of one function: two counts, one line with its name."""

        async def run() -> None:
            with capturedLogs() as lines:
                for _ in range(2):
                    await deferLater(reactor, 0.01, a_long_look)
                    await deferLater(reactor, 0.1)
            said = [line["story"] for line in lines if "story" in line]
            self.assertEqual(self.turns.count, 2)
            self.assertEqual(len(said), 1)
            self.assertTrue(said[0].endswith("test_slow_turns.a_long_look"), said[0])

        return Deferred.fromCoroutine(run())  # type: ignore[return-value]

    def test_short_turns_and_waiting_are_not_slow(self) -> None:
        """A loop that has nothing to do, or much that is short, is not held up."""

        async def run() -> None:
            await deferLater(reactor, 0.2)
            for _ in range(200):
                await deferLater(reactor, 0)
            self.assertEqual(self.turns.count, 0)

        return Deferred.fromCoroutine(run())  # type: ignore[return-value]
