"""What a grant becomes on a device, told before anybody logs in, and what a pair of maker and kind can do."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vendors.examples import a_nas
from tests.vendors.vectors import on_the_wire
from zhuomai_appliance.model.access import Grant
from zhuomai_appliance.model.network import Vendor
from zhuomai_appliance.model.traffic import Burst, RateLimit
from zhuomai_appliance.portal.dialects import DIALECTS
from zhuomai_appliance.vendors import attributes_for, profile_for
from zhuomai_appliance.vendors.device_kinds import DeviceKind, KindNote, support_of
from zhuomai_appliance.vendors.preview import Preview, Remark, preview
from zhuomai_appliance.vendors.profile import GrantField

GRANT = Grant(3600, None, None, RateLimit(4_000_000, 8_000_000), 600)


def words(shown: Preview) -> set[str]:
    return {remark.word for remark in shown.remarks}


def quirks(**settings: str | int | bool) -> MappingProxyType[str, str | int | bool]:
    return MappingProxyType(settings)


@pytest.mark.parametrize("vendor", sorted(Vendor))
def test_a_preview_is_what_is_sent(vendor: Vendor) -> None:
    """The octets of a preview are those of the answer, and each has a name in the device's dictionary."""
    nas = a_nas(vendor=vendor)
    shown = preview(GRANT, nas)
    assert on_the_wire(shown.octets) == list(attributes_for(GRANT, nas, profile_for(nas)))
    assert shown.attributes[0] == ("Session-Timeout", "3600")
    assert not [name for name, _ in shown.attributes if name.startswith("Attr-")]
    assert shown.coa == profile_for(nas).coa


def test_names_by_dialect() -> None:
    """One number has two names, by what the device is."""
    campus = dict(preview(GRANT, a_nas(vendor=Vendor.HUAWEI_CAMPUS)).attributes)
    bras = dict(preview(GRANT, a_nas(vendor=Vendor.HUAWEI_BRAS, device_kind="bras")).attributes)
    assert campus["HW-Input-Committed-Information-Rate"] == "4000000"
    assert bras["Huawei-Input-Average-Rate"] == "4000000"


def test_a_chosen_dialect_names_the_attributes() -> None:
    """A BAS that speaks as a Huawei BRAS is told of by the BRAS's names: its peaks are no bursts."""
    nas = a_nas(vendor=Vendor.ZHUOMAI, device_kind="bras", quirks=quirks(dialect="huawei-bras"))
    shown = dict(preview(GRANT._replace(rate=RateLimit(4, 8, Burst(5, 9))), nas).attributes)
    assert (shown["Huawei-Input-Peak-Rate"], shown["Huawei-Output-Peak-Rate"]) == ("5", "9")


def test_a_rate_above_what_the_number_holds() -> None:
    """4.29 Gbit/s is the most that 32 bits of bit/s say; kbit/s and texts say more."""
    fast = GRANT._replace(rate=RateLimit(10**10, 10**10))
    for vendor, is_capped in ((Vendor.H3C, True), (Vendor.RUIJIE, False), (Vendor.MIKROTIK, False)):
        assert ("rate_capped" in words(preview(fast, a_nas(vendor=vendor)))) is is_capped
    assert "rate_capped" not in words(preview(GRANT, a_nas(vendor=Vendor.H3C)))


def test_what_must_exist_on_the_device() -> None:
    """Names are told, and what the device does with one that it does not know."""
    named = GRANT._replace(user_group="students")
    campus = preview(named, a_nas(vendor=Vendor.HUAWEI_CAMPUS))
    assert Remark("must_exist", (("field", "user_group"), ("value", "students"))) in campus.remarks
    assert "unknown_name_admits" in words(campus)
    bras = preview(named, a_nas(vendor=Vendor.HUAWEI_BRAS, device_kind="bras"))
    assert "unknown_name_cuts" in words(bras)
    cisco = preview(GRANT, a_nas(vendor=Vendor.CISCO))
    assert Remark("rate_by_name", (("name", "zhuomai-4M"),)) in cisco.remarks
    assert Remark("rate_by_name", (("name", "zhuomai-8M"),)) in cisco.remarks


def test_what_is_not_said() -> None:
    """A part of a grant that the device's table has no place for is never lost in silence."""
    shown = preview(GRANT._replace(vlan=7, pool="dorm"), a_nas(vendor=Vendor.HUAWEI_BRAS))
    assert Remark("unsaid", (("field", "vlan"), ("value", "7"))) in shown.remarks
    both = preview(GRANT._replace(acl="3001", user_group="g"), a_nas(vendor=Vendor.HUAWEI_CAMPUS))
    assert Remark("one_filter", (("field", "user_group"), ("value", "g"))) in both.remarks
    peaks = GRANT._replace(rate=RateLimit(4, 8, Burst(5, 9)))
    assert "unsaid" in words(preview(peaks, a_nas(vendor=Vendor.RUIJIE)))
    assert "unsaid" not in words(preview(peaks, a_nas(vendor=Vendor.MIKROTIK)))
    assert "rate_by_role" in words(preview(GRANT, a_nas(vendor=Vendor.ARUBA)))


