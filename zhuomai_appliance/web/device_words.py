"""What a preview tells of a device, in people's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zhuomai_appliance.flows.preview import Remark
from zhuomai_appliance.web.words import Words, mark

FIELDS: Final = {
    "user_group": mark("User group"),
    "isolation": mark("Isolation group"),
    "acl": mark("ACL"),
    "vlan": mark("VLAN"),
    "pool": mark("Address pool"),
    "url": mark("Page to be shown"),
    "rate": mark("Rate"),
    "peaks": mark("Peaks of the rate"),
    "session_timeout": mark("Longest session"),
    "idle_timeout": mark("Idle time"),
    "acct_interim": mark("Interval of reports"),
}
"""What of a grant a device may or may not be told."""

SENTENCES: Final = {
    "rate_by_role": mark(
        "The rate %(rate)s is not sent: on these devices it belongs to a role. Set it there and name the role as user group."
    ),
    "rate_by_name": mark("The rate is told by the name of a policy: %(name)s must exist on the device."),
    "rate_unit_unsettled": mark(
        "The unit of its rates is not documented; one count is taken for %(bits)s bit/s. Measure a download and correct rate_unit."
    ),
    "rate_capped": mark("The rate is more than its number can hold: %(rate)s bit/s is sent."),
    "numbers_unsettled": mark(
        "The numbers of its attributes can be set on the device: compare them with this entry."
    ),
    "no_change": mark(
        "A running session cannot be changed: a new rate ends it, and the client logs in again."
    ),
    "ack_is_no_proof": mark(
        "The device may confirm changes that it does not make: look at the next report (error-reply version2 is strict)."
    ),
    "control_is_off": mark(
        "CoA and Disconnect must be switched on at the device, with this server listed there."
    ),
    "unknown_name_admits": mark("Where %(value)s does not exist, users go online without the restriction."),
    "unknown_name_cuts": mark("Where %(value)s does not exist, users may be cut off."),
    "one_filter": mark("%(field)s %(value)s is not sent: Filter-Id holds one name, and another one has it."),
    "traffic_unit": mark("The device may count in KB, MB or GB: this entry must say the same."),
    "direction_unsettled": mark(
        "Up and down are documented both ways: download a known file, look at the next report, exchange them if need be."
    ),
    "no_portal": mark(
        "The device does not speak the portal protocol: users log in by its own page, PPPoE or 802.1X."
    ),
    "identity_unsettled": mark(
        "What names a session in a Disconnect is not documented: several names are sent. Try it once."
    ),
    "no_ssid": mark("Wired: rules and limits by SSID never match here."),
    "no_pppoe": mark("This kind of device has no PPPoE."),
    "no_dot1x": mark("This kind of device has no 802.1X."),
    "no_vlan": mark("The VLAN is that of the line and cannot be given at a login."),
    "wireless_acl": mark("ACLs of wireless users have the numbers 3000 to 3031."),
    "one_device": mark("Each access point speaks for itself: enter each one, or their network."),
    "not_documented": mark(
        "No document about this kind of device of this maker was read: its usual attributes are sent, try each of them."
    ),
    "other_vendor": mark(
        "This kind of device reads the numbers of attributes differently: choose the vendor %(instead)s."
    ),
    "must_exist": mark("%(field)s %(value)s must exist on the device."),
    "unsaid": mark("%(field)s %(value)s is not sent: the device has no attribute for it."),
    "acl_dropped": mark("The rules of the ACL do not fit into an answer: none of them is sent."),
    "interim_short": mark(
        "Reports every %(seconds)s s: the maker advises 600 s or more where there are many users."
    ),
    "does_not_fit": mark("Nothing can be sent: %(why)s"),
    "quirk_means_nothing": mark("A setting of this entry means nothing there: %(what)s"),
}
"""By the words of `vendors.preview.Remark`."""


def told(remark: Remark, words: Words) -> str:
    """One sentence."""
    facts = {name: words.text(FIELDS[fact]) if name == "field" else fact for name, fact in remark.facts}
    return words.text(SENTENCES[remark.word], **facts)


def all_told(remarks: Iterable[Remark], words: Words) -> list[str]:
    """Every sentence once, in order."""
    return list(dict.fromkeys(told(remark, words) for remark in remarks))
