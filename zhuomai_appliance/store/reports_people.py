"""Accounts as pages, exports and the API list them, and the audit log.

Every function takes the projects it may look into; none named means every project. Times are UTC epoch seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from zhuomai_appliance.model import entitlement
from zhuomai_appliance.model.entitlement import Entitlement, Segment, WhyNot
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, AccountStatus, GroupId
from zhuomai_appliance.model.segments import RESTS
from zhuomai_appliance.store.interface import Reader, Row, Value
from zhuomai_appliance.store.reports_query import Page, altered, flag, pattern, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("reports_people")

_NORMAL: Final = frozenset({WhyNot.NOT_STARTED, *RESTS})
_EXPIRED: Final = frozenset({WhyNot.EXPIRED, WhyNot.DATA_USED_UP, WhyNot.TIME_USED_UP})


@dataclass(frozen=True)
class AccountRow:
    """An account with the names it refers to, what it owns, and how many sessions it has open.

    `balance_fen` is the wallet's principal, `bonus_fen` gift money; `chain` the stored entitlement, None: never owned
    anything. `last_seen_at` looks back 48 hours.
    """

    id: AccountId
    project_id: ProjectId
    username: str
    full_name: str
    group_id: GroupId | None
    group: str
    rate_id: int | None
    rate: str
    created_at: int
    created_by: str
    first_login_at: int | None
    locked_until: int | None
    locked_reason: str
    closed_at: int | None
    covered_until: int | None
    chain: str | None
    online: int
    last_seen_at: int | None
    balance_fen: int
    bonus_fen: int

    @cached_property
    def entitlement(self) -> Entitlement | None:
        """What the account owns, as billing prepared it."""
        return None if self.chain is None else entitlement.load(self.chain)

    def is_locked(self, now: int) -> bool:
        """Whether a lock is in force; `locked_until` 0 has no end."""
        return self.locked_until is not None and (self.locked_until == 0 or now < self.locked_until)

    def segment(self, now: int) -> Segment | None:
        """The purchase that is being consumed."""
        return None if self.entitlement is None else entitlement.current(self.entitlement, now)

    def plan(self, now: int) -> str:
        """The name of the plan in use, or empty."""
        segment = self.segment(now)
        return "" if segment is None else segment.plan_name

    def status(self, now: int) -> AccountStatus:
        """The derived state (billing rules §4)."""
        if self.closed_at is not None:
            return AccountStatus.CLOSED
        if self.is_locked(now):
            return AccountStatus.LOCKED
        if self.entitlement is None:
            return AccountStatus.NO_PLAN
        found = entitlement.why_not(self.entitlement, now)
        if found is None or found.why in _NORMAL:
            return AccountStatus.NORMAL
        if found.why is WhyNot.SUSPENDED:
            return AccountStatus.SUSPENDED
        return AccountStatus.EXPIRED if found.why in _EXPIRED else AccountStatus.NO_PLAN


class AccountSort(StrEnum):
    """Orders of the accounts page; the first is that of the ids."""

    ID = "id"
    USERNAME = "by_username"
    END = "by_end"


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts; None and empty do not narrow.

    `words` match every login name and the person's name anywhere; beside it `phone_words` (the blind index of the
    words read as a phone) and `mac_words` (the words read as a MAC) are matched whole, and the address of an open
    session. `phone_index` and `mac` narrow by themselves.
    """

    words: str = ""
    phone_words: bytes | None = None
    mac_words: str | None = None
    username: str | None = None
    full_name: str | None = None
    phone_index: bytes | None = None
    tag: str | None = None
    mac: str | None = None
    group: str | None = None
    group_id: GroupId | None = None
    plan_id: int | None = None
    status: AccountStatus | None = None
    ends_before: int | None = None
    online: bool = False


def accounts(
    reader: Reader,
    projects: Sequence[ProjectId],
    chosen: AccountFilter,
    page: Page,
    now: int,
    sort: AccountSort = AccountSort.ID,
) -> list[AccountRow]:
    """Accounts by id, or a page by offset in another order; the key is the id."""
    conditions = _conditions(chosen, now) | page.conditions()
    if sort is not AccountSort.ID:
        conditions[sort.value] = 1
    return [_account(row) for row in rows(reader, _Q.accounts, project_ids(reader, projects), **conditions)]


