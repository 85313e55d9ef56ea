"""The twelve facts that decide how vendors are served, each as something that would break."""

from __future__ import annotations

from types import MappingProxyType

from tests.vendors.examples import NOW, a_nas, a_packet, a_session
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.flows import class_token
from zhuomai_appliance.model.access import AccessKind, Grant
from zhuomai_appliance.model.network import TrafficUnit, Vendor
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.traffic import Burst, RateLimit
from zhuomai_appliance.radius.packet import Attribute, sub_attributes, vendor_attribute
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors import (
    attempt_from,
    attributes_for,
    disconnect_attributes,
    profile_of,
    report_from,
)
from zhuomai_appliance.vendors.preview import preview
from zhuomai_appliance.vendors.profile import Limit

CAMPUS, BRAS = profile_of(Vendor.HUAWEI_CAMPUS), profile_of(Vendor.HUAWEI_BRAS)
GRANT = Grant(3600, None, None, RateLimit(4_000_000, 8_000_000, Burst(6_000_000, 9_000_000)), 300)


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def huawei(attributes: tuple[Attribute, ...]) -> dict[int, int]:
    """The numbers of vendor 2011 in a reply."""
    return {
        sub: int.from_bytes(value, "big")
        for at, octets in attributes
        if at == 26 and octets.startswith(number(2011))
        for sub, value in sub_attributes(octets)
    }


def test_fact_1_two_dictionaries_under_one_vendor() -> None:
    """Peaks go as 1 and 4 to campus devices and as 3 and 6 to a BRAS; only 2 and 5 are common."""
    campus = huawei(attributes_for(GRANT, a_nas(vendor=Vendor.HUAWEI_CAMPUS), CAMPUS))
    bras = huawei(attributes_for(GRANT, a_nas(vendor=Vendor.HUAWEI_BRAS), BRAS))
    assert campus == {2: 4_000_000, 5: 8_000_000, 1: 6_000_000, 4: 9_000_000}
    assert bras == {2: 4_000_000, 5: 8_000_000, 3: 6_000_000, 6: 9_000_000}


def test_fact_2_framed_protocol_is_no_pppoe_on_campus_devices() -> None:
    """The same attributes are a portal login at an AC and PPPoE at a BRAS."""
    packet = a_packet([(1, b"z"), (2, bytes(16)), (6, number(2)), (7, number(1)), (61, number(19))])
    campus = attempt_from(packet, a_nas(vendor=Vendor.HUAWEI_CAMPUS), CAMPUS, b"x", NOW)
    bras = attempt_from(packet, a_nas(vendor=Vendor.HUAWEI_BRAS), BRAS, b"x", NOW)
    assert (campus.access_kind, bras.access_kind) == (AccessKind.PORTAL, AccessKind.PPPOE)


def test_fact_3_counters_and_gigawords_are_in_the_unit_of_the_device() -> None:
    """Octets and their high words are multiplied alike, and octets are the default."""
    packet = a_packet([(40, number(3)), (44, b"S"), (42, number(1)), (52, number(1))], 4)
    kilobytes = report_from(packet, a_nas(traffic_unit=TrafficUnit.KB), CAMPUS, NOW)
    plain = report_from(packet, a_nas(), CAMPUS, NOW)
    assert kilobytes is not None
    assert plain is not None
    assert kilobytes.input_octets == (2**32 + 1) * 2**10
    assert plain.input_octets == 2**32 + 1


def test_fact_4_the_direction_can_be_exchanged() -> None:
    """RouterOS contradicts itself: the entry decides, and the preview says that it has to be tried."""
    packet = a_packet([(40, number(3)), (44, b"S"), (42, number(1)), (43, number(9))], 4)
    nas = a_nas(vendor=Vendor.MIKROTIK, swap_direction=True)
    report = report_from(packet, nas, profile_of(Vendor.MIKROTIK), NOW)
    assert report is not None
    assert (report.input_octets, report.output_octets) == (9, 1)
    assert Limit.DIRECTION_UNSETTLED in {remark.word for remark in preview(GRANT, nas).remarks}


