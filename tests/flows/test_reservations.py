"""Places kept between Accept and Start, for a minute and never longer."""

from __future__ import annotations

from zhuomai_appliance.flows.reservations import RESERVED_SECONDS, Reservations
from zhuomai_appliance.model.people import AccountId

ANNA = AccountId(1)


def test_a_place_is_kept_for_a_minute() -> None:
    """Until the Start comes, or the minute is over."""
    kept = Reservations()
    kept.hold(ANNA, "phone", 1000)
    kept.hold(ANNA, "laptop", 1030)
    assert kept.of(ANNA, 1059) == [("phone", 1060), ("laptop", 1090)]
    assert kept.of(ANNA, 1060) == [("laptop", 1090)]
    kept.release(ANNA, "laptop")
    assert kept.of(ANNA, 1060) == []


def test_a_clock_set_back_keeps_no_place_for_a_day() -> None:
    """A place that ends later than any can was kept by another clock."""
    kept = Reservations()
    kept.hold(ANNA, "phone", 100_000)
    assert kept.of(ANNA, 100_000 + RESERVED_SECONDS - 1) != []
    assert kept.of(ANNA, 100_000 - 86_400) == []
