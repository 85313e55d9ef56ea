"""Calls from other threads straight into the event loop.

Twisted's `callFromThread` on asyncio makes a timer of each call, in the loop's next turn, that runs in the turn after
that. Whoever waits for a commit would wait a whole turn more, which beside a flood of pages is ten milliseconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.logger import Logger


class LoopCalls:
    """What the store needs of the reactor, with one turn less between a thread's call and its run.

    Made on the reactor's thread.

    Args:
        reactor: the reactor; one that is not asyncio's is asked in its own way.
        loop: what it runs on, where that is not the present loop of an asyncio reactor.
        run: what calls what was handed over, as ``run(function, *args)``; by default nothing comes between.
    """

    log = Logger(namespace="zhuomai.loop")

    def __init__(
        self,
        reactor: Any,
        loop: asyncio.AbstractEventLoop | None = None,
        run: Callable[..., object] | None = None,
    ) -> None:
        if loop is None and isinstance(reactor, AsyncioSelectorReactor):
            # The reactor has made its loop the present one of the thread it was made in
            loop = asyncio.get_event_loop()
        self._reactor = reactor
        self._loop = loop
        self._ident = threading.get_ident()
        self._run_by = run

    def callFromThread(self, function: Callable[..., Any], /, *args: Any) -> None:
        """Run a function on the reactor's thread in its next turn, in the order of the calls."""
        if self._loop is None:
            self._reactor.callFromThread(function, *args)
        elif threading.get_ident() == self._ident:
            # The loop is awake: nobody need wake it through its socket
            self._loop.call_soon(self._run, function, args)
        else:
            self._loop.call_soon_threadsafe(self._run, function, args)

    def addSystemEventTrigger(self, phase: str, event: str, function: Callable[..., Any], /) -> object:
        """See IReactorCore."""
        return self._reactor.addSystemEventTrigger(phase, event, function)

    def _run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            if self._run_by is None:
                function(*args)
            else:
                self._run_by(function, *args)
        except Exception:  # noqa: BLE001 - as the reactor does with what raises
            self.log.failure("a call from another thread failed")
