"""The files behind 802.1X and RadSec: made where there are none, read, and judged.

What is there already is never touched; what replaces it comes whole, by rename.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from twisted.logger import Logger

from zhuomai_appliance.config import DNS_NAME, Config
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import CertificateFacts, CertificateUnusable, KeyPair
from zhuomai_appliance.radius.tls_engine import TlsContext
from zhuomai_appliance.radius.tls_material import TlsUnusable
from zhuomai_appliance.web.captive.profiles import WifiTrust

WARN_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class EapMaterial:
    """What 802.1X and RadSec work with, PEM throughout.

    Attributes:
        certificate: the server's certificate, its chain behind it; `key` its private key.
        trust: the authority that devices should be given; None: they know it already.
        client_ca: authorities whose client certificates log in; `client_crl` their revocation lists or b"".
        authority: our own authority, whose certificates are in the register; None: there is none.
        facts: what the server certificate says.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    trust: bytes | None
    client_ca: bytes
    client_crl: bytes
    authority: bytes | None
    facts: CertificateFacts

    @property
    def server_name(self) -> str:
        """The name that devices compare: the certificate's first DNS name that is whole, else any, else its common name.

        One with an asterisk is a pattern to some devices, a name to others, and to Windows an expression that it cannot read.
        """
        names = sorted(self.facts.dns_names, key=lambda name: "*" in name)
        return names[0] if names else self.facts.common_name


def ensure_eap(config: Config, now: int) -> None:
    """Make authority and server certificate where there are none.

    Raises:
        CommandFailed: one half of a pair is missing.
        OSError: they cannot be written.
    """
    files = StateFiles(config.state.dir)
    if not files.eap_authority.exists() and not files.eap_authority_key.exists():
        write_pair(
            files.eap_authority,
            files.eap_authority_key,
            eap_authority.make_authority(f"{server_name(config)[:56]} 802.1X", now),
        )
    if config.eap.certificate or files.eap_certificate.exists() or files.eap_key.exists():
        return
    names = [server_name(config)]
    pair = eap_authority.issue_server(read_authority(files), names, now)
    write_pair(files.eap_certificate, files.eap_key, pair)


def eap_paths(files: StateFiles) -> tuple[Path, ...]:
    """Every file that `ensure_eap` may make."""
    return (files.eap_authority, files.eap_authority_key, files.eap_certificate, files.eap_key)


