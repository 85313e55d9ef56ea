"""Numbered schema files: one transaction each, a copy first, a number that says who may still open the result."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.store.small import SCHEMA
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import SchemaTooNew
from zhuomai_appliance.store.migrate import (
    KEY_ID,
    SchemaFileError,
    current_version,
    get_meta,
    migrate,
    read_steps,
    set_meta,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the small schema, to which tests add files."""
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "0001_initial.sql").write_text((SCHEMA / "0001_initial.sql").read_text())
    return folder


def ask(path: Path, text: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(text).fetchall()


def test_a_database_is_made_once(tmp_path: Path, folder: Path) -> None:
    """The first call creates it, the second changes nothing."""
    path = tmp_path / "small.db"
    report = migrate(path, folder)
    assert (report.from_version, report.to_version, report.backup) == (0, 1, None)
    octets = path.read_bytes()
    report = migrate(path, folder)
    assert (report.from_version, report.to_version, report.backup) == (1, 1, None)
    assert path.read_bytes() == octets


def test_an_upgrade_copies_first_and_keeps_the_rows(tmp_path: Path, folder: Path) -> None:
    """Two steps at once; the copy has the version and the rows from before."""
    path = tmp_path / "small.db"
    migrate(path, folder)
    ask(path, "INSERT INTO person (name) VALUES ('a')")
    (folder / "0002_colour.sql").write_text(
        "ALTER TABLE person ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';\n"
    )
    (folder / "0003_index.sql").write_text("-- compat: 2\nCREATE INDEX person_colour ON person (colour);\n")
    report = migrate(path, folder, backups=tmp_path / "backups")
    assert (report.from_version, report.to_version) == (1, 3)
    assert report.backup == tmp_path / "backups" / "small.before-0003.db"
    assert ask(path, "SELECT name, colour FROM person") == [("a", "red")]
    assert ask(path, "PRAGMA user_version") == [(3,)]
    assert ask(report.backup, "SELECT name FROM person") == [("a",)]
    assert ask(report.backup, "PRAGMA user_version") == [(1,)]


def test_a_step_that_fails_leaves_the_step_before(tmp_path: Path, folder: Path) -> None:
    """Its statements before the mistake are undone, the message names the file, the rows stay."""
    path = tmp_path / "small.db"
    migrate(path, folder)
    ask(path, "INSERT INTO person (name) VALUES ('a')")
    (folder / "0002_good.sql").write_text("CREATE TABLE good (id {pk}) {strict};\n")
    (folder / "0003_bad.sql").write_text(
        "DROP TABLE visit;\nCREATE TABLE oops (id {pk}) {strict};\nNONSENSE;\n"
    )
    with pytest.raises(SchemaFileError, match=r"0003_bad\.sql: near .NONSENSE"):
        migrate(path, folder)
    assert ask(path, "PRAGMA user_version") == [(2,)]
    tables = {name for (name,) in ask(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {"visit", "good", "person"} <= tables
    assert "oops" not in tables
    assert ask(path, "SELECT name FROM person") == [("a",)]


def test_a_step_may_not_break_references(tmp_path: Path, folder: Path) -> None:
    """Foreign keys are looked at before the commit of each step."""
    path = tmp_path / "small.db"
    migrate(path, folder)
    ask(path, "INSERT INTO person (name) VALUES ('a')")
    ask(path, "INSERT INTO visit (person_id, note) VALUES (1, 'x')")
    (folder / "0002_bad.sql").write_text("DELETE FROM person;\n")
    with pytest.raises(SchemaFileError, match="leaves rows of visit without their person"):
        migrate(path, folder)
    assert ask(path, "SELECT count(*) FROM person") == [(1,)]


def test_a_failed_creation_leaves_no_database(tmp_path: Path, folder: Path) -> None:
    """The name is taken only by a whole database."""
    (folder / "0002_bad.sql").write_text("NONSENSE;\n")
    path = tmp_path / "small.db"
    with pytest.raises(SchemaFileError):
        migrate(path, folder)
    assert not path.exists()
    (folder / "0002_bad.sql").unlink()
    assert migrate(path, folder).to_version == 1


@pytest.mark.parametrize(("compat", "opens"), [(1, True), (2, False), (None, False)])
def test_the_compat_number_decides_about_newer_files(
    tmp_path: Path, folder: Path, compat: int | None, opens: bool
) -> None:
    """A newer schema that says that program 1 may go on is left alone and opened; any other is refused."""
    path = tmp_path / "small.db"
    head = "" if compat is None else f"-- compat: {compat}\n"
    newer = folder / "0002_more.sql"
    newer.write_text(head + "CREATE TABLE more (id {pk}) {strict};\n")
    migrate(path, folder)
    newer.unlink()
    octets = path.read_bytes()
    if opens:
        assert current_version(path, 1) == 2
        assert migrate(path, folder).to_version == 2
    else:
        with pytest.raises(SchemaTooNew, match="install the newer program"):
            migrate(path, folder)
    assert path.read_bytes() == octets


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("0003_gap.sql", "expected number 0002"),
        ("0001_again.sql", "expected number"),
        ("two.sql", "NNNN_words"),
    ],
)
def test_schema_files_are_numbered_without_gaps(folder: Path, name: str, message: str) -> None:
    """A gap, a number given twice and a stray file are mistakes that are named."""
    (folder / name).write_text("SELECT 1;\n")
    with pytest.raises(SchemaFileError, match=message):
        read_steps(folder)


def test_an_empty_schema_folder_is_a_mistake(tmp_path: Path) -> None:
    """A package without its data files must not make an empty database."""
    with pytest.raises(SchemaFileError, match="no schema files"):
        read_steps(tmp_path)


def test_words_beside_the_schema() -> None:
    """The key's id is kept in the database and can be changed; an unknown word is None."""
    store = InlineStore(schema=SCHEMA)
    assert get_meta(store.reader, KEY_ID) is None
    store.write(lambda tx: set_meta(tx, KEY_ID, "0011aabb"))
    store.write(lambda tx: set_meta(tx, KEY_ID, "ccddeeff"))
    assert get_meta(store.reader, KEY_ID) == "ccddeeff"
    assert get_meta(store.reader, "compat") == "1:1"
