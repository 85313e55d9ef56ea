"""What an account used this month and what that cost, read where a segment of its chain has rules about it: for few."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.billing.rents import days_in_month, rent_due
from zhuomai_appliance.billing.tariffs import (
    Metered,
    Tariff,
    affordable,
    borders,
    due,
    metered,
    price_now,
    tariff_of,
    window_at,
)
from zhuomai_appliance.flows import credit, wallets
from zhuomai_appliance.model.allowances import Left, UseFacts, has_rules
from zhuomai_appliance.model.chain import FOREVER
from zhuomai_appliance.model.entitlement import Entitlement, Rest, Segment, WhyNot
from zhuomai_appliance.model.moment import (
    DayShare,
    Timestamp,
    Zone,
    day_start,
    local_day,
    month_bounds,
    month_start,
)
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.plan_rules import MeterRules, RentMode
from zhuomai_appliance.model.products import PlanKind
from zhuomai_appliance.model.use import NO_USE, Amount, month_days
from zhuomai_appliance.store import meters, rents, sessions
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.meters import MeterRow

LOOK_AHEAD_SECONDS: Final = 2 * 86_400
"""How far ahead a window is looked for that lets somebody without money in again: it has one every day, or none."""


def facts_for(
    reader: Reader,
    chain: Entitlement,
    project_id: ProjectId,
    now: int,
    others: int = 0,
    least_seconds: int = 0,
) -> UseFacts | None:
    """The account's use of this month; None for a chain that no rule about use speaks of, which costs nothing.

    Args:
        others: how many sessions share the money with the one that is asked for: each gets a slice.
        least_seconds: the least that a slice of time covers: an interval between two reports.
    """
    if not has_rules(chain):
        return None
    return AccountUse(reader, chain, project_id, now).facts(chain, now, others, least_seconds)


class AccountUse:
    """The figures of one account within one transaction: read once, and grown by each report that is charged."""

    def __init__(self, reader: Reader, chain: Entitlement, project_id: ProjectId, now: int) -> None:
        self._reader, self._project_id, self._account_id = reader, project_id, chain.account_id
        self._zone: Zone = chain.zone
        first, _ = month_days(now, self._zone)
        self._spent = {
            day: Amount(up, down, seconds)
            for day, up, down, seconds in sessions.usage_by_day(reader, project_id, chain.account_id, first)
        }
        self._meters: dict[tuple[int, int], MeterRow] = {}
        self._dirty: set[tuple[int, int]] = set()
        self._money_fen = self._fixed_fen = 0
        self._own_limit_fen: int | None = None
        self._is_priced = False
        if any(_is_priced(segment) for segment in chain.segments):
            self._read_money(now)

    def _read_money(self, now: int) -> None:
        reader, key = self._reader, (self._project_id, self._account_id)
        before, _ = month_days(month_start(now, self._zone) - 1, self._zone)
        self._meters = {
            (row.subscription_id, row.month): row for row in meters.meters_of(reader, *key, before)
        }
        self._money_fen = max(wallets.held(reader, *key).total_fen + credit.limit_of(reader, *key), 0)
        self._own_limit_fen = meters.limit_fen(reader, *key)
        self._fixed_fen = meters.plans_paid_fen(reader, *key, *month_bounds(now, self._zone))
        self._is_priced = True

    # What reports add -------------------------------------------------------------------------------------------------

    def add(self, day: int, up: int, down: int, seconds: int) -> None:
        """Count some use of a local day, as its usage row will have it."""
        self._spent[day] = self._spent.get(day, NO_USE).more(Amount(up, down, seconds))

    def add_free(self, subscription_id: int, day: int, octets: int) -> None:
        """Count use in a free window against its day."""
        row = self._meter(subscription_id, day)
        if day < row.free_day:
            return
        before = row.free_octets if day == row.free_day else 0
        self._put(row._replace(free_day=day, free_octets=before + octets))

    def charge(self, segment: Segment, share: DayShare, now: int) -> None:
        """Charge metered use of one local day: what the month owes by now, less what was charged (W25).

        What neither the money nor a limit covers is overshoot: due, recorded, and never charged (billing rules §11).
        """
        tariff = tariff_of(segment)
        if tariff is None:
            return
        row = self._meter(segment.subscription_id, share.day)
        use = metered(tariff, share.start, share.end, Amount(*share.amounts), self._zone)
        row = row._replace(
            amount=row.amount + use.amount, window_weight=row.window_weight + use.window_weight
        )
        more = due(tariff, _of(row)) - row.charged_fen - row.overshoot_fen
        if more > 0:
            is_of_now = row.month == month_days(now, self._zone)[0]
            room = self._room(segment, row, now)[0] if is_of_now else self._money_fen
            charged = min(more, max(room, 0))
            self._money_fen -= charged
            row = row._replace(
                charged_fen=row.charged_fen + charged, overshoot_fen=row.overshoot_fen + more - charged
            )
        self._put(row)

    def write(self, tx: Transaction) -> None:
        """Store the meters that grew."""
        for key in sorted(self._dirty):
            meters.put(tx, self._project_id, self._account_id, self._meters[key])
        self._dirty.clear()

    def _meter(self, subscription_id: int, day: int) -> MeterRow:
        month, _ = month_days(day_start(day, self._zone), self._zone)
        found = self._meters.get((subscription_id, month))
        return MeterRow(subscription_id, month) if found is None else found

    def _put(self, row: MeterRow) -> None:
        key = row.subscription_id, row.month
        self._meters[key] = row
        self._dirty.add(key)

    # What the figures say ---------------------------------------------------------------------------------------------

    def facts(self, chain: Entitlement, now: int, others: int = 0, least_seconds: int = 0) -> UseFacts:
        """The figures as rules ask for them; see `facts_for`."""
        left = {}
        for segment in chain.segments:
            if segment.is_active and segment.use is not None:
                found = self._left(segment, now, others, least_seconds)
                if found is not None:
                    left[int(segment.subscription_id)] = found
        return UseFacts(self._spent, left)

    def _left(self, segment: Segment, now: int, others: int, least_seconds: int) -> Left | None:
        rest = self._free_rest(segment, now)
        if rest is not None:
            return Left(rest)
        missing = self._rent_missing(segment, now)
        if missing > 0:
            return Left(Rest(FOREVER, WhyNot.BALANCE_SHORT), fen=missing)
        tariff = tariff_of(segment)
        if tariff is None or not self._is_priced:
            return None
        row = self._meter(segment.subscription_id, local_day(now, self._zone))
        room, why = self._room(segment, row, now)
        so_far = _of(row)
        if room <= 0 and price_now(tariff, so_far, now, self._zone) > 0:
            fen = tariff.price_fen - self._money_fen if why is WhyNot.BALANCE_SHORT else self._limit(segment)
            return Left(Rest(self._until(tariff, why, now), why), fen=max(fen, 1))
        buys = affordable(tariff, so_far, max(room, 0), now, self._zone)
        if buys is None:
            return Left(None)
        if tariff.is_time:
            return Left(None, seconds=max(buys // (others + 1), min(buys, least_seconds)))
        return Left(None, octets=buys // (others + 1))

    def _room(self, segment: Segment, row: MeterRow, now: int) -> tuple[int, WhyNot]:
        """What may still be charged in this month for this segment, and what ends it."""
        rules = MeterRules() if segment.use is None else segment.use.meter
        found = [(self._money_fen, WhyNot.BALANCE_SHORT)]
        whole = [limit for limit in (rules.month_limit_fen, self._own_limit_fen) if limit is not None]
        if whole:
            month, _ = month_days(now, self._zone)
            charged = sum(one.charged_fen for one in self._meters.values() if one.month == month)
            if (row.subscription_id, row.month) not in self._meters:
                charged += row.charged_fen
            found.append((min(whole) - self._fixed_fen - charged, WhyNot.OWN_LIMIT))
        if segment.payg and rules.payg_month_limit_fen is not None:
            found.append((rules.payg_month_limit_fen - row.charged_fen, WhyNot.OWN_LIMIT))
        return min(found)

    def _until(self, tariff: Tariff, why: WhyNot, now: int) -> Timestamp:
        """When somebody without room is let in again by time alone: a limit by the month, a window that is free."""
        zone = self._zone
        end = month_start(now, zone, 1) if why is WhyNot.OWN_LIMIT else FOREVER
        for at in borders(tariff.windows, now, now + LOOK_AHEAD_SECONDS, zone):
            window = window_at(tariff.windows, at, zone)
            if window is not None and window.price_fen == 0:
                return min(at, end)
        return end

    def _free_rest(self, segment: Segment, now: int) -> Rest | None:
        """A free window of a pack that has a limit by the day: beyond it the pack waits too (W65)."""
        if segment.use is None or segment.kind is PlanKind.METERED or not segment.use.meter.windows:
            return None
        windows = segment.use.meter.windows
        window = window_at(windows, now, self._zone)
        if window is None or window.day_octets is None:
            return None
        today = local_day(now, self._zone)
        row = self._meter(segment.subscription_id, today)
        if row.free_day != today or row.free_octets < window.day_octets:
            return None
        ends = borders(windows, now, now + LOOK_AHEAD_SECONDS, self._zone)
        return Rest(ends[0], WhyNot.DAY_USED_UP)

    def _limit(self, segment: Segment) -> int:
        """The limit that a segment without room has reached: the smallest there is."""
        rules = MeterRules() if segment.use is None else segment.use.meter
        found = (rules.month_limit_fen, self._own_limit_fen, rules.payg_month_limit_fen)
        return min((limit for limit in found if limit is not None), default=0)

    def _rent_missing(self, segment: Segment, now: int) -> int:
        """What is missing for today's rent by the day; who has it is let in, it is taken within a minute (W64)."""
        if segment.use is None or segment.use.meter.rent is not RentMode.DAILY:
            return 0
        month, today = month_days(now, self._zone)[0], local_day(now, self._zone)
        row = rents.rent_of(self._reader, self._project_id, segment.subscription_id, month)
        if row.last_day >= today:
            return 0
        due = rent_due(segment.use.price_fen, row.days + 1, days_in_month(now, self._zone))
        return due - row.charged_fen - self._money_fen


def _of(row: MeterRow) -> Metered:
    return Metered(row.amount, row.window_weight)


def _is_priced(segment: Segment) -> bool:
    """Whether its use costs money, or may once its allowance is used up; or some of it is counted as free."""
    if segment.use is None:
        return False
    meter = segment.use.meter
    if meter.rent is RentMode.DAILY or segment.kind is PlanKind.METERED:
        return True
    return meter.payg_price_fen is not None or bool(meter.windows)
