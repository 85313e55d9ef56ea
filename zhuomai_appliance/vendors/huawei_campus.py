"""Huawei campus devices: AC6xxx, AirEngine, S57xx..S127xx (vendor 2011, the campus reading of its numbers).

Source: Huawei, "RADIUS AAA" of the S-series campus guide, EDOC1100276761, tables 1-10 to 1-12; vendor notes §0 and §2.

* Rates are 26-2 (up) and 26-5 (down), committed, bit/s; 26-1 and 26-4 are the peaks and sent where a plan has some.
  Numbers 3 and 6 are bursts here and peaks on a BRAS: never sent.
* Filter-Id (11) means one thing only: an ACL or a group. With both the device obeys the ACL, so that is what we send.
  A UCL group by its index (26-160) works beside none of them; rules of a dynamic ACL go one by one (26-82).
* Framed-Protocol is PPP for every user who is no administrator, so it tells nothing about PPPoE.
* The access point is in 26-141, and 26-240 tells of the switch that a client of a controller is plugged in to.
* Accounting reports carry the committed rates in force in 26-2 and 26-5 (V600 table of attributes): a CoA can be proved.
* 26-247 to 250 split the traffic by the levels of the device's own tariffs, at most 8, each a text "level:count". They
  are read only in a direction that has no total (42, 43): the totals are what is charged, and our own tariffs go by day
  and hour of use, of which a level tells nothing.
* A Disconnect names the session by Acct-Session-Id alone: with the default match type "any" only the first attribute
  is compared, with "all" each further one is one more chance to miss.
* 26-238 in a CoA orders 1 a new authentication, 2 the port down and up, 3 the port down; nothing else may stand beside.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import AccessKind
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

HUAWEI: Final = 2011

HUAWEI_CAMPUS: Final = VendorProfile(
    name="Huawei campus (AC, S-series)",
    replies=(
        *COMMON,
        rule((HUAWEI, 2), Unit.NUMBER, GrantField.UP_BPS),
        rule((HUAWEI, 5), Unit.NUMBER, GrantField.DOWN_BPS),
        rule((HUAWEI, 1), Unit.NUMBER, GrantField.UP_PEAK_BPS),
        rule((HUAWEI, 4), Unit.NUMBER, GrantField.DOWN_PEAK_BPS),
        rule((HUAWEI, 82), Unit.RULES, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.USER_GROUP),
        rule((HUAWEI, 160), Unit.INDEX, GrantField.ISOLATION, unless=GrantField.ACL),
        rule(11, Unit.TEXT, GrantField.ISOLATION),
        rule(64, Unit.TUNNEL_VLAN, GrantField.VLAN),
        rule((HUAWEI, 156), Unit.TEXT, GrantField.URL),
        rule((HUAWEI, 155), Unit.NUMBER, GrantField.URL, fixed=1),
    ),
    access_type=(
        (HUAWEI, 153),
        (
            (1, AccessKind.DOT1X),
            (2, AccessKind.MAC),
            (3, AccessKind.PORTAL),
            (6, AccessKind.ADMIN),
        ),
    ),
    probe=(HUAWEI, 244),
    address_and_mac=(HUAWEI, 60),
    ap=(HUAWEI, 141),
    port=(HUAWEI, 240),
    boot_time=(HUAWEI, 59),
    framed_protocol_is_ppp=False,
    nas_port_vlan_bits=12,
    ipv6=Counters((HUAWEI, 166), (HUAWEI, 167), (HUAWEI, 170), (HUAWEI, 171)),
    tariffs=Counters((HUAWEI, 247), (HUAWEI, 248), (HUAWEI, 249), (HUAWEI, 250)),
    reported_rate=((HUAWEI, 2), (HUAWEI, 5)),
    ipv6_address=(HUAWEI, 253),
    identity=(Identity.SESSION_ID,),
    full_identity=(
        Identity.SESSION_ID,
        Identity.CALLING_STATION,
        Identity.ADDRESS,
        Identity.USER_NAME,
    ),
    coa=frozenset(
        {
            GrantField.RATE,
            GrantField.SESSION_TIMEOUT,
            GrantField.INTERIM,
            GrantField.USER_GROUP,
            GrantField.ACL,
            GrantField.VLAN,
        }
    ),
    commands=(
        (SessionCommand.REAUTHENTICATE, (HUAWEI, 238), "user-command=1"),
        (SessionCommand.BOUNCE_PORT, (HUAWEI, 238), "user-command=2"),
        (SessionCommand.SHUT_PORT, (HUAWEI, 238), "user-command=3"),
    ),
    limits=frozenset({Limit.CONTROL_IS_OFF, Limit.UNKNOWN_NAME_ADMITS, Limit.ONE_FILTER, Limit.TRAFFIC_UNIT}),
)
