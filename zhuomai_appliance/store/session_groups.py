"""Sessions and their usage, many at a time: one statement for a whole group of accounting reports.

Each statement by itself gives Python's lock away and takes it again, beside a reactor that waits for it; so the rows
go in and out as JSON. The functions for one session are in store.sessions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import Session, SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sessions import session_of
from zhuomai_appliance.store.sql import load

_Q = load("session_groups")
_COLUMNS: Final = len(Session._fields)


class SessionKey(NamedTuple):
    """What a device knows a session by; ``nas_address`` is where the device itself speaks from."""

    project_id: ProjectId
    nas_id: NasId
    acct_session_id: str
    nas_address: str


class Usage(NamedTuple):
    """What a session used of one subscription (0: of none) on one local day, counted from 1970-01-01."""

    project_id: ProjectId
    account_id: AccountId | None
    session_id: SessionId
    subscription_id: int
    day: int
    input_octets: int
    output_octets: int
    seconds: int


def newest_of_keys(
    reader: Reader, keys: Iterable[SessionKey]
) -> tuple[dict[SessionKey, Session], dict[AccountId, str]]:
    """The newest session under each key that has one, and the stored chains of their accounts."""
    found: dict[SessionKey, Session] = {}
    chains: dict[AccountId, str] = {}
    for row in reader.all(_Q.newest_of_keys, keys=json.dumps(tuple(keys), ensure_ascii=False)):
        session = session_of(row)
        found[
            SessionKey(session.project_id, session.nas_id, session.acct_session_id, session.nas_address)
        ] = session
        if session.account_id is not None and row[_COLUMNS] is not None:
            chains[session.account_id] = row[_COLUMNS]
    return found, chains


def grow(tx: Transaction, rows: Iterable[tuple[Session, int]]) -> None:
    """Store new totals of open sessions, each with the arrival time of its newest packet."""
    values = [
        (s.id, s.updated_at, seen_at, s.session_seconds, s.input_octets, s.output_octets, s.anomalies)
        for s, seen_at in rows
    ]
    if values:
        tx.run(_Q.grow_sessions, rows=json.dumps(values))


def change(tx: Transaction, rows: Iterable[tuple[Session, int]]) -> None:
    """As `grow`, with addresses and the end: these are indexed, and nearly always stay the same."""
    values = [
        (s.id, s.updated_at, seen_at, s.session_seconds, s.input_octets, s.output_octets, s.anomalies, s.ip, s.ipv6,
         s.stopped_at, s.cause, s.closed_by)
        for s, seen_at in rows
    ]  # fmt: skip
    if values:
        tx.run(_Q.change_sessions, rows=json.dumps(values))


def add_usage(tx: Transaction, shares: Sequence[Usage]) -> None:
    """Add to the usage of sessions; each session, subscription and day at most once."""
    if shares:
        tx.run(_Q.grow_usages, rows=json.dumps(shares))
