"""The same logins and the same accounting on this box and on Debian's FreeRADIUS with SQLite, side by side in one run.

    python benchmarks/freeradius.py [--seconds 3] [--rounds 3] [--outstanding 64] [--sync-us 0]
        [--profile FIGURES]

Both servers are started here, on loopback ports and folders of their own, with the same accounts, and get the same kind
of datagrams from the same generator; rounds alternate between them and the median counts. Both keep their books in
SQLite with WAL and synchronous=FULL, and answer accounting after it is durable.

Ours does more for its answer: lists, locks, bindings, plan chain, concurrency, one-time secrets, Class, an attempt row for
each login, usage by plan and day. FreeRADIUS is measured without a row for each login, and once more with its own, as its
default site does with sql: that row is the fair one, for there both keep a record of every login.

Durable accounting is a question of the disk: FreeRADIUS syncs for each report, ours for all that wait. So the time of one
sync is told with the figures, and --sync-us makes it longer for both, as on an ordinary disk: a virtual one often
answers from a cache, a solid-state disk without power-loss protection takes one to five milliseconds, a turning one ten.

At the end our server runs once more under cProfile and the share of each function is printed; --profile keeps the
figures (FIGURES.auth.reactor and so on) for `python -m pstats`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pstats
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from _datagrams import ACCOUNTS, SECRET, logins, name_of, password_of, reports
from _load import Measured, middle, run

from zhuomai_appliance.radius.packet import Code

HERE = Path(__file__).resolve().parent
DEBIAN = Path("/etc/freeradius/3.0/mods-config/sql/main/sqlite")
THREADS = 8

IDLE = re.compile(r"'(poll|acquire)' of|'get' of '_queue")
"""What a thread sleeps in, as cProfile names it: no work of the processor."""

SLOWER_DISK: list[str] = []
"""What both servers are started by where each of their syncs shall take longer than this machine's."""


