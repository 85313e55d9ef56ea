"""Promises of web.forms: what does not pass is as if it were not there, and a list never fails on it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.web.forms import (
    AttemptsForm,
    AuditForm,
    Fields,
    LoginForm,
    OnlineForm,
    SessionsForm,
    UserForm,
    UsersForm,
    read_list,
)

LISTS = (UsersForm, UserForm, OnlineForm, SessionsForm, AttemptsForm, AuditForm)


class Request:
    def __init__(self, **args: str) -> None:
        self.args = {name.encode(): [value.encode()] for name, value in args.items()}


def test_good_values_are_read() -> None:
    """Words are trimmed, numbers are numbers, choices are ours."""
    form: Any = read_list(UsersForm, Request(q="  张三 ", page="3", view="soon", sort="ends", group="7"))
    assert (form.word("q"), form.number("page", 1), form.word("view"), form.number("group")) == (
        "张三",
        3,
        "soon",
        7,
    )


@pytest.mark.parametrize("page", ["0", "-1", "201", "x", "", "1e3", "99999999999999999999"])
def test_a_bad_page_is_the_first(page: str) -> None:
    """Beyond the last numbered page, or no number at all, one is at the beginning."""
    form: Any = read_list(UsersForm, Request(page=page))
    assert form.number("page", 1) == 1


def test_foreign_choices_and_overlong_words_are_dropped() -> None:
    """A view that does not exist narrows nothing; 201 characters are no search."""
    form: Any = read_list(UsersForm, Request(view="all'--", q="x" * 201))
    assert (form.word("view"), form.word("q")) == ("", "")


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "q",
                "page",
                "view",
                "group",
                "sort",
                "show",
                "nas",
                "kind",
                "since",
                "until",
                "state",
                "code",
                "who",
                "confirm",
                "done",
            ]
        ),
        st.binary(max_size=60),
    )
)
def test_no_octets_break_a_list(sent: dict[str, bytes]) -> None:
    """Whatever stands in the address, every form reads it and every value has its type."""
    request = Request()
    request.args = {name.encode(): [value] for name, value in sent.items()}
    for kind in LISTS:
        form: Any = read_list(kind, request)
        assert isinstance(form.word("q"), str)
        assert isinstance(form.number("page", 1), int)


def test_login_needs_both_and_bounds_them() -> None:
    """A missing or overlong name or password never reaches the digest."""

    def passes(name: str, password: str) -> bool:
        return LoginForm(Fields({b"name": [name.encode()], b"password": [password.encode()]})).validate()

    assert passes("boss", "a good password")
    assert not passes("", "x")
    assert not passes("boss", "")
    assert not passes("b" * 129, "x")
    assert not passes("boss", "x" * 1025)
