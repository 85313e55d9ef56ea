"""Which table an access device is read and written by: its maker's, as the device's own settings (quirks) change it.

dialect            zhuomai: wispr, huawei-bras, mikrotik; standard: wispr, ikuai, redback, none
rate_unit          bits per second of one count of a rate (ruijie, zte, ikuai)
up_type, down_type, vlan_type   ruijie: numbers of the attributes
remaining_volume   huawei-campus, huawei-bras, h3c: "kb" or "byte": send what is left of an allowance, so counted
redirect_acl       huawei-campus, cisco, h3c: the ACL of what a redirected user may reach
group_as           what a user group is called there: see `GROUPS`
isolation_as       the same for an isolation group
qos_prefix         cisco, redback: the beginning of the names of policies
rate_role          aruba: the beginning of the names of roles by rate
always             attributes of every acceptance: "Port-Limit = 2; Framed-Pool = dorm"
identity           what a Disconnect names a session by (vendors.dynamic)
probe_username     the device's test user (vendors.requests)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from zhuomai_appliance.model.network import Nas, Vendor
from zhuomai_appliance.radius.dictionary import load
from zhuomai_appliance.radius.eap import METHODS
from zhuomai_appliance.radius.packet import Attribute
from zhuomai_appliance.vendors.aruba import ARUBA, ARUBA_ID
from zhuomai_appliance.vendors.cisco import CISCO, PAIR
from zhuomai_appliance.vendors.h3c import H3C, H3C_ID
from zhuomai_appliance.vendors.huawei_bras import HUAWEI_BRAS
from zhuomai_appliance.vendors.huawei_campus import HUAWEI, HUAWEI_CAMPUS
from zhuomai_appliance.vendors.mikrotik import MIKROTIK, MIKROTIK_ID
from zhuomai_appliance.vendors.profile import (
    IETF,
    AttributeId,
    GrantField,
    ReplyRule,
    Unit,
    VendorProfile,
    rule,
)
from zhuomai_appliance.vendors.ruijie import RUIJIE, RUIJIE_ID
from zhuomai_appliance.vendors.standard import STANDARD, STANDARD_DIALECTS
from zhuomai_appliance.vendors.zhuomai import ZHUOMAI, ZHUOMAI_DIALECTS
from zhuomai_appliance.vendors.zte import ZTE

Quirk = str | int | bool

_PROFILES: Final = {
    Vendor.STANDARD: STANDARD,
    Vendor.ZHUOMAI: ZHUOMAI,
    Vendor.HUAWEI_CAMPUS: HUAWEI_CAMPUS,
    Vendor.HUAWEI_BRAS: HUAWEI_BRAS,
    Vendor.H3C: H3C,
    Vendor.RUIJIE: RUIJIE,
    Vendor.ZTE: ZTE,
    Vendor.MIKROTIK: MIKROTIK,
    Vendor.CISCO: CISCO,
    Vendor.ARUBA: ARUBA,
}

_DIALECTS: Final[Mapping[Vendor, Mapping[str, VendorProfile]]] = {
    Vendor.ZHUOMAI: ZHUOMAI_DIALECTS,
    Vendor.STANDARD: STANDARD_DIALECTS,
}

#: What a group of users, or of isolated users, can be on a device: the maker, the word of the setting, the attribute.
GROUPS: Final[Mapping[tuple[Vendor, str], tuple[AttributeId, Unit]]] = {
    (Vendor.HUAWEI_CAMPUS, "filter-id"): ((IETF, 11), Unit.TEXT),
    (Vendor.HUAWEI_CAMPUS, "ucl"): ((HUAWEI, 160), Unit.INDEX),
    (Vendor.HUAWEI_CAMPUS, "service-scheme"): ((HUAWEI, 146), Unit.TEXT),
    (Vendor.HUAWEI_CAMPUS, "qos-profile"): ((HUAWEI, 31), Unit.TEXT),
    (Vendor.HUAWEI_BRAS, "filter-id"): ((IETF, 11), Unit.TEXT),
    (Vendor.HUAWEI_BRAS, "qos-profile"): ((HUAWEI, 31), Unit.TEXT),
    (Vendor.HUAWEI_BRAS, "domain"): ((HUAWEI, 138), Unit.TEXT),
    (Vendor.H3C, "user-group"): ((H3C_ID, 140), Unit.TEXT),
    (Vendor.H3C, "role"): ((H3C_ID, 155), Unit.TEXT),
    (Vendor.H3C, "filter-id"): ((IETF, 11), Unit.TEXT),
    (Vendor.MIKROTIK, "group"): ((MIKROTIK_ID, 3), Unit.TEXT),
    (Vendor.MIKROTIK, "address-list"): ((MIKROTIK_ID, 19), Unit.TEXT),
    (Vendor.MIKROTIK, "mark"): ((MIKROTIK_ID, 11), Unit.TEXT),
}

ADAPTING: Final = (
    "dialect",
    "up_type",
    "down_type",
    "vlan_type",
    "remaining_volume",
    "redirect_acl",
    "group_as",
    "isolation_as",
    "qos_prefix",
    "rate_role",
    "always",
)

_VOLUMES: Final = {
    Vendor.HUAWEI_CAMPUS: (HUAWEI, 15),
    Vendor.HUAWEI_BRAS: (HUAWEI, 15),
    Vendor.H3C: (H3C_ID, 15),
}

_REDIRECT_ACLS: Final = {
    Vendor.HUAWEI_CAMPUS: ((HUAWEI, 173), ""),
    Vendor.CISCO: (PAIR, "url-redirect-acl="),
    Vendor.H3C: ((H3C_ID, 210), "url-redirect-acl="),
}


def profile_of(vendor: Vendor) -> VendorProfile:
    """The table of a maker."""
    return _PROFILES[vendor]


def profile_for(nas: Nas) -> VendorProfile:
    """The table of one access device. The same object every time: it is a key of what is written once."""
    quirks = nas.quirks
    if not quirks:
        return _PROFILES[nas.vendor]
    chosen = tuple([(name, quirks[name]) for name in ADAPTING if name in quirks])
    return _adapted(nas.vendor, chosen) if chosen else _PROFILES[nas.vendor]


def dictionary_word(nas: Nas) -> str:
    """The word of `radius.dictionary.load` for a device: its maker's, or that of the dialect it is set to."""
    dialect = str(nas.quirks.get("dialect", "")) if nas.quirks else ""
    return dialect if dialect in _DIALECTS.get(nas.vendor, {}) else nas.vendor.value


