"""The attributes that a Huawei campus AC sends and understands: the simulator's own table.

It does not use the server's vendor tables, or one mistake would be made on both sides and cancel out.

Sources: RFC 2865, 2866, 2869, 5176; Huawei "RADIUS attributes" of the campus series (vendor 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from zhuomai_appliance.radius.packet import Attribute, Packet, vendor_attribute

USER_NAME = 1
USER_PASSWORD = 2
CHAP_PASSWORD = 3
NAS_IP_ADDRESS = 4
NAS_PORT = 5
SERVICE_TYPE = 6
FRAMED_PROTOCOL = 7
FRAMED_IP_ADDRESS = 8
FILTER_ID = 11
REPLY_MESSAGE = 18
CLASS = 25
SESSION_TIMEOUT = 27
IDLE_TIMEOUT = 28
CALLED_STATION_ID = 30
CALLING_STATION_ID = 31
NAS_IDENTIFIER = 32
STATUS_TYPE = 40
DELAY_TIME = 41
INPUT_OCTETS = 42
OUTPUT_OCTETS = 43
SESSION_ID = 44
AUTHENTIC = 45
SESSION_TIME = 46
INPUT_PACKETS = 47
OUTPUT_PACKETS = 48
TERMINATE_CAUSE = 49
INPUT_GIGAWORDS = 52
OUTPUT_GIGAWORDS = 53
EVENT_TIMESTAMP = 55
CHAP_CHALLENGE = 60
NAS_PORT_TYPE = 61
MESSAGE_AUTHENTICATOR = 80
INTERIM_INTERVAL = 85
NAS_PORT_ID = 87
ERROR_CAUSE = 101

HUAWEI = 2011
UP_PEAK, UP_RATE = 1, 2
DOWN_PEAK, DOWN_RATE = 4, 5
REMAINING_KILOBYTES = 15
CONNECT_ID = 26
STARTUP_TIMESTAMP = 59
IP_HOST_ADDRESS = 60
ACCESS_TYPE = 153

ACCESS_TYPE_PORTAL = 3
SERVICE_FRAMED = 2
PROTOCOL_PPP = 1
PORT_WIRELESS = 19
AUTHENTIC_RADIUS = 1

START, STOP, INTERIM, ACCT_ON, ACCT_OFF = 1, 2, 3, 7, 8
STATUS_NAMES = {START: "start", STOP: "stop", INTERIM: "interim", ACCT_ON: "on", ACCT_OFF: "off"}

USER_REQUEST, LOST_CARRIER, IDLE, TIMEOUT, ADMIN_RESET = 1, 2, 4, 5, 6
ADMIN_REBOOT, NAS_REQUEST = 7, 10

_MEAN_PACKET_OCTETS = 800


def integer(number: int, value: int) -> Attribute:
    """A 32-bit attribute; a larger value is cut to its low word, which is what counters on the wire do."""
    return number, (value & 0xFFFFFFFF).to_bytes(4, "big")


def text(number: int, value: str) -> Attribute:
    """A text attribute in UTF-8."""
    return number, value.encode()


def address(number: int, value: str) -> Attribute:
    """An IPv4 attribute."""
    return number, IPv4Address(value).packed


def huawei_integer(number: int, value: int) -> Attribute:
    """A 32-bit attribute of Huawei."""
    return vendor_attribute(HUAWEI, number, value.to_bytes(4, "big"))


def huawei_text(number: int, value: str) -> Attribute:
    """A text attribute of Huawei."""
    return vendor_attribute(HUAWEI, number, value.encode())


def hyphened(mac: str) -> str:
    """`0200-0000-00a7`: Calling-Station-Id as these devices write it by default."""
    digits = mac.replace(":", "")
    return "-".join((digits[:4], digits[4:8], digits[8:]))


def called_station(ap_mac: str, ssid: str) -> str:
    """`00-E0-FC-12-34-56:Campus`."""
    return f"{ap_mac.replace(':', '-').upper()}:{ssid}"


@dataclass(slots=True)
class Grant:
    """What an Access-Accept or a CoA-Request gives a session. None: not said.

    Attributes:
        up_bps, down_bps: committed rates, bit/s.
        octets_left: remaining volume.
    """

    username: bytes | None = None
    classes: tuple[bytes, ...] = ()
    session_timeout_seconds: int | None = None
    idle_timeout_seconds: int | None = None
    interim_seconds: int | None = None
    up_bps: int | None = None
    down_bps: int | None = None
    octets_left: int | None = None
    filter_id: bytes | None = None


def read_grant(packet: Packet) -> Grant:
    """Read an Access-Accept or the changes of a CoA-Request. Values of the wrong size are as if not sent."""
    kilobytes = _number(packet.vendor(HUAWEI, REMAINING_KILOBYTES))
    return Grant(
        username=packet.first(USER_NAME),
        classes=tuple(packet.every(CLASS)),
        # 0 is ignored by these devices.
        session_timeout_seconds=_number(packet.first(SESSION_TIMEOUT)) or None,
        idle_timeout_seconds=_number(packet.first(IDLE_TIMEOUT)) or None,
        interim_seconds=_number(packet.first(INTERIM_INTERVAL)) or None,
        up_bps=_number(packet.vendor(HUAWEI, UP_RATE)),
        down_bps=_number(packet.vendor(HUAWEI, DOWN_RATE)),
        octets_left=None if kilobytes is None else kilobytes * 1024,
        filter_id=packet.first(FILTER_ID),
    )


def reply_text(packet: Packet) -> str:
    """The words of all Reply-Message attributes."""
    return " ".join(value.decode("utf-8", "replace") for value in packet.every(REPLY_MESSAGE))


def counters(seconds: int, input_octets: int, output_octets: int) -> Sequence[Attribute]:
    """Session time and traffic: octets modulo 2^32 with their gigawords (RFC 2869 §5.1); input is from the user."""
    return (
        integer(SESSION_TIME, seconds),
        integer(INPUT_OCTETS, input_octets),
        integer(INPUT_GIGAWORDS, input_octets >> 32),
        integer(INPUT_PACKETS, input_octets // _MEAN_PACKET_OCTETS),
        integer(OUTPUT_OCTETS, output_octets),
        integer(OUTPUT_GIGAWORDS, output_octets >> 32),
        integer(OUTPUT_PACKETS, output_octets // _MEAN_PACKET_OCTETS),
    )


def _number(value: bytes | None) -> int | None:
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else None
