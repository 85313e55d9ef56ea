"""The two languages of the pages: which one a request wants, and the texts in it.

Message ids are English sentences, so English needs no catalogue; Chinese is complete (a test says so). The catalogue
is read from its .po file when the process starts: no compiled file has to be made, shipped or kept in step.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGE_COOKIE: Final = "zm_lang"


class Language(StrEnum):
    """The languages of the pages, by their HTML ``lang`` value."""

    ZH = "zh-CN"
    EN = "en"

    @property
    def babel(self) -> str:
        """Babel's name of the locale."""
        return "zh_Hans_CN" if self is Language.ZH else "en_GB"

    @property
    def other(self) -> Language:
        """The language the switch on the page leads to."""
        return Language.EN if self is Language.ZH else Language.ZH

    @property
    def switch_label(self) -> str:
        """How the switch to this language reads: in that language itself."""
        return "中文" if self is Language.ZH else "EN"

    @classmethod
    def from_word(cls, word: str) -> Language | None:
        """The language a parameter, a cookie or one Accept-Language range names, or None for a foreign one."""
        head = word.strip().lower().replace("_", "-").split("-")[0]
        return {"zh": cls.ZH, "en": cls.EN}.get(head)


def mark(message: str) -> str:
    """Mark ``message`` for the catalogue without translating it here (tables that are built before any request)."""
    return message


def negotiate(query: str | None, cookie: str | None, accept: str | None) -> Language:
    """Choose the language: ``?lang=``, then the cookie, then Accept-Language (RFC 9110 §12.5.4); else Chinese."""
    for word in (query, cookie):
        chosen = Language.from_word(word) if word else None
        if chosen is not None:
            return chosen
    best: tuple[float, Language] | None = None
    for item in (accept or "")[:1000].split(","):
        name, _, parameter = item.partition(";")
        chosen = Language.from_word(name)
        weight = _weight(parameter)
        if chosen is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, chosen)
    return best[1] if best else Language.ZH


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language. Fields of a message are named: ``words.text("%(n)s left", n=3)``."""

    language: Language
    catalogue: gettext.NullTranslations

    def text(self, message: str, **fields: object) -> str:
        """``message`` in this language with its fields filled in; an empty message stays empty."""
        if not message:
            return ""
        translated = self.catalogue.gettext(message)
        return translated % fields if fields else translated.replace("%%", "%")

    def plural(self, one: str, many: str, n: int, **fields: object) -> str:
        """The form of the message that fits ``n``, which is also a field of it."""
        return self.catalogue.ngettext(one, many, n) % {"n": n, **fields}


def load_words(locale_dir: Path) -> dict[Language, Words]:
    """Read the catalogues under ``locale_dir`` (``zh_CN/LC_MESSAGES/messages.po``).

    Raises:
        FileNotFoundError: the Chinese catalogue is missing.
    """
    with (locale_dir / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return {
        Language.ZH: Words(Language.ZH, gettext.GNUTranslations(compiled)),
        Language.EN: Words(Language.EN, gettext.NullTranslations()),
    }
