"""A device, a session and a packet to read: what the tests of vendors and policy start from."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any

from zhuomai_appliance.model.access import AccessKind, Session, SessionId
from zhuomai_appliance.model.network import (
    MessageAuthenticatorPolicy,
    Nas,
    NasId,
    PortalAuth,
    ProjectId,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.radius.packet import Attribute, Packet, Secret, decode, encode_request

NOW = 1_790_000_000


def a_nas(**changes: Any) -> Nas:
    values: dict[str, Any] = {
        "id": NasId(1),
        "project_id": ProjectId(1),
        "name": "ac1",
        "address": ip_network("192.0.2.1"),
        "identifier": "ac1",
        "vendor": Vendor.STANDARD,
        "device_kind": "ac",
        "secret": b"secret",
        "coa_port": 3799,
        "portal_port": 2000,
        "portal_version": 2,
        "portal_auth": PortalAuth.CHAP,
        "portal_secret": b"secret",
        "user_networks": (),
        "interim_seconds": 300,
        "traffic_unit": TrafficUnit.BYTE,
        "swap_direction": False,
        "ipv6_counters": False,
        "message_authenticator": MessageAuthenticatorPolicy.AUTO,
        "message_authenticator_learned": False,
        "quirks": MappingProxyType({}),
    }
    return Nas(**values | changes)


def a_session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": SessionId(7),
        "project_id": 1,
        "nas_id": NasId(1),
        "acct_session_id": "S1",
        "account_id": AccountId(5),
        "username_raw": "20260001",
        "calling_station_raw": "a45e-60aa-bbcc",
        "called_station_raw": "00-15-70-91-E2-40:Campus",
        "mac": "a4:5e:60:aa:bb:cc",
        "ip": "10.9.1.2",
        "ipv6": None,
        "ssid": "Campus",
        "vlan": None,
        "port_id": None,
        "access_kind": AccessKind.PORTAL,
        "started_at": NOW,
        "updated_at": NOW,
        "session_seconds": 0,
        "input_octets": 0,
        "output_octets": 0,
        "interim_seconds": 300,
        "stopped_at": None,
        "cause": None,
        "closed_by": None,
        "start_lost": False,
        "anomalies": 0,
        "class_token": b"",
        "plan_name": "monthly",
    }
    return Session(**values | changes)


def a_packet(attributes: Iterable[Attribute], code: int = 1) -> Packet:
    """The attributes as they come out of a datagram."""
    authenticator = bytes(range(16)) if code in {1, 12} else None
    datagram = encode_request(
        code, 1, list(attributes), Secret(b"secret"), authenticator=authenticator, sign=False
    )
    return decode(datagram)
