"""Proof against secret. What a login offers is compared with every secret it may have meant, always with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from zhuomai_appliance.model.access import ChapProof, MsChap2Proof, MsChapProof, PapProof, Proof
from zhuomai_appliance.radius import mschap
from zhuomai_appliance.radius.passwords import chap_matches

STORED_PASSWORD: Final = 0
"""The answer of `check` for the account's own password; alternatives count from 1."""

_NOBODY: Final = b"\0no such password\0"


def check(proof: Proof, stored_password: bytes | None, alternatives: Sequence[bytes] = ()) -> int | None:
    """Which secret a proof proves: 0 the stored password, n the n-th of the alternatives, None no one.

    Args:
        stored_password: UTF-8, None where the account has none.
        alternatives: one-time secrets of the portal, for example.

    The time taken depends on how many secrets there are and on nothing that is offered: every one is compared, as
    digests of one length and in the second encoding too where it has one, and an absent password is compared as well.
    An empty secret proves nothing.
    """
    matched: int | None = None
    for index, secret in enumerate((stored_password or _NOBODY, *alternatives)):
        proved = _proves(proof, secret)
        if proved and matched is None and secret and secret is not _NOBODY:
            matched = index
    return matched


def _proves(proof: Proof, secret: bytes) -> bool:
    """Whether a proof knows a secret, in either encoding; EAP, a device's address and nothing know none."""
    proved = False
    if isinstance(proof, PapProof):
        offered = sha256(proof.password).digest()
        for form in encodings(secret):
            proved |= compare_digest(offered, sha256(form).digest())
    elif isinstance(proof, ChapProof):
        for form in encodings(secret):
            proved |= chap_matches(bytes((proof.ident & 0xFF,)) + proof.response, form, proof.challenge)
    elif isinstance(proof, MsChap2Proof):
        # Of characters, not of octets: it comes to the same in every encoding
        known = mschap.nt_hash(secret)
        proved = mschap.matches_2(proof.response, proof.challenge, proof.peer_challenge, proof.name, known)
    elif isinstance(proof, MsChapProof):
        proved = mschap.matches_1(proof.response, proof.challenge, mschap.nt_hash(secret))
    return proved


def encodings(secret: bytes) -> tuple[bytes, ...]:
    """A secret as stored and, where that differs, as a client with a Chinese code page sends it.

    That is GB18030, of which GBK is a part; of ASCII it makes the same octets.
    """
    if secret.isascii():
        return (secret,)
    try:
        return secret, secret.decode("utf-8").encode("gb18030")
    except UnicodeDecodeError:
        return (secret,)
