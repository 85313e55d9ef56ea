"""`zhuomai backup FILE`: a verified copy of the database while it is in use, without the key."""

from __future__ import annotations

import json
from pathlib import Path

from zhuomai_appliance.commands.backstage import perform
from zhuomai_appliance.commands.options import Backup
from zhuomai_appliance.config import Config


def run(config: Config, options: Backup) -> int:
    """Have the copy made and say which key it needs; see `Backup`."""
    answer = perform(config, "backup", {"file": str(Path(options["file"]).absolute())})
    if options["json"]:
        print(json.dumps(answer))
        return 0
    print(f"{answer['file']}: {answer['bytes']} bytes, schema {answer['schema']}, sha256 {answer['sha256']}")
    print(f"The key is not in it: keep key {answer['key_id']} ({config.state.key_path}) elsewhere.")
    return 0
