"""The AC's portal side: answers the portal server on port 2000, and tells it of users that were forced off.

What a real AC does and a test needs: bad authenticators and foreign servers are met with silence; a challenge lives
15 s; a repeated request draws the same octets; a repeated REQ_AUTH while RADIUS works draws ErrCode 3; NTF_LOGOUT is
repeated until it is acknowledged, by either formula of the authenticator.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from zhuomai_appliance.portal.heartbeat import listed_users
from zhuomai_appliance.portal.packet import (
    AttributeKind,
    Kind,
    PortalPacket,
    PortalWireError,
    decode,
    encode_answer,
    encode_request,
    encode_text,
    is_authentic_answer,
    is_authentic_request,
    pack_address,
)
from zhuomai_appliance.simulator.faults import Peer, Wire
from zhuomai_appliance.simulator.settings import AcSettings
from zhuomai_appliance.simulator.station import Station

Attributes = tuple[tuple[int, bytes], ...]

_REMEMBER_SECONDS = 30.0
_REMEMBERED = 8192
_FORGET = 1
"""ErrCode of a REQ_LOGOUT by which the server gives up a login; no answer follows."""


class AccessSide(Protocol):
    """What the portal side asks of the AC. Error codes are those of the portal protocol."""

    def station_at(self, ip: str) -> Station | None:
        """The terminal with this lease."""

    def challenge(self, station: Station) -> tuple[int, int, bytes]:
        """Error code, ReqID and challenge for a new CHAP login."""

    def authenticate(self, station: Station, request: PortalPacket, answer: PortalAnswer) -> None:
        """Begin to authenticate; `answer` is called once with the verdict, or never when the login is forgotten."""

    def affirmed(self, station: Station) -> None:
        """AFF_ACK_AUTH came."""

    def forget(self, station: Station) -> None:
        """The server gave up this login."""

    def log_out(self, station: Station) -> int:
        """The user or the server logs out; the error code of ACK_LOGOUT."""

    def traffic(self, station: Station) -> tuple[int, int, str] | None:
        """Octets up and down and the port's name of a terminal that is online."""

    def is_online(self, ip: str) -> bool:
        """Whether this address has a session."""


class PortalAnswer(Protocol):
    """Takes the verdict of an authentication."""

    def __call__(self, error_code: int, text: str) -> None:
        """Send ACK_AUTH with this code and these words."""


