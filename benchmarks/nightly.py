"""What a night and a report cost a big school: every billing round for 50,000 accounts, and reads among a million postings.

    python benchmarks/nightly.py [--accounts 50000] [--postings 1000000]

In one process, on a file in a temporary folder. For each round: its seconds, how many tasks it wrote, and the longest of
them in milliseconds, which is how long the writer is busy at a stretch. Goals: a night within 60 s, no task over 20 ms,
what a person's page reads within 50 ms, a month's report within 2 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.flows import (
    base_plans,
    cards,
    closing,
    credit,
    housekeeping,
    metering,
    purchases,
    renewals,
    rents,
    report_books,
    reports,
    suspension_round,
)
from zhuomai_appliance.flows.reports import Basis, SpanUnit
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Period, PeriodUnit, Zone, local_day, parse_rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import AccessPolicy, PlanKind, Terms
from zhuomai_appliance.store import accounts, network, orders, products, reports_money, reports_people
from zhuomai_appliance.store import reports as lists
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.vault import Vault

T = TypeVar("T")
ZONE = Zone("Asia/Shanghai")
START = parse_rfc3339("2026-09-01T08:00:00+08:00")
DAY = 86_400
CHUNK = 200


class Watched(InlineStore):
    """A store that remembers its longest task."""

    longest_ms = 0.0
    count = 0

    def write(self, task: Callable[[Transaction], T], **options: bool) -> Deferred[T]:
        """Run it, and look at the clock."""
        begin = time.perf_counter()
        done = super().write(task, **options)
        self.longest_ms = max(self.longest_ms, (time.perf_counter() - begin) * 1e3)
        self.count += 1
        return done


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Its result; a store that works at once leaves nothing to wait for."""
    found: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(found.append)
    if isinstance(found[0], Exception) or hasattr(found[0], "raiseException"):
        found[0].raiseException()
    result: T = found[0]
    return result


def fill(store: Watched, vault: Vault, count: int) -> tuple[int, Tables]:
    """People who each paid a month in cash; the project."""
    project = network.add_project
    project_id = _now(store, lambda tx: project(tx, "main", ZONE.name, START))
    version = _now(
        store,
        lambda tx: products.publish(
            tx, project_id, "monthly", PlanKind.PERIOD, Fen(3000),
            Terms(period=Period(PeriodUnit.MONTH, 1), policy=AccessPolicy(), subject="包月"), at=START,
        ),
    ).version  # fmt: skip
    for first in range(0, count, CHUNK):

        def enrol(tx: Transaction, first: int = first) -> None:
            for number in range(first, min(first + CHUNK, count)):
                account_id = accounts.add(
                    tx, vault, project_id=project_id, username=f"u{number}", password="x", full_name="",
                    group_id=None, rate_id=None, person=accounts.PersonData(), aliases=(), at=START,
                    created_by="bench",
                )  # fmt: skip
                purchases.buy(
                    tx, project_id=project_id, account_id=account_id, version=version, channel=Channel.CASH,
                    zone=ZONE, at=START + number % 3600, operator="c1", shift="c1",
                )  # fmt: skip

        _now(store, enrol)
    tables = Tables()
    tables.reload(store.reader, vault)
    return project_id, tables


def _now(store: Watched, task: Callable[[Transaction], T]) -> T:
    found: list[T] = []
    store.write(task).addCallback(found.append)
    return found[0]


