"""The Class of a login: whose it is and how it came in, told by nobody but us."""

from __future__ import annotations

import pytest

from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.flows import class_token
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.vault import Vault

VAULT = Vault(bytes(range(32)), SeededEntropy())
TICKET = b"12345678"


@pytest.mark.parametrize("kind", list(AccessKind))
@pytest.mark.parametrize("account", [1, 2**40 - 1])
def test_a_token_tells_whose_and_how(kind: AccessKind, account: int) -> None:
    """At most 40 octets and never 32 digits; a kind that opens no session is any other."""
    token = class_token.make(VAULT, TICKET, AccountId(account), kind)
    told = AccessKind.OTHER if kind in (AccessKind.ADMIN, AccessKind.PROBE) else kind
    assert class_token.read_whole(VAULT, token) == class_token.TokenOf(AccountId(account), told)
    assert class_token.read(VAULT, token) == account
    assert len(token) <= 40


def test_whatever_is_changed_makes_it_nobodys() -> None:
    """One octet of account, kind, ticket or tag; a cut; another key."""
    token = class_token.make(VAULT, TICKET, AccountId(7), AccessKind.DOT1X)
    for place in range(len(token)):
        other = bytes([token[place] ^ 1])
        assert class_token.read_whole(VAULT, token[:place] + other + token[place + 1 :]) is None
    assert class_token.read_whole(VAULT, token[:-1]) is None
    assert class_token.read_whole(Vault(bytes(32), SeededEntropy()), token) is None


def test_a_token_of_before_tokens_told_the_kind() -> None:
    """Sessions that began before an upgrade stay whose they are: the octet that tells the kind was the account's highest."""
    old = b"z1AAABNSShMTIzNDU2NzhtjDtl6g9P1VBk"
    assert class_token.read_whole(VAULT, old) == class_token.TokenOf(AccountId(20_260_001), AccessKind.OTHER)
    guest = b"z2MTIzNDU2NzhG5QI5hx-2b1Ra"
    assert class_token.guest_kind(VAULT, guest) is AccessKind.OTHER
    for token in (old, guest):
        for place in range(len(token)):
            other = token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]
            assert class_token.read(VAULT, other) is None
            assert not class_token.is_guest(VAULT, other)
