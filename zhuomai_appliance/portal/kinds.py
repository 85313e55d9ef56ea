"""The numbers of the Huawei Portal protocol: message types and attributes.

Sources: Huawei product documentation "Portal Protocol" (types 0x01-0x0a, 0x0e, 0x10, 0x11, 0x81, 0x82); H3C command
reference, "Portal" chapter (the rest up to 0x14, attributes 1-15, 100, 101); access devices of operators (0x30-0x36).
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """Message types. REQ and NTF of one side are answered by the ACK of the other; AFF closes a three-way exchange."""

    REQ_CHALLENGE = 0x01
    ACK_CHALLENGE = 0x02
    REQ_AUTH = 0x03
    ACK_AUTH = 0x04
    REQ_LOGOUT = 0x05
    ACK_LOGOUT = 0x06
    AFF_ACK_AUTH = 0x07
    NTF_LOGOUT = 0x08
    REQ_INFO = 0x09
    ACK_INFO = 0x0A
    NTF_USERDISCOVER = 0x0B
    NTF_USERIPCHANGE = 0x0C
    AFF_NTF_USERIPCHANGE = 0x0D
    ACK_NTF_LOGOUT = 0x0E
    NTF_HEARTBEAT = 0x0F
    """H3C: "the server is alive"; no answer."""
    USER_SYN = 0x10
    """Huawei's name; H3C says NTF_USER_HEARTBEAT. The users that the server holds online."""
    ACK_USER_SYN = 0x11
    NTF_CHALLENGE = 0x12
    NTF_USER_NOTIFY = 0x13
    AFF_NTF_USER_NOTIFY = 0x14
    REQ_MACBINDING_INFO = 0x30
    ACK_MACBINDING_INFO = 0x31
    NTF_USER_LOGON = 0x32
    NTF_USER_LOGOUT = 0x34
    REQ_USER_OFFLINE = 0x36
    STATUS_NOTIFY = 0x81
    """Huawei: "the server is alive"; answered by ACK_STATUS_NOTIFY."""
    ACK_STATUS_NOTIFY = 0x82


ANSWERS = frozenset(
    {
        Kind.ACK_CHALLENGE,
        Kind.ACK_AUTH,
        Kind.ACK_LOGOUT,
        Kind.ACK_INFO,
        Kind.AFF_NTF_USERIPCHANGE,
        Kind.ACK_NTF_LOGOUT,
        Kind.ACK_USER_SYN,
        Kind.AFF_NTF_USER_NOTIFY,
        Kind.ACK_MACBINDING_INFO,
        Kind.ACK_STATUS_NOTIFY,
    }
)
"""Kinds whose authenticator covers the authenticator of what they answer. AFF_ACK_AUTH is not one of them."""


class AttributeKind(IntEnum):
    """Attribute numbers: 1-15, 100 and 101 by the H3C table, 0x30-0x3a and 0xf1 by operators' MAC binding servers."""

    USER_NAME = 1
    PASSWORD = 2
    CHALLENGE = 3
    CHAP_PASSWORD = 4
    TEXT_INFO = 5
    """Reason in words; five characters such as AC101 from operator-mode devices."""
    UPLINK_FLUX = 6
    DOWNLINK_FLUX = 7
    PORT = 8
    IP_CONFIG = 9
    BAS_IP = 10
    SESSION_ID = 11
    """MAC address of the user, 6 octets."""
    DELAY_TIME = 12
    USER_LIST = 13
    EAP_MESSAGE = 14
    USER_NOTIFY = 15
    NAS_ID = 0x30
    SESSION_START = 0x31
    SESSION_STOP = 0x32
    SESSION_TIME = 0x33
    USER_AGENT = 0x34
    INPUT_OCTETS = 0x35
    OUTPUT_OCTETS = 0x36
    INPUT_PACKETS = 0x37
    OUTPUT_PACKETS = 0x38
    INPUT_GIGAWORDS = 0x39
    OUTPUT_GIGAWORDS = 0x3A
    BAS_IPV6 = 100
    USER_IPV6_LIST = 101
    USER_IPV6 = 0xF1
