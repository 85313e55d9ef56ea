"""Black and white lists (features A22): looked at before any password, so that a blocked device learns nothing.

Of each kind (MAC, address, phone) the narrowest entry speaks: one device before its maker's prefix, one address before
its network. Who is denied by any kind is refused; but an entry that allows exactly this device, address or phone lets it
through the *ranges* that other kinds deny. It spares nobody the password.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind

MAC_DIGITS: Final = 12


class Match(NamedTuple):
    """The entry that speaks for one kind; ``is_exact`` where it names one device, address or phone."""

    entry: AccessListEntry
    is_exact: bool


class ListBook:
    """A project's entries, arranged for looking up. Entries whose value cannot be read match nothing.

    Args:
        phone_index: the keyed digest of a phone number, as accounts are found by it; without one phones match nothing.
    """

    def __init__(
        self, entries: Iterable[AccessListEntry], phone_index: Callable[[str], bytes] | None = None
    ) -> None:
        self.entries = tuple(entries)
        self._macs: dict[int, dict[str, AccessListEntry]] = {}
        self._networks: dict[tuple[int, int], dict[int, AccessListEntry]] = {}
        self._phones: dict[bytes, AccessListEntry] = {}
        for entry in self.entries:
            self._add(entry, phone_index)
        # The narrowest first
        self._macs = dict(sorted(self._macs.items(), reverse=True))
        self._networks = dict(sorted(self._networks.items(), reverse=True))

    @property
    def has_phones(self) -> bool:
        """Whether it is worth asking for an account's phone."""
        return bool(self._phones)

    def _add(self, entry: AccessListEntry, phone_index: Callable[[str], bytes] | None) -> None:
        if entry.kind is ListKind.MAC:
            digits = bare_mac(entry.value)
            if digits:
                self._macs.setdefault(len(digits), {})[digits] = entry
        elif entry.kind is ListKind.IP:
            try:
                network = ip_network(entry.value.strip(), strict=False)
            except ValueError:
                return
            key = (network.version, network.prefixlen)
            self._networks.setdefault(key, {})[int(network.network_address)] = entry
        elif phone_index is not None:
            self._phones[phone_index(entry.value)] = entry

    def matches(self, mac: str | None, ip: str | None, phone_index: bytes | None, now: int) -> list[Match]:
        """The entries that speak, one of a kind; expired ones do not exist."""
        found = []
        if self._macs and mac is not None and (match := self._of_mac(mac, now)):
            found.append(match)
        if self._networks and ip is not None and (match := self._of_address(ip, now)):
            found.append(match)
        if self._phones and phone_index is not None:
            entry = self._phones.get(phone_index)
            if entry is not None and _is_alive(entry, now):
                found.append(Match(entry, is_exact=True))
        return found

    def check(
        self, mac: str | None, ip: str | None, now: int, phone_index: bytes | None = None
    ) -> Rejection | None:
        """Refuse a listed device, address or phone number; None lets everybody else go on.

        Args:
            mac, ip: None where the access device told none: then no such entry matches.
            phone_index: keyed digest of the account's phone.
        """
        found = self.matches(mac, ip, phone_index, now) if self.entries else ()
        if not found:
            return None
        spared = any(match.is_exact and match.entry.action is ListAction.ALLOW for match in found)
        for match in found:
            if match.entry.action is ListAction.DENY and (match.is_exact or not spared):
                return _refusal(match.entry)
        return None

    def _of_mac(self, mac: str, now: int) -> Match | None:
        digits = mac.replace(":", "")
        for length, entries in self._macs.items():
            entry = entries.get(digits[:length])
            if entry is not None and _is_alive(entry, now):
                return Match(entry, is_exact=length == MAC_DIGITS)
        return None

    def _of_address(self, ip: str, now: int) -> Match | None:
        address = _address(ip)
        if address is None:
            return None
        bits, number = address.max_prefixlen, int(address)
        for (version, length), entries in self._networks.items():
            if version != address.version:
                continue
            shift = bits - length
            entry = entries.get(number >> shift << shift)
            if entry is not None and _is_alive(entry, now):
                return Match(entry, is_exact=length == bits)
        return None


NO_LISTS: Final = ListBook(())


def bare_mac(value: str) -> str | None:
    """The digits of a MAC, or of a maker's prefix of 6, 7 or 9 of them, whatever stands between; None for neither."""
    digits = value.strip().lower().replace(":", "").replace("-", "").replace(".", "")
    if len(digits) not in (6, 7, 9, MAC_DIGITS) or not all(digit in "0123456789abcdef" for digit in digits):
        return None
    return digits


def normal_value(kind: ListKind, written: str) -> str | None:
    """What an entry of this kind is kept as, however it was written; None for what is no such thing.

    MACs and makers' prefixes become ``a4:5e:60``, addresses lose a needless prefix length, networks their host bits.
    """
    text = written.strip()
    if kind is ListKind.MAC:
        digits = bare_mac(text)
        return None if digits is None else ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
    if kind is ListKind.IP:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            return None
        return str(network.network_address) if network.num_addresses == 1 else str(network)
    return text or None


def _is_alive(entry: AccessListEntry, now: int) -> bool:
    return entry.expires_at is None or entry.expires_at > now


def _refusal(entry: AccessListEntry) -> Rejection:
    facts: tuple[tuple[str, int | str], ...] = (("x", entry.reason),)
    if entry.expires_at is not None:
        facts += (("t", entry.expires_at),)
    # The log of attempts is read by many: a number that belongs to a person stays out of it
    detail = "phone" if entry.kind is ListKind.PHONE else f"{entry.kind} {entry.value}"
    return Rejection(Reason.DEVICE_BLOCKED, detail, facts)


@lru_cache(maxsize=16_384)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
