"""Makers, kinds and settings of access devices, as `apply`, `check` and `explain` tell of them."""

from __future__ import annotations

import json

import pytest

from tests.commands.box import SITE, Box

MISTAKEN = """
[[nas]]
name = "me60"
address = "192.0.2.60"
secret = "very-secret"
vendor = "huawei-campus"
device_kind = "bras"
[[nas]]
name = "wall"
address = "192.0.2.61"
secret = "very-secret"
vendor = "aruba"
device_kind = "firewall"
[[nas]]
name = "bas"
address = "192.0.2.62"
secret = "very-secret"
vendor = "zhuomai"
device_kind = "bras"
quirks = { dialect = "mikrotik" }
"""


def test_apply_says_what_a_pair_cannot_do(box: Box) -> None:
    """Each declared device whose kind has limits gets a line for each; a full pair gets none; JSON has the words."""
    path = box.write("site.toml", SITE + MISTAKEN)
    status, out, _ = box.run("apply", path)
    assert status == 0
    notes = [line for line in out.splitlines() if line.startswith("note")]
    assert "note     nas me60: This kind of device reads the numbers of attributes differently" in notes[0]
    assert notes[0].endswith("choose the vendor huawei-bras.")
    assert any("wall: No document" in line for line in notes)
    assert any("bas: The VLAN is that of the line" in line for line in notes)
    assert not [line for line in notes if "nas ac1" in line]
    facts = json.loads(box.run("apply", path, "--json")[1])
    assert ["me60", "other_vendor", "huawei-bras"] in facts["remarks"]


def test_apply_refuses_settings_that_mean_nothing(box: Box) -> None:
    """A dialect that a maker does not have is a mistake in the file, told by its key."""
    wrong = MISTAKEN.replace('"mikrotik"', '"klingon"')
    status, _, err = box.run("apply", box.write("site.toml", SITE + wrong))
    assert status == 1
    (line,) = err
    assert line.endswith('nas bas: quirks: dialect: "klingon" is none of wispr, huawei-bras, mikrotik')


def test_check_warns_of_a_pair_that_does_not_go_together(box: Box) -> None:
    """The mistake stands in `check` as long as it stands in the books."""
    assert box.run("apply", box.write("site.toml", SITE + MISTAKEN))[0] == 0
    found = {one["what"]: one for one in json.loads(box.run("check", "--json")[1])["checks"]}
    assert found["device me60"]["word"] == "warn"
    assert "choose vendor huawei-bras" in found["device me60"]["sentence"]
    assert "device ac1" not in found
    assert "device bas" not in found


def test_explain_tells_what_to_look_at(box: Box) -> None:
    """The attributes of an accepted login come with what must be true on the device."""
    assert box.run("apply", box.write("site.toml", SITE + MISTAKEN))[0] == 0
    asked = ("explain", "20260002", "--nas", "wall", "--at", "2026-11-25T10:00")
    facts = json.loads(box.run(*asked, "--json")[1])
    assert "rate_by_role" in {one["word"] for one in facts["remarks"]}
    english = box.run(*asked, "--lang", "en")[1]
    assert "  ! The rate 4M/8M is not sent: on these devices it belongs to a role." in english
    assert "不下发速率 4M/8M" in box.run(*asked, "--lang", "zh")[1]


def test_peaks_reach_the_device(box: Box) -> None:
    """Peaks of a rate in the site file are what a device of the plan gets, and a second apply changes nothing."""
    site = SITE.replace('name = "8M"\n', 'name = "8M"\npeak_up = "6M"\npeak_down = "12M"\n', 1)
    assert site != SITE
    path = box.write("site.toml", site + MISTAKEN)
    assert box.run("apply", path)[0] == 0
    again = json.loads(box.run("apply", path, "--json")[1])
    assert {item["outcome"] for item in again["items"]} == {"left"}
    asked = ("explain", "20260002", "--at", "2026-11-25T10:00", "--json", "--nas")
    shown = {one["name"]: one["value"] for one in json.loads(box.run(*asked, "bas")[1])["attributes"]}
    assert shown["Mikrotik-Rate-Limit"] == "4M/8M 6M/12M 3M/6M 8/8"
    shown = {one["name"]: one["value"] for one in json.loads(box.run(*asked, "ac1")[1])["attributes"]}
    assert shown["HW-Output-Peak-Information-Rate"] == "12000000"


def test_peaks_below_the_rate_are_refused(box: Box) -> None:
    """A peak is more than the rate."""
    site = SITE.replace('name = "8M"\n', 'name = "8M"\npeak_up = "1M"\n', 1)
    status, _, err = box.run("apply", box.write("site.toml", site))
    assert status == 1
    assert "a peak is not below its rate" in err[0]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("user_group", "组" * 80),
        ("isolation", "组" * 80),
        ("pool", "p" * 221),
        ("acl", "a" * 221),
        ("acl", "; ".join(f"${number} permit dst 10.0.239.{number}/32" for number in range(1, 101))),
        ("acl", "$1 " + "x" * 230),
    ],
)
def test_names_that_no_attribute_holds_are_refused(box: Box, key: str, words: str) -> None:
    """What could not be sent is a mistake in the file, not a login without an answer."""
    rule = f'[[rule]]\nname = "r"\nposition = 1\naction = "allow"\n{key} = "{words}"\n'
    status, _, err = box.run("apply", box.write("site.toml", SITE + rule))
    assert status == 1
    assert f"rule r: {key}: " in err[0]


def test_rules_of_an_acl_may_stand_in_a_rule(box: Box) -> None:
    """A short list of rules is sent, one attribute each, where the device takes them."""
    acl = "$1 permit dst 10.0.239.192/26; $2 deny dst 10.0.0.0/8"
    rule = f'[[rule]]\nname = "r"\nposition = 1\naction = "allow"\nacl = "{acl}"\n'
    assert box.run("apply", box.write("site.toml", SITE + rule))[0] == 0
    asked = ("explain", "20260002", "--at", "2026-11-25T10:00", "--json", "--nas", "ac1")
    shown = [
        one["value"]
        for one in json.loads(box.run(*asked)[1])["attributes"]
        if one["name"] == "HW-Data-Filter"
    ]
    assert shown == acl.split("; ")
