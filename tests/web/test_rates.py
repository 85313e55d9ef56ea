"""Rate templates in the console: named once, followed at once, never pulled from under anybody."""

from __future__ import annotations

import pytest

from tests.web.console import Answer, Browser, Console
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import products

LIST = "/admin/rates"
FORM = {"name": "8M", "down": "8M", "up": "4M"}


@pytest.fixture
def console() -> Console:
    made = Console()
    made.add_operator("net", "operations")
    made.add_operator("ear", "audit")
    made.add_operator("wangmin", "cashier")
    return made


@pytest.fixture
def browser(console: Console) -> Browser:
    return console.logged_in("net")


def sent(page: Answer, **changes: str) -> dict[str, str]:
    return FORM | {"csrf": page.field("csrf"), "was": page.field("was")} | changes


def stored(console: Console) -> dict[str, RateLimit]:
    school = console.school
    return {rate.name: rate.limit for rate in products.rates(school.store.reader, school.project)}


def url_of(page: Answer) -> str:
    return LIST + "/" + page.text.split(f'href="{LIST}/')[1].split('"')[0]


def test_a_template_is_made_changed_and_removed(console: Console, browser: Browser) -> None:
    """Its speeds are those of the user: down is what he receives."""
    assert browser.post(LIST, sent(browser.get(LIST))).code == 303
    assert stored(console) == {"8M": RateLimit(up_bps=4_000_000, down_bps=8_000_000)}
    here = url_of(browser.get(LIST))
    assert browser.post(here, sent(browser.get(here), name="10M", down="10M")).code == 303
    assert stored(console) == {"10M": RateLimit(up_bps=4_000_000, down_bps=10_000_000)}
    assert browser.post(f"{here}/remove", {"csrf": browser.get(here).field("csrf")}).code == 303
    assert stored(console) == {}
    assert browser.get(here).code == 404
    actions = [
        action
        for (action,) in console.school.rows(
            "SELECT action FROM audit WHERE object_kind = 'rate' ORDER BY id"
        )
    ]
    assert actions == ["rate.create", "rate.change", "rate.remove"]


def test_mistakes_stand_at_their_fields(console: Console, browser: Browser) -> None:
    """A speed is a number with its unit; what was typed is still there."""
    page = browser.post(LIST, sent(browser.get(LIST), name="", down="fast", up="0"))
    assert page.code == 400
    assert page.seen().count("请写速率，例如8M、512k、1G") == 2
    assert 'value="fast"' in page.text
    assert stored(console) == {}


def test_a_template_in_use_stays(console: Console, browser: Browser) -> None:
    """Who follows it stands beside it; it cannot be removed."""
    browser.post(LIST, sent(browser.get(LIST)))
    here = url_of(browser.get(LIST))
    rate_id = int(here.rpartition("/")[2])
    account_id = console.school.person("20260001")
    console.school.sql(f"UPDATE account SET rate_id = {rate_id} WHERE id = {account_id}")
    page = browser.get(here)
    assert "1个账号" in page.seen()
    assert "移除这个模版" not in page.seen()
    kept = browser.post(f"{here}/remove", {"csrf": page.field("csrf")})
    assert (kept.code, "所以不能移除" in kept.seen()) == (409, True)


def test_two_operators_at_one_template(browser: Browser) -> None:
    """The second, whose page is older, is told and changes nothing; a name is given once."""
    browser.post(LIST, sent(browser.get(LIST)))
    here = url_of(browser.get(LIST))
    page = browser.get(here)
    assert browser.post(here, sent(page, down="9M")).code == 303
    late = browser.post(here, sent(page, down="7M"))
    assert (late.code, "刚被别人改过" in late.seen()) == (409, True)
    twice = browser.post(LIST, sent(browser.get(LIST)))
    assert (twice.code, "已有同名的模版" in twice.seen()) == (409, True)


def test_who_may_look_may_not_change(console: Console) -> None:
    """An auditor sees the list, a cashier nothing."""
    auditor = console.logged_in("ear")
    page = auditor.get(LIST)
    assert (page.code, "保存" in page.seen()) == (200, False)
    assert auditor.post(LIST, FORM | {"csrf": page.field("csrf"), "was": ""}).code == 403
    assert console.logged_in("wangmin").get(LIST).code == 403
