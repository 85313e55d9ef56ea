"""What differs between access controllers: one small file of declarations per vendor."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.network import Vendor
from zhuomai_appliance.vendors.dynamic import (
    Change,
    ErrorCause,
    NakAction,
    coa_attributes,
    disconnect_attributes,
    error_cause,
)
from zhuomai_appliance.vendors.h3c import H3C
from zhuomai_appliance.vendors.huawei_bras import HUAWEI_BRAS
from zhuomai_appliance.vendors.huawei_campus import HUAWEI_CAMPUS
from zhuomai_appliance.vendors.mikrotik import MIKROTIK
from zhuomai_appliance.vendors.profile import VendorProfile
from zhuomai_appliance.vendors.replies import attributes_for, rejection_attributes
from zhuomai_appliance.vendors.requests import attempt_from, boot_time_from, report_from
from zhuomai_appliance.vendors.ruijie import RUIJIE
from zhuomai_appliance.vendors.standard import STANDARD
from zhuomai_appliance.vendors.zte import ZTE

__all__ = [
    "SUPPORTED",
    "Change",
    "ErrorCause",
    "NakAction",
    "VendorProfile",
    "attempt_from",
    "attributes_for",
    "boot_time_from",
    "coa_attributes",
    "disconnect_attributes",
    "error_cause",
    "profile_of",
    "rejection_attributes",
    "report_from",
]

_PROFILES: Final = {
    Vendor.STANDARD: STANDARD,
    Vendor.HUAWEI_CAMPUS: HUAWEI_CAMPUS,
    Vendor.HUAWEI_BRAS: HUAWEI_BRAS,
    Vendor.H3C: H3C,
    Vendor.RUIJIE: RUIJIE,
    Vendor.ZTE: ZTE,
    Vendor.MIKROTIK: MIKROTIK,
}

#: The dialects that have a table; a site file that names another one is refused.
SUPPORTED: Final = frozenset(_PROFILES)


def profile_of(vendor: Vendor) -> VendorProfile:
    """The table of a vendor; the standard one for a vendor that has none yet (see `SUPPORTED`)."""
    return _PROFILES.get(vendor, STANDARD)