def test_fact_5_probes_are_told_from_users() -> None:
    """A test of reachability, by attribute or by the configured name, is no login and opens no session."""
    marked = vendor_attribute(2011, 244, b"1")
    nas = a_nas(vendor=Vendor.HUAWEI_CAMPUS, quirks=MappingProxyType({"probe_username": "probe"}))
    login = attempt_from(a_packet([(1, b"anybody"), (2, bytes(16)), marked]), nas, CAMPUS, b"x", NOW)
    named = attempt_from(a_packet([(1, b"probe"), (2, bytes(16))]), nas, CAMPUS, b"x", NOW)
    start = report_from(a_packet([(40, number(1)), (44, b"S"), marked], 4), nas, CAMPUS, NOW)
    assert start is not None
    assert {login.access_kind, named.access_kind, start.access_kind} == {AccessKind.PROBE}


def test_fact_6_unknown_names_fail_differently() -> None:
    """What is named must exist on the device: the preview says what each of the two families does without it."""
    named = GRANT._replace(user_group="students")
    campus = preview(named, a_nas(vendor=Vendor.HUAWEI_CAMPUS)).remarks
    bras = preview(named, a_nas(vendor=Vendor.HUAWEI_BRAS, device_kind="bras")).remarks
    assert Limit.UNKNOWN_NAME_ADMITS in {remark.word for remark in campus}
    assert Limit.UNKNOWN_NAME_CUTS in {remark.word for remark in bras}


def test_fact_7_filter_id_means_one_thing() -> None:
    """An ACL, a group and an isolation group are never in one packet, and no UCL index beside an ACL."""
    nas = a_nas(vendor=Vendor.HUAWEI_CAMPUS)
    for isolation in ("isolated", "12"):
        grant = GRANT._replace(acl="3001", user_group="g", isolation=isolation)
        sent = attributes_for(grant, nas, CAMPUS)
        assert [value for at, value in sent if at == 11] == [b"3001"]
        assert 160 not in huawei(sent)


def test_fact_8_a_huawei_session_is_named_by_its_id_alone() -> None:
    """With the match type "any" the first attribute decides; more would be more chances to miss."""
    assert disconnect_attributes(a_session(), a_nas(vendor=Vendor.HUAWEI_CAMPUS), CAMPUS) == ((44, b"S1"),)


def test_fact_9_control_that_is_off_by_default_is_told() -> None:
    """H3C, Ruijie and RouterOS take no Disconnect until they are told to."""
    for vendor in (Vendor.H3C, Vendor.RUIJIE, Vendor.MIKROTIK):
        assert Limit.CONTROL_IS_OFF in {
            remark.word for remark in preview(GRANT, a_nas(vendor=vendor)).remarks
        }


def test_fact_10_ruijie_gets_its_own_writing_of_the_address_back() -> None:
    """The caller of the request is echoed letter by letter, not as we write addresses."""
    packet = a_packet([(1, b"z"), (2, bytes(16)), (31, b"A45E.60AA.bbcc")])
    nas, profile = a_nas(vendor=Vendor.RUIJIE), profile_of(Vendor.RUIJIE)
    attempt = attempt_from(packet, nas, profile, b"x", NOW)
    session = a_session(calling_station_raw=attempt.calling_station_raw, mac=attempt.mac)
    assert attempt.mac == "a4:5e:60:aa:bb:cc"
    assert disconnect_attributes(session, nas, profile)[0] == (31, b"A45E.60AA.bbcc")


def test_fact_11_our_class_is_never_read_as_rates() -> None:
    """Thirty-two digits in a Class are rates to some Huawei devices: ours is longer and begins with a letter."""
    for octets in (bytes(8), b"\xff" * 8, b"\xd7\x4d\x34" * 2 + b"\xd7\x4d"):
        token = class_token.make(Vault(bytes(32), SystemEntropy()), octets, AccountId(1))
        assert len(token) == 34
        assert not token.isdigit()
        assert (25, token) in attributes_for(
            GRANT, a_nas(vendor=Vendor.HUAWEI_CAMPUS), CAMPUS, None, AccessKind.PORTAL, token
        )


def test_fact_12_ipv6_counters_are_left_alone_unless_the_entry_says_so() -> None:
    """Nobody is billed twice by a device whose plain counters hold IPv6 already."""
    counters = [(42, number(10)), vendor_attribute(2011, 166, number(5))]
    packet = a_packet([(40, number(3)), (44, b"S"), *counters], 4)
    for wants, octets in ((False, 10), (True, 15)):
        report = report_from(packet, a_nas(ipv6_counters=wants), CAMPUS, NOW)
        assert report is not None
        assert report.input_octets == octets
