"""A very large site beside a small one: 1,000,000 accounts, 300,000 open sessions, 20,000,000 finished ones.

    python benchmarks/large.py [--scale 1.0] [--folder PLACE] [--seconds 3] [--rounds 3]

Both are this product; what is told is how much of the small site's rate the large one keeps (goal: 80 %), how long it
takes from start to serving (5 s at most, its file not in the page cache), and its resident memory after the load (600 MiB at most).
The books of full scale take about 15 GB of disk and some minutes; --scale makes everything smaller.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from _datagrams import ACCOUNTS, SECRET, Lanes, logins, person_at, report, reports
from _large_books import Size, grow, open_session_id
from _load import Measured, identifier_of, run
from _servers import cpu_seconds, ours, prepare_ours

from zhuomai_appliance.radius import attributes as a
from zhuomai_appliance.radius.packet import Code

OUTSTANDING = 64
FASTEST = 12_000
GIB = 2**30
OCTETS_OF_FINISHED = 750


def interims(lanes: int, of_lane: int, round_number: int, size: Size) -> Lanes:
    """One more report of sessions that are open, each another one's until all had their turn; each tells of more."""
    now = int(time.time())
    made = []
    for lane in range(lanes):
        datagrams = []
        for turn in range(of_lane):
            cycle, place = divmod(lane + (turn + round_number * of_lane) * lanes, size.open_sessions)
            number = person_at(place, size.accounts)
            seconds = 6000 + cycle * 10
            datagrams.append(
                report(number, identifier_of(lane), open_session_id(place), a.ACCT_INTERIM, now, seconds)
            )
        made.append(datagrams)
    return made


KINDS = {
    "Access-Accept": (Code.ACCESS_ACCEPT, "auth"),
    "new sessions": (Code.ACCOUNTING_RESPONSE, "acct"),
    "interims": (Code.ACCOUNTING_RESPONSE, "acct"),
}


def round_of(
    kind: str, ports: dict[str, int], size: Size, seconds: float, number: int
) -> tuple[Measured, float]:
    of_lane = int(FASTEST * seconds / OUTSTANDING)
    if kind == "Access-Accept":
        lanes = logins(OUTSTANDING, of_lane, number, size.accounts)
    elif kind == "new sessions":
        lanes = reports(OUTSTANDING, of_lane, int(time.time()) & 0xFFFFFF, size.accounts)
    else:
        lanes = interims(OUTSTANDING, of_lane, number, size)
    code, port = KINDS[kind]
    before = cpu_seconds(ports["pid"])
    found = run(ports[port], lanes, SECRET, code, seconds)
    return found, (cpu_seconds(ports["pid"]) - before) / max(found.answered, 1) * 1e6


def resident_mib(pid: int) -> tuple[float, float]:
    """Resident memory now and at its most (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {
        line.split(":")[0]: int(line.split()[1]) / 1024
        for line in lines
        if line.startswith(("VmRSS", "VmHWM"))
    }
    return found["VmRSS"], found["VmHWM"]


def forget_pages(path: Path) -> None:
    """Have the kernel drop a file's pages, as after a start of the machine (posix_fadvise(2))."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="where the books are made and removed again")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    size, small = Size.of(options.scale), Size(ACCOUNTS, 600, 40_000)
    free = shutil.disk_usage(options.folder or tempfile.gettempdir()).free
    if size.finished * OCTETS_OF_FINISHED > free - 2 * GIB:
        raise SystemExit(f"{free / GIB:.0f} GiB are free: choose another --folder or a smaller --scale")
    with tempfile.TemporaryDirectory(prefix="zhuomai-large-", dir=options.folder) as name:
        folders = {"small": Path(name) / "small", "large": Path(name) / "large"}
        for who, folder in folders.items():
            prepare_ours(folder)
            print(f"{who}:", flush=True)
            grow(folder / "state", small if who == "small" else size)
        books = folders["large"] / "state" / "zhuomai.db"
        print(f"  {books.stat().st_size / GIB:.1f} GiB at scale {options.scale:g}")
        starts = []
        for _ in range(options.rounds):
            forget_pages(books)
            began = time.perf_counter()
            with ours(folders["large"]):
                starts.append(time.perf_counter() - began)
        print(f"start to serving: {spread(starts, 's')}; goal <= 5", flush=True)
        with ours(folders["small"]) as one, ours(folders["large"]) as other:
            for folder in folders.values():
                wait_for_copy(folder / "state" / "backups")
            for kind in KINDS:
                compare(kind, {"small": (one, small), "large": (other, size)}, options)
            now, most = resident_mib(other["pid"])
            print(f"resident memory of the large one: {now:.0f} MiB, at its most {most:.0f}; goal <= 600")


def wait_for_copy(backups: Path) -> None:
    """Until the day's copy, which a daemon makes when it starts without one, is made: it would be measured too."""
    began = time.perf_counter()
    while not list(backups.glob("daily-*.sha256")):
        time.sleep(1)
    print(f"waited {time.perf_counter() - began:.0f} s for the copy of the day", flush=True)


def compare(kind: str, sites: dict[str, tuple[dict[str, int], Size]], options: argparse.Namespace) -> None:
    """Rounds of both in turn, and how much of the rate the large one keeps."""
    found: dict[str, list[tuple[Measured, float]]] = {"small": [], "large": []}
    for number in range(options.rounds + 1):
        for who, (ports, size) in sites.items():
            measured = round_of(kind, ports, size, options.seconds, number)
            # The first is for the caches of both
            if number:
                found[who].append(measured)
    for who, rounds in found.items():
        rates = [m.rate for m, _ in rounds]
        print(
            f"{kind:<14} {who:<6} {median(rates):>7.0f} /s   {median(c for _, c in rounds):>4.0f} us cpu"
            f"   p99 {median(m.wait(0.99) for m, _ in rounds):>6.1f} ms   lost {sum(m.lost for m, _ in rounds)},"
            f" wrong {sum(m.wrong for m, _ in rounds)}"
        )
    kept = [two.rate / one.rate for (one, _), (two, _) in zip(found["small"], found["large"], strict=True)]
    print(
        f"{kind:<14} of the small one's rate the large one keeps {spread(kept, '')}; goal >= 0.8", flush=True
    )


def spread(values: list[float], unit: str) -> str:
    return f"min {min(values):.2f}, median {median(values):.2f}, max {max(values):.2f} {unit}".rstrip()


if __name__ == "__main__":
    main()
