"""Pages fetched over loopback: one at a time, or as many as a port takes."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter

HEAD = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nConnection: close\r\n\r\n"


class Client:
    """Fetches pages one after the other and remembers what came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers: Counter[str] = Counter()
        self.waits: list[float] = []

    def fetch(self, path: str) -> None:
        """One page, on a connection of its own; a refusal is counted too."""
        began = time.perf_counter()
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as wire:
                wire.sendall(HEAD % path.encode())
                head = wire.recv(65536)
                while wire.recv(65536):
                    pass
        except OSError as error:
            self.answers[type(error).__name__] += 1
            return
        self.answers[head[9:12].decode("ascii", "replace")] += 1
        self.waits.append(time.perf_counter() - began)

    def wait_ms(self, part: float) -> float:
        """A quantile of the waits for a whole page."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def flood(port: int, connections: int, seconds: float, path: str = "/") -> Counter[str]:
    """So many connections at a time, each making another as soon as it is answered or refused; what came of them."""
    answers: Counter[str] = Counter()
    selector = selectors.EpollSelector()
    until = time.perf_counter() + seconds
    source = 0

    def connect() -> None:
        nonlocal source
        wire = socket.socket()
        wire.setblocking(False)
        # Every connection of another address, as of a crowd: a bound on one address would hold the flood back
        source = source % 250 + 1
        wire.bind((f"127.0.1.{source}", 0))
        wire.connect_ex(("127.0.0.1", port))
        selector.register(wire, selectors.EVENT_WRITE, [b""])

    for _ in range(connections):
        connect()
    while (now := time.perf_counter()) < until:
        for key, mask in selector.select(0.05):
            wire: socket.socket = key.fileobj  # type: ignore[assignment]
            try:
                if mask & selectors.EVENT_WRITE:
                    wire.sendall(HEAD % path.encode())
                    selector.modify(wire, selectors.EVENT_READ, key.data)
                    continue
                data = wire.recv(65536)
                key.data[0] = key.data[0] or data[:12]
                if data:
                    continue
                answers[key.data[0][9:12].decode("ascii", "replace") or "closed"] += 1
            except OSError as error:
                answers[type(error).__name__] += 1
            selector.unregister(wire)
            wire.close()
            connect()
        del now
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    selector.close()
    return answers
