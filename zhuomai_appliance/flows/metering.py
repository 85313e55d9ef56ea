"""What use cost, from the meters into the ledger; and the limit that somebody sets himself (billing rules §11).

A meter is charged by every report, in the same commit, and what it charged can be spent by nobody else from that moment
(flows.wallets). Its posting follows: once an hour, and before the month is over. So a school of many thousand metered
accounts has some postings a day for each of them, not one for every report.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import credit, effects, wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.moment import date_of
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.terms import load_terms
from zhuomai_appliance.store import journal, ledger, meters
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.meters import Unposted

PAGE: Final = 50
"""Accounts of one commit: some milliseconds of the writer, so that no login waits for them."""


def post_use(tx: Transaction, project_id: ProjectId, account_id: AccountId, at: int) -> Fen:
    """Post what the meters of an account charged since the last time, principal first, then gifts; how much.

    Overshoot is income that nobody paid for: written off. So is what the wallet no longer covers.
    """
    total = 0
    for item in meters.unposted(tx, project_id, account_id):
        have = wallets.booked(tx, project_id, account_id)
        limit = credit.grant(tx, project_id, account_id, at)
        payable = max(have.principal_fen + limit, 0) + max(have.bonus_fen, 0)
        principal, bonus = rules.principal_first(
            have.principal_fen, have.bonus_fen, min(item.charge_fen, payable)
        )
        lost = item.charge_fen - principal - bonus + item.overshoot_fen
        debits = rules.debits(
            (rules.wallet(account_id), principal), (rules.bonus(account_id), bonus), (rules.WRITEOFF, lost)
        )
        ledger.post(
            tx,
            project_id=project_id,
            kind=PostingKind.USAGE,
            effect=_effect(account_id, item),
            order_no=None,
            operator="",
            at=at,
            memo=f"{date_of(item.month):%Y-%m}",
            lines=rules.check(rules.paid_with(debits, rules.revenue(_subject(item)))),
        )
        meters.mark_posted(tx, project_id, account_id, item.subscription_id, item.month)
        total += item.charge_fen
    return Fen(total)


def _effect(account_id: AccountId, item: Unposted) -> str:
    """What was posted of a meter grows: each state of it is posted once."""
    begin = meters.effect_of(account_id, item.subscription_id, item.month)
    return f"{begin}{item.charged_upto_fen}+{item.overshoot_upto_fen}"


def _subject(item: Unposted) -> str:
    return load_terms(item.terms).subject or item.kind


async def post_all(store: Store, now: int) -> int:
    """Post what all meters charged; for how many accounts. Safe to run again at any time."""
    done, after = 0, AccountId(0)
    while page := await store.read(lambda reader, after=after: meters.accounts_unposted(reader, after, PAGE)):  # type: ignore[misc]

        def task(tx: Transaction, page: list[tuple[ProjectId, AccountId]] = page) -> None:
            for project_id, account_id in page:
                post_use(tx, project_id, account_id, now)

        await store.write(task)
        done, after = done + len(page), page[-1][1]
    return done


def set_spending_limit(
    tx: Transaction, actor: Actor, project_id: ProjectId, account_id: AccountId, limit: Fen | None, now: int
) -> None:
    """Set the most that somebody wants to spend in a calendar month, plans included (D20, W36); None for no limit.

    Running sessions are looked at anew: one that was at its limit may go on, one beyond a lower limit ends with its next
    report.

    Raises:
        ValueError: below zero.
    """
    if limit is not None and limit < 0:
        raise ValueError("a limit is 0 or more")
    before = meters.limit_fen(tx, project_id, account_id)
    meters.put_limit(tx, project_id, account_id, limit, actor.name, now)
    journal.audit(
        tx,
        at=now,
        project_id=project_id,
        actor=actor.name,
        address=actor.address,
        action="account.spending_limit",
        object_kind="account",
        object_id=str(account_id),
        before={"limit_fen": before},
        after={"limit_fen": limit},
    )
    effects.change_sessions_of(tx, account_id, project_id, now, must=False)
