"""Packets told to people: every value by its dictionary's name on a line of visible characters, secrets as their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zhuomai_appliance.portal.kinds import AttributeKind
from zhuomai_appliance.portal.packet import PortalPacket, decode_text
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.dictionary import load
from zhuomai_appliance.radius.packet import Code, Packet
from zhuomai_appliance.radius.values import escaped

Lines = list[tuple[str, str]]
"""Name and value, in the order of the wire."""

SHOWN_OCTETS: Final = 256
"""Longer values are cut: whoever traces reads, and does not copy."""

_VENDOR_SPECIFIC: Final = "Vendor-Specific"
"""How a dictionary names a vendor's attribute that it cannot take apart, with its octets in hexadecimal."""

_EAP_CODES: Final = {1: "Request", 2: "Response", 3: "Success", 4: "Failure"}
_EAP_TYPES: Final = {
    1: "Identity", 2: "Notification", 3: "Nak", 4: "MD5-Challenge", 6: "GTC", 13: "TLS", 21: "TTLS", 25: "PEAP",
    26: "MSCHAPv2", 33: "TLV", 43: "FAST", 254: "Expanded",
}  # fmt: skip
"""IANA "EAP Registry"; RFC 3748 §5."""

_PORTAL_SECRETS: Final = frozenset(
    (AttributeKind.PASSWORD, AttributeKind.CHALLENGE, AttributeKind.CHAP_PASSWORD, AttributeKind.EAP_MESSAGE)
)
_PORTAL_TEXTS: Final = frozenset((AttributeKind.USER_NAME, AttributeKind.TEXT_INFO, AttributeKind.USER_AGENT))


def code_name(code: int) -> str:
    """Access-Request, CoA-NAK: as the RFCs write it."""
    try:
        words = Code(code).name.split("_")
    except ValueError:
        return f"Code-{code}"
    return "-".join({"COA": "CoA", "ACK": "ACK", "NAK": "NAK"}.get(word, word.capitalize()) for word in words)


def radius_lines(packet: Packet, dialect: str) -> Lines:
    """The attributes of a RADIUS packet in the words of a device's vendor; EAP as code, identifier and type alone."""
    lines: Lines = []
    told_eap = False
    for name, value in load(dialect).describe(packet):
        if name == "EAP-Message":
            if told_eap:
                continue
            told_eap = True
            value = eap_words(packet.every(attr.EAP_MESSAGE))
        elif name == _VENDOR_SPECIFIC:
            # Its inside does not add up, so which part of it is a password or a key cannot be told
            value = f"<vendor {int(value[2:10] or '0', 16)}, {len(value) // 2 - 1} octets that do not add up>"
        lines.append((name, value if len(value) <= SHOWN_OCTETS else value[:SHOWN_OCTETS] + "…"))
    return lines


def eap_words(parts: Sequence[bytes]) -> str:
    """What an EAP packet is, without what it holds."""
    whole = b"".join(parts)
    if len(whole) < 4:
        return "EAP-Start" if not whole else f"<{len(whole)} octets>"
    words = f"{_EAP_CODES.get(whole[0], f'code {whole[0]}')} id {whole[1]}"
    if whole[0] in (1, 2) and len(whole) > 4:
        words += f" {_EAP_TYPES.get(whole[4], f'type {whole[4]}')}"
        if whole[4] == 3:
            words += " wants " + ", ".join(_EAP_TYPES.get(one, str(one)) for one in whole[5:9])
    return f"{words}, {len(whole)} octets"


def portal_lines(packet: PortalPacket) -> Lines:
    """The head and the attributes of a portal message."""
    lines = [("User-IP", packet.user_ip), ("ErrCode", str(packet.error_code))]
    if packet.kind.name == "REQ_AUTH":
        lines.append(("Method", "PAP" if packet.pap else "CHAP"))
    for number, value in packet.attributes:
        try:
            kind = AttributeKind(number)
        except ValueError:
            lines.append((f"Attr-{number}", f"0x{value[:SHOWN_OCTETS].hex()}"))
            continue
        name = kind.name.replace("_", "-")
        if kind in _PORTAL_SECRETS:
            lines.append((name, f"<hidden, {len(value)} octets>"))
        elif kind in _PORTAL_TEXTS:
            lines.append((name, escaped(decode_text(value))))
        elif kind is AttributeKind.SESSION_ID and len(value) == 6:
            lines.append((name, value.hex(":")))
        elif kind is AttributeKind.BAS_IP and packet.bas_ip is not None:
            lines.append((name, packet.bas_ip))
        else:
            lines.append((name, f"0x{value[:SHOWN_OCTETS].hex()}"))
    return lines
