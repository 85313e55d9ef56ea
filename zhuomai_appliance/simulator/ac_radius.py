"""The AC's RADIUS client: one socket, repeats at an even pace, a queue when all identifiers are taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from zhuomai_appliance.radius.exchange import Action, ExchangeTable, Pending
from zhuomai_appliance.radius.packet import Attribute, Packet, Secret
from zhuomai_appliance.simulator.faults import Peer, Wire


@dataclass(slots=True)
class _Question:
    port: int
    code: int
    attributes: Sequence[Attribute]
    authenticator: bytes | None
    sign: bool
    answer: Deferred[Packet | None]


class RadiusClient(Wire):
    """Asks one server on its two ports.

    Args:
        tries, wait_seconds: each request is sent `tries` times, `wait_seconds` apart.
    """

    def __init__(
        self, clock: IReactorTime, host: str, secret: Secret, tries: int, wait_seconds: float
    ) -> None:
        super().__init__()
        self._clock = clock
        self._host = host
        self._secret = secret
        self._table = ExchangeTable(tries, wait_seconds, 1.0)
        self._asked: dict[int, tuple[Pending, Deferred[Packet | None]]] = {}
        self._waiting: deque[_Question] = deque()
        self._timer: IDelayedCall | None = None
        self.unanswered = 0
        """Requests that got no answer at all."""

    def ask(
        self,
        port: int,
        code: int,
        attributes: Sequence[Attribute],
        *,
        authenticator: bytes | None = None,
        sign: bool = False,
    ) -> Deferred[Packet | None]:
        """Send a request; the verified reply, or None when none came. Never fails."""
        answer: Deferred[Packet | None] = Deferred()
        self._waiting.append(_Question(port, code, attributes, authenticator, sign, answer))
        self._send_waiting()
        return answer

    def heard(self, datagram: bytes, addr: Peer) -> None:
        """Match a reply; what answers nothing is dropped."""
        found = self._table.receive(addr, datagram)
        if found is not None:
            pending, reply = found
            self._finish(pending, reply)

    def close(self) -> None:
        """Wait for nothing any more: whoever still waits gets None."""
        for pending, _ in list(self._asked.values()):
            self._table.close(pending)
            self._finish(pending, None)
        while self._waiting:
            self._waiting.popleft().answer.callback(None)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _send_waiting(self) -> None:
        while self._waiting:
            question = self._waiting[0]
            pending = self._table.open(
                (self._host, question.port),
                question.code,
                question.attributes,
                self._secret,
                self._clock.seconds(),
                authenticator=question.authenticator,
                sign=question.sign,
            )
            if pending is None:
                break
            self._waiting.popleft()
            self._asked[id(pending)] = (pending, question.answer)
            self.say(pending.datagram, pending.key.peer)
        self._arm()

    def _finish(self, pending: Pending, reply: Packet | None) -> None:
        _, answer = self._asked.pop(id(pending))
        answer.callback(reply)
        self._send_waiting()

    def _tick(self) -> None:
        for pending, action in self._table.due(self._clock.seconds()):
            if action is Action.RESEND:
                self.say(pending.datagram, pending.key.peer)
            else:
                self.unanswered += 1
                self._finish(pending, None)
        self._arm()

    def _arm(self) -> None:
        at = self._table.next_at()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if at is not None:
            self._timer = self._clock.callLater(max(0.0, at - self._clock.seconds()), self._tick)
