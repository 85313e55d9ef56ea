"""Promises of the templates: weight, no foreign address, nothing inline, and strangers' text stays text."""

from __future__ import annotations

import gzip
import json
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.web.fixtures import HOSTILE, SAMPLES, WEB, render
from zhuomai_appliance.web.render import Renderer, digest_source, query_link
from zhuomai_appliance.web.words import Language

CAPTIVE = [name for name, sample in SAMPLES.items() if sample.site == "captive"]
CONSOLE = [name for name, sample in SAMPLES.items() if sample.site == "admin"]
VOID = {"meta", "link", "input", "br", "path", "circle", "rect", "line", "use", "img"}


@cache
def renderer() -> Renderer:
    return Renderer(WEB)


class Page(HTMLParser):
    """Tags with their attributes in order, whether every element was closed, and the text of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in self.inline:
            self.inline[self._open[-1]].append(data)
        else:
            self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(1 for name, _ in self.tags if name == tag)

    def attribute(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("hostile", [False, True])
def test_a_page_is_sound_and_speaks_to_nobody_else(name: str, language: Language, hostile: bool) -> None:
    """Elements close, there is one h1, the language is declared, each field has a label, no address leaves the box."""
    page = Page(render(renderer(), name, language, hostile=hostile))
    assert page.tags[0] == ("html", {**page.tags[0][1], "lang": language.value})
    assert page.count("h1") == (0 if name == "login-many" else 1)
    assert page.count("main") == 1
    for attribute in ("src", "href", "action", "hx-get", "hx-post"):
        for address in page.attribute(attribute):
            if address == "https://www.rcit.example/":
                continue
            assert address == "data:," or urlsplit(address).netloc == "", address
            assert urlsplit(address).scheme in ("", "data"), address
    labelled = set(page.attribute("for"))
    for tag, attrs in page.tags:
        if tag in ("input", "select") and attrs.get("type") not in ("hidden", "checkbox"):
            assert "aria-label" in attrs or attrs.get("id") in labelled, attrs
        if tag == "a" and attrs.get("target"):
            pytest.fail("a captive browser opens no second window")


@pytest.mark.parametrize("name", list(SAMPLES))
def test_strangers_text_stays_text(name: str) -> None:
    """No markup, no handler and no second evaluation comes from a name; every piece is on the page as written."""
    html = render(renderer(), name, Language.ZH, hostile=True)
    page = Page(html)
    assert "alert(1)" not in "".join(page.inline["script"])
    assert page.count("img") == 0
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert "49" not in [piece.strip() for piece in page.text]
    seen = "".join(page.text) + "".join(value or "" for _, attrs in page.tags for value in attrs.values())
    if SAMPLES[name].template not in ("login.html", "error_outside.html"):
        assert any(text in seen for text in HOSTILE)


@pytest.mark.parametrize("name", CAPTIVE)
@pytest.mark.parametrize("language", list(Language))
def test_a_captive_page_weighs_little_and_asks_once(name: str, language: Language) -> None:
    """Under 60 KB with all it needs and under 30 KB packed; not a single further request; no newer CSS."""
    html = render(renderer(), name, language)
    page = Page(html)
    assert len(html.encode()) < 30_000
    assert len(gzip.compress(html.encode())) < 8_000
    assert page.attribute("src") == []
    assert [attrs["href"] for tag, attrs in page.tags if tag == "link"] == ["data:,"]
    assert page.attribute("style") == []


def test_captive_style_and_script_are_small_and_old_fashioned() -> None:
    """CSS under 8 KB, script under 4 KB; no custom properties, grid, gap or nesting: Android 5 shows it."""
    style, script = renderer().captive_style, renderer().captive_script
    assert len(style.encode()) < 8192
    assert len(script.encode()) < 4096
    for newer in ("var(", "--", "grid", "gap:", "&", "calc(", "inset:", ":is(", ":where(", "clamp("):
        assert newer not in style
    for newer in ("=>", "const ", "let ", "`", "fetch(", "async"):
        assert newer not in script


def test_captive_policy_names_what_the_page_carries() -> None:
    """The policy allows exactly the style and the script that stand in the page."""
    page = Page(render(renderer(), "login", Language.ZH))
    for kind in ("style", "script"):
        assert digest_source("".join(page.inline[kind])) in renderer().captive_policy


@pytest.mark.parametrize("name", CONSOLE)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_console_page_carries_nothing_inline(name: str, theme: str) -> None:
    """No style attribute, no style element, no running script: data blocks are JSON and parse."""
    page = Page(render(renderer(), name, Language.EN, theme))
    assert page.attribute("style") == []
    assert page.inline["style"] == []
    scripts = [attrs for tag, attrs in page.tags if tag == "script" and "src" not in attrs]
    assert all(attrs.get("type") == "application/json" for attrs in scripts)
    for text in page.inline["script"]:
        json.loads(text)
    assert page.tags[0][1]["data-bs-theme"] == theme
    if SAMPLES[name].template not in ("login.html", "error_outside.html"):
        assert "token" in page.attribute("value")


def test_every_address_of_a_file_exists() -> None:
    """Whatever a console page asks for under /static is there."""
    for name in CONSOLE:
        page = Page(render(renderer(), name, Language.ZH))
        for address in page.attribute("src") + page.attribute("href"):
            if address.startswith("/static/"):
                assert renderer().assets.at(address.split("#")[0]) is not None


def test_every_icon_is_in_the_sprite() -> None:
    """An icon that is named but not built would be an empty place."""
    sprite = renderer().assets.body("vendor/icons.svg")
    for name in CONSOLE:
        for address in Page(render(renderer(), name, Language.ZH)).attribute("href"):
            if "icons.svg#" in address:
                assert f'id="{address.split("#")[1]}"' in sprite


def test_a_switch_keeps_the_rest_of_the_address() -> None:
    """Changing one part of the query leaves the others; None takes one out."""
    assert query_link("/a", {"q": "a b&c", "page": "2"}, lang="en", page=None) == "/a?q=a+b%26c&lang=en"
    assert query_link("/a", {"q": ""}) == "/a"


def test_one_method_needs_no_tabs_and_no_icons() -> None:
    """With one way to log in there is neither tab nor icon; with six there are two tabs and four icons."""
    assert 'class="tabs"' not in render(renderer(), "login", Language.ZH)
    assert 'class="ways"' not in render(renderer(), "login", Language.ZH)
    many = render(renderer(), "login-many", Language.ZH)
    assert many.count("?way=") == 5


def test_a_failed_login_keeps_the_account_and_ends_with_code_and_number() -> None:
    """The account stays, the password gets the focus, code and look-up number stand in the message."""
    page = Page(render(renderer(), "login-error", Language.ZH))
    fields = {attrs.get("name"): attrs for tag, attrs in page.tags if tag == "input"}
    assert fields["username"]["value"] == "2023114205"
    assert "autofocus" in fields["password"]
    assert "value" not in fields["password"]
    text = "".join(page.text)
    assert "原因码 A01" in text
    assert "查询号 9TK4C" in text


def test_terms_are_never_ticked_before() -> None:
    """Consent is the person's own act."""
    page = Page(render(renderer(), "login-many", Language.ZH))
    terms = next(attrs for tag, attrs in page.tags if tag == "input" and attrs.get("name") == "terms")
    assert "checked" not in terms
