"""EAP packets (RFC 3748 §4) and how RADIUS carries them (RFC 3579 §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from zhuomai_appliance.radius.attributes import EAP_MESSAGE
from zhuomai_appliance.radius.packet import Attribute, WireError

IDENTITY: Final = 1
NOTIFICATION: Final = 2
NAK: Final = 3
MD5_CHALLENGE: Final = 4
TLS: Final = 13
TTLS: Final = 21
PEAP: Final = 25
MSCHAPV2: Final = 26
EXTENSIONS: Final = 33
EXPANDED: Final = 254

METHODS: Final = {"peap": PEAP, "ttls": TTLS, "tls": TLS, "md5": MD5_CHALLENGE, "mschapv2": MSCHAPV2}
"""What people call the methods that are spoken here, in the order in which they are offered."""

MAX_PIECE_OCTETS: Final = 253
MAX_EAP_OCTETS: Final = 4096
"""No more fits into a RADIUS packet."""
MAX_IDENTITY_OCTETS: Final = 253
"""What User-Name holds, which repeats the identity (RFC 3579 §2.1)."""

_HEAD_OCTETS: Final = 4


class EapCode(IntEnum):
    """RFC 3748 §4."""

    REQUEST = 1
    RESPONSE = 2
    SUCCESS = 3
    FAILURE = 4


class EapPacket(NamedTuple):
    """One packet. ``kind`` is the Type of a request or response, 0 for success and failure; ``data`` follows it."""

    code: EapCode
    identifier: int
    kind: int
    data: bytes

    def __repr__(self) -> str:
        """Nothing of the data: proofs and names are in there."""
        return f"<EapPacket {self.code.name} {self.identifier} type {self.kind}, {len(self.data)} octets>"


def joined(parts: Sequence[bytes]) -> bytes:
    """The EAP packet that some EAP-Message values make; b"" is EAP-Start, with which a device asks us to begin."""
    return b"".join(parts)


def split(packet: bytes) -> tuple[Attribute, ...]:
    """An EAP packet as EAP-Message attributes, in order."""
    return tuple(
        (EAP_MESSAGE, packet[at : at + MAX_PIECE_OCTETS]) for at in range(0, len(packet), MAX_PIECE_OCTETS)
    )


def decode(octets: bytes) -> EapPacket:
    """Read a packet. Octets beyond its length are padding (RFC 3748 §4.1).

    Raises:
        WireError: it is cut short, over 4096 octets, of an unknown code, or a request or response without a Type.
    """
    if not _HEAD_OCTETS <= len(octets) <= MAX_EAP_OCTETS:
        raise WireError(f"an EAP packet of {len(octets)} octets")
    length = int.from_bytes(octets[2:4], "big")
    if not _HEAD_OCTETS <= length <= len(octets):
        raise WireError(f"an EAP packet that says {length} octets and has {len(octets)}")
    try:
        code = EapCode(octets[0])
    except ValueError:
        raise WireError(f"EAP code {octets[0]}") from None
    if code in (EapCode.SUCCESS, EapCode.FAILURE):
        if length != _HEAD_OCTETS:
            raise WireError("an EAP result with something in it")
        return EapPacket(code, octets[1], 0, b"")
    if length == _HEAD_OCTETS:
        raise WireError("an EAP request or response without a Type")
    return EapPacket(code, octets[1], octets[4], octets[5:length])


def request(identifier: int, kind: int, data: bytes) -> bytes:
    """A request of ours. `ValueError` if it is too long."""
    return _encoded(EapCode.REQUEST, identifier, bytes((kind,)) + data)


def response(identifier: int, kind: int, data: bytes) -> bytes:
    """A response, as devices send it: for clients of tests and of the simulator."""
    return _encoded(EapCode.RESPONSE, identifier, bytes((kind,)) + data)


def success(identifier: int) -> bytes:
    """The end of a conversation that got in; the identifier is that of the last request (RFC 3748 §4.2)."""
    return _encoded(EapCode.SUCCESS, identifier, b"")


def failure(identifier: int) -> bytes:
    """The end of one that did not."""
    return _encoded(EapCode.FAILURE, identifier, b"")


def identifier_of(octets: bytes) -> int:
    """The identifier of a packet that may be none: what the end of its conversation has to bear; 0 for EAP-Start."""
    return octets[1] if len(octets) > 1 else 0


def wanted_types(nak: EapPacket) -> tuple[int, ...]:
    """The methods that a device would rather have (RFC 3748 §5.3.1); none for 0, which wants nothing else.

    An expanded Nak (§5.3.2) is read likewise, methods of the IETF alone.
    """
    if nak.kind == NAK:
        return tuple(one for one in nak.data if one)
    wanted: list[int] = []
    data = nak.data[7:]
    for at in range(0, len(data) - 7, 8):
        if data[at] == EXPANDED and data[at + 1 : at + 4] == bytes(3):
            number = int.from_bytes(data[at + 4 : at + 8], "big")
            if 0 < number < EXPANDED:
                wanted.append(number)
    return tuple(wanted)


def is_nak(packet: EapPacket) -> bool:
    """Whether a response refuses the method that was offered, in either form."""
    if packet.kind == NAK:
        return True
    return packet.kind == EXPANDED and packet.data[:7] == bytes(3) + NAK.to_bytes(4, "big")


def _encoded(code: EapCode, identifier: int, body: bytes) -> bytes:
    length = _HEAD_OCTETS + len(body)
    if length > MAX_EAP_OCTETS:
        raise ValueError(f"an EAP packet of {length} octets")
    return bytes((code, identifier & 0xFF)) + length.to_bytes(2, "big") + body
