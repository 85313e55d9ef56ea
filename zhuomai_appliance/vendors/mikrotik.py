"""MikroTik RouterOS (vendor 14988).

Source: MikroTik RouterOS manual, RADIUS page; vendor notes §7. Rate-Limit (8) is a text in the router's view: what it
receives, the user's upload, comes first; k and M are decimal. Total-Limit (17) with its gigawords (18) ends the session
at the last byte of what is left. A group is a profile's name (3), isolation an address list (19) that the router's own
filter knows, a VLAN is that of a wireless client (26). Incoming requests must be allowed on the router (`/radius incoming set accept=yes`).
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Identity, Limit, Unit, VendorProfile, rule

MIKROTIK_ID: Final = 14988

MIKROTIK: Final = VendorProfile(
    name="MikroTik RouterOS",
    replies=(
        *COMMON,
        rule((MIKROTIK_ID, 8), Unit.ROUTER_OS, GrantField.RATE),
        rule((MIKROTIK_ID, 17), Unit.LOW_WORD, GrantField.OCTETS_LEFT),
        rule((MIKROTIK_ID, 18), Unit.HIGH_WORD, GrantField.OCTETS_LEFT),
        rule((MIKROTIK_ID, 3), Unit.TEXT, GrantField.USER_GROUP),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule((MIKROTIK_ID, 19), Unit.TEXT, GrantField.ISOLATION),
        rule((MIKROTIK_ID, 26), Unit.NUMBER, GrantField.VLAN),
        rule((MIKROTIK_ID, 27), Unit.NUMBER, GrantField.VLAN, fixed=0),
        rule(88, Unit.TEXT, GrantField.POOL),
    ),
    address=(MIKROTIK_ID, 10),
    identity=(Identity.SESSION_ID, Identity.USER_NAME, Identity.ADDRESS),
    coa=frozenset(
        {
            GrantField.RATE,
            GrantField.SESSION_TIMEOUT,
            GrantField.IDLE_TIMEOUT,
            GrantField.USER_GROUP,
            GrantField.ACL,
        }
    ),
    limits=frozenset({Limit.CONTROL_IS_OFF, Limit.DIRECTION_UNSETTLED, Limit.NO_PORTAL}),
)
