"""Digests of operators' passwords: argon2id with 46 MiB, one pass, one lane (OWASP ASVS 5.0 appendix C; security K1).

One digest takes about 60 ms and 46 MiB, so it is never made on the reactor thread and never more than two at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from twisted.internet.defer import Deferred, DeferredSemaphore, maybeDeferred
from twisted.internet.threads import deferToThread

from zhuomai_appliance.entropy import Entropy

MEMORY_KIB: Final = 46 * 1024
AT_ONCE: Final = 2
MAX_OCTETS: Final = 1024
"""Longer passwords are refused before any work is done for them."""

NOBODY: Final = f"$argon2id$v=19$m={MEMORY_KIB},t=1,p=1${'A' * 22}${'A' * 43}"
"""A digest that no password has: verifying against it takes as long as against a real one."""


class RunsElsewhere(Protocol):
    """Runs a function where it may take its time; `deferToThread`, or at once where there is no reactor."""

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
        """The function's result, later."""


def make_digest(password: str, salt: bytes) -> str:
    """The digest of a password in PHC string format; takes 60 ms. ``salt`` is 16 random octets."""
    kdf = Argon2id(salt=salt, length=32, iterations=1, lanes=1, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(password.encode())


def check_digest(digest: str, password: str) -> bool:
    """Whether a digest is that of this password; takes 60 ms, right or wrong, unless the password is absurdly long."""
    octets = password.encode("utf-8", "surrogatepass")
    if len(octets) > MAX_OCTETS:
        return False
    try:
        Argon2id.verify_phc_encoded(octets, digest)
    except (InvalidKey, ValueError):
        return False
    return True


class Digester:
    """Makes and checks digests, at most `AT_ONCE` at a time, off the reactor thread.

    Args:
        entropy: where salts come from.
        run: where the work is done; threads of the reactor's pool by default. Other slow work may use it too.
    """

    def __init__(self, entropy: Entropy, run: RunsElsewhere = deferToThread) -> None:
        self._entropy = entropy
        self.run = run
        self._turn = DeferredSemaphore(AT_ONCE)

    def make(self, password: str) -> Deferred[str]:
        """The digest of a password under a new salt.

        Raises:
            ValueError: the password is longer than `MAX_OCTETS`.
        """
        if len(password.encode()) > MAX_OCTETS:
            raise ValueError(f"a password has at most {MAX_OCTETS} bytes")
        return self._turn.run(self.run, make_digest, password, self._entropy.token(16))

    def check(self, digest: str | None, password: str) -> Deferred[bool]:
        """Whether a digest is that of this password. None, for a name nobody has, takes as long and is False."""
        return self._turn.run(self.run, check_digest, NOBODY if digest is None else digest, password)


def run_at_once(function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
    """For commands without a reactor: the work is done before this returns."""
    return maybeDeferred(function, *args)
