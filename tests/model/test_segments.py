"""The stored text of an entitlement."""

from __future__ import annotations

import json

import pytest

from zhuomai_appliance.model.facts import FactsError
from zhuomai_appliance.model.moment import Anchor, Period, PeriodUnit, Timestamp
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import (
    AccessPolicy,
    Direction,
    OnExhaust,
    PlanKind,
    PlanVersionId,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.model.segments import (
    Entitlement,
    LastSegment,
    Segment,
    Term,
    WhyNot,
    _Known,
    _parse,
    dump,
    load,
    stored,
)
from zhuomai_appliance.model.traffic import RateLimit

FULL = Segment(
    subscription_id=SubscriptionId(7),
    plan_version_id=PlanVersionId(3),
    plan_name="包月 20M",
    kind=PlanKind.DATA,
    state=SubscriptionState.ACTIVE,
    purchased_at=Timestamp(1_000),
    policy=AccessPolicy(
        rate=RateLimit(up_bps=4_000_000, down_bps=8_000_000),
        max_sessions=0,
        max_macs=2,
        session_cap_seconds=3600,
        interim_seconds=300,
        silent_login_days=7,
        on_exhaust=OnExhaust.THROTTLE,
        throttle=RateLimit(up_bps=1_000, down_bps=1_000),
    ),
    starts_at=Timestamp(1_000),
    ends_at=Timestamp(2_000),
    term=Term(Period(PeriodUnit.MONTH, 1), Anchor.END_OF_DAY),
    chain_anchor_at=Timestamp(900),
    chain_months=2,
    not_before=Timestamp(950),
    activate_by=Timestamp(9_000),
    buyout_ends_at=Timestamp(9_999),
    octets_left=5,
    seconds_left=6,
    direction=Direction.DOWN,
    priority=10,
    concurrent=True,
    throttled=True,
)
BARE = Segment(
    SubscriptionId(8),
    PlanVersionId(4),
    "free",
    PlanKind.FREE,
    SubscriptionState.QUEUED,
    Timestamp(5),
    AccessPolicy(),
)
WHOLE = Entitlement(
    account_id=AccountId(1),
    zone_name="Asia/Shanghai",
    segments=(FULL, BARE),
    last=LastSegment(SubscriptionId(6), "old", WhyNot.DATA_USED_UP, Timestamp(800)),
    as_of=Timestamp(1_500),
    revision=4,
)


def test_an_entitlement_reads_back_equal() -> None:
    """Every field survives the store, and equal entitlements have equal text."""
    assert load(dump(WHOLE)) == WHOLE
    assert dump(load(dump(WHOLE))) == dump(WHOLE)


def test_what_ended_is_not_stored() -> None:
    """Segments that ended are rows of their own by then; the text forgets them."""
    assert stored(load(dump(WHOLE._replace(ended=(FULL,))))).ended == ()
    assert "old" in dump(WHOLE)


def test_equal_policies_are_one_object() -> None:
    """Fifty thousand accounts of one plan do not hold fifty thousand copies of its policy."""
    other = load(dump(WHOLE._replace(account_id=AccountId(2))))
    assert load(dump(WHOLE)).segments[0].policy is other.segments[0].policy


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"v":1', '"v":2', "version 2"),
        ('"state":"active"', '"state":"aktiv"', "one of reserved"),
        ('"octets":5', '"octets":5.5', "whole number"),
        ('"octets":5', '"octets":true', "whole number"),
        ('"octets":5', '"octet":5', "unknown key"),
        ('"period":"1 month"', '"period":"1 moon"', "not a period"),
        ('"zone":"Asia/Shanghai"', '"zone":"Asia/Nowhere"', "no time zone"),
        ('"rate":[4000000,8000000]', '"rate":[1]', "two rates"),
        ('"account":1,', "", "account is missing"),
        ('"account":1', '"account":1,,', "damaged"),
    ],
)
def test_a_foreign_text_is_refused_with_its_fault(old: str, new: str, says: str) -> None:
    """A damaged or newer text is one clear error, never a guess at somebody's rights."""
    text = dump(WHOLE)
    assert old in text
    with pytest.raises(FactsError, match=says):
        load(text.replace(old, new))


def test_remembered_texts_are_bounded() -> None:
    """However many accounts log in, what is remembered of their texts does not grow without end."""
    known = _Known(generation=2)
    for number in range(9):
        known.learn(str(number), WHOLE)
    assert [known.find(str(number)) is WHOLE for number in range(9)] == [False] * 6 + [True] * 3


def test_use_changes_two_numbers_of_the_text() -> None:
    """What is kept of a segment's text fits whatever is left of it, also nothing that counts."""
    for octets, seconds in ((5, 6), (None, 6), (5, None), (None, None), (0, 0), (2**50, 1)):
        segment = FULL._replace(octets_left=octets, seconds_left=seconds)
        chain = WHOLE._replace(segments=(segment, FULL))
        text = dump(chain)
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert _parse(text) == chain


def test_what_ended_and_what_was_stored_are_not_compared() -> None:
    """Chains are equal by what is stored of them; what a change leaves behind for the store is no difference."""
    moved = WHOLE._replace(ended=(FULL,), kept=())
    assert moved == WHOLE
    assert hash(moved) == hash(WHOLE)
    assert moved._replace(revision=WHOLE.revision + 1) != moved
    assert moved != tuple(moved)
