"""Promises of web.reasons: every reason has one code and its words, and no sentence shows a raw field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.web.fixtures import WEB
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.web.reasons import REASONS, by_code, told
from zhuomai_appliance.web.words import Language, load_words

WORDS = load_words(WEB / "locale")
FIELDS = {"n": 3, "m": 2, "x": "X", "t": "T", "phone": "138****2071"}
TABLE = [
    tuple(part.strip() for part in line.split("|"))
    for line in (Path(__file__).parent / "reasons.zh.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_every_reason_is_told() -> None:
    """The table covers the whole enumeration; a code belongs to one reason, A01 to the two that must look alike."""
    assert set(REASONS) == set(Reason)
    codes = [text.code for text in REASONS.values()]
    assert all(re.fullmatch(r"[ABDS]\d\d", code) for code in codes)
    assert {code for code in codes if codes.count(code) > 1} == {"A01"}


def test_unknown_user_and_wrong_password_look_alike() -> None:
    """W9: whether an account exists cannot be read from the answer."""
    assert REASONS[Reason.UNKNOWN_USER] == REASONS[Reason.BAD_CREDENTIALS]


@pytest.mark.parametrize(("code", "title", "sentence"), TABLE)
def test_chinese_words_are_those_of_the_design(code: str, title: str, sentence: str) -> None:
    """Title and sentence read exactly as agreed, with the fields in their places."""
    found = by_code(code)
    assert found is not None
    filled = [re.sub(r"\{(\w+)\}", lambda m: str(FIELDS[m[1]]), text) for text in (title, sentence)]
    assert list(told(found[0], WORDS[Language.ZH], FIELDS)) == filled


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("way_out", [True, False])
def test_missing_facts_never_show(reason: Reason, language: Language, way_out: bool) -> None:
    """Where a fact is not known the text falls back; it never prints a placeholder and always has a title."""
    for fields in ({}, FIELDS):
        title, sentence = told(reason, WORDS[language], fields, way_out=way_out)
        assert title
        assert "%(" not in title + sentence
        assert "{" not in title + sentence


def test_words_of_a_rule_are_told() -> None:
    """What an operator wrote into a rule stands before the hours, and instead of «ask at the desk»."""
    english = WORDS[Language.EN]
    _, sentence = told(Reason.OUTSIDE_HOURS, english, {"t": "08:00", "words": "Lights out"})
    assert sentence == "Lights out. You can go online from 08:00."
    assert told(Reason.PLACE_NOT_ALLOWED, english, {"words": "No dialling here"})[1] == "No dialling here"


def test_by_code_reads_what_people_type() -> None:
    """Case and blanks do not matter; an unknown code is None."""
    found = by_code(" d01 ")
    assert found is not None
    assert found[0] is Reason.EXPIRED
    assert by_code("Z99") is None
