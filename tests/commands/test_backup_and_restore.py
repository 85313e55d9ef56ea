"""A backup is verified, without the key, and comes back with one command; nothing is ever lost by restoring."""

import json
import shutil
import sqlite3

from tests.commands.box import SITE, Box
from tests.commands.test_verify import break_books
from zhuomai_appliance.commands.backstage import locked
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import products
from zhuomai_appliance.store.migrate import read_steps
from zhuomai_appliance.store.sqlite import reading


def backed_up(box: Box) -> str:
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    file = str(box.folder / "copy.db")
    status, out, _ = box.run("backup", file, "--json")
    assert status == 0
    answer = json.loads(out)
    assert answer["key_id"] == box.files.key_file.read_text().split()[1]
    return file


def test_round_trip_to_a_fresh_directory(box: Box) -> None:
    """With the key everything is there again and the books balance; check finds nothing wrong."""
    file = backed_up(box)
    state = box.folder / "fresh"
    status, out, _ = box.run(
        "restore", file, "--state", str(state), "--key-file", str(box.files.key_file), "--json"
    )
    answer = json.loads(out)
    assert (status, answer["key"], answer["faults"], answer["kept"]) == (0, "here", [], None)
    with reading(state / "zhuomai.db") as reader:
        assert len(products.plans(reader, ProjectId(1))) == 3
    box.write("appliance.toml", box.config.read_text().replace(str(box.files.folder), str(state)))
    assert box.run("check")[0] == 0


def test_without_the_key_all_else_is_restored_and_the_key_is_named(box: Box) -> None:
    """Restore succeeds, says in one line which key is missing, and serve refuses in one line naming it."""
    file = backed_up(box)
    key_id = box.files.key_file.read_text().split()[1]
    box.files.key_file.unlink()
    status, out, _ = box.run("restore", file)
    assert status == 0
    assert [line for line in out.splitlines() if key_id in line and "missing" in line]
    status, _, err = box.run("check")
    assert status == 1
    status, _, err = box.run("apply", str(box.folder / "site.toml"))
    assert (status, len(err)) == (1, 1)
    assert key_id in err[0]


def test_an_authority_left_behind_is_named(box: Box) -> None:
    """A fresh directory has none: said before the first start makes another, which no device would know."""
    copy = str(box.folder / "copy.db")
    assert box.run("backup", copy)[0] == 0
    fresh = box.folder / "fresh"
    status, out, _ = box.run("restore", copy, "--state", str(fresh))
    assert status == 0
    assert "eap-ca.crt and its key are in no backup" in out
    for path in (box.files.eap_authority, box.files.eap_authority_key):
        shutil.copy(path, fresh / path.name)
    status, out, _ = box.run("restore", copy, "--state", str(fresh), "--json")
    assert (status, json.loads(out)["authority"]) == (0, "here")


def test_replaced_database_is_kept(box: Box) -> None:
    """What stood there before is still there under another name."""
    file = backed_up(box)
    before = box.files.database.read_bytes()
    _, out, _ = box.run("restore", file, "--json")
    kept = json.loads(out)["kept"]
    with open(kept, "rb") as stream:  # noqa: PTH123
        assert stream.read() == before


def test_spoilt_copy_touches_nothing(box: Box) -> None:
    """A copy with one wrong byte is refused before the present database is touched."""
    file = backed_up(box)
    before = box.files.database.read_bytes()
    with open(file, "r+b") as stream:  # noqa: PTH123
        stream.seek(9000)
        stream.write(b"\xff")
    status, _, err = box.run("restore", file)
    assert (status, len(err)) == (1, 1)
    assert box.files.database.read_bytes() == before


def test_books_that_do_not_balance_are_told(box: Box) -> None:
    """A whole copy of wrong books is restored, and its faults are printed, status 1."""
    file = backed_up(box)
    break_books(box, "DELETE FROM ledger_balance")
    assert box.run("backup", file)[0] == 0
    status, out, _ = box.run("restore", file)
    assert status == 1
    assert "lines sum to" in out


def test_other_key_is_never_overwritten(box: Box) -> None:
    """--key-file does not replace a different key that lies in the directory."""
    file = backed_up(box)
    other = box.folder / "other"
    assert box.run("init", "--state", str(other))[0] == 0
    before = {name: (other / name).read_bytes() for name in ("master.key", "zhuomai.db")}
    status, _, err = box.run("restore", file, "--state", str(other), "--key-file", str(box.files.key_file))
    assert (status, len(err)) == (1, 1)
    assert {name: (other / name).read_bytes() for name in before} == before


def test_backup_refuses_the_database_itself(box: Box) -> None:
    """The copy cannot be written over its source."""
    status, _, err = box.run("backup", str(box.files.database))
    assert (status, len(err)) == (1, 1)


def test_migrate_has_nothing_to_do_and_says_so(box: Box) -> None:
    """The newest schema is left alone; a newer one is refused in one line; under a lock nothing is tried."""
    assert box.run("migrate")[1].startswith(f"schema {read_steps()[-1].number}: nothing to do")
    with locked(box.files):
        assert box.run("migrate")[0] == 1
    with sqlite3.connect(box.files.database) as connection:
        connection.execute("PRAGMA user_version = 9999")
        connection.execute("UPDATE schema_meta SET value = '9999:9999' WHERE name = 'compat'")
    connection.close()
    for command in ("migrate", "verify"):
        status, _, err = box.run(command)
        assert (status, len(err)) == (1, 1), command
        assert "newer program" in err[0]
