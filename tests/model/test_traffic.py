"""Counters, sizes, rates and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.model.traffic import (
    GIGABYTE_DECIMAL,
    Burst,
    RateLimit,
    format_duration,
    format_rate,
    format_size,
    parse_burst,
    parse_duration,
    parse_rate,
    parse_size,
    total_octets,
)


def test_w33_gigawords_fold_in() -> None:
    """One gigaword and 5 octets are 4 294 967 301; a device that counts kilobytes is multiplied."""
    assert (total_octets(5, 1), total_octets(5, 1, unit=1024)) == (4_294_967_301, 4_294_967_301 * 1024)


@pytest.mark.parametrize(
    ("octets", "gigawords", "unit"), [(-1, 0, 1), (2**32, 0, 1), (0, 2**32, 1), (0, 0, 0)]
)
def test_counters_outside_32_bits_are_refused(octets: int, gigawords: int, unit: int) -> None:
    """A counter that could not have been on the wire is a mistake of the reader."""
    with pytest.raises(ValueError, match="out of range"):
        total_octets(octets, gigawords, unit)


def test_sizes_follow_the_sites_gigabyte() -> None:
    """10 GB is 10 x 2^30 by default and 10^10 where the school says so; MB follows it."""
    assert (parse_size("10 GB"), parse_size("10 GB", GIGABYTE_DECIMAL)) == (10 * 2**30, 10**10)
    assert (parse_size("512mb"), parse_size("1.5 GB"), parse_size("7 B")) == (2**29, 3 * 2**29, 7)
    with pytest.raises(ValueError, match="gigabyte is"):
        parse_size("1 GB", 1_000_000)


@pytest.mark.parametrize(
    "wrong", ["10", "GB", "-1 GB", "0.3 B", "1e3 GB", "1 PB", "", "9999999999 TB", 10, None]
)
def test_what_is_no_size_is_refused(wrong: object) -> None:
    """No unit, a fraction of a byte or an absurd amount is an error that shows what is right."""
    with pytest.raises(ValueError, match=r"data|bytes"):
        parse_size(wrong)


def test_sizes_are_shown_rounded_down() -> None:
    """Nobody is shown more than is there, and whole numbers have no decimals."""
    assert [format_size(n) for n in (0, 1023, 1024, 10 * 2**30, 2**31 - 1, -1536)] == [
        "0 B", "1023 B", "1 KB", "10 GB", "1.99 GB", "-1.5 KB"
    ]  # fmt: skip
    assert format_size(1_500_000_000, GIGABYTE_DECIMAL) == "1.5 GB"


@pytest.mark.parametrize(
    ("text", "bps"),
    [("8M", 8_000_000), ("512k", 512_000), ("1G", 10**9), ("2.5M", 2_500_000), ("64000", 64_000)],
)
def test_rates_are_decimal_bits(text: str, bps: int) -> None:
    """4M is 4 000 000 bit/s, as the contract says."""
    assert parse_rate(text) == bps


@given(st.integers(1, 10**12))
def test_rates_read_back(bps: int) -> None:
    """A rate is written so that it reads back to the bit."""
    assert parse_rate(format_rate(bps)) == bps


@pytest.mark.parametrize("wrong", ["0", "0M", "-8M", "8 Mbps", "fast", "1.5", "2000G", "", 8_000_000, None])
def test_what_is_no_rate_is_refused(wrong: object) -> None:
    """A wrong rate is an error, above all zero: it must never silently become no limit."""
    with pytest.raises(ValueError, match=r"bits? per second"):
        parse_rate(wrong)


@pytest.mark.parametrize(("up", "down"), [(0, 1), (1, 0), (-1, 5), (1, 10**13)])
def test_a_limit_has_two_positive_rates(up: int, down: int) -> None:
    """No limit is said by having none."""
    with pytest.raises(ValueError, match="a rate lies between"):
        RateLimit(up_bps=up, down_bps=down)


@pytest.mark.parametrize(
    ("up", "down", "seconds"), [(3, 9, 8), (9, 7, 8), (9, 10**13, 8), (9, 9, 0), (9, 9, 3601)]
)
def test_peaks_are_above_the_rate_and_last_a_while(up: int, down: int, seconds: int) -> None:
    """A burst that is slower than its rate, endless or of no time is an error."""
    with pytest.raises(ValueError, match=r"peaks|burst"):
        RateLimit(up_bps=4, down_bps=8, burst=Burst(up, down, seconds))


def test_a_burst_reads_back() -> None:
    """Peaks are written so that they read back, and stand behind the rate for people."""
    burst = Burst(6_000_000, 12_500_000, 10)
    assert parse_burst(str(burst)) == burst
    assert parse_burst(None) is None
    assert str(RateLimit(4_000_000, 8_000_000, burst)) == "4M/8M (6M/12500k/10 s)"


def test_a_limit_prints_up_and_down() -> None:
    """Up first, as in 4M/8M."""
    assert str(RateLimit(up_bps=4_000_000, down_bps=8_000_000)) == "4M/8M"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("40 h", 144_000), ("90 min", 5400), ("1 h 30 m", 5400), ("2 days", 172_800), ("45s", 45)],
)
def test_durations_have_units(text: str, seconds: int) -> None:
    """Hours, minutes, days and seconds, alone or one after the other."""
    assert parse_duration(text) == seconds


@given(st.integers(0, 10**8))
def test_durations_read_back(seconds: int) -> None:
    """A duration is written so that it reads back to the second."""
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("wrong", ["40", "h", "1 week", "1.5 h", "-1 h", "", "999999999 d", 40, None])
def test_what_is_no_duration_is_refused(wrong: object) -> None:
    """A number without its unit could be anything."""
    with pytest.raises(ValueError, match="length of time"):
        parse_duration(wrong)
