"""Promises of web.redirects: nobody is led off the site by an address he was handed."""

import pytest

from zhuomai_appliance.web.redirects import outside, own_path

TRICKS = [
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    "https://good.example@evil.example/",
    "https://good.example:x/",
    "https://good.example\\@evil.example/",
    "ht\ttps://evil.example/",
    "/\t/evil.example/",
    "/\n//evil.example",
    " //evil.example",
    "http://evil.example/",
    "",
    "ftp://good.example/",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("text", TRICKS)
def test_tricks_lead_nowhere(text: str) -> None:
    """W4: each known trick is answered with the fallback, as a path and as an outside address."""
    assert own_path(text, "/admin/") == "/admin/"
    assert outside(text, {"good.example"}) is None


def test_own_paths_and_listed_hosts_pass() -> None:
    """A path of ours keeps its query; a listed host passes with http and https, port and case as listed."""
    assert own_path("/admin/users?q=1&page=2", "/admin/") == "/admin/users?q=1&page=2"
    assert outside("https://good.example/a?b#c", {"good.example"}) == "https://good.example/a?b#c"
    assert outside("HTTP://Good.Example:8080/", {"good.example:8080"}) == "HTTP://Good.Example:8080/"
    assert outside("https://good.example:8443/", {"good.example"}) is None
