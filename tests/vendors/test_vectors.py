"""Every vendor's table against the tables that engineers read: tests/vectors/vendor_*.txt."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from tests.vendors.examples import NOW, a_nas, a_packet, a_session
from tests.vendors.vectors import FOLDER, Case, read
from zhuomai_appliance.model.access import AccessKind, ChapProof, Grant, MacProof, PapProof, Proof
from zhuomai_appliance.model.network import Nas, TrafficUnit, Vendor
from zhuomai_appliance.model.traffic import RateLimit, parse_rate
from zhuomai_appliance.vendors import (
    SUPPORTED,
    Change,
    attempt_from,
    attributes_for,
    coa_attributes,
    disconnect_attributes,
    profile_of,
    report_from,
)

FILES = sorted(path.name for path in FOLDER.glob("vendor_*.txt"))
CASES = [
    pytest.param(Vendor(name[7:-4].replace("_", "-")), case, id=f"{name[7:-4]}: {case.title}")
    for name in FILES
    for case in read(name)
]


def test_every_supported_vendor_has_a_file() -> None:
    """A vendor is supported when its table is checked by a file of vectors, and only then."""
    assert {f"vendor_{vendor.replace('-', '_')}.txt" for vendor in SUPPORTED} == set(FILES)


@pytest.mark.parametrize(("vendor", "case"), CASES)
def test_vector(vendor: Vendor, case: Case) -> None:
    """What the file says is what the table does."""
    nas = _nas(vendor, case)
    profile = profile_of(vendor)
    if case.what == "attempt":
        attempt = attempt_from(a_packet(case.attributes), nas, profile, b"typed", NOW)
        assert {key: _shown(attempt, key) for key in case.gives} == case.gives
    elif case.what == "report":
        report = report_from(a_packet(case.attributes, code=4), nas, profile, NOW)
        assert report is not None
        assert {key: _shown(report, key) for key in case.gives} == case.gives
    elif case.what == "reply":
        written = attributes_for(
            _grant(case.given),
            nas,
            profile,
            case.given.get("username"),
            AccessKind(case.given.get("kind", "other")),
        )
        assert sorted(written) == sorted(case.attributes)
    elif case.what == "disconnect":
        assert disconnect_attributes(a_session(), nas, profile) == tuple(case.attributes)
    else:
        change = coa_attributes(a_session(), Change(rate=_rate(case.given)), nas, profile)
        assert change == (None if case.gives else tuple(case.attributes))


def _nas(vendor: Vendor, case: Case) -> Nas:
    quirks = {key: int(value) for key, value in case.nas.items() if key == "rate_unit"}
    return a_nas(
        vendor=vendor,
        traffic_unit=TrafficUnit(case.nas.get("traffic_unit", "byte")),
        swap_direction=case.nas.get("swap_direction") == "yes",
        ipv6_counters=case.nas.get("ipv6_counters") == "yes",
        quirks=MappingProxyType(quirks),
    )


def _grant(given: dict[str, str]) -> Grant:
    def number(key: str) -> int | None:
        return int(given[key]) if key in given else None

    return Grant(
        session_timeout_seconds=number("timeout"),
        idle_timeout_seconds=number("idle"),
        octets_left=number("left"),
        rate=_rate(given),
        acct_interim_seconds=int(given["interim"]),
        user_group=given.get("group"),
        vlan=number("vlan"),
        acl=given.get("acl"),
        class_token=given.get("class", "").encode(),
    )


def _rate(given: dict[str, str]) -> RateLimit | None:
    if "rate" not in given:
        return None
    up, _, down = given["rate"].partition("/")
    return RateLimit(parse_rate(up), parse_rate(down))


def _shown(value: Any, key: str) -> str:
    found = getattr(value, key)
    return _proof(found) if key == "proof" else str(found)


def _proof(proof: Proof) -> str:
    if isinstance(proof, MacProof):
        return f"mac:{proof.mac}"
    if isinstance(proof, ChapProof):
        return f"chap:{proof.ident}"
    return "pap" if isinstance(proof, PapProof) else "none"
