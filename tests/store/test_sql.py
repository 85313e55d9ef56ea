"""Query files: markers, parameters for both engines, schema tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhuomai_appliance.store.sql import (
    Query,
    QueryFileError,
    for_engine,
    load,
    parameters,
    statements,
    to_postgres,
)


def write(folder: Path, text: str) -> Path:
    (folder / "things.sql").write_text(text, encoding="utf-8")
    return folder


def test_queries_are_attributes(tmp_path: Path) -> None:
    """Each marker begins a query; its text, its parameters and its full name are kept."""
    folder = write(
        tmp_path,
        "-- Things.\n\n-- name: find\nSELECT id FROM thing\nWHERE name = :name AND kind = :kind;\n\n"
        "-- name: count\n-- how many\nSELECT count(*) FROM thing\n",
    )
    q = load("things", folder)
    assert q.find.name == "things.find"
    assert q.find.text_sqlite == "SELECT id FROM thing\nWHERE name = :name AND kind = :kind"
    assert q.find.text_postgres == "SELECT id FROM thing\nWHERE name = %(name)s AND kind = %(kind)s"
    assert q.find.params == {"name", "kind"}
    assert [query.name for query in q] == ["things.find", "things.count"]


def test_postgres_may_have_its_own_words(tmp_path: Path) -> None:
    """An override changes one engine's text and nothing else."""
    folder = write(
        tmp_path,
        "-- name: now\nSELECT unixepoch() + :more\n-- name: now postgres\nSELECT extract(epoch) + :more\n",
    )
    query = load("things", folder).now
    assert query.text_sqlite == "SELECT unixepoch() + :more"
    assert query.text_postgres == "SELECT extract(epoch) + %(more)s"


def test_an_unknown_name_names_its_file(tmp_path: Path) -> None:
    """A misspelt query is found by its message."""
    q = load("things", write(tmp_path, "-- name: find\nSELECT 1\n"))
    with pytest.raises(AttributeError, match=r"things\.sql has no query named fnid"):
        _ = q.fnid


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1\n", r"things\.sql:1: a statement before the first"),
        ("-- name: a\nSELECT 1\n-- name: a\nSELECT 2\n", r"things\.sql:3: a is defined twice"),
        ("-- name: a\n\n-- name: b\nSELECT 2\n", r"things\.sql: a is empty"),
        ("-- name: a postgres\nSELECT 1\n", r"a has a postgres wording and no common one"),
        ("-- name: a oracle\nSELECT 1\n", r"things\.sql:1: expected"),
        ("-- name: a-b\nSELECT 1\n", r"things\.sql:1: expected"),
        ("-- name: a\nSELECT :x\n-- name: a postgres\nSELECT :y\n", "different parameters"),
    ],
)
def test_mistakes_in_a_file_fail_at_loading(tmp_path: Path, text: str, message: str) -> None:
    """The message names the file and, where there is one, the line."""
    with pytest.raises(QueryFileError, match=message):
        load("things", write(tmp_path, text))


def test_a_missing_file_fails_at_loading(tmp_path: Path) -> None:
    """So a package without its data files fails at import, not at the first login."""
    with pytest.raises(QueryFileError, match=r"nothing\.sql: No such file"):
        load("nothing", tmp_path)


def test_only_parameters_are_parameters() -> None:
    """Colons in strings, names, comments and casts are left alone; percent signs are doubled for PostgreSQL."""
    text = """SELECT ':a', "b:c", :d::text, 'it''s :e' -- :f
/* :g
:h */ FROM t WHERE x LIKE '%' || :i_1 || '%'"""
    assert parameters(text) == {"d", "i_1"}
    assert to_postgres(text) == (
        """SELECT ':a', "b:c", %(d)s::text, 'it''s :e' -- :f
/* :g
:h */ FROM t WHERE x LIKE '%%' || %(i_1)s || '%%'"""
    )


def test_schema_tokens_and_sections() -> None:
    """Each engine gets its own words and its own sections."""
    text = (
        "CREATE TABLE t (id {pk}, n {bigint}, b {blob}) {strict};\n-- engine: sqlite\nA;\n-- engine: postgres\nB;\n"
        "-- engine: any\nC;\n"
    )
    assert statements(for_engine(text, "sqlite")) == [
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER, b BLOB)  STRICT;",
        "A;",
        "C;",
    ]
    assert statements(for_engine(text, "postgres")) == [
        "CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n BIGINT, b BYTEA) ;",
        "B;",
        "C;",
    ]


def test_scripts_are_split_where_statements_end() -> None:
    """Semicolons in comments, strings and trigger bodies end nothing; a last one without semicolon counts."""
    script = """-- first; comment
CREATE TABLE a (x TEXT DEFAULT ';'); -- after; it
CREATE TRIGGER t BEFORE DELETE ON a
BEGIN SELECT 1; SELECT 2; END;

INSERT INTO a VALUES ('x
;y')
-- the end
"""
    assert [text.splitlines()[-1] for text in statements(script)] == [
        "CREATE TABLE a (x TEXT DEFAULT ';'); -- after; it",
        "BEGIN SELECT 1; SELECT 2; END;",
        "-- the end",
    ]
    assert statements("-- nothing\n\n") == []


def test_a_query_is_a_value() -> None:
    """Two of the same text are equal and can be keys."""
    assert len({Query.of("a", "SELECT :x;"), Query.of("a", "SELECT :x")}) == 1
