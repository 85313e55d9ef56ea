"""The bell rings: 20,000 people log in within a minute, most of them at once, and open portal pages beside.

    python benchmarks/storm.py [--people 20000] [--seconds 60] [--pages 60]

A device asks again when it is not answered within two seconds, up to four times; one in ten asks twice within a tenth of
a second for no reason. A login is followed by the Start of its session. Beside that, so many portal pages a second are
fetched. Goals: nothing lost, p99 <= 1 s, no queue that grows.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

import _paced
from _datagrams import ACCOUNTS, SECRET, login, report
from _http import Client
from _large_books import Size, grow
from _load import identifier_of
from _servers import ours, prepare_ours

from zhuomai_appliance.radius import attributes as a
from zhuomai_appliance.radius.packet import Code

START_SECONDS = 0.2
"""From a client's Accept to the Start of its session."""


def arrivals(people: int, seconds: float, chance: random.Random) -> list[float]:
    """When each of a crowd comes: half of them in the first sixth, thinning out to the end."""
    times = [
        chance.uniform(0, seconds / 6)
        if at % 2
        else seconds / 6 + seconds * 5 / 6 * (1 - chance.random() ** 0.5)
        for at in range(people)
    ]
    return sorted(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pages", type=float, default=60, help="portal pages a second")
    options = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="zhuomai-bench-") as name:
        folder = Path(name) / "ours"
        prepare_ours(folder)
        grow(folder / "state", Size(max(options.people, ACCOUNTS), 0, 0))
        with ours(folder) as box:
            now = int(time.time())
            starts = [
                _paced.Lane(
                    box["acct"],
                    Code.ACCOUNTING_RESPONSE,
                    [report(n, identifier_of(n), b"storm%08x" % n, a.ACCT_START, now)],
                )
                for n in range(options.people)
            ]
            logins = [
                _paced.Lane(
                    box["auth"],
                    Code.ACCESS_ACCEPT,
                    [login(n, identifier_of(n), now)],
                    starts[n],
                    START_SECONDS,
                )
                for n in range(options.people)
            ]
            events = list(zip(arrivals(options.people, options.seconds, chance), logins, strict=True))
            copies = [(at + chance.uniform(0.01, 0.1), lane) for at, lane in events if chance.random() < 0.1]
            with pages_beside(box["captive"], options.pages) as client:
                told = _paced.run([*logins, *starts], SECRET, events, copies)
            print_told(told, box, options.people, client)


class pages_beside(Client):  # noqa: N801 - reads as a statement
    """A visitor's first page, so many a second, from a thread of its own, until the block ends."""

    def __init__(self, port: int, rate: float) -> None:
        super().__init__(port)
        self._rate = rate
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._is_over.wait(1 / self._rate):
            self.fetch("/")


def print_told(told: _paced.Told, box: dict[str, int], people: int, client: Client) -> None:
    arrived = told.outstanding or [0]
    third = max(1, len(arrived) // 3)
    print(
        f"{people} logins and as many Starts in {told.seconds:.0f} s: answered {told.answered}, lost {told.lost},"
        f" wrong {told.wrong}, asked again after two seconds {told.repeated}"
    )
    for kind, title in (("auth", "logins"), ("acct", "Starts")):
        print(
            f"{title:<8} p50 {told.wait_ms(0.5, box[kind]):>6.1f} ms   p99 {told.wait_ms(0.99, box[kind]):>7.1f} ms"
            f"   most {told.wait_ms(1, box[kind]):>7.1f} ms; goal p99 <= 1000"
        )
    print(
        f"unanswered at the end of a second: most {max(arrived)}, in the last third at most {max(arrived[-third:])}"
        f"\nportal pages beside: {dict(client.answers)}, p50 {client.wait_ms(0.5):.0f} ms, p99 {client.wait_ms(0.99):.0f} ms"
    )


if __name__ == "__main__":
    main()
