"""How a value of a Grant is written into an attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zhuomai_appliance.model.traffic import RateLimit, format_rate
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.vendors.profile import IETF, AttributeId, GrantField, ReplyRule, Unit

Value = int | str | bytes | RateLimit

LARGEST: Final = 0xFFFFFFFF
"""What fits 32 bits: 4.29 Gbit/s, 136 years."""

_OF_RULES: Final = ("$", "acl ")
_MOST_RULE_OCTETS: Final = 2800
"""What rules may take of an answer of 4096 octets, beside the rest of a grant, keys and Proxy-State."""


def encoded(rule: ReplyRule, value: Value, unit: int) -> Iterator[Attribute]:
    """The attributes that one rule makes of a value; none where the value has no place in them.

    Args:
        unit: bits per second of one count for Unit.RATE.

    Raises:
        ValueError: a text too long for its attribute, or a value of a kind that the unit does not know.
    """
    if isinstance(value, str):
        for words in _texts(rule, value):
            yield text_attribute(rule.attribute, rule.prefix + words)
        if rule.unit is Unit.INDEX and value.isascii() and value.isdigit() and int(value) <= LARGEST:
            yield numbered(rule.attribute, int(value))
        return
    match rule.unit:
        case Unit.OCTETS if isinstance(value, bytes):
            yield attribute(rule.attribute, value)
        case Unit.ROUTER_OS if isinstance(value, RateLimit):
            yield text_attribute(rule.attribute, router_os_rate(value))
        case Unit.RATE_NAME if isinstance(value, int):
            yield text_attribute(rule.attribute, rule.prefix + format_rate(value))
        case Unit.TUNNEL_VLAN if isinstance(value, int):
            yield 64, (13).to_bytes(4, "big")
            yield 65, (6).to_bytes(4, "big")
            yield 81, str(value).encode("ascii")
        case Unit.HIGH_WORD if isinstance(value, int):
            if value >> 32:
                yield numbered(rule.attribute, value >> 32)
        case Unit.LOW_WORD if isinstance(value, int):
            yield numbered(rule.attribute, value & LARGEST)
        case Unit.RATE | Unit.KILO | Unit.KIBI if isinstance(value, int):
            size = {Unit.KILO: 1000, Unit.KIBI: 1024}.get(rule.unit, unit)
            # At least one count: zero means no limit on several devices, and the end at once on others.
            yield numbered(rule.attribute, max(1, value // size))
        case Unit.NUMBER if isinstance(value, int):
            yield numbered(rule.attribute, value)
        case _:
            raise ValueError(f"{rule.unit} cannot write a {type(value).__name__} for {rule.source}")


def _texts(rule: ReplyRule, words: str) -> tuple[str, ...]:
    """The texts that a rule makes of one: an ACL is either a name or rules."""
    if rule.unit is Unit.RULES:
        return acl_rules(words)
    if rule.unit is Unit.TEXT:
        return () if rule.source is GrantField.ACL and words.startswith(_OF_RULES) else (words,)
    if rule.unit is not Unit.INDEX:
        raise ValueError(f"{rule.unit} cannot write a text for {rule.source}")
    return ()


def router_os_rate(rate: RateLimit) -> str:
    """A rate as RouterOS writes it, ``rx/tx``: what the router receives, the user's upload, comes first.

    With peaks it goes on as ``burst threshold seconds``. Use below the threshold earns the peak; three quarters of the
    rate, as in the manual's example, so that whoever draws the whole rate all the time has none.
    """
    words = f"{format_rate(rate.up_bps)}/{format_rate(rate.down_bps)}"
    if rate.burst is None:
        return words
    burst = rate.burst
    threshold = f"{format_rate(max(1, rate.up_bps * 3 // 4))}/{format_rate(max(1, rate.down_bps * 3 // 4))}"
    peaks = f"{format_rate(burst.up_bps)}/{format_rate(burst.down_bps)}"
    return f"{words} {peaks} {threshold} {burst.seconds}/{burst.seconds}"


def acl_rules(acl: str) -> tuple[str, ...]:
    """The rules that an ACL consists of where it is no name: "$1 permit ...; $2 deny ..." or "acl ...; acl ...".

    Empty for a name or number of an ACL on the device, and for more rules than fit into an answer: then none is sent,
    because the first half of a list of rules is another list (semantics, rule 21).
    """
    if not acl.startswith(_OF_RULES):
        return ()
    found = tuple(line.strip() for line in acl.split(";") if line.strip())
    return found if sum(len(line.encode()) + 8 for line in found) <= _MOST_RULE_OCTETS else ()


def acl_is_dropped(acl: str | None) -> bool:
    """Whether an ACL has more rules than an answer can hold, so that none is sent."""
    return acl is not None and acl.startswith(_OF_RULES) and not acl_rules(acl)


def attribute(name: AttributeId, value: bytes) -> Attribute:
    """A value under a standard number, or in the wrapping of a vendor."""
    vendor_id, number = name
    return (number, value) if vendor_id == IETF else vendor_attribute(vendor_id, number, value)


def numbered(name: AttributeId, value: int) -> Attribute:
    """A number in 32 bits; more is written as the most that fits."""
    return attribute(name, min(max(value, 0), LARGEST).to_bytes(4, "big"))


def text_attribute(name: AttributeId, words: str) -> Attribute:
    """A text in UTF-8. Raises `ValueError` where it does not fit: half a name is another name."""
    value, room = words.encode("utf-8"), 253 if name[0] == IETF else 247
    if len(value) > room:
        raise ValueError(f"{len(value)} octets of text do not fit an attribute of {room}")
    return attribute(name, value)
