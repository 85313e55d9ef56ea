"""The portal protocol's one socket: we ask access controllers through it, and they notify us on it.

Requests leave from the very socket that listens (notes §1), so that a device which answers to a fixed port and one that
answers to the source port both reach us. The dialogue and the notice desk decide; this file sends, times and routes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from zhuomai_appliance.flows.ports import NasFinder
from zhuomai_appliance.flows.trace import NO_TRACE, Tracer
from zhuomai_appliance.model.network import Nas, NasId, PortalAuth, Vendor
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.portal.dialogue import LoginDialogue
from zhuomai_appliance.portal.heartbeat import Notice, NoticeDesk, NoticeTerms, sign_of_life
from zhuomai_appliance.portal.info import InfoDialogue
from zhuomai_appliance.portal.kinds import Kind
from zhuomai_appliance.portal.logout import LogoutDialogue
from zhuomai_appliance.portal.terms import Actions, DialogueSettings, Done, Ending, Outcome, Send, Timings

IN_FLIGHT_PER_NAS: Final = 100
"""Of 500 logins sent at once to a local device 304 lost a datagram; with 100 in flight all came through (notes §9)."""
WAITING_PER_NAS: Final = 2000
HEARTBEAT_SECONDS: Final = 20.0
_NOTICES: Final = frozenset((Kind.NTF_LOGOUT, Kind.NTF_USERIPCHANGE, Kind.NTF_USER_NOTIFY))

_SIGN_OF_LIFE: Final = {
    Vendor.HUAWEI_CAMPUS: Kind.STATUS_NOTIFY,
    Vendor.HUAWEI_BRAS: Kind.STATUS_NOTIFY,
    Vendor.H3C: Kind.NTF_HEARTBEAT,
}


@dataclass(slots=True, eq=False)
class _Talk:
    """One running dialogue with a device."""

    nas: Nas
    host: str
    dialogue: LoginDialogue | LogoutDialogue | InfoDialogue
    done: Deferred[Outcome] = field(default_factory=Deferred)
    serials: set[int] = field(default_factory=set)
    timer: IDelayedCall | None = None
    started: bool = False
    told: bool = False


class PortalProtocol(DatagramProtocol):
    """Logins, logouts and notices over UDP. ``on_notice`` hears NTF_LOGOUT once for each event."""

    log = Logger(namespace="zhuomai.portal")

    def __init__(
        self,
        finder: NasFinder,
        clocks: Clocks,
        random_serial: Callable[[], int],
        on_notice: Callable[[Nas, Notice], None],
        timings: Timings | None = None,
        tracer: Tracer = NO_TRACE,
    ) -> None:
        self._tracer = tracer
        self._finder = finder
        self._clocks = clocks
        self._random_serial = random_serial
        self._on_notice = on_notice
        self._timings = timings or Timings()
        self._desk = NoticeDesk()
        self._talks: dict[tuple[str, int], _Talk] = {}
        self._in_flight: Counter[NasId] = Counter()
        self._waiting: dict[NasId, list[_Talk]] = {}
        self.counters: Counter[str] = Counter()
        self.complaints = Complaints(clocks.monotonic)

    # Asking -----------------------------------------------------------------------------------------------------------

    def login(self, nas: Nas, user_ip: str, username: str, password: bytes) -> Deferred[Outcome]:
        """Log a client in at its device (see flows.ports.PortalDoor)."""
        dialogue = LoginDialogue(
            self._settings(nas),
            user_ip=user_ip,
            username=username.encode(),
            password=password,
            take_serial=lambda: self._take_serial(talk),
        )
        talk = _Talk(nas, nas.host, dialogue)
        if self._tracer.watches:
            self._tracer.expect(username, user_ip)
        return self._begin(talk)

    def logout(self, nas: Nas, user_ip: str, mac: str | None) -> Deferred[Outcome]:
        """Log a client out at its device."""
        serial = self._free_serial(nas.host)
        talk = _Talk(
            nas, nas.host, LogoutDialogue(self._settings(nas), user_ip=user_ip, serial=serial, mac=mac)
        )
        self._register(talk, serial)
        return self._begin(talk)

    def info(self, nas: Nas, user_ip: str) -> Deferred[Outcome]:
        """Ask a device about one of its users; also a test whether it answers at all, and with our key."""
        serial = self._free_serial(nas.host)
        talk = _Talk(nas, nas.host, InfoDialogue(self._settings(nas), user_ip=user_ip, serial=serial))
        self._register(talk, serial)
        return self._begin(talk)

    def _settings(self, nas: Nas) -> DialogueSettings:
        return DialogueSettings(
            key=nas.portal_secret,
            version=nas.portal_version,
            pap=nas.portal_auth is PortalAuth.PAP,
            bas_ip=nas.host,
            timings=self._timings,
        )

    def _begin(self, talk: _Talk) -> Deferred[Outcome]:
        queue = self._waiting.setdefault(talk.nas.id, [])
        if self._in_flight[talk.nas.id] < IN_FLIGHT_PER_NAS:
            self._start(talk)
        elif len(queue) < WAITING_PER_NAS:
            queue.append(talk)
        else:
            self.counters["refused_busy"] += 1
            self._tell(talk, Outcome(Ending.BUSY))
        return talk.done

    def _start(self, talk: _Talk) -> None:
        talk.started = True
        self._in_flight[talk.nas.id] += 1
        self.counters["dialogues"] += 1
        self._step(talk, talk.dialogue.start)

    def _free_serial(self, host: str) -> int:
        while True:
            serial = self._random_serial()
            if serial and (host, serial) not in self._talks:
                return serial

    def _register(self, talk: _Talk, serial: int) -> None:
        self._talks[(talk.host, serial)] = talk
        talk.serials.add(serial)

    def _take_serial(self, talk: _Talk) -> int:
        serial = self._free_serial(talk.host)
        self._register(talk, serial)
        return serial

    def _step(self, talk: _Talk, step: Callable[[float], Actions]) -> None:
        """Take a dialogue one step on; one that cannot be led in this protocol ends, and frees its place."""
        try:
            actions = step(self._clocks.monotonic())
        except ValueError as error:
            # A name of over 253 octets, or an address that is no IPv4
            self._stop(talk)
            self._forget(talk)
            self._tell(talk, Outcome(Ending.DEVICE_FAILED, text=str(error)))
            return
        self._act(talk, actions)

    @staticmethod
    def _stop(talk: _Talk) -> None:
        if talk.timer is not None and talk.timer.active():
            talk.timer.cancel()
        talk.timer = None

    def _act(self, talk: _Talk, actions: Actions) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._send(talk.nas, action.datagram, (talk.host, talk.nas.portal_port))
            elif isinstance(action, Done):
                self._tell(talk, action.outcome)
        self._stop(talk)
        at = talk.dialogue.next_at
        if at is None:
            self._forget(talk)
        else:
            talk.timer = self._clocks.later(at - self._clocks.monotonic(), self._tick, talk)

    def _send(self, nas: Nas, datagram: bytes, addr: tuple[str, int]) -> None:
        if self._tracer.watches:
            self._tracer.portal(nas, addr, datagram, ours=True)
        if self.transport is not None:
            self.transport.write(datagram, addr)

    def _tick(self, talk: _Talk) -> None:
        talk.timer = None
        self._step(talk, talk.dialogue.tick)

    def _tell(self, talk: _Talk, outcome: Outcome) -> None:
        if talk.told:
            return
        talk.told = True
        self.counters[f"ended_{outcome.ending.value}"] += 1
        if outcome.forged_answers and self.complaints.may_say("forged", talk.host):
            self.log.warn(
                "{count} portal answers from {host} had a wrong authenticator: the portal keys probably differ",
                count=outcome.forged_answers,
                host=talk.host,
            )
        talk.done.callback(outcome)
        if not talk.started:
            self._forget(talk)
            return
        self._in_flight[talk.nas.id] -= 1
        queue = self._waiting.get(talk.nas.id)
        if queue and self._in_flight[talk.nas.id] < IN_FLIGHT_PER_NAS:
            self._start(queue.pop(0))

    def _forget(self, talk: _Talk) -> None:
        for serial in talk.serials:
            self._talks.pop((talk.host, serial), None)

    # Hearing ------------------------------------------------------------------------------------------------------------

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Take one datagram: an answer for a running dialogue, or a device's own notice."""
        host = addr[0]
        nas = self._finder.find(host)
        if nas is None:
            self.counters["unknown_nas"] += 1
            if self.complaints.may_say("unknown_nas", host):
                self.log.warn("portal datagram from {host}, which is not in the NAS list, dropped", host=host)
            return
        if self._tracer.watches:
            self._tracer.portal(nas, addr, datagram, ours=False)
        if len(datagram) < 16:
            self.counters["malformed"] += 1
            return
        if datagram[1] in _NOTICES:
            self._hear_notice(nas, datagram, addr)
            return
        if datagram[1] == Kind.ACK_STATUS_NOTIFY:
            self.counters["status_acknowledged"] += 1
            return
        talk = self._talks.get((host, int.from_bytes(datagram[4:6], "big")))
        if talk is None:
            self.counters["unasked"] += 1
            return
        self._step(talk, lambda now: talk.dialogue.receive(datagram, now))

    def _hear_notice(self, nas: Nas, datagram: bytes, addr: tuple[str, int]) -> None:
        terms = NoticeTerms(
            key=nas.portal_secret,
            version=nas.portal_version,
            bas_ip=nas.host if nas.is_single_host else addr[0],
            zero_formula=bool(nas.quirks.get("portal_zero_formula", False)),
        )
        heard = self._desk.hear(addr[0], datagram, terms, self._clocks.monotonic())
        if heard.refused:
            self.counters[f"notice_{heard.refused.replace(' ', '_')}"] += 1
            if self.complaints.may_say(heard.refused, addr[0]):
                self.log.warn("portal notice from {host} dropped: {why}", host=addr[0], why=heard.refused)
            return
        if heard.answer is not None:
            self._send(nas, heard.answer, addr)
        if heard.notice is not None:
            self.counters["notices"] += 1
            self._on_notice(nas, heard.notice)

    def beat(self, devices: list[Nas]) -> None:
        """Tell the devices that count on it that we are alive (notes §10)."""
        for nas in devices:
            kind = _SIGN_OF_LIFE.get(nas.vendor)
            if kind is not None and nas.is_single_host and nas.portal_version == 2:
                serial = self._random_serial() or 1
                alive = sign_of_life(kind, version=2, key=nas.portal_secret, serial=serial)
                self._send(nas, alive, (nas.host, nas.portal_port))

    def stopProtocol(self) -> None:
        """End every dialogue, the waiting ones first: none of them may begin because another ends."""
        waiting = [talk for queue in self._waiting.values() for talk in queue]
        self._waiting.clear()
        for talk in (*waiting, *{id(t): t for t in self._talks.values()}.values()):
            self._stop(talk)
            self._tell(talk, Outcome(Ending.TIMEOUT))
        self._talks.clear()
