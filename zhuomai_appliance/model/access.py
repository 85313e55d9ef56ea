"""What passes between the access device and us: an attempt to log in, its verdict, a session and its reports.

All times are UTC epoch seconds, all octets are plain 64-bit counts, all addresses are text as Python's
``ipaddress`` prints them, and a MAC is ``aa:bb:cc:dd:ee:ff`` or None where the device sent none that can be read.
The text a device sent is kept beside what we read from it: Disconnect-Requests echo it, logs show it.

What is made anew for every packet is a named tuple: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.traffic import RateLimit

SessionId = NewType("SessionId", int)


class Reason(StrEnum):
    """Why somebody may not go online, or what a page is telling. Stable words: API, attempts and help desk use them.

    ``web/reasons.py`` maps each to the code and sentence of the design (A login, B page, D plan and money, S service).
    """

    BAD_CREDENTIALS = "bad_credentials"
    UNKNOWN_USER = "unknown_user"
    WAIT_BEFORE_RETRY = "wait_before_retry"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_NOT_OPEN = "account_not_open"
    ACCOUNT_CLOSED = "account_closed"
    MUST_CHANGE_PASSWORD = "must_change_password"
    MUST_BIND_PHONE = "must_bind_phone"
    CODE_WRONG = "code_wrong"
    CODE_EXPIRED = "code_expired"
    CODE_RESEND_WAIT = "code_resend_wait"
    CODE_DAILY_LIMIT = "code_daily_limit"
    SMS_FAILED = "sms_failed"
    NOT_FOLLOWING = "not_following"
    TEMPORARY_PASS = "temporary_pass"
    QR_EXPIRED = "qr_expired"
    WAITING_APPROVAL = "waiting_approval"
    APPROVAL_DECLINED = "approval_declined"
    ONE_CLICK_USED_UP = "one_click_used_up"
    TOO_MANY_SESSIONS = "too_many_sessions"
    TOO_MANY_BINDINGS = "too_many_bindings"
    DEVICE_NOT_REGISTERED = "device_not_registered"
    OUTSIDE_HOURS = "outside_hours"
    PLACE_NOT_ALLOWED = "place_not_allowed"
    PLACE_FULL = "place_full"
    DEVICE_BLOCKED = "device_blocked"
    SECOND_ROUTER = "second_router"
    TERMS_NOT_ACCEPTED = "terms_not_accepted"
    PAGE_EXPIRED = "page_expired"
    DEVICE_UNKNOWN_TO_NAS = "device_unknown_to_nas"
    EXPIRED = "expired"
    DATA_USED_UP = "data_used_up"
    TIME_USED_UP = "time_used_up"
    BALANCE_SHORT = "balance_short"
    SUSPENDED = "suspended"
    OWN_LIMIT = "own_limit"
    PAID_OPENING = "paid_opening"
    NO_PLAN = "no_plan"
    DAY_USED_UP = "day_used_up"
    MONTH_USED_UP = "month_used_up"
    ADMIN_LOGIN = "admin_login"
    MALFORMED = "malformed"
    LOGGING_IN = "logging_in"
    NAS_SILENT = "nas_silent"
    CONNECTED = "connected"
    LOGGED_OUT = "logged_out"
    REALM_REFUSED = "realm_refused"
    HOME_REFUSED = "home_refused"
    HOME_SILENT = "home_silent"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    SERVER_NOT_TRUSTED = "server_not_trusted"
    NOT_BY_PAGE = "not_by_page"


class AccessKind(StrEnum):
    """How the device reached us (classifier of the vendor notes, strongest sign first)."""

    PORTAL = "portal"
    PPPOE = "pppoe"
    DOT1X = "802.1x"
    MAC = "mac"
    ADMIN = "admin"
    PROBE = "probe"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PapProof:
    """The clear password bytes a PAP request carried after unhiding (RFC 2865 §5.2)."""

    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChapProof:
    """CHAP identifier (one octet), 16-octet response and its challenge (RFC 2865 §5.3)."""

    ident: int
    response: bytes = field(repr=False)
    challenge: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MsChapProof:
    """An MS-CHAP response of version 1: 8 octets of challenge, 24 of NT response (RFC 2548 §2.1)."""

    ident: int
    challenge: bytes = field(repr=False)
    response: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MsChap2Proof:
    """An MS-CHAP-V2 response: challenges of 16 octets, 24 of NT response (RFC 2548 §2.3.2).

    ``name`` are the octets of the user name as the client sent them, which its response depends on.
    """

    ident: int
    challenge: bytes = field(repr=False)
    peer_challenge: bytes = field(repr=False)
    response: bytes = field(repr=False)
    name: bytes


@dataclass(frozen=True, slots=True)
class EapProof:
    """An EAP packet, b"" for EAP-Start, and the State of the conversation that it goes on with, None at its beginning.

    ``method`` says what a conversation came to, once it did: ``peap/mschapv2``.
    """

    packet: bytes = field(repr=False)
    state: bytes | None = field(repr=False)
    method: str = "eap"


@dataclass(frozen=True, slots=True)
class MacProof:
    """A device address offered as user name: never more than a bound device's own right (vendor notes §9)."""

    mac: str


@dataclass(frozen=True, slots=True)
class NoProof:
    """Nothing was offered, or something that no rule can check: ``detail`` is for the log."""

    detail: str


Proof = PapProof | ChapProof | MsChapProof | MsChap2Proof | EapProof | MacProof | NoProof


