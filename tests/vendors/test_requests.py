"""Reading requests: what is trusted, what is not, and what never comes through."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vendors.examples import NOW, a_nas, a_packet
from zhuomai_appliance.model.access import AccessKind, ChapProof, MacProof, NoProof, PapProof
from zhuomai_appliance.model.network import TrafficUnit, Vendor
from zhuomai_appliance.model.traffic import MAX_OCTETS
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.vendors import attempt_from, boot_time_from, profile_of, report_from
from zhuomai_appliance.vendors.requests import split_realm

STANDARD = profile_of(Vendor.STANDARD)
CAMPUS = profile_of(Vendor.HUAWEI_CAMPUS)
HIDDEN = (2, bytes(16))


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def test_mac_login_never_becomes_a_password_check() -> None:
    """Name and password both the caller's address is MAC authentication, even where the device says "portal"."""
    packet = a_packet(
        [(1, b"a45e60aabbcc"), HIDDEN, (31, b"A4-5E-60-AA-BB-CC"), vendor_attribute(2011, 153, number(3))]
    )
    attempt = attempt_from(packet, a_nas(), CAMPUS, b"a45e-60aa-bbcc", NOW)
    assert attempt.access_kind is AccessKind.MAC
    assert attempt.proof == MacProof("a4:5e:60:aa:bb:cc")


def test_mac_login_by_chap_is_a_device_too() -> None:
    """CHAP over the address as password proves nothing about an account of that name."""
    packet = a_packet([(1, b"a45e60aabbcc"), (3, bytes(17)), (31, b"a45e60aabbcc")])
    assert attempt_from(packet, a_nas(), STANDARD, None, NOW).proof == MacProof("a4:5e:60:aa:bb:cc")


def test_a_portal_user_named_like_a_device() -> None:
    """A typed password stays one if the name is another address than the caller's."""
    packet = a_packet([(1, b"a45e60aabbcd"), HIDDEN, (31, b"a45e60aabbcc"), (61, number(19))])
    attempt = attempt_from(packet, a_nas(), STANDARD, b"secret", NOW)
    assert attempt.access_kind is AccessKind.PORTAL
    assert attempt.proof == PapProof(b"secret")


def test_mac_authentication_without_an_address_proves_nothing() -> None:
    """Service-Type 10 with a plain name and no caller leaves nothing to look up."""
    packet = a_packet([(1, b"macuser"), HIDDEN, (6, number(10))])
    assert isinstance(attempt_from(packet, a_nas(), STANDARD, b"x", NOW).proof, NoProof)


@pytest.mark.parametrize(
    "attributes",
    [
        [],
        [HIDDEN, (3, bytes(17))],
        [HIDDEN, (79, b"\2\1\0\4")],
        [(79, b"\2\1\0\5\1"), (24, b"one"), (24, b"two")],
        [(3, bytes(16))],
        [vendor_attribute(311, 25, bytes(50))],
        [vendor_attribute(311, 25, bytes(49)), vendor_attribute(311, 11, bytes(16))],
        [vendor_attribute(311, 1, b"\0\1" + bytes(48)), vendor_attribute(311, 11, bytes(8))],
        [HIDDEN, vendor_attribute(311, 1, bytes(50))],
    ],
)
def test_what_proves_nothing(attributes: list[Attribute]) -> None:
    """No credential, two kinds, an ill-sized one or one that is not offered: a reason for the log, no proof."""
    attempt = attempt_from(a_packet([(1, b"zhang"), *attributes]), a_nas(), STANDARD, b"secret", NOW)
    assert isinstance(attempt.proof, NoProof)
    assert attempt.proof.detail


def test_pap_that_could_not_be_unhidden() -> None:
    """A User-Password of a wrong size is no proof."""
    attempt = attempt_from(a_packet([(1, b"zhang"), (2, bytes(15))]), a_nas(), STANDARD, None, NOW)
    assert isinstance(attempt.proof, NoProof)


def test_chap_challenge() -> None:
    """The challenge is CHAP-Challenge; without one, the Request Authenticator (RFC 2865 §5.3)."""
    value = bytes([9]) + bytes(range(16))
    with_own = attempt_from(
        a_packet([(1, b"z"), (3, value), (60, b"challenge")]), a_nas(), STANDARD, None, NOW
    )
    without = attempt_from(a_packet([(1, b"z"), (3, value)]), a_nas(), STANDARD, None, NOW)
    assert with_own.proof == ChapProof(9, bytes(range(16)), b"challenge")
    assert without.proof == ChapProof(9, bytes(range(16)), bytes(range(16)))


def test_probe_by_code_and_by_name() -> None:
    """Status-Server and the device's configured test user are probes."""
    assert attempt_from(a_packet([], code=12), a_nas(), STANDARD, None, NOW).access_kind is AccessKind.PROBE
    nas = a_nas(quirks=MappingProxyType({"probe_username": "test"}))
    probe = attempt_from(a_packet([(1, b"test"), HIDDEN]), nas, STANDARD, b"x", NOW)
    assert probe.access_kind is AccessKind.PROBE


