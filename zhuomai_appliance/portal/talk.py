"""What login and logout have in common: one outstanding request, its repetition, and the proof of its answer."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.portal.packet import (
    AttributeKind,
    Kind,
    PortalPacket,
    PortalWireError,
    decode,
    encode_request,
    is_authentic_answer,
    pack_address,
)
from zhuomai_appliance.portal.terms import Actions, DialogueSettings, Done, Ending, Outcome, Send, read_words


@dataclass(slots=True)
class Talk:
    """The outstanding request of a dialogue: what is repeated, how often still, and when next."""

    settings: DialogueSettings
    user_ip: str
    serial: int = 0
    datagram: bytes = b""
    tries_left: int = 0
    pause_seconds: float = 0.0
    patience_until: float = 0.0
    next_at: float | None = None
    forged_answers: int = 0

    def ask(self, datagram: bytes, tries: int, pause_seconds: float, now: float) -> Actions:
        """Send a new request, of which `tries` datagrams may go out in all, `pause_seconds` apart."""
        self.datagram, self.tries_left, self.pause_seconds = datagram, tries, pause_seconds
        self.patience_until = 0.0
        return self.repeat(now)

    def repeat(self, now: float) -> Actions:
        """Send the same octets once more: same SerialNo, so the device can tell a repeat from a new login."""
        self.tries_left -= 1
        self.next_at = now + self.pause_seconds
        if self.tries_left == 0:
            self.next_at = max(self.next_at, self.patience_until)
        return (Send(self.datagram),)

    def be_patient(self, seconds: float, now: float) -> None:
        """Do not give up before `seconds` from now, whatever the tries left."""
        self.patience_until = now + seconds
        if self.tries_left == 0:
            self.next_at = self.patience_until

    def linger(self, now: float) -> None:
        """Send nothing more, but listen for a while."""
        self.tries_left = 0
        self.next_at = now + self.settings.timings.linger_seconds

    def request(
        self,
        kind: Kind,
        *attributes: tuple[int, bytes],
        req_id: int = 0,
        error_code: int = 0,
        pap: bool = False,
    ) -> bytes:
        """The datagram of a request with the current SerialNo; BAS-IP is appended to all but REQ_CHALLENGE."""
        device: tuple[tuple[int, bytes], ...] = ()
        if self.settings.bas_ip is not None and kind is not Kind.REQ_CHALLENGE:
            device = ((AttributeKind.BAS_IP, pack_address(self.settings.bas_ip)),)
        return encode_request(
            kind,
            version=self.settings.version,
            key=self.settings.key,
            serial=self.serial,
            user_ip=self.user_ip,
            req_id=req_id,
            error_code=error_code,
            pap=pap,
            attributes=(*attributes, *device),
        )

    def answer(self, datagram: bytes) -> PortalPacket | None:
        """The packet when it is of our version, about our user; None when it concerns somebody else."""
        try:
            packet = decode(datagram)
        except PortalWireError:
            return None
        ours = packet.version == self.settings.version and packet.user_ip == self.user_ip
        return packet if ours else None

    def trusts(self, packet: PortalPacket, request: bytes) -> bool:
        """Whether `packet` proves that it answers `request`; what does not is counted."""
        if self.settings.version == 1 or is_authentic_answer(packet, self.settings.key, request[16:32]):
            return True
        self.forged_answers += 1
        return False

    def ended(self, ending: Ending, packet: PortalPacket | None = None) -> Done:
        """The ending, decided by `packet` or, without one, by the clock."""
        if packet is None:
            return Done(Outcome(ending, forged_answers=self.forged_answers))
        text, error_id = read_words(packet)
        return Done(Outcome(ending, packet.error_code, text, error_id, packet.mac, self.forged_answers))
