"""How long a request waits at an ordinary peak: 3,000 a second, logins and reports mixed, whether answered or not.

    python benchmarks/mixed.py [--rate 3000] [--seconds 10] [--rounds 3]

One in four is a login, the rest are Start, interims and Stop. Both servers get the same in turn. Goal: p99 <= 20 ms.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import _paced
from _datagrams import ACCOUNTS, SECRET, logins, reports
from _servers import cpu_seconds, ours, prepare_ours, prepare_theirs, theirs

from zhuomai_appliance.radius.packet import Code

LANES = 960
GOAL_MS = 20


def lanes_of(ports: dict[str, int], count: int, seed: int) -> list[_paced.Lane]:
    """A fourth of them log in, the others report."""
    quarter = LANES // 4
    of_lane = count // LANES + 2
    found = [
        _paced.Lane(ports["auth"], Code.ACCESS_ACCEPT, datagrams)
        for datagrams in logins(quarter, of_lane, seed)
    ]
    others = [
        _paced.Lane(ports["acct"], Code.ACCOUNTING_RESPONSE, datagrams)
        for datagrams in reports(LANES - quarter, of_lane, seed)
    ]
    return [lane for at in range(quarter) for lane in (found[at], *others[at * 3 : at * 3 + 3])]


def measure(ports: dict[str, int], rate: float, seconds: float, seed: int) -> tuple[_paced.Told, float]:
    """One round, and the share of one processor that the server used."""
    lanes = lanes_of(ports, int(rate * seconds), seed)
    before = cpu_seconds(ports["pid"])
    told = _paced.run(lanes, SECRET, _paced.evenly(lanes, rate, seconds))
    return told, (cpu_seconds(ports["pid"]) - before) / told.seconds


def line(who: str, told: _paced.Told, cpu: float) -> str:
    return (
        f"{who:<12} p50 {told.wait_ms(0.5):>6.1f} ms   p99 {told.wait_ms(0.99):>7.1f} ms   most {told.wait_ms(1):>7.1f} ms"
        f"   {cpu:>5.0%} of a processor   lost {told.lost}, repeated {told.repeated}, wrong {told.wrong}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=3000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhuomai-bench-") as name:
        folder = Path(name)
        prepare_ours(folder / "ours")
        prepare_theirs(folder / "theirs")
        found: dict[str, list[float]] = {"ours": [], "FreeRADIUS": []}
        with ours(folder / "ours") as box, theirs(folder / "theirs", is_logged=True) as other:
            seed = int(time.time()) & 0xFFFFFF
            for ports in (box, other):
                measure(ports, 1000, ACCOUNTS / 250, seed)
            for turn in range(options.rounds):
                for who, ports in (("ours", box), ("FreeRADIUS", other)):
                    told, cpu = measure(ports, options.rate, options.seconds, seed + 1 + turn)
                    print(line(who, told, cpu), flush=True)
                    found[who].append(told.wait_ms(0.99))
        for who, waits in found.items():
            print(
                f"{who}: p99 at {options.rate:.0f}/s min {min(waits):.1f}, median {median(waits):.1f}, max {max(waits):.1f} ms"
                f"{f'; goal <= {GOAL_MS}' if who == 'ours' else ''}"
            )


if __name__ == "__main__":
    main()
