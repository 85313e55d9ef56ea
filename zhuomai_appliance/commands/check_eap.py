"""What `zhuomai check` says of the certificates behind 802.1X and RadSec."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zhuomai_appliance.commands import eap_files
from zhuomai_appliance.commands.eap_files import WARN_DAYS, EapMaterial
from zhuomai_appliance.commands.findings import Finding
from zhuomai_appliance.config import Config
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius import eap_authority, tls_material
from zhuomai_appliance.radius.tls_material import TlsUnusable

SERVER: Final = "802.1x certificate"
AUTHORITY: Final = "802.1x authority"
CLIENTS: Final = "802.1x clients"


def findings(config: Config, now: int) -> Iterator[Finding]:
    """Server certificate, our own authority, and what replaces it for clients. Nothing is made."""
    files = StateFiles(config.state.dir)
    if not config.eap.certificate and not files.eap_certificate.exists():
        yield Finding(SERVER, "warn", f"{files.eap_certificate} is not there yet; the next start makes it")
        return
    try:
        material = eap_files.load(config)
    except CommandFailed as error:
        yield Finding(SERVER, "fail", str(error))
        return
    yield _server(config, material, now)
    yield from _authority(files, now)
    yield from _clients(config, material, now)


def _server(config: Config, material: EapMaterial, now: int) -> Finding:
    renew = "put a new one there" if config.eap.certificate else "run `zhuomai certificate renew`"
    try:
        tls_material.Material.read(material.certificate, material.key)
    except TlsUnusable as error:
        return Finding(SERVER, "fail", str(error))
    why = eap_authority.server_fault(material.certificate, now)
    if why is not None:
        return Finding(SERVER, "fail", f"{why}; {renew}")
    end, name = material.facts.not_after_at, material.server_name
    if now >= end - WARN_DAYS * 86_400:
        return Finding(SERVER, "warn", f"{name} ends on {_day(end)}; {renew}")
    if eap_authority.chain_is_broken(material.certificate):
        return Finding(SERVER, "fail", "the chain is out of order: each certificate is signed by the next")
    if _lacks_chain(material):
        return Finding(
            SERVER, "warn", "the certificates between it and its authority are missing; devices may refuse it"
        )
    wanted = config.eap.server_name
    if wanted and not config.eap.certificate and wanted not in material.facts.dns_names:
        return Finding(
            SERVER,
            "warn",
            f"is for {name}, not {wanted} as the settings say; run `zhuomai certificate renew`",
        )
    return Finding(SERVER, "ok", f"{name}, valid until {_day(end)}")


def _lacks_chain(material: EapMaterial) -> bool:
    """A lone certificate that neither its own key nor the authority given to devices has signed."""
    if len(eap_authority.certificates_in(material.certificate)) > 1:
        return False
    issuers = (material.certificate, material.trust)
    return not any(pem and eap_authority.is_issued_by(material.certificate, pem) for pem in issuers)


def _authority(files: StateFiles, now: int) -> Iterator[Finding]:
    if not files.eap_authority.exists():
        return
    end = eap_authority.facts(files.eap_authority.read_bytes()).not_after_at
    if now >= end - 365 * 86_400:
        yield Finding(
            AUTHORITY, "warn", f"ends on {_day(end)}; plan a new one, every device must be given it"
        )
        return
    if not files.eap_authority_key.exists():
        yield Finding(AUTHORITY, "ok", f"valid until {_day(end)}; its key is kept elsewhere")
        return
    if files.eap_authority_key.stat().st_mode & 0o077:
        yield Finding(
            AUTHORITY, "warn", f"{files.eap_authority_key} can be read by others; run chmod 600 on it"
        )
        return
    try:
        eap_files.read_authority(files)
    except CommandFailed as error:
        yield Finding(AUTHORITY, "fail", str(error))
        return
    yield Finding(AUTHORITY, "ok", f"valid until {_day(end)}")


def _clients(config: Config, material: EapMaterial, now: int) -> Iterator[Finding]:
    """Authorities of another PKI and their revocation lists."""
    if not config.eap.client_ca:
        return
    try:
        read = tls_material.Material.read(
            material.certificate, material.key, material.client_ca, material.client_crl
        )
    except TlsUnusable as error:
        yield Finding(CLIENTS, "fail", str(error))
        return
    lists = {crl.issuer: crl.next_update_utc for crl in read.crls}
    for authority in read.client_ca:
        name = authority.subject.rfc4514_string()
        if authority.not_valid_after_utc.timestamp() <= now:
            yield Finding(CLIENTS, "fail", f"{name} has ended")
            return
        due = lists.get(authority.subject)
        if read.crls and authority.subject not in lists:
            yield Finding(
                CLIENTS, "fail", f"{name} has no revocation list, so all its certificates are refused"
            )
            return
        if due is not None and due.timestamp() <= now:
            path = Path(config.eap.client_crl)
            yield Finding(CLIENTS, "fail", f"the revocation list of {name} is over; put a new one in {path}")
            return
    yield Finding(CLIENTS, "ok", f"{len(read.client_ca)} authorities, {len(read.crls)} revocation lists")


def _day(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
