"""Memory of answered requests, so that a retransmission gets the same octets and no second work (RFC 5080 §2.2.2).

Every entry lives equally long, so the entries stand in the order in which they end: what is over is taken from the
front, a few at each call. No call scans, and none pays for a burst that came before it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, NamedTuple

_SWEPT_PER_CALL: Final = 4
"""Ended entries removed at a call. A call adds at most one, so any number over 1 catches up."""


class RequestKey(NamedTuple):
    """Where a request came from and to, and which it is. `way` is where it came in: anything that can be told apart."""

    address: str
    port: int
    way: Any
    code: int
    identifier: int


class Seen(Enum):
    """A request that must be worked on, or one that is being worked on."""

    NEW = "new"
    PENDING = "pending"


class _Entry(NamedTuple):
    authenticator: bytes
    reply: bytes | None
    until: float


class DuplicateCache:
    """Replies by `RequestKey` and Request Authenticator, kept for a time and up to a number.

    `now` is in seconds of any clock that does not go back. Memory is bounded by `limit` entries: beyond it the oldest
    goes first, whose sender, if it asks once more, is answered by work done again.
    """

    def __init__(self, keep_seconds: float, limit: int) -> None:
        """`keep_seconds` runs from the last of request and reply; RFC 5080 §2.2.2 advises 5 to 30."""
        if keep_seconds <= 0 or limit < 1:
            raise ValueError("keep_seconds and limit must be positive")
        self._keep_seconds = keep_seconds
        self._limit = limit
        self._entries: dict[RequestKey, _Entry] = {}

    def __len__(self) -> int:
        """Entries held, some of which may be over and not yet removed."""
        return len(self._entries)

    def look(self, key: RequestKey, authenticator: bytes, now: float) -> Seen | bytes:
        """What to do with a request that arrived.

        The earlier reply: send it again. `PENDING`: drop the request, its answer is on the way. `NEW`: work on it; it
        is pending from now on. Another authenticator under the same key is a new request and replaces the old one.
        """
        entries = self._entries
        known = entries.get(key)
        if known is not None:
            if known.authenticator == authenticator and now < known.until:
                return Seen.PENDING if known.reply is None else known.reply
            del entries[key]
        self._put(key, _Entry(authenticator, None, now + self._keep_seconds), now)
        return Seen.NEW

    def remember(self, key: RequestKey, authenticator: bytes, reply: bytes, now: float) -> None:
        """Keep the reply of a request. Nothing is kept if another request has taken the key meanwhile."""
        known = self._entries.get(key)
        if known is not None:
            if known.authenticator != authenticator:
                return
            del self._entries[key]
        self._put(key, _Entry(authenticator, reply, now + self._keep_seconds), now)

    def forget(self, key: RequestKey, authenticator: bytes) -> None:
        """Let the request's next retransmission be worked on, as when it could not be answered."""
        known = self._entries.get(key)
        if known is not None and known.authenticator == authenticator:
            del self._entries[key]

    def _put(self, key: RequestKey, entry: _Entry, now: float) -> None:
        entries = self._entries
        for _ in range(_SWEPT_PER_CALL):
            oldest = next(iter(entries), None)
            if oldest is None or now < entries[oldest].until:
                break
            del entries[oldest]
        if len(entries) >= self._limit:
            del entries[next(iter(entries))]
        entries[key] = entry
