"""Black and white lists in the console: entered however they are written, in force at once, numbers kept private."""

from __future__ import annotations

import re

import pytest

from tests.flows.school import PHONE, reason
from tests.web.console import Answer, Browser, Console

LIST = "/admin/lists"


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


def put(browser: Browser, kind: str, value: str, **more: str) -> Answer:
    form = {"kind": kind, "action": "deny", "value": value, "reason": "", "until": ""} | more
    return browser.post(LIST, form | {"csrf": browser.get(f"{LIST}?kind={kind}").field("csrf")})


def remove(browser: Browser, page: Answer) -> Answer:
    return browser.post(f"{LIST}/remove", {"csrf": page.field("csrf"), "key": page.field("key")})


def entries(console: Console) -> list[tuple[str, str, str]]:
    school = console.school
    return [(one.kind.value, one.value, one.created_by) for one in school.tables.lists(school.project)]


def test_a_listed_device_is_refused_at_its_next_login(console: Console, browser: Browser) -> None:
    """Whatever way its address is written; off the list it may again. Who did it is in the audit log."""
    school = console.school
    school.person("20260001", school.plan())
    assert put(browser, "mac", PHONE.upper().replace(":", "-"), reason="arp").code == 303
    assert entries(console) == [("mac", PHONE, "net")]
    assert reason(school.login(mac=PHONE)) == "device_blocked"
    page = browser.get(f"{LIST}?kind=mac")
    assert all(word in page.seen() for word in (PHONE.upper(), "arp", "net", "不限"))
    assert remove(browser, page).code == 303
    assert reason(school.login(mac=PHONE)) == "accepted"
    actions = school.rows("SELECT action FROM audit WHERE object_kind = 'list' ORDER BY id")
    assert [action for (action,) in actions] == ["list.create", "list.remove"]


def test_an_entry_ends_with_its_last_day(console: Console, browser: Browser) -> None:
    """The day named belongs to it whole, by the school's calendar."""
    assert put(browser, "ip", "10.9.1.0/24", until="2026-11-30").code == 303
    (entry,) = console.school.tables.lists(console.school.project)
    assert console.school.nas.id
    assert entry.expires_at == 1_796_054_400  # 2026-12-01T00:00+08:00


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("mac", "02:00:00:00:00", "请写MAC"),
        ("ip", "10.9.0.0/33", "请写地址"),
        ("phone", "", "请填写"),
        ("mac", "<script>", "请写MAC"),
    ],
)
def test_what_is_none_of_its_kind_is_said(
    console: Console, browser: Browser, kind: str, value: str, sentence: str
) -> None:
    """Nothing is stored; the mistake stands at the field."""
    page = put(browser, kind, value)
    assert (page.code, sentence in page.seen()) == (400, True)
    assert entries(console) == []


def test_a_day_that_is_none_is_said(console: Console, browser: Browser) -> None:
    """An entry that should end is not stored without an end."""
    page = put(browser, "ip", "10.9.1.1", until="2026-02-30")
    assert (page.code, "请写日期" in page.seen()) == (400, True)
    assert entries(console) == []


def test_numbers_of_people_stay_private(console: Console, browser: Browser) -> None:
    """Whoever may not read the data of persons sees a masked number, also in the form that removes it."""
    assert put(browser, "phone", "13800002071").code == 303
    page = browser.get(f"{LIST}?kind=phone")
    assert "138****2071" in page.seen()
    assert "13800002071" not in page.text
    rows = console.school.rows("SELECT object_id FROM audit WHERE object_kind = 'list'")
    assert rows == [("phone",)]
    assert remove(browser, page).code == 303
    assert entries(console) == []


def test_the_same_twice_is_one_entry(console: Console, browser: Browser) -> None:
    """A second entry of one value changes the first; removing it twice is told."""
    put(browser, "mac", "a4:5e:60")
    assert put(browser, "mac", "A45E.60", action="allow").code == 303
    assert entries(console) == [("mac", "a4:5e:60", "net")]
    page = browser.get(f"{LIST}?kind=mac")
    assert re.search("A4:5E:60.*允许", page.seen())
    assert remove(browser, page).code == 303
    assert remove(browser, page).code == 404


def test_who_may_look_may_not_change(console: Console) -> None:
    """An auditor sees the list, a cashier nothing."""
    auditor = console.logged_in("ear")
    page = auditor.get(LIST)
    assert (page.code, "新增" in page.seen()) == (200, False)
    assert put(auditor, "mac", PHONE).code == 403
    assert console.logged_in("wangmin").get(LIST).code == 403
