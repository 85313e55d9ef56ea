"""Rules of a plan as stored text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zhuomai_appliance.model.facts import FactsError
from zhuomai_appliance.model.plan_rules import (
    ChangeMode,
    ChangeRules,
    DateSpan,
    MeterRules,
    PriceWindow,
    RefundRules,
    RentMode,
    SuspensionRules,
    Tier,
)
from zhuomai_appliance.model.products import Terms
from zhuomai_appliance.model.records import facts_of, record_of
from zhuomai_appliance.model.terms import dump_terms, load_terms

WINTER = DateSpan(20_834, 20_871)


def test_every_rule_comes_back_as_it_was() -> None:
    """Lists, numbers, words and inner records, None included."""
    terms = replace(
        Terms(),
        change=ChangeRules(("fast", "slow"), up=ChangeMode.RESTART, downs_per_period=None),
        refund=RefundRules(refundable=False),
        suspension=SuspensionRules(allowed=True, days_per_year=60, blackout=(WINTER,)),
        meter=MeterRules(
            RentMode.DAILY,
            windows=(PriceWindow(1380, 420, 0, span=WINTER),),
            tiers=(Tier(0, 100), Tier(50, 80)),
        ),
    )
    assert load_terms(dump_terms(terms)) == terms


def test_a_rule_nobody_set_is_not_in_the_text() -> None:
    """So a later release with more rules makes no new version of an unchanged plan."""
    assert dump_terms(Terms()) == "{}"
    assert facts_of(SuspensionRules(min_days=3)) == {"min_days": 3}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"min_day": 3}, "SuspensionRules: unknown key 'min_day'"),
        ({"min_days": "3"}, "SuspensionRules, min_days: '3' is no int"),
        ({"min_days": True}, "SuspensionRules, min_days: 'True' is no int"),
        ({"blackout": 3}, "SuspensionRules, blackout: a list is expected, not '3'"),
        ({"blackout": [{"first_day": 3}]}, "DateSpan: .*last_day"),
        ([], "SuspensionRules: an object is expected"),
    ],
)
def test_damaged_text_is_refused_by_name(facts: object, said: str) -> None:
    """Whoever repairs the books must know where to look."""
    with pytest.raises(FactsError, match=said):
        record_of(SuspensionRules, facts)


def test_an_unknown_word_names_the_known_ones() -> None:
    """A text of a newer release, or a slip of the pen."""
    with pytest.raises(FactsError, match="'never' is not one of next_period, keep_end, restart, forbidden"):
        record_of(ChangeRules, {"down": "never"})
