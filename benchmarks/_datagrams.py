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

Lanes = list[list[bytes]]
"""The datagrams of each lane, in the order in which they are sent."""


def name_of(number: int) -> str:
    return f"2026{number:05d}"


def password_of(number: int) -> str:
    return f"Pass-{number:05d}"


def device_of(number: int) -> list[Attribute]:
    """What a Huawei controller says of one client, in logins and in reports."""
    mac = f"a45e-60{number >> 8:02x}-{number & 255:02x}01"
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
        (a.FRAMED_IP_ADDRESS, address_value(f"10.9.{number >> 8}.{number & 255}")),
        vendor_attribute(a.VENDOR_HUAWEI, 153, integer_value(3)),
    ]


def logins(lanes: int, of_lane: int, seed: int) -> Lanes:
    """Access-Requests by PAP, signed, every one with an authenticator of its own."""
    made: Lanes = []
    for lane in range(lanes):
        datagrams = []
        for turn in range(of_lane):
            number = (lane + turn * lanes) % ACCOUNTS
            authenticator = os.urandom(16)
            hidden = hide_pap(password_of(number).encode(), WHOLE, authenticator)
            attributes = [
                *device_of(number),
                (a.USER_PASSWORD, hidden),
                (a.ACCT_SESSION_ID, b"%08x%08x" % (seed, number)),
            ]
            datagrams.append(
                encode_request(
                    Code.ACCESS_REQUEST, identifier_of(lane), attributes, WHOLE, authenticator=authenticator
                )
            )
        made.append(datagrams)
    return made


def reports(lanes: int, of_lane: int, seed: int) -> Lanes:
    """Accounting: Start, six Interim-Updates and Stop of one session after the other."""
    made: Lanes = []
    now = int(time.time())
    for lane in range(lanes):
        datagrams: list[bytes] = []
        session = 0
        while len(datagrams) < of_lane:
            number = (lane + session * lanes) % ACCOUNTS
            session_id = b"%08x%06x%06x" % (seed, lane, session)
            session += 1
            for step in range(INTERIMS + 2):
                kind = a.ACCT_START if step == 0 else a.ACCT_STOP if step > INTERIMS else a.ACCT_INTERIM
                attributes = [
                    *device_of(number),
                    (a.ACCT_STATUS_TYPE, integer_value(kind)),
                    (a.ACCT_SESSION_ID, session_id),
                    (a.ACCT_AUTHENTIC, integer_value(1)),
                    (a.EVENT_TIMESTAMP, integer_value(now - 60 + step * 8)),
                ]
                if step:
                    attributes += [
                        (a.ACCT_SESSION_TIME, integer_value(step * 8)),
                        (a.ACCT_INPUT_OCTETS, integer_value(step * 1_000_003)),
                        (a.ACCT_OUTPUT_OCTETS, integer_value(step * 9_000_007)),
                        (a.ACCT_INPUT_GIGAWORDS, integer_value(0)),
                        (a.ACCT_OUTPUT_GIGAWORDS, integer_value(0)),
                    ]
                datagrams.append(
                    encode_request(
                        Code.ACCOUNTING_REQUEST, identifier_of(lane), attributes, WHOLE, sign=False
                    )
                )
        made.append(datagrams[:of_lane])
    return made
