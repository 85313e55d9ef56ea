"""The same logins and the same accounting on this box and on Debian's FreeRADIUS with SQLite, side by side in one run.

    python benchmarks/freeradius.py [--seconds 3] [--rounds 3] [--outstanding 64] [--sync-us 0]
        [--profile FIGURES]

Both servers are started here, on loopback ports and folders of their own, with the same accounts, and get the same kind
of datagrams from the same generator; rounds alternate between them and the median counts. Both keep their books in
SQLite with WAL and synchronous=FULL, and answer accounting after it is durable.

Ours does more for its answer: lists, locks, bindings, plan chain, concurrency, one-time secrets, Class, an attempt row for
each login, usage by plan and day. FreeRADIUS is measured with a row for each login, as its default site does with sql
(the fair row: so do both), without, and with its `files` module, which keeps no state of any kind.

Durable accounting is a question of the disk: FreeRADIUS syncs for each report, ours for all that wait. So the time of one
sync is told with the figures, and --sync-us makes it longer for both, as on an ordinary disk: a virtual one often
answers from a cache, a solid-state disk without power-loss protection takes one to five milliseconds, a turning one ten.

At the end our server runs once more under cProfile and the share of each function is printed; --profile keeps the
figures (FIGURES.auth.reactor and so on) for `python -m pstats`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pstats
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from _datagrams import ACCOUNTS, SECRET, logins, reports
from _load import Measured, middle, run
from _servers import (
    SLOWER_DISK,
    cpu_seconds,
    ours,
    prepare_ours,
    prepare_theirs,
    slower_disk,
    sync_us,
    theirs,
)

from zhuomai_appliance.radius.packet import Code

IDLE = re.compile(r"'(poll|acquire)' of|'get' of '_queue")
"""What a thread sleeps in, as cProfile names it: no work of the processor."""


# Measuring --------------------------------------------------------------------------------------------------------------

KINDS = {
    "auth": (logins, Code.ACCESS_ACCEPT, "Access-Accept"),
    "acct": (reports, Code.ACCOUNTING_RESPONSE, "accounting, durable"),
}


def load(kind: str, port: int, outstanding: int, seconds: float, seed: int, fastest: int) -> Measured:
    """One round. ``fastest`` answers a second is what the datagrams are made for."""
    make, code, _ = KINDS[kind]
    of_lane = max(1, int(fastest * seconds / outstanding))
    return run(port, make(outstanding, of_lane, seed), SECRET, code, seconds)


FASTEST = {"auth": 14_000, "acct": 14_000}


def measured_load(
    kind: str, ports: dict[str, int], options: argparse.Namespace, seed: int
) -> tuple[Measured, float]:
    """One round, and the microseconds of processor time that the server used for each answer."""
    before = cpu_seconds(ports["pid"])
    found = load(kind, ports[kind], options.outstanding, options.seconds, seed, FASTEST[kind])
    used = cpu_seconds(ports["pid"]) - before
    return found, used / max(found.answered, 1) * 1e6


def line(title: str, who: str, measured: Measured, cpu: float) -> str:
    return (
        f"{title:<22} {who:<42} {measured.rate:>8.0f} /s   {cpu:>5.0f} us cpu   p50 {measured.wait(0.5):>6.1f} ms   p99 {measured.wait(0.99):>7.1f} ms"
        f"   lost {measured.lost}, repeated {measured.repeated}, wrong {measured.wrong}"
    )


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Alternate rounds between the servers and print the medians with their ratios."""
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, one sync {sync_us(folder) + options.sync_us:.0f} us"
        f"{' (made longer for both)' if options.sync_us else ''},"
        f" {options.outstanding} requests outstanding, {options.rounds} rounds of {options.seconds:g} s\n",
        flush=True,
    )
    seed = int(time.time()) & 0xFFFFFF
    with ours(folder / "ours") as box:
        # Everybody once: first logins bind devices and fill caches on both sides
        load("auth", box["auth"], 32, 60, seed, ACCOUNTS // 60 + 1)
        for title, kind, peer, goal in ROWS:
            seed += 100
            row(title, kind, box, peer(folder / "theirs"), goal, options, seed)


Peer = contextlib.AbstractContextManager[dict[str, int]]

ROWS: list[tuple[str, str, Callable[[Path], Peer], str]] = [
    ("FreeRADIUS, SQLite, a row for each login", "auth", lambda folder: theirs(folder, is_logged=True), "4"),
    ("FreeRADIUS, SQLite, no row for a login", "auth", theirs, "-"),
    ("FreeRADIUS, a file, nothing kept at all", "auth", lambda folder: theirs(folder, "files"), "1 (aim)"),
    ("FreeRADIUS, SQLite", "acct", theirs, "10"),
]
"""What is compared: the peer's title, the kind of request, the peer, and the goal for our multiple of its rate."""


def row(
    title: str, kind: str, box: dict[str, int], peer: Peer, goal: str, options: argparse.Namespace, seed: int
) -> None:
    """One line of the comparison: rounds of ours and of the peer in turn."""
    found: dict[str, list[tuple[Measured, float]]] = {"ours": [], title: []}
    with peer as other:
        load(kind, other[kind], 32, 60, seed, ACCOUNTS // 60 + 1)
        for turn in range(options.rounds):
            for who, ports in (("ours", box), (title, other)):
                found[who].append(measured_load(kind, ports, options, seed + turn))
    for who, rounds in found.items():
        print(line(KINDS[kind][2], who, middle([m for m, _ in rounds]), median(cpu for _, cpu in rounds)))
    ratios = sorted(
        one.rate / two.rate for (one, _), (two, _) in zip(found["ours"], found[title], strict=True)
    )
    print(
        f"{KINDS[kind][2]:<22} ratio min {ratios[0]:.2f}, median {median(ratios):.2f}, max {ratios[-1]:.2f};"
        f" goal {goal}\n",
        flush=True,
    )


def profile(folder: Path, options: argparse.Namespace) -> None:
    """Our server once more under cProfile: where the time of a login and of a report goes."""
    target: Path = (options.profile or folder / "profile").absolute()
    for kind, (_, _, title) in KINDS.items():
        figures = target.with_name(f"{target.name}.{kind}")
        with ours(folder / "ours", figures) as ports:
            load("auth", ports["auth"], 32, 60, 1, ACCOUNTS // 60 + 1)
            measured = load(
                kind, ports[kind], options.outstanding, options.seconds, int(time.time()), FASTEST[kind]
            )
        for part in ("reactor", "threads"):
            print(
                f"\n-- {title}, {part}: own time of each function, {measured.answered} answers under the profiler"
            )
            print_shares(pstats.Stats(f"{figures}.{part}"), options.top)


def print_shares(stats: pstats.Stats, top: int) -> None:
    """The functions that took the most time themselves, in percent of the time in which the thread was not waiting."""
    functions: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]
    own = {place: (entry[1], entry[2]) for place, entry in functions.items() if not IDLE.search(place[2])}
    busy = sum(seconds for _, seconds in own.values()) or 1.0
    for (file, at, name), (calls, seconds) in sorted(own.items(), key=lambda item: -item[1][1])[:top]:
        short = "" if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{at}"
        print(f"{seconds / busy:>7.1%} {calls:>9,} calls  {name}  {short}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--outstanding", type=int, default=64)
    parser.add_argument("--sync-us", type=int, default=0, help="make each sync of both so much longer")
    parser.add_argument("--profile", type=Path, help="keep the figures of the profiler here (pstats)")
    parser.add_argument("--only-profile", action="store_true")
    parser.add_argument("--top", type=int, default=12, help="lines of each profile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhuomai-bench-") as name:
        folder = Path(name)
        if options.sync_us:
            SLOWER_DISK[:] = slower_disk(options.sync_us)
        prepare_ours(folder / "ours")
        if not options.only_profile:
            prepare_theirs(folder / "theirs")
            compare(folder, options)
        profile(folder, options)


if __name__ == "__main__":
    main()
