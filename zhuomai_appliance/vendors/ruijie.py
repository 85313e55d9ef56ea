"""Ruijie RG series (vendor 4881).

Source: vendor notes §5: 16 up rate and 1 down rate, 32-bit integers. No document states the unit; kbit/s is the usual
reading and the `rate_unit` quirk (bits per second of one count) corrects it for a device that differs. The device's own
type numbers can be changed there, so they can be changed here (`up_type`, `down_type`, `vlan_type`). Dynamic
authorisation is off by default and finds the user by Calling-Station-Id in the device's own writing, so the text of
the request is echoed. No list of attributes for CoA is known: changes go by Disconnect.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Identity, Limit, Unit, VendorProfile, rule

RUIJIE_ID: Final = 4881

RUIJIE: Final = VendorProfile(
    name="Ruijie RG",
    replies=(
        *COMMON,
        rule((RUIJIE_ID, 16), Unit.RATE, GrantField.UP_BPS),
        rule((RUIJIE_ID, 1), Unit.RATE, GrantField.DOWN_BPS),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(11, Unit.TEXT, GrantField.ISOLATION),
        rule(64, Unit.TUNNEL_VLAN, GrantField.VLAN),
    ),
    identity=(Identity.CALLING_STATION, Identity.SESSION_ID),
    rate_unit=1000,
    limits=frozenset(
        {
            Limit.NO_CHANGE,
            Limit.CONTROL_IS_OFF,
            Limit.RATE_UNIT_UNSETTLED,
            Limit.NUMBERS_UNSETTLED,
            Limit.ONE_FILTER,
        }
    ),
    portal_dialect="ruijie",
)
