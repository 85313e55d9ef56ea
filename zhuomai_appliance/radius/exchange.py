"""The client half of an exchange: identifiers, retransmission, and finding the request that a reply answers.

Used by the CoA and Disconnect client, by the probes and by the virtual AC. It sends nothing itself: the owner sends
`Pending.datagram` when `open` gave one, again when `due` says so, and hands received datagrams to `receive`.

    open ──> waiting ──reply verifies──────────────> answered   (receive gives it back)
               │  ^
               │  └── due: RESEND, the wait grows
               └───── due: GAVE_UP after the last wait

Sources: RFC 5080 §2.2.1 (back-off), RFC 5176 §2.3 (a retransmission keeps identifier and octets).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from zhuomai_appliance.radius.packet import Attribute, Packet, Secret, WireError, encode_request, verify_reply

_MESSAGE_AUTHENTICATOR: Final = 80

Peer = tuple[str, int]
"""Address and UDP port of the other end."""


class Action(Enum):
    """What a request that got no answer needs."""

    RESEND = "resend"
    GAVE_UP = "gave up"


class ExchangeKey(NamedTuple):
    """What a reply is matched by, before its authenticator is."""

    peer: Peer
    identifier: int


class Pending:
    """A request on its way.

    Attributes:
        key: peer and identifier; unique among the pending ones.
        datagram: the octets to send, the same ones at every try.
        sent: how often they are to have been sent by now, the first time included.
        refused: replies that did not verify; with any, the peer is there and its secret probably another.
        signed_answer: whether a reply without Message-Authenticator is none (CVE-2024-3596).
        unsigned: replies that were right but for that.
    """

    __slots__ = (
        "datagram",
        "key",
        "refused",
        "secret",
        "sent",
        "signed_answer",
        "unsigned",
        "wait_seconds",
    )

    def __init__(self, key: ExchangeKey, datagram: bytes, secret: Secret, wait_seconds: float) -> None:
        self.key = key
        self.datagram = datagram
        self.secret = secret
        self.wait_seconds = wait_seconds
        self.sent = 1
        self.refused = 0
        self.unsigned = 0
        self.signed_answer = False


class ExchangeTable:
    """All requests on their way from one socket; 256 to a peer at most (RFC 2865 §3: the identifier is an octet)."""

    def __init__(self, tries: int, first_wait_seconds: float, factor: float) -> None:
        """Each request is sent `tries` times; the wait after each is `factor` times the one before.

        With 3, 2.0 and 2.0 it is sent at 0, 2 and 6 seconds and given up at 14.
        """
        if tries < 1 or first_wait_seconds <= 0 or factor < 1:
            raise ValueError("tries and first_wait_seconds must be positive, factor at least 1")
        self._tries = tries
        self._first_wait_seconds = first_wait_seconds
        self._factor = factor
        self._pending: dict[ExchangeKey, Pending] = {}
        self._last_identifier: dict[Peer, int] = {}
        self._schedule: list[tuple[float, int, Pending]] = []
        self._order = count()

    def __len__(self) -> int:
        """Requests on their way."""
        return len(self._pending)

    def open(
        self,
        peer: Peer,
        code: int,
        attributes: Sequence[Attribute],
        secret: Secret,
        now: float,
        *,
        authenticator: bytes | None = None,
        sign: bool = True,
        signed_answer: bool = False,
    ) -> Pending | None:
        """Encode a request under a free identifier; None while all 256 of the peer are taken.

        The arguments are those of `packet.encode_request`, whose `ValueError` passes through, and whether only an answer
        with a Message-Authenticator is one (an Access-Request's is forged otherwise, CVE-2024-3596). Identifiers go round, so
        that one is not used again soon after its request ended: a late reply then finds nothing.
        """
        identifier = self._free_identifier(peer)
        if identifier is None:
            return None
        datagram = encode_request(
            code, identifier, attributes, secret, authenticator=authenticator, sign=sign
        )
        pending = Pending(ExchangeKey(peer, identifier), datagram, secret, self._first_wait_seconds)
        pending.signed_answer = signed_answer
        self._pending[pending.key] = pending
        self._last_identifier[peer] = identifier
        self._wait(pending, now)
        return pending

    def receive(self, peer: Peer, datagram: bytes) -> tuple[Pending, Packet] | None:
        """The request that a datagram from `peer` answers, and the verified reply; the request is then over.

        None for anything else. A reply that does not verify leaves the request waiting, or a forger could end it.
        """
        if len(datagram) < 2:
            return None
        pending = self._pending.get(ExchangeKey(peer, datagram[1]))
        if pending is None:
            return None
        try:
            reply = verify_reply(datagram, pending.datagram, pending.secret)
        except WireError:
            pending.refused += 1
            return None
        if pending.signed_answer and not reply.has(_MESSAGE_AUTHENTICATOR):
            pending.unsigned += 1
            return None
        self.close(pending)
        return pending, reply

    def close(self, pending: Pending) -> None:
        """Wait no longer for an answer; harmless if the request is over already."""
        if self._is_waiting(pending):
            del self._pending[pending.key]

    def due(self, now: float) -> list[tuple[Pending, Action]]:
        """What has waited long enough, in order. A `RESEND` counts as sent now; a `GAVE_UP` is over."""
        found: list[tuple[Pending, Action]] = []
        while self._schedule and self._schedule[0][0] <= now:
            _, _, pending = heappop(self._schedule)
            if not self._is_waiting(pending):
                continue
            if pending.sent >= self._tries:
                self.close(pending)
                found.append((pending, Action.GAVE_UP))
                continue
            pending.sent += 1
            pending.wait_seconds *= self._factor
            self._wait(pending, now)
            found.append((pending, Action.RESEND))
        return found

    def next_at(self) -> float | None:
        """When `due` will next have something; None while nothing waits."""
        while self._schedule:
            at, _, pending = self._schedule[0]
            if self._is_waiting(pending):
                return at
            heappop(self._schedule)
        return None

    def _wait(self, pending: Pending, now: float) -> None:
        heappush(self._schedule, (now + pending.wait_seconds, next(self._order), pending))

    def _is_waiting(self, pending: Pending) -> bool:
        return self._pending.get(pending.key) is pending

    def _free_identifier(self, peer: Peer) -> int | None:
        last = self._last_identifier.get(peer, 255)
        for step in range(1, 257):
            identifier = (last + step) % 256
            if ExchangeKey(peer, identifier) not in self._pending:
                return identifier
        return None
