"""Access and accounting requests, read by a vendor's table into the values that the rules understand."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import (
    AccessAttempt,
    AccessKind,
    ChapProof,
    EapProof,
    MacProof,
    MsChap2Proof,
    MsChapProof,
    NoProof,
    PapProof,
    Proof,
    ReportKind,
    UsageReport,
)
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.traffic import MAX_OCTETS
from zhuomai_appliance.radius.packet import Packet
from zhuomai_appliance.radius.values import address6, integer, prefix6
from zhuomai_appliance.vendors.identity import (
    mac_from,
    mac_of_name,
    raw_station,
    session_id_from,
    stored_words,
    words_of,
)
from zhuomai_appliance.vendors.location import VendorValues, inside_of, station_of, value_of, where
from zhuomai_appliance.vendors.profile import VendorProfile
from zhuomai_appliance.vendors.reported import count_of_levels, ipv6_spans, reported_rate

_MICROSOFT: Final = 311
_WIRELESS: Final = 19
_ETHERNET: Final = 15

_REPORT_KINDS: Final = {
    1: ReportKind.START,
    2: ReportKind.STOP,
    3: ReportKind.INTERIM,
    7: ReportKind.ON,
    8: ReportKind.OFF,
}

CLOCK_TOLERANCE_SECONDS: Final = 600
"""How far a device's clock may be from ours and still be believed (semantics §6)."""

MAX_DELAY_SECONDS: Final = 7 * 86_400
"""A device that kept a record longer than this does not say so truthfully."""


def attempt_from(
    packet: Packet, nas: Nas, profile: VendorProfile, password: bytes | None, now: int
) -> AccessAttempt:
    """Read an Access-Request.

    Args:
        password: the User-Password after unhiding, None without one or if it could not be unhidden.
        now: arrival, epoch seconds.

    Returns:
        The attempt. ``username`` is what `split_realm` leaves of the name, still in the user's own writing: callers
        fold it with ``normal_name`` to look it up. The proof of a request that authenticates a device address is a
        ``MacProof`` whatever credentials came with it, since devices send the address as password too.
    """
    first, inside = packet.firsts.get, inside_of(packet)
    name = first(1)
    kind = _classify(packet, inside, nas, profile, password)
    mac, ip = station_of(packet, inside, profile)
    ap_mac, ssid, port_id, vlan, outer_vlan = where(packet, inside, profile)
    words = words_of(name) or ""
    username, realm = split_realm(words)
    return AccessAttempt(
        username=username,
        username_raw=stored_words(name),
        realm=realm,
        proof=_proof(packet, inside, kind, mac, password, nas),
        nas_id=nas.id,
        mac=mac,
        ip=ip,
        ssid=ssid,
        vlan=vlan,
        port_id=port_id,
        access_kind=kind,
        acct_session_id=session_id_from(first(44)) or None,
        calling_station_raw=raw_station(first(31)),
        called_station_raw=stored_words(first(30)),
        at=now,
        ap_mac=ap_mac,
        outer_vlan=outer_vlan,
    )


def report_from(packet: Packet, nas: Nas, profile: VendorProfile, now: int) -> UsageReport | None:
    """Read an Accounting-Request; None if it tells of nothing that can be recorded.

    That is one without a known Acct-Status-Type, and one about a session that names none (RFC 2866 §5.5 requires it).

    Counters: octets + gigawords * 2^32 in the device's traffic unit; IPv6 counted apart is added where the device is
    set so; where a direction has no total, it is the sum of the device's tariff levels; directions are exchanged where
    the device counts from the other side. Time of the event: Event-Timestamp if it lies within 10 minutes of arrival
    less Acct-Delay-Time, else that (device clocks are often wrong).
    """
    first, inside = packet.firsts.get, inside_of(packet)
    kind = _REPORT_KINDS.get(integer(first(40)) or 0)
    if kind is None:
        return None
    session_id = session_id_from(first(44))
    if not session_id and kind is not ReportKind.ON and kind is not ReportKind.OFF:
        return None
    mac, ip = station_of(packet, inside, profile)
    ap_mac, ssid, port_id, vlan, outer_vlan = where(packet, inside, profile)
    received, sent = _octets(packet, inside, nas, profile)
    return UsageReport(
        kind=kind,
        nas_id=nas.id,
        acct_session_id=session_id,
        username_raw=stored_words(first(1)),
        session_seconds=integer(first(46)) or 0,
        input_octets=received,
        output_octets=sent,
        gigawords_sent=first(52) is not None
        or first(53) is not None
        or _has_levels_above_4g(inside, profile),
        mac=mac,
        ip=ip,
        ipv6=address6(first(168)) or prefix6(first(97)),
        ssid=ssid,
        vlan=vlan,
        port_id=port_id,
        calling_station_raw=raw_station(first(31)),
        called_station_raw=stored_words(first(30)),
        class_token=first(25) or b"",
        cause=integer(first(49)),
        access_kind=_classify(packet, inside, nas, profile, None),
        at=event_time(packet, now),
        arrived_at=now,
        ipv6_prefixes=ipv6_spans(packet, inside, profile),
        reported_rate=reported_rate(inside, profile),
        ap_mac=ap_mac,
        outer_vlan=outer_vlan,
    )


