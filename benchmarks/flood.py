"""How long RADIUS waits while portal pages are asked for as fast as the port takes them.

    python benchmarks/flood.py [--rate 500] [--seconds 10] [--connections 256]

500 logins and reports a second first without, then beside a flood of portal pages from 250 addresses, sent by a process
of its own. Goal: p99 of RADIUS <= 100 ms.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

import mixed
from _http import flood
from _servers import ours, prepare_ours


def flooded(
    port: int, connections: int, seconds: float, told: multiprocessing.SimpleQueue[dict[str, int]]
) -> None:
    """The flood, in a child."""
    told.put(dict(flood(port, connections, seconds)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=256)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="zhuomai-bench-") as name:
        folder = Path(name) / "ours"
        prepare_ours(folder)
        with ours(folder) as box:
            seed = int(time.time()) & 0xFFFFFF
            mixed.measure(box, 1000, 8, seed)
            for turn in range(options.rounds):
                told, cpu = mixed.measure(box, options.rate, options.seconds, seed + 1 + 2 * turn)
                print(mixed.line("alone", told, cpu), flush=True)
                answers: multiprocessing.SimpleQueue[dict[str, int]] = context.SimpleQueue()
                child = context.Process(
                    target=flooded, args=(box["captive"], options.connections, options.seconds + 2, answers)
                )
                child.start()
                time.sleep(1.5)
                told, cpu = mixed.measure(box, options.rate, options.seconds, seed + 2 + 2 * turn)
                print(mixed.line("flooded", told, cpu), flush=True)
                pages = answers.get()
                child.join()
                rates = ", ".join(
                    f"{word} {count / (options.seconds + 2):.0f}/s" for word, count in sorted(pages.items())
                )
                print(f"             pages: {rates}; goal p99 <= 100 ms", flush=True)


if __name__ == "__main__":
    main()
