"""Lists with optional filters: one statement in the query file, narrowed to the filters that are asked for.

A line of the statement that ends with ``-- if NAME`` stays only when NAME is given, so that the planner sees plain
conditions and uses its indexes; the whole statement, with every line, is valid too and is checked against the schema.
``IN (:project_ids)`` takes as many projects as there are, ``IN (:session_ids)`` as many sessions as are named, and
``IN (:group_ids)`` the groups of a `Scope`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import GroupId, normal_name
from zhuomai_appliance.store.interface import Reader, Row, Value
from zhuomai_appliance.store.sql import Query, load

_Q = load("reports_people")

_OPTION: Final = re.compile(r"\s--\s*if\s+([a-z_]+)\s*$")
_MANY: Final = re.compile(r":(project|session|group)_ids\b")

MOST_ROWS: Final = 1_000
"""The longest page any list gives."""


class NotNarrowed(LookupError):
    """A list was asked for within groups and cannot be narrowed to them: it shows nothing rather than too much."""


class Scope(tuple[ProjectId, ...]):
    """Projects that may be looked into and, within them, the groups whose people may be seen; None: everybody.

    The groups are all of them, those below others included. Every list takes one in the place of its projects.
    """

    group_ids: tuple[GroupId, ...] | None

    @classmethod
    def of(cls, projects: Sequence[ProjectId], group_ids: Sequence[GroupId] | None) -> Scope:
        """Projects with groups."""
        made = cls(projects)
        made.group_ids = None if group_ids is None else tuple(group_ids)
        return made


def groups_of(projects: Sequence[int]) -> tuple[GroupId, ...] | None:
    """The groups that a scope is narrowed to; None for plain projects."""
    return projects.group_ids if isinstance(projects, Scope) else None


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: rows after a key, or from an offset on.

    Attributes:
        after: the key of the last row already seen, None for the first page. Lists say what their key is.
        limit: how many rows at most, 1 to `MOST_ROWS`.
        offset: how many rows to pass over; for the numbered pages of the console only.
        newest_first: from the newest key down instead of up.
    """

    after: int | str | None = None
    limit: int = 50
    offset: int = 0
    newest_first: bool = False

    def conditions(self) -> dict[str, Value]:
        """The parameters of `rows` that this page sets."""
        return {
            "before" if self.newest_first else "after": self.after,
            "newest_first": flag(self.newest_first),
            "limit": min(max(self.limit, 1), MOST_ROWS),
            "offset": max(self.offset, 0),
        }


def flag(wanted: bool) -> int | None:
    """A condition without a value: 1 where it is wanted."""
    return 1 if wanted else None


def sorting(page: Page, few: bool) -> dict[str, Value]:
    """The order of a list whose filter leaves a few rows: find them by its index, then sort.

    A walk along the list's own key would be preferred by the planner, which knows nothing of how few they are.
    """
    return {"sorted_down" if page.newest_first else "sorted_up": flag(few)}


def pattern(words: str) -> str:
    """A LIKE pattern (ESCAPE is a backslash) for a text, folded as login names are, anywhere in a column."""
    folded = normal_name(words)
    for sign in "\\%_":
        folded = folded.replace(sign, "\\" + sign)
    return f"%{folded}%"


@lru_cache(maxsize=2048)
def _narrowed(query: Query, given: frozenset[str], projects: int, sessions: int, groups: int) -> Query:
    counts = {"project": projects, "session": sessions, "group": groups}
    lines = []
    for line in query.text_sqlite.splitlines():
        option = _OPTION.search(line)
        if option is None:
            lines.append(line)
        elif option[1] in given:
            lines.append(line[: option.start()])
    text = _MANY.sub(
        lambda found: ", ".join(f":{found[1]}_id_{n}" for n in range(counts[found[1]])) or "NULL",
        "\n".join(lines),
    )
    return Query.of(query.name, text)


def project_ids(reader: Reader, projects: Sequence[ProjectId]) -> tuple[ProjectId, ...]:
    """The projects themselves, or every project where none is named: the indexes begin with the project."""
    named = tuple(projects) or tuple(ProjectId(row[0]) for row in reader.all(_Q.all_projects))
    return Scope.of(named, projects.group_ids) if isinstance(projects, Scope) else named


def rows(
    reader: Reader,
    query: Query,
    projects: Sequence[int],
    instead: tuple[str, str] | None = None,
    session_ids: Sequence[int] | None = None,
    /,
    **given: Value,
) -> list[Row]:
    """Run a narrowed statement.

    Args:
        reader: where.
        query: the whole statement.
        projects: their ids, or a `Scope`; none gives no rows.
        instead: a table's name and the one to read in its place.
        session_ids: sessions to narrow to; None asks for all, an empty one for none.
        given: by name; what is None is not asked for.

    Raises:
        NotNarrowed: the scope names groups, and the statement has no line for them.
    """
    if not projects:
        return []
    asked = {name: value for name, value in given.items() if value is not None}
    group_ids = groups_of(projects)
    names = frozenset(
        (
            *asked,
            *(() if session_ids is None else ("session_ids",)),
            *(() if group_ids is None else ("group_ids",)),
        )
    )
    if group_ids is not None and ":group_ids" not in query.text_sqlite:
        raise NotNarrowed(query.name)
    narrow = _narrowed(query, names, len(projects), len(session_ids or ()), len(group_ids or ()))
    if instead is not None:
        narrow = _renamed(narrow, *instead)
    asked.update({f"project_id_{number}": project_id for number, project_id in enumerate(projects)})
    asked.update({f"session_id_{number}": session_id for number, session_id in enumerate(session_ids or ())})
    asked.update({f"group_id_{number}": group_id for number, group_id in enumerate(group_ids or ())})
    # A line that stays may use a parameter of a line that is left out (a second reading of one word): NULL then.
    return reader.all(narrow, **{name: asked.get(name) for name in narrow.params})


@lru_cache(maxsize=256)
def _renamed(query: Query, name: str, other: str) -> Query:
    return Query.of(query.name, query.text_sqlite.replace(name, other))


def altered(row: Row, values: Mapping[int, Any]) -> Row:
    """A row with some columns, by their place, read into what they mean."""
    return tuple(values.get(place, column) for place, column in enumerate(row))
