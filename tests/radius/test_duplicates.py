"""A retransmission costs nothing and changes nothing (RFC 5080 §2.2.2)."""

import pytest

from zhuomai_appliance.radius.duplicates import DuplicateCache, RequestKey, Seen

OLD = b"o" * 16
NEWER = b"n" * 16


def key(identifier: int, port: int = 1645) -> RequestKey:
    return RequestKey("192.0.2.1", port, "auth", 1, identifier)


def test_the_three_answers() -> None:
    """A request is new, then pending, then answered with the very octets that were remembered."""
    cache = DuplicateCache(10, 100)
    reply = b"\x02\x01the reply"
    assert cache.look(key(1), OLD, 0.0) is Seen.NEW
    assert cache.look(key(1), OLD, 0.5) is Seen.PENDING
    cache.remember(key(1), OLD, reply, 1.0)
    assert cache.look(key(1), OLD, 1.5) is reply
    assert cache.look(key(1), OLD, 9.0) is reply


@pytest.mark.parametrize(
    "other",
    [
        RequestKey("192.0.2.2", 1645, "auth", 1, 1),
        RequestKey("192.0.2.1", 1646, "auth", 1, 1),
        RequestKey("192.0.2.1", 1645, "acct", 1, 1),
        RequestKey("192.0.2.1", 1645, "auth", 4, 1),
        RequestKey("192.0.2.1", 1645, "auth", 1, 2),
    ],
    ids=RequestKey._fields,
)
def test_every_part_of_the_key_counts(other: RequestKey) -> None:
    """Requests that differ in address, port, socket, code or identifier are not duplicates of each other."""
    cache = DuplicateCache(10, 100)
    cache.look(key(1), OLD, 0.0)
    cache.remember(key(1), OLD, b"reply", 0.0)
    assert cache.look(other, OLD, 0.0) is Seen.NEW


def test_another_authenticator_replaces() -> None:
    """The same key with another authenticator is a new request, and the old one is forgotten."""
    cache = DuplicateCache(10, 100)
    cache.look(key(1), OLD, 0.0)
    cache.remember(key(1), OLD, b"old reply", 0.0)
    assert cache.look(key(1), NEWER, 1.0) is Seen.NEW
    assert cache.look(key(1), NEWER, 1.0) is Seen.PENDING
    assert len(cache) == 1


def test_a_late_reply_is_not_given_to_the_newer_request() -> None:
    """A reply that comes after its request was replaced is not kept, nor does forgetting it free the newer one."""
    cache = DuplicateCache(10, 100)
    cache.look(key(1), OLD, 0.0)
    cache.look(key(1), NEWER, 1.0)
    cache.remember(key(1), OLD, b"old reply", 2.0)
    cache.forget(key(1), OLD)
    assert cache.look(key(1), NEWER, 2.0) is Seen.PENDING


def test_forgetting() -> None:
    """A request that could not be answered is worked on at its next retransmission."""
    cache = DuplicateCache(10, 100)
    cache.look(key(1), OLD, 0.0)
    cache.forget(key(1), OLD)
    cache.forget(key(2), OLD)
    assert cache.look(key(1), OLD, 1.0) is Seen.NEW


def test_the_time_runs_from_the_reply() -> None:
    """An answered request is kept keep_seconds after its reply, to the second, and then is new again."""
    cache = DuplicateCache(10, 100)
    cache.look(key(1), OLD, 0.0)
    cache.remember(key(1), OLD, b"reply", 5.0)
    assert cache.look(key(1), OLD, 14.9) == b"reply"
    assert cache.look(key(1), OLD, 15.0) is Seen.NEW


def test_an_unanswered_request_ends_too() -> None:
    """A request that never got an answer does not stay pending for ever."""
    cache = DuplicateCache(10, 100)
    cache.look(key(1), OLD, 0.0)
    assert cache.look(key(1), OLD, 10.0) is Seen.NEW


def test_ended_entries_leave_memory() -> None:
    """A burst that is over leaves memory a few entries at each later call; no call pays for all of it."""
    cache = DuplicateCache(10, 1000)
    for identifier in range(240):
        cache.look(key(identifier), OLD, 0.0)
    cache.look(key(0, port=1), OLD, 20.0)
    assert len(cache) == 237
    for identifier in range(1, 80):
        cache.look(key(identifier, port=1), OLD, 20.0)
    assert len(cache) == 80


def test_the_bound_holds() -> None:
    """Beyond the limit the oldest entry goes, the newest ones stay."""
    cache = DuplicateCache(10, 3)
    for identifier in range(5):
        cache.look(key(identifier), OLD, 0.0)
        cache.remember(key(identifier), OLD, b"reply", 0.0)
        assert len(cache) <= 3
    assert [cache.look(key(identifier), OLD, 1.0) for identifier in (4, 3, 2)] == [b"reply"] * 3
    assert cache.look(key(0), OLD, 1.0) is Seen.NEW


def test_a_replaced_entry_is_a_young_one() -> None:
    """An entry that a newer request took over lives as long as any new one, also against the bound."""
    cache = DuplicateCache(10, 2)
    cache.look(key(1), OLD, 0.0)
    cache.look(key(2), OLD, 1.0)
    cache.look(key(1), NEWER, 2.0)
    cache.look(key(3), OLD, 3.0)
    assert cache.look(key(1), NEWER, 4.0) is Seen.PENDING
    assert cache.look(key(3), OLD, 4.0) is Seen.PENDING
    assert cache.look(key(2), OLD, 4.0) is Seen.NEW


def test_a_reply_after_its_entry_was_pushed_out() -> None:
    """The reply of a request that the bound had pushed out is remembered all the same."""
    cache = DuplicateCache(10, 1)
    cache.look(key(1), OLD, 0.0)
    cache.look(key(2), OLD, 0.0)
    cache.remember(key(1), OLD, b"reply", 0.0)
    assert cache.look(key(1), OLD, 1.0) == b"reply"
    assert len(cache) == 1


@pytest.mark.parametrize(("keep_seconds", "limit"), [(0, 1), (-1, 1), (1, 0)])
def test_senseless_bounds(keep_seconds: float, limit: int) -> None:
    """A cache that could hold nothing is refused when it is made."""
    with pytest.raises(ValueError, match="positive"):
        DuplicateCache(keep_seconds, limit)
