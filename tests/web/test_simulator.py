"""The policy simulator and the list of servers elsewhere: asked without changing anything."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.flows.roamers import Roamers
from tests.flows.school import PHONE
from tests.web.console import Browser, Console
from zhuomai_appliance.store import accounts

PAGE = "/admin/simulator"
SERVERS = "/admin/upstreams"


@pytest.fixture
def console() -> Console:
    made = Console(Roamers())
    made.add_operator("net", "operations")
    made.add_operator("wangmin", "cashier")
    made.school.person("20260001", made.school.plan())
    return made


@pytest.fixture
def browser(console: Console) -> Browser:
    return console.logged_in("net")


def asked(browser: Browser, **question: str) -> str:
    return browser.get(f"{PAGE}?{urlencode(question)}").seen()


def test_who_may_go_online_is_told_with_what_the_device_gets(console: Console, browser: Browser) -> None:
    """Verdict, plan, rate, end, every check in its order, and the attributes by name; no attempt is recorded."""
    seen = asked(browser, who="20260001", nas=console.school.nas.name, mac=PHONE)
    for words in ("可以上网", "套餐 monthly", "4M/8M", "1. ", "通过", "Session-Timeout = 2592000"):
        assert words in seen, words
    assert console.school.attempts() == []


def test_who_may_not_is_told_why(console: Console, browser: Browser) -> None:
    """The code and sentence that he reads, and the check that refused him."""
    school = console.school
    account_id = school.person("locked", school.plan())
    school.write(lambda tx: accounts.set_lock(tx, account_id, 0, "fees"))
    seen = asked(browser, who="locked")
    assert "不能上网" in seen
    assert "A03" in seen


@pytest.mark.parametrize(
    "question",
    [
        {"who": "20260001", "vlan": "5000"},
        {"who": "20260001", "at": "yesterday"},
        {"who": "20260001", "mac": "02:00"},
        {"who": "20260001", "kind": "magic"},
    ],
)
def test_what_cannot_be_read_is_said(browser: Browser, question: dict[str, str]) -> None:
    """Nothing is answered that was not asked."""
    seen = asked(browser, **question)
    assert "看不懂" in seen
    assert "可以上网" not in seen


def test_strange_questions_are_answered(browser: Browser) -> None:
    """An unknown device, an unknown name, markup."""
    assert "no access device" in asked(browser, who="x", nas="nowhere") or "nowhere" in asked(
        browser, who="x", nas="nowhere"
    )
    assert "不能上网" in asked(browser, who="<b>nobody</b>")
    assert browser.get(PAGE).code == 200


def test_a_cashier_asks_nothing(console: Console) -> None:
    """Neither page is his."""
    cashier = console.logged_in("wangmin")
    assert (cashier.get(PAGE).code, cashier.get(SERVERS).code) == (403, 403)


def test_servers_elsewhere_are_listed_and_tested(console: Console, browser: Browser) -> None:
    """Each with its realms and state; the button asks it and tells the answer beside it."""
    school = console.school
    assert isinstance(school, Roamers)
    assert "还没有" in browser.get(SERVERS).seen()
    school.away()
    page = browser.get(SERVERS)
    assert "near" in page.seen()
    assert "edu.cn" in page.seen()
    form = {"csrf": page.field("csrf"), "project": str(school.project), "name": "near"}
    assert "毫秒内有回应" in browser.post(SERVERS, form).seen()
    console.home.lives = False
    assert "测试没有回应" in browser.post(SERVERS, form).seen()
    assert browser.post(SERVERS, form | {"name": "nobody"}).code == 404
    assert browser.post(SERVERS, form | {"project": "99"}).code == 404
