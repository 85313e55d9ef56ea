"""Numbers of a Grant, by the worked examples of the billing rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vendors.examples import NOW
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.limits import interim_seconds, rate_for, session_timeout

FREE = AccessPolicy()
CAPPED = AccessPolicy(session_cap_seconds=7200)
MEGABIT = RateLimit(500_000, 500_000)


@pytest.mark.parametrize(
    ("policy", "end", "seconds_left", "forbidden", "balance", "timeout"),
    [
        (FREE, None, None, None, None, None),
        (FREE, NOW + 5000, None, None, None, 5000),
        (CAPPED, NOW + 90_000, None, None, None, 7200),
        (CAPPED, NOW + 5000, None, None, None, 5000),
        (FREE, NOW + 90_000, 19_800, None, None, 19_800),  # W30
        (FREE, None, None, NOW + 3600, None, 3600),  # W63
        (CAPPED, None, None, NOW + 176_400, None, 7200),  # W63
        (FREE, None, None, None, 9000, 9000),  # W28
        (AccessPolicy(session_cap_seconds=5), None, None, None, None, 60),
        (AccessPolicy(session_cap_seconds=5), NOW + 20, None, None, None, 20),
        (FREE, NOW + 20, None, None, None, 20),
        (FREE, NOW, None, None, None, 0),
        (FREE, NOW - 1, None, None, None, 0),
        (FREE, None, 0, None, None, 0),
        (FREE, None, None, NOW, None, 0),
        (FREE, NOW + 2**40, None, None, None, 2**31 - 1),
    ],
)
def test_session_timeout(
    policy: AccessPolicy,
    end: int | None,
    seconds_left: int | None,
    forbidden: int | None,
    balance: int | None,
    timeout: int | None,
) -> None:
    """The nearest end wins; a cap is at least a minute; an end that is reached is 0, a refusal."""
    assert session_timeout(policy, end, NOW, seconds_left, forbidden, balance) == timeout


@pytest.mark.parametrize(
    ("plan", "device", "left", "rate", "seconds"),
    [
        (None, 300, None, None, 300),
        (600, 300, None, None, 600),
        (10, 300, None, None, 60),
        (None, 0, None, None, 60),
        (None, 10**9, None, None, 86_400),
        (None, 300, 10 * 2**30, MEGABIT, 300),
        (None, 300, 75_000_000, MEGABIT, 300),  # 600 s at line rate: two intervals, not fewer
        (None, 300, 74_000_000, MEGABIT, 296),
        (None, 300, 25_000_000, MEGABIT, 100),
        (None, 300, 1, MEGABIT, 60),
        (None, 300, 0, MEGABIT, 60),
        (None, 300, 10 * 2**30, None, 300),
        (None, 300, 2**30, None, 60),
    ],
)
def test_interim(
    plan: int | None, device: int, left: int | None, rate: RateLimit | None, seconds: int
) -> None:
    """The plan's interval, else the device's, never under a minute, shorter when little is left for a fast line."""
    assert interim_seconds(AccessPolicy(interim_seconds=plan), device, left, rate) == seconds


@given(st.integers(0, 2**40), st.integers(1, 10**10), st.integers(60, 3600))
def test_interim_bounds_the_overshoot(left: int, bps: int, device: int) -> None:
    """The interval is never longer than asked for, and at most half of what the line could draw, or a minute."""
    rate = RateLimit(bps, bps)
    seconds = interim_seconds(FREE, device, left, rate)
    assert 60 <= seconds <= device
    assert seconds == 60 or seconds * 2 <= left * 8 / (2 * bps) or left * 8 / (2 * bps) >= 2 * device


def test_rates() -> None:
    """Account before plan before group; after exhaustion the plan's slow rate and no other."""
    own, plan, group = RateLimit(1, 1), RateLimit(2, 2), RateLimit(3, 3)
    assert rate_for(plan, own, group) == own
    assert rate_for(plan, None, group) == plan
    assert rate_for(None, None, group) == group
    assert rate_for(None, None, None) is None
    assert rate_for(plan, own, group, throttled=True) == plan
