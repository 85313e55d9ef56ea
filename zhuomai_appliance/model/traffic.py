"""Octets, rates and lengths of time, as written by people and by network devices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

GIGABYTE_BINARY = 2**30
"""The default meaning of "GB" in a school; shown next to every number as "1 GB = 1024 MB" (billing rules, §22)."""
GIGABYTE_DECIMAL = 10**9

MAX_OCTETS = 2**50
"""A quota or a counter above this is a mistake: at 10 Gbit/s it takes ten days.

The sums over eight thousand sessions that a broken device reports so still fit a signed 64-bit column; beyond it the
engines refuse to add, and with it every report, export and proof over those rows.
"""

MAX_BPS = 10**12

_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*(B|[KMGT]B)", re.ASCII | re.IGNORECASE)
_RATE = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,9})?)\s*([kKmMgG]?)", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,9})\s*(seconds?|s|minutes?|min|m|hours?|h|days?|d)", re.ASCII)
_POWER = {"B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4}
_FACTOR = {"": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def total_octets(octets: int, gigawords: int = 0, unit: int = 1) -> int:
    """Fold a RADIUS counter and its high word into octets (RFC 2869 §5.1 and §5.2).

    Args:
        octets: Acct-Input-Octets or Acct-Output-Octets, 32 bits.
        gigawords: how often that counter wrapped, 32 bits.
        unit: octets in one count of this device; some count in kilobytes.

    Raises:
        ValueError: a number outside its range.
    """
    if not (0 <= octets < 2**32 and 0 <= gigawords < 2**32 and unit >= 1):
        raise ValueError(f"counter {octets}, gigawords {gigawords}, unit {unit}: out of range")
    return ((gigawords << 32) + octets) * unit


def parse_size(text: object, gigabyte: int = GIGABYTE_BINARY) -> int:
    """Read "10 GB", "512MB" or "1.5 TB" as octets.

    Args:
        gigabyte: the site's meaning of GB, 2**30 or 10**9; KB, MB and TB follow it.

    Raises:
        ValueError: no unit, not a whole number of octets, or too much.
    """
    found = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f'{text!r} is not an amount of data such as "10 GB"')
    octets = Fraction(found[1]) * _kilobyte(gigabyte) ** _POWER[found[2].upper()]
    if octets.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of bytes")
    if octets > MAX_OCTETS:
        raise ValueError(f"{text!r} is too much data")
    return int(octets)


def format_size(octets: int, gigabyte: int = GIGABYTE_BINARY) -> str:
    """Write octets for people, two decimals at most, rounded down: nobody is shown more than is there."""
    step = _kilobyte(gigabyte)
    power = 0
    while power < 4 and abs(octets) >= step ** (power + 1):
        power += 1
    hundredths = abs(octets) * 100 // step**power
    number = f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")
    return f"{'-' if octets < 0 else ''}{number} {list(_POWER)[power]}"


def _kilobyte(gigabyte: int) -> int:
    if gigabyte == GIGABYTE_BINARY:
        return 1024
    if gigabyte == GIGABYTE_DECIMAL:
        return 1000
    raise ValueError(f"a gigabyte is {GIGABYTE_BINARY} or {GIGABYTE_DECIMAL} bytes, not {gigabyte}")


@dataclass(frozen=True, slots=True)
class Burst:
    """Peaks in bits per second that a user may reach for a while; ``seconds`` is how long use is averaged over.

    Raises:
        ValueError: no time, or one over an hour.
    """

    up_bps: int
    down_bps: int
    seconds: int = 8

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= 3600:
            raise ValueError(f"a burst lasts from 1 second to an hour, not {self.seconds} s")

    def __str__(self) -> str:
        return f"{format_rate(self.up_bps)}/{format_rate(self.down_bps)}/{self.seconds}"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The speed of one user in bits per second, seen from the user: up is sent, down is received.

    Raises:
        ValueError: a rate that is not positive (no limit is said by having no RateLimit, never by 0), or a peak below
            its rate.
    """

    up_bps: int
    down_bps: int
    burst: Burst | None = None

    def __post_init__(self) -> None:
        if not (0 < self.up_bps <= MAX_BPS and 0 < self.down_bps <= MAX_BPS):
            raise ValueError(
                f"a rate lies between 1 bit/s and 1000 Gbit/s, not {self.up_bps} up and {self.down_bps} down"
            )
        burst = self.burst
        if burst is not None and not (
            self.up_bps <= burst.up_bps <= MAX_BPS and self.down_bps <= burst.down_bps <= MAX_BPS
        ):
            raise ValueError(f"the peaks {burst.up_bps} up and {burst.down_bps} down are no peaks of {self}")

    def __str__(self) -> str:
        words = f"{format_rate(self.up_bps)}/{format_rate(self.down_bps)}"
        return words if self.burst is None else f"{words} ({self.burst} s)"


def parse_rate(text: object) -> int:
    """Read "8M", "512k", "1G", "2.5M" or plain digits as bits per second; k, M and G are decimal.

    Raises:
        ValueError: anything else, zero, or a fraction of a bit.
    """
    found = _RATE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f'{text!r} is not a rate such as "8M" or "512k" (bits per second)')
    bps = Fraction(found[1]) * _FACTOR[found[2].upper()]
    if bps.denominator != 1 or not 0 < bps <= 10**12:
        raise ValueError(f"{text!r} is not a whole number of bits per second between 1 and 1000G")
    return int(bps)


def parse_burst(text: str | None) -> Burst | None:
    """Read what ``str(burst)`` writes, "30M/150M/8"; None for no text.

    Raises:
        ValueError: anything else.
    """
    if text is None:
        return None
    up, down, seconds = text.split("/")
    return Burst(parse_rate(up), parse_rate(down), int(seconds))


def format_rate(bps: int) -> str:
    """Write a rate so that parse_rate reads the same number again, with the largest unit that keeps it whole."""
    for word in ("G", "M", "k"):
        if bps and bps % _FACTOR[word.upper()] == 0:
            return f"{bps // _FACTOR[word.upper()]}{word}"
    return str(bps)


def parse_duration(text: object) -> int:
    """Read "40 h", "90 min", "1 h 30 min", "2 days" as seconds.

    Raises:
        ValueError: a number without its unit, anything else, or more than a century.
    """
    rest = text.strip() if isinstance(text, str) else ""
    seconds = 0
    while found := _DURATION.match(rest):
        seconds += int(found[1]) * _SECONDS[found[2][0]]
        rest = rest[found.end() :].lstrip()
        if not rest and seconds <= 36_525 * 86_400:
            return seconds
    raise ValueError(f'{text!r} is not a length of time such as "40 h" or "90 min"')


def format_duration(seconds: int) -> str:
    """Write seconds so that parse_duration reads them again: "1 d 2 h 30 min 5 s"."""
    parts = []
    for word, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts) or "0 s"
