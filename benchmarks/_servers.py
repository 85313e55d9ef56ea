"""The servers that are measured: this box and Debian's FreeRADIUS, each a child on loopback with books of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from _datagrams import ACCOUNTS, SECRET, name_of, password_of

HERE = Path(__file__).resolve().parent
DEBIAN = Path("/etc/freeradius/3.0/mods-config/sql/main/sqlite")
THREADS = 8

SLOWER_DISK: list[str] = []
"""What both servers are started by where each of their syncs shall take longer than this machine's."""


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
    """`zhuomai serve`; its ports by name, and its process id as ``pid``."""
    log, listening = folder / "serve.log", folder / "state" / "listening.json"
    listening.unlink(missing_ok=True)
    start = ZHUOMAI if profile is None else [sys.executable, str(HERE / "_profiled.py"), str(profile)]
    with process([*start, "--config", str(folder / "appliance.toml"), "serve"], log, folder) as child:
        until("zhuomai", listening.exists, child, log)
        bound = json.loads(listening.read_text())
        ports = {kind: int(found[0].rpartition(":")[2]) for kind, found in bound.items() if found}
        yield {**ports, "pid": child.pid}


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        port: int = wire.getsockname()[1]
        return port


REPLY = [
    ("Session-Timeout", "2592000"),
    ("Acct-Interim-Interval", "300"),
    ("Class", "z1bench"),
    ("Huawei-Input-Average-Rate", "4000000"),
    ("Huawei-Output-Average-Rate", "8000000"),
]
"""What FreeRADIUS puts into each Access-Accept."""


def prepare_theirs(folder: Path) -> None:
    """Books and a users file with the same accounts."""
    folder.mkdir(parents=True)
    words = ",\n".join(f"\t{name} = {value}" for name, value in REPLY)
    (folder / "users").write_text(
        "".join(
            f'{name_of(i)} Cleartext-Password := "{password_of(i)}"\n{words}\n\n' for i in range(ACCOUNTS)
        )
    )
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
        REPLY,
    )
    books.commit()
    books.close()


READY = "Ready to process requests"


@contextlib.contextmanager
def theirs(folder: Path, source: str = "sql", *, is_logged: bool = False) -> Iterator[dict[str, int]]:
    """FreeRADIUS in the foreground on our own configuration; its ports by name, and its process id as ``pid``.

    ``source`` is where accounts come from, ``sql`` or ``files``; ``is_logged`` has it write a row for each login.
    """
    server = shutil.which("freeradius") or shutil.which("radiusd")
    if server is None:
        raise SystemExit("FreeRADIUS is not installed; `make bench` installs it")
    ports = {"auth": free_port(), "acct": free_port()}
    words = {
        "DIR": str(folder), "SECRET": SECRET.decode(), "THREADS": str(THREADS), "AUTH": str(ports["auth"]),
        "ACCT": str(ports["acct"]), "POSTAUTH": "sql" if is_logged else "ok", "SOURCE": source,
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


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used of the processors, user and system (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
