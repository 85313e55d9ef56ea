"""One question to an access device and its one answer: the machine behind logout and traffic figures.

idle --request--> asking --answer or no answer--> closed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from zhuomai_appliance.portal.packet import Kind, PortalPacket
from zhuomai_appliance.portal.talk import Talk
from zhuomai_appliance.portal.terms import Actions, Done, Ending


@dataclass(slots=True)
class _QuestionCore:
    talk: Talk
    request: bytes
    tries: int
    pause_seconds: float


class _Question(Protocol):
    """What can happen to a question."""

    def begin(self, now: float) -> Actions: ...
    def answered(self, done: Done) -> Actions: ...
    def retry_due(self, now: float) -> Actions: ...
    def patience_over(self) -> Actions: ...


_builder = TypeMachineBuilder(_Question, _QuestionCore)
_idle = _builder.state("idle")
_asking = _builder.state("asking")
_closed = _builder.state("closed")


@_idle.upon(_Question.begin).to(_asking)
def _ask(question: _Question, core: _QuestionCore, now: float) -> Actions:
    return core.talk.ask(core.request, core.tries, core.pause_seconds, now)


@_asking.upon(_Question.retry_due).loop()
def _repeat(question: _Question, core: _QuestionCore, now: float) -> Actions:
    return core.talk.repeat(now)


@_asking.upon(_Question.answered).to(_closed)
def _finish(question: _Question, core: _QuestionCore, done: Done) -> Actions:
    core.talk.next_at = None
    return (done,)


@_asking.upon(_Question.patience_over).to(_closed)
def _give_up(question: _Question, core: _QuestionCore) -> Actions:
    core.talk.next_at = None
    return (core.talk.ended(Ending.TIMEOUT),)


_idle.upon(_Question.answered).loop().returns(())
_closed.upon(_Question.answered).loop().returns(())

_machine = _builder.build()


class QuestionDialogue:
    """A question under way. Subclasses make the request and read the answer."""

    answer_kind: Kind
    """The only kind of packet that answers."""

    def __init__(self, talk: Talk, request: bytes, tries: int, pause_seconds: float) -> None:
        self._talk = talk
        self._request = request
        self._question = _machine(_QuestionCore(talk, request, tries, pause_seconds))

    def read(self, packet: PortalPacket) -> Done:
        """What a proven answer means."""
        raise NotImplementedError

    @property
    def next_at(self) -> float | None:
        """When `tick` wants to be called next; None: nothing more will happen (or nothing has begun)."""
        return self._talk.next_at

    @property
    def forged_answers(self) -> int:
        """Answers so far that were dropped because of their authenticator."""
        return self._talk.forged_answers

    def start(self, now: float) -> Actions:
        """Begin. Once per dialogue."""
        return self._question.begin(now)

    def receive(self, datagram: bytes, now: float) -> Actions:
        """Take a datagram from the device. What is malformed, forged or answers something else changes nothing."""
        packet = self._talk.answer(datagram)
        if packet is None or packet.kind is not self.answer_kind or packet.serial != self._talk.serial:
            return ()
        if not self._talk.trusts(packet, self._request):
            return ()
        return self._question.answered(self.read(packet))

    def tick(self, now: float) -> Actions:
        """Do what is due at `now`; nothing when called early."""
        if self.next_at is None or now < self.next_at:
            return ()
        return self._question.retry_due(now) if self._talk.tries_left else self._question.patience_over()