@pytest.mark.parametrize(
    ("name", "username", "realm"),
    [
        ("zhang", "zhang", None),
        ("zhang@dorm", "zhang", "dorm"),
        ("a@b@dorm", "a@b", "dorm"),
        ("zhang@", "zhang@", None),
        ("@dorm", "@dorm", None),
        ("", "", None),
        ("CAMPUS\\zhang", "zhang", None),
        ("\\zhang", "zhang", None),
        ("CAMPUS\\zhang@dorm", "zhang", "dorm"),
        ("A\\B\\zhang", "B\\zhang", None),
        ("zhang\\", "zhang\\", None),
        ("\\", "\\", None),
        ("CAMPUS\\@dorm", "CAMPUS\\", "dorm"),
        ("zhang@dorm\\x", "zhang", "dorm\\x"),
    ],
)
def test_realm(name: str, username: str, realm: str | None) -> None:
    """The realm is what follows the last @, where something stands on both sides; Windows' domain is none."""
    assert split_realm(name) == (username, realm)


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("张三".encode(), "张三"),
        ("张三".encode("gbk"), "张三"),
        ("CAMPUS\\\N{CJK UNIFIED IDEOGRAPH-8AA0}".encode("gbk"), "\N{CJK UNIFIED IDEOGRAPH-8AA0}"),
        (b"zhang\0admin", "zhang\0admin"),
        ("zhang\N{RIGHT-TO-LEFT OVERRIDE}nimda".encode(), "zhang\N{RIGHT-TO-LEFT OVERRIDE}nimda"),
        (b"x" * 253, "x" * 253),
    ],
)
def test_names_are_read_and_never_repaired(name: bytes, username: str) -> None:
    """UTF-8 and GBK are read; what is hostile stays visible to the rule that refuses it, and NUL leaves the log text."""
    attempt = attempt_from(a_packet([(1, name), HIDDEN]), a_nas(), STANDARD, b"x", NOW)
    assert attempt.username == username
    assert "\0" not in attempt.username_raw


@pytest.mark.parametrize(
    "attributes",
    [
        [],
        [(40, number(9)), (44, b"S")],
        [(40, b"\1"), (44, b"S")],
        [(40, number(1))],
        [(40, number(1)), (44, b"")],
    ],
)
def test_reports_about_nothing(attributes: list[Attribute]) -> None:
    """Without a known status, or about a session without id, there is nothing to record."""
    assert report_from(a_packet(attributes, code=4), a_nas(), STANDARD, NOW) is None


def test_counters_never_leave_the_column() -> None:
    """The largest counters in the largest unit stay inside a signed 64-bit column."""
    top = number(0xFFFFFFFF)
    attributes = [(40, number(3)), (44, b"S"), *((n, top) for n in (42, 43, 46, 52, 53))]
    report = report_from(a_packet(attributes, 4), a_nas(traffic_unit=TrafficUnit.GB), STANDARD, NOW)
    assert report is not None
    assert report.input_octets == report.output_octets == MAX_OCTETS


def test_absurd_delay_is_not_believed() -> None:
    """A record held back for years by its own word is dated by its arrival."""
    attributes = [(40, number(2)), (44, b"S"), (41, number(0xFFFFFFFF))]
    report = report_from(a_packet(attributes, 4), a_nas(), STANDARD, NOW)
    assert report is not None
    assert report.at == NOW


def test_boot_time() -> None:
    """Huawei's and H3C's start time is read; a device without one has none."""
    packet = a_packet([vendor_attribute(2011, 59, number(NOW))], code=4)
    assert boot_time_from(packet, CAMPUS) == NOW
    assert boot_time_from(packet, STANDARD) is None


ATTRIBUTES = st.tuples(st.integers(1, 255).filter(lambda n: n != 80), st.binary(max_size=60)) | st.builds(
    vendor_attribute,
    st.sampled_from([9, 311, 2011, 3902, 4881, 14988, 25506]),
    st.integers(1, 255),
    st.binary(max_size=40),
)


@given(st.lists(ATTRIBUTES, max_size=20), st.sampled_from(sorted(Vendor)))
def test_any_packet_is_read(attributes: list[Attribute], vendor: Vendor) -> None:
    """No attribute of any kind makes a reader fail: a device's oddity never costs others their service."""
    profile = profile_of(vendor)
    attempt = attempt_from(a_packet(attributes), a_nas(), profile, None, NOW)
    assert "\0" not in attempt.username_raw + attempt.calling_station_raw + attempt.called_station_raw
    report = report_from(a_packet([(40, number(3)), (44, b"S"), *attributes], 4), a_nas(), profile, NOW)
    if report is not None:
        assert 0 <= report.input_octets <= MAX_OCTETS
        assert abs(report.at - NOW) <= 8 * 86_400
