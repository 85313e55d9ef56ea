"""ZTE BRAS: M6000, T600, older ZXR10 (vendor 3902).

Source: FreeRADIUS v3.2.x `dictionary.zte`; vendor notes §6: 89 up and 83 down committed rates. The unit is not settled
by any document of ZTE; bit/s is what three open-source servers send, and the `rate_unit` quirk (bits per second of one
count) corrects it. Peaks and bursts (84, 86, 91) have no settled unit either; numbers 4 and 191 differ between releases.
None of them is sent.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Identity, Limit, Unit, VendorProfile, rule

ZTE_ID: Final = 3902

ZTE: Final = VendorProfile(
    name="ZTE M6000, T600",
    replies=(
        *COMMON,
        rule((ZTE_ID, 89), Unit.RATE, GrantField.UP_BPS),
        rule((ZTE_ID, 83), Unit.RATE, GrantField.DOWN_BPS),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(11, Unit.TEXT, GrantField.ISOLATION),
        rule(88, Unit.TEXT, GrantField.POOL),
    ),
    identity=(Identity.SESSION_ID, Identity.USER_NAME, Identity.ADDRESS),
    limits=frozenset(
        {Limit.NO_CHANGE, Limit.RATE_UNIT_UNSETTLED, Limit.IDENTITY_UNSETTLED, Limit.ONE_FILTER}
    ),
    portal_dialect="zte",
)
