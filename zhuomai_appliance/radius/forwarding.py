"""A request passed on to another server, and what of its answer may come back: RADIUS seen by a proxy, without IO.

Sources: RFC 2865 §2 and §5.33 (proxies, Proxy-State), §5.3 (whose authenticator is a CHAP challenge), RFC 3579 §2.6 and
§3, RFC 2548 §2 (Microsoft), RFC 4372 (Chargeable-User-Identity), RFC 7585 and RFC 7593 §3 (loops in roaming).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Attribute, Code, Packet, sub_attributes, vendor_attribute

MOST_HOPS: Final = 8
"""Proxies that a request may have passed: each leaves a Proxy-State. Roaming federations need three or four."""

AttributeId = tuple[int, int]
"""Vendor id, 0 for a standard attribute, and number."""

_MICROSOFT: Final = attr.VENDOR_MICROSOFT
_NOT_FORWARDED: Final = frozenset((attr.USER_PASSWORD, attr.MESSAGE_AUTHENTICATOR))

HIDDEN: Final = frozenset(((_MICROSOFT, 16), (_MICROSOFT, 17)))
"""MS-MPPE-Send-Key and MS-MPPE-Recv-Key (RFC 2548 §2.4): hidden under each hop's own secret, so they go by a way of their own."""

_HARMLESS: Final[dict[int, frozenset[AttributeId]]] = {
    Code.ACCESS_ACCEPT: frozenset(
        (
            (0, attr.USER_NAME),
            (0, attr.REPLY_MESSAGE),
            (0, attr.SESSION_TIMEOUT),
            (0, attr.IDLE_TIMEOUT),
            (0, attr.EAP_MESSAGE),
            (0, attr.CHARGEABLE_USER_IDENTITY),
            (
                _MICROSOFT,
                7,
            ),  # MPPE-Encryption-Policy, -Types, CHAP2-Success: part of the proof, not of a service
            (_MICROSOFT, 8),
            (_MICROSOFT, 26),
        )
    ),
    Code.ACCESS_CHALLENGE: frozenset(
        ((0, attr.REPLY_MESSAGE), (0, attr.STATE), (0, attr.SESSION_TIMEOUT), (0, attr.EAP_MESSAGE))
    ),
    Code.ACCESS_REJECT: frozenset(
        ((0, attr.REPLY_MESSAGE), (0, attr.EAP_MESSAGE), (0, attr.ERROR_CAUSE), (_MICROSOFT, 2))
    ),
}
"""What an answer may hold from elsewhere: who it is, for how long, and the proof. Never what a service is like."""


def forwarded(packet: Packet, user_name: bytes | None, proxy_state: bytes) -> tuple[Attribute, ...]:
    """The attributes of an Access-Request to pass on, in their order, our Proxy-State behind all others.

    User-Password and Message-Authenticator are left out: whoever sends them makes them anew. A CHAP challenge that was
    the request's own authenticator stands explicitly, since the next request has another one.

    Args:
        user_name: what stands in User-Name; None leaves the request's own.
    """
    kept = [
        (number, user_name if number == attr.USER_NAME and user_name is not None else value)
        for number, value in packet.attributes
        if number not in _NOT_FORWARDED
    ]
    if packet.has(attr.CHAP_PASSWORD) and not packet.has(attr.CHAP_CHALLENGE):
        kept.append((attr.CHAP_CHALLENGE, packet.authenticator))
    kept.append((attr.PROXY_STATE, proxy_state))
    return tuple(kept)


def forwarded_report(
    packet: Packet, user_name: bytes | None, classes: Iterable[bytes], own: bytes, more: Iterable[Attribute]
) -> tuple[Attribute, ...]:
    """The attributes of an Accounting-Request to pass on later, when nobody waits for it any more.

    Args:
        classes: the Class values that the other server gave, which stand in place of ours.
        own: our Class.
        more: attributes that go in front, unless the report has them: who the access device is.
    """
    kept: list[Attribute] = [one for one in more if not packet.has(one[0])]
    for number, value in packet.attributes:
        if number in (attr.MESSAGE_AUTHENTICATOR, attr.PROXY_STATE, attr.ACCT_DELAY_TIME):
            continue
        if number == attr.CLASS and value == own:
            kept += ((attr.CLASS, one) for one in classes)
        elif number == attr.USER_NAME and user_name is not None:
            kept.append((number, user_name))
        else:
            kept.append((number, value))
    return tuple(kept)


def octets_of(attributes: Iterable[Attribute]) -> bytes:
    """Attributes as they stand in a packet, to be kept."""
    return b"".join(bytes((number, len(value) + 2)) + value for number, value in attributes)


def attributes_in(octets: bytes) -> tuple[Attribute, ...]:
    """What `octets_of` kept."""
    found: list[Attribute] = []
    at = 0
    while at < len(octets):
        end = at + octets[at + 1]
        found.append((octets[at], octets[at + 2 : end]))
        at = end
    return tuple(found)


def is_looping(packet: Packet, own_prefix: bytes) -> bool:
    """Whether a request has been here before, or through more servers than anybody needs."""
    states = packet.every(attr.PROXY_STATE)
    return len(states) >= MOST_HOPS or any(state.startswith(own_prefix) for state in states)


def came_back(reply: Packet, proxy_state: bytes) -> bool:
    """Whether an answer carries the Proxy-State of ours last, as it has to (RFC 2865 §5.33)."""
    states = reply.every(attr.PROXY_STATE)
    return bool(states) and states[-1] == proxy_state


def permitted(reply: Packet, accepted: frozenset[AttributeId]) -> tuple[Attribute, ...]:
    """What of an answer may be given to the access device, in its order, without what is hidden.

    Args:
        accepted: attributes that an Access-Accept of this server may set here beside the harmless ones.
    """
    allowed = _HARMLESS.get(reply.code, frozenset())
    if reply.code == Code.ACCESS_ACCEPT:
        allowed |= accepted - HIDDEN
    # A sentence does not go beside an EAP packet (RFC 3579 §2.6.5)
    if reply.has(attr.EAP_MESSAGE):
        allowed -= {(0, attr.REPLY_MESSAGE)}
    return tuple(_permitted(reply, allowed))


def _permitted(reply: Packet, allowed: frozenset[AttributeId]) -> Iterable[Attribute]:
    for number, value in reply.attributes:
        if number != attr.VENDOR_SPECIFIC:
            if (0, number) in allowed:
                yield number, value
            continue
        vendor_id = int.from_bytes(value[:4], "big")
        for sub, inside in sub_attributes(value):
            if (vendor_id, sub) in allowed:
                yield vendor_attribute(vendor_id, sub, inside)
