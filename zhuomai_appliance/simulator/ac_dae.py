"""The AC's dynamic authorisation server (RFC 5176): Disconnect and CoA, as Huawei campus devices serve them.

Acct-Session-Id is required. Foreign servers, bad authenticators and stale Event-Timestamps are met with silence; a
repeated request draws the same octets.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from zhuomai_appliance.radius.packet import (
    Code,
    Packet,
    Signature,
    WireError,
    accounting_authenticator_ok,
    decode,
    encode_reply,
    message_authenticator,
    sub_attributes,
)
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.faults import Peer, Wire
from zhuomai_appliance.simulator.settings import AcSettings
from zhuomai_appliance.simulator.station import Session

UNSUPPORTED_ATTRIBUTE, MISSING_ATTRIBUTE, NAS_MISMATCH = 401, 402, 403
UNSUPPORTED_SERVICE, SESSION_NOT_FOUND = 405, 503

_SERVED = frozenset((Code.DISCONNECT_REQUEST, Code.COA_REQUEST))
_REMEMBERED = 256
_STALE_SECONDS = 300
_VENDOR_SPECIFIC = 26
_STATE, _PROXY_STATE = 24, 33

_IDENTITY = frozenset(
    {
        a.USER_NAME,
        a.NAS_IP_ADDRESS,
        a.NAS_PORT,
        a.FRAMED_IP_ADDRESS,
        _STATE,
        a.CLASS,
        a.CALLED_STATION_ID,
        a.CALLING_STATION_ID,
        a.NAS_IDENTIFIER,
        _PROXY_STATE,
        a.SESSION_ID,
        a.EVENT_TIMESTAMP,
        a.MESSAGE_AUTHENTICATOR,
        a.NAS_PORT_ID,
        a.TERMINATE_CAUSE,
        a.REPLY_MESSAGE,
    }
)
_CHANGES = frozenset({a.FILTER_ID, a.SESSION_TIMEOUT, a.IDLE_TIMEOUT, a.INTERIM_INTERVAL, 64, 65, 81})
_VENDOR_CHANGES = frozenset(range(1, 7)) | {a.REMAINING_KILOBYTES}


class SessionSide(Protocol):
    """What the server asks of the AC."""

    def session(self, session_id: str) -> Session | None:
        """An open session."""

    def disconnect(self, session: Session) -> None:
        """End it as an administrator's reset."""

    def change(self, session: Session, grant: a.Grant) -> None:
        """Apply what the grant says and leave the rest."""


class DaeServer(Wire):
    """One UDP socket that serves Disconnect-Request and CoA-Request."""

    def __init__(self, clock: IReactorTime, settings: AcSettings, sessions: SessionSide) -> None:
        super().__init__()
        self._clock = clock
        self._settings = settings
        self._sessions = sessions
        self._answered: OrderedDict[tuple[Peer, bytes], bytes] = OrderedDict()
        self.counts: Counter[str] = Counter()
        """Requests by outcome, and by reason where one was dropped: foreign, malformed, authenticator, stale."""

    def heard(self, datagram: bytes, addr: Peer) -> None:
        """Answer one request of the RADIUS server."""
        box = self._settings.box
        if addr[0] != box.host:
            self.counts["foreign"] += 1
            return
        try:
            packet = decode(datagram, _SERVED)
        except WireError:
            self.counts["malformed"] += 1
            return
        signed = message_authenticator(packet, box.secret)
        if signed is Signature.BAD or not accounting_authenticator_ok(packet, box.secret):
            self.counts["authenticator"] += 1
            return
        known = self._answered.get((addr, packet.datagram))
        if known is not None:
            self.counts["repeated"] += 1
            self.say(known, addr)
            return
        stamp = packet.first(a.EVENT_TIMESTAMP)
        if stamp is not None and abs(int.from_bytes(stamp, "big") - self._clock.seconds()) > _STALE_SECONDS:
            self.counts["stale"] += 1
            return
        cause = self._serve(packet)
        reply = encode_reply(
            packet.code + (1 if cause is None else 2),
            packet,
            () if cause is None else (a.integer(a.ERROR_CAUSE, cause),),
            box.secret,
            sign=signed is Signature.GOOD,
        )
        self.counts[Code(reply[0]).name] += 1
        self._answered[addr, packet.datagram] = reply
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        self.say(reply, addr)

    def _serve(self, packet: Packet) -> int | None:
        """Do what is asked; the Error-Cause of a NAK, or None for an ACK."""
        session_id = packet.first(a.SESSION_ID)
        if session_id is None:
            return MISSING_ATTRIBUTE
        if not self._is_us(packet):
            return NAS_MISMATCH
        session = self._sessions.session(session_id.decode("latin-1"))
        if session is None or packet.first(a.USER_NAME) not in (None, session.username):
            return SESSION_NOT_FOUND
        if packet.code == Code.DISCONNECT_REQUEST:
            self._sessions.disconnect(session)
            return None
        if not self._settings.serves_coa:
            return UNSUPPORTED_SERVICE
        if not _can_change(packet):
            return UNSUPPORTED_ATTRIBUTE
        self._sessions.change(session, a.read_grant(packet))
        return None

    def _is_us(self, packet: Packet) -> bool:
        _, ours = a.address(a.NAS_IP_ADDRESS, self._settings.address)
        name = self._settings.name.encode()
        return packet.first(a.NAS_IP_ADDRESS) in (None, ours) and packet.first(a.NAS_IDENTIFIER) in (
            None,
            name,
        )


def _can_change(packet: Packet) -> bool:
    for number, value in packet.attributes:
        if number == _VENDOR_SPECIFIC:
            inside = sub_attributes(value)
            huawei = int.from_bytes(value[:4], "big") == a.HUAWEI
            if not huawei or not inside or any(sub not in _VENDOR_CHANGES for sub, _ in inside):
                return False
        elif number not in _IDENTITY and number not in _CHANGES:
            return False
    return True
