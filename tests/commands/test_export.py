"""Exports have the promised columns, are complete, and can be read by any other program."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.commands.books import AT, add_attempt, add_session, write
from tests.commands.box import SITE, Box
from zhuomai_appliance.commands import export, exported
from zhuomai_appliance.commands.options import EXPORTS
from zhuomai_appliance.web.api import (
    items,
    items_agents,
    items_cards,
    items_refunds,
    money_reports,
    receipts,
    shifts,
    subjects,
)

CONTRACT = {
    "sessions": "acct_session_id,nas,nas_ip,username,mac,ip,start,stop,seconds,input_octets,output_octets,"
    "terminate_cause,state,plan",
    "postings": "posting_id,at,kind,account_ref,debit_fen,credit_fen,order_no,operator,reversal_of",
    "usage": "username,plan,day,input_octets,output_octets,seconds",
}


@pytest.fixture
def school(box: Box) -> Box:
    """The site of the other tests, two sessions and an attempt."""
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    write(box, lambda tx: add_session(tx, 1, seconds=60, up=10, down=5_000_000_000))
    write(box, lambda tx: add_session(tx, 2, seconds=30, up=1, down=2))
    write(box, add_attempt)
    return box


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_columns_are_those_of_the_contract(school: Box) -> None:
    """The header of a compared export is the contract's, to the letter; every kind has one."""
    for what in EXPORTS:
        status, out, err = school.run("export", what)
        assert (status, err) == (0, [])
        header = out.split("\n")[0]
        assert header == CONTRACT.get(what, header)
        assert not out.startswith("\ufeff")


@pytest.mark.parametrize(
    ("what", "item"),
    [
        ("accounts", items.AccountItem),
        ("sessions", items.SessionItem),
        ("attempts", items.AttemptItem),
        ("subscriptions", items.SubscriptionItem),
        ("orders", items.OrderItem),
        ("postings", items.PostingItem),
        ("cards", items_cards.CardItem),
        ("agents", items_agents.AgentItem),
        ("refunds", items_refunds.RefundItem),
        ("shifts", shifts.ShiftItem),
        ("receipts", receipts.ReceiptItem),
        ("expenses", subjects.ExpenseItem),
        ("figures", money_reports.FigureItem),
        ("audit", items.AuditItem),
    ],
)
def test_api_has_the_same_names(what: str, item: type[items.Answer]) -> None:
    """Whoever reads an export finds its columns in the API's items under the same names."""
    assert set(exported.HEADERS[what]) <= set(item.model_fields)


def test_open_session_is_there_with_its_counters(school: Box) -> None:
    """An open session has state open and no stop; counters are whole, times have the project's offset."""
    first, second = table(school.run("export", "sessions")[1])
    assert first == {
        "acct_session_id": "s1",
        "nas": "ac1",
        "nas_ip": "192.0.2.1",
        "username": "20260001",
        "mac": "02:00:00:00:00:01",
        "ip": "10.9.0.1",
        "start": "2026-09-21T22:13:21+08:00",
        "stop": "",
        "seconds": "60",
        "input_octets": "10",
        "output_octets": "5000000000",
        "terminate_cause": "",
        "state": "open",
        "plan": "pack10",
    }
    assert second["acct_session_id"] == "s2"


def test_usage_sums_sessions_by_day(school: Box) -> None:
    """Usage of a person and plan on a day is the sum of what his sessions counted."""
    assert table(school.run("export", "usage")[1]) == [
        {
            "username": "20260001",
            "plan": "",
            "day": "2026-09-21",
            "input_octets": "11",
            "output_octets": "5000000002",
            "seconds": "90",
        }
    ]


def test_postings_balance(school: Box) -> None:
    """Debits and credits of an export are equal, and each line has one of them."""
    lines = table(school.run("export", "postings")[1])
    assert (
        sum(int(line["debit_fen"]) for line in lines)
        == sum(int(line["credit_fen"]) for line in lines)
        == 5000
    )
    assert {line["account_ref"] for line in lines} == {"opening", "wallet:1"}


def test_time_narrows(school: Box) -> None:
    """--from and --to take dates, with the last day whole, and times with their offset; others are refused."""

    def count(*words: str) -> int:
        return len(table(school.run("export", "sessions", *words)[1]))

    assert count("--from", "2026-09-21", "--to", "2026-09-21") == 2
    assert count("--to", "2026-09-20") == 0
    assert count("--to", "2026-09-21T22:13:22+08:00") == 1
    assert len(table(school.run("export", "usage", "--to", "2026-09-20")[1])) == 0
    status, _, err = school.run("export", "sessions", "--from", "yesterday")
    assert (status, len(err)) == (1, 1)


def test_json_lines_keep_types(school: Box) -> None:
    """Numbers are numbers, what is absent is null, a verdict is true or false."""
    row = json.loads(school.run("export", "sessions", "--format", "ndjson")[1].splitlines()[0])
    assert (row["seconds"], row["stop"]) == (60, None)
    attempt = json.loads(school.run("export", "attempts", "--format", "ndjson")[1])
    assert (attempt["accepted"], attempt["reason"]) == (False, "wrong_password")


def test_spreadsheet_holds_text_as_text(school: Box) -> None:
    """What begins like a formula is a text, and long numbers lose no digit."""
    from python_calamine import CalamineWorkbook

    school.run("apply", school.write("more.toml", '[[account]]\nusername = "=1+1"\nfull_name = "@SUM(A1)"\n'))
    out = school.folder / "a.xlsx"
    assert school.run("export", "accounts", "--format", "xlsx", "--out", str(out))[0] == 0
    rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert rows[0][:2] == ["username", "full_name"]
    assert ["=1+1", "@SUM(A1)"] in [row[:2] for row in rows]


def test_pages_join_without_a_gap(school: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pages give what one page gives."""
    whole = {what: school.run("export", what)[1] for what in EXPORTS if what != "accounts"}
    monkeypatch.setattr(export, "PAGE_ROWS", 1)
    for what, text in whole.items():
        assert school.run("export", what)[1] == text, what


def test_file_is_whole_or_not_there(school: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure in the middle leaves no file that looks like an export."""
    out = school.folder / "s.csv"

    def breaks(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "WRITERS", {"csv": breaks})
    status, _, err = school.run("export", "sessions", "--out", str(out))
    assert (status, len(err)) == (1, 1)
    assert [path.name for path in Path(school.folder).iterdir() if path.name.startswith("s.csv")] == []


def test_no_secret_and_no_person_data_leaves(school: Box) -> None:
    """No export holds a password, a shared secret or a phone number."""
    for what in EXPORTS:
        text = school.run("export", what)[1]
        for secret in ("pw-1", "secret-of-ac1", "13800000001", "a good password"):
            assert secret not in text, what


def test_unknown_project_is_refused(school: Box) -> None:
    """A project nobody declared is told; a known one narrows."""
    assert school.run("export", "sessions", "--project", "north")[0] == 1
    assert len(table(school.run("export", "sessions", "--project", "main")[1])) == 2
    assert AT > 0
