"""A Grant or a refusal, written in the access device's own attributes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from zhuomai_appliance.model.access import AccessKind, Grant
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.traffic import RateLimit, format_rate
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.vendors.profile import (
    IETF,
    AttributeId,
    GrantField,
    ReplyRule,
    Unit,
    VendorProfile,
)

_LARGEST: Final = 0xFFFFFFFF
_SILENT: Final = frozenset({AccessKind.DOT1X, AccessKind.MAC})
_RE_AUTHENTICATE: Final[tuple[Attribute, ...]] = ((29, (1).to_bytes(4, "big")),)

Values = dict[GrantField, int | str | bytes | RateLimit | None]


def attributes_for(
    grant: Grant,
    nas: Nas,
    profile: VendorProfile,
    username: str | None = None,
    access_kind: AccessKind = AccessKind.OTHER,
    class_token: bytes = b"",
) -> tuple[Attribute, ...]:
    """The attributes of an Access-Accept, in the table's order.

    Args:
        username: written into User-Name where accounting must carry another name than the request's, so for a device
            that logged in by its address; None leaves the request's own.
        access_kind: where a new check happens without the user (802.1X, MAC) the device is told to make one when
            Session-Timeout ends (Termination-Action 1, RFC 2865 §5.29); elsewhere it simply cuts.
        class_token: the Class of this login, in place of the grant's.

    Raises:
        ValueError: a Session-Timeout under 1 second, which some devices read as none (a caller's mistake), or a text
            too long for its attribute.
    """
    if grant.session_timeout_seconds is not None and grant.session_timeout_seconds < 1:
        raise ValueError(f"a Session-Timeout of {grant.session_timeout_seconds} s is a refusal, not a grant")
    fixed = _plan_attributes(
        profile,
        rate_unit(nas, profile),
        grant.rate,
        grant.idle_timeout_seconds,
        grant.acct_interim_seconds,
        grant.user_group,
        grant.vlan,
        grant.pool,
        grant.acl,
        grant.url,
    )
    own: Values = {
        GrantField.SESSION_TIMEOUT: grant.session_timeout_seconds,
        GrantField.CLASS: class_token or grant.class_token or None,
        GrantField.OCTETS_LEFT: grant.octets_left,
    }
    name: tuple[Attribute, ...] = ((1, _text(username, 253)),) if username else ()
    again = _RE_AUTHENTICATE if access_kind in _SILENT and grant.session_timeout_seconds is not None else ()
    return (*name, *_written(_own_rules(profile), own, 1), *fixed, *again)


_OWN: Final = frozenset({GrantField.SESSION_TIMEOUT, GrantField.CLASS, GrantField.OCTETS_LEFT})


@lru_cache(maxsize=64)
def _own_rules(profile: VendorProfile) -> tuple[ReplyRule, ...]:
    """The rules for what differs from login to login."""
    return tuple(rule for rule in profile.replies if rule.source in _OWN)


@lru_cache(maxsize=4096)
def _plan_attributes(
    profile: VendorProfile,
    unit: int,
    rate: RateLimit | None,
    idle_seconds: int | None,
    interim_seconds: int,
    user_group: str | None,
    vlan: int | None,
    pool: str | None,
    acl: str | None,
    url: str | None,
) -> tuple[Attribute, ...]:
    """The part of a reply that all users of one plan on one kind of device share: built once."""
    values: Values = {
        GrantField.IDLE_TIMEOUT: idle_seconds,
        GrantField.INTERIM: interim_seconds or None,
        GrantField.UP_BPS: rate.up_bps if rate else None,
        GrantField.DOWN_BPS: rate.down_bps if rate else None,
        GrantField.RATE: rate,
        GrantField.USER_GROUP: user_group or None,
        GrantField.ACL: acl or None,
        GrantField.VLAN: vlan,
        GrantField.POOL: pool or None,
        GrantField.URL: url or None,
    }
    return written(profile, values, unit)


def written(profile: VendorProfile, values: Values, unit: int) -> tuple[Attribute, ...]:
    """The attributes that a profile's rules make of some values; a standard attribute is written once."""
    return tuple(_written(profile.replies, values, unit))


def _written(rules: tuple[ReplyRule, ...], values: Values, unit: int) -> Iterator[Attribute]:
    taken: set[AttributeId] = set()
    for rule in rules:
        value = values.get(rule.source)
        if value is None or rule.attribute in taken:
            continue
        taken.add(rule.attribute)
        yield from _encoded(rule, value, unit)


def rate_unit(nas: Nas, profile: VendorProfile) -> int:
    """Bits per second of one count at a device whose maker does not say: its quirk, else the profile's reading."""
    unit = nas.quirks.get("rate_unit", profile.rate_unit)
    return unit if isinstance(unit, int) and not isinstance(unit, bool) and unit > 0 else profile.rate_unit


def _encoded(rule: ReplyRule, value: int | str | bytes | RateLimit, unit: int) -> Iterator[Attribute]:
    match rule.unit:
        case Unit.OCTETS if isinstance(value, bytes):
            yield _attribute(rule.attribute, value)
        case Unit.TEXT if isinstance(value, str):
            limit = 253 if rule.attribute[0] == IETF else 247
            yield _attribute(rule.attribute, _text(value, limit))
        case Unit.ROUTER_OS if isinstance(value, RateLimit):
            words = f"{format_rate(value.up_bps)}/{format_rate(value.down_bps)}"
            yield _attribute(rule.attribute, words.encode("ascii"))
        case Unit.TUNNEL_VLAN if isinstance(value, int):
            yield 64, (13).to_bytes(4, "big")
            yield 65, (6).to_bytes(4, "big")
            yield 81, str(value).encode("ascii")
        case Unit.HIGH_WORD if isinstance(value, int):
            if value >> 32:
                yield _attribute(rule.attribute, _number(value >> 32))
        case Unit.LOW_WORD if isinstance(value, int):
            yield _attribute(rule.attribute, _number(value & _LARGEST))
        case Unit.RATE | Unit.KILO if isinstance(value, int):
            size = 1000 if rule.unit is Unit.KILO else unit
            # At least one count: zero means no limit on several devices.
            yield _attribute(rule.attribute, _number(max(1, value // size)))
        case Unit.NUMBER if isinstance(value, int):
            yield _attribute(rule.attribute, _number(value))
        case _:
            raise ValueError(f"{rule.unit} cannot write a {type(value).__name__} for {rule.source}")


def _attribute(attribute: AttributeId, value: bytes) -> Attribute:
    vendor_id, number = attribute
    return (number, value) if vendor_id == IETF else vendor_attribute(vendor_id, number, value)


def _number(value: int) -> bytes:
    """32 bits; more is written as the most that fits: 4.29 Gbit/s, 136 years."""
    return min(max(value, 0), _LARGEST).to_bytes(4, "big")


def _text(words: str | None, limit: int) -> bytes:
    value = (words or "").encode("utf-8")
    if len(value) > limit:
        raise ValueError(f"{len(value)} octets of text do not fit an attribute of {limit}")
    return value


def rejection_attributes(text: str) -> tuple[Attribute, ...]:
    """A sentence as Reply-Message attributes (RFC 2865 §5.18), cut at 253 octets between characters.

    Not to be sent beside an EAP-Message (RFC 3579 §2.6.5).
    """
    pieces: list[Attribute] = []
    value = text.encode("utf-8", "replace")
    while value:
        end = min(len(value), 253)
        while end < len(value) and value[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append((18, value[:end]))
        value = value[end:]
    return tuple(pieces)
