"""EAP-MD5 (RFC 3748 §5.4): CHAP in EAP. It gives no keys and proves nothing of us: for wired ports at most."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.radius.eap import MD5_CHALLENGE
from zhuomai_appliance.radius.eap_method import Digest, Done, Failed, Prove, Send, Step

_DIGEST_OCTETS: Final = 16


class EapMd5:
    """One conversation; ``challenge`` are 16 random octets."""

    eap_type = MD5_CHALLENGE
    name = "EAP-MD5"

    def __init__(self, challenge: bytes) -> None:
        self._challenge = challenge
        self._identifier = 0

    def begin(self, identifier: int) -> Step:
        """Send the challenge; the identifier goes into the digest."""
        self._identifier = identifier
        return Send(bytes((len(self._challenge),)) + self._challenge)

    def step(self, data: bytes, identifier: int) -> Step:
        """Take the digest; a name behind it says nothing that the identity has not said."""
        if len(data) < 1 + _DIGEST_OCTETS or data[0] != _DIGEST_OCTETS:
            return Failed("an MD5 response of a wrong size")
        return Prove(None, Digest(self._identifier, data[1 : 1 + _DIGEST_OCTETS], self._challenge))

    def proved(self, secret: bytes | None) -> Step:
        """There is nothing to say after the digest."""
        return Failed("wrong password") if secret is None else Done(b"")

    def granted(self, words: bytes) -> None:
        """Nothing is resumed."""
