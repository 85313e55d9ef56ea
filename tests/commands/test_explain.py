"""`zhuomai explain`: without a daemon, from the books alone; in both languages; mistakes in one line."""

from __future__ import annotations

import json

import pytest

from tests.commands.box import SITE, Box

RULES = (
    SITE
    + """
[[rule]]
name = "夜间"
position = 10
action = "deny"
group = "all"
hours = "23:00-06:00"
reason = "熄灯"
"""
)


@pytest.fixture
def school(box: Box) -> Box:
    assert box.run("apply", box.write("site.toml", RULES))[0] == 0
    return box


def test_accepted_with_everything_that_wins(school: Box) -> None:
    """Status 0, the plan, the rate and whose it is, when the session ends, the attributes by name."""
    status, out, _ = school.run("explain", "20260002", "--nas", "ac1", "--at", "2026-11-25T10:00", "--json")
    facts = json.loads(out)
    assert (status, facts["accepted"], facts["plan"], facts["rate_source"]) == (0, True, "monthly", "plan")
    assert (facts["session_seconds"], facts["session_end_why"]) == (13 * 3600, "hours")
    assert facts["session_ends_at"] == "2026-11-25T23:00:00+08:00"
    assert {"name": "Session-Timeout", "value": "46800"} in facts["attributes"]
    assert facts["question"]["at"] == "2026-11-25T10:00:00+08:00"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "准入规则: 拒绝",
                "拒绝：A22",
                "熄灯",
                "2026-11-26T06:00:00+08:00",
                "给ac1（huawei-campus）的属性：",
            ],
        ),
        ("en", ["Access rules: refused", "Refused: A22", "熄灯", "Attributes for ac1 (huawei-campus):"]),
    ],
)
def test_refused_in_words(school: Box, language: str, words: list[str]) -> None:
    """Status 1, the step that refuses, the rule's own words and the sentence that the person would read."""
    status, out, _ = school.run(
        "explain",
        "20260001",
        "--at",
        "2026-11-25T23:30:00+08:00",
        "--lang",
        language,
        "--mac",
        "02-00-00-00-00-01",
    )
    assert status == 1
    for word in words:
        assert word in out, (word, out)
    assert "Reply-Message" in out


def test_the_terminals_language(school: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese on a Chinese terminal, English elsewhere."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "准入规则" in school.run("explain", "20260002")[1]
    monkeypatch.setenv("LANG", "C")
    assert "Access rules" in school.run("explain", "20260002")[1]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--nas", "ac9"], 'there is no access device "ac9"'),
        (["--mac", "x"], '--mac: "x" is no MAC'),
        (["--vlan", "5000"], '--vlan: "5000" is no VLAN'),
        (["--outer-vlan", "-1"], '--outer-vlan: "-1" is no VLAN'),
        (["--kind", "wifi"], '--kind: "wifi" is none of'),
        (["--at", "tomorrow"], "--at:"),
    ],
)
def test_mistakes(school: Box, flags: list[str], sentence: str) -> None:
    """What cannot be read is said in one line, with the flag."""
    status, out, err = school.run("explain", "20260001", *flags)
    assert (status, out) == (1, "")
    assert len(err) == 1
    assert sentence in err[0]
