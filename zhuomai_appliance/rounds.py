"""The work by the clock: every round of the daemon, how often it runs and when it must not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from zhuomai_appliance.flows import (
    base_plans,
    cards,
    closing,
    credit,
    housekeeping,
    metering,
    renewals,
    rents,
    report_books,
    suspension_round,
)
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.session_rules import Patrol
from zhuomai_appliance.net.clocks import JumpWatch
from zhuomai_appliance.net.portal_udp import HEARTBEAT_SECONDS
from zhuomai_appliance.net.timers import Round
from zhuomai_appliance.store.backup import rotate

if TYPE_CHECKING:
    from zhuomai_appliance.appliance import Appliance

DAILY_BACKUPS_KEPT: Final = 14


def rounds(appliance: Appliance, effects: Round, reservations: Reservations) -> tuple[Round, ...]:
    """Every round of a daemon; ``effects`` is made before the flows, which wake it."""
    clocks, store = appliance.clocks, appliance.store

    async def beat() -> None:
        appliance.portal.beat(appliance.tables.all_nas())
        reservations.sweep(clocks.now())
        appliance.access.eap.talks.sweep()

    async def back_up() -> None:
        await back_up_daily(appliance)

    async def keep_reports() -> None:
        if store.state.writable:
            await report_books.catch_up(store, appliance.tables)

    watch = JumpWatch(clocks)

    def timed(work: Callable[..., Any], *more: Any) -> Callable[[], Any]:
        async def run() -> None:
            # While the disk refuses writes there is nothing to try; the store says so on the status page
            if store.state.writable:
                await work(store, *more, clocks.now())

        return run

    def settled(work: Callable[..., Any], *more: Any) -> Callable[[], Any]:
        async def run() -> None:
            if watch.is_settled() and store.state.writable:
                await work(store, *more, clocks.now())

        return run

    def judged(look: Callable[[int], Any]) -> Callable[[], Any]:
        async def run() -> None:
            if watch.is_settled() and store.state.writable:
                await look(clocks.now())

        return run

    return (
        effects,
        Round("chains", 5.0, settled(housekeeping.move_chains), clocks),
        Round("just uncovered", 2.0, settled(housekeeping.end_just_uncovered), clocks),
        Round("uncovered", 30.0, settled(housekeeping.end_uncovered), clocks),
        Round("forbidden", 5.0, settled(Patrol().look, appliance.tables), clocks),
        Round("stale", 30.0, judged(appliance.reaper.look), clocks),
        Round("marks", 30.0, judged(appliance.reaper.sweep_marks), clocks),
        Round("months", 3600.0, timed(housekeeping.prepare_months), clocks),
        Round("finished", 60.0, timed(housekeeping.move_finished), clocks),
        Round("earnings", 3600.0, settled(housekeeping.earn, appliance.tables), clocks),
        Round("cards", 600.0, settled(cards.upkeep, appliance.vault), clocks),
        Round("meters", 3600.0, settled(metering.post_all), clocks),
        Round("base plans", 60.0, settled(base_plans.look, appliance.tables), clocks),
        Round("renewals", 30.0, settled(renewals.look, appliance.tables), clocks),
        Round("suspensions", 30.0, settled(suspension_round.look, appliance.tables), clocks),
        Round("rents", 60.0, settled(rents.take_rents, appliance.tables), clocks),
        Round("month credits", 3600.0, settled(rents.credit_months, appliance.tables), clocks),
        Round("credit bills", 3600.0, settled(credit.bill_due, appliance.tables), clocks),
        Round("closing", 60.0, settled(closing.look, appliance.vault, appliance.tables), clocks),
        Round("usage facts", 600.0, settled(housekeeping.drop_usage_facts, appliance.tables), clocks),
        Round("reports", 60.0, keep_reports, clocks),
        Round("tidy", 600.0, timed(housekeeping.tidy), clocks),
        appliance.places,
        Round("portal heartbeat", HEARTBEAT_SECONDS, beat, clocks),
        Round("certificates", 60.0, appliance.certificates.look, clocks),
        Round("backup", 3600.0, back_up, clocks),
    )


async def back_up_daily(appliance: Appliance) -> None:
    """One verified copy a day beside the database; a second machine is for the administrator's own schedule."""
    if not appliance.store.state.writable:
        return
    folder = appliance.files.backups
    target = folder / f"daily-{time.strftime('%Y%m%d', time.gmtime(appliance.clocks.now()))}.db"
    if not target.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        await appliance.store.backup(target)
        rotate(folder, "daily-*.db", DAILY_BACKUPS_KEPT)
