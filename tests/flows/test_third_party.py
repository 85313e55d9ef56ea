"""Devices behind another maker's RADIUS server: known by what the request says, reached through the server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flows.school import LAPTOP, PHONE, START, STOP, School, result
from tests.vendors.examples import a_nas, a_packet
from zhuomai_appliance.flows.third_party import device_of, reached_at
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Attribute
from zhuomai_appliance.radius.values import address6_value, address_value, integer_value

SERVER = a_nas(quirks={"proxy": True})
HOST = "192.0.2.1"


@pytest.mark.parametrize(
    ("attributes", "device"),
    [
        ([(attr.NAS_IP_ADDRESS, address_value("10.0.0.7"))], "10.0.0.7"),
        ([(attr.NAS_IP_ADDRESS, address_value("0.0.0.0")), (attr.NAS_IDENTIFIER, b"ap-7")], "ap-7"),
        ([(attr.NAS_IPV6_ADDRESS, address6_value("2001:db8::7"))], "2001:db8::7"),
        ([(attr.NAS_IDENTIFIER, "图书馆".encode("gbk"))], "图书馆"),
        ([(attr.NAS_IP_ADDRESS, b"\1\2"), (attr.NAS_IDENTIFIER, b" \t")], HOST),
        ([(attr.NAS_IDENTIFIER, b"x" * 253)], "x" * 64),
        ([], HOST),
    ],
)
def test_the_request_says_which_device(attributes: list[Attribute], device: str) -> None:
    """By its address, else by its name; where it says nothing it is the server itself."""
    assert device_of(a_packet(attributes), SERVER, HOST) == device


def test_rule_1_a_device_that_speaks_for_itself_is_where_it_speaks_from() -> None:
    """Semantics §1.1: what it says of its own address means nothing."""
    packet = a_packet([(attr.NAS_IP_ADDRESS, address_value("10.0.0.7"))])
    assert device_of(packet, a_nas(), HOST) == HOST
    assert reached_at(a_nas(), HOST) == (HOST, ())


def test_a_device_is_reached_through_its_server() -> None:
    """Disconnect and CoA go to the server and name the device (RFC 5176 §3.1)."""
    assert reached_at(SERVER, "10.0.0.7") == (HOST, ((attr.NAS_IP_ADDRESS, b"\x0a\0\0\7"),))
    assert reached_at(SERVER, "ap-7") == (HOST, ((attr.NAS_IDENTIFIER, b"ap-7"),))
    assert reached_at(SERVER, "2001:db8::7") == (
        HOST,
        ((attr.NAS_IPV6_ADDRESS, address6_value("2001:db8::7")),),
    )
    assert reached_at(SERVER, HOST) == (HOST, ())


def test_two_devices_behind_a_server_may_count_alike() -> None:
    """Equal Acct-Session-Ids are two sessions; each device's restart ends its own alone."""
    school = School()
    nas = replace(school.nas, quirks={"proxy": True})
    school.person("20260001", school.plan())

    def report(device: str, kind: int, mac: str, seconds: int = 0) -> None:
        packet = a_packet(
            [
                (40, integer_value(kind)),
                (44, b"1"),
                (1, b"20260001"),
                (31, mac.replace(":", "-").encode()),
                (46, integer_value(seconds)),
                (attr.NAS_IP_ADDRESS, address_value(device)),
            ],
            4,
        )
        peer = device_of(packet, nas, HOST)
        assert result(school.accounting.record(packet, nas, peer, school.now()))

    report("10.0.0.1", START, PHONE)
    report("10.0.0.2", START, LAPTOP)
    school.clock.advance(60)
    report("10.0.0.1", STOP, PHONE, 60)
    found = school.rows("SELECT nas_address, session_seconds, stopped_at IS NULL FROM session ORDER BY id")
    assert found == [("10.0.0.1", 60, 0), ("10.0.0.2", 0, 1)]
    school.clock.advance(60)
    report("10.0.0.2", 7, LAPTOP)
    assert school.rows("SELECT count(*) FROM session WHERE stopped_at IS NULL") == [(0,)]
