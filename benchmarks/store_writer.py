"""Durable writes and inline reads a second through the store, on the asyncio reactor.

    python benchmarks/store_writer.py [SECONDS]

Each of N callers keeps one write outstanding: it asks again as soon as it is answered, after the commit. WAL with
synchronous=FULL, one small upsert a write, in a temporary folder (TMPDIR chooses the disk).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from twisted.internet import asyncioreactor

asyncioreactor.install()

from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred, gatherResults  # noqa: E402

from zhuomai_appliance.store.interface import Transaction, Value  # noqa: E402
from zhuomai_appliance.store.sql import Query  # noqa: E402
from zhuomai_appliance.store.sqlite import SqliteStore  # noqa: E402

SCHEMA = """
CREATE TABLE meter (id {bigint} PRIMARY KEY, octets {bigint} NOT NULL, note TEXT NOT NULL) {strict};
"""
COUNT = Query.of(
    "bench.count",
    "INSERT INTO meter (id, octets, note) VALUES (:id, :octets, :note)"
    " ON CONFLICT (id) DO UPDATE SET octets = max(meter.octets, excluded.octets)",
)
READ = Query.of("bench.read", "SELECT octets, note FROM meter WHERE id = :id")
ROWS = 20_000
NOTE = "x" * 100


async def writes(store: SqliteStore, outstanding: int, seconds: float) -> None:
    waits: list[float] = []
    until = time.perf_counter() + seconds
    before = store.counters

    async def caller(number: int) -> None:
        key = number
        while (asked := time.perf_counter()) < until:
            key = (key + 7919) % ROWS

            def task(tx: Transaction, key: int = key) -> int:
                return tx.run(COUNT, id=key, octets=key, note=NOTE)

            await store.write(task)
            waits.append(time.perf_counter() - asked)

    started = time.perf_counter()
    await gatherResults([Deferred.fromCoroutine(caller(number)) for number in range(outstanding)])
    took = time.perf_counter() - started
    waits.sort()
    groups = store.counters.groups - before.groups
    print(
        f"{outstanding:5d} outstanding: {len(waits) / took:9,.0f} writes/s  {groups / took:7,.0f} commits/s"
        f"  p50 {waits[len(waits) // 2] * 1e3:6.2f} ms  p99 {waits[len(waits) * 99 // 100] * 1e3:6.2f} ms"
    )


def reads(store: SqliteStore, seconds: float) -> None:
    one = store.reader.one
    count, key, started = 0, 1, time.perf_counter()
    while (now := time.perf_counter()) < started + seconds:
        for _ in range(100):
            key = (key + 7919) % ROWS
            one(READ, id=key)
        count += 100
    print(
        f"inline reads by key: {count / (now - started):9,.0f}/s, {(now - started) / count * 1e6:.1f} us each"
    )


async def run(folder: Path, seconds: float) -> None:
    (folder / "0001_initial.sql").write_text(SCHEMA, encoding="utf-8")
    store = SqliteStore(folder / "bench.db", reactor, schema=folder)  # type: ignore[arg-type]
    rows: list[dict[str, Value]] = [{"id": number, "octets": 0, "note": NOTE} for number in range(ROWS)]
    await store.write(lambda tx: tx.many(COUNT, rows))
    for outstanding in (1, 64, 1_000):
        await writes(store, outstanding, seconds)
    reads(store, seconds)
    await store.close()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory() as folder:
        finished = Deferred.fromCoroutine(run(Path(folder), seconds))
        failures: list[object] = []
        finished.addErrback(failures.append)
        finished.addBoth(lambda _: reactor.callLater(0, reactor.stop))
        reactor.run()
        if failures:
            sys.exit(str(failures[0]))


if __name__ == "__main__":
    main()
