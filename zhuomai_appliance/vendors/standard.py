"""The RFCs alone, with the WISPr attributes for rates: for devices of no table of their own.

Rates: WISPr-Bandwidth-Max-Up 7 and -Down 8 of vendor 14122, bit/s (vendor notes §8). A device that does not know them
ignores them (RFC 2865 §5.26).
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Unit, VendorProfile, rule

WISPR: Final = 14122

STANDARD: Final = VendorProfile(
    name="Standard RADIUS",
    replies=(
        *COMMON,
        rule((WISPR, 7), Unit.NUMBER, GrantField.UP_BPS),
        rule((WISPR, 8), Unit.NUMBER, GrantField.DOWN_BPS),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(64, Unit.TUNNEL_VLAN, GrantField.VLAN),
        rule(88, Unit.TEXT, GrantField.POOL),
    ),
    coa=frozenset({GrantField.SESSION_TIMEOUT, GrantField.IDLE_TIMEOUT}),
)
