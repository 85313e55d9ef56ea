"""What `zhuomai check` says of the certificates by which we connect to RADIUS servers elsewhere."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from zhuomai_appliance.commands.eap_files import WARN_DAYS
from zhuomai_appliance.commands.findings import Finding
from zhuomai_appliance.config import Config
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.model.roaming import Transport, Upstream
from zhuomai_appliance.net.radsec_tls import client_side
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.store import roaming
from zhuomai_appliance.store.interface import StoreRefused
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.vault import VaultLocked, load_key


def findings(config: Config, now: int) -> Iterator[Finding]:
    """One line for each server that is asked over TLS; none where the books cannot be read, which others tell."""
    files = StateFiles(config.state.dir)
    try:
        vault = load_key(config.state.key_path, SystemEntropy())
        with reading(files.database) as reader:
            servers = roaming.upstreams(reader, vault)
    except (StoreRefused, VaultLocked, sqlite3.Error, OSError):
        return
    for server in servers:
        if server.transport is Transport.TLS:
            yield _server(server, files.upstream_certificate(server.name), now)


def _server(server: Upstream, path: Path, now: int) -> Finding:
    what = f"upstream {server.name}"
    try:
        bundle = path.read_bytes()
        client_side(bundle, server.server_name or server.address)
        end = eap_authority.facts(bundle).not_after_at
    except OSError as error:
        return Finding(what, "fail", f"{path}: {error.strerror}; put there what the other side issued for us")
    except ValueError as error:
        return Finding(what, "fail", f"{path}: {error}")
    until = time.strftime("%Y-%m-%d", time.gmtime(end))
    if now >= end:
        return Finding(what, "fail", f"{path} ended on {until}; ask the other side for another")
    if now >= end - WARN_DAYS * 86_400:
        return Finding(what, "warn", f"{path} ends on {until}; ask the other side for another")
    if path.stat().st_mode & 0o077:
        return Finding(what, "warn", f"{path} can be read by others; run chmod 600 on it")
    return Finding(what, "ok", f"our certificate is valid until {until}")
