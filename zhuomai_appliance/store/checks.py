"""Questions that `zhuomai check` asks of the database; each reads, none writes."""

from __future__ import annotations

from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.sql import load

_Q = load("checks")


def damage(reader: Reader) -> str | None:
    """The first finding of SQLite's quick_check, None when the file is whole. Reads the whole file."""
    finding = str(reader.value(_Q.quick_check))
    return None if finding == "ok" else finding.splitlines()[-1]


def newest_event(reader: Reader) -> int:
    """When the newest thing in the books happened by our own clock; 0 in an empty database."""
    return int(reader.value(_Q.newest_event) or 0)


def usage_days(reader: Reader) -> tuple[int, int] | None:
    """The first and the last local day of which there is usage, None when there is none."""
    first, last = reader.one(_Q.usage_days) or (None, None)
    return None if first is None else (first, last)
