"""Rounds of work by the clock: each runs alone, a failing one is logged and comes again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from zhuomai_appliance.net.clocks import Clocks


class Round(Service):
    """Calls a coroutine function every so many seconds, never twice at once; `soon` runs it at the next turn.

    Stopping waits for the round that runs.
    """

    log = Logger(namespace="zhuomai.timers")

    def __init__(
        self, name: str, every_seconds: float, work: Callable[[], Awaitable[object]], clocks: Clocks
    ) -> None:
        self.setName(name)
        self._every_seconds = every_seconds
        self._work = work
        self._clocks = clocks
        self._next: IDelayedCall | None = None
        self._busy: Deferred[None] | None = None
        self._wanted = False

    def startService(self) -> None:
        """Run the first round at once."""
        super().startService()
        self._schedule(0)

    def stopService(self) -> Deferred[None] | None:
        """Run no more; the Deferred fires when the present round is over."""
        super().stopService()
        self._cancel()
        if self._busy is None:
            return None
        ended: Deferred[None] = Deferred()
        self._busy.addBoth(lambda _: ended.callback(None))
        return ended

    def soon(self) -> None:
        """Run a round at the next turn of the reactor, or right after the one that runs."""
        if not self.running:
            return
        if self._busy is not None:
            self._wanted = True
        else:
            self._schedule(0)

    def _schedule(self, seconds: float) -> None:
        self._cancel()
        if self.running:
            self._next = self._clocks.later(seconds, self._run)

    def _cancel(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None

    def _run(self) -> None:
        self._next = None
        self._wanted = False
        self._busy = Deferred.fromCoroutine(self._round())
        self._busy.addErrback(self._failed)
        self._busy.addBoth(self._over)

    async def _round(self) -> None:
        await self._work()

    def _failed(self, failure: Failure) -> None:
        self.log.failure("round {name} failed; it comes again", failure, name=self.name)

    def _over(self, _: object) -> None:
        self._busy = None
        self._schedule(0 if self._wanted else self._every_seconds)
