"""Aruba controllers and Instant access points (vendor 14823).

Source: FreeRADIUS v3.2.x `dictionary.aruba`; ArubaOS user guides, "User Roles and Bandwidth Contracts"; vendor notes §8.
A client has one role (1), and the role holds everything else: filters, isolation, and the rate as a bandwidth contract
for each user. No attribute of the ones known sets a rate: with the `rate_role` quirk (a prefix such as "zhuomai-") a user
without a group gets the role of the rate, "zhuomai-8M". The network's name is in 5, the access point in 6 and 10 by
names; its address stands in Called-Station-Id.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Limit, Unit, VendorProfile, rule

ARUBA_ID: Final = 14823

ARUBA: Final = VendorProfile(
    name="Aruba",
    replies=(
        *COMMON,
        rule((ARUBA_ID, 1), Unit.TEXT, GrantField.USER_GROUP),
        rule((ARUBA_ID, 1), Unit.TEXT, GrantField.ISOLATION),
        rule((ARUBA_ID, 2), Unit.NUMBER, GrantField.VLAN),
        rule(11, Unit.TEXT, GrantField.ACL),
    ),
    ssid=(ARUBA_ID, 5),
    coa=frozenset({GrantField.USER_GROUP, GrantField.SESSION_TIMEOUT}),
    limits=frozenset({Limit.RATE_BY_ROLE, Limit.CONTROL_IS_OFF, Limit.UNKNOWN_NAME_ADMITS, Limit.NO_PORTAL}),
)
