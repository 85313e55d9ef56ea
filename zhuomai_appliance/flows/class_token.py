"""The Class attribute we issue at each login (semantics §6): it links login, accounting and portal.

Text ``z1`` and 32 URL-safe characters: account, a random ticket, and a tag that only our key makes. So accounting knows
whose session it is without a look-up by name, also when the device reports another name, and nobody can claim to be
somebody else. Never 32 digits: Huawei gear in standard mode would read those as rates (vendor notes §0.11).
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.vault import Vault

_PREFIX: Final = b"z1"
GUEST_PREFIX: Final = b"z2"
_PURPOSE: Final = "class"
_GUEST_PURPOSE: Final = "guest class"
_ACCOUNT_OCTETS: Final = 6
_TICKET_OCTETS: Final = 8
_TICKETS_AT_ONCE: Final = 128
_TAG_OCTETS: Final = 10
_WHOLE: Final = _ACCOUNT_OCTETS + _TICKET_OCTETS + _TAG_OCTETS


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


def make(vault: Vault, ticket: bytes, account_id: AccountId) -> bytes:
    """A new token for one login of an account."""
    body = account_id.to_bytes(_ACCOUNT_OCTETS, "big") + ticket
    return _PREFIX + urlsafe_b64encode(body + vault.sign(_PURPOSE, body)[:_TAG_OCTETS])


def read(vault: Vault, token: bytes) -> AccountId | None:
    """Whose token this is; None for one that we did not make."""
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
    return AccountId(int.from_bytes(body[:_ACCOUNT_OCTETS], "big"))


def make_guest(vault: Vault, ticket: bytes) -> bytes:
    """A new token for one login of somebody whose account is elsewhere: it says that, and nothing else."""
    return GUEST_PREFIX + urlsafe_b64encode(ticket + vault.sign(_GUEST_PURPOSE, ticket)[:_TAG_OCTETS])


def is_guest(vault: Vault, token: bytes) -> bool:
    """Whether a token is one of ours for somebody whose account is elsewhere."""
    if not token.startswith(GUEST_PREFIX):
        return False
    try:
        whole = urlsafe_b64decode(token[len(GUEST_PREFIX) :])
    except (Base64Error, ValueError):
        return False
    ticket, tag = whole[:_TICKET_OCTETS], whole[_TICKET_OCTETS:]
    return tag == vault.sign(_GUEST_PURPOSE, ticket)[:_TAG_OCTETS]
