"""`zhuomai migrate`: the database up to this program's schema, after copying it aside."""

from __future__ import annotations

import json
import sqlite3

from zhuomai_appliance.commands.backstage import locked
from zhuomai_appliance.commands.options import Migrate
from zhuomai_appliance.commands.restore import refuse_running
from zhuomai_appliance.config import Config
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import migrate
from zhuomai_appliance.store.interface import StoreRefused


def run(config: Config, options: Migrate) -> int:
    """Upgrade, unless it is not needed; see `Migrate`."""
    files = StateFiles(config.state.dir)
    if not files.database.exists():
        raise CommandFailed(f"there is no database {files.database}; `zhuomai init` makes one")
    refuse_running(files, "migrate")
    with locked(files):
        try:
            files.backups.mkdir(mode=0o700, exist_ok=True)
            report = migrate.migrate(files.database, backups=files.backups)
        except (StoreRefused, sqlite3.Error, OSError, migrate.SchemaFileError) as error:
            raise CommandFailed(str(error)) from None
    if options["json"]:
        facts = {
            "from": report.from_version,
            "to": report.to_version,
            "backup": None if report.backup is None else str(report.backup),
        }
        print(json.dumps(facts))
    elif report.from_version == report.to_version:
        print(f"schema {report.to_version}: nothing to do")
    else:
        print(f"schema {report.from_version} to {report.to_version}; the copy before it is {report.backup}")
    return 0
