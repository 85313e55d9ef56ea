"""Black and white lists."""

from __future__ import annotations

import pytest

from tests.policy.examples import MAC
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, ProjectId
from zhuomai_appliance.policy.lists import NO_LISTS, ListBook


def entry(
    kind: ListKind, value: str, action: ListAction = ListAction.DENY, expires_at: int | None = None
) -> AccessListEntry:
    return AccessListEntry(ProjectId(1), kind, action, value, "second router", expires_at)


def book(*entries: AccessListEntry) -> ListBook:
    """Phones are found by their digest, which here is the number behind a mark."""
    return ListBook(entries, lambda phone: b"#" + phone.strip().encode())


@pytest.mark.parametrize(
    ("kind", "value", "matches"),
    [
        (ListKind.MAC, MAC, True),
        (ListKind.MAC, "A45E-60AA-BBCC", True),
        (ListKind.MAC, "a4:5e:60:aa:bb:cd", False),
        (ListKind.MAC, "", False),
        (ListKind.MAC, "A4-5E-60", True),
        (ListKind.MAC, "a4:5e:60:a", True),
        (ListKind.MAC, "a45e60aab", True),
        (ListKind.MAC, "a4:5e:61", False),
        (ListKind.MAC, "a4:5e", False),
        (ListKind.MAC, "nonsense", False),
        (ListKind.IP, "10.9.1.2", True),
        (ListKind.IP, "10.9.0.0/16", True),
        (ListKind.IP, "10.9.1.7/24", True),
        (ListKind.IP, "10.8.0.0/16", False),
        (ListKind.IP, "2001:db8::/32", False),
        (ListKind.IP, "nonsense", False),
        (ListKind.PHONE, "13800000000", True),
        (ListKind.PHONE, "13800000001", False),
    ],
)
def test_what_matches(kind: ListKind, value: str, matches: bool) -> None:
    """A MAC or its maker's prefix in any writing, an address or range, a phone; what is none of them matches nothing."""
    verdict = book(entry(kind, value)).check(MAC, "10.9.1.2", NOW, b"#13800000000")
    assert (verdict is not None) is matches


def test_refusal_says_why_and_until_when() -> None:
    """The sentence has the operator's reason and, where there is one, the end."""
    verdict = book(entry(ListKind.MAC, MAC, expires_at=NOW + 1)).check(MAC, None, NOW)
    assert verdict is not None
    assert verdict.reason is Reason.DEVICE_BLOCKED
    assert verdict.facts == (("x", "second router"), ("t", NOW + 1))


def test_expired_entries_do_not_exist() -> None:
    """An entry ends at its second, whichever way it speaks."""
    assert book(entry(ListKind.MAC, MAC, expires_at=NOW)).check(MAC, None, NOW) is None
    gone = entry(ListKind.MAC, MAC, ListAction.ALLOW, NOW)
    assert book(gone, entry(ListKind.MAC, "a4:5e:60")).check(MAC, None, NOW) is not None


ALLOW = ListAction.ALLOW
EXACT, WIDE = entry(ListKind.MAC, MAC), entry(ListKind.MAC, "a4:5e:60")
ADDRESS, NETWORK = entry(ListKind.IP, "10.9.1.2"), entry(ListKind.IP, "10.9.0.0/16")
PHONE = entry(ListKind.PHONE, "13800000000")


def allowed(one: AccessListEntry) -> AccessListEntry:
    return entry(one.kind, one.value, ALLOW)


@pytest.mark.parametrize(
    ("entries", "blocked"),
    [
        ((WIDE, allowed(EXACT)), False),  # one device of a denied maker
        ((allowed(WIDE), EXACT), True),  # one device of an allowed maker
        ((NETWORK, allowed(ADDRESS)), False),
        ((NETWORK, allowed(entry(ListKind.IP, "10.9.1.0/24"))), False),  # a part of a denied network
        ((allowed(NETWORK), ADDRESS), True),
        ((NETWORK, allowed(EXACT)), False),  # one device let into a denied network
        ((NETWORK, allowed(WIDE)), True),  # a maker is no device
        ((NETWORK, WIDE, allowed(PHONE)), False),  # a person let through ranges
        ((EXACT, allowed(PHONE)), True),  # a stolen phone is blocked whoever holds it
        ((PHONE, allowed(EXACT)), True),  # a blocked person is blocked on whatever device
        ((ADDRESS, allowed(EXACT)), True),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_narrowest_entry_speaks(
    entries: tuple[AccessListEntry, ...], blocked: bool, turned: bool
) -> None:
    """What is allowed exempts from what is denied more widely, never from a denial of exactly this one, in any order."""
    lists = book(*(reversed(entries) if turned else entries))
    assert (lists.check(MAC, "10.9.1.2", NOW, b"#13800000000") is not None) is blocked


def test_an_expired_exception_leaves_the_range() -> None:
    """When the narrow entry has ended the wider one speaks again."""
    gone = entry(ListKind.IP, "10.9.1.2", ALLOW, NOW)
    assert book(NETWORK, gone).check(None, "10.9.1.2", NOW) is not None


def test_a_phone_stays_out_of_the_log() -> None:
    """The refusal's detail, which many may read, does not hold the number."""
    verdict = book(PHONE).check(None, None, NOW, b"#13800000000")
    assert verdict is not None
    assert "138" not in verdict.detail


def test_nothing_known_of_the_client() -> None:
    """Without address, MAC and phone no entry can match, and an address that is none is nobody's."""
    lists = book(entry(ListKind.MAC, MAC), entry(ListKind.IP, "0.0.0.0/0"), PHONE)
    assert lists.check(None, None, NOW) is None
    assert lists.check(None, "10.9.1.2", NOW) is not None
    assert lists.check(None, "nonsense", NOW) is None
    assert NO_LISTS.check(MAC, "10.9.1.2", NOW) is None


def test_ipv6_networks() -> None:
    """IPv6 has lists of its own; the same number of bits elsewhere is another network."""
    lists = book(entry(ListKind.IP, "2001:db8::/32"))
    assert lists.check(None, "2001:db8::7", NOW) is not None
    assert lists.check(None, "2001:db9::7", NOW) is None
