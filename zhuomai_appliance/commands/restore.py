"""`zhuomai restore FILE`: a copy back in its place, verified before anything is touched and proved afterwards."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path

from zhuomai_appliance.commands.backstage import NoDaemon, ask_daemon, locked
from zhuomai_appliance.commands.init import ensure_certificate, make_folder
from zhuomai_appliance.commands.options import Restore
from zhuomai_appliance.commands.verify import books_faults
from zhuomai_appliance.config import Config
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import backup, migrate
from zhuomai_appliance.store.interface import StoreRefused
from zhuomai_appliance.store.vault import VaultLocked, load_key


def run(config: Config, options: Restore) -> int:
    """Restore, then prove the books; 1 if they do not balance or the copy cannot be used."""
    files = StateFiles(config.state.dir)
    file = Path(options["file"])
    refuse_running(files, "restore")
    key_file = Path(options["key-file"]) if options["key-file"] else None
    if key_file is not None:
        _look_at_key(key_file, config.state.key_path)
    make_folder(files.folder)
    with locked(files):
        try:
            files.backups.mkdir(mode=0o700, exist_ok=True)
            report = backup.restore(file, files.database, newest=migrate.read_steps()[-1].number)
            upgraded = migrate.migrate(files.database, backups=files.backups)
        except (StoreRefused, sqlite3.Error, OSError, migrate.SchemaFileError) as error:
            raise CommandFailed(str(error)) from None
        if key_file is not None:
            _bring_key(key_file, config.state.key_path)
        ensure_certificate(config, int(time.time()))
        faults = books_faults(files)
    missing = _missing_key(config, report.key_id)
    strangers = _missing_authority(config, files)
    if options["json"]:
        answer = {
            "schema": upgraded.to_version,
            "key_id": report.key_id,
            "key": "here" if missing is None else "missing",
            "kept": None if report.kept is None else str(report.kept),
            "authority": "missing" if strangers else "here",
            "faults": faults,
        }
        print(json.dumps(answer, ensure_ascii=False))
        return 1 if faults else 0
    print(f"{file} is in {files.database}, schema {upgraded.to_version}")
    if report.kept is not None:
        print(f"what was there is kept as {report.kept}")
    if missing is not None:
        print(missing)
    if strangers:
        print(strangers)
    print("\n".join(faults) if faults else "the books balance")
    return 1 if faults else 0


def _missing_authority(config: Config, files: StateFiles) -> str:
    """What to do where the authority of 802.1X did not come along, "" where it is there or another one is used."""
    if files.eap_authority.exists() or (config.eap.certificate and config.eap.client_ca):
        return ""
    return (
        f"{files.eap_authority} and its key are in no backup: bring them back before the first start, "
        "or a new authority is made, which no 802.1X device knows"
    )


def refuse_running(files: StateFiles, command: str) -> None:
    """Refuse to work under a running daemon.

    Raises:
        CommandFailed: one runs.
    """
    try:
        ask_daemon(files, "ping", {})
    except (NoDaemon, CommandFailed):
        return
    raise CommandFailed(f"the daemon is running; stop it, then {command}")


def _look_at_key(key_file: Path, target: Path) -> None:
    """Before anything is touched: whether the file is a key, and its place free or its own."""
    try:
        load_key(key_file, SystemEntropy())
    except VaultLocked as error:
        raise CommandFailed(str(error)) from None
    if target.exists() and target.read_bytes() != key_file.read_bytes():
        raise CommandFailed(f"{target} holds another key and is never overwritten; move it away first")


def _bring_key(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    shutil.copyfile(source, target)


def _missing_key(config: Config, key_id: str | None) -> str | None:
    try:
        load_key(config.state.key_path, SystemEntropy(), expected=key_id)
    except VaultLocked as error:
        return f"{error}: passwords, secrets and personal data stay closed until it is there"
    return None
