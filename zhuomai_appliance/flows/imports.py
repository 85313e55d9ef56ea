"""People from a table that somebody sent: all rows looked at first, then taken some at a time (features F14).

A mistake anywhere keeps every row out. The rows go in a few at a time, each part a commit of its own, so that logins go on
between them; sending the same table again leaves what is there as it is, and takes what an interruption left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.site import SiteFlow
from zhuomai_appliance.flows.site_model import Site, SiteAccount, SiteItem, SiteRefused

__all__ = ["AT_ONCE", "ImportRefused", "People", "PeopleRow", "ReadPeople", "RowError", "RowOutcome", "take"]

AT_ONCE: Final = 10
"""Rows of one commit: with their plans some fifteen milliseconds of the writer."""

_ACCOUNT: Final = re.compile(r"account (?P<name>.+?): (?P<key>[a-z_]+): (?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RowError:
    """A mistake: its row as a spreadsheet counts (None: of the table itself), the column or "", and what to do."""

    row: int | None
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """A row that could be read."""

    number: int
    account: SiteAccount


@dataclass(frozen=True, slots=True)
class People:
    """A table as accounts; with ``errors`` none of them is taken."""

    rows: tuple[PeopleRow, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row, or would: created, changed or left; ``note`` names what changed."""

    number: int
    username: str
    outcome: str
    note: str


class ImportRefused(Exception):
    """Rows were refused; ``done`` were taken before somebody else took a name, 0 in the usual case."""

    def __init__(self, errors: Sequence[RowError], done: int = 0) -> None:
        super().__init__(f"{len(errors)} mistakes in the table")
        self.errors = tuple(errors)
        self.done = done


ReadPeople: TypeAlias = Callable[[bytes, str], People]
"""Reads what was sent as accounts of the named project. It takes its time, so it is done off the reactor thread."""


async def take(
    flow: SiteFlow, actor: Actor, now: int, people: People, *, dry_run: bool
) -> tuple[RowOutcome, ...]:
    """Look at every row; then, unless it is a dry run, take them.

    Raises:
        ImportRefused: a row is wrong; of a part with a mistake nothing is taken.
    """
    if people.errors:
        raise ImportRefused(people.errors)
    errors: list[RowError] = []
    told: list[RowOutcome] = []
    for part in _parts(people.rows):
        try:
            told += await _part(flow, actor, now, part, dry_run=True)
        except ImportRefused as error:
            errors += error.errors
    if errors:
        raise ImportRefused(errors)
    if dry_run:
        return tuple(told)
    told = []
    for part in _parts(people.rows):
        try:
            told += await _part(flow, actor, now, part, dry_run=False)
        except ImportRefused as error:
            raise ImportRefused(error.errors, len(told)) from None
    return tuple(told)


def _parts(rows: Sequence[PeopleRow]) -> Iterator[Sequence[PeopleRow]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


async def _part(
    flow: SiteFlow, actor: Actor, now: int, part: Sequence[PeopleRow], *, dry_run: bool
) -> list[RowOutcome]:
    try:
        report = await flow.apply(
            actor, Site(accounts=tuple(row.account for row in part)), now, dry_run=dry_run
        )
    except SiteRefused as error:
        numbers = {row.account.username: row.number for row in part}
        raise ImportRefused([_error(line, numbers) for line in error.errors]) from None
    return [_outcome(row, item) for row, item in zip(part, report.items, strict=True)]


def _outcome(row: PeopleRow, item: SiteItem) -> RowOutcome:
    return RowOutcome(row.number, item.name, item.outcome.value, item.note)


def _error(line: str, numbers: dict[str, int]) -> RowError:
    found = _ACCOUNT.fullmatch(line)
    if found is None:
        return RowError(None, "", line)
    # An unfit name is told with its quotes
    row = numbers.get(found["name"], numbers.get(found["name"].strip("'")))
    return RowError(row, found["key"], found["rest"])
