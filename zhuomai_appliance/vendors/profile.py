"""What distinguishes one maker's access device from another, as data.

A profile answers five questions by table: what a Grant looks like in the device's own attributes, how it tells the
kind of access, where it hides address, VLAN and SSID, how a session is named in a Disconnect-Request, and what a CoA
may change. ``vendors.requests``, ``vendors.replies`` and ``vendors.dynamic`` read the tables; a new vendor is one file
of declarations and one vector file.

An attribute is written ``(vendor id, number)``; vendor id 0 means a standard attribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.radius.packet import Attribute

AttributeId = tuple[int, int]
"""Enterprise number (0 for the standard space) and attribute number."""

IETF: Final = 0


class GrantField(StrEnum):
    """What a reply rule takes its value from."""

    SESSION_TIMEOUT = "session_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    INTERIM = "interim"
    CLASS = "class"
    UP_BPS = "up_bps"
    DOWN_BPS = "down_bps"
    UP_PEAK_BPS = "up_peak_bps"
    DOWN_PEAK_BPS = "down_peak_bps"
    RATE = "rate"
    USER_GROUP = "user_group"
    ACL = "acl"
    VLAN = "vlan"
    POOL = "pool"
    URL = "url"
    ISOLATION = "isolation"
    OCTETS_LEFT = "octets_left"


class Unit(StrEnum):
    """How a value is written."""

    NUMBER = "number"  # 32-bit integer as it is: seconds, bit/s
    KILO = "kilo"  # divided by 1000, rounded down, at least 1: kbit/s
    RATE = "rate"  # in the unit the device's `rate_unit` quirk names, else the profile's
    TEXT = "text"  # UTF-8; a number as its decimal digits
    OCTETS = "octets"  # as it is
    KIBI = "kibi"  # divided by 1024, rounded down, at least 1: kilobytes
    INDEX = "index"  # the number that a text of digits is; another text is not for this attribute
    RULES = "rules"  # a text of rules between semicolons, "$1 permit ..." or "acl ...", one attribute each
    RATE_NAME = "rate-name"  # "4M" for 4,000,000 bit/s: the end of a name on the device
    ROUTER_OS = "router-os"  # MikroTik's "up/down" text, decimal bits
    LOW_WORD = "low-word"  # a 64-bit count: its low 32 bits
    HIGH_WORD = (
        "high-word"  # ... and its high 32 bits (RFC 2869 §5.1 calls these gigawords), only if not zero
    )
    TUNNEL_VLAN = "tunnel-vlan"  # the three attributes of RFC 3580 §3.31


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """One line of a reply: the attribute, how the value is written, what of the Grant it says.

    Attributes:
        prefix: stands before a text, as in ``url-redirect=``; attributes of another prefix are other attributes.
        fixed: written in place of the value where there is one.
        unless: not written beside a value of this field.
    """

    attribute: AttributeId
    unit: Unit
    source: GrantField
    prefix: str = ""
    fixed: int | str | None = None
    unless: GrantField | None = None


class SessionCommand(StrEnum):
    """What a CoA can order beside changes; nothing else may stand in it (Huawei 26-238, H3C 26-210, Cisco AVPair)."""

    REAUTHENTICATE = "reauthenticate"
    BOUNCE_PORT = "bounce_port"  # down and up again, so that a wired client asks for another address
    SHUT_PORT = "shut_port"  # needs an administrator to come up again


class Limit(StrEnum):
    """What a maker's devices cannot do or want to be told, whatever the grant: words for preview and check."""

    RATE_BY_ROLE = "rate_by_role"  # a rate is a property of a role or group there
    RATE_BY_NAME = "rate_by_name"  # a rate is the name of a policy there
    RATE_UNIT_UNSETTLED = "rate_unit_unsettled"
    NUMBERS_UNSETTLED = "numbers_unsettled"  # attribute numbers can be changed there
    NO_CHANGE = "no_change"  # sessions are ended, not changed
    ACK_IS_NO_PROOF = "ack_is_no_proof"  # it confirms what it does not do; look at the next report
    CONTROL_IS_OFF = "control_is_off"  # CoA and Disconnect have to be switched on
    UNKNOWN_NAME_ADMITS = "unknown_name_admits"  # online without the restriction whose name it does not know
    UNKNOWN_NAME_CUTS = "unknown_name_cuts"
    ONE_FILTER = "one_filter"  # an ACL or a group, not both
    TRAFFIC_UNIT = "traffic_unit"  # counters may be in KB, MB or GB
    DIRECTION_UNSETTLED = "direction_unsettled"
    NO_PORTAL = "no_portal"  # the portal protocol is not spoken
    IDENTITY_UNSETTLED = "identity_unsettled"  # what names a session is not documented


