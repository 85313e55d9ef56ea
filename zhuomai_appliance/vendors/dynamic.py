"""Disconnect and CoA (RFC 5176): how a session is named, what can be changed, what an Error-Cause means for us."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from zhuomai_appliance.model.access import Session
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius.packet import Attribute
from zhuomai_appliance.vendors.encoding import text_attribute
from zhuomai_appliance.vendors.identity import session_id_octets
from zhuomai_appliance.vendors.profile import GrantField, Identity, SessionCommand, VendorProfile
from zhuomai_appliance.vendors.replies import Values, rate_unit, rate_values, written


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become different in a running session; None leaves it as it is.

    ``session_timeout_seconds`` counts from the start of the session, as devices count it (RFC 5176 §3.2 leaves the
    meaning of Session-Timeout in a CoA to RFC 2865 §5.27); callers add the seconds already spent.
    """

    rate: RateLimit | None = None
    session_timeout_seconds: int | None = None
    idle_timeout_seconds: int | None = None
    acct_interim_seconds: int | None = None
    user_group: str | None = None
    acl: str | None = None
    vlan: int | None = None


def disconnect_attributes(
    session: Session, nas: Nas, profile: VendorProfile, *, full: bool = False
) -> tuple[Attribute, ...]:
    """What a Disconnect-Request carries: identification only (RFC 5176 §3), as the device's maker wants it.

    Args:
        nas: its ``identity`` quirk, blank-separated names of `Identity`, replaces the table's choice.
        full: the whole set, for the second try after Error-Cause 402 or 508.

    The texts are those that the device itself sent. Never empty: with nothing better it names the session's id.
    """
    order = profile.full_identity if full else _identity(nas, profile)
    named = tuple(a for i in order if (a := _identification(session, i)) is not None)
    return named or ((44, session_id_octets(session.acct_session_id)),)


def coa_attributes(
    session: Session, change: Change, nas: Nas, profile: VendorProfile, *, full: bool = False
) -> tuple[Attribute, ...] | None:
    """What a CoA-Request carries, or None if this maker's devices cannot change all that is asked for.

    None means: end the session instead and let the device log in again under the new terms. Nothing asked for is
    None as well.
    """
    asked = _asked(change)
    if not asked or not profile.coa.issuperset(asked):
        return None
    values: Values = {**asked, **rate_values(change.rate)}
    return disconnect_attributes(session, nas, profile, full=full) + written(
        profile, values, rate_unit(nas, profile)
    )


def unchangeable(change: Change, profile: VendorProfile) -> frozenset[GrantField]:
    """What of a change this maker's devices cannot make in a running session."""
    return frozenset(_asked(change)) - profile.coa


def command_attributes(
    session: Session, command: SessionCommand, nas: Nas, profile: VendorProfile
) -> tuple[Attribute, ...] | None:
    """What a CoA-Request carries that orders something and changes nothing; None where devices take no such order.

    Shutting or bouncing a port ends every session on it: it is for a port of one user.
    """
    for known, attribute, words in profile.commands:
        if known is command:
            return (*disconnect_attributes(session, nas, profile), text_attribute(attribute, words))
    return None


def _asked(change: Change) -> dict[GrantField, RateLimit | int | str]:
    wanted = {
        GrantField.RATE: change.rate,
        GrantField.SESSION_TIMEOUT: change.session_timeout_seconds,
        GrantField.IDLE_TIMEOUT: change.idle_timeout_seconds,
        GrantField.INTERIM: change.acct_interim_seconds,
        GrantField.USER_GROUP: change.user_group,
        GrantField.ACL: change.acl,
        GrantField.VLAN: change.vlan,
    }
    return {source: value for source, value in wanted.items() if value is not None}


def _identity(nas: Nas, profile: VendorProfile) -> tuple[Identity, ...]:
    said = nas.quirks.get("identity")
    words = said.split() if isinstance(said, str) else []
    known = tuple(identity for word in words for identity in Identity if identity.value == word)
    return known or profile.identity


def _identification(session: Session, identity: Identity) -> Attribute | None:
    match identity:
        case Identity.SESSION_ID:
            return 44, session_id_octets(session.acct_session_id)
        case Identity.CALLING_STATION:
            return _named(31, session.calling_station_raw)
        case Identity.USER_NAME:
            return _named(1, session.username_raw)
        case Identity.NAS_PORT_ID:
            return _named(87, session.port_id or "")
        case Identity.ADDRESS:
            try:
                return 8, IPv4Address(session.ip or "").packed
            except AddressValueError:
                return None


def _named(number: int, words: str) -> Attribute | None:
    value = words.encode("utf-8", "replace")
    return (number, value) if 0 < len(value) <= 253 else None


class NakAction(StrEnum):
    """What to do after a NAK."""

    DONE = "done"  # the session is over
    GONE = "gone"  # the device does not know the session: close the row as stale, refund nothing by itself
    RETRY = "retry"  # later, with back-off
    RETRY_FULL_IDENTITY = "retry_full_identity"
    RETRY_WITHOUT_NAS = "retry_without_nas"  # leave out NAS-IP-Address and NAS-Identifier
    USE_DISCONNECT = "use_disconnect"  # this device cannot do CoA: remember that
    STOP = "stop"  # show it to the operator, no retry


@dataclass(frozen=True, slots=True)
class ErrorCause:
    """One Error-Cause (RFC 5176 §3.5): its number, the RFC's name, and what it makes us do."""

    number: int
    name: str
    action: NakAction


_CAUSES: Final = {
    cause.number: cause
    for cause in (
        ErrorCause(201, "Residual Session Context Removed", NakAction.DONE),
        ErrorCause(202, "Invalid EAP Packet", NakAction.STOP),
        ErrorCause(401, "Unsupported Attribute", NakAction.USE_DISCONNECT),
        ErrorCause(402, "Missing Attribute", NakAction.RETRY_FULL_IDENTITY),
        ErrorCause(403, "NAS Identification Mismatch", NakAction.RETRY_WITHOUT_NAS),
        ErrorCause(404, "Invalid Request", NakAction.STOP),
        ErrorCause(405, "Unsupported Service", NakAction.USE_DISCONNECT),
        ErrorCause(406, "Unsupported Extension", NakAction.USE_DISCONNECT),
        ErrorCause(407, "Invalid Attribute Value", NakAction.STOP),
        ErrorCause(501, "Administratively Prohibited", NakAction.STOP),
        ErrorCause(502, "Request Not Routable", NakAction.STOP),
        ErrorCause(503, "Session Context Not Found", NakAction.GONE),
        ErrorCause(504, "Session Context Not Removable", NakAction.RETRY),
        ErrorCause(505, "Other Proxy Processing Error", NakAction.STOP),
        ErrorCause(506, "Resources Unavailable", NakAction.RETRY),
        ErrorCause(507, "Request Initiated", NakAction.RETRY),
        ErrorCause(508, "Multiple Session Selection Unsupported", NakAction.RETRY_FULL_IDENTITY),
    )
}


def error_cause(number: int | None) -> ErrorCause:
    """What a NAK's Error-Cause means; one that is missing or unknown stops, named by its number."""
    if number is None:
        return ErrorCause(0, "no Error-Cause", NakAction.STOP)
    return _CAUSES.get(number, ErrorCause(number, f"Error-Cause {number}", NakAction.STOP))
