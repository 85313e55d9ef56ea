"""What differs between vendors: the portal dialect of each, and the names they give to the parameters of a redirect.

Everything read from a redirect comes from a browser and is a hint: it is validated by type here, and whose address it
is gets decided by the caller.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from zhuomai_appliance.portal.kinds import Kind

MAX_TEXT_CHARACTERS = 64
MAX_URL_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class PortalDialect:
    """How the devices of one vendor speak the portal protocol.

    Attributes:
        speaks: False when the vendor has no portal protocol (its devices take an HTTP form instead).
        device_port: UDP port of the device; server_port: where it sends its own notices by default.
        sign_of_life: the message that keeps the device from declaring us dead; None: no such habit is known.
        life_answered: whether the device answers it.
        user_lists: whether it compares users by USER_SYN.
        speaks_in_codes: attribute 5 holds a five-character code instead of words.
        affirm_within_seconds: AFF_ACK_AUTH must come in this time or the user is cut; None: unknown.
    """

    speaks: bool = True
    version: int = 2
    device_port: int = 2000
    server_port: int = 50100
    sign_of_life: Kind | None = None
    life_answered: bool = False
    user_lists: bool = False
    speaks_in_codes: bool = False
    affirm_within_seconds: int | None = None


_HUAWEI = PortalDialect(sign_of_life=Kind.STATUS_NOTIFY, life_answered=True, user_lists=True)
_OPERATOR = PortalDialect(version=1, speaks_in_codes=True)
_NONE = PortalDialect(speaks=False)

DIALECTS: Mapping[str, PortalDialect] = {
    "standard": PortalDialect(),
    # The vendor's own devices: unknown so far, taken to speak as Huawei's do.
    "zhuomai": _HUAWEI,
    "huawei-campus": _HUAWEI,
    "huawei-bras": PortalDialect(
        sign_of_life=Kind.STATUS_NOTIFY, life_answered=True, user_lists=True, affirm_within_seconds=30
    ),
    "h3c": PortalDialect(sign_of_life=Kind.NTF_HEARTBEAT, user_lists=True),
    "ruijie": PortalDialect(speaks_in_codes=True, affirm_within_seconds=180),
    "zte": _OPERATOR,
    "mikrotik": _NONE,
    "cisco": _NONE,
    "aruba": _NONE,
}
"""By the vendor names of the settings. A device's own settings (version, ports) win over these."""

_NAMES: Mapping[str, Sequence[str]] = {
    "user_ip": ("userip", "user-ipaddress", "wlanuserip", "usrip", "ip", "uaddress", "client_ip"),
    "mac": ("usermac", "user-mac", "wlanusermac", "umac", "mac", "client_mac", "usrmac"),
    "device": (
        *("ac-ip", "device-ip", "acip", "wlanacip", "nasip", "wlanacname", "acname", "nasid"),
        *("switchip", "switch_url", "hostname", "sysname", "basip"),
    ),
    "ssid": ("ssid", "essid", "wlan"),
    "ap": ("apmac", "ap-mac", "wlanapmac", "ap-name", "apname"),
    "vlan": ("vlan", "user-vlan", "uservlan"),
    "original_url": (
        *("redirect-url", "url", "userurl", "firsturl", "original-url", "initurl", "link-orig"),
        *("wlanparameter", "dst"),
    ),
    "login_url": ("login-url", "link-login-only", "submiturl"),
}
"""Names seen in the field, best first; compared without regard to case."""


@dataclass(frozen=True, slots=True)
class RedirectFacts:
    """What the device appended to the address of our page, as far as it is valid; the rest is None.

    Attributes:
        user_ip: IPv4, dotted. mac: `aa:bb:cc:dd:ee:ff`. device: IPv4 or name of the access device.
        ap: MAC of the access point, or its name. vlan: 1-4094.
        original_url: where the browser wanted to go; login_url: where the device takes an HTTP login. Both passed
            `safe_url`.
    """

    user_ip: str | None = None
    mac: str | None = None
    device: str | None = None
    ssid: str | None = None
    ap: str | None = None
    vlan: int | None = None
    original_url: str | None = None
    login_url: str | None = None


