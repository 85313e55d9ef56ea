"""Projects (schools), their access devices and their black and white lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NewType

ProjectId = NewType("ProjectId", int)
NasId = NewType("NasId", int)

Network = IPv4Network | IPv6Network


class Vendor(StrEnum):
    """The dialect of an access device; the words of the site file (contract: Vendors)."""

    STANDARD = "standard"
    ZHUOMAI = "zhuomai"
    HUAWEI_CAMPUS = "huawei-campus"
    HUAWEI_BRAS = "huawei-bras"
    H3C = "h3c"
    RUIJIE = "ruijie"
    ZTE = "zte"
    MIKROTIK = "mikrotik"
    CISCO = "cisco"
    ARUBA = "aruba"


class MessageAuthenticatorPolicy(StrEnum):
    """Whether an Access-Request must carry attribute 80 (CVE-2024-3596). AUTO tightens with the first good one."""

    OFF = "off"
    AUTO = "auto"
    REQUIRE = "require"


class PortalAuth(StrEnum):
    """How the portal hands the password to the device: CHAP over a challenge, or PAP in clear."""

    CHAP = "chap"
    PAP = "pap"


class TrafficUnit(StrEnum):
    """What one count of Acct-Input-Octets is worth at this device (vendor notes §0.3)."""

    BYTE = "byte"
    KB = "kb"
    MB = "mb"
    GB = "gb"

    @property
    def octets(self) -> int:
        """Octets one unit stands for; the vendors' K is 1024."""
        return {"byte": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}[self.value]


@dataclass(frozen=True, slots=True)
class Project:
    """One school or site: its own people, devices, plans and money, in its own time zone (IANA name)."""

    id: ProjectId
    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Nas:
    """One access device, or all devices of a CIDR, that may speak RADIUS and the portal protocol with us.

    ``user_networks`` empty means any address; ``interim_seconds`` is the accounting interval given where the plan
    names none; ``message_authenticator_learned`` is set for good once an AUTO device has proved that it signs.
    """

    id: NasId
    project_id: ProjectId
    name: str
    address: Network
    identifier: str
    vendor: Vendor
    device_kind: str
    secret: bytes = field(repr=False)
    coa_port: int
    portal_port: int
    portal_version: int
    portal_auth: PortalAuth
    portal_secret: bytes = field(repr=False)
    user_networks: tuple[Network, ...]
    interim_seconds: int
    traffic_unit: TrafficUnit
    swap_direction: bool
    ipv6_counters: bool
    message_authenticator: MessageAuthenticatorPolicy
    message_authenticator_learned: bool
    quirks: Mapping[str, str | int | bool]

    @property
    def host(self) -> str:
        """The address to send to: for a CIDR of more than one host there is none and callers use the peer's."""
        return str(self.address.network_address)

    @property
    def is_single_host(self) -> bool:
        """Whether the entry names one machine and not a network of them."""
        return self.address.num_addresses == 1

    def alone(self, host: str) -> Nas | None:
        """The entry narrowed to one machine of its network; None if the address is none, or not of it."""
        try:
            address = ip_network(host)
        except ValueError:
            return None
        is_ours = address.version == self.address.version and address.network_address in self.address
        return replace(self, address=address) if is_ours else None


class ListKind(StrEnum):
    """What a black or white list entry matches."""

    MAC = "mac"
    IP = "ip"
    PHONE = "phone"


class ListAction(StrEnum):
    """What a match means."""

    DENY = "deny"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class AccessListEntry:
    """A black or white list entry; ``expires_at`` None never ends, ``created_by`` is who made it."""

    project_id: ProjectId
    kind: ListKind
    action: ListAction
    value: str
    reason: str
    expires_at: int | None
    created_by: str = ""
