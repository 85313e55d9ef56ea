"""One Access-Request and its Accept: our codec against pyrad, on the same octets, in one run.

    python benchmarks/radius_codec.py

Work done by each: parse a Huawei-like Access-Request of 12 attributes (PAP, one vendor attribute, Message-Authenticator),
verify it, read 11 values, reveal the password, write an Accept of 8 attributes with Message-Authenticator and Response
Authenticator. No network, no store. The rounds alternate, so that a busy machine slows both; the median counts. Each
reply is verified by the other side before anything is timed.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from timeit import timeit

sys.path.insert(0, str(Path(__file__).parent.parent))

from pyrad.dictionary import Dictionary
from pyrad.packet import AuthPacket

from zhuomai_appliance.radius.dictionary import FOLDER
from zhuomai_appliance.radius.packet import (
    Secret,
    Signature,
    decode,
    encode_reply,
    encode_request,
    message_authenticator,
    vendor_attribute,
    verify_reply,
)
from zhuomai_appliance.radius.passwords import hide_pap, reveal_pap

ROUNDS = 9
CALLS = 3000

KEY = b"a-shared-secret-of-24-oc"
SECRET = Secret(KEY)
AUTHENTICATOR = bytes(range(16))
PASSWORD = b"correct horse"
SERVED = frozenset((1, 12))
REQUEST = encode_request(
    1,
    7,
    [
        (1, b"20260001"),
        (2, hide_pap(PASSWORD, SECRET, AUTHENTICATOR)),
        (4, bytes((192, 0, 2, 1))),
        (5, bytes((0, 1, 0, 100))),
        (6, bytes((0, 0, 0, 2))),
        (8, bytes((10, 9, 1, 7))),
        (30, b"00-15-70-91-E2-40:Campus"),
        (31, b"a45e-60aa-bbcc"),
        (32, b"library-ac1"),
        (61, bytes((0, 0, 0, 19))),
        vendor_attribute(2011, 153, bytes((0, 0, 0, 3))),
    ],
    SECRET,
    authenticator=AUTHENTICATOR,
)
READ = (1, 4, 5, 6, 8, 30, 31, 32, 61)
ACCEPT = [
    (27, bytes((0, 0, 14, 16))),
    (85, bytes((0, 0, 1, 44))),
    (25, b"0123456789abcdef01234567"),
    *(vendor_attribute(2011, number, bytes((0, 122, 18, 0))) for number in (1, 2, 4, 5)),
]


def ours() -> bytes:
    packet = decode(REQUEST, SERVED)
    if message_authenticator(packet, SECRET) is not Signature.GOOD:
        raise AssertionError
    for number in READ:
        packet.first(number)
    packet.vendor(2011, 153)
    hidden = packet.first(2)
    if hidden is None or reveal_pap(hidden, SECRET, packet.authenticator) != PASSWORD:
        raise AssertionError
    return encode_reply(2, packet, ACCEPT, SECRET, sign=True)


FILES = ("rfc2865", "rfc2866", "rfc2869", "huawei.campus")
DICTIONARY = Dictionary(*(str(FOLDER / name) for name in FILES))
NAMES = (
    "User-Name", "NAS-IP-Address", "NAS-Port", "Service-Type", "Framed-IP-Address", "Called-Station-Id",
    "Calling-Station-Id", "NAS-Identifier", "NAS-Port-Type", "HW-Access-Type",
)  # fmt: skip
NAMED_ACCEPT = (
    ("Session-Timeout", 3600),
    ("Acct-Interim-Interval", 300),
    ("Class", b"0123456789abcdef01234567"),
    ("HW-Input-Peak-Information-Rate", 8000000),
    ("HW-Input-Committed-Information-Rate", 8000000),
    ("HW-Output-Peak-Information-Rate", 8000000),
    ("HW-Output-Committed-Information-Rate", 8000000),
)


def pyrads() -> bytes:
    packet = AuthPacket(packet=REQUEST, secret=KEY, dict=DICTIONARY)
    if not packet.verify_message_authenticator():
        raise AssertionError
    for name in NAMES:
        packet[name]
    if packet.PwDecrypt(packet["User-Password"][0]) != PASSWORD.decode():
        raise AssertionError
    reply = packet.CreateReply()
    reply.code = 2
    for name, value in NAMED_ACCEPT:
        reply.AddAttribute(name, value)
    octets: bytes = reply.ReplyPacket()
    return octets


def main() -> None:
    asked = AuthPacket(packet=REQUEST, secret=KEY, dict=DICTIONARY)
    mine, theirs = ours(), pyrads()
    if not asked.VerifyReply(AuthPacket(packet=mine, secret=KEY, dict=DICTIONARY), mine, enforce_ma=True):
        raise AssertionError
    verify_reply(theirs, REQUEST, SECRET)
    rounds: dict[Callable[[], bytes], list[float]] = {ours: [], pyrads: []}
    for _ in range(ROUNDS):
        for work, times in rounds.items():
            times.append(timeit(work, number=CALLS) / CALLS * 1e6)
    mine_us, theirs_us = (median(times) for times in rounds.values())
    print(f"request {len(REQUEST)} octets, reply {len(mine)} octets, median of {ROUNDS} x {CALLS}")
    print(f"ours   {mine_us:6.1f} us  {1e6 / mine_us:8.0f}/s")
    print(f"pyrad  {theirs_us:6.1f} us  {1e6 / theirs_us:8.0f}/s")
    print(f"ratio  {theirs_us / mine_us:6.1f}")


if __name__ == "__main__":
    main()