@lru_cache(maxsize=1024)
def _adapted(vendor: Vendor, chosen: tuple[tuple[str, Quirk], ...]) -> VendorProfile:
    """The table with a device's settings; a setting that means nothing there is passed over (see `mistakes`)."""
    quirks = dict(chosen)
    profile = _DIALECTS.get(vendor, {}).get(str(quirks.get("dialect")), _PROFILES[vendor])
    rules = [_renumbered(one, vendor, quirks) for one in profile.replies]
    for word, source in (("group_as", GrantField.USER_GROUP), ("isolation_as", GrantField.ISOLATION)):
        place = GROUPS.get((vendor, str(quirks.get(word))))
        if place is not None:
            rules = [one for one in rules if one.source is not source]
            rules.append(rule(place[0], place[1], source))
    if vendor in _VOLUMES and quirks.get("remaining_volume") in ("kb", "byte"):
        unit = Unit.KIBI if quirks["remaining_volume"] == "kb" else Unit.NUMBER
        rules.append(rule(_VOLUMES[vendor], unit, GrantField.OCTETS_LEFT))
    if vendor in _REDIRECT_ACLS and (acl := quirks.get("redirect_acl")):
        attribute, prefix = _REDIRECT_ACLS[vendor]
        rules.append(rule(attribute, Unit.TEXT, GrantField.URL, prefix, fixed=str(acl)))
    if vendor is Vendor.ARUBA and (role := quirks.get("rate_role")):
        rules.append(rule((ARUBA_ID, 1), Unit.RATE_NAME, GrantField.DOWN_BPS, str(role)))
    always = _always(str(quirks.get("dialect", vendor)), str(quirks.get("always", "")))[0]
    return replace(profile, replies=tuple(rules), always=always)