def more_postings(tx: Transaction, count: int, people: int) -> None:
    """Earnings of earlier days, written as rows: the flows would take as long as the school was old."""
    newest = tx.value(Query.of("b.newest", "SELECT MAX(id) FROM posting")) or 0
    numbers = range(newest + 1, count + 1)
    tx.many(
        Query.of(
            "b.posting",
            "INSERT INTO posting (id, project_id, kind, effect, operator, posted_at, memo)"
            " VALUES (:i, 1, 'earning', 'bench:' || :i, '', :at, '')",
        ),
        ({"i": i, "at": START + i * 20 * DAY // count} for i in numbers),
    )
    for ref, amount in ((f"'deferred:' || (1 + :i % {people})", 100), ("'revenue:包月'", -100)):
        tx.many(
            Query.of(
                "b.line",
                "INSERT INTO posting_line (project_id, posting_id, ledger_account, amount_fen)"
                f" VALUES (1, :i, {ref}, {amount})",
            ),
            ({"i": i} for i in numbers),
        )
    tx.run(Query.of("b.forget", "DELETE FROM ledger_balance"))
    tx.run(
        Query.of(
            "b.sum",
            "INSERT INTO ledger_balance SELECT project_id, ledger_account, SUM(amount_fen) FROM posting_line GROUP BY 1, 2",
        )
    )


def night(store: Watched, vault: Vault, tables: Tables, now: int) -> None:
    """Each round once, as the daemon runs it after midnight."""
    works: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "chains": lambda: housekeeping.move_chains(store, now),
        "base plans": lambda: base_plans.look(store, tables, now),
        "suspensions": lambda: suspension_round.look(store, tables, now),
        "renewals": lambda: renewals.look(store, tables, now),
        "rents": lambda: rents.take_rents(store, tables, now),
        "meters": lambda: metering.post_all(store, now),
        "earnings": lambda: housekeeping.earn(store, tables, now),
        "month credits": lambda: rents.credit_months(store, tables, now),
        "credit bills": lambda: credit.bill_due(store, tables, now),
        "closing": lambda: closing.look(store, vault, tables, now),
        "cards": lambda: cards.upkeep(store, vault, now),
        "reports": lambda: report_books.catch_up(store, tables),
    }
    whole = 0.0
    for name, work in works.items():
        store.longest_ms, store.count = 0.0, 0
        begin = time.perf_counter()
        wait(work())
        seconds = time.perf_counter() - begin
        whole += seconds
        print(f"  {name:14} {seconds:6.2f} s, {store.count:5} tasks, the longest {store.longest_ms:5.1f} ms")
    print(f"night: {whole:.1f} s")


def ask(name: str, question: Callable[[], object]) -> None:
    """The slowest of five."""
    slowest = 0.0
    for _ in range(5):
        begin = time.perf_counter()
        question()
        slowest = max(slowest, time.perf_counter() - begin)
    print(f"  {name:34} {slowest * 1e3:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--postings", type=int, default=1_000_000)
    options = parser.parse_args()
    vault = Vault(bytes(32), SystemEntropy())
    with tempfile.TemporaryDirectory(prefix="zhuomai-bench-") as folder:
        store = Watched(Path(folder) / "books.db")
        begin = time.perf_counter()
        project_id, tables = fill(store, vault, options.accounts)
        wait(report_books.catch_up(store, tables))
        print(f"{options.accounts} accounts that bought, in {time.perf_counter() - begin:.0f} s")
        for day in (1, 2):
            night(store, vault, tables, START + day * DAY - 8 * 3600 + 120)
        _now(store, lambda tx: more_postings(tx, options.postings, options.accounts))
        begin = time.perf_counter()
        found = wait(report_books.catch_up(store, tables))
        print(f"figures of {found} postings in {time.perf_counter() - begin:.0f} s")
        reader, today, who = store.reader, local_day(START, ZONE), AccountId(options.accounts // 2)
        for part in ("subject", "channel", "operator", "group"):
            ask(
                f"month by day and {part}",
                lambda part=part: reports.income(
                    reader, (), Basis.EARNED, SpanUnit.DAY, today, today + 29, part
                ),
            )
        ask("statement of the month", lambda: reports.statement(reader, (), SpanUnit.MONTH, today))
        page = lists.Page(limit=50)
        ask("account", lambda: reports_people.account(reader, (), who))
        ask("its purchases", lambda: orders.subscriptions_of(reader, project_id, who))
        ask("its orders", lambda: orders.orders_of(reader, project_id, who, 50))
        ask(
            "its wallet's postings",
            lambda: reports_money.postings(
                reader, (), reports_money.PostingFilter(account_ref=f"wallet:{who}"), page
            ),
        )
        ask(
            "its purchase's postings",
            lambda: reports_money.postings(
                reader, (), reports_money.PostingFilter(account_ref=f"deferred:{who}"), page
            ),
        )


if __name__ == "__main__":
    main()
