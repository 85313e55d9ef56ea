"""Huawei BRAS: ME60, NE40E, NetEngine 8000 (vendor 2011, the BRAS reading of its numbers).

Source: Huawei NetEngine 8000, "Appendix: RADIUS Attributes" (Huawei+1.1); vendor notes §3. Committed rates 26-2 and
26-5 in bit/s; peaks 26-3 and 26-6 where a plan has some, else the device takes them equal to the committed rates.
26-153 is the user's MAC here and 26-180 the access type. Never set the device's server type to plus10: it gives
attribute 80 another meaning.

With `error-reply version1`, the default, the device confirms a CoA whose names it does not know: an ACK is no proof.
A profile it does not know ends a new session (`no-exist-policy` is offline by default).
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.vendors.huawei_campus import HUAWEI
from zhuomai_appliance.vendors.profile import (
    COMMON,
    Counters,
    GrantField,
    Identity,
    Limit,
    Unit,
    VendorProfile,
    rule,
)

HUAWEI_BRAS: Final = VendorProfile(
    name="Huawei BRAS (ME60, NE40E, NetEngine)",
    replies=(
        *COMMON,
        rule((HUAWEI, 2), Unit.NUMBER, GrantField.UP_BPS),
        rule((HUAWEI, 5), Unit.NUMBER, GrantField.DOWN_BPS),
        rule((HUAWEI, 3), Unit.NUMBER, GrantField.UP_PEAK_BPS),
        rule((HUAWEI, 6), Unit.NUMBER, GrantField.DOWN_PEAK_BPS),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(11, Unit.TEXT, GrantField.ISOLATION),
        rule(88, Unit.TEXT, GrantField.POOL),
        rule((HUAWEI, 140), Unit.TEXT, GrantField.URL),
    ),
    access_type=(
        (HUAWEI, 180),
        (
            (1, AccessKind.PPPOE),
            (2, AccessKind.PORTAL),
            (3, AccessKind.DOT1X),
            (7, AccessKind.ADMIN),
        ),
    ),
    address_and_mac=(HUAWEI, 60),
    mac=(HUAWEI, 153),
    ipv6_address=(HUAWEI, 158),
    boot_time=(HUAWEI, 59),
    ipv6=Counters((HUAWEI, 144), (HUAWEI, 145), (HUAWEI, 148), (HUAWEI, 149)),
    identity=(Identity.SESSION_ID,),
    coa=frozenset({GrantField.RATE, GrantField.SESSION_TIMEOUT}),
    limits=frozenset(
        {
            Limit.ACK_IS_NO_PROOF,
            Limit.CONTROL_IS_OFF,
            Limit.UNKNOWN_NAME_CUTS,
            Limit.ONE_FILTER,
        }
    ),
)
