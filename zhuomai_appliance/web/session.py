"""The console's cookie and what guards a form: the session behind it lives in flows.operators.

The token has 128 bits or more and is kept by the store as a digest; idle and absolute limits are checked there. Under
TLS the cookie is named ``__Host-``, so that no neighbour and no page in clear can plant one (ASVS 5.0 3.3).
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Any, Final

PLAIN_COOKIE: Final = "zm_session"
SECURE_COOKIE: Final = "__Host-zm_session"
THEME_COOKIE: Final = "zm_theme"
YEAR_SECONDS: Final = 365 * 86400
FIELD_CHARACTERS: Final = 4096


def text_of(octets: bytes) -> str:
    """What a browser sent, cut to a sane length; octets that are no UTF-8 become marks."""
    return octets[: 4 * FIELD_CHARACTERS].decode("utf-8", "replace")[:FIELD_CHARACTERS]


def field(request: Any, name: str) -> str:
    """The first value of a query parameter or form field; empty where there is none."""
    values = (request.args or {}).get(name.encode())
    return text_of(values[0]) if values else ""


def header(request: Any, name: str) -> str:
    """A request header, empty where there is none."""
    value = request.getHeader(name.encode())
    return "" if value is None else text_of(value)


def cookie(request: Any, name: str) -> str:
    """A cookie's value, empty where there is none."""
    value = request.getCookie(name.encode())
    return "" if value is None else text_of(value)


def query_of(request: Any) -> dict[str, str]:
    """The parameters of the address itself, without those of a form's body, the first value of each."""
    found: dict[str, str] = {}
    if request.method in (b"GET", b"HEAD"):
        for name in request.args or {}:
            found[text_of(name)] = field(request, text_of(name))
    return found


def session_token(request: Any) -> str:
    """The token of the cookie that this transport allows; one that came in clear is worth nothing under TLS."""
    return cookie(request, SECURE_COOKIE if request.isSecure() else PLAIN_COOKIE)


def set_session(request: Any, token: str) -> None:
    """Give the browser its session: gone when the browser closes, out of reach of scripts and of other sites."""
    secure = request.isSecure()
    request.addCookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        token,
        path="/",
        secure=secure,
        httpOnly=True,
        sameSite="lax",
    )


def drop_session(request: Any) -> None:
    """Take the session from the browser."""
    secure = request.isSecure()
    request.addCookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        "",
        path="/",
        max_age="0",
        secure=secure,
        httpOnly=True,
        sameSite="lax",
    )


def remember(request: Any, name: str, value: str) -> None:
    """Keep a choice (language, theme) in the browser for a year."""
    request.addCookie(
        name,
        value,
        path="/",
        max_age=str(YEAR_SECONDS),
        secure=request.isSecure(),
        httpOnly=True,
        sameSite="lax",
    )


def comes_from_us(request: Any) -> bool:
    """Whether a form was sent by a page of this very site, as far as the browser says (ASVS 5.0 3.5).

    Sec-Fetch-Site decides where it is sent; else Origin must be ours. A client that sends neither is no browser and
    carries no cookie against its owner's will; the form's token still guards every session.
    """
    site = header(request, "sec-fetch-site")
    if site:
        return site == "same-origin"
    origin = header(request, "origin")
    if not origin:
        return True
    scheme = "https" if request.isSecure() else "http"
    return origin.lower() == f"{scheme}://{header(request, 'host').lower()}"


def form_is_genuine(request: Any, csrf_token: str) -> bool:
    """Whether a form carries the token of its session and comes from a page of ours."""
    sent = field(request, "csrf")
    return comes_from_us(request) and compare_digest(sent.encode(), csrf_token.encode())
