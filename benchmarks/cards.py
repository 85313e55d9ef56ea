"""How long logins wait while a hundred thousand recharge cards are made, and how long that takes.

    python benchmarks/cards.py [--cards 100000] [--rate 500] [--rounds 3]

Logins are sent by the clock, first without, then beside the making, which is one request of the API after
the other from a process of its own. Goals: all cards within 30 s, and no login waits for them: p99 <= 20 ms.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

import _paced
from _datagrams import SECRET, logins
from _servers import ZHUOMAI, ours, prepare_ours

from zhuomai_appliance.radius.packet import Code

LANES = 64
SECONDS = 6.0


def ask(port: int, token: str, path: str, body: dict[str, object], key: str) -> bytes:
    """One request of the API."""
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}/api/v1{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key},
    )
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(request, context=trusting, timeout=120) as answer:  # noqa: S310
        found: bytes = answer.read()
        return found


def make(
    port: int,
    token: str,
    cards: int,
    seconds: float,
    told: multiprocessing.SimpleQueue[list[tuple[float, float]]],
) -> None:
    """Make batches and export them, one after the other as long as logins are sent, in a child: seconds of each."""
    found, until = [], time.monotonic() + seconds
    while (begin := time.monotonic()) < until:
        batch = json.loads(
            ask(port, token, "/card-batches", {"cards": cards, "face_fen": 5000}, f"bench-{begin}")
        )
        made = time.monotonic()
        text = ask(port, token, f"/card-batches/{batch['id']}/export", {}, "")
        if text.count(b"\n") != cards + 1:
            raise SystemExit(f"{text.count(10)} lines were exported")
        found.append((made - begin, time.monotonic() - made))
    told.put(found)


def paced(port: int, rate: float, seconds: float, seed: int) -> _paced.Told:
    """Logins by the clock."""
    lanes = [
        _paced.Lane(port, Code.ACCESS_ACCEPT, datagrams)
        for datagrams in logins(LANES, int(rate * seconds) // LANES + 2, seed)
    ]
    return _paced.run(lanes, SECRET, _paced.evenly(lanes, rate, seconds))


def waits(told: _paced.Told) -> str:
    return (
        f"logins wait p50 {told.wait_ms(0.5):.1f} ms, p99 {told.wait_ms(0.99):.1f} ms, most {told.wait_ms(1):.1f} ms,"
        f" lost {told.lost}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="zhuomai-bench-") as name:
        folder = Path(name) / "ours"
        prepare_ours(folder)
        with ours(folder) as box:
            words = [
                *ZHUOMAI,
                "--config",
                str(folder / "appliance.toml"),
                "operator",
                "token",
                "admin",
                "--json",
            ]
            printed = subprocess.run(words, check=True, capture_output=True, cwd=Path(__file__).parents[1])
            token = json.loads(printed.stdout)["token"]
            seed = int(time.time()) & 0xFFFFFF
            paced(box["auth"], 1000, 4, seed)
            for turn in range(options.rounds):
                told = paced(box["auth"], options.rate, SECONDS, seed + 1 + 2 * turn)
                print(f"alone:  {waits(told)}", flush=True)
                answers: multiprocessing.SimpleQueue[list[tuple[float, float]]] = context.SimpleQueue()
                child = context.Process(
                    target=make, args=(box["secure"], token, options.cards, SECONDS, answers)
                )
                child.start()
                told = paced(box["auth"], options.rate, SECONDS, seed + 2 + 2 * turn)
                batches = answers.get()
                child.join()
                print(
                    f"beside: {waits(told)}; {len(batches)} times {options.cards} cards made in"
                    f" {median(made for made, _ in batches):.1f} s, exported in {median(out for _, out in batches):.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
