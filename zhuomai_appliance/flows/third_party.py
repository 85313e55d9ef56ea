"""Another maker's RADIUS server that stands between its access devices and us (features C04).

Its entry has the quirk ``proxy``. The secret goes by the source address as everywhere (semantics §1.1); which device it
speaks for stands in the request. So two devices behind one server may use the same Acct-Session-Id.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Attribute, Packet
from zhuomai_appliance.radius.values import address, address6
from zhuomai_appliance.vendors.identity import stored_words

QUIRK: Final = "proxy"
_NOWHERE: Final = frozenset(("0.0.0.0", "::"))
_LONGEST: Final = 64


def device_of(packet: Packet, nas: Nas, host: str) -> str:
    """Which device a request is of: its address, or its name where it tells no address.

    That is where the datagram came from, unless the entry is a server that speaks for others.
    """
    if not nas.quirks.get(QUIRK):
        return host
    told = address(packet.first(attr.NAS_IP_ADDRESS)) or address6(packet.first(attr.NAS_IPV6_ADDRESS))
    if told is not None and told not in _NOWHERE:
        return told
    return stored_words(packet.first(attr.NAS_IDENTIFIER)).strip()[:_LONGEST] or host


def reached_at(nas: Nas, device: str) -> tuple[str, tuple[Attribute, ...]]:
    """Where to send what a device is told, and what to say in it of the device.

    A server that stands in front takes it and knows its device by the attributes that the device is known by to us
    (RFC 5176 §3.1); everybody else is spoken to directly.
    """
    if not nas.quirks.get(QUIRK) or device == nas.host:
        return device, ()
    try:
        known = ip_address(device)
    except ValueError:
        return nas.host, ((attr.NAS_IDENTIFIER, device.encode("utf-8", "replace")[:253]),)
    number = attr.NAS_IP_ADDRESS if known.version == 4 else attr.NAS_IPV6_ADDRESS
    return nas.host, ((number, known.packed),)
