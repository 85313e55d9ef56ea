"""Processor time of a login and of an accounting report inside our own process, without a socket between.

    python benchmarks/hot_path.py [--rounds 25] [--count 512] [--profile]

Datagrams like those of the comparison (`freeradius.py`) go into the very protocols, flows and books of the daemon, 64 at a
time, and their signed answers come out. What is counted is processor time, thread by thread: the reactor's thread, which
reads and answers, and the writer's thread, which makes it durable. Both share Python's one lock, so their sum is what
bounds the rate. The best round is told: a busy machine only ever makes it slower.

With --profile the reactor's thread (and, for reports, the writer's) is run once more under cProfile.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import pstats
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from _datagrams import ACCOUNTS, WHOLE, Lanes, logins, reports
from _servers import prepare_ours
from freeradius import FASTEST
from twisted.internet.defer import Deferred, ensureDeferred

from zhuomai_appliance import config
from zhuomai_appliance.appliance import Appliance
from zhuomai_appliance.flows import housekeeping
from zhuomai_appliance.net.radius_udp import AcctProtocol, AuthProtocol
from zhuomai_appliance.radius.packet import Code, decode, encode_reply, message_authenticator

TOGETHER = 64
ROWS_WRITTEN_TOGETHER = 12
"""Attempts are written together after a fifth of a second: about 800 of them at 4,000 logins a second."""


class DoorReactor:
    """The part of a reactor that a daemon without sockets needs: calls from threads, and calls put off."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]]] = queue.SimpleQueue()
        self.later: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def callFromThread(self, function: Callable[..., Any], /, *args: Any) -> None:
        self.calls.put((function, args))

    def callLater(self, _seconds: float, function: Callable[..., Any], /, *args: Any) -> None:
        self.later.append((function, args))

    def addSystemEventTrigger(self, _phase: str, _event: str, _function: Callable[..., Any], /) -> None:
        """Nothing: the benchmark closes the store itself."""

    def turn(self) -> None:
        """Wait for one call from a thread and run it."""
        function, args = self.calls.get(timeout=20)
        function(*args)

    def catch_up(self) -> None:
        """Run what was put off, such as writing down the attempts of the last fifth of a second."""
        put_off, self.later[:] = self.later[:], []
        for function, args in put_off:
            function(*args)


class Out:
    """A transport that keeps the last answer and counts them by code."""

    def __init__(self) -> None:
        self.codes: dict[int, int] = {}

    def write(self, datagram: bytes, _addr: tuple[str, int]) -> None:
        self.codes[datagram[0]] = self.codes.get(datagram[0], 0) + 1

    def count(self, code: int) -> int:
        return self.codes.get(code, 0)


class Bench:
    """The daemon in this process, fed by hand."""

    def __init__(self, folder: Path) -> None:
        self.reactor = DoorReactor()
        self.appliance = Appliance(config.load(folder / "appliance.toml"), self.reactor)
        self.seed = int(time.time()) & 0xFFFFFF

    def wait(self, work: Deferred[Any] | Coroutine[Any, Any, Any]) -> None:
        """Run what the threads hand over until this is done; its failure is the benchmark's."""
        done = ensureDeferred(work)
        while not done.called:
            self.reactor.turn()
        done.addErrback(lambda failure: failure.raiseException())

    def feed(self, protocol: AuthProtocol | AcctProtocol, code: int, rows: Sequence[Sequence[bytes]]) -> Out:
        """Send row after row, each when the one before it is answered, as the lanes of a device would."""
        out = Out()
        protocol.transport = out  # type: ignore[assignment]
        answered = 0
        intake, now = protocol.intake, time.monotonic()
        for turn, row in enumerate(rows):
            for lane, datagram in enumerate(row):
                # The clock of the first stands for all: a row in which some are too old is never so long
                intake.put(datagram, ("127.0.0.1", 2000 + turn % 50 * TOGETHER + lane), protocol, now)
            intake.turn()
            while intake.waiting:
                intake._next()
            now = time.monotonic()
            answered += len(row)
            while out.count(code) < answered:
                self.reactor.turn()
            if turn % ROWS_WRITTEN_TOGETHER == ROWS_WRITTEN_TOGETHER - 1:
                self.reactor.catch_up()
        self.reactor.catch_up()
        return out


