"""The list of people online in a real browser over time, and what the server sends for it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.flows.school import START
from tests.web.console import Console
from tests.web.fixtures import GB, WEB, render
from tests.web.preview import write_static
from zhuomai_appliance.flows.operators import IDLE_SECONDS
from zhuomai_appliance.web.render import CONSOLE_POLICY, Renderer
from zhuomai_appliance.web.words import Language


def later(view: Any) -> object:
    """The same list five seconds later: the first row has more traffic, the third is gone, another has come."""
    first, second, _, *others = view.rows
    newcomer = replace(first, id=99, username="20239999", confirming=False)
    rows = (
        newcomer,
        replace(first, output_octets=77 * GB),
        second.with_kick(confirming=False, kicked=False),
        *others,
    )
    return replace(view, rows=rows, at=view.at + 5, pager=replace(view.pager, next_url=""))


@pytest.mark.slow
def test_figures_change_in_place_and_nothing_moves(tmp_path: Path) -> None:
    """A confirmation holds the list, a pause too; a lost line is said and comes back by itself; the policy is kept."""
    renderer = Renderer(WEB)
    write_static(renderer, tmp_path)
    (tmp_path / "first.html").write_text(render(renderer, "online-list", Language.ZH), encoding="utf-8")
    (tmp_path / "next.html").write_text(
        render(renderer, "online-list", Language.ZH, change=later), encoding="utf-8"
    )
    done = subprocess.run(
        [
            "node",
            str(Path(__file__).parent / "live.mjs"),
            str(tmp_path),
            "first.html",
            "next.html",
            CONSOLE_POLICY,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    steps = {step["name"]: step for step in map(json.loads, done.stdout.splitlines())}
    assert steps["confirming"]["asked"] == 0
    updated = steps["updated"]
    assert (updated["asked"], updated["same"], updated["traffic"]) == (1, "row", "77.00")
    assert updated["gone"] == ["s3"]
    assert updated["fresh"] == "有1条新记录"
    assert (steps["paused"]["asked"], steps["paused"]["live"]) == (1, False)
    assert (steps["lost"]["asked"], steps["lost"]["live"]) == (2, False)
    assert "已断开，数据停在" in steps["lost"]["lost"]
    assert (steps["back"]["lost"], steps["back"]["live"]) == ("", True)
    assert steps["end"]["complaints"] == []


def test_the_page_asks_for_its_changing_part_alone() -> None:
    """What renews itself is the list without the shell; it is the same to every other asker."""
    console = Console()
    console.school.person("20260001", console.school.plan())
    console.school.login()
    console.school.report(START)
    browser = console.logged_in()
    whole = browser.get("/admin/online")
    part = browser.get("/admin/online", hx_trigger="live")
    assert "20260001" in part.seen()
    assert part.text.count("<html") == 0
    assert part.text.strip() in whole.text
    assert "HX-Trigger" in whole.header("vary")


def test_an_open_list_keeps_nobody_logged_in() -> None:
    """W2: half an hour without an act ends the session although the list renews itself."""
    console = Console()
    browser = console.logged_in()
    for _ in range(IDLE_SECONDS // 60):
        console.school.clock.advance(60)
        last = browser.get("/admin/online", hx_trigger="live")
    assert last.code == 303
