"""Logins and accounting reports as a Huawei controller sends them, made before anything is timed."""

from __future__ import annotations

import os
import time

from _load import identifier_of

from zhuomai_appliance.radius import attributes as a
from zhuomai_appliance.radius.packet import Attribute, Code, Secret, encode_request, vendor_attribute
from zhuomai_appliance.radius.passwords import hide_pap
from zhuomai_appliance.radius.values import address_value, integer_value

ACCOUNTS = 2000
SECRET = b"bench-secret-16x"
WHOLE = Secret(SECRET)
INTERIMS = 6
SCATTER = 7919
"""A prime, so that steps of it meet every account."""

Lanes = list[list[bytes]]
"""The datagrams of each lane, in the order in which they are sent."""


def name_of(number: int) -> str:
    return f"2026{number:05d}"


def password_of(number: int) -> str:
    return f"Pass-{number:05d}"


def device_of(number: int) -> list[Attribute]:
    """What a Huawei controller says of one client, in logins and in reports."""
    mac = f"a4{number >> 16:02x}-60{number >> 8 & 255:02x}-{number & 255:02x}01"
    return [
        (a.USER_NAME, name_of(number).encode()),
        (a.NAS_IP_ADDRESS, address_value("127.0.0.1")),
        (a.NAS_IDENTIFIER, b"ac1"),
        (a.NAS_PORT, integer_value(4096 + 20)),
        (a.NAS_PORT_ID, b"slot=0;subslot=0;port=1;vlanid=20"),
        (a.NAS_PORT_TYPE, integer_value(19)),
        (a.SERVICE_TYPE, integer_value(2)),
        (a.FRAMED_PROTOCOL, integer_value(1)),
        (a.CALLING_STATION_ID, mac.encode()),
        (a.CALLED_STATION_ID, b"00-15-70-91-E2-40:Campus"),
        (a.FRAMED_IP_ADDRESS, address_value(f"10.{9 + (number >> 16)}.{number >> 8 & 255}.{number & 255}")),
        vendor_attribute(a.VENDOR_HUAWEI, 153, integer_value(3)),
    ]


def person_at(place: int, people: int) -> int:
    """Whose turn it is: everybody once before anybody twice, and neighbours far apart."""
    return place * SCATTER % people


def login(number: int, identifier: int, seed: int) -> bytes:
    """An Access-Request by PAP, signed, with an authenticator of its own."""
    authenticator = os.urandom(16)
    hidden = hide_pap(password_of(number).encode(), WHOLE, authenticator)
    attributes = [
        *device_of(number),
        (a.USER_PASSWORD, hidden),
        (a.ACCT_SESSION_ID, b"%08x%08x" % (seed, number)),
    ]
    return encode_request(Code.ACCESS_REQUEST, identifier, attributes, WHOLE, authenticator=authenticator)


def report(number: int, identifier: int, session_id: bytes, kind: int, at: int, seconds: int = 0) -> bytes:
    """An Accounting-Request: its totals grow with the session's seconds."""
    attributes = [
        *device_of(number),
        (a.ACCT_STATUS_TYPE, integer_value(kind)),
        (a.ACCT_SESSION_ID, session_id),
        (a.ACCT_AUTHENTIC, integer_value(1)),
        (a.EVENT_TIMESTAMP, integer_value(at)),
    ]
    if seconds:
        attributes += [
            (a.ACCT_SESSION_TIME, integer_value(seconds)),
            (a.ACCT_INPUT_OCTETS, integer_value(seconds * 125_003 & 0xFFFFFFFF)),
            (a.ACCT_OUTPUT_OCTETS, integer_value(seconds * 1_125_007 & 0xFFFFFFFF)),
            (a.ACCT_INPUT_GIGAWORDS, integer_value(seconds * 125_003 >> 32)),
            (a.ACCT_OUTPUT_GIGAWORDS, integer_value(seconds * 1_125_007 >> 32)),
        ]
    return encode_request(Code.ACCOUNTING_REQUEST, identifier, attributes, WHOLE, sign=False)


def logins(lanes: int, of_lane: int, seed: int, people: int = ACCOUNTS) -> Lanes:
    """Logins of one person after the other."""
    return [
        [login(person_at(lane + turn * lanes, people), identifier_of(lane), seed) for turn in range(of_lane)]
        for lane in range(lanes)
    ]


def reports(lanes: int, of_lane: int, seed: int, people: int = ACCOUNTS) -> Lanes:
    """Accounting: Start, six Interim-Updates and Stop of one session after the other."""
    made: Lanes = []
    now = int(time.time())
    for lane in range(lanes):
        datagrams: list[bytes] = []
        session = 0
        while len(datagrams) < of_lane:
            number = person_at(lane + session * lanes, people)
            session_id = b"%08x%06x%06x" % (seed, lane, session)
            session += 1
            for step in range(INTERIMS + 2):
                kind = a.ACCT_START if step == 0 else a.ACCT_STOP if step > INTERIMS else a.ACCT_INTERIM
                at = now - 60 + step * 8
                datagrams.append(report(number, identifier_of(lane), session_id, kind, at, step * 8))
        made.append(datagrams[:of_lane])
    return made
