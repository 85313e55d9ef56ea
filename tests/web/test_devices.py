"""Access devices in the console: seen by who may, entered with every mistake named, in force at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.console import Answer, Browser, Console
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.model.network import Nas, Vendor
from zhuomai_appliance.web.admin.cookbook import MASK, Site, commands

LIST = "/admin/nas"
FORM = {
    "name": "东校区 AC-2",
    "project": "1",
    "address": "192.0.2.201",
    "vendor": "h3c",
    "device_kind": "ac",
    "secret": "a secret of ours",
    "coa_port": "3799",
    "interim": "600",
    "portal_version": "2",
    "portal_port": "2000",
    "portal_auth": "chap",
    "traffic_unit": "kb",
    "message_authenticator": "auto",
    "user_networks": "10.9.0.0/16，10.10.0.0/16",
    "quirks": "rate_unit = 1000\ncoa_sign = false\n",
}


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


def device(console: Console, name: str) -> Nas:
    return next(nas for nas in console.school.tables.all_nas() if nas.name == name)


def test_a_device_is_entered_and_met(console: Console, browser: Browser) -> None:
    """From the empty form to the table in memory; the portal key is the secret where none of its own is given."""
    answer = browser.post(f"{LIST}/new", sent(browser.get(f"{LIST}/new")))
    assert answer.code == 303, answer.seen()
    page = browser.get(answer.location)
    assert "已保存，立即生效" in page.seen()
    made = device(console, "东校区 AC-2")
    assert console.school.tables.find("192.0.2.201") is made
    assert (made.vendor, made.interim_seconds, made.secret, made.portal_secret) == (
        Vendor.H3C, 600, b"a secret of ours", b"a secret of ours",
    )  # fmt: skip
    assert [str(one) for one in made.user_networks] == ["10.9.0.0/16", "10.10.0.0/16"]
    assert made.quirks == {"rate_unit": 1000, "coa_sign": False}
    assert "a secret of ours" not in page.text
    assert "radius scheme zhuomai" in page.seen()
    assert "东校区 AC-2" in browser.get(LIST).seen()


def test_an_empty_secret_keeps_what_is_stored(console: Console, browser: Browser) -> None:
    """A change of the port leaves the secrets alone; a new RADIUS secret takes the portal key that followed it along."""
    browser.post(f"{LIST}/new", sent(browser.get(f"{LIST}/new")))
    here = f"{LIST}/{device(console, '东校区 AC-2').id}"
    assert browser.post(here, sent(browser.get(here), secret="", coa_port="1700")).code == 303
    made = device(console, "东校区 AC-2")
    assert (made.coa_port, made.secret) == (1700, b"a secret of ours")
    assert browser.post(here, sent(browser.get(here), secret="renewed secret")).code == 303
    assert device(console, "东校区 AC-2").portal_secret == b"renewed secret"


def test_every_mistake_stands_at_its_field(console: Console, browser: Browser) -> None:
    """Nothing is stored, what was typed is still there, and each field says what is wrong with it."""
    page = browser.post(
        f"{LIST}/new",
        sent(
            browser.get(f"{LIST}/new"),
            name="",
            address="10.0.0.0/8 10.1.0.0/16",
            coa_port="70000",
            interim="5",
            secret="密钥",
            user_networks="10.9.0.0/33",
            quirks="rate unit",
        ),
    )
    assert page.code == 400
    seen = page.seen()
    for sentence in (
        "有7项需要改一下", "请填写", "只写一个地址或网段", "端口是1到65535", "请填60到86400",
        "只用键盘上的字母、数字和符号", "请写地址（如192.0.2.1）或网段", "一行写一项",
    ):  # fmt: skip
        assert sentence in seen, sentence
    assert 'value="70000"' in page.text
    assert len(console.school.tables.all_nas()) == 1


def test_a_new_device_needs_a_secret(browser: Browser) -> None:
    """Without one no packet of it could be trusted."""
    page = browser.post(f"{LIST}/new", sent(browser.get(f"{LIST}/new"), secret=""))
    assert (page.code, "新设备要填共享密钥" in page.seen()) == (400, True)


def test_an_address_taken_is_named(console: Console, browser: Browser) -> None:
    """The device that has it stands beside the field."""
    ours = console.school.nas
    page = browser.post(f"{LIST}/new", sent(browser.get(f"{LIST}/new"), address=ours.host))
    assert page.code == 409
    assert f"这个地址已经属于“{ours.name}”" in page.seen()


def test_a_form_of_yesterday_saves_nothing(console: Console, browser: Browser) -> None:
    """Somebody else changed the device since the form was made."""
    here = f"{LIST}/{console.school.nas.id}"
    page = browser.get(here)
    first = sent(page, address=console.school.nas.host, name=console.school.nas.name)
    assert browser.post(here, first).code == 303
    again = browser.post(here, first | {"coa_port": "1700"})
    assert again.code == 409
    assert "刚被别人改过" in again.seen()


def test_the_test_button_shows_what_was_found(console: Console, browser: Browser) -> None:
    """Each check is a line with its sentence."""
    here = f"{LIST}/{console.school.nas.id}"
    seen = browser.post(f"{here}/test", {"csrf": browser.get(here).field("csrf")}).seen()
    assert "CoA / DM 设备有回应，能下线、能改速率" in seen
    assert "Portal协议 设备有回应，密钥正确" in seen


def test_removal_asks_first_and_keeps_what_reported(console: Console, browser: Browser) -> None:
    """A device with sessions stays, and says why; one without is gone from the list."""
    school = console.school
    here = f"{LIST}/{school.nas.id}"
    assert "移除这台设备？" in browser.get(f"{here}?ask=remove").seen()
    school.person("20260001", school.plan())
    school.report(1, 0, 0, 0)
    kept = browser.post(f"{here}/remove", {"csrf": browser.get(here).field("csrf")})
    assert (kept.code, "不能移除" in kept.seen()) == (409, True)
    new = browser.post(f"{LIST}/new", sent(browser.get(f"{LIST}/new"))).location.partition("?")[0]
    gone = browser.post(f"{new}/remove", {"csrf": browser.get(new).field("csrf")})
    assert (gone.code, gone.location) == (303, f"{LIST}?removed=1")
    assert browser.get(new).code == 404


def test_who_may_look_may_not_change(console: Console) -> None:
    """An auditor sees the form without a button, a cashier nothing; neither can send it."""
    here = f"{LIST}/{console.school.nas.id}"
    auditor, cashier = console.logged_in("ear"), console.logged_in("wangmin")
    page = auditor.get(here)
    assert (page.code, "保存并立即生效" in page.seen(), "测试" in page.seen()) == (200, False, False)
    assert auditor.post(here, sent(page)).code == 403
    assert auditor.get(f"{LIST}/new").code == 403
    assert cashier.get(LIST).code == 403


def test_the_list_is_searched(browser: Browser, console: Console) -> None:
    """By name, address and vendor; a filter that fits nothing says so."""
    assert console.school.nas.name in browser.get(f"{LIST}?q={console.school.nas.host}").seen()
    assert "没有符合的设备" in browser.get(f"{LIST}?q=nowhere").seen()
    assert "没有符合的设备" in browser.get(f"{LIST}?vendor=zte").seen()
    assert browser.get(f"{LIST}?vendor=%00&q=%ff").code == 200


@pytest.mark.parametrize("vendor", list(Vendor))
def test_commands_hide_every_secret(console: Console, vendor: Vendor) -> None:
    """For each vendor the device learns our address and ports, and the page no secret."""
    site = Site("192.0.2.10", 1812, 1813, 50_100, "http://portal.school.edu.cn")
    nas = replace(console.school.nas, vendor=vendor, secret=b"topsecret", portal_secret=b"topsecret")
    text = "\n".join("".join(piece.text for piece in line) for line in commands(nas, site))
    assert "192.0.2.10" in text
    assert MASK in text
    assert "topsecret" not in text
    assert "{" not in text


def test_punctuality_and_alarms_of_a_device(console: Console, browser: Browser) -> None:
    """The page tells the interims of the last hour and what is wrong right now, of this device and no other."""
    nas = console.school.tables.all_nas()[0]
    now = console.school.now()
    for gap in (300, 340, 900):
        console.deps.interims.heard(nas.id, gap, 300, now)
    console.deps.alarms.sound(AlarmKind.NAS_UNREACHABLE, nas.name, "3 sessions open", now)
    console.deps.alarms.sound(AlarmKind.MUST_REAUTH, "session 7 at another", "no answer", now)
    page = browser.get(f"{LIST}/{nas.id}").seen()
    assert "收到3条，丢失2条，平均迟到13秒" in page
    assert "接入设备没有消息" in page
    assert "没能在设备上结束" not in page
