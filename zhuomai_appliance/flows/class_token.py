"""The Class attribute we issue at each login (semantics §6): it links login, accounting and portal.

Text ``z1`` and 32 URL-safe characters: how the login came in, its account, a random ticket, and a tag that only our key
makes. So accounting knows whose session it is without a look-up by name, also when the device reports another name, and
that it was 802.1X where only the login told; and nobody can claim to be somebody else. Never 32 digits: Huawei gear in standard mode would read those as rates (vendor notes §0.11).
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final, NamedTuple

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.vault import Vault

_PREFIX: Final = b"z1"
GUEST_PREFIX: Final = b"z2"
_PURPOSE: Final = "class"
_GUEST_PURPOSE: Final = "guest class"
_ACCOUNT_OCTETS: Final = 5
_HEAD_OCTETS: Final = 1 + _ACCOUNT_OCTETS
_TICKET_OCTETS: Final = 8
_TICKETS_AT_ONCE: Final = 128
_TAG_OCTETS: Final = 10
_WHOLE: Final = _HEAD_OCTETS + _TICKET_OCTETS + _TAG_OCTETS


_KINDS: Final = (AccessKind.OTHER, AccessKind.PORTAL, AccessKind.PPPOE, AccessKind.DOT1X, AccessKind.MAC)
"""Kinds of access by their number in a token: the order stays as it is."""
_NUMBERS: Final = {kind: number.to_bytes(1, "big") for number, kind in enumerate(_KINDS)}


class TokenOf(NamedTuple):
    """What a token of ours says: whose login, and how it came in."""

    account_id: AccountId
    kind: AccessKind


class Tickets:
    """Random tickets for the logins of one thread, drawn many at a time: a system call each costs more than the rest."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._drawn: list[bytes] = []

    def draw(self) -> bytes:
        """A ticket that was never given out before."""
        if not self._drawn:
            octets = self._entropy.token(_TICKET_OCTETS * _TICKETS_AT_ONCE)
            self._drawn = [octets[at : at + _TICKET_OCTETS] for at in range(0, len(octets), _TICKET_OCTETS)]
        return self._drawn.pop()


def make(vault: Vault, ticket: bytes, account_id: AccountId, kind: AccessKind = AccessKind.OTHER) -> bytes:
    """A new token for one login of an account; ``kind`` is how it came in."""
    head = _NUMBERS.get(kind, b"\0")
    body = head + account_id.to_bytes(_ACCOUNT_OCTETS, "big") + ticket
    return _PREFIX + urlsafe_b64encode(body + vault.sign(_PURPOSE, body)[:_TAG_OCTETS])


def read(vault: Vault, token: bytes) -> AccountId | None:
    """Whose token this is; None for one that we did not make."""
    found = read_whole(vault, token)
    return None if found is None else found.account_id


def read_whole(vault: Vault, token: bytes) -> TokenOf | None:
    """What a token says; None for one that we did not make."""
    if not token.startswith(_PREFIX):
        return None
    try:
        whole = urlsafe_b64decode(token[len(_PREFIX) :])
    except (Base64Error, ValueError):
        return None
    if len(whole) != _WHOLE:
        return None
    body, tag = whole[:-_TAG_OCTETS], whole[-_TAG_OCTETS:]
    # A shortened tag is compared by its own length; the cost of a try is a packet that our secret signed.
    if vault.sign(_PURPOSE, body)[:_TAG_OCTETS] != tag:
        return None
    kind = _KINDS[body[0]] if body[0] < len(_KINDS) else AccessKind.OTHER
    return TokenOf(AccountId(int.from_bytes(body[1:_HEAD_OCTETS], "big")), kind)


def make_guest(vault: Vault, ticket: bytes, kind: AccessKind = AccessKind.OTHER) -> bytes:
    """A new token for one login of somebody whose account is elsewhere: it says that, and how it came in."""
    body = _NUMBERS.get(kind, b"\0") + ticket
    return GUEST_PREFIX + urlsafe_b64encode(body + vault.sign(_GUEST_PURPOSE, body)[:_TAG_OCTETS])


def is_guest(vault: Vault, token: bytes) -> bool:
    """Whether a token is one of ours for somebody whose account is elsewhere."""
    return guest_kind(vault, token) is not None


def guest_kind(vault: Vault, token: bytes) -> AccessKind | None:
    """How a login of somebody whose account is elsewhere came in; None for a token that is none of these."""
    if not token.startswith(GUEST_PREFIX):
        return None
    try:
        whole = urlsafe_b64decode(token[len(GUEST_PREFIX) :])
    except (Base64Error, ValueError):
        return None
    body, tag = whole[:-_TAG_OCTETS], whole[-_TAG_OCTETS:]
    if tag != vault.sign(_GUEST_PURPOSE, body)[:_TAG_OCTETS]:
        return None
    if len(body) == _TICKET_OCTETS:
        return AccessKind.OTHER  # of a login before tokens told the kind
    if len(body) != 1 + _TICKET_OCTETS:
        return None
    return _KINDS[body[0]] if body[0] < len(_KINDS) else AccessKind.OTHER
