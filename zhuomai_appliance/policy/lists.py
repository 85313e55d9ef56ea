"""Black and white lists (features A22): looked at before any password, so that a blocked device learns nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind


def check_lists(
    entries: Iterable[AccessListEntry], mac: str | None, ip: str | None, now: int, phone: str | None = None
) -> Rejection | None:
    """Refuse a listed device, address or phone number.

    An entry that allows wins over those that deny: it is how one device is let through a blocked range. It spares
    nobody the password. Expired entries do not exist, and neither does one whose value is no address.
    """
    denied: AccessListEntry | None = None
    for entry in entries:
        if (entry.expires_at is not None and entry.expires_at <= now) or not _matches(entry, mac, ip, phone):
            continue
        if entry.action is ListAction.ALLOW:
            return None
        denied = denied or entry
    if denied is None:
        return None
    facts: tuple[tuple[str, int | str], ...] = (("x", denied.reason),)
    if denied.expires_at is not None:
        facts += (("t", denied.expires_at),)
    return Rejection(Reason.DEVICE_BLOCKED, f"{denied.kind} {denied.value}", facts)


def _matches(entry: AccessListEntry, mac: str | None, ip: str | None, phone: str | None) -> bool:
    match entry.kind:
        case ListKind.MAC:
            return mac is not None and _bare(entry.value) == _bare(mac)
        case ListKind.IP:
            return ip is not None and _is_within(ip, entry.value)
        case ListKind.PHONE:
            return phone is not None and entry.value.strip() == phone


def _bare(mac: str) -> str:
    """Twelve digits, whatever an operator writes between them."""
    return mac.strip().lower().replace(":", "").replace("-", "").replace(".", "")


def _is_within(ip: str, network: str) -> bool:
    found = _network(network)
    try:
        return found is not None and ip_address(ip) in found
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _network(value: str) -> IPv4Network | IPv6Network | None:
    """An address or CIDR; host bits may be set, as people write them."""
    try:
        return ip_network(value.strip(), strict=False)
    except ValueError:
        return None
