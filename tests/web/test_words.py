"""Promises of the catalogues: Chinese is complete, and a request gets the language it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.web.fixtures import WEB
from zhuomai_appliance.web.reasons import REASONS
from zhuomai_appliance.web.words import Language, load_words, negotiate

ROOT = WEB.parent
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "mark": (1,),
    "text": (1,),
    "plural": (1, 2),
}


def used_messages() -> Iterator[tuple[str, str | None]]:
    """Every message id in the code and the templates, with its context."""
    templates = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}
    sources: tuple[tuple[Path, list[tuple[str, str]], dict[str, dict[str, str]]], ...] = (
        (ROOT / "zhuomai_appliance" / "web", [("**.py", "python")], {}),
        (WEB / "templates", [("**.html", "jinja2")], {"**.html": templates}),
    )
    for folder, methods, options in sources:
        for _, _, message, _, context in extract_from_dir(
            folder, method_map=methods, options_map=options, keywords=KEYWORDS
        ):
            yield (message[0] if isinstance(message, tuple) else message), context


def forms(text: object) -> tuple[str, ...]:
    """The plural forms of an id or of its translation; one where there is no plural."""
    return tuple(str(form) for form in text) if isinstance(text, (tuple, list)) else (str(text),)


def chinese() -> Path:
    return WEB / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po"


def test_every_message_has_a_chinese_text() -> None:
    """Nothing is missing, nothing is fuzzy, nothing is left over."""
    with chinese().open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    known = {
        (message.id[0] if isinstance(message.id, tuple) else message.id, message.context)
        for message in catalogue
        if message.id and message.string and all(message.string) and not message.fuzzy
    }
    used = set(used_messages())
    assert used - known == set()
    assert known - used == set()
    assert len(used) > 200


def test_fields_agree_between_the_languages() -> None:
    """A Chinese text names no field that its English text lacks, except where a reason shares all of its fields."""
    shared = {message for text in REASONS.values() for message in (text.title, text.sentence, text.elsewhere)}
    with chinese().open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    for message in catalogue:
        if not message.id or message.id in shared:
            continue
        fields = set(re.findall(r"%\((\w+)\)s", " ".join(forms(message.id))))
        assert set(re.findall(r"%\((\w+)\)s", " ".join(forms(message.string)))) <= fields, message.id


def test_chinese_typography() -> None:
    """No typed space between Chinese and Latin or digits (except units), no half-width comma, no middle dot."""
    with chinese().open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    for message in catalogue:
        for text in forms(message.string) if message.id else ():
            assert not re.search(r"[\u4e00-\u9fff],|[\u4e00-\u9fff]!|！|·|您|你|无效|非法|异常", text), text
            assert not re.search(
                r"[\u4e00-\u9fff] [0-9A-Za-z]", text.replace("zhuomai import", "zhuomai_import")
            ), text


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        (None, None, None, Language.ZH),
        (None, None, "en-US,en;q=0.9", Language.EN),
        (None, None, "fr-FR,fr;q=0.9", Language.ZH),
        (None, None, "en;q=0.8,zh-CN;q=0.9", Language.ZH),
        (None, None, "zh-TW", Language.ZH),
        (None, None, "en;q=0, zh;q=0.1", Language.ZH),
        (None, None, "en;q=nan,en;q=x", Language.ZH),
        (None, "en", "zh-CN", Language.EN),
        ("zh", "en", "en", Language.ZH),
        ("<script>", None, "en", Language.EN),
    ],
)
def test_choice_of_language(
    query: str | None, cookie: str | None, accept: str | None, expected: Language
) -> None:
    """The switch wins over the cookie, the cookie over the browser, and Chinese is the answer to the rest."""
    assert negotiate(query, cookie, accept) is expected


def test_percent_and_empty_messages() -> None:
    """An empty message stays empty: the catalogue's header never shows."""
    for words in load_words(WEB / "locale").values():
        assert words.text("") == ""
