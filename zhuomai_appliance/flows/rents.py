"""Rent by the day from the wallet, and what comes back of a month's price: half in holidays, all of a month not used.

Each is a round of bounded work, safe to run again: a day is taken once, a month credited once.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.rents import (
    Month,
    days_in_month,
    half,
    is_holiday,
    months_of_service,
    rent_due,
)
from zhuomai_appliance.flows import chains, credit, effects, wallets
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.chain import FOREVER
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.entitlement import Entitlement, Rest, WhyNot, at, resting
from zhuomai_appliance.model.moment import Anchor, Zone, date_of, local_day
from zhuomai_appliance.model.money import Fen, floor
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import RentMode
from zhuomai_appliance.model.products import PlanVersion, PlanVersionId, SubscriptionId
from zhuomai_appliance.model.use import month_days
from zhuomai_appliance.store import ledger, products, rents
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.rents import Rented

PAGE: Final = 50
"""Accounts of one commit: some milliseconds of the writer, so that no login waits for them."""
LOOK_BACK_SECONDS: Final = 70 * 86_400
"""How long after its beginning a month may still be credited: it lasts 31 days, and the machine may have been off."""


async def take_rents(store: Store, tables: Tables, now: int) -> int:
    """Take today's rent of everybody who did not pay it yet; how many paid. Who cannot rests until he can (W64)."""
    return sum(
        [await _take_of(store, project.id, tables.zone(project.id), now) for project in tables.projects()]
    )


async def _take_of(store: Store, project_id: ProjectId, zone: Zone, now: int) -> int:
    paid, after = 0, SubscriptionId(0)
    month, today = month_days(now, zone)[0], local_day(now, zone)

    def due(reader: Reader) -> list[tuple[SubscriptionId, AccountId, PlanVersionId]]:
        return rents.rents_due(reader, project_id, month, today, after, PAGE)

    def take(tx: Transaction) -> int:
        return sum(take_rent(tx, project_id, account, purchase, zone, now) for purchase, account, _ in page)

    if not await store.read(lambda reader: rents.has_daily(reader, project_id)):
        return 0
    while page := await store.read(due):
        paid += await store.write(take)
        after = page[-1][0]
    return paid


def take_rent(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    zone: Zone,
    now: int,
) -> bool:
    """Take the rent of today for one purchase, unless it is taken; whether it is paid now.

    Whoever has not got it rests, and what he runs is ended; whoever has it again may go on.
    """
    chain = at(chains.read(tx, account_id, zone.name), now)
    segment = next((s for s in chain.segments if s.subscription_id == subscription_id and s.is_active), None)
    version = None if segment is None else products.version(tx, project_id, segment.plan_version_id)
    if segment is None or version is None or version.terms.meter.rent is not RentMode.DAILY:
        return False
    month, today = month_days(now, zone)[0], local_day(now, zone)
    row = rents.rent_of(tx, project_id, subscription_id, month)
    if row.last_day >= today:
        return True
    due = rent_due(version.price_fen, row.days + 1, days_in_month(now, zone))
    try:
        paid = wallets.pay_from_wallet(
            tx,
            project_id,
            account_id,
            due - row.charged_fen,
            rules.revenue(version.subject),
            effect=f"rent:{subscription_id}:{today}",
            operator="",
            at=now,
            kind=PostingKind.USAGE,
            memo=f"{date_of(today)}",
            credit_fen=credit.grant(tx, project_id, account_id, now),
        )
    except wallets.NotEnoughMoney:
        _rest(tx, chain, subscription_id, Rest(FOREVER, WhyNot.BALANCE_SHORT), project_id, now)
        return False
    row = row._replace(
        days=row.days + 1, last_day=today, charged_fen=due, bonus_fen=row.bonus_fen + paid.bonus_fen
    )
    rents.put_rent(tx, project_id, account_id, subscription_id, month, row)
    if segment.rest is not None and segment.rest.why is WhyNot.BALANCE_SHORT:
        _rest(tx, chain, subscription_id, None, project_id, now)
    return True


def _rest(
    tx: Transaction,
    chain: Entitlement,
    subscription_id: SubscriptionId,
    rest: Rest | None,
    project_id: ProjectId,
    now: int,
) -> None:
    after = resting(chain, subscription_id, rest)
    if after is not chain:
        chains.put(tx, chain, after, project_id)
        effects.apply_live(tx, chain.account_id, project_id, now, "used_up")


