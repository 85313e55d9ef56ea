"""`make run` makes a whole school from nothing, and a second time only a new password."""

import tomllib
from pathlib import Path

import pytest

from tests.commands.box import SETTINGS
from zhuomai_appliance.commands import demo, demo_school
from zhuomai_appliance.commands.backstage import locked
from zhuomai_appliance.config import load
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import operators, reports_people
from zhuomai_appliance.store.digests import check_digest
from zhuomai_appliance.store.sqlite import reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the settings are written already, with free ports: the demo's own may be in use by a demo."""
    (tmp_path / "appliance.toml").write_text(SETTINGS.format(folder=tmp_path), encoding="utf-8")
    return tmp_path


def test_school_is_made_and_kept(folder: Path) -> None:
    """Sixty people are there after the first start; the second keeps them and gives the admin another password."""
    _, first = demo.prepare(folder)
    site = (folder / "site.toml").read_text(encoding="utf-8")
    _, second = demo.prepare(folder)
    assert (folder / "site.toml").read_text(encoding="utf-8") == site
    with reading(folder / "zhuomai.db") as reader:
        admin = operators.by_name(reader, "admin")
        assert (
            reports_people.count_accounts(reader, [], reports_people.AccountFilter(), 0) == demo_school.PEOPLE
        )
    assert admin is not None
    assert first != second
    assert check_digest(admin.password_digest, second)
    assert not check_digest(admin.password_digest, first)


def test_running_demo_is_not_disturbed(folder: Path) -> None:
    """While one runs, a second start says so and changes nothing."""
    demo.prepare(folder)
    before = (folder / "zhuomai.db").read_bytes()
    with locked(StateFiles(folder)), pytest.raises(CommandFailed, match="already"):
        demo.prepare(folder)
    assert (folder / "zhuomai.db").read_bytes() == before


def test_settings_are_those_of_the_contract(tmp_path: Path) -> None:
    """The ports that README and contract name, all on loopback."""
    path = tmp_path / "appliance.toml"
    path.write_text(demo_school.settings_text(tmp_path), encoding="utf-8")
    config = load(path)
    ports = [str(config.radius.auth[0]), str(config.radius.acct[0]), str(config.portal.listen)]
    ports += [str(config.web.captive), str(config.web.plain_admin)]
    assert ports == [f"127.0.0.1:{port}" for port in (11812, 11813, 50100, 8080, 8081)]
    site = tomllib.loads(demo_school.site_text(path, tmp_path / "site.toml", "s", "p"))
    assert (site["nas"][0]["portal_port"], site["nas"][0]["address"]) == (2000, "127.0.0.1")


def test_your_account_is_left_to_you() -> None:
    """The simulator plays everybody but the person whose password is printed."""
    you = next(demo_school.people())
    rows = demo_school.simulated_text().splitlines()
    assert len(rows) == demo_school.PEOPLE
    assert not any(row.startswith(you.username) for row in rows)
    assert you.password in demo.welcome(Path("x"), "p", demo.DOOR, "127.0.0.1:8081")
