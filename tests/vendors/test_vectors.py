"""Every vendor's table against the tables that engineers read: tests/vectors/vendors/*.txt."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from pyrad.dictionary import Dictionary
from pyrad.packet import AuthPacket

from tests.vendors.examples import NOW, a_nas, a_packet, a_session
from tests.vendors.vectors import FOLDER, Case, read
from zhuomai_appliance.model.access import AccessKind, ChapProof, Grant, MacProof, PapProof, Proof
from zhuomai_appliance.model.network import Nas, TrafficUnit, Vendor
from zhuomai_appliance.model.traffic import Burst, RateLimit, parse_rate
from zhuomai_appliance.radius import dictionary
from zhuomai_appliance.radius.packet import Attribute, sub_attributes
from zhuomai_appliance.vendors import (
    Change,
    attempt_from,
    attributes_for,
    coa_attributes,
    disconnect_attributes,
    profile_for,
    report_from,
)
from zhuomai_appliance.vendors.dialects import mistakes
from zhuomai_appliance.vendors.dynamic import command_attributes
from zhuomai_appliance.vendors.profile import SessionCommand

FILES = sorted(path.name for path in FOLDER.glob("*.txt"))
ALL = [(Vendor(name[:-4].replace("_", "-")), case) for name in FILES for case in read(name)]
SENT = [
    (vendor, case)
    for vendor, case in ALL
    if case.what in ("reply", "coa", "order", "disconnect") and "up_type" not in case.nas
]
"""What we write under numbers that the dictionaries know."""


def named(vendor: Vendor, case: Case) -> str:
    return f"{vendor}: {case.title}"


def test_every_vendor_has_a_file() -> None:
    """Every vendor's table is checked by a file of vectors: logins, replies, and how a session is ended."""
    assert {f"{vendor.replace('-', '_')}.txt" for vendor in Vendor} == set(FILES)
    for name in FILES:
        assert {case.what for case in read(name)} >= {"attempt", "report", "reply", "disconnect", "coa"}


@pytest.mark.parametrize(("vendor", "case"), ALL, ids=[named(*one) for one in ALL])
def test_vector(vendor: Vendor, case: Case) -> None:
    """What the file says is what the table does."""
    nas = _nas(vendor, case)
    profile = profile_for(nas)
    if case.what == "attempt":
        attempt = attempt_from(a_packet(case.attributes), nas, profile, b"typed", NOW)
        assert {key: _shown(attempt, key) for key in case.gives} == case.gives
    elif case.what == "report":
        report = report_from(a_packet(case.attributes, code=4), nas, profile, NOW)
        assert report is not None
        assert {key: _shown(report, key) for key in case.gives} == case.gives
    else:
        made = _made(nas, case)
        assert (None if made is None else sorted(made)) == (None if case.gives else sorted(case.attributes))


@pytest.mark.parametrize(("vendor", "case"), SENT, ids=[named(*one) for one in SENT])
def test_pyrad_writes_the_same(vendor: Vendor, case: Case) -> None:
    """What the file says by number and octets is what another library writes by name and value."""
    files = [dictionary.FOLDER / name for name in dictionary.STANDARD_FILES + dictionary.VENDOR_FILES]
    files.append(dictionary.FOLDER / dictionary.HUAWEI_FILES.get(vendor, "huawei.campus"))
    packet = AuthPacket(dict=Dictionary(*map(str, files)), secret=b"s", authenticator=bytes(16))
    known = dictionary.load(vendor)
    for vendor_id, number, octets in _flat(case.attributes):
        kind = known.numbered(number, vendor_id)
        assert kind is not None, f"{vendor_id}/{number} is in no dictionary"
        value = kind.decode(octets)
        packet.AddAttribute(kind.name, value)
    written = case_attributes(packet)
    assert sorted(_flat(written)) == sorted(_flat(case.attributes))


def case_attributes(packet: AuthPacket) -> list[Attribute]:
    """The attributes as pyrad writes them, without the Message-Authenticator that it adds by itself."""
    octets, found = packet._PktEncodeAttributes(), []
    while octets:
        found.append((octets[0], octets[2 : octets[1]]))
        octets = octets[octets[1] :]
    return [(number, value) for number, value in found if number != 80]


def _flat(attributes: list[Attribute]) -> list[tuple[int, int, bytes]]:
    found = []
    for number, value in attributes:
        inside = sub_attributes(value) if number == 26 else ()
        found += [(int.from_bytes(value[:4], "big"), sub, part) for sub, part in inside]
        if not inside:
            found.append((0, number, value))
    return found


def _made(nas: Nas, case: Case) -> tuple[Attribute, ...] | None:
    profile, session = profile_for(nas), a_session()
    if case.what == "reply":
        kind = AccessKind(case.given.get("kind", "other"))
        return attributes_for(_grant(case.given), nas, profile, case.given.get("username"), kind)
    if case.what == "disconnect":
        return disconnect_attributes(session, nas, profile)
    if case.what == "order":
        return command_attributes(session, SessionCommand(case.given["order"]), nas, profile)
    change = Change(
        rate=_rate(case.given),
        session_timeout_seconds=_number(case.given, "timeout"),
        user_group=case.given.get("group"),
        vlan=_number(case.given, "vlan"),
    )
    return coa_attributes(session, change, nas, profile)


def _nas(vendor: Vendor, case: Case) -> Nas:
    given = dict(case.nas)
    fields: dict[str, Any] = {"traffic_unit": TrafficUnit(given.pop("traffic_unit", "byte"))}
    for name in ("swap_direction", "ipv6_counters"):
        fields[name] = given.pop(name, "no") == "yes"
    quirks = {name: int(word) if word.isdigit() else word for name, word in given.items()}
    assert mistakes(vendor, quirks) == ()
    return a_nas(vendor=vendor, quirks=MappingProxyType(quirks), **fields)


def _grant(given: dict[str, str]) -> Grant:
    return Grant(
        session_timeout_seconds=_number(given, "timeout"),
        idle_timeout_seconds=_number(given, "idle"),
        octets_left=_number(given, "left"),
        rate=_rate(given),
        acct_interim_seconds=int(given["interim"]),
        user_group=given.get("group"),
        vlan=_number(given, "vlan"),
        pool=given.get("pool"),
        acl=given.get("acl"),
        url=given.get("url"),
        isolation=given.get("isolation"),
        class_token=given.get("class", "").encode(),
    )


def _number(given: dict[str, str], key: str) -> int | None:
    return int(given[key]) if key in given else None


def _rate(given: dict[str, str]) -> RateLimit | None:
    if "rate" not in given:
        return None
    up, down = (parse_rate(word) for word in given["rate"].split("/"))
    if "peaks" not in given:
        return RateLimit(up, down)
    peak_up, peak_down, seconds = given["peaks"].split("/")
    return RateLimit(up, down, Burst(parse_rate(peak_up), parse_rate(peak_down), int(seconds)))


def _shown(value: Any, key: str) -> str:
    found = getattr(value, key)
    if key == "ipv6_prefixes":
        return " ".join(f"{span.kind}:{span.network}" for span in found)
    return _proof(found) if key == "proof" else str(found)


def _proof(proof: Proof) -> str:
    if isinstance(proof, MacProof):
        return f"mac:{proof.mac}"
    if isinstance(proof, ChapProof):
        return f"chap:{proof.ident}"
    return "pap" if isinstance(proof, PapProof) else "none"
