"""PEAP logins beside FreeRADIUS: what a login costs the server, and how many there are a second with stock clients.

The clients are eapol_test processes, TLS 1.2, no resumption, one login each: they cost more than either server, so what is
compared is the processor time of the servers. FreeRADIUS has its accounts in a file and keeps nothing of a login; this box
judges its whole policy and records each.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from _datagrams import SECRET, name_of, password_of
from _servers import HERE, READY, THREADS, cpu_seconds, free_port, ours, prepare_ours, process, until

WORKERS = 4
NETWORK = """network={{
key_mgmt=WPA-EAP
eapol_flags=0
eap=PEAP
identity="{name}"
password="{password}"
phase1="tls_disable_tlsv1_3=1"
phase2="auth=MSCHAPV2"
ca_cert="{authority}"
}}
"""


def log_in(folder: Path, port: int, number: int) -> bool:
    """One login with a client of its own."""
    file = folder / f"{number}.conf"
    done = subprocess.run(
        [
            "eapol_test", f"-c{file}", "-a127.0.0.1", f"-p{port}", f"-s{SECRET.decode()}", "-t10",
            f"-M02:00:00:01:{number >> 8 & 255:02x}:{number & 255:02x}",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.returncode == 0


def measure(folder: Path, port: int, pid: int, numbers: range) -> tuple[float, float]:
    """Logins a second, and milliseconds of the server's processor for each; every login must come through."""
    before, began = cpu_seconds(pid), time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        passed = sum(pool.map(lambda number: log_in(folder, port, number), numbers))
    took = time.monotonic() - began
    if passed != len(numbers):
        raise SystemExit(f"only {passed} of {len(numbers)} logins came through")
    return passed / took, (cpu_seconds(pid) - before) / passed * 1000


def main() -> None:
    """Both servers in turn, round by round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--logins", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare_ours(folder / "ours")
        state, there = folder / "ours" / "state", folder / "theirs"
        there.mkdir()
        port = free_port()
        words = {
            "DIR": there, "THREADS": THREADS, "SECRET": SECRET.decode(), "AUTH": port,
            "KEY": state / "eap.key", "CERTIFICATE": state / "eap.crt", "AUTHORITY": state / "eap-ca.crt",
        }  # fmt: skip
        text = (HERE / "raddb" / "peap.conf").read_text()
        for name, value in words.items():
            text = text.replace(f"@{name}@", str(value))
        (there / "radiusd.conf").write_text(text)
        # Every account once only: the second device of one would push a place out
        numbers = range(options.rounds * options.logins)
        (there / "users").write_text(
            "".join(f'{name_of(n)} Cleartext-Password := "{password_of(n)}"\n\n' for n in numbers)
        )
        for number in numbers:
            (folder / f"{number}.conf").write_text(
                NETWORK.format(
                    name=name_of(number), password=password_of(number), authority=state / "eap-ca.crt"
                )
            )
        log = there / "radius.log"
        command = ["freeradius", "-f", "-d", str(there), "-n", "radiusd"]
        costs: list[tuple[float, float]] = []
        rates: list[float] = []
        with ours(folder / "ours") as own, process(command, there / "out.log", there) as child:
            until("freeradius", lambda: log.exists() and READY in log.read_text(), child, log)
            for turn in range(options.rounds):
                some = range(turn * options.logins, (turn + 1) * options.logins)
                rate, cost = measure(folder, own["auth"], own["pid"], some)
                their_rate, their_cost = measure(folder, port, child.pid, some)
                costs.append((cost, their_cost))
                rates.append(rate / their_rate)
                print(
                    f"PEAP/MSCHAPv2: zhuomai {rate:.0f}/s, {cost:.1f} ms a login;"
                    f" FreeRADIUS {their_rate:.0f}/s, {their_cost:.1f} ms a login",
                    flush=True,
                )
        ratios = sorted(theirs / ours_ for ours_, theirs in costs)
        print(
            f"logins/s with {WORKERS} stock clients: {median(rates):.2f} x FreeRADIUS"
            f" ({min(rates):.2f}-{max(rates):.2f}); goal 0.5"
        )
        print(
            f"logins per second of processor time: {median(ratios):.2f} x FreeRADIUS"
            f" ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
