"""What differs between access controllers: one small file of declarations per vendor."""

from __future__ import annotations

from zhuomai_appliance.vendors.dialects import profile_for, profile_of
from zhuomai_appliance.vendors.dynamic import (
    Change,
    ErrorCause,
    NakAction,
    coa_attributes,
    disconnect_attributes,
    error_cause,
)
from zhuomai_appliance.vendors.profile import VendorProfile
from zhuomai_appliance.vendors.replies import attributes_for, rejection_attributes
from zhuomai_appliance.vendors.requests import attempt_from, boot_time_from, report_from

__all__ = [
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
    "profile_for",
    "profile_of",
    "rejection_attributes",
    "report_from",
]
