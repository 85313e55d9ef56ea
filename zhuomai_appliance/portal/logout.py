"""One logout with an access device: REQ_LOGOUT, repeated until ACK_LOGOUT or the end of patience.

    idle --REQ_LOGOUT ErrCode 0--> asking --ACK_LOGOUT or no answer--> closed

ACK_LOGOUT 3 says that the user is off already, which is what was wanted. No answer leaves the truth to RADIUS: the
caller falls back to a Disconnect-Request, and accounting closes the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from zhuomai_appliance.portal.packet import AttributeKind, Kind
from zhuomai_appliance.portal.talk import Talk
from zhuomai_appliance.portal.terms import Actions, DialogueSettings, Done, Ending

_ENDINGS = {0: Ending.OFFLINE, 1: Ending.REFUSED, 3: Ending.OFFLINE}


@dataclass(slots=True)
class _LogoutCore:
    talk: Talk
    request: bytes


class _Logout(Protocol):
    """What can happen to a logout."""

    def begin(self, now: float) -> Actions: ...
    def answered(self, done: Done) -> Actions: ...
    def retry_due(self, now: float) -> Actions: ...
    def patience_over(self) -> Actions: ...


_builder = TypeMachineBuilder(_Logout, _LogoutCore)
_idle = _builder.state("idle")
_asking = _builder.state("asking")
_closed = _builder.state("closed")


@_idle.upon(_Logout.begin).to(_asking)
def _ask(logout: _Logout, core: _LogoutCore, now: float) -> Actions:
    timings = core.talk.settings.timings
    return core.talk.ask(core.request, timings.logout_tries, timings.logout_seconds, now)


@_asking.upon(_Logout.retry_due).loop()
def _repeat(logout: _Logout, core: _LogoutCore, now: float) -> Actions:
    return core.talk.repeat(now)


@_asking.upon(_Logout.answered).to(_closed)
def _finish(logout: _Logout, core: _LogoutCore, done: Done) -> Actions:
    core.talk.next_at = None
    return (done,)


@_asking.upon(_Logout.patience_over).to(_closed)
def _give_up(logout: _Logout, core: _LogoutCore) -> Actions:
    core.talk.next_at = None
    return (core.talk.ended(Ending.TIMEOUT),)


_idle.upon(_Logout.answered).loop().returns(())
_closed.upon(_Logout.answered).loop().returns(())

_machine = _builder.build()


class LogoutDialogue:
    """One logout of one user at one device, on the user's or the server's wish (ErrCode 0).

    Args:
        serial: a SerialNo (1-65535) that is free among this device's outstanding requests.
        req_id: 0 works everywhere seen; some devices want the ReqID of the login.
        mac: `aa:bb:cc:dd:ee:ff`, sent as SESSION-ID; None leaves it out.
    """

    def __init__(
        self,
        settings: DialogueSettings,
        *,
        user_ip: str,
        serial: int,
        req_id: int = 0,
        mac: str | None = None,
    ) -> None:
        talk = Talk(settings, user_ip, serial=serial)
        session = () if mac is None else ((AttributeKind.SESSION_ID, bytes.fromhex(mac.replace(":", ""))),)
        self._core = _LogoutCore(talk, talk.request(Kind.REQ_LOGOUT, *session, req_id=req_id))
        self._logout = _machine(self._core)

    @property
    def next_at(self) -> float | None:
        """When `tick` wants to be called next; None: nothing more will happen (or nothing has begun)."""
        return self._core.talk.next_at

    @property
    def forged_answers(self) -> int:
        """Answers so far that were dropped because of their authenticator."""
        return self._core.talk.forged_answers

    def start(self, now: float) -> Actions:
        """Begin. Once per dialogue."""
        return self._logout.begin(now)

    def receive(self, datagram: bytes, now: float) -> Actions:
        """Take a datagram from the device. What is malformed, forged or not about this logout changes nothing."""
        talk = self._core.talk
        packet = talk.answer(datagram)
        if packet is None or packet.kind is not Kind.ACK_LOGOUT or packet.serial != talk.serial:
            return ()
        if not talk.trusts(packet, self._core.request):
            return ()
        ending = _ENDINGS.get(packet.error_code, Ending.DEVICE_FAILED)
        return self._logout.answered(talk.ended(ending, packet))

    def tick(self, now: float) -> Actions:
        """Do what is due at `now`; nothing when called early."""
        if self.next_at is None or now < self.next_at:
            return ()
        return self._logout.retry_due(now) if self._core.talk.tries_left else self._logout.patience_over()
