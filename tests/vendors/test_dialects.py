"""Tables as a device's own settings adapt them."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from tests.vendors.examples import a_nas
from zhuomai_appliance.model.access import Grant
from zhuomai_appliance.model.network import Nas, Vendor
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.vendors import attributes_for, profile_for, profile_of
from zhuomai_appliance.vendors.device_kinds import DeviceKind
from zhuomai_appliance.vendors.dialects import ADAPTING, GROUPS, mistakes
from zhuomai_appliance.vendors.standard import STANDARD_DIALECTS
from zhuomai_appliance.vendors.zhuomai import ZHUOMAI_DIALECTS

GRANT = Grant(None, None, None, RateLimit(4_000_000, 8_000_000), 0)


def device(vendor: Vendor, **settings: str | int | bool) -> Nas:
    return a_nas(vendor=vendor, quirks=MappingProxyType(settings))


def test_one_table_for_one_set_of_settings() -> None:
    """Two devices of equal settings share a table, so that a plan is written once for both."""
    one = profile_for(device(Vendor.RUIJIE, up_type=77))
    assert profile_for(device(Vendor.RUIJIE, up_type=77)) is one
    assert profile_for(device(Vendor.RUIJIE, up_type=78)) is not one
    assert profile_for(device(Vendor.RUIJIE)) is profile_of(Vendor.RUIJIE)
    assert profile_for(device(Vendor.RUIJIE, portal_zero_formula=True)) is profile_of(Vendor.RUIJIE)


@pytest.mark.parametrize("vendor", sorted(Vendor))
@pytest.mark.parametrize(
    "settings",
    [
        {"dialect": "klingon"},
        {"up_type": 0},
        {"up_type": "x"},
        {"remaining_volume": True},
        {"group_as": "caste"},
        {"isolation_as": 5},
        {"rate_unit": 0},
        {"rate_unit": True},
        {"requests_per_second": 0},
        {"requests_per_second": "many"},
        {"eap_methods": "peap leap"},
        {"eap_methods": " "},
        {"eap_md5": "yes"},
        {"ms_chap_v1": 1},
        {"always": "No-Such-Attribute = 1"},
        {"always": "Port-Limit = many"},
        {"always": "; ".join(["Reply-Message = " + "x" * 200] * 6)},
    ],
)
def test_a_setting_that_means_nothing_changes_nothing(
    vendor: Vendor, settings: dict[str, str | int | bool]
) -> None:
    """A wrong setting is named in one line, and the device is served as if it were not there."""
    told = mistakes(vendor, settings)
    assert len(told) == 1
    assert told[0].startswith(next(iter(settings)))
    nas = device(vendor, **settings)
    assert attributes_for(GRANT, nas, profile_for(nas)) == attributes_for(
        GRANT, device(vendor), profile_of(vendor)
    )


@pytest.mark.parametrize(
    ("vendor", "settings"),
    [
        (Vendor.ZHUOMAI, {"dialect": "huawei-bras"}),
        (Vendor.STANDARD, {"dialect": "none"}),
        (Vendor.RUIJIE, {"up_type": 255, "rate_unit": 8000}),
        (Vendor.H3C, {"remaining_volume": "byte", "redirect_acl": "3010", "group_as": "role"}),
        (Vendor.HUAWEI_CAMPUS, {"always": "Port-Limit = 2; HW-Domain-Name = a"}),
        (Vendor.CISCO, {"qos_prefix": "", "redirect_acl": "R", "identity": "user_name"}),
    ],
)
def test_settings_that_mean_something(vendor: Vendor, settings: dict[str, str | int | bool]) -> None:
    """What the table knows is no mistake, and neither is what other parts read."""
    assert mistakes(vendor, settings) == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_setting_is_in_the_handbook(language: str) -> None:
    """Each name of a setting, dialect and kind of group stands on the page of makers, and so does each maker."""
    page = (Path(__file__).parents[2] / "web" / "handbook" / language / "vendors.md").read_text("utf-8")
    names = {"rate_unit", "identity", "probe_username", *ADAPTING}
    names |= (
        {vendor.value for vendor in Vendor}
        | {word for _, word in GROUPS}
        | {*ZHUOMAI_DIALECTS, *STANDARD_DIALECTS}
    )
    names |= {kind.value for kind in DeviceKind}
    assert [name for name in sorted(names) if name not in page] == []
