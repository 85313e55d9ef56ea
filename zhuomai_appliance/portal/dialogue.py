"""One login with an access device: challenge, authentication, affirmation; retransmission; cancel.

Each dialogue is an Automat machine. It is told what happens (`start`, `receive`, `tick`) with the time as a number
of seconds on any steady clock, and answers with actions. It holds no socket and no timer: the shell sends what it is
told to send, and calls `tick` when `next_at` is reached, until `next_at` is None.

    idle --CHAP--> challenging --ACK_CHALLENGE 0--> authenticating --ACK_AUTH 0--> online (lingers) --> closed
    idle --PAP---> authenticating
    challenging --ACK_CHALLENGE 3--> pausing --again, new SerialNo--> challenging
    challenging, authenticating --no answer--> REQ_LOGOUT ErrCode 1 --> cancelled (lingers) --> closed
    cancelled --late ACK_AUTH 0--> REQ_LOGOUT ErrCode 0 --> evicting --ACK_LOGOUT or no answer--> closed
    challenging, pausing, authenticating --error--> closed

Sources: H3C type and attribute descriptions of portal 2.0; the state machines of access devices and portal servers in
use. Some devices drop a user 30 s to 3 min after ACK_AUTH when AFF_ACK_AUTH is missing, hence one for every ACK_AUTH 0.
A repeat of REQ_AUTH while the device waits for RADIUS draws ErrCode 3, hence 3 means "wait" there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from zhuomai_appliance.portal.info import InfoDialogue
from zhuomai_appliance.portal.logout import LogoutDialogue
from zhuomai_appliance.portal.packet import AttributeKind, Kind, PortalPacket, chap_password
from zhuomai_appliance.portal.talk import Talk
from zhuomai_appliance.portal.terms import (
    Action,
    Actions,
    DialogueSettings,
    Done,
    Ending,
    Outcome,
    Send,
    Timings,
    read_words,
)

__all__ = [
    "Action",
    "Actions",
    "DialogueSettings",
    "Done",
    "Ending",
    "InfoDialogue",
    "LoginDialogue",
    "LogoutDialogue",
    "Outcome",
    "Send",
    "Timings",
]

_WAIT = 3
_CHALLENGE_ENDINGS = {1: Ending.UNKNOWN_USER_IP, 2: Ending.ALREADY_ONLINE}
_AUTH_ENDINGS = {1: Ending.REFUSED, 2: Ending.ALREADY_ONLINE}
_ERROR_ID_ENDINGS = {
    "AC101": Ending.ALREADY_ONLINE,
    "AC102": Ending.UNKNOWN_USER_IP,
    "AC103": Ending.UNKNOWN_USER_IP,
    "AC201": Ending.DEVICE_FAILED,
}


@dataclass(slots=True)
class _LoginCore:
    talk: Talk
    username: bytes
    password: bytes
    take_serial: Callable[[], int]
    login_serial: int = 0
    req_id: int = 0
    challenge_request: bytes | None = None
    auth_request: bytes | None = None
    logout_request: bytes | None = None
    busy_left: int = 0

    def ask_challenge(self, now: float) -> Actions:
        timings = self.talk.settings.timings
        self.login_serial = self.talk.serial = self.take_serial()
        self.challenge_request = self.talk.request(Kind.REQ_CHALLENGE)
        return self.talk.ask(self.challenge_request, timings.challenge_tries, timings.challenge_seconds, now)

    def ask_auth(self, proof: tuple[tuple[int, bytes], ...], now: float) -> Actions:
        settings = self.talk.settings
        self.auth_request = self.talk.request(
            Kind.REQ_AUTH,
            (AttributeKind.USER_NAME, self.username),
            *proof,
            req_id=self.req_id,
            pap=settings.pap,
        )
        return self.talk.ask(
            self.auth_request, settings.timings.auth_tries, settings.timings.auth_seconds, now
        )

    def affirm(self, packet: PortalPacket) -> Send:
        req_id = packet.req_id if self.talk.settings.pap else self.req_id
        return Send(self.talk.request(Kind.AFF_ACK_AUTH, req_id=req_id))

    def cancel(self, ending: Ending, now: float) -> Actions:
        """Tell the device to forget the half-open login, else the next try meets ErrCode 3 or 2."""
        self.talk.linger(now)
        forget = self.talk.request(Kind.REQ_LOGOUT, req_id=self.req_id, error_code=1)
        return Send(forget), self.talk.ended(ending)


class _Login(Protocol):
    """What can happen to a login."""

    def begin_chap(self, now: float) -> Actions: ...
    def begin_pap(self, now: float) -> Actions: ...
    def challenge_given(self, packet: PortalPacket, now: float) -> Actions: ...
    def challenge_busy(self, now: float) -> Actions: ...
    def challenge_refused(self, done: Done) -> Actions: ...
    def accepted(self, packet: PortalPacket, now: float) -> Actions: ...
    def auth_busy(self, now: float) -> Actions: ...
    def auth_refused(self, done: Done) -> Actions: ...
    def logout_answered(self) -> Actions: ...
    def retry_due(self, now: float) -> Actions: ...
    def patience_over(self, now: float) -> Actions: ...


_builder = TypeMachineBuilder(_Login, _LoginCore)
_idle = _builder.state("idle")
_challenging = _builder.state("challenging")
_pausing = _builder.state("pausing")
_authenticating = _builder.state("authenticating")
_online = _builder.state("online")
_cancelled = _builder.state("cancelled")
_evicting = _builder.state("evicting")
_closed = _builder.state("closed")


@_idle.upon(_Login.begin_chap).to(_challenging)
def _ask_challenge(login: _Login, core: _LoginCore, now: float) -> Actions:
    return core.ask_challenge(now)


@_pausing.upon(_Login.retry_due).to(_challenging)
def _ask_challenge_again(login: _Login, core: _LoginCore, now: float) -> Actions:
    return core.ask_challenge(now)


@_idle.upon(_Login.begin_pap).to(_authenticating)
def _ask_auth_pap(login: _Login, core: _LoginCore, now: float) -> Actions:
    core.login_serial = core.talk.serial = core.take_serial()
    return core.ask_auth(((AttributeKind.PASSWORD, core.password),), now)


@_challenging.upon(_Login.challenge_given).to(_authenticating)
def _ask_auth_chap(login: _Login, core: _LoginCore, packet: PortalPacket, now: float) -> Actions:
    challenge = packet.first(AttributeKind.CHALLENGE) or b""
    core.req_id = packet.req_id
    proof = chap_password(packet.req_id, core.password, challenge)
    # Version 1 devices remember their challenge by ReqID; version 2 texts want it echoed.
    echo = ((AttributeKind.CHALLENGE, challenge),) if core.talk.settings.version == 2 else ()
    return core.ask_auth((*echo, (AttributeKind.CHAP_PASSWORD, proof)), now)


@_challenging.upon(_Login.challenge_busy).to(_pausing)
def _pause(login: _Login, core: _LoginCore, now: float) -> Actions:
    core.busy_left -= 1
    core.talk.tries_left = 1
    core.talk.next_at = now + core.talk.settings.timings.busy_seconds
    return ()


@_challenging.upon(_Login.retry_due).loop()
@_authenticating.upon(_Login.retry_due).loop()
@_evicting.upon(_Login.retry_due).loop()
def _repeat(login: _Login, core: _LoginCore, now: float) -> Actions:
    return core.talk.repeat(now)


@_authenticating.upon(_Login.auth_busy).loop()
def _be_patient(login: _Login, core: _LoginCore, now: float) -> Actions:
    if not core.talk.patience_until:
        core.talk.be_patient(core.talk.settings.timings.auth_patience_seconds, now)
    return ()


@_authenticating.upon(_Login.accepted).to(_online)
def _come_online(login: _Login, core: _LoginCore, packet: PortalPacket, now: float) -> Actions:
    core.talk.linger(now)
    return core.affirm(packet), core.talk.ended(Ending.ONLINE, packet)


@_online.upon(_Login.accepted).loop()
def _affirm_again(login: _Login, core: _LoginCore, packet: PortalPacket, now: float) -> Actions:
    return (core.affirm(packet),)


@_challenging.upon(_Login.challenge_refused).to(_closed)
@_authenticating.upon(_Login.auth_refused).to(_closed)
def _refused(login: _Login, core: _LoginCore, done: Done) -> Actions:
    core.talk.next_at = None
    return (done,)


@_challenging.upon(_Login.patience_over).to(_cancelled)
def _cancel_challenge(login: _Login, core: _LoginCore, now: float) -> Actions:
    return core.cancel(Ending.TIMEOUT, now)


@_authenticating.upon(_Login.patience_over).to(_cancelled)
def _cancel_auth(login: _Login, core: _LoginCore, now: float) -> Actions:
    return core.cancel(Ending.BUSY if core.talk.patience_until else Ending.TIMEOUT, now)


@_cancelled.upon(_Login.accepted).to(_evicting)
def _evict(login: _Login, core: _LoginCore, packet: PortalPacket, now: float) -> Actions:
    timings = core.talk.settings.timings
    core.talk.serial = core.take_serial()
    core.logout_request = core.talk.request(Kind.REQ_LOGOUT)
    return core.talk.ask(core.logout_request, timings.logout_tries, timings.logout_seconds, now)


@_online.upon(_Login.patience_over).to(_closed)
@_cancelled.upon(_Login.patience_over).to(_closed)
@_evicting.upon(_Login.patience_over).to(_closed)
def _close(login: _Login, core: _LoginCore, now: float) -> Actions:
    core.talk.next_at = None
    return ()


@_evicting.upon(_Login.logout_answered).to(_closed)
def _evicted(login: _Login, core: _LoginCore) -> Actions:
    core.talk.next_at = None
    return ()


for _state in (_pausing, _authenticating, _online, _cancelled, _evicting, _closed):
    _state.upon(_Login.challenge_given).loop().returns(())
    _state.upon(_Login.challenge_busy).loop().returns(())
    _state.upon(_Login.challenge_refused).loop().returns(())
for _state in (_online, _cancelled, _evicting, _closed):
    _state.upon(_Login.auth_busy).loop().returns(())
    _state.upon(_Login.auth_refused).loop().returns(())
_evicting.upon(_Login.accepted).loop().returns(())
_closed.upon(_Login.accepted).loop().returns(())
_closed.upon(_Login.logout_answered).loop().returns(())

_login_machine = _builder.build()


class LoginDialogue:
    """One login of one user at one device.

    Args:
        take_serial: gives a SerialNo (1-65535) that is free among this device's outstanding requests. It is called
            for the login, again for a new attempt after ACK_CHALLENGE 3, and for the logout that undoes a login
            which succeeded too late. The shell routes each of them to `receive` until the dialogue is closed.
        username: UTF-8 octets, `user@domain` picks a domain on the device. At most 253 octets.
        password: octets; with PAP at most 253, and devices document limits of 16 to 31.
    """

    def __init__(
        self,
        settings: DialogueSettings,
        *,
        user_ip: str,
        username: bytes,
        password: bytes,
        take_serial: Callable[[], int],
    ) -> None:
        busy_left = settings.timings.busy_tries
        self._core = _LoginCore(Talk(settings, user_ip), username, password, take_serial, busy_left=busy_left)
        self._login = _login_machine(self._core)

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
        return self._login.begin_pap(now) if self._core.talk.settings.pap else self._login.begin_chap(now)

    def receive(self, datagram: bytes, now: float) -> Actions:
        """Take a datagram from the device. What is malformed, forged or not about this login changes nothing."""
        packet = self._core.talk.answer(datagram)
        if packet is None:
            return ()
        match packet.kind:
            case Kind.ACK_CHALLENGE:
                return self._challenge_answer(packet, now)
            case Kind.ACK_AUTH:
                return self._auth_answer(packet, now)
            case Kind.ACK_LOGOUT:
                return self._logout_answer(packet)
        return ()

    def tick(self, now: float) -> Actions:
        """Do what is due at `now`; nothing when called early."""
        if self.next_at is None or now < self.next_at:
            return ()
        return self._login.retry_due(now) if self._core.talk.tries_left else self._login.patience_over(now)

    def _challenge_answer(self, packet: PortalPacket, now: float) -> Actions:
        core, request = self._core, self._core.challenge_request
        if request is None or packet.serial != core.login_serial or not core.talk.trusts(packet, request):
            return ()
        if packet.error_code == _WAIT and core.busy_left:
            return self._login.challenge_busy(now)
        if packet.error_code == 0 and packet.first(AttributeKind.CHALLENGE):
            return self._login.challenge_given(packet, now)
        ending = _CHALLENGE_ENDINGS.get(packet.error_code, Ending.DEVICE_FAILED)
        if packet.error_code == _WAIT:
            ending = Ending.BUSY
        return self._login.challenge_refused(core.talk.ended(_by_error_id(packet, ending), packet))

    def _auth_answer(self, packet: PortalPacket, now: float) -> Actions:
        core, request = self._core, self._core.auth_request
        if request is None or packet.serial != core.login_serial or not core.talk.trusts(packet, request):
            return ()
        if packet.error_code == 0:
            return self._login.accepted(packet, now)
        if packet.error_code == _WAIT:
            return self._login.auth_busy(now)
        ending = _AUTH_ENDINGS.get(packet.error_code, Ending.DEVICE_FAILED)
        return self._login.auth_refused(core.talk.ended(_by_error_id(packet, ending), packet))

    def _logout_answer(self, packet: PortalPacket) -> Actions:
        core, request = self._core, self._core.logout_request
        if request is None or packet.serial != core.talk.serial or not core.talk.trusts(packet, request):
            return ()
        return self._login.logout_answered()


def _by_error_id(packet: PortalPacket, ending: Ending) -> Ending:
    """The operator-mode code, where a device sends one, is more exact than ErrCode."""
    return _ERROR_ID_ENDINGS.get(read_words(packet)[1], ending)