def test_rule_21_rules_that_do_not_fit_are_dropped_whole() -> None:
    """A plan of a hundred rules of an ACL is sent without any of them, and that is told; fewer are all sent."""
    campus = a_nas(vendor=Vendor.HUAWEI_CAMPUS)
    hundred = "; ".join(f"${number} permit dst 10.0.239.{number}/32" for number in range(1, 101))
    shown = preview(GRANT._replace(acl=hundred), campus)
    assert "acl_dropped" in words(shown)
    assert "HW-Data-Filter" not in dict(shown.attributes)
    assert len(shown.octets) < 4096
    ten = "; ".join(hundred.split("; ")[:10])
    sent = preview(GRANT._replace(acl=ten), campus)
    assert [name for name, _ in sent.attributes].count("HW-Data-Filter") == 10
    assert words(sent).isdisjoint({"acl_dropped", "must_exist", "unsaid"})


def test_a_name_that_does_not_fit() -> None:
    """A text longer than its attribute is told, not cut."""
    shown = preview(GRANT._replace(user_group="x" * 254), a_nas())
    assert shown.attributes == ()
    assert "does_not_fit" in words(shown)


def test_settings_that_mean_nothing() -> None:
    """A device's setting that its maker's table does not know is told."""
    wrong = a_nas(vendor=Vendor.ZHUOMAI, quirks=quirks(dialect="ikuai"))
    assert "quirk_means_nothing" in words(preview(GRANT, wrong))
    right = a_nas(vendor=Vendor.ZHUOMAI, quirks=quirks(dialect="mikrotik"))
    assert "quirk_means_nothing" not in words(preview(GRANT, right))
    assert dict(preview(GRANT, right).attributes)["Mikrotik-Rate-Limit"] == "4M/8M"


def test_what_can_be_changed_is_part_of_it() -> None:
    """Whether a rate can be changed without ending the session is known beforehand."""
    assert GrantField.RATE in preview(GRANT, a_nas(vendor=Vendor.HUAWEI_CAMPUS)).coa
    ruijie = preview(GRANT, a_nas(vendor=Vendor.RUIJIE))
    assert not ruijie.coa
    assert "no_change" in words(ruijie)


@pytest.mark.parametrize("vendor", sorted(Vendor))
def test_who_does_not_speak_the_portal_protocol(vendor: Vendor) -> None:
    """What is told of a maker is what the portal's own table has."""
    assert ("no_portal" in words(preview(GRANT, a_nas(vendor=vendor)))) is not DIALECTS[vendor].speaks


@given(
    st.sampled_from(sorted(Vendor)),
    st.sampled_from([*DeviceKind, "toaster"]),
    st.none() | st.builds(RateLimit, st.integers(1, 10**12), st.integers(1, 10**12)),
    st.none() | st.text(max_size=300),
    st.none() | st.integers(1, 4094),
)
def test_any_grant_has_a_preview(
    vendor: Vendor, kind: str, rate: RateLimit | None, name: str | None, vlan: int | None
) -> None:
    """No grant and no device make it fail."""
    grant = Grant(60, None, 5, rate, 300, user_group=name, vlan=vlan, acl=name, isolation=name)
    shown = preview(grant, a_nas(vendor=vendor, device_kind=kind))
    assert len(shown.octets) < 4096


@pytest.mark.parametrize("vendor", sorted(Vendor))
def test_every_pair_says_what_it_can(vendor: Vendor) -> None:
    """A pair is supported, or says in words what it cannot do; a pair that reads numbers otherwise names the right one."""
    for kind in DeviceKind:
        support = support_of(vendor, kind)
        assert support.is_full is (not support.notes)
        assert (support.instead is not None) is (KindNote.OTHER_VENDOR in support.notes)
    assert any(KindNote.OTHER_VENDOR not in support_of(vendor, kind).notes for kind in DeviceKind)


def test_the_two_huaweis_are_told_apart_by_kind() -> None:
    """A BRAS entered as a campus device, or the other way round, is a mistake that is named."""
    assert support_of(Vendor.HUAWEI_CAMPUS, "bras").instead is Vendor.HUAWEI_BRAS
    assert support_of(Vendor.HUAWEI_BRAS, "ac").instead is Vendor.HUAWEI_CAMPUS
    assert support_of(Vendor.HUAWEI_CAMPUS, "ac").is_full
    assert KindNote.NOT_DOCUMENTED in support_of(Vendor.ARUBA, "firewall").notes
