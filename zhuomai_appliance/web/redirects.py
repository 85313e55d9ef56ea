"""Where a person may be sent: our own paths, and addresses of an allow-list. Everything doubtful is refused.

Browsers forgive much in an address: they drop tabs and line ends, read a backslash as a slash, take ``//host`` for
another host and ``https:host`` for one too (WHATWG URL §4.4). So the text is judged before it is parsed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

_LONGEST: Final = 2000


def own_path(text: str, otherwise: str) -> str:
    """``text`` if it is a path on this very site, else ``otherwise``: for the page asked for before the login."""
    if _clean(text) and text.startswith("/") and not text.startswith("//"):
        return text
    return otherwise


def outside(text: str, allowed_hosts: Collection[str]) -> str | None:
    """``text`` if it is an http(s) address of one of ``allowed_hosts`` (lower case, with the port if any), else None.

    The address a terminal first asked for comes through here: without a match the school's own page is offered.
    """
    if not _clean(text) or not text.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(text)
        host = parts.netloc.lower()
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return None
    if "@" in host or host not in allowed_hosts:
        return None
    return text


def _clean(text: str) -> bool:
    return len(text) <= _LONGEST and "\\" not in text and all("!" <= character <= "~" for character in text)
