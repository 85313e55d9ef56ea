"""RADIUS packets one after the other in a stream (RFC 6613 §2.6.4): each tells its length in its third and fourth octet."""

from __future__ import annotations

from zhuomai_appliance.radius.packet import HEADER_OCTETS, MAX_PACKET_OCTETS, WireError


class PacketStream:
    """Takes octets as they come, gives packets. Holds at most one unfinished packet, so 4096 octets."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    @property
    def is_unfinished(self) -> bool:
        """Whether a packet has begun and is not whole yet."""
        return bool(self._held)

    def feed(self, octets: bytes) -> list[bytes]:
        """The packets that are whole now.

        Raises:
            WireError: a Length outside 20..4096. Nothing behind it can be found again: the stream is over (RFC 6613
                §2.6.4). What was whole before it is lost with it.
        """
        held = self._held + octets
        found: list[bytes] = []
        at, end = 0, len(held)
        while end - at >= 4:
            length = int.from_bytes(held[at + 2 : at + 4], "big")
            if not HEADER_OCTETS <= length <= MAX_PACKET_OCTETS:
                raise WireError("bad Length in a stream")
            if end - at < length:
                break
            found.append(held[at : at + length])
            at += length
        self._held = held[at:]
        return found
