"""Black and white lists."""

from __future__ import annotations

import pytest

from tests.policy.examples import MAC
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, ProjectId
from zhuomai_appliance.policy.lists import check_lists


def entry(
    kind: ListKind, value: str, action: ListAction = ListAction.DENY, expires_at: int | None = None
) -> AccessListEntry:
    return AccessListEntry(ProjectId(1), kind, action, value, "second router", expires_at)


@pytest.mark.parametrize(
    ("kind", "value", "matches"),
    [
        (ListKind.MAC, MAC, True),
        (ListKind.MAC, "A45E-60AA-BBCC", True),
        (ListKind.MAC, "a4:5e:60:aa:bb:cd", False),
        (ListKind.MAC, "", False),
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
    """A MAC in any writing, an address or range, a phone number; what is no address matches nothing."""
    verdict = check_lists([entry(kind, value)], MAC, "10.9.1.2", NOW, "13800000000")
    assert (verdict is not None) is matches


def test_refusal_says_why_and_until_when() -> None:
    """The sentence has the operator's reason and, where there is one, the end."""
    verdict = check_lists([entry(ListKind.MAC, MAC, expires_at=NOW + 1)], MAC, None, NOW)
    assert verdict is not None
    assert verdict.reason is Reason.DEVICE_BLOCKED
    assert verdict.facts == (("x", "second router"), ("t", NOW + 1))


def test_expired_entries_do_not_exist() -> None:
    """An entry ends at its second, whichever way it speaks."""
    assert check_lists([entry(ListKind.MAC, MAC, expires_at=NOW)], MAC, None, NOW) is None
    gone = entry(ListKind.MAC, MAC, ListAction.ALLOW, NOW)
    assert check_lists([gone, entry(ListKind.MAC, MAC)], MAC, None, NOW) is not None


@pytest.mark.parametrize("turned", [False, True])
def test_allowed_device_in_a_denied_range(turned: bool) -> None:
    """What is allowed wins, in whatever order the entries stand."""
    entries = [entry(ListKind.IP, "10.9.0.0/16"), entry(ListKind.MAC, MAC, ListAction.ALLOW)]
    assert check_lists(reversed(entries) if turned else entries, MAC, "10.9.1.2", NOW) is None
    assert check_lists(entries, None, "10.9.1.2", NOW) is not None


def test_nothing_known_of_the_client() -> None:
    """Without address and MAC no entry can match."""
    assert check_lists([entry(ListKind.MAC, MAC), entry(ListKind.IP, "0.0.0.0/0")], None, None, NOW) is None
