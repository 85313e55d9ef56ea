"""ZTE BRAS: M6000, T600, older ZXR10 (vendor 3902).

Source: FreeRADIUS v3.2.x `dictionary.zte`; vendor notes §6: 89 up and 83 down committed rates. The unit is not settled
by any document of ZTE; bit/s is what three open-source servers send, and the `rate_unit` quirk (bits per second of one
count) corrects it. Numbers 4 and 191 differ between releases and are not sent.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Identity, Unit, VendorProfile, rule

ZTE_ID: Final = 3902

ZTE: Final = VendorProfile(
    name="ZTE M6000, T600",
    replies=(
        *COMMON,
        rule((ZTE_ID, 89), Unit.RATE, GrantField.UP_BPS),
        rule((ZTE_ID, 83), Unit.RATE, GrantField.DOWN_BPS),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(88, Unit.TEXT, GrantField.POOL),
    ),
    identity=(Identity.SESSION_ID, Identity.USER_NAME, Identity.ADDRESS),
    portal_dialect="zte",
)