# Servers ----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def process(words: list[str], log: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child of ours, ended by its own process id."""
    with log.open("wb") as file:
        child = subprocess.Popen(
            [*SLOWER_DISK, *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def until(what: str, ready: Callable[[], bool], child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a server; its own last words if it does not come."""
    for _ in range(600):
        if ready():
            return
        if child.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"{what} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def site_text() -> str:
    head = f"""
[[project]]
name = "main"
zone = "Asia/Shanghai"
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "ac1"
address = "127.0.0.1"
secret = "{SECRET.decode()}"
vendor = "huawei-campus"
portal_secret = "{SECRET.decode()}"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 2
[[plan]]
name = "pack"
kind = "data"
period = "1 month"
data = "1000 GB"
price = "30.00"
rate = "8M"
max_sessions = 2
[[group]]
name = "students"
plan = "monthly"
"""
    people = [
        f'[[account]]\nusername = "{name_of(i)}"\npassword = "{password_of(i)}"\nfull_name = "Student"\n'
        f'group = "students"\nplan = "{"pack" if i % 4 == 0 else "monthly"}"\n'
        for i in range(ACCOUNTS)
    ]
    return head + "".join(people)


SETTINGS = """
[state]
dir = "{folder}/state"
[radius]
auth = ["127.0.0.1:0"]
acct = ["127.0.0.1:0"]
[portal]
listen = "127.0.0.1:0"
[web]
captive = "127.0.0.1:0"
secure = "127.0.0.1:0"
plain_admin = ""
public_url = "http://127.0.0.1"
"""


def prepare_ours(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "appliance.toml").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    (folder / "site.toml").write_text(site_text(), encoding="utf-8")
    for words in (["init"], ["apply", str(folder / "site.toml")]):
        subprocess.run(
            [*ZHUOMAI, "--config", str(folder / "appliance.toml"), *words],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        )  # fmt: skip


ZHUOMAI = [sys.executable, "-m", "zhuomai_appliance.tap"]


@contextlib.contextmanager
def ours(folder: Path, profile: Path | None = None) -> Iterator[dict[str, int]]:
    """`zhuomai serve`; its ports by name, and its process id."""
    log, listening = folder / "serve.log", folder / "state" / "listening.json"
    listening.unlink(missing_ok=True)
    start = ZHUOMAI if profile is None else [sys.executable, str(HERE / "_profiled.py"), str(profile)]
    with process([*start, "--config", str(folder / "appliance.toml"), "serve"], log, folder) as child:
        until("zhuomai", listening.exists, child, log)
        bound = json.loads(listening.read_text())
        ports = {kind: int(bound[kind][0].rpartition(":")[2]) for kind in ("auth", "acct")}
        yield {**ports, "pid": child.pid}


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        port: int = wire.getsockname()[1]
        return port


def prepare_theirs(folder: Path) -> None:
    folder.mkdir(parents=True)
    books = sqlite3.connect(folder / "radius.db")
    books.execute("PRAGMA journal_mode = WAL")
    assert books.execute("PRAGMA synchronous").fetchone() == (2,), (
        "this SQLite is not synchronous=FULL by default"
    )
    books.executescript((DEBIAN / "schema.sql").read_text())
    books.executemany(
        "INSERT INTO radcheck (username, attribute, op, value) VALUES (?, 'Cleartext-Password', ':=', ?)",
        [(name_of(i), password_of(i)) for i in range(ACCOUNTS)],
    )
    books.executemany(
        "INSERT INTO radusergroup (username, groupname, priority) VALUES (?, 'students', 1)",
        [(name_of(i),) for i in range(ACCOUNTS)],
    )
    books.executemany(
        "INSERT INTO radgroupreply (groupname, attribute, op, value) VALUES ('students', ?, ':=', ?)",
        [
            ("Session-Timeout", "2592000"),
            ("Acct-Interim-Interval", "300"),
            ("Class", "z1bench"),
            ("Huawei-Input-Average-Rate", "4000000"),
            ("Huawei-Output-Average-Rate", "8000000"),
        ],
    )
    books.commit()
    books.close()


READY = "Ready to process requests"


@contextlib.contextmanager
def theirs(folder: Path, *, postauth: bool = False) -> Iterator[dict[str, int]]:
    """FreeRADIUS in the foreground on our own configuration; its ports by name, and its process id."""
    server = shutil.which("freeradius") or shutil.which("radiusd")
    if server is None:
        raise SystemExit("FreeRADIUS is not installed; `make bench` installs it")
    ports = {"auth": free_port(), "acct": free_port()}
    words = {
        "DIR": str(folder), "SECRET": SECRET.decode(), "THREADS": str(THREADS), "AUTH": str(ports["auth"]),
        "ACCT": str(ports["acct"]), "POSTAUTH": "sql" if postauth else "ok",
    }  # fmt: skip
    text = (HERE / "raddb" / "radiusd.conf").read_text()
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    (folder / "radiusd.conf").write_text(text)
    log = folder / "radius.log"
    log.write_text("")
    with process([server, "-f", "-n", "radiusd", "-d", str(folder)], folder / "stdout.log", folder) as child:
        until("FreeRADIUS", lambda: READY in log.read_text(errors="replace"), child, log)
        yield {**ports, "pid": child.pid}


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


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used of the processors, user and system (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
        f"{title:<22} {who:<26} {measured.rate:>8.0f} /s   {cpu:>5.0f} us cpu   p50 {measured.wait(0.5):>6.1f} ms   p99 {measured.wait(0.99):>7.1f} ms"
        f"   lost {measured.lost}, repeated {measured.repeated}, wrong {measured.wrong}"
    )


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Alternate rounds between the servers and print the medians with their ratio."""
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, one sync {sync_us(folder) + options.sync_us:.0f} us"
        f"{' (made longer for both)' if options.sync_us else ''},"
        f" {options.outstanding} requests outstanding, {options.rounds} rounds of {options.seconds:g} s\n",
        flush=True,
    )
    ratios: dict[str, float] = {}
    with ours(folder / "ours") as our_ports, theirs(folder / "theirs") as their_ports:
        seed = int(time.time()) & 0xFFFFFF
        for ports in (our_ports, their_ports):
            # Everybody once: first logins bind devices and fill caches on both sides
            load("auth", ports["auth"], 32, 60, seed, ACCOUNTS // 60 + 1)
        for kind, (_, _, title) in KINDS.items():
            found: dict[str, list[tuple[Measured, float]]] = {"ours": [], "FreeRADIUS": []}
            for _ in range(options.rounds):
                for who, ports in (("ours", our_ports), ("FreeRADIUS", their_ports)):
                    seed += 1
                    found[who].append(measured_load(kind, ports, options, seed))
            rates = {who: middle([m for m, _ in rounds]) for who, rounds in found.items()}
            cpus = {who: median(cpu for _, cpu in rounds) for who, rounds in found.items()}
            for who, measured in rates.items():
                print(line(title, who, measured, cpus[who]))
            ratios[kind] = print_ratio(title, rates["ours"], rates["FreeRADIUS"])
            if kind == "auth":
                ours_alone = rates["ours"]
    with theirs(folder / "theirs", postauth=True) as ports:
        logged = [measured_load("auth", ports, options, seed + 1 + turn) for turn in range(options.rounds)]
    measured, cpu = middle([m for m, _ in logged]), median(cpu for _, cpu in logged)
    print(line("Access-Accept", "FreeRADIUS, logins logged", measured, cpu))
    ratios["fair"] = print_ratio("Access-Accept", ours_alone, measured, " (both keep a row for each login)")
    alone = f"{ratios['auth']:.1f} times where only ours does; "
    if options.sync_us:
        # Under strace FreeRADIUS is slower even where it never syncs: nothing that a slower disk would do
        alone = "(its rate without a row is slowed by strace itself: not to be compared); "
    print(
        f"In sum: {ratios['fair']:.1f} times FreeRADIUS's logins where both keep a row for each (the fair row: so does its\n"
        f"default site with sql), {alone}{ratios['acct']:.1f} times its durable accounting on this disk."
    )


def print_ratio(title: str, one: Measured, other: Measured, words: str = "") -> float:
    ratio = one.rate / other.rate
    print(f"{title:<22} ratio {ratio:.1f}{words}\n", flush=True)
    return ratio


def slower_disk(more_us: int) -> list[str]:
    """The words before a server's own that make each of its syncs return so many microseconds later (strace(1))."""
    if shutil.which("strace") is None:
        raise SystemExit("--sync-us needs strace")
    # -D keeps the server our own child, to be ended by its process id; only the syncs are stopped at
    traced = ["-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_exit={more_us}"]
    return ["strace", "-D", "-f", "-qq", "--seccomp-bpf", *traced, "-o", "/dev/null"]


def sync_us(folder: Path) -> float:
    """Microseconds to append a page to a file and have it on the disk, the median of a hundred."""
    times = []
    with (folder / "sync.probe").open("wb") as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times) * 1e6


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
