"""Traffic that a Huawei campus device splits by the levels of its own tariffs (26-247 to 26-250): never counted twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vendors.examples import NOW, a_nas, a_packet
from zhuomai_appliance.model.access import UsageReport
from zhuomai_appliance.model.network import Nas, TrafficUnit, Vendor
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.vendors import profile_of, report_from

UP, DOWN, UP_HIGH, DOWN_HIGH = 247, 248, 249, 250


def level(number: int, words: bytes) -> Attribute:
    return vendor_attribute(2011, number, words)


def read(
    *attributes: Attribute, nas: Nas | None = None, vendor: Vendor = Vendor.HUAWEI_CAMPUS
) -> UsageReport:
    packet = a_packet([(40, integer_value(3)), (44, b"S1"), *attributes], 4)
    report = report_from(packet, nas or a_nas(vendor=vendor), profile_of(vendor), NOW)
    assert report is not None
    return report


def octets(report: UsageReport) -> tuple[int, int]:
    return report.input_octets, report.output_octets


LEVELS = (level(UP, b"1:100"), level(UP, b"3:20"), level(DOWN, b"1:7"), level(DOWN_HIGH, b"1:2"))


def test_totals_are_what_counts() -> None:
    """Beside totals the levels are a part of them, or what the device leaves out on purpose: nothing is added."""
    totals = ((42, integer_value(120)), (43, integer_value(9)))
    assert octets(read(*totals, *LEVELS)) == (120, 9)
    assert octets(read((42, integer_value(0)), (43, integer_value(0)), *LEVELS)) == (0, 0)


def test_levels_alone_add_up() -> None:
    """Where a direction has no total it is the sum of all levels, gigawords folded in."""
    assert octets(read(*LEVELS)) == (120, (2 << 32) + 7)
    assert octets(read((42, integer_value(5)), *LEVELS)) == (5, (2 << 32) + 7)
    assert octets(read((43, integer_value(5)), *LEVELS)) == (120, 5)


def test_levels_in_the_device_s_unit_and_direction() -> None:
    """As the totals: in its traffic unit, and the other way round where it counts from its own side."""
    nas = a_nas(vendor=Vendor.HUAWEI_CAMPUS, traffic_unit=TrafficUnit.KB, swap_direction=True)
    unit = TrafficUnit.KB.octets
    assert octets(read(level(UP, b"1:3"), level(DOWN, b"2:5"), nas=nas)) == (5 * unit, 3 * unit)


def test_gigawords_of_a_level_are_no_wrap() -> None:
    """A fall of totals that tell their gigawords is none of a counter of 32 bits."""
    assert read(*LEVELS).gigawords_sent
    assert not read(level(UP, b"1:100")).gigawords_sent


def test_other_makers_numbers_mean_something_else() -> None:
    """26-247 is read at campus devices alone."""
    assert octets(read(*LEVELS, vendor=Vendor.HUAWEI_BRAS)) == (0, 0)


@pytest.mark.parametrize(
    "words", [b"", b":", b"1:", b":5", b"1:-5", b"1:5:6", b"x:5", b"1:99999999999", b"1 5"]
)
def test_text_of_another_form_is_left_out(words: bytes) -> None:
    """What cannot be read counts nothing, and the rest counts still."""
    assert octets(read(level(UP, words), level(UP, b"2: 8\0"))) == (8, 0)


def test_level_told_twice_counts_once() -> None:
    """With the larger of its values."""
    assert octets(read(level(UP, b"1:100"), level(UP, b"1:90"), level(UP, b"01:80"))) == (100, 0)


@given(st.dictionaries(st.integers(0, 255), st.integers(0, (1 << 44) - 1), min_size=1, max_size=8))
def test_any_levels_add_up(counts: dict[int, int]) -> None:
    """Up to eight levels of any size give their exact sum."""
    told = [
        level(number, b"%d:%d" % (at, part))
        for at, count in counts.items()
        for number, part in ((UP, count & 0xFFFFFFFF), (UP_HIGH, count >> 32))
    ]
    assert octets(read(*told)) == (sum(counts.values()), 0)