def boot_time_from(packet: Packet, profile: VendorProfile) -> int | None:
    """When the device started, epoch seconds, if its table has that: a newer one than before is a lost Accounting-On."""
    return integer(value_of(packet, inside_of(packet), profile.boot_time))


def clock_ahead_seconds(packet: Packet, now: int) -> int:
    """How far a device's clock is ahead by its Event-Timestamp; 0 within 10 minutes of ours, behind it, or untold.

    A stamp from long ago is no sign of a clock that is behind: the packet may have waited in the device.
    """
    stamp = integer(packet.first(55))
    ahead = 0 if stamp is None else stamp - _happened(packet, now)
    return ahead if ahead > CLOCK_TOLERANCE_SECONDS else 0


def event_time(packet: Packet, now: int) -> int:
    """When an accounting event happened, epoch seconds, from Event-Timestamp 55 and Acct-Delay-Time 41."""
    happened = _happened(packet, now)
    stamp = integer(packet.first(55))
    if stamp is not None and abs(stamp - happened) <= CLOCK_TOLERANCE_SECONDS:
        return stamp
    return happened


def _happened(packet: Packet, now: int) -> int:
    delay = integer(packet.first(41)) or 0
    return now - (delay if delay <= MAX_DELAY_SECONDS else 0)


def _classify(
    packet: Packet, inside: VendorValues, nas: Nas, profile: VendorProfile, password: bytes | None
) -> AccessKind:
    """Which kind of access a request is about (vendor notes §9), by the strongest sign it carries."""
    first = packet.firsts.get
    name = first(1)
    if (
        packet.code == 12
        or value_of(packet, inside, profile.probe) is not None
        or ("probe_username" in nas.quirks and words_of(name) == nas.quirks["probe_username"])
    ):
        return AccessKind.PROBE
    caller = mac_from(first(31))
    own_address_as_name = caller is not None and mac_of_name(name) == caller
    # Name and password both the caller's own address: MAC authentication, whatever else the device says.
    if own_address_as_name and password is not None and mac_of_name(password) == caller:
        return AccessKind.MAC
    if profile.access_type is not None:
        said = integer(value_of(packet, inside, profile.access_type[0]))
        for number, kind in profile.access_type[1]:
            if number == said:
                return kind
    if packet.has(79):
        return AccessKind.DOT1X
    service = integer(first(6))
    if service == 10:
        return AccessKind.MAC
    if service in {6, 7}:
        return AccessKind.ADMIN
    if own_address_as_name:
        return AccessKind.MAC
    is_ppp = profile.framed_protocol_is_ppp and service == 2 and integer(first(7)) == 1
    if is_ppp or _has_ms_chap(inside):
        return AccessKind.PPPOE
    if integer(first(61)) in {_WIRELESS, _ETHERNET}:
        return AccessKind.PORTAL
    return AccessKind.OTHER


def split_realm(name: str) -> tuple[str, str | None]:
    r"""Cut ``user@realm`` at the last ``@``; a name with nothing before or behind it stays whole.

    The domain that Windows puts before a user's name, ``CAMPUS\user``, is taken off. It is no realm: only that computer
    and its directory know it. Where nothing stands behind it, it is no domain.
    """
    user, at, realm = name.rpartition("@")
    told: str | None = realm
    if not (at and user and realm):
        user, told = name, None
    if "\\" in user:
        user = user.partition("\\")[2] or user
    return user, told