def rows_of(lanes: Lanes) -> list[list[bytes]]:
    """The first datagram of every lane, then the second, and so on."""
    return [list(row) for row in zip(*lanes, strict=True)]


def writer_clock() -> Callable[[], float]:
    """Seconds of processor time that the writer's thread has used."""
    found = [thread for thread in threading.enumerate() if thread.name == "store-writer"]
    ident = found[0].ident
    assert ident is not None
    clock = time.pthread_getcpuclockid(ident)
    return lambda: time.clock_gettime(clock)


@contextlib.contextmanager
def daemon() -> Iterator[Bench]:
    """A daemon on books of its own, with everybody's first login behind it."""
    with tempfile.TemporaryDirectory(prefix="zhuomai-hot-") as name:
        folder = Path(name) / "ours"
        prepare_ours(folder)
        bench = Bench(folder)
        bench.wait(housekeeping.prepare_months(bench.appliance.store, int(time.time())))
        lanes = logins(TOGETHER, ACCOUNTS // TOGETHER + 1, bench.seed)
        bench.feed(bench.appliance.auth, Code.ACCESS_ACCEPT, rows_of(lanes))
        try:
            yield bench
        finally:
            bench.wait(bench.appliance.store.close())


def measured(bench: Bench, kind: str, count: int) -> tuple[float, float]:
    """Microseconds of processor time of one answer: the reactor's thread, the writer's thread."""
    bench.seed += 1
    make, protocol, code = (
        (logins, bench.appliance.auth, Code.ACCESS_ACCEPT)
        if kind == "login"
        else (reports, bench.appliance.acct, Code.ACCOUNTING_RESPONSE)
    )
    rows = rows_of(make(TOGETHER, count // TOGETHER, bench.seed))
    writer = writer_clock()
    began, wrote = time.thread_time(), writer()
    bench.feed(protocol, code, rows)
    answers = len(rows) * TOGETHER
    ours = (time.thread_time() - began) / answers * 1e6
    # What is gathered and written together must be behind us before the writer's share is read
    bench.wait(bench.appliance.store.write(lambda _: None))
    return ours, (writer() - wrote) / answers * 1e6


def codec_alone(count: int) -> float:
    """Microseconds of what no server can leave out: read a login, check its signature, sign an answer of 8 attributes."""
    datagrams = [row[0] for row in rows_of(logins(1, count, 1))]
    attributes = [(25, bytes(34)), *((number, bytes(4)) for number in (27, 28, 85, 29)), (26, bytes(10))]
    began = time.thread_time()
    for datagram in datagrams:
        packet = decode(datagram)
        message_authenticator(packet, WHOLE)
        encode_reply(Code.ACCESS_ACCEPT, packet, attributes, WHOLE, sign=True)
    return (time.thread_time() - began) / count * 1e6


def profile(bench: Bench, kind: str, count: int, top: int) -> None:
    """Where the two threads spend their time, by function."""
    figures = {"reactor": cProfile.Profile(), "writer": cProfile.Profile()}
    write = bench.appliance.store.write
    # A profiler watches the thread that switches it on
    bench.wait(write(lambda _: figures["writer"].enable()))
    figures["reactor"].runcall(measured, bench, kind, count)
    bench.wait(write(lambda _: figures["writer"].disable()))
    for thread, found in figures.items():
        print(f"-- {kind}, the {thread}'s thread")
        pstats.Stats(found).sort_stats("tottime").print_stats(top)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--top", type=int, default=40)
    options = parser.parse_args()
    assert options.count <= max(FASTEST.values())
    with daemon() as bench:
        print(f"codec and signatures alone  {min(codec_alone(500) for _ in range(5)):6.1f} us")
        for kind in ("login", "report"):
            rounds = [measured(bench, kind, options.count) for _ in range(options.rounds)]
            reactor_us, writer_us = min(one for one, _ in rounds), min(other for _, other in rounds)
            print(
                f"{kind:<8} reactor {reactor_us:6.1f} us   writer {writer_us:6.1f} us"
                f"   both {reactor_us + writer_us:6.1f} us of processor",
                flush=True,
            )
            if options.profile:
                profile(bench, kind, options.count, options.top)


if __name__ == "__main__":
    main()
