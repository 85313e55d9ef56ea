"""The RFCs alone, with the WISPr attributes for rates: for devices of no table of their own.

Rates: WISPr-Bandwidth-Max-Up 7 and -Down 8 of vendor 14122, bit/s (vendor notes §8). A device that does not know them
ignores them (RFC 2865 §5.26). Two dialects are near enough to be settings of it (vendor notes §8):

* ``ikuai`` (vendor 10055: iKuai, Panabit): 1 up and 2 down. Its dictionary says kb/s and two servers send other units; KB/s
  unless the `rate_unit` quirk says otherwise. Its own way to end a session is not RFC 5176 and is not spoken.
* ``redback`` (vendor 2352: Redback, Ericsson): profiles named after the rate, 87 up and 88 down, must exist on the device;
  145 is the client's MAC and 54 its VLAN.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from zhuomai_appliance.vendors.profile import COMMON, GrantField, Limit, Unit, VendorProfile, rule

WISPR: Final = 14122

STANDARD: Final = VendorProfile(
    name="Standard RADIUS",
    replies=(
        *COMMON,
        rule((WISPR, 7), Unit.NUMBER, GrantField.UP_BPS),
        rule((WISPR, 8), Unit.NUMBER, GrantField.DOWN_BPS),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(11, Unit.TEXT, GrantField.ISOLATION),
        rule(64, Unit.TUNNEL_VLAN, GrantField.VLAN),
        rule(88, Unit.TEXT, GrantField.POOL),
    ),
    coa=frozenset({GrantField.SESSION_TIMEOUT, GrantField.IDLE_TIMEOUT}),
)

_IKUAI: Final = 10055
_REDBACK: Final = 2352
_WITHOUT_RATES: Final = tuple(
    one for one in STANDARD.replies if one.source not in (GrantField.UP_BPS, GrantField.DOWN_BPS)
)

STANDARD_DIALECTS: Final = {
    "wispr": STANDARD,
    "none": replace(STANDARD, replies=_WITHOUT_RATES, limits=frozenset({Limit.RATE_BY_ROLE})),
    "ikuai": replace(
        STANDARD,
        name="iKuai, Panabit",
        replies=(
            *_WITHOUT_RATES,
            rule((_IKUAI, 1), Unit.RATE, GrantField.UP_BPS),
            rule((_IKUAI, 2), Unit.RATE, GrantField.DOWN_BPS),
        ),
        rate_unit=8192,
        coa=frozenset(),
        limits=frozenset({Limit.RATE_UNIT_UNSETTLED, Limit.NO_CHANGE}),
    ),
    "redback": replace(
        STANDARD,
        name="Redback, Ericsson",
        replies=(
            *_WITHOUT_RATES,
            rule((_REDBACK, 87), Unit.RATE_NAME, GrantField.UP_BPS, "zhuomai-"),
            rule((_REDBACK, 88), Unit.RATE_NAME, GrantField.DOWN_BPS, "zhuomai-"),
        ),
        mac=(_REDBACK, 145),
        vlan=(_REDBACK, 54),
        limits=frozenset({Limit.RATE_BY_NAME}),
    ),
}
"""What the `dialect` quirk may name."""
