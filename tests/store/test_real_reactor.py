"""The store on the daemon's own reactor."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from tests.store.small import COUNT, NAMES, SCHEMA, adding
from zhuomai_appliance.store.sqlite import ReactorThreads, SqliteStore


class RealReactorTests(TestCase):
    """Coroutines, the asyncio reactor, real threads."""

    async def test_a_flow_reads_writes_and_backs_up(self) -> None:
        """Every answer comes on the reactor thread, after the commit, and the threads end with close."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        folder = Path(scratch.name)
        store = SqliteStore(folder / "small.db", cast(ReactorThreads, reactor), schema=SCHEMA)
        here = threading.current_thread()
        threads = []

        async def flow(name: str) -> int:
            before = store.reader.value(COUNT)
            await store.write(adding(name))
            threads.append(threading.current_thread())
            rows = await store.read(lambda reader: reader.all(NAMES))
            threads.append(threading.current_thread())
            assert (name,) in rows
            return int(store.reader.value(COUNT) - before)

        grown = await gatherResults([Deferred.fromCoroutine(flow(f"p{number}")) for number in range(40)])
        self.assertTrue(all(count >= 1 for count in grown))
        self.assertEqual(set(threads), {here})
        report = await store.backup(folder / "copy.db")
        self.assertEqual(report.schema_version, 1)
        await store.close()
        self.assertEqual([t.name for t in threading.enumerate() if t.name.startswith("store-")], [])