def _renumbered(one: ReplyRule, vendor: Vendor, quirks: Mapping[str, Quirk]) -> ReplyRule:
    """A rule with the device's own numbers (Ruijie) or names (Cisco, Redback)."""
    if vendor is Vendor.RUIJIE and one.source in _TYPES:
        number = _number(quirks.get(_TYPES[one.source]))
        if number is not None:
            unit = Unit.NUMBER if one.source is GrantField.VLAN else one.unit
            return replace(one, attribute=(RUIJIE_ID, number), unit=unit)
    prefix = quirks.get("qos_prefix")
    if one.unit is Unit.RATE_NAME and isinstance(prefix, str):
        return replace(one, prefix=one.prefix.replace("zhuomai-", prefix))
    return one


_TYPES: Final = {
    GrantField.UP_BPS: "up_type",
    GrantField.DOWN_BPS: "down_type",
    GrantField.VLAN: "vlan_type",
}


def _number(value: object, most: int = 255) -> int | None:
    return value if type(value) is int and 0 < value <= most else None


def _always(word: str, words: str) -> tuple[tuple[Attribute, ...], tuple[str, ...]]:
    """The attributes that the `always` setting names in a dialect, and what in it cannot be read."""
    dictionary = load(word)
    attributes: list[Attribute] = []
    wrong: list[str] = []
    for part in words.split(";"):
        name, _, value = (word.strip() for word in part.partition("="))
        if not name and not value:
            continue
        try:
            attributes.append(dictionary.named(name).encode(value))
        except KeyError:
            wrong.append(f'always: "{name}" is no attribute that the dictionaries know')
        except ValueError as error:
            wrong.append(f"always: {name}: {error}")
    if sum(len(value) + 2 for _, value in attributes) > 1000:
        return (), ("always: more than 1000 octets of attributes",)
    return tuple(attributes), tuple(wrong)


def mistakes(vendor: Vendor, quirks: Mapping[str, Quirk]) -> tuple[str, ...]:
    """What in a device's settings means nothing to this maker's table, one line each: for `apply` and forms."""
    dialects = _DIALECTS.get(vendor, {})
    groups = [word for maker, word in GROUPS if maker is vendor]
    numbers = [str(number) for number in range(1, 256)] if vendor is Vendor.RUIJIE else []
    volumes = ["kb", "byte"] if vendor in _VOLUMES else []
    may_be: Mapping[str, Collection[str]] = {
        "dialect": dialects,
        "group_as": groups,
        "isolation_as": groups,
        **dict.fromkeys(_TYPES.values(), numbers),
        "remaining_volume": volumes,
    }
    found = [
        f"{name}: {_none_of(quirks[name], words, vendor)}"
        for name, words in may_be.items()
        if name in quirks and str(quirks[name]) not in words
    ]
    if "rate_unit" in quirks and _number(quirks["rate_unit"], 10**9) is None:
        found.append("rate_unit: the bits per second of one count, such as 1000")
    if "requests_per_second" in quirks and _number(quirks["requests_per_second"], 10**6) is None:
        found.append("requests_per_second: a whole number, such as 500")
    methods = str(quirks.get("eap_methods", "peap")).lower().split()
    if not methods or not METHODS.keys() >= set(methods):
        found.append(f"eap_methods: words out of {', '.join(METHODS)}")
    found += [
        f"{name}: true or false"
        for name in ("eap_md5", "ms_chap_v1")
        if name in quirks and not isinstance(quirks[name], bool)
    ]
    found += [
        f"{name}: text of at most 100 octets"
        for name in ("redirect_acl", "qos_prefix", "rate_role")
        if name in quirks and len(str(quirks[name]).encode()) > 100
    ]
    if "redirect_acl" in quirks and vendor not in _REDIRECT_ACLS:
        found.append(f"redirect_acl: {_none_of('', (), vendor)}")
    return (*found, *_always(str(quirks.get("dialect", vendor)), str(quirks.get("always", "")))[1])


def _none_of(word: object, words: Collection[str], vendor: Vendor) -> str:
    """What may stand there; a long list by its ends."""
    known = list(words)
    shown = ", ".join(known) if len(known) < 10 else f"{known[0]} to {known[-1]}"
    return f'"{word}" is none of {shown}' if known else f'not for vendor "{vendor}"'
