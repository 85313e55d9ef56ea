"""What the dashboard tells about things that need a person, and that it is quiet when nothing does."""

from __future__ import annotations

import pytest

from tests.flows.school import START
from tests.web.console import Console
from zhuomai_appliance.store import settings
from zhuomai_appliance.store.settings import Branding

NOTICE = '<div class="zm-notice warn">'


@pytest.fixture
def console() -> Console:
    return Console()


def test_quiet_when_all_is_well(console: Console) -> None:
    """Devices sign and report, the backup is of today: no notice, and the list says so."""
    page = console.logged_in().get("/admin/")
    assert "没有待处理的事" in page.seen()
    assert NOTICE not in page.text


def test_a_backup_that_is_late_is_said(console: Console) -> None:
    """26 hours are enough for a daily backup; none at all is said as such."""
    browser, now = console.logged_in(), console.school.now()
    console.backed_up_at = now - 26 * 3600
    assert "备份" not in browser.get("/admin/").seen().partition("待处理")[0]
    console.backed_up_at = now - 27 * 3600
    page = browser.get("/admin/")
    assert "备份已1天3小时没有成功" in page.seen()
    assert NOTICE in page.text
    console.backed_up_at = None
    assert "还没有备份" in browser.get("/admin/").seen()


def test_a_silent_device_is_said(console: Console) -> None:
    """A device with people online and no report for two intervals and more."""
    console.school.person("20260001", console.school.plan())
    console.school.login()
    console.school.report(START)
    browser = console.logged_in()
    assert "没有上报计费" not in browser.get("/admin/").seen()
    console.school.clock.advance(720)
    console.backed_up_at = console.school.now()
    page = browser.get("/admin/")
    assert "已12分没有上报计费" in page.seen()
    assert NOTICE in page.text


def test_a_device_that_never_signed_is_worth_a_look(console: Console) -> None:
    """Security R4: it stands in the list without a notice, until it has signed a login."""
    school = console.school
    school.person("20260001", school.plan())
    school.login()
    school.report(START)
    browser = console.logged_in()
    page = browser.get("/admin/")
    assert "的认证请求没有签名" in page.seen()
    assert NOTICE not in page.text
    school.tables.add_signer(school.nas.id, school.nas.host)
    assert "没有签名" not in browser.get("/admin/").seen()


def test_the_school_stands_under_the_product(console: Console) -> None:
    """The title that the school gave itself, not the name by which its files know it."""
    browser = console.logged_in()
    console.school.write(
        lambda tx: settings.put_branding(tx, console.school.project, Branding(title="蓉城理工学院"))
    )
    assert "<small>蓉城理工学院</small>" in browser.get("/admin/").text
