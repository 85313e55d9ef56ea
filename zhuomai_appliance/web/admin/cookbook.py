"""The commands to be typed on an access device, filled with this site's values (features C02, C17, M05).

Facts: the vendors' configuration guides as the handbook names them (web/handbook: Huawei AC, vendors); releases differ
in single words, which the handbook marks. Secrets are never filled in: whoever types them reads them elsewhere.
A value of the site stands in braces in the texts below, ``{secret}`` for what is to be typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter as Parser
from typing import Final

from zhuomai_appliance.model.network import Nas, Vendor

MASK: Final = "********"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text of a command; ``is_value`` for what is this site's own."""

    text: str
    is_value: bool


Line = tuple[Piece, ...]

_HUAWEI: Final = """\
radius-server template zhuomai
 radius-server shared-key cipher {secret}
 radius-server authentication {server} {auth_port}
 radius-server accounting {server} {acct_port}
 radius-server traffic-unit {traffic_unit}
radius-server authorization {server} shared-key cipher {secret}
#
aaa
 authentication-scheme zhuomai
  authentication-mode radius
 accounting-scheme zhuomai
  accounting-mode radius
  accounting realtime {interim_minutes}
 domain campus
  authentication-scheme zhuomai
  accounting-scheme zhuomai
  radius-server zhuomai
"""

_HUAWEI_PORTAL: Final = """\
#
url-template name zhuomai
 url {portal_url}
 url-parameter device-ip ac-ip user-ipaddress userip user-mac usermac ssid ssid redirect-url url
web-auth-server server-source all-interface
web-auth-server zhuomai
 server-ip {server}
 port {listen_port}
 shared-key cipher {secret}
 url-template zhuomai
 server-detect interval 60 max-times 3 action log
portal-access-profile name zhuomai
 web-auth-server zhuomai direct
"""

_HUAWEI_ISOLATION: Final = """\
#
wlan
 traffic-profile name zhuomai
  user-isolate l2
interface GigabitEthernet0/0/1
 port-isolate enable group 1
"""

_H3C: Final = """\
radius scheme zhuomai
 primary authentication {server} {auth_port} key simple {secret}
 primary accounting {server} {acct_port} key simple {secret}
 nas-ip {nas}
 data-flow-format data {traffic_unit}
 timer realtime-accounting {interim_minutes}
radius dynamic-author server
 port {coa_port}
 client ip {server} key simple {secret}
domain campus
 authentication portal radius-scheme zhuomai
 authorization portal radius-scheme zhuomai
 accounting portal radius-scheme zhuomai
#
portal server zhuomai
 ip {server} key simple {secret}
 port {listen_port}
 server-type cmcc
portal web-server zhuomai
 url {portal_url}
 url-parameter userip source-address
 url-parameter usermac source-mac
 url-parameter url original-url
"""

_H3C_ISOLATION: Final = """\
#
wlan service-template YOUR-TEMPLATE
 user-isolation enable
port-isolate group 1
interface GigabitEthernet1/0/1
 port-isolate enable group 1
"""

_RUIJIE: Final = """\
aaa new-model
aaa accounting update
aaa accounting update periodic {interim_minutes}
radius-server host {server} auth-port {auth_port} acct-port {acct_port} key {secret}
radius dynamic-authorization-extension enable
aaa authentication web-auth default group radius
aaa accounting network default start-stop group radius
web-auth template eportalv2
 ip {server}
 url {portal_url}
web-auth portal key {secret}
"""

_MIKROTIK: Final = """\
/radius add service=hotspot,ppp address={server} secret="{secret}" authentication-port={auth_port} accounting-port={acct_port} timeout=3s
/radius incoming set accept=yes port={coa_port}
/ppp aaa set use-radius=yes accounting=yes interim-update={interim_seconds}s
/ip hotspot profile set default use-radius=yes radius-accounting=yes radius-interim-update=received
"""

_MIKROTIK_ISOLATION: Final = """\
/ip firewall filter add chain=forward src-address-list=isolated dst-address-list=isolated action=drop
"""

_PORT_ISOLATION: Final = """\
interface GigabitEthernet 0/1
 switchport protected
"""

