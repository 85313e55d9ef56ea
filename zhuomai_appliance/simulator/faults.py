"""A bad network: datagrams that are lost, come twice, or come late and so out of order."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import DatagramProtocol

Peer = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities from 0 to 1, for each datagram in each direction.

    Attributes:
        late_seconds: longest delay of a late datagram and of a second copy.
    """

    lose: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    late_seconds: float = 3.0

    @property
    def any(self) -> bool:
        """Whether anything can go wrong at all."""
        return bool(self.lose or self.repeat or self.late)


class Carry(Protocol):
    """Takes a datagram one step further: to the socket, or to the protocol."""

    def __call__(self, datagram: bytes, addr: Peer) -> object:
        """Carry it now."""


class BadNetwork:
    """Decides for each datagram what becomes of it."""

    def __init__(self, clock: IReactorTime, faults: Faults, random: Random) -> None:
        self._clock = clock
        self._faults = faults
        self._random = random
        self.lost = 0
        self.repeated = 0
        self.delayed = 0

    def worsen(self, carry: Carry) -> Carry:
        """The same step over this network."""

        def unreliable(datagram: bytes, addr: Peer) -> None:
            faults, random = self._faults, self._random
            if random.random() < faults.repeat:
                self.repeated += 1
                self._later(carry, datagram, addr)
            if random.random() < faults.lose:
                self.lost += 1
            elif random.random() < faults.late:
                self.delayed += 1
                self._later(carry, datagram, addr)
            else:
                carry(datagram, addr)

        return unreliable

    def _later(self, carry: Carry, datagram: bytes, addr: Peer) -> None:
        self._clock.callLater(self._random.uniform(0, self._faults.late_seconds), carry, datagram, addr)


class Wire(DatagramProtocol):
    """A UDP socket of the AC, over a good network or a bad one. Subclasses say what `heard` does, and use `say`."""

    def __init__(self) -> None:
        self._outward: Carry = self._write
        self._inward: Carry = self.heard

    def use(self, network: BadNetwork) -> None:
        """From now on both directions go over this network."""
        self._outward = network.worsen(self._write)
        self._inward = network.worsen(self.heard)

    def say(self, datagram: bytes, addr: Peer) -> None:
        """Send a datagram."""
        self._outward(datagram, addr)

    def heard(self, datagram: bytes, addr: Peer) -> None:
        """Take a datagram that has arrived."""
        raise NotImplementedError

    def datagramReceived(self, datagram: bytes, addr: Peer) -> None:
        """See `DatagramProtocol.datagramReceived`."""
        self._inward(datagram, (addr[0], addr[1]))

    def _write(self, datagram: bytes, addr: Peer) -> None:
        # A late datagram may find the socket closed.
        if self.transport is not None:
            self.transport.write(datagram, addr)
