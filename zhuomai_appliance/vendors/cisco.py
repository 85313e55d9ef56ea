"""Cisco IOS, IOS XE and its wireless controllers (vendor 9).

Source: FreeRADIUS v3.2.x `dictionary.cisco`; Cisco's ISG and "Identity-Based Networking" guides; vendor notes §8. Nearly
everything is a text "name=value" in Cisco-AVPair (1). A rate is not a number there: `ip:sub-qos-policy-in` names the
policy map of the user's upload, `-out` that of the download, and both must exist on the device. We name them after the
rate, "zhuomai-4M"; the `qos_prefix` quirk replaces "zhuomai-". Older IOS listens for CoA at UDP 1700.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import (
    COMMON,
    GrantField,
    Limit,
    SessionCommand,
    Unit,
    VendorProfile,
    rule,
)

CISCO_ID: Final = 9

PAIR: Final = (CISCO_ID, 1)

POLICIES: Final = ("ip:sub-qos-policy-in=zhuomai-", "ip:sub-qos-policy-out=zhuomai-")
"""The beginnings of the pairs that name a rate's policy maps, up and down."""

CISCO: Final = VendorProfile(
    name="Cisco IOS",
    replies=(
        *COMMON,
        rule(PAIR, Unit.RATE_NAME, GrantField.UP_BPS, POLICIES[0]),
        rule(PAIR, Unit.RATE_NAME, GrantField.DOWN_BPS, POLICIES[1]),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule(11, Unit.TEXT, GrantField.ISOLATION),
        rule(64, Unit.TUNNEL_VLAN, GrantField.VLAN),
        rule(PAIR, Unit.TEXT, GrantField.POOL, "ip:addr-pool="),
        rule(PAIR, Unit.TEXT, GrantField.URL, "url-redirect="),
    ),
    pairs=PAIR,
    coa=frozenset({GrantField.RATE, GrantField.SESSION_TIMEOUT}),
    commands=(
        (SessionCommand.REAUTHENTICATE, PAIR, "subscriber:command=reauthenticate"),
        (SessionCommand.BOUNCE_PORT, PAIR, "subscriber:command=bounce-host-port"),
        (SessionCommand.SHUT_PORT, PAIR, "subscriber:command=disable-host-port"),
    ),
    limits=frozenset({Limit.RATE_BY_NAME, Limit.CONTROL_IS_OFF, Limit.ONE_FILTER, Limit.NO_PORTAL}),
)
