"""Networks of 802.1X in a site file: offered, changed, and taken off the page again."""

from __future__ import annotations

from tests.commands.box import Box
from tests.commands.test_apply import MAIN, SCHOOL, apply, refused
from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
from zhuomai_appliance.store import settings
from zhuomai_appliance.store.sqlite import reading

TWO = (
    SCHOOL
    + """
[[wifi]]
ssid = "校园网-1X"
[[wifi]]
ssid = "Staff"
method = "ttls-pap"
hidden = true
outer_identity = "anonymous@school.example"
"""
)


def networks(box: Box) -> tuple[WifiNetwork, ...]:
    with reading(box.files.database) as reader:
        return settings.wifi(reader, MAIN)


def test_networks_are_offered_once(box: Box) -> None:
    """As they stand in the file; a second time changes nothing."""
    items = apply(box, TWO)
    assert {items["wifi 校园网-1X"]["outcome"], items["wifi Staff"]["outcome"]} == {"created"}
    wanted = (
        WifiNetwork("校园网-1X"),
        WifiNetwork("Staff", WifiMethod.TTLS_PAP, True, "anonymous@school.example"),
    )
    assert networks(box) == wanted
    assert {one["outcome"] for one in apply(box, TWO).values()} == {"left"}
    assert networks(box) == wanted


def test_a_network_is_changed_and_taken_off(box: Box) -> None:
    """What the file does not name stays; what it switches off goes."""
    apply(box, TWO)
    item = apply(box, SCHOOL + '[[wifi]]\nssid = "Staff"\nmethod = "tls"\n')["wifi Staff"]
    assert item["outcome"] == "changed"
    assert networks(box)[1] == WifiNetwork("Staff", WifiMethod.TLS)
    apply(box, SCHOOL + '[[wifi]]\nssid = "校园网-1X"\nenabled = false\n')
    assert networks(box) == (WifiNetwork("Staff", WifiMethod.TLS),)
    again = apply(box, SCHOOL + '[[wifi]]\nssid = "x"\nenabled = false\n')
    assert again["wifi x"]["outcome"] == "left"


def test_what_no_network_can_be_is_refused(box: Box) -> None:
    """A name too long for the air, and a method that is none."""
    lines = refused(box, SCHOOL + f'[[wifi]]\nssid = "{"校" * 11}"\n[[wifi]]\nssid = "a"\nmethod = "leap"\n')
    assert any("32 octets" in line for line in lines)
    assert any("method: write one of 'peap', 'ttls-pap', 'ttls-mschapv2' or 'tls'" in line for line in lines)
