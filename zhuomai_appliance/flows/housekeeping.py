"""What time alone brings about: chains that move, plans that end in mid-session, months, earnings.

Each function is one round: bounded work, its own transactions, safe to run again. net.timers calls them.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.flows import chains, earnings, effects
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.moment import month_start
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.model.use import month_days
from zhuomai_appliance.store import accounts, journal, months, sessions, usage_facts
from zhuomai_appliance.store import operators as operator_rows
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.orders import EarningDue

ROUND: Final = 500
FINISHED_KEPT_SECONDS: Final = 48 * 3600
MOVED_A_ROUND: Final = 2000
OVERDUE_GRACE_SECONDS: Final = 2
"""How long after its plan's end a session may still be ended by the device's own Session-Timeout."""
JUST_SECONDS: Final = 120
SECRETS_KEPT_SECONDS: Final = 86_400
ANSWERS_KEPT_SECONDS: Final = 30 * 86_400
"""How long a repeated request still gets its first answer, and the console the result of a disconnect."""

FACTS_DROPPED_A_TASK: Final = 2000
FACT_ROUNDS: Final = 100

CONSOLE_IDLE_SECONDS: Final = 30 * 60
CONSOLE_ABSOLUTE_SECONDS: Final = 12 * 3600

log = Logger(namespace="zhuomai.housekeeping")


async def move_chains(store: Store, now: int) -> int:
    """Write the state of chains that time has moved: the rows may be late, authorisation never is. How many."""
    due = accounts.chains_due(store.reader, now, ROUND)

    def task(tx: Transaction) -> None:
        for account_id, project_id, _ in due:
            moved: list[tuple[Entitlement, Entitlement]] = []

            def move(chain: Entitlement, moved: list[tuple[Entitlement, Entitlement]] = moved) -> Entitlement:
                moved.append((chain, chain_rules.at(chain, now)))
                return moved[0][1]

            chains.move(tx, account_id, project_id, move)
            if moved and _is_other_speed(*moved[0]):
                effects.change_sessions_of(tx, account_id, project_id, now)

    if due:
        await store.write(task)
    return len(due)


def _is_other_speed(before: Entitlement, after: Entitlement) -> bool:
    """Whether what a running session gets now differs from what it got, and is not nothing."""
    old, new = chain_rules.consumed(before), chain_rules.consumed(after)
    return (
        old is not None
        and new is not None
        and (old.policy.rate != new.policy.rate or old.throttled != new.throttled)
    )


async def end_just_uncovered(store: Store, now: int) -> int:
    """The same for those whose plan ended a moment ago: the look that is cheap enough for every other second (C08)."""
    return await end_uncovered(store, now, now - JUST_SECONDS)


async def end_uncovered(store: Store, now: int, since: int = -1) -> int:
    """Ask for sessions whose account owns nothing any more to be ended at their devices; how many are asked for."""
    found = await store.read(
        lambda reader: sessions.uncovered(reader, now - OVERDUE_GRACE_SECONDS, ROUND, since)
    )

    def task(tx: Transaction) -> int:
        asked = 0
        for session_id in found:
            stored = sessions.by_id(tx, session_id)
            if stored is not None and stored.session.stopped_at is None:
                asked += effects.end_session(tx, session_id, stored.session.project_id, "expired", now)
        return asked

    return await store.write(task) if found else 0


async def prepare_months(store: Store, now: int) -> None:
    """Make the attempt tables of this month and the next, so that no login ever meets a missing one."""
    this = months.month_of(now)

    def task(tx: Transaction) -> None:
        for month in (this, months.next_month(this)):
            journal.ensure_month(tx, month)
        sessions.ensure_month(tx, this)

    await store.write(task)


async def move_finished(store: Store, now: int) -> int:
    """Move sessions finished two days ago into their month; how many."""
    moved: int = await store.write(
        lambda tx: sessions.move_finished(tx, now - FINISHED_KEPT_SECONDS, MOVED_A_ROUND), droppable=True
    )
    return moved


async def earn(store: Store, tables: Tables, now: int) -> int:
    """Post the earnings of every subscription up to the last midnight; the sum in fen."""
    total, after = 0, SubscriptionId(0)
    while page := await _earnings_due(store, now, after):
        total += await _earn_page(store, page, tables, now)
        after = page[-1].subscription_id
    return total


def _earnings_due(store: Store, now: int, after: SubscriptionId) -> Deferred[list[EarningDue]]:
    return store.read(lambda reader: earnings.due(reader, now, after))


def _earn_page(store: Store, page: list[EarningDue], tables: Tables, now: int) -> Deferred[int]:
    return store.write(lambda tx: sum(earnings.earn(tx, item, tables, now) for item in page))


async def drop_usage_facts(store: Store, tables: Tables, now: int) -> int:
    """Forget the interims behind the figures of two months ago and before, a little at a time; how many."""
    zones = [tables.zone(project.id) for project in tables.projects()]
    if not zones:
        return 0
    before = min(month_days(month_start(now, zone, -1), zone)[0] for zone in zones)
    dropped = 0
    for _ in range(FACT_ROUNDS):
        gone = await store.write(
            lambda tx: usage_facts.drop_old(tx, before, FACTS_DROPPED_A_TASK), droppable=True
        )
        dropped += gone
        if not gone:
            break
    return dropped


async def tidy(store: Store, now: int) -> None:
    """Forget one-time secrets, console sessions, effects and kept answers that ended."""

    def task(tx: Transaction) -> None:
        accounts.drop_portal_secrets(tx, now - SECRETS_KEPT_SECONDS)
        journal.drop_old(tx, now - ANSWERS_KEPT_SECONDS)
        operator_rows.drop_old_sessions(
            tx, created_before=now - CONSOLE_ABSOLUTE_SECONDS, seen_before=now - CONSOLE_IDLE_SECONDS
        )

    await store.write(task, droppable=True)
