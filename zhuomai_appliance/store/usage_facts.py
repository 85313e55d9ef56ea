"""The interims behind usage rows: what each report added, to which purchase and day. Why a figure is what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("usage_facts")


class Fact(NamedTuple):
    """What a report added for a session, purchase (0: none) and local day; it was used in [since, until)."""

    session_id: int
    subscription_id: int
    day: int
    since: int
    until: int
    input_octets: int
    output_octets: int
    seconds: int


def add_all(tx: Transaction, rows: Sequence[tuple[int, ...]]) -> None:
    """Store facts of many sessions by one statement: the project, then the fields of a `Fact`."""
    if rows:
        tx.run(_Q.insert_facts, rows=json.dumps(rows))


def add(tx: Transaction, project_id: ProjectId, facts: Sequence[Fact]) -> None:
    """Store the facts of one report."""
    for fact in facts:
        tx.run(_Q.insert_fact, project_id=project_id, **fact._asdict())


def facts_of(
    reader: Reader,
    project_id: ProjectId,
    account_id: AccountId,
    from_day: int,
    to_day: int,
    *,
    subscription_id: int | None = None,
    session_id: SessionId | None = None,
    limit: int = 1000,
) -> list[Fact]:
    """The facts behind an account's usage on the local days [from_day, to_day), in the order of their time."""
    rows = reader.all(
        _Q.facts_of,
        project_id=project_id,
        account_id=account_id,
        from_day=from_day,
        to_day=to_day,
        subscription_id=subscription_id,
        session_id=session_id,
        limit=limit,
    )
    return [Fact(*row) for row in rows]


def oldest_day(reader: Reader) -> int | None:
    """The local day of the oldest fact; None without any."""
    row = reader.one(_Q.oldest)
    return None if row is None else int(row[1])


def drop_old(tx: Transaction, before_day: int, limit: int) -> int:
    """Forget the oldest facts, of days before this one, at most about so many; how many."""
    row = tx.one(_Q.oldest)
    if row is None or row[1] >= before_day:
        return 0
    return tx.run(_Q.drop_old, before_id=row[0] + limit, before_day=before_day)


def wrong_facts(reader: Reader) -> list[tuple[int, ...]]:
    """Usage rows whose facts come to more than they say: session, purchase, day, kept and summed figures.

    Less is no fault: rows from before there were facts have some of theirs, or none.
    """
    return [tuple(row) for row in reader.all(_Q.wrong_facts)]