async def credit_months(store: Store, tables: Tables, now: int) -> int:
    """Credit what months give back: half of those in holidays, all of those without a session; how many credits."""
    return sum(
        [await _credit_of(store, project.id, tables.zone(project.id), now) for project in tables.projects()]
    )


async def _credit_of(store: Store, project_id: ProjectId, zone: Zone, now: int) -> int:
    done, after = 0, SubscriptionId(0)

    def due(reader: Reader) -> list[Rented]:
        return rents.rented(reader, project_id, now, now - LOOK_BACK_SECONDS, after, PAGE)

    def credit(tx: Transaction) -> int:
        return sum(credit_purchase(tx, project_id, one, zone, now) for one in page)

    while page := await store.read(due):
        done += await store.write(credit)
        after = page[-1].subscription_id
    return done


def credit_purchase(tx: Transaction, project_id: ProjectId, one: Rented, zone: Zone, now: int) -> int:
    """Credit the months of one purchase that are due; how many credits were posted."""
    version = products.version(tx, project_id, one.plan_version_id)
    if version is None:
        return 0
    meter, posted = version.terms.meter, 0
    is_daily = meter.rent is RentMode.DAILY
    by_calendar = is_daily or version.terms.anchor is Anchor.CALENDAR
    since = now - LOOK_BACK_SECONDS
    for month in months_of_service(one.starts_at, one.ends_at, since, now, zone, by_calendar=by_calendar):
        is_over = month.end <= now
        principal, bonus = _price_of(tx, project_id, one, version, month, is_daily=is_daily)
        if is_holiday(month, meter.half_price_spans, zone) and (is_over or not is_daily):
            credit = half(principal + bonus)
            effect = f"half_price:{one.account_id}:{month.month}"
            posted += _credit(tx, project_id, one, version, (principal, bonus), credit, effect, now, month)
        if meter.unused_month_free and is_over and not _was_online(tx, project_id, one, month, zone):
            given = _given(tx, project_id, one, month)
            credit = Fen(max(principal + bonus - given, 0))
            effect = f"unused:{one.subscription_id}:{month.month}"
            posted += _credit(tx, project_id, one, version, (principal, bonus), credit, effect, now, month)
    return posted


def _price_of(
    reader: Reader, project_id: ProjectId, one: Rented, version: PlanVersion, month: Month, *, is_daily: bool
) -> tuple[int, int]:
    """What a month was paid with, principal and gifts: what was taken by the day, or its part of the purchase."""
    if is_daily:
        row = rents.rent_of(reader, project_id, one.subscription_id, month.month)
        return row.charged_fen - row.bonus_fen, row.bonus_fen
    period = version.terms.period
    months = (None if period is None else period.months) or 0
    if not months:
        return 0, 0
    count = months * (one.periods or 1)
    return floor(one.principal_fen, count), floor(one.bonus_fen, count)


def _was_online(reader: Reader, project_id: ProjectId, one: Rented, month: Month, zone: Zone) -> bool:
    first, last = local_day(month.start, zone), local_day(month.end - 1, zone)
    return rents.was_online(reader, project_id, one.account_id, first, last + 1)


def _given(reader: Reader, project_id: ProjectId, one: Rented, month: Month) -> int:
    """What half price gave back of this month already."""
    posting = ledger.posting_of(reader, project_id, f"half_price:{one.account_id}:{month.month}")
    if posting is None:
        return 0
    return sum(line.amount_fen for line in ledger.lines_of(reader, posting) if line.amount_fen > 0)


def _credit(
    tx: Transaction,
    project_id: ProjectId,
    one: Rented,
    version: PlanVersion,
    paid: tuple[int, int],
    credit: int,
    effect: str,
    now: int,
    month: Month,
) -> bool:
    """Give money back into the wallet, gifts back to gifts; once for each effect. Income bears it."""
    if credit <= 0 or ledger.posting_of(tx, project_id, effect) is not None:
        return False
    principal = floor(credit * paid[0], sum(paid))
    bonus = min(credit - principal, paid[1])
    principal = credit - bonus
    source = rules.revenue(version.subject)
    lines = (
        *rules.transfer(source, rules.wallet(one.account_id), principal),
        *rules.transfer(source, rules.bonus(one.account_id), bonus),
    )
    ledger.post(
        tx,
        project_id=project_id,
        kind=PostingKind.CORRECTION,
        effect=effect,
        order_no=None,
        operator="",
        at=now,
        memo=f"{effect.partition(':')[0]} {date_of(month.month):%Y-%m}",
        lines=rules.check(lines),
    )
    return True
