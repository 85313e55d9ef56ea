"""`zhuomai check`: a line for each thing that must be right before and while the box serves."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from cryptography import x509

from zhuomai_appliance.commands import check_eap, check_roaming
from zhuomai_appliance.commands.backstage import lock_is_held
from zhuomai_appliance.commands.findings import Finding
from zhuomai_appliance.commands.init import certificate_fault
from zhuomai_appliance.commands.options import Check
from zhuomai_appliance.config import Config, Endpoint
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import checks, migrate, network
from zhuomai_appliance.store.interface import StoreRefused
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.vault import VaultLocked, load_key
from zhuomai_appliance.vendors.device_kinds import support_of
from zhuomai_appliance.vendors.dialects import mistakes

BORN: Final = 1_764_000_000
"""No clock that is right shows a time before this program was written (November 2025)."""

BACKUP_HOURS: Final = 48
CERTIFICATE_DAYS: Final = 30
FREE_LEAST: Final = 256 * 2**20


def run(config: Config, options: Check) -> int:
    """Print every finding; 1 if anything failed."""
    found = list(findings(config, int(time.time())))
    if options["json"]:
        print(json.dumps({"checks": [asdict(one) for one in found], "ok": not _failed(found)}))
    else:
        for one in found:
            print(f"{one.word:4}  {one.what}: {one.sentence}")
    return 1 if _failed(found) else 0


def _failed(found: list[Finding]) -> bool:
    return any(one.word == "fail" for one in found)


def findings(config: Config, now: int) -> Iterator[Finding]:
    """Look at everything. Nothing is changed, whether a daemon runs or not."""
    files = StateFiles(config.state.dir)
    yield Finding("settings", "ok", "every setting is known and can be used")
    if not files.folder.is_dir():
        yield Finding("state", "fail", f"{files.folder} is not there; `zhuomai init` makes it")
        return
    yield _state(files)
    yield from _database(config, files, now)
    yield from ports(config, files)
    yield _certificate(files, now)
    yield from check_eap.findings(config, now)
    yield from check_roaming.findings(config, now)
    yield _disk(files)
    yield _backup(files, now)


def _state(files: StateFiles) -> Finding:
    mode = files.folder.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding("state", "warn", f"{files.folder} can be read by others; run chmod 700 on it")
    return Finding("state", "ok", str(files.folder))


def _database(config: Config, files: StateFiles, now: int) -> Iterator[Finding]:
    newest = migrate.read_steps()[-1].number
    try:
        version = migrate.current_version(files.database, newest)
        if version < newest:
            yield Finding("schema", "fail", f"version {version} of {newest}; run `zhuomai migrate`")
            return
        with reading(files.database) as reader:
            key_id = migrate.get_meta(reader, migrate.KEY_ID)
            broken = checks.damage(reader)
            newest_event = checks.newest_event(reader)
            devices = network.kinds(reader)
    except (StoreRefused, sqlite3.Error, OSError) as error:
        yield Finding("database", "fail", str(error))
        return
    yield _key(config, key_id)
    if broken is None:
        yield Finding("database", "ok", f"{files.database} is whole")
    else:
        yield Finding("database", "fail", f"is damaged ({broken}); restore the newest backup")
    yield Finding("schema", "ok", f"version {version}")
    yield from _devices(devices)
    if now < BORN:
        yield Finding("clock", "fail", f"shows {_day(now)}, which is long past; set it, then start again")
    elif newest_event > now + 300:
        yield Finding(
            "clock", "fail", f"shows {_day(now)}, but the books go on until {_day(newest_event)}; set it"
        )
    else:
        yield Finding("clock", "ok", f"{_day(now)} UTC, not behind the books")


def _devices(devices: Sequence[network.DeviceFacts]) -> Iterator[Finding]:
    """Access devices whose maker and kind do not go together, or whose settings mean nothing."""
    for name, vendor, kind, quirks in devices:
        support = support_of(vendor, kind)
        if support.instead is not None:
            sentence = f"a {kind} of {vendor} reads attributes differently; choose vendor {support.instead}"
            yield Finding(f"device {name}", "warn", sentence)
        for line in mistakes(vendor, quirks):
            yield Finding(f"device {name}", "warn", f"quirks: {line}")


def _key(config: Config, key_id: str | None) -> Finding:
    try:
        vault = load_key(config.state.key_path, SystemEntropy(), expected=key_id)
    except VaultLocked as error:
        return Finding("key", "fail", f"{error}; put the copy of the key file there")
    if config.state.key_path.stat().st_mode & 0o077:
        return Finding("key", "warn", f"{config.state.key_path} can be read by others; run chmod 600 on it")
    return Finding("key", "ok", f"{vault.key_id} in {config.state.key_path}")


def listeners(config: Config) -> Iterator[tuple[str, Endpoint, socket.SocketKind]]:
    """Every address the daemon listens on: its name in listening.json, the address, UDP or TCP."""
    datagram, stream = socket.SOCK_DGRAM, socket.SOCK_STREAM
    yield from (("auth", one, datagram) for one in config.radius.auth)
    yield from (("acct", one, datagram) for one in config.radius.acct)
    yield from (("radsec", one, stream) for one in config.radius.tls)
    yield "portal", config.portal.listen, datagram
    yield "captive", config.web.captive, stream
    yield "secure", config.web.secure, stream
    if config.web.plain_admin is not None:
        yield "plain_admin", config.web.plain_admin, stream


def ports(config: Config, files: StateFiles) -> Iterator[Finding]:
    """Whether every port is free, or held by our own daemon."""
    held: dict[str, list[str]] = {}
    if lock_is_held(files):
        try:
            held = json.loads(files.listening.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            held = {}
    for name, endpoint, kind in listeners(config):
        what = f"port {name}"
        ours = held.get(name, [])
        if str(endpoint) in ours or (endpoint.port == 0 and ours):
            yield Finding(what, "ok", f"{', '.join(ours)}, held by the running daemon")
            continue
        why = _why_not(endpoint, kind)
        protocol = "UDP" if kind is socket.SOCK_DGRAM else "TCP"
        if why is None:
            yield Finding(what, "ok", f"{endpoint} {protocol} is free")
        else:
            yield Finding(what, "fail", f"{endpoint} {protocol} {why}")


def _why_not(endpoint: Endpoint, kind: socket.SocketKind) -> str | None:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
            if kind is socket.SOCK_STREAM:
                probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"is taken by another program; `ss -lnp sport = :{endpoint.port}` names it"
            if error.errno == errno.EACCES:
                return "needs CAP_NET_BIND_SERVICE or root (the service has it); or choose a port over 1023"
            if error.errno == errno.EADDRNOTAVAIL:
                return "is no address of this machine; change it in the settings"
            return f"cannot be used: {error.strerror}"
    return None


def _certificate(files: StateFiles, now: int) -> Finding:
    what = "certificate"
    why = certificate_fault(files)
    if why is not None:
        return Finding(what, "fail", why)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    end = int(certificate.not_valid_after_utc.timestamp())
    if now >= end:
        return Finding(what, "fail", f"ended on {_day(end)}; put a new one in {files.certificate}")
    if now < certificate.not_valid_before_utc.timestamp():
        return Finding(what, "fail", "is not valid yet; look at the clock")
    if now >= end - CERTIFICATE_DAYS * 86_400:
        return Finding(what, "warn", f"ends on {_day(end)}; put a new one in {files.certificate}")
    return Finding(what, "ok", f"valid until {_day(end)}")


def _disk(files: StateFiles) -> Finding:
    usage = shutil.disk_usage(files.folder)
    free = f"{usage.free // 2**20} MiB free on the disk of {files.folder}"
    if usage.free < FREE_LEAST:
        return Finding("disk", "fail", f"{free}; make space, or nothing more can be recorded")
    if usage.used > usage.total * 8 // 10 and usage.free < 10 * 2**30:
        return Finding("disk", "warn", f"{free}, over 80 % is used; make space")
    return Finding("disk", "ok", free)


def _backup(files: StateFiles, now: int) -> Finding:
    copies = [path for path in _files_of(files.backups) if path.suffix == ".db"]
    if not copies:
        return Finding("backup", "warn", "there is none yet; `zhuomai backup FILE` makes one")
    newest = max(copies, key=lambda path: path.stat().st_mtime)
    hours = int(now - newest.stat().st_mtime) // 3600
    if hours >= BACKUP_HOURS:
        return Finding("backup", "warn", f"the newest, {newest.name}, is {hours} hours old")
    return Finding("backup", "ok", f"{newest.name}, {hours} hours old")


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _day(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
