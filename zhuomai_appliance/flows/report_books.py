"""Keeping the reports' figures up with the ledger: each posting once, in order, a little at a time."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.billing.report_figures import Portion, PostingFacts, figures
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.moment import Zone, local_day
from zhuomai_appliance.store import report_books
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.report_books import PostedOrder, StoredFigure

CHUNK: Final = 100
"""Postings of one commit: a few milliseconds of the writer, so that no login waits for a report."""


async def catch_up(store: Store, tables: Tables) -> int:
    """Make the figures of every posting that has none yet; how many postings.

    Safe beside another of its kind: what another made meanwhile is left to it.
    """
    done = 0
    while page := await store.read(_next):
        after, found = page
        made = [figure for one in found for figure in figures_of(one, tables.zone(one.project_id))]
        upto = found[-1].posting_id

        def keep(
            tx: Transaction, after: int = after, upto: int = upto, made: list[StoredFigure] = made
        ) -> bool:
            return report_books.add(tx, after, upto, made)

        if await store.write(keep):
            done += len(found)
    return done


def _next(reader: Reader) -> tuple[int, list[PostedOrder]] | None:
    after = report_books.mark(reader)
    found = report_books.postings_after(reader, after, CHUNK)
    return (after, found) if found else None


def figures_of(one: PostedOrder, zone: Zone) -> list[StoredFigure]:
    """The figures of a posting, on its local day, with all that reports part them by."""
    facts = PostingFacts(
        one.kind, one.lines, tuple(Portion(*portion) for portion in one.portions), one.is_reversal
    )
    day = local_day(one.at, zone)
    return [
        StoredFigure(
            project_id=one.project_id,
            posting_id=one.posting_id,
            measure=figure.measure.value,
            subject=figure.subject,
            day=day,
            channel=one.channel,
            operator=one.operator,
            group_id=one.group_id,
            plan_kind=one.plan_kind,
            amount_fen=figure.amount_fen,
        )
        for figure in figures(facts)
    ]
