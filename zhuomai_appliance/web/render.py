"""Pages from templates: one Jinja2 environment per site and language, with gettext and autoescape.

The captive environment is sandboxed, because a school may bring its own login page; the console's is not, because
its templates are ours alone. Templates see ``v`` (the page's view), ``f`` (the formatter) and, on the console, ``p``
(the shell around the page). A name that is missing is an error, never an empty place.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from zhuomai_appliance.web.formats import Formatter, initials
from zhuomai_appliance.web.static import Assets
from zhuomai_appliance.web.words import Language, Words, load_words

#: ui.md §1: nothing from elsewhere, nothing inline. ``form-action``, ``base-uri`` and ``frame-ancestors`` do not fall
#: back to ``default-src`` (CSP 3 §6.1) and are therefore named.
CONSOLE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a school's login page: six-digit hex. ``brand`` needs 4.5:1 against white."""

    brand: str = "#1b5faa"
    brand_dark: str = "#174f8e"
    brand_soft: str = "#e8f0fa"


def query_link(path: str, query: Mapping[str, str], **changes: str | int | None) -> str:
    """``path`` with ``query`` after ``changes``; None or an empty text takes a key out."""
    merged = {**query, **{key: "" if value is None else str(value) for key, value in changes.items()}}
    kept = {key: value for key, value in merged.items() if value != ""}
    return f"{path}?{urlencode(kept)}" if kept else path


def digest_source(text: str) -> str:
    """The source expression that lets one inline block run or apply (CSP 3 §2.3.1)."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


class Renderer:
    """Renders pages of the sites whose files lie in ``web_dir`` (templates/, static/, locale/)."""

    def __init__(self, web_dir: Path, theme: Theme | None = None) -> None:
        self.words = load_words(web_dir / "locale")
        self.assets = Assets(web_dir / "static")
        self._theme = theme or Theme()
        templates = web_dir / "templates"
        self._captive = {
            language: _prepare(ImmutableSandboxedEnvironment, templates / "captive", words)
            for language, words in self.words.items()
        }
        self._admin = {
            language: _prepare(Environment, templates / "admin", words)
            for language, words in self.words.items()
        }
        for environment in (*self._captive.values(), *self._admin.values()):
            environment.globals["static"] = self.assets.url
            environment.globals["has_static"] = self.assets.has
            environment.globals["link"] = query_link
            environment.globals["initials"] = initials
        style = self._captive[Language.ZH].get_template("style.css").render(t=self._theme)
        script = self._captive[Language.ZH].get_template("script.js").render()
        self.captive_style = " ".join(style.split())
        self.captive_script = script.strip()
        for environment in self._captive.values():
            environment.globals["style"] = Markup(self.captive_style)  # noqa: S704 - our own file
            environment.globals["script"] = Markup(self.captive_script)  # noqa: S704 - our own file
        #: 'unsafe-inline' is read only by web views that know no hashes (CSP 1: Android 5 as delivered).
        self.captive_policy = (
            f"default-src 'none'; style-src {digest_source(self.captive_style)} 'unsafe-inline'; "
            f"script-src {digest_source(self.captive_script)} 'unsafe-inline'; img-src 'self' data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def formatter(self, language: Language, zone: ZoneInfo, now: int, gb_octets: int = 2**30) -> Formatter:
        """The formatter of one page."""
        return Formatter(self.words[language], zone, now, gb_octets)

    def captive(self, template: str, f: Formatter, **context: object) -> bytes:
        """A page for a phone that has no internet yet, as UTF-8."""
        return self._page(self._captive, template, f, context)

    def console(self, template: str, f: Formatter, **context: object) -> bytes:
        """A page of the console, as UTF-8."""
        return self._page(self._admin, template, f, context)

    def _page(
        self,
        sites: Mapping[Language, Environment],
        template: str,
        f: Formatter,
        context: Mapping[str, object],
    ) -> bytes:
        language = f.words.language
        page = sites[language].get_template(template)
        return page.render(**context, f=f, language=language).encode()


def _prepare(kind: type[Environment], templates: Path, words: Words) -> Environment:
    environment = kind(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.catalogue.gettext, words.catalogue.ngettext, newstyle=True, pgettext=words.catalogue.pgettext
    )
    return environment
