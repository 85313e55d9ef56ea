"""Calls from threads into the loop: in order, on the reactor's thread, a turn earlier than Twisted's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from twisted.logger import capturedLogs

from tests.fakes.queue_reactor import QueueReactor
from zhuomai_appliance.loop_calls import LoopCalls


def turns(*, from_thread: bool) -> list[str]:
    """What a loop does after a turn in which three calls were made, of which the second raises."""
    loop = asyncio.new_event_loop()
    direct, here = LoopCalls(QueueReactor(), loop), threading.get_ident()
    done: list[str] = []

    def note(name: str) -> None:
        done.append(name if threading.get_ident() == here else "on another thread")
        if name == "bad":
            raise ZeroDivisionError

    def ask() -> None:
        for name in ("first", "bad", "last"):
            direct.callFromThread(note, name)

    def begin() -> None:
        if from_thread:
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        else:
            ask()
        done.append("end of the turn")
        loop.call_soon(loop.call_soon, done.append, "the turn after the next")
        loop.call_later(0.01, loop.stop)

    loop.call_soon(begin)
    loop.run_forever()
    loop.close()
    return done


def test_calls_run_in_the_next_turn_in_their_order() -> None:
    """From a thread and from the reactor itself alike; one that raises is logged, and those behind it run."""
    for from_thread in (True, False):
        with capturedLogs() as logs:
            done = turns(from_thread=from_thread)
        assert done == ["end of the turn", "first", "bad", "last", "the turn after the next"]
        assert [event["log_failure"].type for event in logs if "log_failure" in event] == [ZeroDivisionError]


def test_another_reactor_is_asked_in_its_own_way() -> None:
    """On a reactor that is not asyncio's its own call is used, and shutdown is told by it on every one."""
    reactor, done = QueueReactor(), list[int]()
    direct = LoopCalls(reactor)
    direct.callFromThread(done.append, 1)
    assert not done
    reactor.turn()
    assert done == [1]
    direct.addSystemEventTrigger("during", "shutdown", reactor.turn)
    assert reactor.triggers == [("during", "shutdown", reactor.turn)]


def test_what_is_handed_over_may_be_called_by_somebody_else() -> None:
    """A batch around each call, as answers that leave together need it."""
    loop = asyncio.new_event_loop()
    done: list[str] = []

    def around(function: Callable[..., object], *args: object) -> None:
        done.append("before")
        function(*args)
        done.append("after")

    LoopCalls(QueueReactor(), loop, around).callFromThread(done.append, "call")
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert done == ["before", "call", "after"]