class AccessAttempt(NamedTuple):
    """One Access-Request read by the vendor's table.

    ``username`` is the name that is looked up (realm cut off); ``username_raw`` and the ``*_raw`` fields are the
    device's own octets decoded with replacement, for logs and for echoing back. ``vlan`` is the tag nearest to the
    user, ``outer_vlan`` the access network's own tag of QinQ; ``ap_mac`` is the access point.
    """

    username: str
    username_raw: str
    realm: str | None
    proof: Proof
    nas_id: NasId
    mac: str | None
    ip: str | None
    ssid: str | None
    vlan: int | None
    port_id: str | None
    access_kind: AccessKind
    acct_session_id: str | None
    calling_station_raw: str
    called_station_raw: str
    at: int
    ap_mac: str | None = None
    outer_vlan: int | None = None


class Grant(NamedTuple):
    """Leave to go online. None in a limit means that nothing limits it; octets are those left in all usable plans.

    ``ends`` are sessions that have to make room, by access device and Acct-Session-Id; ``isolation`` is the name of an
    isolation group of the access device.
    """

    session_timeout_seconds: int | None
    idle_timeout_seconds: int | None
    octets_left: int | None
    rate: RateLimit | None
    acct_interim_seconds: int
    user_group: str | None = None
    vlan: int | None = None
    pool: str | None = None
    acl: str | None = None
    url: str | None = None
    class_token: bytes = b""
    plan_name: str = ""
    isolation: str | None = None
    ends: tuple[tuple[NasId, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refusal as a value. ``facts`` fills the sentence's named fields (dates as epoch seconds, counts, text)."""

    reason: Reason
    detail: str = ""
    facts: tuple[tuple[str, int | str], ...] = ()


Verdict = Grant | Rejection


class ReportKind(StrEnum):
    """Acct-Status-Type (RFC 2866 §5.1): 1 Start, 2 Stop, 3 Interim-Update, 7 Accounting-On, 8 Accounting-Off."""

    START = "start"
    INTERIM = "interim"
    STOP = "stop"
    ON = "on"
    OFF = "off"


class Ipv6Kind(StrEnum):
    """What a span of IPv6 addresses is to a session."""

    ADDRESS = "address"
    PREFIX = "prefix"
    DELEGATED = "delegated"


class Ipv6Span(NamedTuple):
    """Addresses of a session: ``network`` is ``address/length`` as ``ipaddress`` prints it, /128 for one address."""

    kind: Ipv6Kind
    network: str


class UsageReport(NamedTuple):
    """One Accounting-Request read by the vendor's table.

    ``input_octets`` is what the user sent, ``output_octets`` what the user received, gigawords folded in and the
    device's traffic unit applied; ``octets_unwrapped`` is False when no gigawords were sent, so that a fall of more
    than 2^31 may be a wrap (semantics §6). ``at`` is the time of the event, not of arrival. ``ipv6_prefixes`` are all
    addresses and prefixes of IPv6 that it names, ``reported_rate`` is what is in force now, up and down in bit/s.
    ``vlan``, ``outer_vlan`` and ``ap_mac`` are as in `AccessAttempt`.
    """

    kind: ReportKind
    nas_id: NasId
    acct_session_id: str
    username_raw: str
    session_seconds: int
    input_octets: int
    output_octets: int
    gigawords_sent: bool
    mac: str | None
    ip: str | None
    ipv6: str | None
    ssid: str | None
    vlan: int | None
    port_id: str | None
    calling_station_raw: str
    called_station_raw: str
    class_token: bytes
    cause: int | None
    access_kind: AccessKind
    at: int
    arrived_at: int
    ipv6_prefixes: tuple[Ipv6Span, ...] = ()
    reported_rate: tuple[int, int] | None = None
    ap_mac: str | None = None
    outer_vlan: int | None = None


class ClosedBy(StrEnum):
    """Who ended a session's row: the device's Stop, or one of our own causes kept apart from it (vendor notes §10)."""

    STOP = "stop"
    STOP_LOST = "stop_lost"
    NAS_RESTART = "nas_restart"
    STALE = "stale"
    REPLACED = "replaced"


class Session(NamedTuple):
    """One stay online, as the books hold it. ``account_id`` None means nobody is billed for it (unattributed).

    ``nas_address`` is where the device itself speaks from: a NAS entry may be a network of them.
    """

    id: SessionId
    project_id: ProjectId
    nas_id: NasId
    acct_session_id: str
    account_id: AccountId | None
    username_raw: str
    calling_station_raw: str
    called_station_raw: str
    mac: str | None
    ip: str | None
    ipv6: str | None
    ssid: str | None
    vlan: int | None
    port_id: str | None
    access_kind: AccessKind
    started_at: int
    updated_at: int
    session_seconds: int
    input_octets: int
    output_octets: int
    interim_seconds: int
    stopped_at: int | None
    cause: int | None
    closed_by: ClosedBy | None
    start_lost: bool
    anomalies: int
    class_token: bytes
    plan_name: str
    nas_address: str = ""


#: Acct-Terminate-Cause by number (RFC 2866 §5.10, RFC 3580 §3.1): the words of exports and of the API.
TERMINATE_CAUSES: Final[dict[int, str]] = {
    1: "User-Request",
    2: "Lost-Carrier",
    3: "Lost-Service",
    4: "Idle-Timeout",
    5: "Session-Timeout",
    6: "Admin-Reset",
    7: "Admin-Reboot",
    8: "Port-Error",
    9: "NAS-Error",
    10: "NAS-Request",
    11: "NAS-Reboot",
    12: "Port-Unneeded",
    13: "Port-Preempted",
    14: "Port-Suspended",
    15: "Service-Unavailable",
    16: "Callback",
    17: "User-Error",
    18: "Host-Request",
    19: "Supplicant-Restart",
    20: "Reauthentication-Failure",
    21: "Port-Reinitialized",
    22: "Port-Disabled",
}
