"""How late we are, who may ask how often, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.net.buckets import Buckets
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.load import (
    BEAT_SECONDS,
    FRESH_SECONDS,
    HTTP_YIELDS_SECONDS,
    HTTP_YIELDS_TIMES,
    HTTP_YIELDS_WAITING,
    Beat,
    Load,
)
from zhuomai_appliance.net.page_turns import STAND_BACK_SECONDS, PageTurns


class BucketTests(SynchronousTestCase):
    def test_burst_and_what_flows_back(self) -> None:
        """A full bucket holds its burst; then so many a second, and never more than full."""
        buckets = Buckets(10, 3)
        self.assertEqual([buckets.take("a", 0.0) for _ in range(5)], [True, True, True, False, False])
        self.assertEqual([buckets.take("a", 0.1001) for _ in range(2)], [True, False])
        self.assertEqual([buckets.take("a", 100.0) for _ in range(4)], [True, True, True, False])

    def test_each_key_has_its_own(self) -> None:
        """One that is empty costs the others nothing."""
        buckets = Buckets(1, 1)
        self.assertEqual([buckets.take(key, 0.0) for key in ("a", "a", "b", None)], [True, False, True, True])

    def test_refusal_costs_nothing_further(self) -> None:
        """Whoever goes on asking in vain is served again as soon as one who does not."""
        buckets = Buckets(1, 1)
        buckets.take("a", 0.0)
        for moment in range(99):
            buckets.take("a", moment / 100)
        self.assertTrue(buckets.take("a", 1.01))

    def test_keys_without_end_fill_no_memory(self) -> None:
        """Twice the number at most; whoever was asked for lately is still known."""
        buckets = Buckets(1, 1, keys=100)
        for number in range(10_000):
            buckets.take(number, 0.0)
        self.assertLessEqual(len(buckets), 200)
        self.assertFalse(buckets.take(9_999, 0.5))


class LoadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.load = Load(self.clock.seconds)

    def test_worst_of_the_last_half_second(self) -> None:
        """A shorter wait does not hide a longer one; both are forgotten."""
        self.load.note("auth", 0.3)
        self.load.note("auth", 0.1)
        self.load.note("acct", 0.2)
        self.assertEqual((self.load.wait_seconds("auth"), self.load.wait_seconds("acct")), (0.3, 0.2))
        self.clock.advance(FRESH_SECONDS + 0.1)
        self.assertEqual((self.load.wait_seconds("auth"), self.load.wait_seconds("acct")), (0.0, 0.0))
        self.load.note("auth", 0.1)
        self.assertEqual(self.load.wait_seconds("auth"), 0.1)

    def test_when_pages_give_way(self) -> None:
        """When several requests queue up for over twenty milliseconds; not for one alone, nor for a late loop."""
        self.load.note("acct", HTTP_YIELDS_SECONDS, 1000)
        self.load.note("auth", 5.0, HTTP_YIELDS_WAITING - 1)
        self.load.note("loop", 5.0)
        self.assertFalse(self.load.presses)
        self.load.note("acct", HTTP_YIELDS_SECONDS + 0.001, HTTP_YIELDS_WAITING)
        self.assertTrue(self.load.presses)
        self.clock.advance(FRESH_SECONDS)
        self.assertFalse(self.load.presses)

    def test_pages_give_way_to_requests_that_wait_one_after_another(self) -> None:
        """Five late ones within half a second are no accident of the machine; five within a minute are."""
        for pause, presses in ((0.2, False), (0.05, True)):
            for _ in range(HTTP_YIELDS_TIMES):
                self.clock.advance(pause)
                self.load.note("auth", HTTP_YIELDS_SECONDS + 0.001, 1)
            self.assertEqual(self.load.presses, presses)

    def test_lateness_of_the_loop(self) -> None:
        """What ran late is noted, and what ran in time is not."""
        beat = Beat(self.load, Clocks.of(self.clock))
        beat.startService()
        self.clock.advance(BEAT_SECONDS)
        self.assertEqual(self.load.wait_seconds("loop"), 0.0)
        self.clock.advance(BEAT_SECONDS + 0.25)
        self.assertAlmostEqual(self.load.wait_seconds("loop"), 0.25)
        beat.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class PageTurnTests(SynchronousTestCase):
    """Pages take their share of a turn and no more."""

    def setUp(self) -> None:
        self.passed, self.done = 0.0, list[str]()
        self.due: list[Callable[[], None]] = []
        reactor: Any = Mock(callLater=lambda _, call: self.due.append(call))
        self.is_writing = False
        self.turns = PageTurns(
            Clocks(reactor, lambda: self.passed, lambda: self.passed), 0.010, lambda: self.is_writing
        )

    def turn(self) -> None:
        """What was due when the turn began."""
        due, self.due[:] = self.due[:], []
        for call in due:
            call()

    def page(self, name: str, seconds: float = 0.004) -> None:
        def work() -> None:
            self.passed += seconds
            self.done.append(name)

        self.turns.run(work)

    def test_share_of_a_turn(self) -> None:
        """Three of four milliseconds fit into ten; the next ones wait for later turns, in order."""
        for name in "abcdefg":
            self.page(name)
        self.assertEqual((self.done, self.turns.waiting), (list("abc"), 4))
        self.turn()
        self.assertEqual(self.done, list("abcdef"))
        self.page("h")
        self.assertEqual(self.done, list("abcdef"))
        self.turn()
        self.assertEqual((self.done, self.turns.waiting), (list("abcdefgh"), 0))

    def test_each_turn_has_its_own_share(self) -> None:
        """Time that passed in an earlier turn is not held against a later one, and idle turns cost no timer."""
        for _ in range(5):
            self.page("x", 0.009)
            self.turn()
        self.assertEqual(len(self.done), 5)
        self.assertEqual(self.due, [])

    def test_one_that_fails_does_not_stop_the_others(self) -> None:
        """It is logged, and those behind it are served."""
        for number in range(3):
            self.page(str(number))
        self.turns.run(lambda: 1 // 0)
        self.page("behind")
        self.turn()
        self.assertEqual(self.done[-1], "behind")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_pages_stand_back_for_a_commit(self) -> None:
        """While the writer's thread is at work no page begins, also one that comes by itself; then all do, in order."""
        self.is_writing = True
        self.page("a")
        self.page("b")
        for _ in range(3):
            self.passed += 0.001
            self.turn()
        self.assertEqual((self.done, self.turns.waiting), ([], 2))
        self.is_writing = False
        self.turn()
        self.assertEqual(self.done, ["a", "b"])

    def test_pages_do_not_stand_back_for_ever(self) -> None:
        """Beside a long import there is a turn for pages every twenty milliseconds."""
        self.is_writing = True
        for name in "abcd":
            self.page(name, 0.006)
        turns = 0
        while len(self.done) < 2:
            self.passed += 0.001
            self.turn()
            turns += 1
        self.assertIn(turns, range(round(STAND_BACK_SECONDS / 0.001), 23))
        self.turn()
        self.assertEqual(len(self.done), 2)
        while self.turns.waiting:
            self.passed += 0.001
            self.turn()
        self.assertEqual(self.done, list("abcd"))
        self.assertEqual(self.due, [])

    def test_who_waits_to_hear_is_told_once_all_are_served(self) -> None:
        """Not while any waits, and not where none did."""
        told: list[int] = []
        self.turns.when_served.append(lambda: told.append(len(self.done)))
        for name in "abcde":
            self.page(name)
        self.turn()
        self.assertEqual(told, [5])
        self.turn()
        self.page("f")
        self.turn()
        self.assertEqual(told, [5])
