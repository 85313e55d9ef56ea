"""A Grant or a refusal, written in the access device's own attributes."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from zhuomai_appliance.model.access import AccessKind, Grant
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius.packet import Attribute
from zhuomai_appliance.vendors.encoding import LARGEST, Value, encoded, text_attribute
from zhuomai_appliance.vendors.profile import (
    IETF,
    AttributeId,
    GrantField,
    ReplyRule,
    Unit,
    VendorProfile,
)

_SILENT: Final = frozenset({AccessKind.DOT1X, AccessKind.MAC})
_RE_AUTHENTICATE: Final[tuple[Attribute, ...]] = ((29, (1).to_bytes(4, "big")),)

Values = dict[GrantField, Value | None]


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
        grant.isolation,
    )
    timeout, token = grant.session_timeout_seconds, class_token or grant.class_token
    rules = _own_rules(profile)
    own: tuple[Attribute, ...]
    if rules is _PLAIN_RULES and timeout is not None and token:
        # What nearly every device is told: two attributes, written without asking each rule how
        own = (27, min(timeout, LARGEST).to_bytes(4, "big")), (25, token)
    else:
        values: Values = {
            GrantField.SESSION_TIMEOUT: timeout,
            GrantField.CLASS: token or None,
            GrantField.OCTETS_LEFT: grant.octets_left,
        }
        own = _written(rules, values, 1)[0]
    name: tuple[Attribute, ...] = (text_attribute((IETF, 1), username),) if username else ()
    again = _RE_AUTHENTICATE if access_kind in _SILENT and timeout is not None else ()
    return (*name, *own, *fixed, *again)


_OWN: Final = frozenset({GrantField.SESSION_TIMEOUT, GrantField.CLASS, GrantField.OCTETS_LEFT})

_PLAIN_RULES: Final = (
    ReplyRule((IETF, 27), Unit.NUMBER, GrantField.SESSION_TIMEOUT),
    ReplyRule((IETF, 25), Unit.OCTETS, GrantField.CLASS),
)
"""Session-Timeout and Class, and nothing else that differs from login to login."""


@lru_cache(maxsize=64)
def _own_rules(profile: VendorProfile) -> tuple[ReplyRule, ...]:
    """The rules for what differs from login to login."""
    rules = tuple(rule for rule in profile.replies if rule.source in _OWN)
    return _PLAIN_RULES if rules == _PLAIN_RULES else rules


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
    isolation: str | None,
) -> tuple[Attribute, ...]:
    """The part of a reply that all users of one plan on one kind of device share: built once."""
    values: Values = {
        GrantField.IDLE_TIMEOUT: idle_seconds,
        GrantField.INTERIM: interim_seconds or None,
        GrantField.USER_GROUP: user_group or None,
        GrantField.ACL: acl or None,
        GrantField.VLAN: vlan,
        GrantField.POOL: pool or None,
        GrantField.URL: url or None,
        GrantField.ISOLATION: isolation or None,
        **rate_values(rate),
    }
    return written(profile, values, unit) + profile.always


def grant_values(grant: Grant) -> Values:
    """All that a grant says, by the sources that rules of replies may take it from; what it does not say is left out."""
    values: Values = {
        GrantField.SESSION_TIMEOUT: grant.session_timeout_seconds,
        GrantField.CLASS: grant.class_token or None,
        GrantField.OCTETS_LEFT: grant.octets_left,
        GrantField.IDLE_TIMEOUT: grant.idle_timeout_seconds,
        GrantField.INTERIM: grant.acct_interim_seconds or None,
        GrantField.USER_GROUP: grant.user_group or None,
        GrantField.ACL: grant.acl or None,
        GrantField.VLAN: grant.vlan,
        GrantField.POOL: grant.pool or None,
        GrantField.URL: grant.url or None,
        GrantField.ISOLATION: grant.isolation or None,
        **rate_values(grant.rate),
    }
    return {source: value for source, value in values.items() if value is not None}


def rate_values(rate: RateLimit | None) -> Values:
    """A rate as the sources that rules of replies may take it from."""
    if rate is None:
        return {}
    values: Values = {
        GrantField.UP_BPS: rate.up_bps,
        GrantField.DOWN_BPS: rate.down_bps,
        GrantField.RATE: rate,
    }
    if rate.burst is not None:
        values[GrantField.UP_PEAK_BPS] = rate.burst.up_bps
        values[GrantField.DOWN_PEAK_BPS] = rate.burst.down_bps
    return values


def written(profile: VendorProfile, values: Values, unit: int) -> tuple[Attribute, ...]:
    """The attributes that a profile's rules make of some values; an attribute is written for one source."""
    return _written(profile.replies, values, unit)[0]


def said(profile: VendorProfile, values: Values, unit: int) -> frozenset[GrantField]:
    """Which of some values get into the attributes: a device's table may have no place for one, or one for two."""
    return frozenset(_written(profile.replies, values, unit)[1])


_SAID_ONCE: Final = frozenset({GrantField.ACL, GrantField.ISOLATION, GrantField.USER_GROUP})
"""Where a second rule of the same source is another way to say it, not more of it."""


def _written(
    rules: tuple[ReplyRule, ...], values: Values, unit: int
) -> tuple[tuple[Attribute, ...], set[GrantField]]:
    taken: set[tuple[AttributeId, str]] = set()
    told: set[GrantField] = set()
    attributes: list[Attribute] = []
    for rule in rules:
        value = values.get(rule.source)
        place = rule.attribute, rule.prefix if "=" in rule.prefix else ""
        if value is None or place in taken:
            continue
        if rule.source in told and rule.source in _SAID_ONCE:
            continue
        if rule.unless is not None and values.get(rule.unless) is not None:
            continue
        found = tuple(encoded(rule, value if rule.fixed is None else rule.fixed, unit))
        if found:
            taken.add(place)
            told.add(rule.source)
            attributes += found
    return tuple(attributes), told


def rate_unit(nas: Nas, profile: VendorProfile) -> int:
    """Bits per second of one count at a device whose maker does not say: its quirk, else the profile's reading."""
    unit = nas.quirks.get("rate_unit", profile.rate_unit)
    return unit if isinstance(unit, int) and not isinstance(unit, bool) and unit > 0 else profile.rate_unit


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
