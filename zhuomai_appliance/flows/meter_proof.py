"""Re-rating: what metered use should have cost, found anew from the usage rows, against what the meters charged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zhuomai_appliance.billing.tariffs import Metered, Tariff, due, metered
from zhuomai_appliance.model.moment import Zone, day_start
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.products import PlanKind, Terms
from zhuomai_appliance.model.terms import load_terms
from zhuomai_appliance.model.use import Amount, month_days
from zhuomai_appliance.store import meters, usage_facts
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.meters import MeterOfPlan
from zhuomai_appliance.store.verify import Proof

MOST_FACTS: Final = 10_000_000


def prove_meters(reader: Reader) -> Proof:
    """Every meter: its use is what the usage rows say, its charge what that use costs, its postings what it charged."""
    every = list(meters.every_meter(reader))
    beyond = [
        f"the interims behind session {row[0]}, purchase {row[1]}, day {row[2]} come to {row[6:]}, more than {row[3:6]}"
        for row in usage_facts.wrong_facts(reader)
    ]
    charged = sum(one.row.charged_fen for one in every)
    return Proof(
        "meters",
        f"{len(every)} meters that charged {charged} fen, rated anew",
        (*(fault for one in every for fault in _faults(reader, one)), *beyond),
    )


def _faults(reader: Reader, one: MeterOfPlan) -> Iterator[str]:
    row, terms, name = one.row, load_terms(one.terms), f"meter of subscription {one.row.subscription_id}"
    tariff = _tariff(one, terms)
    if tariff is not None:
        if one.kind == PlanKind.METERED:
            yield from _against_usage(reader, one, tariff, name)
        owed = due(tariff, Metered(row.amount, row.window_weight))
        if owed != row.charged_fen + row.overshoot_fen:
            yield (
                f"{name}: {row.amount} used owe {owed} fen; {row.charged_fen} were charged"
                f" and {row.overshoot_fen} written off"
            )
    posted = meters.posted_fen(
        reader, ProjectId(one.project_id), one.account_id, row.subscription_id, row.month
    )
    if posted != row.posted_fen + row.written_off_fen:
        yield f"{name}: {row.posted_fen + row.written_off_fen} fen are noted as posted, the ledger has {posted}"
    if row.posted_fen > row.charged_fen or row.written_off_fen > row.overshoot_fen:
        yield f"{name}: more was posted than charged"


def _tariff(one: MeterOfPlan, terms: Terms) -> Tariff | None:
    meter, direction = terms.meter, terms.quota.direction
    if one.kind == PlanKind.METERED and terms.meter_unit is not None:
        return Tariff(one.price_fen, str(terms.meter_unit), direction, meter.windows, meter.tiers)
    if meter.payg_price_fen is not None:
        return Tariff(meter.payg_price_fen, meter.payg_unit, direction, meter.windows)
    return None


def _against_usage(reader: Reader, one: MeterOfPlan, tariff: Tariff, name: str) -> Iterator[str]:
    """The meter against the usage rows of its month; with windows, rated anew from the interims behind them."""
    row, zone, project_id = one.row, Zone(one.zone_name), ProjectId(one.project_id)
    _, end = month_days(day_start(row.month, zone), zone)
    used = Amount(*meters.usage_of(reader, project_id, one.account_id, row.subscription_id, row.month, end))
    if not tariff.windows:
        if tariff.counted(used) != row.amount:
            yield f"{name}: the usage rows of the month say {tariff.counted(used)}, the meter {row.amount}"
        return
    facts = usage_facts.facts_of(
        reader,
        project_id,
        one.account_id,
        row.month,
        end,
        subscription_id=row.subscription_id,
        limit=MOST_FACTS,
    )
    total, rated = Amount(0, 0, 0), Metered()
    for fact in facts:
        amount = Amount(*fact[5:])
        total = total.more(amount)
        rated = rated.more(metered(tariff, fact.since, fact.until, amount, zone))
    # Older than what facts are kept for: then the sums must do
    if total == used and rated != (row.amount, row.window_weight):
        yield f"{name}: the interims of the month come to {tuple(rated)}, the meter says {row[2:4]}"
