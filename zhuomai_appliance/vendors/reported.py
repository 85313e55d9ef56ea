"""What an accounting report tells beside its totals: IPv6 addresses, rates in force, traffic by a device's tariffs."""

from __future__ import annotations

import re
from typing import Final

from zhuomai_appliance.model.access import Ipv6Kind, Ipv6Span
from zhuomai_appliance.radius.packet import Packet
from zhuomai_appliance.radius.values import address6, integer, prefix6
from zhuomai_appliance.vendors.profile import AttributeId, VendorProfile

FRAMED_ADDRESS: Final = 168
"""Framed-IPv6-Address (RFC 6911 §3.1): a client with privacy extensions has several."""
INTERFACE_ID: Final = 96
"""Framed-Interface-Id (RFC 3162 §2.2): the low half of an address."""
FRAMED_PREFIX: Final = 97
"""Framed-IPv6-Prefix (RFC 3162 §2.3): the link's."""
DELEGATED_PREFIX: Final = 123
"""Delegated-IPv6-Prefix (RFC 4818 §3): the client's own, behind its router."""

_LEVEL: Final = re.compile(rb"\s*([0-9]{1,3})\s*:\s*([0-9]{1,10})\s*")
"""A tariff's level and a count of 32 bits."""

MOST: Final = 32
"""Addresses of one report that are kept; a phone has a handful."""


def ipv6_spans(
    packet: Packet, inside: dict[AttributeId, bytes], profile: VendorProfile
) -> tuple[Ipv6Span, ...]:
    """Every IPv6 address and prefix of a session that a report names, each once; values of a wrong size are left out."""
    firsts = packet.firsts
    found: dict[Ipv6Span, None] = {}
    own = None if profile.ipv6_address is None else inside.get(profile.ipv6_address)
    if own is None and not (
        FRAMED_ADDRESS in firsts or FRAMED_PREFIX in firsts or DELEGATED_PREFIX in firsts
    ):
        return ()
    for value in (*packet.every(FRAMED_ADDRESS), *(() if own is None else (own,))):
        if (address := address6(value)) is not None:
            found[Ipv6Span(Ipv6Kind.ADDRESS, f"{address}/128")] = None
    if (address := _own_address(packet)) is not None:
        found[Ipv6Span(Ipv6Kind.ADDRESS, f"{address}/128")] = None
    for number, kind in ((FRAMED_PREFIX, Ipv6Kind.PREFIX), (DELEGATED_PREFIX, Ipv6Kind.DELEGATED)):
        for value in packet.every(number):
            if (prefix := prefix6(value)) is not None:
                found[Ipv6Span(kind, prefix)] = None
    return tuple(found)[:MOST]


def _own_address(packet: Packet) -> str | None:
    """What a link's prefix of 64 bits and the client's Framed-Interface-Id make together (RFC 3162 §2.2)."""
    prefix, interface = packet.first(FRAMED_PREFIX), packet.first(INTERFACE_ID)
    if (
        prefix is None
        or interface is None
        or len(interface) != 8
        or prefix6(prefix) is None
        or prefix[1] != 64
    ):
        return None
    return address6(prefix[2:10].ljust(8, b"\0") + interface)


def count_of_levels(packet: Packet, low: AttributeId, high: AttributeId) -> int | None:
    """The sum over all tariff levels in one direction, in the device's traffic unit; None where none is told.

    A level that is told twice counts once, with its larger value; a text of another form is left out.
    """
    lows, highs = _levels(packet, low), _levels(packet, high)
    return sum(lows.values()) + (sum(highs.values()) << 32) if lows or highs else None


def _levels(packet: Packet, attribute: AttributeId) -> dict[int, int]:
    found: dict[int, int] = {}
    for value in packet.vendor_every(*attribute):
        if (told := _LEVEL.fullmatch(value.rstrip(b"\0"))) is not None:
            level, count = int(told[1]), min(int(told[2]), 0xFFFFFFFF)
            found[level] = max(found.get(level, 0), count)
    return found


def reported_rate(inside: dict[AttributeId, bytes], profile: VendorProfile) -> tuple[int, int] | None:
    """The rates in force, up and down in bit/s, where the device reports both; None otherwise."""
    if profile.reported_rate is None:
        return None
    up, down = (integer(inside.get(attribute)) for attribute in profile.reported_rate)
    return None if up is None or down is None else (up, down)
