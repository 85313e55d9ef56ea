"""What a virtual AC is told: where the box is, which secrets they share, and how the AC behaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from zhuomai_appliance.radius.packet import Secret


@dataclass(frozen=True, slots=True)
class Box:
    """The appliance under test, as an AC is configured to know it.

    Attributes:
        host: its IPv4 address; datagrams from others are dropped.
        captive_url: the login page that unknown browsers are sent to.
    """

    host: str = "127.0.0.1"
    auth_port: int = 1812
    acct_port: int = 1813
    portal_port: int = 50100
    captive_url: str = "http://127.0.0.1/"
    secret: Secret = field(default_factory=lambda: Secret(b"testing123"))
    portal_key: bytes = field(default=b"zhuomai-portal", repr=False)


@dataclass(frozen=True, slots=True)
class AcSettings:
    """How the AC behaves. Times in seconds, rates in bit/s; the times are those of Huawei devices.

    Attributes:
        address: the AC's own address: NAS-IP-Address, BAS-IP and the `device-ip` of a redirect.
        network: the stations' network, CIDR; addresses are leased from its second one upwards.
        challenge_seconds: a portal challenge older than this is dead.
        affirm_seconds: a session whose AFF_ACK_AUTH stays away so long is cut.
        detect_seconds: how long a vanished station stays unnoticed.
        notice_tries, notice_seconds: how NTF_LOGOUT is repeated until it is answered, the first one included.
        radius_tries, radius_seconds: how RADIUS requests are repeated, at even pace.
        stop_tries: how often an accounting Stop is begun anew after such a round without an answer.
        interim_seconds: the interval of interim updates when the server names none; 0: none then.
        line_bps: what a station can move when the server grants no rate.
        speed: factor on all traffic, to use up a package in a short time.
        up_share, down_share: part of its rates that a terminal uses until it is told otherwise, 0.0 to 1.0.
        sign_access: add Message-Authenticator to Access-Requests without EAP, which these devices do not.
        affirm_required: False plays devices that do not care for AFF_ACK_AUTH.
        serves_coa: False plays devices that end sessions on request and cannot change them.
    """

    box: Box = Box()
    name: str = "ac1"
    address: str = "127.0.0.1"
    network: str = "10.9.0.0/16"
    ap_mac: str = "00:e0:fc:12:34:56"
    ssid: str = "Campus"
    vlan: int = 109
    challenge_seconds: float = 15.0
    affirm_seconds: float = 30.0
    detect_seconds: float = 60.0
    notice_tries: int = 4
    notice_seconds: float = 5.0
    radius_tries: int = 3
    radius_seconds: float = 3.0
    stop_tries: int = 20
    interim_seconds: int = 300
    line_bps: int = 50_000_000
    speed: float = 1.0
    up_share: float = 0.02
    down_share: float = 0.1
    sign_access: bool = False
    affirm_required: bool = True
    serves_coa: bool = True