def _proof(
    packet: Packet, inside: VendorValues, kind: AccessKind, mac: str | None, password: bytes | None, nas: Nas
) -> Proof:
    """The one credential of a request. RFC 2865 §4.1 and RFC 3579 §3.3 allow one kind only."""
    pap, chap, eap, ms_chap = packet.has(2), packet.has(3), packet.has(79), _has_ms_chap(inside)
    if pap + chap + eap + ms_chap > 1:
        return NoProof("more than one kind of credential")
    if kind is AccessKind.MAC and not (eap or ms_chap):
        return _mac_proof(packet, mac)
    if pap:
        return NoProof("User-Password of a wrong size") if password is None else PapProof(password)
    if chap:
        value = packet.first(3) or b""
        if len(value) != 17:
            return NoProof("CHAP-Password of a wrong size")
        return ChapProof(value[0], value[1:], packet.first(60) or packet.authenticator)
    if eap:
        states = packet.every(24)
        if len(states) > 1:
            return NoProof("more than one State")
        return EapProof(b"".join(packet.every(79)), states[0] if states else None)
    if ms_chap:
        return _ms_chap_proof(packet, inside, nas)
    return NoProof("no credential")


def _ms_chap_proof(packet: Packet, inside: VendorValues, nas: Nas) -> Proof:
    """The response of one version, over a challenge of its size (RFC 2548 §2.1.3, §2.3.2).

    Version 1 keeps nobody from guessing the password at leisure: only where the device's quirk ``ms_chap_v1`` has it.
    """
    challenge = inside.get((_MICROSOFT, 11), b"")
    first, second = inside.get((_MICROSOFT, 1)), inside.get((_MICROSOFT, 25))
    if second is not None:
        if first is not None or len(second) != 50 or len(challenge) != 16:
            return NoProof("an MS-CHAP-V2 response of a wrong size, or two of them")
        return MsChap2Proof(second[0], challenge, second[2:18], second[26:], packet.first(1) or b"")
    if nas.quirks.get("ms_chap_v1") is not True:
        return NoProof("MS-CHAP of version 1 is not allowed at this device")
    if first is None or len(first) != 50 or len(challenge) != 8 or not first[1] & 1:
        return NoProof("an MS-CHAP response of a wrong size, or of LAN Manager alone")
    return MsChapProof(first[0], challenge, first[26:])


def _mac_proof(packet: Packet, mac: str | None) -> Proof:
    """The address of the device: Calling-Station-Id, which the access device vouches for; a name must agree."""
    named = mac_of_name(packet.first(1))
    if named is not None and mac is not None and named != mac:
        return NoProof("User-Name is another device address than Calling-Station-Id")
    known = mac or named
    return NoProof("MAC authentication without an address") if known is None else MacProof(known)


def _has_ms_chap(inside: VendorValues) -> bool:
    """MS-CHAP-Response 1 or MS-CHAP2-Response 25 of Microsoft (RFC 2548 §2)."""
    return (_MICROSOFT, 1) in inside or (_MICROSOFT, 25) in inside


def _octets(packet: Packet, inside: VendorValues, nas: Nas, profile: VendorProfile) -> tuple[int, int]:
    """What the user sent and received, in octets; at most what a column of the books can hold."""
    first = packet.firsts.get
    low_in, low_out = first(42), first(43)
    received, sent = _counter(low_in, first(52)), _counter(low_out, first(53))
    if profile.tariffs is not None and (low_in is None or low_out is None):
        levels = profile.tariffs
        if low_in is None:
            received = count_of_levels(packet, levels.input_octets, levels.input_gigawords) or received
        if low_out is None:
            sent = count_of_levels(packet, levels.output_octets, levels.output_gigawords) or sent
    if nas.ipv6_counters and profile.ipv6 is not None:
        six = profile.ipv6
        received += _counter(
            value_of(packet, inside, six.input_octets), value_of(packet, inside, six.input_gigawords)
        )
        sent += _counter(
            value_of(packet, inside, six.output_octets), value_of(packet, inside, six.output_gigawords)
        )
    unit = nas.traffic_unit.octets
    pair = min(received * unit, MAX_OCTETS), min(sent * unit, MAX_OCTETS)
    return (pair[1], pair[0]) if nas.swap_direction else pair


def _has_levels_above_4g(inside: VendorValues, profile: VendorProfile) -> bool:
    levels = profile.tariffs
    return levels is not None and (levels.input_gigawords in inside or levels.output_gigawords in inside)


def _counter(low: bytes | None, high: bytes | None) -> int:
    return (integer(low) or 0) + ((integer(high) or 0) << 32)
