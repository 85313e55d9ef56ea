"""Explanations in people's words: nothing of them stays a word of the code."""

from __future__ import annotations

import pytest

from zhuomai_appliance.paths import web
from zhuomai_appliance.policy.authorize import CHECKS
from zhuomai_appliance.policy.limits import RateSource, SessionEnd
from zhuomai_appliance.web.explained import ENDS, RATES, STEPS
from zhuomai_appliance.web.words import Language, load_words


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (ENDS, {end.value for end in SessionEnd}),
        (RATES, {source.value for source in RateSource}),
        (STEPS, {check.name for check in CHECKS if check.name != "lock_again"}),
    ],
    ids=["ends", "rates", "steps"],
)
def test_every_word_has_a_sentence_in_both_languages(told: dict[str, str], words: set[str]) -> None:
    """What ends a session, where its rate comes from, and each check."""
    assert words <= told.keys()
    chinese = load_words(web() / "locale")[Language.ZH]
    for sentence in told.values():
        assert not chinese.text(sentence).isascii(), sentence