def server_name(config: Config) -> str:
    """The name for a server certificate: that of the settings, the host of public_url, or this machine's."""
    if config.eap.server_name:
        return config.eap.server_name
    host = urlsplit(config.web.public_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        if DNS_NAME.fullmatch(host):
            return host
    here = socket.gethostname().lower()
    return here if DNS_NAME.fullmatch(here) else "localhost"


def read_authority(files: StateFiles) -> KeyPair:
    """Our own authority with its key.

    Raises:
        CommandFailed: certificate or key is not there, or they cannot be used.
    """
    pair = KeyPair(_read(files.eap_authority), _read(files.eap_authority_key))
    if not eap_authority.key_fits(pair):
        raise CommandFailed(f"{files.eap_authority_key} is not the key of {files.eap_authority}")
    return pair


def load(config: Config) -> EapMaterial:
    """Read what the settings name, else what the state directory holds.

    Raises:
        CommandFailed: a file is missing or cannot be used; the line names it.
    """
    files, settings = StateFiles(config.state.dir), config.eap
    certificate_path = Path(settings.certificate) if settings.certificate else files.eap_certificate
    key_path = Path(settings.key) if settings.key else files.eap_key
    pair = KeyPair(_read(certificate_path), _read(key_path))
    if not eap_authority.key_fits(pair):
        raise CommandFailed(f"{key_path} is not the private key of {certificate_path}")
    authority = _read(files.eap_authority) if files.eap_authority.exists() else None
    if settings.ca:
        trust: bytes | None = _read(Path(settings.ca))
    elif authority is not None and eap_authority.is_issued_by(pair.certificate, authority):
        trust = authority
    else:
        trust = eap_authority.trust_anchor(pair.certificate)
    for path, pem in (
        (certificate_path, pair.certificate),
        (Path(settings.ca or files.eap_authority), trust),
    ):
        if pem is not None:
            _facts(path, pem)
    return EapMaterial(
        certificate=pair.certificate,
        key=pair.key,
        trust=trust,
        client_ca=_read(Path(settings.client_ca)) if settings.client_ca else authority or b"",
        client_crl=_read(Path(settings.client_crl)) if settings.client_crl else b"",
        authority=authority,
        facts=_facts(certificate_path, pair.certificate),
    )


def open_tls(config: Config, now: int, monotonic: Callable[[], float], log: Logger) -> TlsContext | None:
    """What a daemon needs for 802.1X and RadSec, made at the first start of an older state directory.

    None, and a line in the log, if it cannot be had: a box whose certificate is broken still serves everything else.
    """
    try:
        with contextlib.suppress(OSError):  # a disk that cannot be written may hold all that is needed
            ensure_eap(config, now)
        material = load(config)
        return TlsContext(
            material.certificate,
            material.key,
            client_ca=material.client_ca,
            crl=material.client_crl,
            peer_ca=material.authority or b"",
            monotonic=monotonic,
        )
    except (CommandFailed, TlsUnusable) as error:
        log.error("no 802.1X by certificate or tunnel: {error}; see `zhuomai check`", error=str(error))
        return None


def trust(config: Config) -> WifiTrust:
    """Whom devices are told to trust, for their profiles.

    Raises:
        CommandFailed: a file is missing or cannot be used.
    """
    material = load(config)
    authority = None if material.trust is None else eap_authority.to_der(material.trust)
    return WifiTrust(material.server_name, authority)


def load_into(tls: TlsContext, config: Config) -> None:
    """Have a running daemon's context show what the files hold now.

    Raises:
        CommandFailed: they cannot be used; the context stays as it was.
    """
    material = load(config)
    try:
        tls.load(
            material.certificate,
            material.key,
            client_ca=material.client_ca,
            crl=material.client_crl,
            peer_ca=material.authority or b"",
        )
    except TlsUnusable as error:
        raise CommandFailed(str(error)) from None


class CertificateWatch:
    """Keeps what a running daemon shows and believes in step with the files.

    Attributes:
        trust: whom devices are told to trust; None where this box has no certificate for them.
    """

    def __init__(self, config: Config, tls: TlsContext | None, log: Logger) -> None:
        self._config = config
        self._tls = tls
        self._log = log
        self._stamp = _stamp(config)
        self.trust = None if tls is None else trust(config)

    def renew(self) -> None:
        """Take in what is in the files now.

        Raises:
            CommandFailed: they cannot be used, or the daemon began without any; nothing changes.
        """
        if self._tls is None:
            raise CommandFailed("this is in place; restart the service, which began without 802.1X")
        self._stamp = _stamp(self._config)
        load_into(self._tls, self._config)
        self.trust = trust(self._config)

    async def look(self) -> None:
        """Take the files in if one of them changed: an administrator's own certificate, or a new revocation list."""
        if self._tls is None or _stamp(self._config) == self._stamp:
            return
        try:
            self.renew()
        except CommandFailed as error:
            self._log.error("the certificates of 802.1X stay as they were: {error}", error=str(error))
        else:
            self._log.info("the certificates of 802.1X were read anew")


def _stamp(config: Config) -> tuple[tuple[int, int], ...]:
    """When each file was written last, and its size; zeros for one that is not there."""
    files, settings = StateFiles(config.state.dir), config.eap
    named = (settings.certificate, settings.key, settings.ca, settings.client_ca, settings.client_crl)
    own = (files.eap_certificate, files.eap_key, files.eap_authority)
    found = []
    for path in (*(Path(name) for name in named if name), *own):
        try:
            state = path.stat()
        except OSError:
            found.append((0, 0))
        else:
            found.append((state.st_mtime_ns, state.st_size))
    return tuple(found)


def write_pair(certificate_path: Path, key_path: Path, pair: KeyPair) -> None:
    """Put a pair in place, the key first: each file whole, for its owner alone, and on the disk before it counts.

    Raises:
        OSError: it cannot be written.
    """
    for path, content in ((key_path, pair.key), (certificate_path, pair.certificate)):
        write_private(path, content)


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, by rename: there is the old one or the new one, never a piece.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    partial.replace(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be read: {error.strerror}") from None


def _facts(path: Path, pem: bytes) -> CertificateFacts:
    try:
        return eap_authority.facts(pem)
    except CertificateUnusable as error:
        raise CommandFailed(f"{path}: {error}") from None
