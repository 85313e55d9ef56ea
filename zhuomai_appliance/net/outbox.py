"""Answers that are made together leave together.

A datagram that is sent alone wakes whoever waits for it: on a virtual machine ten microseconds each, more than the rest
of the sending. Of several sent one after the other only the first does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.logger import Logger

AT_ONCE: Final = 16
"""Answers kept back at most: about two milliseconds' worth of logins."""

Send = Callable[[bytes, tuple[str, int]], object]


class Outbox:
    """Keeps answers back while a batch of work runs, sixteen of them at most. Outside a batch they leave at once."""

    log = Logger(namespace="zhuomai.udp")

    def __init__(self) -> None:
        self._depth = 0
        self._waiting: list[tuple[Send, bytes, tuple[str, int]]] = []

    def put(self, send: Send, datagram: bytes, addr: tuple[str, int]) -> None:
        """Send a datagram by ``send``, now or with the others of its batch."""
        if not self._depth:
            send(datagram, addr)
            return
        self._waiting.append((send, datagram, addr))
        if len(self._waiting) >= AT_ONCE:
            self._flush()

    def begin(self) -> None:
        """A batch begins; one within another belongs to it."""
        self._depth += 1

    def end(self) -> None:
        """It is over: whatever it left leaves."""
        self._depth -= 1
        if not self._depth:
            self._flush()

    def run(self, function: Callable[..., Any], /, *args: Any) -> None:
        """Call a function as one batch."""
        self.begin()
        try:
            function(*args)
        finally:
            self.end()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for send, datagram, addr in waiting:
            try:
                send(datagram, addr)
            except Exception:  # noqa: BLE001 - one answer that cannot leave must not keep the others
                self.log.failure("an answer could not be sent")
