"""Signs of life to the device, and its unsolicited notices to us: NTF_LOGOUT, NTF_USER_NOTIFY, NTF_USERIPCHANGE.

Huawei counts STATUS_NOTIFY (or any other authentic packet) as life of the portal server, H3C NTF_HEARTBEAT; a third
of the device's own interval is the usual pace. Every notice must be answered, known user or not, first or repeated:
devices probe the server with a notice about 0.0.0.0 or 254.254.254.254, and repeat others until they are answered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from zhuomai_appliance.portal.packet import (
    MAX_LISTED_USERS,
    NO_USER,
    AttributeKind,
    Kind,
    PortalPacket,
    PortalWireError,
    decode,
    decode_text,
    encode_answer,
    encode_request,
    is_authentic_request,
    pack_address,
)
from zhuomai_appliance.portal.terms import read_words

PROBE_USERS = frozenset({NO_USER, "254.254.254.254"})
"""User addresses of notices that only ask whether the server is alive."""

_ANSWERS = {
    Kind.NTF_LOGOUT: Kind.ACK_NTF_LOGOUT,
    Kind.NTF_USER_NOTIFY: Kind.AFF_NTF_USER_NOTIFY,
    Kind.NTF_USERIPCHANGE: Kind.AFF_NTF_USERIPCHANGE,
}
_NO_AUTHENTICATOR = bytes(16)


def sign_of_life(kind: Kind, *, version: int, key: bytes, serial: int) -> bytes:
    """STATUS_NOTIFY (Huawei) or NTF_HEARTBEAT (H3C); neither carries attributes."""
    return encode_request(kind, version=version, key=key, serial=serial)


def user_lists(
    users: tuple[str, ...], *, version: int, key: bytes, serials: tuple[int, ...], bas_ip: str | None = None
) -> tuple[bytes, ...]:
    """USER_SYN datagrams naming all users that are online at one device, 63 addresses in each.

    The device logs out a user that is not named for long: name all of them, and not before sessions are loaded.

    Raises:
        ValueError: `serials` does not hold one number for each datagram.
    """
    slices = [users[at : at + MAX_LISTED_USERS] for at in range(0, len(users), MAX_LISTED_USERS)]
    device = () if bas_ip is None else ((AttributeKind.BAS_IP, pack_address(bas_ip)),)
    return tuple(
        encode_request(
            Kind.USER_SYN,
            version=version,
            key=key,
            serial=serial,
            attributes=((AttributeKind.USER_LIST, b"".join(map(pack_address, part))), *device),
        )
        for part, serial in zip(slices, serials, strict=True)
    )


def listed_users(packet: PortalPacket) -> tuple[str, ...]:
    """The addresses of all User-List attributes; an incomplete address at the end of one is left out."""
    users = []
    for value in packet.every(AttributeKind.USER_LIST):
        users += [".".join(map(str, value[at : at + 4])) for at in range(0, len(value) - 3, 4)]
    return tuple(users)


@dataclass(frozen=True, slots=True)
class NoticeTerms:
    """How notices of one device are proven and answered.

    Attributes:
        version: 1 or 2; notices of the other version are refused.
        zero_formula: sign answers over 16 zeros instead of the notice's authenticator. No vendor states which one
            its devices demand: the answer formula is the rule of the protocol, zeros are in use as well.
    """

    key: bytes = field(repr=False)
    version: int = 2
    bas_ip: str | None = None
    zero_formula: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What a device told on its own.

    Attributes:
        kind: NTF_LOGOUT (the user was forced off), NTF_USER_NOTIFY (words for the user) or NTF_USERIPCHANGE (a second
            address; needs a client program on the terminal, so it is only worth a log line here).
        error_code: of NTF_LOGOUT: 0 forced off; some devices say 1 idle or timed out, 2 deleted.
        text: words of the device; error_id: its five-character code. Both may be empty.
    """

    kind: Kind
    user_ip: str
    mac: str | None
    error_code: int
    text: str
    error_id: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What to do about a datagram: `answer` goes to the address and port it came from; `notice` is news, or None.

    `refused` names why the datagram was dropped ("malformed", "version", "unexpected kind", "authenticator") and is
    empty otherwise: the shell counts by it.
    """

    answer: bytes | None = None
    notice: Notice | None = None
    refused: str = ""


class NoticeDesk:
    """Answers notices: each one, repeats with the same octets, and tells the news once.

    Args:
        remember_seconds: a repeat within this time is no news. Devices repeat some seconds apart.
        capacity: remembered notices; the oldest is forgotten first, so a flood costs no memory.
    """

    def __init__(self, *, remember_seconds: float = 30.0, capacity: int = 4096) -> None:
        self._remember_seconds = remember_seconds
        self._capacity = capacity
        self._answered: OrderedDict[tuple[str, bytes], tuple[float, bytes]] = OrderedDict()

    def hear(self, device: str, datagram: bytes, terms: NoticeTerms, now: float) -> Heard:
        """Take a datagram from `device` (any name that is one device's alone) at `now`, seconds on a steady clock."""
        try:
            packet = decode(datagram)
        except PortalWireError:
            return Heard(refused="malformed")
        if packet.version != terms.version:
            return Heard(refused="version")
        if packet.kind not in _ANSWERS:
            return Heard(refused="unexpected kind")
        if packet.version == 2 and not is_authentic_request(packet, terms.key):
            return Heard(refused="authenticator")
        known = self._known(device, datagram, now)
        if known is not None:
            return Heard(known)
        answer = _answer(packet, terms)
        self._answered[device, datagram] = (now, answer)
        if len(self._answered) > self._capacity:
            self._answered.popitem(last=False)
        if packet.user_ip in PROBE_USERS:
            return Heard(answer)
        return Heard(answer, _notice(packet))

    def _known(self, device: str, datagram: bytes, now: float) -> bytes | None:
        while self._answered:
            key, (at, _) = next(iter(self._answered.items()))
            if now - at < self._remember_seconds:
                break
            del self._answered[key]
        found = self._answered.get((device, datagram))
        return None if found is None else found[1]


def _answer(packet: PortalPacket, terms: NoticeTerms) -> bytes:
    device = () if terms.bas_ip is None else ((AttributeKind.BAS_IP, pack_address(terms.bas_ip)),)
    return encode_answer(
        _ANSWERS[packet.kind],
        version=terms.version,
        key=terms.key,
        request_authenticator=_NO_AUTHENTICATOR if terms.zero_formula else packet.authenticator,
        serial=packet.serial,
        user_ip=packet.user_ip,
        req_id=packet.req_id,
        attributes=device,
    )


def _notice(packet: PortalPacket) -> Notice:
    text, error_id = read_words(packet)
    words = (decode_text(value) for value in packet.every(AttributeKind.USER_NOTIFY))
    return Notice(
        kind=packet.kind,
        user_ip=packet.user_ip,
        mac=packet.mac,
        error_code=packet.error_code,
        text=" ".join(filter(None, (text, *words))),
        error_id=error_id,
    )
