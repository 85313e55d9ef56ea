"""Chance as an argument: codes, tokens and nonces from the system, or from a seed where a test must repeat itself."""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol

_URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LOOKUP = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs without 0 O 1 I, which people read to each other over the telephone."""


class Entropy(Protocol):
    """Where random values come from. Passed beside ``now``; nobody calls `secrets` or `random` on his own."""

    def token(self, octets: int) -> bytes:
        """That many random octets."""

    def text(self, characters: int) -> str:
        """That many characters of A-Z a-z 0-9 - _ (6 bits each; 22 carry 128 bits)."""

    def digits(self, count: int) -> str:
        """That many decimal digits, leading zeros included: the code of an SMS."""

    def below(self, limit: int) -> int:
        """An integer from 0 to limit - 1, each equally likely."""

    def nonce16(self) -> int:
        """An integer from 0 to 65535, for protocol serial numbers."""

    def lookup_code(self, characters: int = 5) -> str:
        """A short reference for people: digits and capitals without 0 O 1 I. Not a secret."""


class _Drawing:
    """Everything that can be said once octets can be drawn."""

    def token(self, octets: int) -> bytes:
        raise NotImplementedError

    def text(self, characters: int) -> str:
        return "".join(_URL_SAFE[octet & 63] for octet in self.token(characters))

    def below(self, limit: int) -> int:
        if limit < 1:
            raise ValueError("the limit must be 1 or more")
        octets = (limit.bit_length() + 7) // 8
        # The top of the range that is not a whole multiple of the limit is thrown away, else low values come oftener.
        whole = (1 << (8 * octets)) // limit * limit
        while True:
            drawn = int.from_bytes(self.token(octets), "big")
            if drawn < whole:
                return drawn % limit

    def digits(self, count: int) -> str:
        return str(self.below(10**count)).zfill(count) if count else ""

    def nonce16(self) -> int:
        return int.from_bytes(self.token(2), "big")

    def lookup_code(self, characters: int = 5) -> str:
        return "".join(_LOOKUP[octet & 31] for octet in self.token(characters))


class SystemEntropy(_Drawing):
    """The operating system's generator."""

    def token(self, octets: int) -> bytes:
        """See `Entropy.token`."""
        return secrets.token_bytes(octets)


class SeededEntropy(_Drawing):
    """The same values in the same order for the same seed: tests only, for every secret is then known."""

    def __init__(self, seed: int | str = 0) -> None:
        self._seed = str(seed).encode()
        self._count = 0

    def token(self, octets: int) -> bytes:
        """See `Entropy.token`; drawn from SHA-256 of the seed and a counter."""
        drawn = b""
        while len(drawn) < octets:
            drawn += hashlib.sha256(b"%s:%d" % (self._seed, self._count)).digest()
            self._count += 1
        return drawn[:octets]