class PortalSide(Wire):
    """One UDP socket: requests come in, answers and NTF_LOGOUT go out."""

    def __init__(self, clock: IReactorTime, settings: AcSettings, access: AccessSide) -> None:
        super().__init__()
        self._clock = clock
        self._settings = settings
        self._access = access
        self._answered: OrderedDict[tuple[Peer, bytes], tuple[float, bytes]] = OrderedDict()
        self._notices: dict[tuple[int, str], tuple[bytes, int]] = {}
        self._serial = 0
        self._version = 2
        self.counts: Counter[str] = Counter()
        """Datagrams by kind, and by reason where one was dropped: foreign, malformed, authenticator, unexpected."""

    def heard(self, datagram: bytes, addr: Peer) -> None:
        """Answer one datagram of the portal server."""
        if addr[0] != self._settings.box.host:
            self.counts["foreign"] += 1
            return
        try:
            packet = decode(datagram)
        except PortalWireError:
            self.counts["malformed"] += 1
            return
        if packet.version == 2 and not self._authentic(packet):
            self.counts["authenticator"] += 1
            return
        self.counts[packet.kind.name] += 1
        known = self._known(addr, datagram)
        if known is not None:
            self.say(known, addr)
            return
        self._version = packet.version
        self._serve(packet, addr)

    def notify_logout(self, station: Station, req_id: int, text: str) -> None:
        """Tell the portal server that a user was forced off, until it says that it has heard."""
        self._serial = self._serial % 0xFFFF + 1
        words = ((AttributeKind.TEXT_INFO, encode_text(text)),) if text else ()
        datagram = encode_request(
            Kind.NTF_LOGOUT,
            version=self._version,
            key=self._settings.box.portal_key,
            serial=self._serial,
            user_ip=station.ip,
            req_id=req_id,
            attributes=((AttributeKind.SESSION_ID, _mac(station)), *words, self._bas_ip),
        )
        self._notices[self._serial, station.ip] = (datagram, self._settings.notice_tries)
        self._repeat_notice(self._serial, station.ip)

    def _repeat_notice(self, serial: int, ip: str) -> None:
        found = self._notices.get((serial, ip))
        if found is None:
            return
        datagram, tries_left = found
        if tries_left == 0:
            del self._notices[serial, ip]
            self.counts["NTF_LOGOUT unanswered"] += 1
            return
        self._notices[serial, ip] = (datagram, tries_left - 1)
        self.say(datagram, (self._settings.box.host, self._settings.box.portal_port))
        self._clock.callLater(self._settings.notice_seconds, self._repeat_notice, serial, ip)

    def _authentic(self, packet: PortalPacket) -> bool:
        key = self._settings.box.portal_key
        if packet.kind is not Kind.ACK_NTF_LOGOUT:
            return is_authentic_request(packet, key)
        notice = self._notices.get((packet.serial, packet.user_ip))
        if is_authentic_request(packet, key):
            return True
        return notice is not None and is_authentic_answer(packet, key, notice[0][16:32])

    def _serve(self, packet: PortalPacket, addr: Peer) -> None:
        match packet.kind:
            case Kind.STATUS_NOTIFY:
                self._answer(packet, addr, Kind.ACK_STATUS_NOTIFY)
            case Kind.NTF_HEARTBEAT:
                pass
            case Kind.USER_SYN:
                gone = [ip for ip in listed_users(packet) if not self._access.is_online(ip)]
                users = b"".join(map(pack_address, gone))
                self._answer(packet, addr, Kind.ACK_USER_SYN, attributes=((AttributeKind.USER_LIST, users),))
            case Kind.ACK_NTF_LOGOUT:
                self._notices.pop((packet.serial, packet.user_ip), None)
            case Kind.REQ_CHALLENGE | Kind.REQ_AUTH | Kind.AFF_ACK_AUTH | Kind.REQ_LOGOUT | Kind.REQ_INFO:
                self._serve_user(packet, addr, self._access.station_at(packet.user_ip))
            case _:
                self.counts["unexpected"] += 1

    def _serve_user(self, packet: PortalPacket, addr: Peer, station: Station | None) -> None:
        if station is None:
            self._answer_stranger(packet, addr)
            return
        match packet.kind:
            case Kind.REQ_CHALLENGE:
                code, req_id, challenge = self._access.challenge(station)
                self._answer(
                    packet,
                    addr,
                    Kind.ACK_CHALLENGE,
                    error_code=code,
                    req_id=req_id,
                    attributes=() if code else ((AttributeKind.CHALLENGE, challenge),),
                )
            case Kind.REQ_AUTH:

                def verdict(error_code: int, text: str) -> None:
                    words = ((AttributeKind.TEXT_INFO, encode_text(text)),) if text else ()
                    self._answer(
                        packet,
                        addr,
                        Kind.ACK_AUTH,
                        error_code=error_code,
                        attributes=((AttributeKind.SESSION_ID, _mac(station)), *words),
                        # "Wait" is said anew at each repeat: the final answer must still get through.
                        remember=error_code != 3,
                    )

                self._access.authenticate(station, packet, verdict)
            case Kind.AFF_ACK_AUTH:
                self._access.affirmed(station)
            case Kind.REQ_INFO:
                self._answer_info(packet, addr, station)
            case _ if packet.error_code == _FORGET:
                self._access.forget(station)
            case _:
                code = self._access.log_out(station)
                session = ((AttributeKind.SESSION_ID, _mac(station)),)
                self._answer(packet, addr, Kind.ACK_LOGOUT, error_code=code, attributes=session)

    def _answer_stranger(self, packet: PortalPacket, addr: Peer) -> None:
        """An address that was never leased: refused, where the packet wants an answer."""
        answers = {
            Kind.REQ_CHALLENGE: Kind.ACK_CHALLENGE,
            Kind.REQ_AUTH: Kind.ACK_AUTH,
            Kind.REQ_INFO: Kind.ACK_INFO,
            Kind.REQ_LOGOUT: Kind.ACK_LOGOUT,
        }
        kind = answers.get(packet.kind)
        if kind is not None and not (packet.kind is Kind.REQ_LOGOUT and packet.error_code == _FORGET):
            self._answer(packet, addr, kind, error_code=1)

    def _answer_info(self, packet: PortalPacket, addr: Peer, station: Station) -> None:
        traffic = self._access.traffic(station)
        if traffic is None:
            self._answer(packet, addr, Kind.ACK_INFO, error_code=1)
            return
        up, down, port = traffic
        values = {
            AttributeKind.UPLINK_FLUX: (up // 1024).to_bytes(8, "big"),
            AttributeKind.DOWNLINK_FLUX: (down // 1024).to_bytes(8, "big"),
            AttributeKind.PORT: port.encode(),
        }
        asked = tuple((kind, value) for kind, value in values.items() if packet.first(kind) is not None)
        self._answer(packet, addr, Kind.ACK_INFO, error_code=0 if asked else 2, attributes=asked)

    def _answer(
        self,
        packet: PortalPacket,
        addr: Peer,
        kind: Kind,
        *,
        error_code: int = 0,
        req_id: int | None = None,
        attributes: Iterable[tuple[int, bytes]] = (),
        remember: bool = True,
    ) -> None:
        datagram = encode_answer(
            kind,
            version=packet.version,
            key=self._settings.box.portal_key,
            request_authenticator=packet.authenticator,
            serial=packet.serial,
            user_ip=packet.user_ip,
            req_id=packet.req_id if req_id is None else req_id,
            error_code=error_code,
            pap=packet.pap,
            attributes=(*attributes, self._bas_ip),
        )
        if remember:
            self._answered[addr, packet.datagram] = (self._clock.seconds(), datagram)
            if len(self._answered) > _REMEMBERED:
                self._answered.popitem(last=False)
        self.say(datagram, addr)

    def _known(self, addr: Peer, datagram: bytes) -> bytes | None:
        now = self._clock.seconds()
        while self._answered:
            key, (at, _) = next(iter(self._answered.items()))
            if now - at < _REMEMBER_SECONDS:
                break
            del self._answered[key]
        found = self._answered.get((addr, datagram))
        return None if found is None else found[1]

    @property
    def _bas_ip(self) -> tuple[int, bytes]:
        return AttributeKind.BAS_IP, pack_address(self._settings.address)


def _mac(station: Station) -> bytes:
    return bytes.fromhex(station.mac.replace(":", ""))
