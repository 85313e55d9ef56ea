"""A wireless network that devices join by 802.1X, as its profile for phones and computers describes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WifiMethod(StrEnum):
    """How a device proves who it is."""

    PEAP = "peap"
    """PEAP with MS-CHAPv2: every system has it."""
    TTLS_PAP = "ttls-pap"
    TTLS_MSCHAPV2 = "ttls-mschapv2"
    TLS = "tls"
    """By its own certificate, without a password."""


@dataclass(frozen=True, slots=True)
class WifiNetwork:
    """One network of a project.

    Attributes:
        ssid: its name, at most 32 octets in UTF-8 (IEEE 802.11 §9.4.2.2).
        hidden: it does not show its name; devices have to look for it.
        outer_identity: what goes over the air in clear in place of the username (anonymous identity); "": the username.
    """

    ssid: str
    method: WifiMethod = WifiMethod.PEAP
    hidden: bool = False
    outer_identity: str = ""
