"""Rightly signed packets full of nonsense (features K09): answered or dropped, never the cause of an exception."""

from __future__ import annotations

import random

import pytest
from twisted.logger import capturedLogs

from tests.journeys import wire
from tests.net.rig import DEVICE, NAME, SECRET, Rig, report
from zhuomai_appliance.model.network import Vendor

PACKETS = 250
REPORTS = 600
"""Enough for every vendor to come to one second twice under one session id, several times."""
REPORTS_OF_TWO_IDS = 30
VENDOR_IDS = (9, 311, 2011, 3902, 4881, 14122, 14823, 14988, 25506, 0, 0xFFFFFFFF)
WORDS = (
    b"", b"\0", b"\xff" * 253, b"'; DROP TABLE session; --", b"<script>alert(1)</script>", b"=cmd|' /C calc'!A0",
    b"\x1b]0;x\x07", "\u202e\u2066".encode(), b"%s%n%x", b"../../etc/passwd", b"a45e-60aa-bbcc", b"A4:5E:60:AA:BB:CC:School",
    "张三".encode(), "张三".encode("gbk"), b"slot=99999999999999999999;subslot=0;port=-1;vlanid=5000", b"0" * 40, b"1" * 253,
    b"user@", b"@realm", b"a@b@c", b"\r\nSet-Cookie: x", b"\xc0\x80", b"\xed\xa0\x80",
)  # fmt: skip


def attribute(chance: random.Random) -> wire.Attribute:
    """One attribute: any number with octets of any kind, a word, a number, or a vendor's that adds up or not."""
    number = chance.choice((*range(1, 120), 26, 26, 26, 31, 32, 87, 255))
    if number == 80:
        number = 81
    if number == 26:
        inside = wire.packed(
            [(chance.randrange(256), value(chance)[:60]) for _ in range(chance.randrange(4))]
        )
        if not chance.randrange(4):
            inside = chance.randbytes(chance.randrange(60))
        return 26, (chance.choice(VENDOR_IDS).to_bytes(4, "big") + inside)[:253]
    return number, value(chance)


def value(chance: random.Random) -> bytes:
    """Octets that some reader may stumble over."""
    way = chance.randrange(4)
    if way == 0:
        return chance.randbytes(chance.randrange(60))
    if way == 1:
        return chance.choice((0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)).to_bytes(4, "big")
    if way == 2:
        return chance.choice(WORDS)
    return bytes(chance.choice((3, 5, 6, 8, 16, 18)))


@pytest.mark.parametrize("vendor", Vendor)
def test_nonsense_that_is_rightly_signed(vendor: Vendor) -> None:
    """Logins are judged, reports recorded or dropped, and no line of the log tells of an exception or drives a terminal."""
    chance = random.Random(f"nonsense {vendor.value}")
    rig = Rig(vendor=vendor)
    with capturedLogs() as lines:
        for number in range(PACKETS):
            more = [attribute(chance) for _ in range(chance.randrange(1, 12))]
            name = chance.choice((NAME, *WORDS))
            rig.auth.datagramReceived(
                wire.login(number % 256, name, b"pass-word", SECRET, more, sign=True), DEVICE
            )
            kind = chance.choice((1, 2, 3, 3, 7, 8, 15, 0, 0xFFFFFFFF))
            told = [one for one in more if one[0] not in (40, 44)]
            session = chance.choice((b"S%d" % (number % 9), *WORDS))[:200]
            rig.acct.datagramReceived(
                report(kind, session, told, identifier=number % 256, name=name[:200]), DEVICE
            )
            if not number % 10:
                rig.clock.advance(1.1)
    rig.clock.advance(2)
    assert rig.auth.counters["failed"] == 0, [line for line in lines if "reason" in line][:3]
    assert rig.acct.counters["failed"] == 0, [line for line in lines if "reason" in line][:3]
    assert not [line for line in lines if "log_failure" in line]
    assert rig.auth.counters["requests"] == PACKETS
    assert rig.auth.in_flight == rig.acct.in_flight == 0
    rig.school.check_usage()
    assert rig.ask(wire.login(1, NAME, b"pass-word", SECRET, sign=True), (DEVICE[0], 1)) is not None


@pytest.mark.parametrize("vendor", Vendor)
def test_nonsense_under_few_session_ids(vendor: Vendor) -> None:
    """Clients of every kind share two ids within seconds, some of their reports late: each one is recorded or dropped."""
    chance = random.Random(f"few ids {vendor.value}")
    rig = Rig(vendor=vendor)
    with capturedLogs() as lines:
        for number in range(REPORTS):
            told = [attribute(chance) for _ in range(chance.randrange(1, 12))]
            told = [one for one in told if one[0] not in (40, 41, 44)]
            told.append((41, chance.choice((0, 0, 1, 1, 2, 30)).to_bytes(4, "big")))
            session = b"S%d" % (number // REPORTS_OF_TWO_IDS * 2 + chance.randrange(2))
            name = chance.choice((NAME, *WORDS))[:200]
            kind = chance.choice((1, 2, 3, 3))
            rig.acct.datagramReceived(report(kind, session, told, identifier=number % 256, name=name), DEVICE)
            if not number % 10:
                rig.clock.advance(1.1)
    rig.clock.advance(2)
    assert rig.acct.counters["failed"] == 0, [line for line in lines if "reason" in line][:3]
    assert not [line for line in lines if "log_failure" in line]
    assert rig.acct.counters["requests"] == REPORTS
    assert rig.acct.in_flight == 0
    rig.school.check_usage()