_CISCO: Final = """\
aaa new-model
radius server ZHUOMAI
 address ipv4 {server} auth-port {auth_port} acct-port {acct_port}
 key {secret}
aaa group server radius ZHUOMAI-GROUP
 server name ZHUOMAI
aaa authentication dot1x default group ZHUOMAI-GROUP
aaa authorization network default group ZHUOMAI-GROUP
aaa accounting dot1x default start-stop group ZHUOMAI-GROUP
aaa accounting update newinfo periodic {interim_minutes}
aaa server radius dynamic-author
 client {server} server-key {secret}
 port {coa_port}
"""

_ARUBA: Final = """\
aaa authentication-server radius "zhuomai"
 host {server}
 authport {auth_port}
 acctport {acct_port}
 key {secret}
aaa server-group "zhuomai"
 auth-server zhuomai
aaa rfc-3576-server "{server}"
 key {secret}
"""

_STANDARD: Final = """\
RADIUS server          {server}
authentication port    {auth_port}
accounting port        {acct_port}
shared secret          {secret}
accounting interval    {interim_seconds} s
CoA / Disconnect port  {coa_port} (RFC 5176, from {server})
"""

_BY_VENDOR: Final[Mapping[Vendor, str]] = {
    Vendor.HUAWEI_CAMPUS: _HUAWEI + _HUAWEI_PORTAL + _HUAWEI_ISOLATION,
    Vendor.HUAWEI_BRAS: _HUAWEI,
    Vendor.H3C: _H3C + _H3C_ISOLATION,
    Vendor.RUIJIE: _RUIJIE + _PORT_ISOLATION,
    Vendor.MIKROTIK: _MIKROTIK + _MIKROTIK_ISOLATION,
    Vendor.CISCO: _CISCO + _PORT_ISOLATION,
    Vendor.ARUBA: _ARUBA,
}


@dataclass(frozen=True, slots=True)
class Site:
    """What of this box a device must know.

    ``server`` is our address as the device reaches it; ``portal_url`` is empty where the settings name none, and then
    the pages are at that address and ``captive_port``.
    """

    server: str
    auth_port: int
    acct_port: int
    listen_port: int
    portal_url: str
    captive_port: int = 80

    @property
    def pages(self) -> str:
        """Where clients are redirected to."""
        port = "" if self.captive_port == 80 else f":{self.captive_port}"
        return self.portal_url or f"http://{self.server}{port}/"


def commands(nas: Nas, site: Site) -> tuple[Line, ...]:
    """The commands for a device of this vendor, line by line; for a vendor without any, the values to be entered."""
    values = {
        "server": site.server,
        "auth_port": str(site.auth_port),
        "acct_port": str(site.acct_port),
        "listen_port": str(site.listen_port),
        "portal_url": site.pages,
        "secret": MASK,
        "nas": nas.host,
        "coa_port": str(nas.coa_port),
        "traffic_unit": _traffic_unit(nas),
        "interim_minutes": str(max(1, nas.interim_seconds // 60)),
        "interim_seconds": str(nas.interim_seconds),
    }
    text = _BY_VENDOR.get(nas.vendor, _STANDARD)
    return tuple(tuple(_pieces(line, values)) for line in text.splitlines())


def _pieces(line: str, values: Mapping[str, str]) -> list[Piece]:
    found = []
    for text, name, _spec, _conversion in Parser().parse(line):
        if text:
            found.append(Piece(text, is_value=False))
        if name:
            found.append(Piece(values[name], is_value=True))
    return found or [Piece("", is_value=False)]


def _traffic_unit(nas: Nas) -> str:
    """The word of the vendor for the unit that the entry expects (H3C: data-flow-format; Huawei: traffic-unit)."""
    h3c = {"byte": "byte", "kb": "kilo-byte", "mb": "mega-byte", "gb": "giga-byte"}
    huawei = {"byte": "byte", "kb": "kbyte", "mb": "mbyte", "gb": "gbyte"}
    return (h3c if nas.vendor is Vendor.H3C else huawei)[nas.traffic_unit.value]
