"""`zhuomai export WHAT`: everything of one kind, page by page, from a database opened read-only beside the daemon.

Each page is a read of its own, so that a long export never holds back the daemon's log; pages follow keys that only
grow, so that nothing which stood in the books before the command began is missed or told twice.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final

from zhuomai_appliance.commands import exported
from zhuomai_appliance.commands.exported import Cell, Span
from zhuomai_appliance.commands.options import Export
from zhuomai_appliance.commands.rows import WRITERS
from zhuomai_appliance.config import Config
from zhuomai_appliance.model.moment import Zone, day_bounds, day_of, local_day, parse_rfc3339
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import checks, network, reports_money
from zhuomai_appliance.store.interface import Reader, StoreRefused
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.sqlite import reading

PAGE_ROWS: Final = 1000


def run(config: Config, options: Export) -> int:
    """Write the header and every row; see `Export`."""
    files = StateFiles(config.state.dir)
    database = files.database
    try:
        with reading(database) as reader:
            span = _span(reader, options)
        header = exported.HEADERS[options["what"]]
        with _target(options["out"]) as target:
            write = WRITERS[options["format"]]
            write(target, header, rows(database, options["what"], span))
    except (StoreRefused, sqlite3.Error) as error:
        raise CommandFailed(str(error)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"{options['out'] or 'stdout'}: cannot be written: {error.strerror}") from None
    return 0


def rows(database: Path, what: str, span: Span) -> Iterator[Sequence[Cell]]:
    """Every row of a kind as cells, in the order of `exported.HEADERS`."""
    if what == "usage":
        yield from _usage(database, span)
        return
    listing, key, cells = exported.LISTS[what]
    after: Any = None
    while True:
        with reading(database) as reader:
            found = listing(reader, span, _page(after))
        for row in found:
            zone = span.zone(row.project_id)
            yield [exported.plain(cell, zone) for cell in cells(row, span.now)]
        if len(found) < PAGE_ROWS:
            return
        after = getattr(found[-1], key)


def _page(after: Any) -> Page:
    return Page(after=after, limit=PAGE_ROWS)


def _usage(database: Path, span: Span) -> Iterator[Sequence[Cell]]:
    with reading(database) as reader:
        days = checks.usage_days(reader)
    if days is None:
        return
    first = days[0] if span.from_at is None else max(days[0], local_day(span.from_at, span.home))
    last = days[1] if span.to_at is None else min(days[1], local_day(span.to_at - 1, span.home))
    for day in range(first, last + 1):
        with reading(database) as reader:
            found = reports_money.usage(reader, span.projects, from_day=day, to_day=day + 1)
        for row in found:
            yield exported.usage_cells(row)


def _span(reader: Reader, options: Export) -> Span:
    projects = network.projects(reader)
    chosen = [one for one in projects if options["project"] in (None, one.name)]
    if not chosen:
        raise CommandFailed(f'there is no project "{options["project"]}"')
    home = Zone(chosen[0].zone)
    return Span(
        projects=tuple(one.id for one in chosen) if options["project"] else (),
        zones={one.id: Zone(one.zone) for one in projects},
        home=home,
        from_at=_instant("--from", options["from"], home, is_end=False),
        to_at=_instant("--to", options["to"], home, is_end=True),
        now=int(time.time()),
    )


def _instant(option: str, text: str | None, zone: Zone, *, is_end: bool) -> int | None:
    if text is None:
        return None
    try:
        return int(day_bounds(day_of(date.fromisoformat(text)), zone)[is_end])
    except ValueError:
        pass
    try:
        return int(parse_rfc3339(text))
    except ValueError:
        raise CommandFailed(
            f'{option}: {text!r} is no date such as 2026-09-01 and no time such as "2026-09-01T07:00:00+08:00"'
        ) from None


class _Whole:
    """A file that appears under its name when it is whole, and not at all otherwise."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        self._file: BinaryIO | None = None

    def __enter__(self) -> BinaryIO:
        self._file = self._partial.open("wb")
        return self._file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._file is not None:
            self._file.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)


def _target(out: str | None) -> AbstractContextManager[BinaryIO]:
    if out is not None:
        return _Whole(Path(out))
    return nullcontext(sys.stdout.buffer)
