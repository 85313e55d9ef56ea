"""The console's promises to the school: who may come in, what he sees, and that a kick is a kick."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import quote

import pytest
from twisted.internet.defer import succeed

from tests.flows.school import GB, LAPTOP, LAPTOP_IP, START, STOP
from tests.web.console import PASSWORD, RENDERER, Console
from zhuomai_appliance.model.people import ROLES, Permission
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.store import accounts, network
from zhuomai_appliance.store.interface import Condition, StoreState
from zhuomai_appliance.web import menu
from zhuomai_appliance.web.words import Language


@pytest.fixture
def console() -> Console:
    return Console()


def with_people(console: Console) -> Console:
    """Two accounts, one of them online with traffic, one refused login."""
    school = console.school
    school.tables.add_signer(school.nas.id, school.nas.host)
    monthly = school.plan()
    school.person("20260001", monthly, person=accounts.PersonData(phone="13800002071"))
    school.person("20260002", full_name="李四")
    school.login("20260001")
    school.report(START)
    school.clock.advance(300)
    school.report(3, 300, 1_000_000, 3 * 2**30)
    school.login("20260001", "wrong", LAPTOP, LAPTOP_IP)
    return console


# The door ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [entry.route for entry in menu.pages()] + ["/admin/users/1", "/admin/find?q=x"]
)
def test_without_a_session_every_page_leads_to_the_login(console: Console, path: str) -> None:
    """W8: no cookie, no page; the page asked for is remembered."""
    answer = console.browser().get(path)
    assert answer.code == 303
    assert answer.location.startswith("/admin/login?next=%2Fadmin%2F")
    assert answer.text == ""


def test_login_gives_a_cookie_that_scripts_and_other_sites_cannot_use(console: Console) -> None:
    """W2: HttpOnly, SameSite, whole site; the browser then sees the dashboard with every header of W3."""
    browser = console.browser()
    answer = browser.login()
    assert (answer.code, answer.location) == (303, "/admin/")
    (cookie,) = answer.cookies()
    assert re.fullmatch(r"zm_session=[\w-]{22,}; Path=/; HttpOnly; SameSite=lax", cookie), cookie
    page = browser.get("/admin/")
    assert page.code == 200
    assert "default-src 'none'" in page.header("content-security-policy")
    assert page.header("cache-control") == "no-store"
    assert page.header("x-content-type-options") == "nosniff"
    assert page.header("referrer-policy") == "same-origin"
    assert "Server" not in page.headers.getAllRawHeaders()


def test_wrong_name_and_wrong_password_look_alike(console: Console) -> None:
    """W9: one sentence for both, the name stays, the password does not; many tries slow down with 429."""
    browser = console.browser()
    unknown, wrong = browser.login("nobody"), browser.login("boss", "wrong password")
    assert unknown.code == wrong.code == 403
    assert unknown.seen() == wrong.seen()
    assert "用户名或密码不对" in wrong.seen()
    assert 'value="boss"' in wrong.text
    assert "wrong password" not in wrong.text
    for _ in range(4):
        last = browser.login("boss", "wrong password")
    assert last.code == 429
    assert int(last.header("retry-after")) > 0


def test_a_login_form_of_another_site_is_refused(console: Console) -> None:
    """W1: Sec-Fetch-Site or Origin of elsewhere never logs anybody in."""
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        answer = console.browser().login(**headers)
        assert answer.code == 409
        assert answer.cookies() == []
    assert console.browser().login(origin="http://127.0.0.1:8081").code == 303


def test_a_new_login_ends_the_session_the_browser_had(console: Console) -> None:
    """W2: the identifier changes at login and the old one is dead."""
    browser = console.logged_in()
    (old,) = console.school.rows("SELECT token_digest FROM operator_session")
    browser.login()
    (new,) = console.school.rows("SELECT token_digest FROM operator_session")
    assert old != new


def test_logout_ends_it_here_and_there(console: Console) -> None:
    """The cookie goes, and the token is worth nothing even for whoever kept it."""
    browser = console.logged_in()
    csrf = browser.get("/admin/").field("csrf")
    answer = browser.post("/admin/logout", {"csrf": csrf})
    assert answer.location == "/admin/login"
    assert "Max-Age=0" in answer.cookies()[0]
    assert console.school.rows("SELECT 1 FROM operator_session") == []
    assert browser.get("/admin/").code == 303


def test_a_session_ends_after_half_an_hour_of_nothing(console: Console) -> None:
    """W2: idle limit."""
    browser = console.logged_in()
    console.school.clock.advance(1801)
    assert browser.get("/admin/").code == 303


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/admin/logout", "/x"]
)
def test_after_the_login_nobody_is_led_away(console: Console, wanted: str) -> None:
    """W4: only a page of the console is a place to go on to."""
    answer = console.browser().post("/admin/login", {"name": "boss", "password": PASSWORD, "next": wanted})
    assert answer.location == "/admin/"


def test_after_the_login_one_is_where_one_wanted_to_be(console: Console) -> None:
    """A link somebody sent survives the login."""
    browser = console.browser()
    door = browser.get(browser.get("/admin/online?q=zhang").location)
    answer = browser.post("/admin/login", {"name": "boss", "password": PASSWORD, "next": door.field("next")})
    assert answer.location == "/admin/online?q=zhang"


# What each role sees ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(ROLES))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_the_menu_answers_its_role_and_no_other(
    console: Console, role: str, language: str
) -> None:
    """The menu is walked in both languages: own pages answer, bear their name and are found by it; others are 403."""
    with_people(console)
    if role != "admin":
        console.add_operator(role, role)
    browser = console.logged_in("boss" if role == "admin" else role)
    words = {"zh": RENDERER.words[Language.ZH], "en": RENDERER.words[Language.EN]}[language]
    own = [entry for entry in menu.pages() if entry.permission in ROLES[role]]
    for entry in menu.pages():
        answer = browser.get(f"{entry.route}{'&' if '?' in entry.route else '?'}lang={language}")
        assert answer.code == (200 if entry in own else 403), entry.route
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text
        links = re.findall(r'<a class="zm-(?:head|leaf)" href="([^"]+)"', answer.text)
        assert [unescape(link) for link in links] == [one.route for one in own]
        if entry in own:
            label = words.text(entry.label)
            assert f"<h1>{label}</h1>" in answer.text
            assert answer.text.count('aria-current="page"') == 1
            if Permission.ACCOUNTS_READ in ROLES[role]:
                assert browser.get(f"/admin/find?q={quote(label)}").location == entry.route


def test_an_operator_of_another_project_sees_nothing_of_this_one(console: Console) -> None:
    """W8: neither lists nor a guessed address nor a kick reach across projects."""
    with_people(console)
    other = console.school.write(lambda tx: network.add_project(tx, "other", "Asia/Shanghai", 1))
    console.school.reload()
    console.add_operator("far", "admin", (other,))
    browser = console.logged_in("far")
    for path in ("/admin/users", "/admin/online", "/admin/sessions", "/admin/attempts"):
        page = browser.get(path)
        assert page.code == 200
        assert "20260001" not in page.seen(), path
    assert browser.get("/admin/users/1").code == 404
    csrf = browser.get("/admin/").field("csrf")
    assert browser.post("/admin/online/1/disconnect", {"csrf": csrf, "back": ""}).code == 404
    assert console.school.effects() == []


# Pages ------------------------------------------------------------------------------------------------------------------


def test_the_dashboard_counts_what_is_there(console: Console) -> None:
    """People online, the refusal by its reason, the device that reports."""
    with_people(console)
    seen = console.logged_in().get("/admin/").seen()
    assert "当前在线 1 人" in seen
    assert "密码错误 1" in seen
    assert "正常" in seen
    assert "没有待处理的事" in seen


def test_the_curve_begins_with_the_first_session(console: Console) -> None:
    """Whoever is online now is a point of the curve; nobody waits for the next quarter of an hour to see it."""
    assert "今天还没有数据" in console.logged_in().get("/admin/").seen()
    with_people(console)
    text = console.logged_in().get("/admin/").text
    assert "今天还没有数据" not in text
    points = json.loads(text.split('type="application/json"', 1)[1].split(">", 1)[1].split("</script>", 1)[0])
    assert points["today"][-1] == ["10:00", 1]


def test_a_silent_device_is_the_first_thing_one_reads(console: Console) -> None:
    """With people online and no report for two intervals the notice names the device."""
    with_people(console)
    console.school.clock.advance(1200)
    seen = console.logged_in().get("/admin/").seen()
    assert "没有上报计费" in seen
    assert "静默" in seen


def test_the_list_of_users_finds_and_narrows(console: Console) -> None:
    """By name, by part of the account, by phone; a saved view narrows; what is not found says so."""
    browser = with_people(console).logged_in()
    every = browser.get("/admin/users").seen()
    assert "20260001" in every
    assert "20260002" in every
    assert "第1–2条，共2条" in every
    for words in ("张三", "0001", "13800002071"):
        found = browser.get(f"/admin/users?q={words}").seen()
        assert "20260001" in found, words
        assert "20260002" not in found, words
    assert "20260002" not in browser.get("/admin/users?view=online").seen()
    assert "没有符合条件的用户" in browser.get("/admin/users?q=nobody").seen()
    for sort in ("username", "ends"):
        assert 'aria-sort="ascending"' in browser.get(f"/admin/users?sort={sort}").text


def test_nonsense_in_the_address_is_as_if_it_were_not_there(console: Console) -> None:
    """A list never fails on its own parameters."""
    browser = with_people(console).logged_in()
    for query in (
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "view=<x>",
        "group=a",
        "sort=;drop",
        "q=%00%ff",
        "confirm=-1",
        "done=abc",
        "since=2026-99-99",
        "nas=-3",
        "kind=zzz",
        "code=zzz",
        "group=99999999999999999999",
        "plan=99999999999999999999",
        "nas=99999999999999999999",
        "since=9999-12-31",
        "until=9999-12-31",
        "since=0001-01-01",
    ):
        for path in (
            "/admin/users",
            "/admin/online",
            "/admin/sessions",
            "/admin/attempts",
            "/admin/audit",
            "/admin/users/1",
        ):
            assert browser.get(f"{path}?{query}").code == 200, (path, query)


def test_one_person_on_one_page(console: Console) -> None:
    """The verdict first; plan, live session, masked phone, and the refused attempt in the timeline."""
    browser = with_people(console).logged_in()
    seen = browser.get("/admin/users/1").seen()
    # one session of one allowed: the next login would be refused, and the page says so
    assert "现在不能上网：设备数已满。" in seen
    assert "monthly" in seen
    assert "138****2071" in seen
    assert "13800002071" not in seen
    assert "被拒：密码错误" in seen
    assert "登录成功" in seen
    assert "现在不能上网：无套餐。" in browser.get("/admin/users/2").seen()
    refused = browser.get("/admin/users/1?show=refused").seen()
    assert "被拒" in refused
    assert "登录成功" not in refused
    assert browser.get("/admin/users/999").code == 404


def test_a_kick_asks_first_and_then_goes_out(console: Console) -> None:
    """Without a script: the row asks, the form needs its token, the device is asked, the page says how far it came."""
    browser = with_people(console).logged_in()
    listed = browser.get("/admin/online")
    assert "确定？" not in listed.seen()
    asking = browser.get("/admin/online?confirm=1")
    assert "确定？ 下线" in asking.seen()
    form = {"csrf": asking.field("csrf"), "back": asking.field("back")}
    assert browser.post("/admin/online/1/disconnect", {**form, "csrf": "x"}).code == 409
    assert browser.post("/admin/online/1/disconnect", form, sec_fetch_site="cross-site").code == 409
    assert console.school.effects() == []
    done = browser.post("/admin/online/1/disconnect", form)
    assert (done.code, done.location) == (303, "/admin/online?done=1")
    assert console.school.wakes > 0
    after = browser.get(done.location).seen()
    assert "正在让" in after
    assert "正在下线" in after
    console.school.dispatch()
    assert "接入设备已受理" in browser.get(done.location).seen()
    console.school.clock.advance(1)
    console.school.report(STOP, 301, 1_000_000, 3 * 2**30)
    assert "已下线" in browser.get(done.location).seen()
    audit = browser.get("/admin/audit").seen()
    assert "boss 强制下线" in audit


def test_who_may_not_kick_sees_no_button_and_gets_nowhere(console: Console) -> None:
    """A right is checked at the form as well as at the button."""
    with_people(console)
    console.add_operator("watcher", "audit")
    browser = console.logged_in("watcher")
    page = browser.get("/admin/online?confirm=1")
    assert "disconnect" not in page.text
    assert browser.post("/admin/online/1/disconnect", {"csrf": page.field("csrf"), "back": ""}).code == 403
    assert console.school.effects() == []


def test_the_records_show_what_was(console: Console) -> None:
    """Session log by account, address, device and day; attempts by reason and look-up number."""
    browser = with_people(console).logged_in()
    for query in ("q=20260001", "q=10.9.1.2", "q=A4-5E-60-AA-BB-CC", "since=2026-11-25", "state=open", ""):
        assert "10.9.1.2" in browser.get(f"/admin/sessions?{query}").seen(), query
    for query in ("q=20269999", "until=2026-11-24", "state=closed"):
        assert "10.9.1.2" not in browser.get(f"/admin/sessions?{query}").seen(), query
    refused = browser.get("/admin/attempts?result=refused").seen()
    assert "密码错误 A01" in refused
    assert "通过" not in refused.split("查询号")[-1]
    assert "没有符合条件" in browser.get("/admin/attempts?code=expired").seen()


def test_the_box_at_the_top_leads_to_what_is_meant(console: Console) -> None:
    """A menu word in either language, an exact account, else the search."""
    browser = with_people(console).logged_in()
    assert browser.get("/admin/find?q=在线用户").location == "/admin/online"
    assert browser.get("/admin/find?q=audit log").location == "/admin/audit"
    assert browser.get("/admin/find?q=20260002").location == "/admin/users/2"
    assert browser.get("/admin/find?q=a45e60aabbcc").location == "/admin/users/1"
    assert browser.get("/admin/find?q=2026").location == "/admin/users/search?q=2026"
    assert browser.get("/admin/find").location == "/admin/users/search"


def test_language_and_theme_are_remembered(console: Console) -> None:
    """The switches leave a cookie; later pages need no parameter."""
    browser = console.logged_in()
    browser.get("/admin/?lang=en&theme=dark")
    page = browser.get("/admin/users")
    assert '<html lang="en" data-bs-theme="dark">' in page.text
    assert "lang=en" not in page.text


def test_hostile_accounts_stay_text(console: Console) -> None:
    """A name with markup and a user name that a stranger sent are printed, never run."""
    school = console.school
    school.person("20260003", school.plan(), full_name='<script>alert("x")</script>')
    school.login("<img src=x onerror=alert(1)>", "x")
    browser = console.logged_in()
    for path in ("/admin/users", "/admin/users/1", "/admin/attempts", "/admin/users?q=<script>"):
        page = browser.get(path)
        assert "<script>alert" not in page.text
        assert "<img" not in page.text


# When it does not go well -----------------------------------------------------------------------------------------------


def test_unknown_pages_and_methods(console: Console) -> None:
    """404 inside the shell for operators, the login for strangers; a page takes no POST and no TRACE."""
    browser = console.logged_in()
    assert "没有这一页" in browser.get("/admin/nowhere").seen()
    assert browser.get("/admin/nowhere").code == 404
    assert console.browser().get("/admin/nowhere").location == "/admin/login"
    assert (browser.get("/admin").code, browser.get("/admin").location) == (303, "/admin/")
    assert browser.post("/admin/users", {}).code == 405
    assert browser.send("TRACE", "/admin/").code == 405
    assert browser.send("PUT", "/admin/users").code == 405


def test_a_fault_of_ours_is_one_sentence_and_a_number(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W10: no traceback reaches the page; the number in it stands in the log."""

    def broken(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(console.session_admin, "result", broken)
    browser = with_people(console).logged_in()
    answer = browser.get("/admin/online")
    assert answer.code == 500
    assert "7K2M9" in answer.seen()
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


def test_a_store_that_takes_no_writes_is_said_on_every_page(console: Console) -> None:
    """The kick is refused as not done, pages go on, the foot and the dashboard tell."""
    browser = with_people(console).logged_in()
    asking = browser.get("/admin/online?confirm=1")
    console.school.store.state = StoreState(Condition.READ_ONLY, "disk full")
    answer = browser.post(
        "/admin/online/1/disconnect", {"csrf": asking.field("csrf"), "back": "/admin/online"}
    )
    assert answer.code == 503
    assert answer.header("retry-after") == "5"
    assert "数据库暂时不能写入" in browser.get("/admin/users").seen()
    assert "disk full" in browser.get("/admin/").seen()


def test_gb_is_counted_as_the_page_says(console: Console) -> None:
    """3 GiB of traffic are 3.00 in the list."""
    assert GB == 10**9
    seen = with_people(console).logged_in().get("/admin/online").seen()
    assert "3.00" in seen


def test_details_are_in_the_operators_language(console: Console) -> None:
    """A word of our own under a reason is Chinese on the Chinese page; what a device said stays as it said it."""
    school = console.school
    school.person()
    school.door.on_login = lambda *_: succeed(Outcome(Ending.DEVICE_FAILED, 4))
    school.run(school.portal.with_password(school.visitor(), "20260001", "pass-word"))
    school.door.on_login = lambda *_: succeed(Outcome(Ending.REFUSED, 1, "端口已满"))
    school.run(school.portal.with_password(school.visitor(), "20260001", "pass-word"))
    school.access.flush()
    seen = console.logged_in().get("/admin/attempts").seen()
    assert "接入设备出错" in seen
    assert "device_failed" not in seen
    assert "端口已满" in seen
