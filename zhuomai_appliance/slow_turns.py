"""Names what holds the reactor up: a thread looks now and then at what the reactor's thread is doing.

Two looks that find the same call of the loop mean that it has run for that long. Nothing is added to any call, so the
packets pay nothing; what is found out is who, by the frames on the stack, and that is what the log says.
"""

from __future__ import annotations

import asyncio.events
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from twisted.application.service import Service
from twisted.logger import Logger

from zhuomai_appliance.net.complaints import Complaints

SLOW_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.025
_LOOKS: Final = round(SLOW_SECONDS / LOOK_SECONDS)

_TURN: Final = asyncio.events.Handle._run.__code__
"""The loop runs whatever is due in here, one call after another; on another reactor nothing is found."""

_OURS: Final = __name__.partition(".")[0] + "."
_MACHINERY: Final = ("twisted.", "asyncio.")


class SlowTurns(Service):
    """Counts turns that took over 50 ms, and tells the log whose they were, once a minute for each."""

    log = Logger(namespace="zhuomai.turns")

    def __init__(self, call_from_thread: Callable[..., object], monotonic: Callable[[], float]) -> None:
        self.setName("slow turns")
        self._call_from_thread = call_from_thread
        self._complaints = Complaints(monotonic)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.count = 0

    def startService(self) -> None:
        """Begin to look; called on the reactor's thread, which is the one looked at."""
        super().startService()
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="slow-turns", daemon=True
        )
        self._thread.start()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _watch(self, ident: int) -> None:
        last: FrameType | None = None
        seen = 0
        while not self._stop.wait(LOOK_SECONDS):
            frame = sys._current_frames().get(ident)
            turn = _turn_of(frame)
            seen = seen + 1 if turn is not None and turn is last else 0
            last = turn
            if seen == _LOOKS and frame is not None:
                self._call_from_thread(self.slow, _story(frame))
            # A frame that is kept keeps what its call works with
            del frame, turn

    def slow(self, story: str) -> None:
        """A turn is slow; ``story`` names it."""
        self.count += 1
        if self._complaints.may_say("slow", story.partition(" ")[0]):
            self.log.warn("one turn held everything else up for over 50 ms: {story}", story=story)


def _turn_of(frame: FrameType | None) -> FrameType | None:
    while frame is not None and frame.f_code is not _TURN:
        frame = frame.f_back
    return frame


def _story(frame: FrameType) -> str:
    """The functions on the stack but for the reactor's own: the one that the loop called, and the last three at work."""
    names: list[str] = []
    at: FrameType | None = frame
    while at is not None and at.f_code is not _TURN:
        module = str(at.f_globals.get("__name__", "?"))
        if not module.startswith(_MACHINERY):
            names.append(f"{module.removeprefix(_OURS)}.{at.f_code.co_qualname}")
        at = at.f_back
    return " > ".join([*names[3:][-1:], *names[2::-1]]) or "the reactor itself"
