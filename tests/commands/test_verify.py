"""Verify is silent about right books and names the row of wrong ones."""

import json
import sqlite3

import pytest

from tests.commands.books import add_session, write
from tests.commands.box import SITE, Box
from zhuomai_appliance.model.traffic import MAX_OCTETS
from zhuomai_appliance.store.interface import Transaction


@pytest.fixture
def school(box: Box) -> Box:
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    write(box, lambda tx: add_session(tx, 1, seconds=60, up=10, down=20))
    return box


def faults(box: Box) -> dict[str, list[str]]:
    status, out, _ = box.run("verify", "--json")
    answer = json.loads(out)
    assert answer["ok"] is (status == 0)
    return {what: part["faults"] for what, part in answer["parts"].items() if part["faults"]}


def break_books(box: Box, *statements: str) -> None:
    """What no program of ours does: rows changed by hand, the triggers out of the way."""
    with sqlite3.connect(box.files.database) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_right_books_have_no_fault(school: Box) -> None:
    """After an apply with balance, plans and a session everything is proved, status 0."""
    status, out, _ = school.run("verify")
    assert status == 0
    assert {line[:4].strip() for line in out.splitlines()} == {"ok"}


def test_largest_counters_and_shared_ids_are_no_fault(school: Box) -> None:
    """A device that counts absurdly, and two devices of one entry that use one session id, leave the books provable."""

    def task(tx: Transaction) -> None:
        for number in range(4):
            add_session(tx, 10 + number, seconds=60, up=MAX_OCTETS, down=MAX_OCTETS)
        add_session(tx, 20, seconds=1, up=1, down=1)

    write(school, task)
    break_books(
        school,
        "UPDATE session SET acct_session_id = 's1', nas_address = '192.0.2.2' WHERE acct_session_id = 's20'",
    )
    assert faults(school) == {}


@pytest.mark.parametrize(
    ("statement", "part", "says"),
    [
        ("UPDATE posting_line SET amount_fen = amount_fen + 1 WHERE id = 1", "ledger", "sum to 1 fen"),
        ("DELETE FROM posting_line WHERE id = 1", "ledger", "has 1 lines"),
        ("UPDATE ledger_balance SET balance_fen = -4999 WHERE ledger_account = 'wallet:1'", "balances", "kept as -4999"),
        ("DELETE FROM ledger_balance", "balances", "lines sum to"),
        ("UPDATE usage SET output_octets = 19", "usage", "octets down 20 counted, 19 in usage"),
        ("DELETE FROM usage", "usage", "seconds 60 counted, 0 in usage"),
        ("DELETE FROM session", "usage", "which is not there"),
        ("UPDATE subscription SET octets_left = octets_left - 7 WHERE id = 1", "packs", "left of"),
        ("DELETE FROM subscription WHERE id = 2", "orders", "0 subscriptions"),
        ("UPDATE subscription SET ends_at = ends_at + 1 WHERE ends_at IS NOT NULL", "chains", "says"),
        ("UPDATE subscription SET state = 'suspended' WHERE id = 2", "chains", "subscription 2 is (1, 'suspended'"),
        ("DELETE FROM entitlement", "chains", "in no chain"),
        ("UPDATE entitlement SET chain = '{}'", "chains", "cannot be read"),
        ("UPDATE audit SET actor = 'nobody' WHERE id = 2", "audit", "row 2 was changed"),
        ("DELETE FROM audit WHERE id = 2", "audit", "row 3 does not name the row before it"),
    ],
)  # fmt: skip
def test_wrong_row_is_named(school: Box, statement: str, part: str, says: str) -> None:
    """Every kind of damage is found in its part, with the row and what is wrong with it, status 1."""
    break_books(school, statement)
    found = faults(school)
    assert any(says in line for line in found.get(part, [])), found


def test_missing_database_is_one_line(empty_box: Box) -> None:
    """Nothing to verify is a failure, not a proof."""
    status, _, err = empty_box.run("verify")
    assert (status, len(err)) == (1, 1)
