"""Who a packet is about and where that is: station, access point, network, port and VLANs, by a maker's table."""

from __future__ import annotations

from typing import Final, NamedTuple

from zhuomai_appliance.radius.packet import Packet, sub_attributes
from zhuomai_appliance.radius.values import integer
from zhuomai_appliance.vendors.identity import (
    NO_VLANS,
    address_and_mac_from,
    called_from,
    framed_address,
    leading_mac,
    mac_from,
    stored_words,
    vlans_from,
)
from zhuomai_appliance.vendors.profile import IETF, AttributeId, VendorProfile

VendorValues = dict[AttributeId, bytes]
"""Sub-attributes of Vendor-Specific attributes by vendor and number."""

_PAIR_OF_MAC: Final = b"client-mac-address="


class Where(NamedTuple):
    """Where a client is. Each None where nothing tells; ``vlan`` is the tag nearest to the user."""

    ap_mac: str | None
    ssid: str | None
    port_id: str | None
    vlan: int | None
    outer_vlan: int | None


def inside_of(packet: Packet) -> VendorValues:
    """The first value of each vendor's sub-attribute: one pass over the packet for all that is asked of it."""
    found: VendorValues = {}
    for value in packet.every(26):
        vendor_id = int.from_bytes(value[:4], "big")
        for number, words in sub_attributes(value):
            found.setdefault((vendor_id, number), words)
    return found


def value_of(packet: Packet, inside: VendorValues, attribute: AttributeId | None) -> bytes | None:
    """The first value of an attribute of a table, None where the table or the packet has none."""
    if attribute is None:
        return None
    return packet.firsts.get(attribute[1]) if attribute[0] == IETF else inside.get(attribute)


def station_of(packet: Packet, inside: VendorValues, profile: VendorProfile) -> tuple[str | None, str | None]:
    """MAC and IPv4 address of the user, from the standard attributes, else from the vendor's."""
    mac = mac_from(packet.first(31))
    ip = framed_address(packet.first(8))
    if mac is None or ip is None:
        pair_ip, pair_mac = address_and_mac_from(value_of(packet, inside, profile.address_and_mac))
        mac = mac or pair_mac or mac_from(value_of(packet, inside, profile.mac))
        ip = ip or pair_ip or framed_address(value_of(packet, inside, profile.address))
        if mac is None and profile.pairs is not None:
            mac = _mac_of_pairs(packet, profile.pairs)
    return mac, ip


def _mac_of_pairs(packet: Packet, pairs: AttributeId) -> str | None:
    for value in packet.vendor_every(*pairs):
        if value.startswith(_PAIR_OF_MAC):
            return mac_from(value[len(_PAIR_OF_MAC) :])
    return None


def where(packet: Packet, inside: VendorValues, profile: VendorProfile) -> Where:
    """Where the client is.

    VLANs come from NAS-Port-Id (87), else from the vendor's own attributes, else from the low bits of NAS-Port (5).
    """
    first = packet.firsts.get
    ap_mac, ssid = called_from(first(30))
    if profile.ap is not None:
        ap_mac = leading_mac(value_of(packet, inside, profile.ap)) or ap_mac
    if profile.ssid is not None:
        ssid = stored_words(value_of(packet, inside, profile.ssid)) or ssid
    port = first(87)
    port_id = stored_words(port) if port else None
    vlans = vlans_from(port_id)
    if vlans is NO_VLANS or vlans.outer is None:
        return Where(ap_mac, ssid, port_id, _other_vlan(packet, inside, profile), None)
    outer, inner = vlans
    return Where(ap_mac, ssid, port_id, outer if inner is None else inner, None if inner is None else outer)


def _other_vlan(packet: Packet, inside: VendorValues, profile: VendorProfile) -> int | None:
    """The VLAN that something else than NAS-Port-Id tells of."""
    if profile.port is not None and (port := value_of(packet, inside, profile.port)):
        told = vlans_from(stored_words(port)).user
        if told is not None:
            return told
    number = integer(value_of(packet, inside, profile.vlan))
    if number is None and profile.nas_port_vlan_bits:
        number = (integer(packet.first(5)) or 0) & ((1 << profile.nas_port_vlan_bits) - 1)
    return number if number is not None and 0 < number < 4095 else None