class Identity(StrEnum):
    """What a Disconnect or CoA may name a session by (RFC 5176 §3)."""

    SESSION_ID = "acct_session_id"
    CALLING_STATION = "calling_station_id"
    ADDRESS = "framed_ip_address"
    USER_NAME = "user_name"
    NAS_PORT_ID = "nas_port_id"


@dataclass(frozen=True, slots=True)
class Counters:
    """Attributes that count traffic of some kind, up and down, and their gigawords."""

    input_octets: AttributeId
    output_octets: AttributeId
    input_gigawords: AttributeId
    output_gigawords: AttributeId


@dataclass(frozen=True, slots=True, eq=False)
class VendorProfile:
    """One family of access devices. Compared by identity, so that it is a cheap cache key.

    Attributes:
        name: what an operator reads.
        replies: written in this order. An attribute that a standard reply may hold once is written by the first
            rule that has a value: that is how "an ACL or a group, never both" is said.
        access_type: attribute whose number tells the kind of access, and the kinds; trusted before all other signs.
        probe: attribute that marks a request as a test of reachability.
        address_and_mac: attribute of text "address blank MAC" (Huawei and H3C 26-60).
        mac, address: attributes of the user's MAC and IPv4 address, where the standard ones hold none.
        pairs: attribute of texts "name=value" with the user's MAC as ``client-mac-address``.
        ssid: attribute that holds the SSID alone.
        ap: attribute that begins with the access point's MAC.
        port: attribute that tells of the access switch's port in the writing of NAS-Port-Id.
        vlan: attribute with the number of the VLAN.
        boot_time: attribute with the device's start as epoch seconds; a newer one means that it restarted.
        framed_protocol_is_ppp: whether Service-Type 2 with Framed-Protocol 1 tells of PPPoE.
        nas_port_vlan_bits: how many low bits of NAS-Port are the VLAN, 0 for none.
        ipv6: separately counted IPv6 traffic.
        tariffs: traffic by the levels of the device's own tariffs, each in a text "level:count"; part of the totals.
        identity: what a Disconnect carries, in order.
        full_identity: what it carries after the device answered that something was missing (Error-Cause 402, 508).
        coa: what a CoA can change without ending the session.
        commands: what it can order, by the text of an attribute.
        limits: what an operator should know of these devices.
        always: attributes of every acceptance, as a device's `always` quirk names them.
        rate_unit: bits per second that one count of a Unit.RATE value stands for, unless the device's quirks say.
        reported_rate: attributes of accounting reports with the rates in force, up and down, bit/s.
        ipv6_address: an address of the user beside the standard Framed-IPv6-Address, 16 octets.
        portal_dialect: the row of the portal protocol's table of differences.
    """

    name: str
    replies: tuple[ReplyRule, ...]
    access_type: tuple[AttributeId, tuple[tuple[int, AccessKind], ...]] | None = None
    probe: AttributeId | None = None
    address_and_mac: AttributeId | None = None
    mac: AttributeId | None = None
    address: AttributeId | None = None
    pairs: AttributeId | None = None
    ssid: AttributeId | None = None
    ap: AttributeId | None = None
    port: AttributeId | None = None
    vlan: AttributeId | None = None
    boot_time: AttributeId | None = None
    framed_protocol_is_ppp: bool = True
    nas_port_vlan_bits: int = 0
    ipv6: Counters | None = None
    tariffs: Counters | None = None
    identity: tuple[Identity, ...] = (Identity.SESSION_ID, Identity.USER_NAME, Identity.CALLING_STATION)
    full_identity: tuple[Identity, ...] = (
        Identity.SESSION_ID,
        Identity.CALLING_STATION,
        Identity.ADDRESS,
        Identity.USER_NAME,
    )
    coa: frozenset[GrantField] = frozenset()
    commands: tuple[tuple[SessionCommand, AttributeId, str], ...] = ()
    limits: frozenset[Limit] = frozenset()
    always: tuple[Attribute, ...] = ()
    rate_unit: int = 1
    reported_rate: tuple[AttributeId, AttributeId] | None = None
    ipv6_address: AttributeId | None = None
    portal_dialect: str = "huawei"


def rule(
    attribute: int | AttributeId,
    unit: Unit,
    source: GrantField,
    prefix: str = "",
    *,
    fixed: int | str | None = None,
    unless: GrantField | None = None,
) -> ReplyRule:
    """A reply rule; a bare number is a standard attribute."""
    whole = (IETF, attribute) if isinstance(attribute, int) else attribute
    return ReplyRule(whole, unit, source, prefix, fixed, unless)


#: What every device understands: times (RFC 2865 §5.27, §5.28, RFC 2869 §5.16) and our Class (RFC 2865 §5.25).
COMMON: Final = (
    rule(27, Unit.NUMBER, GrantField.SESSION_TIMEOUT),
    rule(28, Unit.NUMBER, GrantField.IDLE_TIMEOUT),
    rule(85, Unit.NUMBER, GrantField.INTERIM),
    rule(25, Unit.OCTETS, GrantField.CLASS),
)
