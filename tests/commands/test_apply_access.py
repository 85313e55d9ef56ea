"""Rules, the calendar, limits of places, lists and devices of a site file: in the books, once, or told what is wrong."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network

import pytest

from tests.commands.box import Box
from tests.commands.test_apply import MAIN, SCHOOL, apply, refused
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    DayKind,
    Days,
    Holiday,
    Outside,
    PlaceKind,
    PlaceLimit,
    RuleAction,
    VlanSpan,
    parse_window,
)
from zhuomai_appliance.model.moment import day_of
from zhuomai_appliance.model.people import AccountId, BindingKind, BindingMode
from zhuomai_appliance.model.products import WhenFull
from zhuomai_appliance.store import access_rules, accounts, network, products
from zhuomai_appliance.store.sqlite import reading

FIXED = "02:00:00:00:00:07"
SITE = (
    SCHOOL
    + """
[[rate]]
name = "2M"
up = "1M"
down = "2M"
[[group]]
name = "students"
binding = "none"
[[plan]]
name = "free"
kind = "free"
binding = "fixed"
when_full = "kick_oldest"
silent_login_days = 7
silent_login_kinds = { "802.1x" = 30, pppoe = 0 }
[[nas]]
name = "ac1"
address = "192.0.2.1"
secret = "s"
[[holiday]]
date = 2026-10-01
kind = "holiday"
name = "国庆"
[[rule]]
name = "dormitory"
position = 10
action = "deny"
reason = "请用无线网络"
group = "students"
nas = "ac1"
ssid = ["Dorm", "Campus"]
vlan = ["100-199", 7]
outer_vlan = 3000
kind = "pppoe"
network = "10.9.0.0/16"
hours = ["Sun-Thu 23:00-08:00"]
days = "workdays"
[[rule]]
name = "visitors"
position = 20
action = "allow"
hours = "08:00-20:00"
outside = "deny"
rate = "2M"
user_group = "visitors"
set_vlan = 30
pool = "guests"
acl = "3001"
isolation = "guest"
[[place_limit]]
kind = "ap"
value = "00-15-70-91-E2-40"
max = 60
[[place_limit]]
kind = "project"
max = 5000
[[list]]
kind = "ip"
action = "deny"
value = "10.9.7.9/24"
[[list]]
kind = "mac"
action = "allow"
value = "A45E.60"
[[account]]
username = "20260001"
password = "p"
devices = "02-00-00-00-00-07"
[[device]]
account = "20260001"
mac = "020000000008"
until = "2027-01-17T00:00:00+08:00"
"""
)


def test_access_tables_are_in_the_books_as_declared(box: Box) -> None:
    """Every condition and outcome is found again, and who made a list entry."""
    items = apply(box, SITE)
    assert {name for name, item in items.items() if item["outcome"] != "created"} == {"project main"}
    with reading(box.files.database) as reader:
        dormitory, visitors = access_rules.rules(reader)
        assert (dormitory.action, dormitory.reason, dormitory.days) == (
            RuleAction.DENY,
            "请用无线网络",
            Days.WORKDAYS,
        )
        assert dormitory.ssids == ("Dorm", "Campus")
        assert dormitory.vlans == (VlanSpan(100, 199), VlanSpan(7, 7))
        assert dormitory.outer_vlans == (VlanSpan(3000, 3000),)
        assert (dormitory.kinds, dormitory.networks) == ((AccessKind.PPPOE,), (ip_network("10.9.0.0/16"),))
        assert dormitory.hours == (parse_window("Sun-Thu 23:00-08:00"),)
        assert dormitory.group_id == products.groups(reader, MAIN)[0].id
        assert dormitory.nas_id == 1
        assert (visitors.outside, visitors.rate_id, visitors.user_group) == (Outside.DENY, 1, "visitors")
        assert (visitors.vlan, visitors.pool, visitors.acl, visitors.isolation) == (
            30,
            "guests",
            "3001",
            "guest",
        )
        assert access_rules.holidays(reader) == [
            Holiday(MAIN, day_of(date(2026, 10, 1)), DayKind.HOLIDAY, "国庆")
        ]
        assert access_rules.place_limits(reader) == [
            PlaceLimit(MAIN, PlaceKind.AP, "00:15:70:91:e2:40", 60),
            PlaceLimit(MAIN, PlaceKind.PROJECT, "", 5000),
        ]
        entries = network.access_lists(reader)
        assert [(entry.value, entry.created_by) for entry in entries] == [
            ("10.9.7.0/24", "zhuomai apply"),
            ("a4:5e:60", "zhuomai apply"),
        ]
        assert products.groups(reader, MAIN)[0].binding is BindingMode.NONE
        free = products.plan_by_name(reader, MAIN, "free")
        assert free is not None
        policy = free.version.terms.policy
        assert (policy.binding, policy.when_full) == (BindingMode.FIXED, WhenFull.KICK_OLDEST)
        assert [policy.silent_days(kind) for kind in ("portal", "802.1x", "pppoe")] == [7, 30, None]
        bound = {b.mac: b for b in accounts.bindings(reader, MAIN, AccountId(1))}
        assert {b.kind for b in bound.values()} == {BindingKind.FIXED}
        assert bound[FIXED].silent_until is None
        assert bound["02:00:00:00:00:08"].silent_until == 1_800_115_200


def test_applied_again_leaves_everything(box: Box) -> None:
    """The second time nothing is changed, in none of the tables."""
    apply(box, SITE)
    assert {item["outcome"] for item in apply(box, SITE).values()} == {"left"}


def test_what_changed_is_named(box: Box) -> None:
    """A rule that is switched off, a limit that is raised, a device that is taken away: each with its keys."""
    apply(box, SITE)
    items = apply(
        box,
        SITE.replace("position = 10\n", "position = 10\nenabled = false\n")
        .replace("max = 60", "max = 80")
        .replace('mac = "020000000008"\n', 'mac = "020000000008"\nremoved = true\n'),
    )
    changed = {name: item["note"] for name, item in items.items() if item["outcome"] == "changed"}
    assert changed == {
        "rule dormitory": "enabled",
        "place_limit ap 00:15:70:91:e2:40": "maximum",
        "device 20260001 02:00:00:00:00:08": "removed",
    }


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ('[[rule]]\nname = "a"\naction = "deny"\n', ["rule a: position: is missing"]),
        (
            '[[rule]]\nname = "a"\nposition = 1\naction = "deny"\nhours = "Mon-Fri 25:00-26:00"\nvlan = 0\nkind = "wifi"\n',
            ["rule a: vlan", "rule a: kind", "rule a: hours"],
        ),
        (
            '[[rule]]\nname = "a"\nposition = 1\naction = "deny"\ngroup = "nobody"\nrate = "9M"\n',
            ['rule a: group: there is no group "nobody"', 'rule a: rate: there is no rate "9M"'],
        ),
        (
            '[[rule]]\nname = "a"\nposition = 1\naction = "deny"\n[[rule]]\nname = "b"\nposition = 1\naction = "deny"\n',
            ['rule b: position: 1 is that of "a" already'],
        ),
        (
            '[[rule]]\nname = "a"\nposition = 1\naction = "deny"\nacl = "3001"\noutside = "deny"\n',
            [
                "rule a: action: a rule that denies changes nothing",
                "rule a: outside: needs hours",
                "rule a: outside",
            ],
        ),
        ('[[holiday]]\ndate = "1 Oct"\nkind = "holiday"\n', ["holiday 1 Oct: date"]),
        (
            "[[holiday]]\ndate = 2026-10-01\nkind = 'holiday'\n[[holiday]]\ndate = 2026-10-01\nkind = 'workday'\n",
            ["holiday 2026-10-01: date: stands twice"],
        ),
        ('[[place_limit]]\nkind = "nas"\nvalue = "ac9"\nmax = 1\n', ['there is no nas "ac9"']),
        ('[[place_limit]]\nkind = "ap"\nmax = 1\n', ["value: is missing"]),
        ('[[device]]\naccount = "x"\nmac = "nonsense"\n', ["device nonsense: mac"]),
        ('[[device]]\naccount = "x"\nmac = "020000000008"\n', ['account: there is no account "x"']),
        ('[[account]]\nusername = "x"\ndevices = ["02"]\n', ["account x: devices"]),
        ('[[list]]\nkind = "mac"\naction = "deny"\nvalue = "a4:5e"\n', ["list a4:5e: value"]),
        ('[[list]]\nkind = "ip"\naction = "deny"\nvalue = "10.9.0.0/33"\n', ["list 10.9.0.0/33: value"]),
    ],
)
def test_mistakes_are_told_with_table_item_and_key(box: Box, text: str, sentences: list[str]) -> None:
    """A rule with a condition that cannot be read is never taken without it: it would hold for everybody."""
    lines = refused(box, SCHOOL + text)
    for sentence in sentences:
        assert any(sentence in line for line in lines), (sentence, lines)
    with reading(box.files.database) as reader:
        assert access_rules.rules(reader) == []
        assert access_rules.place_limits(reader) == []


def test_what_is_removed_is_gone(box: Box) -> None:
    """`removed = true` takes an item away, once; a second time there is nothing to take."""
    apply(box, SITE)
    gone = SITE
    for key in ('name = "dormitory"', 'kind = "holiday"', "max = 60", 'value = "A45E.60"'):
        gone = gone.replace(key, f"{key}\nremoved = true")
    items = apply(box, gone)
    assert {name for name, item in items.items() if item["note"] == "removed"} == {
        "rule dormitory",
        "holiday 2026-10-01",
        "place_limit ap 00:15:70:91:e2:40",
        "list mac a4:5e:60",
    }
    with reading(box.files.database) as reader:
        assert [rule.name for rule in access_rules.rules(reader)] == ["visitors"]
        assert access_rules.holidays(reader) == []
        assert [limit.kind for limit in access_rules.place_limits(reader)] == [PlaceKind.PROJECT]
        assert [entry.value for entry in network.access_lists(reader)] == ["10.9.7.0/24"]
    assert {item["outcome"] for item in apply(box, gone).values()} == {"left"}
