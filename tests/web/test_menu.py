"""Promises of web.menu: everybody sees what he may open, and the customer's words find it."""

from __future__ import annotations

import pytest

from tests.web.fixtures import WEB
from zhuomai_appliance.model.people import ROLES, Permission
from zhuomai_appliance.web.menu import Node, find, pages, tree
from zhuomai_appliance.web.words import Language, load_words

WORDS = load_words(WEB / "locale")
BOTH = (WORDS[Language.ZH], WORDS[Language.EN])


def leaves(nodes: tuple[Node, ...]) -> list[Node]:
    return [leaf for node in nodes for leaf in (leaves(node.children) if node.children else [node])]


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_sees_its_own(role: str) -> None:
    """A page is in the tree exactly if the role holds its right; empty groups vanish."""
    shown = [leaf.route for leaf in leaves(tree(BOTH[0], ROLES[role], "dashboard"))]
    assert shown == [entry.route for entry in pages() if entry.permission in ROLES[role]]


def test_only_the_branch_of_the_page_is_open() -> None:
    """The open page is marked once and its heading alone is open."""
    nodes = tree(BOTH[1], frozenset(Permission), "online", {"online": 7})
    assert [node.label for node in nodes if node.open] == ["Network operations"]
    current = [leaf for leaf in leaves(nodes) if leaf.current]
    assert [(leaf.label, leaf.live) for leaf in current] == [("Online users", 7)]


@pytest.mark.parametrize(
    ("typed", "route"),
    [
        ("在线用户", "/admin/online"),
        (" KICK ", "/admin/online"),
        ("上网记录", "/admin/sessions"),
        ("审计", "/admin/audit"),
    ],
)
def test_words_open_pages(typed: str, route: str) -> None:
    """A label or an alias in either language opens its page."""
    entry = find(typed, BOTH, frozenset(Permission))
    assert entry is not None
    assert entry.route == route


def test_words_open_nothing_without_the_right() -> None:
    """The search box tells nobody of pages he may not open."""
    assert find("审计", BOTH, ROLES["helpdesk"]) is None
    assert find("", BOTH, frozenset(Permission)) is None


def test_routes_and_words_are_unique() -> None:
    """No two pages share an address or a word."""
    assert len({entry.route for entry in pages()}) == len(pages())
    words = [w for entry in pages() for w in {*(x.text(entry.label) for x in BOTH), *entry.aliases}]
    assert len(words) == len(set(words))
