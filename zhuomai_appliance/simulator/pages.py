"""Just enough of a browser for a login page: forms with their fields, what is shown as wrong, where it goes next."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_REFRESH = re.compile(r"\s*(\d+)\s*;\s*url\s*=\s*(.+)", re.IGNORECASE)


@dataclass(slots=True)
class Form:
    """A form and what it would send. `name_field` and `password_field` are empty where there is none."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    name_field: str = ""
    password_field: str = ""


@dataclass(slots=True)
class Page:
    """A page as a person reads it.

    Attributes:
        heading: the first h1.
        alert: all words that are shown as a problem (role=alert), without reference codes, which differ each time.
        refresh: address that the page goes to by itself; empty where it stays.
    """

    url: str
    status: int
    forms: list[Form] = field(default_factory=list)
    heading: str = ""
    alert: str = ""
    refresh: str = ""

    @property
    def login_form(self) -> Form | None:
        """The form that asks for a password."""
        return next((form for form in self.forms if form.password_field), None)

    @property
    def logout_form(self) -> Form | None:
        """The form that logs out this very device."""
        return next((form for form in self.forms if "logout" in form.action), None)

    @property
    def complaint(self) -> str:
        """The reason that the page shows: the heading of a page of its own, and the words of the problem."""
        if not self.alert or self.login_form is not None:
            return self.alert
        return f"{self.heading} {self.alert}".strip()


def read_page(url: str, status: int, body: str) -> Page:
    """Read a page. Whatever is not understood is passed over."""
    page = Page(url, status)
    reader = _Reader(page)
    reader.feed(body)
    reader.close()
    page.heading = " ".join(page.heading.split())
    page.alert = " ".join(page.alert.split())
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._form: Form | None = None
        self._open: list[tuple[str, str]] = []
        """Open elements with what their words are: "alert", "code", "heading" or nothing in particular."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("method", "get").lower(), given.get("action", ""))
            self._page.forms.append(self._form)
        elif tag == "input" and self._form is not None:
            self._take_input(self._form, given)
        elif tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            found = _REFRESH.match(given.get("content", ""))
            self._page.refresh = found[2].strip() if found else ""
        if tag not in _VOID:
            self._open.append((tag, self._meaning(tag, given)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        meanings = [meaning for _, meaning in self._open]
        if "code" in meanings:
            return
        if "alert" in meanings:
            self._page.alert += f" {data}"
        elif "heading" in meanings:
            self._page.heading += data

    def _meaning(self, tag: str, given: dict[str, str]) -> str:
        if given.get("role") == "alert":
            return "alert"
        if "code" in given.get("class", "").split() or tag in ("script", "style"):
            return "code"
        return "heading" if tag == "h1" and not self._page.heading else ""

    @staticmethod
    def _take_input(form: Form, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if not name or kind in ("submit", "button", "image", "reset"):
            return
        if kind in ("checkbox", "radio") and "checked" not in given and "required" not in given:
            return
        form.fields[name] = given.get("value", "on" if kind == "checkbox" else "")
        if kind == "password" and not form.password_field:
            form.password_field = name
        elif kind in ("text", "tel", "email") and not form.name_field:
            form.name_field = name
