"""Promises of web.session: under TLS the cookie cannot be planted, and a form comes from a page of ours."""

from __future__ import annotations

from typing import Any

import pytest

from zhuomai_appliance.web.session import (
    comes_from_us,
    drop_session,
    field,
    form_is_genuine,
    query_of,
    session_token,
    set_session,
)


class Request:
    """As much of a request as the session looks at."""

    def __init__(self, secure: bool = False, method: bytes = b"POST", **headers: str) -> None:
        self.secure = secure
        self.method = method
        self.args: dict[bytes, list[bytes]] = {}
        self.headers = {"host": "box.school.example", **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.kept: dict[bytes, bytes] = {}

    def isSecure(self) -> bool:
        return self.secure

    def getHeader(self, name: bytes) -> bytes | None:
        value = self.headers.get(name.decode())
        return None if value is None else value.encode()

    def getCookie(self, name: bytes) -> bytes | None:
        return self.kept.get(name)

    def addCookie(self, name: str, value: str, **attributes: Any) -> None:
        self.sent.append((name, value, attributes))


def test_under_tls_the_cookie_belongs_to_this_host_alone() -> None:
    """W2: __Host-, Secure, whole path, no domain; what came in clear is not looked at."""
    request = Request(secure=True)
    set_session(request, "abc")
    name, value, attributes = request.sent[0]
    assert (name, value) == ("__Host-zm_session", "abc")
    assert attributes == {"path": "/", "secure": True, "httpOnly": True, "sameSite": "lax"}
    request.kept = {b"zm_session": b"planted"}
    assert session_token(request) == ""
    request.kept = {b"__Host-zm_session": b"abc"}
    assert session_token(request) == "abc"


def test_dropping_names_the_same_cookie() -> None:
    """The browser forgets exactly what it was given, in clear and under TLS."""
    for secure, name in ((False, "zm_session"), (True, "__Host-zm_session")):
        request = Request(secure=secure)
        drop_session(request)
        assert request.sent[0][:2] == (name, "")
        assert request.sent[0][2]["max_age"] == "0"


@pytest.mark.parametrize(
    ("secure", "headers", "ours"),
    [
        (False, {}, True),
        (False, {"origin": "http://box.school.example"}, True),
        (False, {"origin": "HTTP://BOX.school.example"}, True),
        (False, {"origin": "https://box.school.example"}, False),
        (True, {"origin": "https://box.school.example"}, True),
        (True, {"origin": "http://box.school.example"}, False),
        (False, {"origin": "null"}, False),
        (False, {"origin": "http://box.school.example.evil.example"}, False),
        (False, {"sec_fetch_site": "same-origin"}, True),
        (False, {"sec_fetch_site": "same-site"}, False),
        (False, {"sec_fetch_site": "none"}, False),
        (False, {"sec_fetch_site": "cross-site", "origin": "http://box.school.example"}, False),
    ],
)
def test_where_a_form_comes_from(secure: bool, headers: dict[str, str], ours: bool) -> None:
    """W1: the browser's word decides where it is given; scheme, host and port must be ours."""
    assert comes_from_us(Request(secure, b"POST", **headers)) is ours


def test_a_form_needs_the_token_of_its_session() -> None:
    """An empty, a shortened, a foreign and a missing token are refused."""
    request = Request()
    for sent in ("", "tok", "token2", "ток"):
        request.args = {b"csrf": [sent.encode()]}
        assert not form_is_genuine(request, "token")
    request.args = {}
    assert not form_is_genuine(request, "token")
    request.args = {b"csrf": [b"token"]}
    assert form_is_genuine(request, "token")


def test_what_is_sent_is_cut_and_decoded() -> None:
    """A field is at most 4,096 characters; octets that are no UTF-8 do no harm; a POST's body is no address."""
    request = Request(method=b"GET")
    request.args = {b"q": [b"\xff" + "张".encode() * 9000], b"empty": []}
    assert len(field(request, "q")) == 4096
    assert field(request, "empty") == ""
    assert field(request, "nothing") == ""
    assert set(query_of(request)) == {"q", "empty"}
    request.method = b"POST"
    assert query_of(request) == {}