def count_accounts(reader: Reader, projects: Sequence[ProjectId], chosen: AccountFilter, now: int) -> int:
    """How many accounts a filter finds."""
    found = rows(reader, _Q.count_accounts, project_ids(reader, projects), **_conditions(chosen, now))
    return int(found[0][0]) if found else 0


def account(reader: Reader, projects: Sequence[ProjectId], account_id: int) -> AccountRow | None:
    """One account by its id."""
    found = rows(reader, _Q.accounts, project_ids(reader, projects), id=account_id, limit=1, offset=0)
    return _account(found[0]) if found else None


def account_named(reader: Reader, projects: Sequence[ProjectId], username: str) -> AccountRow | None:
    """One account by exactly its user name; the oldest where several projects have it."""
    found = rows(reader, _Q.accounts, project_ids(reader, projects), username=username, limit=1, offset=0)
    return _account(found[0]) if found else None


def _conditions(chosen: AccountFilter, now: int) -> dict[str, Value]:
    words = chosen.words.strip()
    wanted: dict[str, Value] = {
        "words": pattern(words) if words else None,
        "exact_words": words,
        "phone_words": chosen.phone_words,
        "mac_words": chosen.mac_words,
        "username": chosen.username,
        "full_name": chosen.full_name,
        "phone_index": chosen.phone_index,
        "tag": chosen.tag,
        "mac": chosen.mac,
        "group_name": chosen.group,
        "group_id": chosen.group_id,
        "plan_id": chosen.plan_id,
        "ends_before": chosen.ends_before,
        "online": flag(chosen.online),
        "now": now,
    }
    # In the order in which AccountRow.status asks.
    match chosen.status:
        case AccountStatus.CLOSED:
            steps = ["closed"]
        case AccountStatus.LOCKED:
            steps = ["not_closed", "locked"]
        case AccountStatus.NO_PLAN:
            steps = ["not_closed", "not_locked", "no_plan"]
        case AccountStatus.SUSPENDED:
            steps = ["not_closed", "not_locked", "suspended"]
        case AccountStatus.EXPIRED:
            steps = ["not_closed", "not_locked", "not_suspended", "expired"]
        case AccountStatus.NORMAL:
            steps = ["not_closed", "not_locked", "not_suspended", "covered"]
        case None:
            steps = []
    return wanted | dict.fromkeys(steps, 1)


def _account(row: Row) -> AccountRow:
    return AccountRow(
        id=AccountId(row[0]),
        project_id=ProjectId(row[1]),
        username=row[2],
        full_name=row[3],
        group_id=row[4],
        group=row[5] or "",
        rate_id=row[6],
        rate=row[7] or "",
        created_at=row[8],
        created_by=row[9],
        first_login_at=row[10],
        locked_until=row[11],
        locked_reason=row[12],
        closed_at=row[13],
        covered_until=row[14],
        chain=row[15],
        online=row[16],
        last_seen_at=row[17],
        balance_fen=row[18],
        bonus_fen=row[19],
    )


# Audit ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act: who, from where, what, on which object, with the values before and after (secrets left out)."""

    id: int
    project_id: ProjectId
    at: int
    actor: str
    address: str
    action: str
    object_kind: str
    object_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    result: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which acts; `words` match actor, action and object."""

    id: int | None = None
    words: str = ""
    actor: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    from_at: int | None = None
    to_at: int | None = None


def audit(reader: Reader, projects: Sequence[ProjectId], chosen: AuditFilter, page: Page) -> list[AuditRow]:
    """The audit log; the key is the id. Acts on the machine itself (project 0) are seen only where no project is named."""
    wanted = project_ids(reader, projects)
    found = rows(
        reader,
        _Q.audit,
        wanted if projects else (0, *wanted),
        id=chosen.id,
        words=pattern(chosen.words) if chosen.words.strip() else None,
        actor=chosen.actor,
        action=chosen.action,
        object_kind=chosen.object_kind,
        object_id=chosen.object_id,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
    )
    return [AuditRow(*altered(row, {8: json.loads(row[8]), 9: json.loads(row[9])})) for row in found]


def audit_actors(reader: Reader) -> list[str]:
    """Everybody who ever did something, by name."""
    return [row[0] for row in reader.all(_Q.audit_actors)]
