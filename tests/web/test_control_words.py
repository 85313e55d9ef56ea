"""What devices say to CoA and Disconnect, in words: every Error-Cause, every result, every alarm has a sentence."""

from __future__ import annotations

import re

import pytest

from tests.vendors.examples import a_nas
from zhuomai_appliance import paths
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.flows.asking import words_of
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.model.network import Vendor
from zhuomai_appliance.vendors.dynamic import NakAction, error_cause
from zhuomai_appliance.web.control_words import ALARMS, CAUSES, said
from zhuomai_appliance.web.words import Language, load_words

CHINESE = re.compile("[\u4e00-\u9fff]")
WORDS = load_words(paths.web() / "locale")


@pytest.mark.parametrize("number", range(200, 520))
def test_semantics_7_every_error_cause_has_words(number: int) -> None:
    """Each cause of RFC 5176 that the flows know is told in Chinese and English; an unknown one is not hidden."""
    known = error_cause(number)
    is_known = known.name != f"Error-Cause {number}"
    assert (number in CAUSES) is is_known
    result = ControlResult(ControlOutcome.NAK, number)
    chinese = said(WORDS[Language.ZH], words_of(result, a_nas()))
    assert CHINESE.search(chinese)
    english = said(WORDS[Language.EN], words_of(result, a_nas()))
    assert not CHINESE.search(english)
    assert (english == "The device refused without a known cause.") is not is_known


@pytest.mark.parametrize("outcome", sorted(ControlOutcome))
@pytest.mark.parametrize("vendor", [Vendor.HUAWEI_CAMPUS, Vendor.MIKROTIK])
def test_every_outcome_has_words(outcome: ControlOutcome, vendor: Vendor) -> None:
    """Silence, agreement and answers that do not verify are three different sentences."""
    result = words_of(ControlResult(outcome, None), a_nas(vendor=vendor))
    assert CHINESE.search(said(WORDS[Language.ZH], result))


def test_every_alarm_has_words() -> None:
    """The console names each alarm."""
    assert set(ALARMS) == set(AlarmKind)


def test_line_without_a_sentence_is_told_as_it_is() -> None:
    """Nothing is hidden for want of words; what was left alone is told by its reason."""
    words = WORDS[Language.EN]
    assert said(words, "given 4M/8M, reported 1M/2M") == "given 4M/8M, reported 1M/2M"
    assert said(words, "left as it is: no answer") == said(words, "no answer")
    assert error_cause(None).action is NakAction.STOP
