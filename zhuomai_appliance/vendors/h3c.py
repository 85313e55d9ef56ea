"""H3C and HPE Comware (vendor 25506).

Source: H3C/HPE Comware guides, "RADIUS subattributes (vendor ID 25506)"; vendor notes §4. Rates in bit/s: 2 average up,
5 average down, 1 and 4 their peaks where a plan has some. 140 is the user group. IPv6 gigawords are 148 and 149; Debian
12's dictionary gives other numbers. The counters 201..206 are per interval and must not be billed, so they are not
read. The device's DAS (UDP 3799) is off by default; which attributes it demands is not documented, so a Disconnect
carries three.

A page that the user is to see first goes as 246 = 1 ("overdue") with 250: the user stays in the device's white list and
is sent there. 210 in a CoA orders the port down and up, or down.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.vendors.profile import (
    COMMON,
    Counters,
    GrantField,
    Identity,
    Limit,
    SessionCommand,
    Unit,
    VendorProfile,
    rule,
)

H3C_ID: Final = 25506

H3C: Final = VendorProfile(
    name="H3C, HPE Comware",
    replies=(
        *COMMON,
        rule((H3C_ID, 2), Unit.NUMBER, GrantField.UP_BPS),
        rule((H3C_ID, 5), Unit.NUMBER, GrantField.DOWN_BPS),
        rule((H3C_ID, 1), Unit.NUMBER, GrantField.UP_PEAK_BPS),
        rule((H3C_ID, 4), Unit.NUMBER, GrantField.DOWN_PEAK_BPS),
        rule((H3C_ID, 140), Unit.TEXT, GrantField.USER_GROUP),
        rule((H3C_ID, 140), Unit.TEXT, GrantField.ISOLATION),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(64, Unit.TUNNEL_VLAN, GrantField.VLAN),
        rule(88, Unit.TEXT, GrantField.POOL),
        rule((H3C_ID, 246), Unit.NUMBER, GrantField.URL, fixed=1),
        rule((H3C_ID, 250), Unit.TEXT, GrantField.URL),
    ),
    address_and_mac=(H3C_ID, 60),
    boot_time=(H3C_ID, 59),
    ipv6=Counters((H3C_ID, 144), (H3C_ID, 145), (H3C_ID, 148), (H3C_ID, 149)),
    identity=(Identity.SESSION_ID, Identity.USER_NAME, Identity.CALLING_STATION),
    coa=frozenset({GrantField.RATE, GrantField.SESSION_TIMEOUT, GrantField.USER_GROUP, GrantField.ACL}),
    commands=(
        (SessionCommand.BOUNCE_PORT, (H3C_ID, 210), "subscriber:command=bounce-host-port"),
        (SessionCommand.SHUT_PORT, (H3C_ID, 210), "subscriber:command=disable-host-port"),
    ),
    limits=frozenset({Limit.CONTROL_IS_OFF, Limit.TRAFFIC_UNIT, Limit.IDENTITY_UNSETTLED}),
    portal_dialect="h3c",
)
