"""免费额度: the base plan that a group gives to its people at the beginning of each month (features D24, W14).

The next month's is given a day ahead and waits for the first, so that nobody is without at midnight and what is left can go
on. Who comes into the group gets this month's at once; who leaves loses it, and keeps what he bought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from zhuomai_appliance.billing import periods
from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.entitlement import Entitlement, at
from zhuomai_appliance.model.moment import (
    DAY_SECONDS,
    Anchor,
    Period,
    PeriodUnit,
    Timestamp,
    Zone,
    month_bounds,
    month_start,
)
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.model.products import PlanVersion, Starts
from zhuomai_appliance.model.use import month_days
from zhuomai_appliance.store import base_plans, orders, products
from zhuomai_appliance.store.base_plans import Stranger
from zhuomai_appliance.store.interface import Reader, Store, Transaction

PAGE: Final = 50
"""Accounts of one commit: some milliseconds of the writer, so that no login waits for them."""
AHEAD_SECONDS: Final = DAY_SECONDS
FOR_GOOD: Final = 0
"""The month under which a plan without a period is given: once."""

Given = Mapping[GroupId, PlanVersion]


async def look(store: Store, tables: Tables, now: int) -> int:
    """Give and take what groups say for this month and, on its last day, for the next; how many were given."""
    return sum(
        [await _look_at(store, project.id, tables.zone(project.id), now) for project in tables.projects()]
    )


async def _look_at(store: Store, project_id: ProjectId, zone: Zone, now: int) -> int:
    given_by: Given = await store.read(lambda reader: given(reader, project_id))
    await _take_back(store, project_id, given_by, zone, now)
    await _let_lapse(store, project_id, zone, now)
    months = [month_start(now, zone)]
    if month_bounds(now, zone)[1] - now <= AHEAD_SECONDS:
        months.append(month_start(now, zone, 1))
    done = 0
    for group_id, version in given_by.items():
        for start in months if version.terms.period is not None else months[:1]:
            done += await _give_to_group(store, project_id, group_id, version, start, zone, now)
    return done


def given(reader: Reader, project_id: ProjectId) -> Given:
    """Which plan each group gives: its own, or that of the nearest group above it."""
    groups = products.groups(reader, project_id)
    if not any(group.base_plan_id for group in groups):
        return {}
    plans = {int(offer.plan.id): offer.version for offer in products.plans(reader, project_id)}
    by_id = {group.id: group for group in groups}
    found = {group.id: _base_plan_of(by_id, group) for group in groups}
    return {group_id: plans[plan_id] for group_id, plan_id in found.items() if plan_id in plans}


def _base_plan_of(by_id: Mapping[GroupId, Group], group: Group) -> int | None:
    seen: set[GroupId] = set()
    while group.base_plan_id is None:
        seen.add(group.id)
        if group.parent_id is None or group.parent_id in seen or group.parent_id not in by_id:
            return None
        group = by_id[group.parent_id]
    return group.base_plan_id


async def _give_to_group(
    store: Store,
    project_id: ProjectId,
    group_id: GroupId,
    version: PlanVersion,
    start: int,
    zone: Zone,
    now: int,
) -> int:
    month = FOR_GOOD if version.terms.period is None else month_days(start, zone)[0]
    done, after = 0, AccountId(0)

    def due(reader: Reader) -> list[AccountId]:
        return base_plans.without_base(reader, project_id, group_id, version.plan_id, month, after, PAGE)

    def give_all(tx: Transaction) -> None:
        # The page was read before: who got it meanwhile, or left, is not on a new one
        still = set(base_plans.without_base(tx, project_id, group_id, version.plan_id, month, after, PAGE))
        for account_id in page:
            if account_id in still:
                give(tx, project_id, account_id, group_id, version, start, zone, now)

    while page := await store.read(due):
        await store.write(give_all)
        done, after = done + len(page), page[-1]
    return done


def give(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    group_id: GroupId,
    version: PlanVersion,
    start: int,
    zone: Zone,
    now: int,
) -> None:
    """Give one account its base plan for the calendar month that begins at ``start``; over nothing, without an order."""
    subscription_id = orders.add_subscription(
        tx,
        project_id=project_id,
        account_id=account_id,
        plan_version_id=version.id,
        order_no=None,
        at=now,
        paid_principal_fen=Fen(0),
    )
    before = at(chains.read(tx, account_id, zone.name), now)
    after = periods.append(before, _of_month(version, start, now), subscription_id, now)
    chains.put(tx, before, after, project_id)
    month = FOR_GOOD if version.terms.period is None else month_days(start, zone)[0]
    base_plans.add_grant(tx, project_id, account_id, group_id, version.plan_id, month, subscription_id)
    if start <= now:
        effects.apply_live(tx, account_id, project_id, now, must=False)


def _of_month(version: PlanVersion, start: int, now: int) -> PlanVersion:
    """The version as it is given: to the end of the calendar month, beside what is bought, from the first on."""
    terms = replace(version.terms, starts=Starts.ON_PURCHASE, starts_at=None, concurrent=True)
    if terms.period is not None:
        terms = replace(terms, period=Period(PeriodUnit.MONTH, 1), anchor=Anchor.CALENDAR)
    if start > now:
        terms = replace(terms, starts=Starts.AT_DATE, starts_at=Timestamp(start))
    return replace(version, terms=terms)


async def _take_back(store: Store, project_id: ProjectId, given_by: Given, zone: Zone, now: int) -> None:
    month = month_days(now, zone)[0]

    def due(reader: Reader) -> list[Stranger]:
        return base_plans.strangers(reader, project_id, month, PAGE)

    def take(tx: Transaction, found: Sequence[Stranger]) -> None:
        for one in found:
            plan = given_by.get(one.group_id) if one.group_id is not None and one.closed_at is None else None
            if plan is not None and one.group_id is not None and plan.plan_id == one.plan_id:
                base_plans.move_grant(tx, project_id, one, one.group_id)
            else:
                take_back(tx, project_id, one, zone, now)

    while found := await store.read(due):
        await store.write(lambda tx, found=found: take(tx, found))  # type: ignore[misc]


async def _let_lapse(store: Store, project_id: ProjectId, zone: Zone, now: int) -> None:
    """End what waited all of its month behind another plan: a month's base is for that month, and they never pile up."""
    month = month_days(now, zone)[0]

    def due(reader: Reader) -> list[Stranger]:
        return base_plans.waited(reader, project_id, month, PAGE)

    def lapse(tx: Transaction) -> None:
        for one in found:
            take_back(tx, project_id, one, zone, now)

    while found := await store.read(due):
        await store.write(lapse)


def take_back(tx: Transaction, project_id: ProjectId, one: Stranger, zone: Zone, now: int) -> None:
    """End a base plan whose owner left the group: what he bought takes over, and without that his sessions end."""
    before = at(chains.read(tx, one.account_id, zone.name), now)
    after = _without(before, one, now)
    base_plans.drop_grant(tx, project_id, one)
    if after is not before:
        chains.put(tx, before, after, project_id)
        effects.apply_live(tx, one.account_id, project_id, now)


def _without(chain: Entitlement, one: Stranger, now: int) -> Entitlement:
    if any(s.subscription_id == one.subscription_id for s in chain.segments):
        return periods.cancel(chain, one.subscription_id, now)
    return chain
