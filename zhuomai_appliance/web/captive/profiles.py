"""Profiles of an 802.1X network for phones and computers: what a person would have to type, and whom to trust.

Each names the server and its authority, so that a device hands its password to no impostor. Sources: Apple's Wi-Fi
payload (Configuration Profile Reference, com.apple.wifi.managed), Microsoft's WLAN_profile and EapHost schemas
(MsPeap/EapTtls/EapTlsConnectionPropertiesV1), wpa_supplicant.conf.
"""

from __future__ import annotations

import base64
import hashlib
import plistlib
import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.render import Renderer

_EAP_TYPES: Final = {
    WifiMethod.TLS: 13,
    WifiMethod.TTLS_PAP: 21,
    WifiMethod.TTLS_MSCHAPV2: 21,
    WifiMethod.PEAP: 25,
}


@dataclass(frozen=True, slots=True)
class WifiTrust:
    """Whom devices should trust.

    Attributes:
        server_name: the name in the server's certificate.
        authority: its authority, DER; None: one that devices know already.
    """

    server_name: str
    authority: bytes | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority in groups that can be compared by eye; "" without one."""
        if self.authority is None:
            return ""
        digest = hashlib.sha256(self.authority).hexdigest().upper()
        return " ".join(digest[at : at + 4] for at in range(0, 64, 4))


def method_words(method: WifiMethod) -> tuple[str, str]:
    """EAP method and second phase, as phones and computers call them; "" where there is no second phase."""
    return {
        WifiMethod.PEAP: ("PEAP", "MSCHAPv2"),
        WifiMethod.TTLS_PAP: ("TTLS", "PAP"),
        WifiMethod.TTLS_MSCHAPV2: ("TTLS", "MSCHAPv2"),
        WifiMethod.TLS: ("TLS", ""),
    }[method]


def apple(network: WifiNetwork, trust: WifiTrust, owner: str) -> bytes:
    """A configuration profile (.mobileconfig) for iOS, iPadOS and macOS; `owner` is shown as the organisation.

    Made anew it has the same identifiers, so that installing it again replaces the former one.
    """
    own = uuid.uuid5(uuid.NAMESPACE_DNS, f"wifi.zhuomai.{trust.server_name}.{network.ssid}")
    name = f"zhuomai.wifi.{own}"
    eap: dict[str, Any] = {
        "AcceptEAPTypes": [_EAP_TYPES[network.method]],
        "TLSTrustedServerNames": [trust.server_name],
        "TLSMinimumVersion": "1.2",
        "TLSMaximumVersion": "1.3",
    }
    if network.method is WifiMethod.TTLS_PAP:
        eap["TTLSInnerAuthentication"] = "PAP"
    elif network.method is WifiMethod.TTLS_MSCHAPV2:
        eap["TTLSInnerAuthentication"] = "MSCHAPv2"
    if network.outer_identity:
        eap["OuterIdentity"] = network.outer_identity
    content: list[dict[str, Any]] = []
    if trust.authority is not None:
        anchor = _uuid(own, "ca")
        eap["PayloadCertificateAnchorUUID"] = [anchor]
        content.append(
            {
                "PayloadType": "com.apple.security.root",
                "PayloadVersion": 1,
                "PayloadIdentifier": f"{name}.ca",
                "PayloadUUID": anchor,
                "PayloadDisplayName": trust.server_name,
                "PayloadContent": trust.authority,
            }
        )
    content.append(
        {
            "PayloadType": "com.apple.wifi.managed",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"{name}.network",
            "PayloadUUID": _uuid(own, "network"),
            "PayloadDisplayName": network.ssid,
            "SSID_STR": network.ssid,
            "HIDDEN_NETWORK": network.hidden,
            "AutoJoin": True,
            "EncryptionType": "WPA2",
            "EAPClientConfiguration": eap,
        }
    )
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": name,
            "PayloadUUID": str(own).upper(),
            "PayloadDisplayName": network.ssid,
            "PayloadOrganization": owner,
            "PayloadContent": content,
        }
    )


def windows(network: WifiNetwork, trust: WifiTrust, renderer: Renderer, f: Formatter) -> bytes:
    """A WLAN profile for `netsh wlan add profile`. The authority must be among the machine's trusted ones."""
    thumbprint = ""
    if trust.authority is not None:
        # Microsoft names certificates by SHA-1; nothing rests on its strength, the name must fit too
        digest = hashlib.sha1(trust.authority, usedforsecurity=False).hexdigest()
        thumbprint = " ".join(digest[at : at + 2] for at in range(0, 40, 2))
    return renderer.captive(
        "wlan.xml",
        f,
        network=network,
        eap_type=_EAP_TYPES[network.method],
        ssid_hex=network.ssid.encode().hex().upper(),
        server_name=_expression(trust.server_name),
        thumbprint=thumbprint,
    )


def _expression(name: str) -> str:
    """A name as Windows takes it: one with an asterisk for a regular expression (Microsoft, ServerNames element)."""
    return name if "*" not in name else re.escape(name).replace(r"\*", ".*")


def supplicant(network: WifiNetwork, trust: WifiTrust) -> str:
    """A network block for wpa_supplicant. The name of the network is hexadecimal, so that it holds whatever it likes."""
    outer, inner = method_words(network.method)
    lines = [f"ssid={network.ssid.encode().hex()}", "key_mgmt=WPA-EAP WPA-EAP-SHA256", f"eap={outer}"]
    if network.hidden:
        lines.append("scan_ssid=1")
    if network.outer_identity:
        lines.append(f"anonymous_identity={_quoted(network.outer_identity)}")
    lines += ['identity="USERNAME"']
    if network.method is WifiMethod.TLS:
        lines += ['private_key="USERNAME.p12"', 'private_key_passwd="PASSWORD"']
    else:
        lines += ['password="PASSWORD"', f'phase2="auth={inner.upper()}"']
    ca = "/etc/ssl/certs/ca-certificates.crt" if trust.authority is None else "ca.pem"
    lines += [f'ca_cert="{ca}"', f'domain_match="{trust.server_name}"']
    return "network={\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def pem(authority: bytes) -> bytes:
    """The authority as PEM."""
    text = base64.encodebytes(authority).replace(b"\n", b"")
    rows = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + rows + b"\n-----END CERTIFICATE-----\n"


def _uuid(own: uuid.UUID, part: str) -> str:
    return str(uuid.uuid5(own, part)).upper()


def _quoted(text: str) -> str:
    """A text of any letters as wpa_supplicant reads it: quoted if it is plain, hexadecimal otherwise."""
    if text.isascii() and text.isprintable() and '"' not in text:
        return f'"{text}"'
    return text.encode().hex()
