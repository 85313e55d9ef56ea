"""Re-rating: what metered use should have cost, found anew from the usage rows, against what the meters charged."""

from __future__ import annotations

from collections.abc import Iterator

from zhuomai_appliance.billing.tariffs import Metered, Tariff, due
from zhuomai_appliance.model.moment import Zone, day_start
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.products import PlanKind, Terms
from zhuomai_appliance.model.terms import load_terms
from zhuomai_appliance.model.use import month_days
from zhuomai_appliance.store import meters
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.meters import MeterOfPlan
from zhuomai_appliance.store.verify import Proof


def prove_meters(reader: Reader) -> Proof:
    """Every meter: its use is what the usage rows say, its charge what that use costs, its postings what it charged."""
    every = list(meters.every_meter(reader))
    charged = sum(one.row.charged_fen for one in every)
    return Proof(
        "meters",
        f"{len(every)} meters that charged {charged} fen, rated anew",
        tuple(fault for one in every for fault in _faults(reader, one)),
    )


def _faults(reader: Reader, one: MeterOfPlan) -> Iterator[str]:
    row, terms, name = one.row, load_terms(one.terms), f"meter of subscription {one.row.subscription_id}"
    tariff = _tariff(one, terms)
    if tariff is not None:
        owed = due(tariff, Metered(row.amount, row.window_weight))
        if owed != row.charged_fen + row.overshoot_fen:
            yield (
                f"{name}: {row.amount} used owe {owed} fen; {row.charged_fen} were charged"
                f" and {row.overshoot_fen} written off"
            )
        if one.kind == PlanKind.METERED and not tariff.windows:
            used = _used(reader, one, tariff)
            if used != row.amount:
                yield f"{name}: the usage rows of the month say {used}, the meter {row.amount}"
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


def _used(reader: Reader, one: MeterOfPlan, tariff: Tariff) -> int:
    zone = Zone(one.zone_name)
    _, end = month_days(day_start(one.row.month, zone), zone)
    up, down, seconds = meters.usage_of(
        reader, ProjectId(one.project_id), one.account_id, one.row.subscription_id, one.row.month, end
    )
    return seconds if tariff.is_time else tariff.direction.counted(up, down)
