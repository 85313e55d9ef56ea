"""`zhuomai apply FILE`: bring the books to what a site file says; a second time there is nothing left to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from zhuomai_appliance.commands import sitefile
from zhuomai_appliance.commands.backstage import perform
from zhuomai_appliance.commands.options import Apply
from zhuomai_appliance.config import Config, ConfigErrors, read_toml
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.web.device_words import SENTENCES

LISTED_AT_MOST: Final = 50


def run(config: Config, options: Apply) -> int:
    """Read the file, have it applied, print what came of it; see `Apply`."""
    path = Path(options["file"])
    try:
        raw = read_toml(path)
    except ConfigErrors as error:
        raise CommandFailed(*error.errors) from None
    site, errors = sitefile.for_the_wire(raw, path.absolute().parent)
    params = {
        "site": site,
        "errors": errors,
        "dry_run": bool(options["dry-run"]),
        "origin": str(path),
    }
    print_report(perform(config, "apply", params), as_json=bool(options["json"]))
    return 0


def print_report(report: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what was created, changed and left; of a large site what was left is counted, not listed."""
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
        return
    items: Sequence[Mapping[str, Any]] = report["items"]
    brief = sum(item["outcome"] == "left" for item in items) > LISTED_AT_MOST
    for item in items:
        note = f" ({item['note']})" if item["note"] else ""
        if item["outcome"] != "left" or not brief:
            print(f"{item['outcome']:8} {item['table']} {item['name']}{note}")
    for device, word, instead in report["remarks"]:
        print(f"{'note':8} nas {device}: {SENTENCES[word] % {'instead': instead}}")
    counts = {word: sum(item["outcome"] == word for item in items) for word in ("created", "changed", "left")}
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    if report["dry_run"]:
        print("dry run: nothing was done", file=sys.stderr)