def read_redirect(
    query: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]] | None = None
) -> RedirectFacts:
    """Read the parameters of a redirect; what is missing or invalid is None, never an exception.

    Args:
        query: decoded parameters, each with all its values.
        names: a device's own parameter names by field of `RedirectFacts`; they are tried before those of the table.
    """
    folded: dict[str, list[str]] = {}
    for name, values in query.items():
        folded.setdefault(name.lower(), []).extend(values)

    def candidates(field: str) -> list[str]:
        wanted = (*(names or {}).get(field, ()), *_NAMES[field])
        return [value for name in wanted for value in folded.get(name.lower(), ())]

    def first_text(field: str, *readers: _Reader) -> str | None:
        values = candidates(field)
        return next((found for value in values for reader in readers if (found := reader(value))), None)

    return RedirectFacts(
        user_ip=first_text("user_ip", _address, _packed_address),
        mac=first_text("mac", normal_mac),
        device=first_text("device", _address, _name),
        ssid=first_text("ssid", _ssid),
        ap=first_text("ap", normal_mac, _name),
        vlan=next((number for value in candidates("vlan") if (number := _vlan(value))), None),
        original_url=first_text("original_url", safe_url),
        login_url=first_text("login_url", safe_url),
    )


def normal_mac(text: str) -> str | None:
    """`aa:bb:cc:dd:ee:ff` from any usual form (`aabb-ccdd-eeff`, `AA-BB-..`, bare hex); None when it is no MAC."""
    digits = _MAC_MARKS.sub("", text.strip()).lower()
    if not _MAC.fullmatch(digits) or digits in ("0" * 12, "f" * 12):
        return None
    return bytes.fromhex(digits).hex(":")


def safe_url(url: str, hosts: Collection[str] | None = None) -> str | None:
    r"""`url` when it may be shown as a link: http or https, a plain host, no user information; else None.

    Refused: `//x`, `/\x`, `https:x`, blanks, tabs and other control characters, backslashes, `user@host`, other
    schemes, over-long addresses. Characters that are not printable ASCII or end an HTML attribute come out
    percent-encoded.

    Args:
        hosts: host names that are allowed, lower case; None allows any, which suits a link but not an automatic jump.
    """
    if len(url) > MAX_URL_CHARACTERS or not _URL.match(url) or _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if host is None or "@" in parts.netloc or not (_HOST.fullmatch(host) or _is_ipv6(host)):
        return None
    if hosts is not None and host not in hosts:
        return None
    return quote(url, safe=":/?#[]@!$&()*+,;=%-._~")


_URL = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,252})", re.IGNORECASE)
_MAC_MARKS = re.compile(r"[-:. ]")
_MAC = re.compile(r"[0-9a-f]{12}")
_NAME = re.compile(r"[\w.:-]+")


_Reader = Callable[[str], str | None]
"""Valid text, or None."""


def _address(value: str) -> str | None:
    try:
        address = ipaddress.IPv4Address(value.strip())
    except ValueError:
        return None
    return None if address.is_unspecified or address.is_multicast or address.is_reserved else str(address)


def _packed_address(value: str) -> str | None:
    """Newer H3C releases can send the user's address in base64."""
    if len(value) > MAX_TEXT_CHARACTERS:
        return None
    try:
        return _address(base64.b64decode(value, validate=True).decode("ascii"))
    except ValueError:
        return None


def _name(value: str) -> str | None:
    name = value.strip()
    return name if len(name) <= MAX_TEXT_CHARACTERS and _NAME.fullmatch(name) else None


def _ssid(value: str) -> str | None:
    """At most 32 octets by IEEE 802.11; any printable characters."""
    return value if value.strip() and value.isprintable() and len(value.encode("utf-8")) <= 32 else None


def _vlan(value: str) -> int | None:
    number = int(value) if len(value) <= 4 and value.isascii() and value.isdigit() else 0
    return number if 1 <= number <= 4094 else None


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
