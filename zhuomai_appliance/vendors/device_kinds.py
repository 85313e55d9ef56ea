"""What each kind of device of each maker can do with us: every pair is supported, or says what it cannot (features C17).

The words of kinds are those of the site file's `device_kind`. What a maker's devices cannot do whatever their kind stands
in the profile (`Limit`); here is what the kind adds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from zhuomai_appliance.model.network import Vendor


class DeviceKind(StrEnum):
    """What a device is for."""

    AC = "ac"
    SWITCH = "switch"
    FIREWALL = "firewall"
    BRAS = "bras"
    ROUTER = "router"
    AP = "ap"


class KindNote(StrEnum):
    """What a kind of device cannot do, or what is not known of it."""

    NO_SSID = "no_ssid"  # wired: rules and limits by SSID never match
    NO_PPPOE = "no_pppoe"
    NO_DOT1X = "no_dot1x"
    NO_VLAN = "no_vlan"  # a user's VLAN is that of the line and cannot be given by us
    WIRELESS_ACL = "wireless_acl"  # Huawei: 3000..3031 only
    ONE_DEVICE = "one_device"  # each access point is an entry of its own
    NOT_DOCUMENTED = "not_documented"  # no document of this pair was read: try every attribute on the device
    OTHER_VENDOR = "other_vendor"  # this maker's devices of that kind read the numbers differently


class KindSupport(NamedTuple):
    """A pair of maker and kind. ``instead`` is the vendor to be chosen where the pair is a mistake."""

    notes: tuple[KindNote, ...]
    instead: Vendor | None = None

    @property
    def is_full(self) -> bool:
        """Whether there is nothing to be told."""
        return not self.notes


_FULL: Final = KindSupport(())
_SWITCH: Final = KindSupport((KindNote.NO_SSID, KindNote.NO_PPPOE))
_GATEWAY: Final = KindSupport((KindNote.NO_SSID, KindNote.NO_DOT1X, KindNote.NO_VLAN))
_AP: Final = KindSupport((KindNote.NO_PPPOE, KindNote.ONE_DEVICE))
_UNKNOWN: Final = KindSupport((KindNote.NOT_DOCUMENTED,))
_FIREWALL: Final = KindSupport(
    (KindNote.NO_SSID, KindNote.NO_DOT1X, KindNote.NO_VLAN, KindNote.NOT_DOCUMENTED)
)
_AS_BRAS: Final = KindSupport((KindNote.OTHER_VENDOR,), Vendor.HUAWEI_BRAS)
_AS_CAMPUS: Final = KindSupport((KindNote.OTHER_VENDOR,), Vendor.HUAWEI_CAMPUS)

_AC, _SW, _FW, _BRAS, _ROUTER, _POINT = DeviceKind

_TABLE: Final[dict[tuple[Vendor, DeviceKind], KindSupport]] = {
    (Vendor.HUAWEI_CAMPUS, _AC): _FULL,
    (Vendor.HUAWEI_CAMPUS, _SW): _SWITCH,
    (Vendor.HUAWEI_CAMPUS, _BRAS): _AS_BRAS,
    (Vendor.HUAWEI_CAMPUS, _POINT): KindSupport((*_AP.notes, KindNote.WIRELESS_ACL)),
    (Vendor.HUAWEI_BRAS, _AC): _AS_CAMPUS,
    (Vendor.HUAWEI_BRAS, _SW): _AS_CAMPUS,
    (Vendor.HUAWEI_BRAS, _BRAS): _GATEWAY,
    (Vendor.HUAWEI_BRAS, _ROUTER): _GATEWAY,
    (Vendor.HUAWEI_BRAS, _POINT): _AS_CAMPUS,
    (Vendor.H3C, _AC): _FULL,
    (Vendor.H3C, _SW): _SWITCH,
    (Vendor.H3C, _BRAS): _GATEWAY,
    (Vendor.H3C, _ROUTER): _GATEWAY,
    (Vendor.RUIJIE, _AC): _FULL,
    (Vendor.RUIJIE, _SW): _SWITCH,
    (Vendor.ZTE, _BRAS): _GATEWAY,
    (Vendor.ZTE, _ROUTER): _GATEWAY,
    (Vendor.MIKROTIK, _AC): _FULL,
    (Vendor.MIKROTIK, _BRAS): _GATEWAY,
    (Vendor.MIKROTIK, _ROUTER): KindSupport((KindNote.NO_SSID, KindNote.NO_VLAN)),
    (Vendor.MIKROTIK, _FW): KindSupport((KindNote.NO_SSID, KindNote.NO_VLAN)),
    (Vendor.MIKROTIK, _POINT): KindSupport((KindNote.ONE_DEVICE,)),
    (Vendor.CISCO, _AC): KindSupport((KindNote.NO_PPPOE,)),
    (Vendor.CISCO, _SW): _SWITCH,
    (Vendor.CISCO, _BRAS): _GATEWAY,
    (Vendor.CISCO, _ROUTER): _GATEWAY,
    (Vendor.ARUBA, _AC): KindSupport((KindNote.NO_PPPOE,)),
    (Vendor.ARUBA, _POINT): _AP,
    (Vendor.ZHUOMAI, _BRAS): KindSupport((*_GATEWAY.notes, KindNote.NOT_DOCUMENTED)),
    (Vendor.STANDARD, _AC): _FULL,
    (Vendor.STANDARD, _SW): _SWITCH,
    (Vendor.STANDARD, _BRAS): _GATEWAY,
    (Vendor.STANDARD, _ROUTER): _GATEWAY,
    (Vendor.STANDARD, _POINT): _AP,
}


def support_of(vendor: Vendor, kind: str) -> KindSupport:
    """What a pair can do. A kind that is none of `DeviceKind` is taken for an undocumented one."""
    try:
        known = DeviceKind(kind)
    except ValueError:
        return _UNKNOWN
    return _TABLE.get((vendor, known), _FIREWALL if known is DeviceKind.FIREWALL else _UNKNOWN)
