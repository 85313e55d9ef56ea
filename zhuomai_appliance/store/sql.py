"""Queries kept in ``queries/*.sql``, written once for both engines.

A file is a series of queries, each under a marker; text before the first marker is a comment for the reader::

    -- name: find_account
    SELECT id, username FROM account WHERE project_id = :project_id AND username = :username

    -- name: oldest_first postgres
    SELECT ... the wording for PostgreSQL only, beside the common one of the same name

Parameters are ``:name``; for PostgreSQL they become ``%(name)s``. Schema files carry four tokens, see `for_engine`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from zhuomai_appliance import paths

Engine: TypeAlias = Literal["sqlite", "postgres"]

_MARKER = re.compile(r"^--\s*name:\s*(?P<name>\S+)(?:\s+(?P<engine>\S+))?\s*$")
_SECTION = re.compile(r"^--\s*engine:\s*(?P<engine>\S+)\s*$")
# Quoted text and comments are matched first so that a colon inside them is never a parameter, then the cast `::`.
_PARAMETER = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|:(?P<name>[a-z_][a-z0-9_]*)", re.DOTALL
)

_TOKENS: dict[Engine, dict[str, str]] = {
    "sqlite": {
        "{pk}": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "{strict}": " STRICT",
        # STRICT tables refuse the word BIGINT; SQLite's INTEGER is 64 bits wide as it is.
        "{bigint}": "INTEGER",
        "{blob}": "BLOB",
    },
    "postgres": {
        "{pk}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "{strict}": "",
        "{bigint}": "BIGINT",
        "{blob}": "BYTEA",
    },
}


class QueryFileError(Exception):
    """A query file cannot be read as one; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement.

    Attributes:
        name: ``file.name``, for messages and profiles.
        text_sqlite: the statement with ``:name`` parameters.
        text_postgres: the statement with ``%(name)s`` parameters, literal percent signs doubled.
        params: the names it takes.
    """

    name: str
    text_sqlite: str
    text_postgres: str
    params: frozenset[str]

    @classmethod
    def of(cls, name: str, text: str, postgres: str | None = None) -> Query:
        """Make a query from its text, with another wording for PostgreSQL where that is needed."""
        text = text.strip().rstrip(";").rstrip()
        other = text if postgres is None else postgres.strip().rstrip(";").rstrip()
        if parameters(text) != parameters(other):
            raise QueryFileError(f"{name}: the two engines' wordings take different parameters")
        return cls(name, text, to_postgres(other), parameters(text))


class Queries:
    """The queries of one file, as attributes. An unknown name raises AttributeError naming the file."""

    def __init__(self, source: str, queries: dict[str, Query]) -> None:
        # Plain attributes, so that the path of every packet does not come by __getattr__
        self.__dict__.update(queries)
        self._source = source
        self._queries = queries

    def __getattr__(self, name: str) -> Query:
        raise AttributeError(f"{self.__dict__.get('_source', 'queries')} has no query named {name}")

    def __iter__(self) -> Iterator[Query]:
        return iter(self._queries.values())


def parameters(text: str) -> frozenset[str]:
    """The names of the ``:name`` parameters in a statement, quoted text and comments left out."""
    return frozenset(match["name"] for match in _PARAMETER.finditer(text) if match["name"])


def to_postgres(text: str) -> str:
    """The same statement with ``%(name)s`` parameters and literal percent signs doubled."""

    def turn(match: re.Match[str]) -> str:
        return f"%({match['name']})s" if match["name"] else match[0]

    return _PARAMETER.sub(turn, text.replace("%", "%%"))


def load(name: str, folder: Path | None = None) -> Queries:
    """Read ``NAME.sql`` from the package's queries (or another folder).

    Call it at import time: a missing file, a name given twice or an override without its common query fails there.

    Raises:
        QueryFileError: as above, naming file and line.
    """
    path = (folder or paths.queries()) / f"{name}.sql"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise QueryFileError(f"{path}: {error.strerror}") from error
    return Queries(path.name, _parse(path.name, name, text))


def _parse(source: str, prefix: str, text: str) -> dict[str, Query]:
    common: dict[str, list[str]] = {}
    override: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        marker = _MARKER.match(line)
        if marker is None:
            if current is not None:
                current.append(line)
            elif line.strip() and not line.lstrip().startswith("--"):
                raise QueryFileError(f"{source}:{number}: a statement before the first -- name: marker")
            continue
        name, engine = marker["name"], marker["engine"]
        if not name.isidentifier() or engine not in (None, "postgres"):
            raise QueryFileError(f"{source}:{number}: expected `-- name: identifier [postgres]`")
        book = common if engine is None else override
        if name in book:
            raise QueryFileError(f"{source}:{number}: {name} is defined twice")
        current = book[name] = []
    for name in override.keys() - common.keys():
        raise QueryFileError(f"{source}: {name} has a postgres wording and no common one")
    queries = {}
    for name, lines in common.items():
        body = "\n".join(lines).strip()
        if not body:
            raise QueryFileError(f"{source}: {name} is empty")
        other = "\n".join(override[name]) if name in override else None
        queries[name] = Query.of(f"{prefix}.{name}", body, other)
    return queries


def for_engine(text: str, engine: Engine) -> str:
    """A schema file's text as one engine takes it.

    Tokens: ``{pk}`` an automatic 64-bit id that is the primary key; `` {strict}`` (with the space before it) after a
    table's closing bracket; ``{bigint}`` a 64-bit integer column; ``{blob}`` octets. Lines after ``-- engine: sqlite`` (or
    ``postgres``) belong to that engine alone, until ``-- engine: any``: triggers are worded differently.
    """
    kept = []
    mine = True
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section is not None:
            mine = section["engine"] in (engine, "any")
        elif mine:
            kept.append(line)
    result = "\n".join(kept) + "\n"
    for token, words in _TOKENS[engine].items():
        result = result.replace(token, words)
    return result


def statements(text: str) -> list[str]:
    """Split a script into statements, each ending with a semicolon, one or none a line; trigger bodies stay whole."""
    found = []
    buffer = ""
    for line in text.splitlines(keepends=True):
        buffer += line
        if ";" in line and sqlite3.complete_statement(buffer):
            found.append(buffer.strip())
            buffer = ""
    if any(line.strip() and not line.lstrip().startswith("--") for line in buffer.splitlines()):
        found.append(buffer.strip())
    return found
