"""What the console's pages show: plain values, ready to print.

Times are UTC epoch seconds, money fen, traffic octets, rates bit/s. Texts are already in the operator's language
where they are sentences of ours, and untouched where they come from people or devices. None is "not known".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from zhuomai_appliance.web.menu import Node


class Mark(StrEnum):
    """A badge's mark: the shape differs as well as the colour (ui.md §6)."""

    OK = "ok"
    WARN = "warn"
    DANGER = "danger"
    IDLE = "idle"
    BRAND = "brand"


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in one word."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page behind the login."""

    operator: str
    role: str
    school: str
    path: str
    query: dict[str, str]
    tree: tuple[Node, ...]
    theme: str
    csrf: str
    version: str
    flash: str = ""
    trouble: str = ""
    may_search: bool = True


@dataclass(frozen=True, slots=True)
class DoorView:
    """The login page of the console. ``problem`` is one sentence; ``lookup`` finds it in the log."""

    action: str
    path: str
    query: dict[str, str]
    theme: str
    school: str
    version: str
    name: str = ""
    next: str = ""
    problem: str = ""
    lookup: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a select, or one chip of saved views with its count."""

    value: str
    label: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Pager:
    """Where in a list we are. ``total`` None is not counted; ``about`` says that it is an estimate."""

    first: int
    last: int
    total: int | None
    previous_url: str = ""
    next_url: str = ""
    about: bool = False


# --- dashboard ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that opens the rows it sums. ``note`` is the line below it."""

    label: str
    value: str
    unit: str = ""
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """People online at a moment; None where nothing was measured (a gap stays a gap)."""

    at: int
    people: int | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of a ranking: how many of ``most`` the bar shows."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that needs a person: what, whom it touches, where to look. Most urgent first.

    What is not ``urgent`` is worth knowing and stands in the list alone, without a notice over the page.
    """

    title: str
    detail: str
    url: str = ""
    url_label: str = ""
    badge: Badge | None = None
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class NasLine:
    """An access device on the dashboard."""

    name: str
    online: int
    last_report_at: int | None
    badge: Badge


@dataclass(frozen=True, slots=True)
class DashboardView:
    """The overview. ``today`` and ``yesterday`` are curves of 24 hours; both empty means no data yet."""

    figures: tuple[Figure, ...]
    today: tuple[Point, ...]
    yesterday: tuple[Point, ...]
    refused: tuple[Ranked, ...]
    troubles: tuple[Trouble, ...]
    nas: tuple[NasLine, ...]
    online_url: str
    attempts_url: str

    @property
    def notices(self) -> tuple[Trouble, ...]:
        """What stands over the page until it is put right."""
        return tuple(trouble for trouble in self.troubles if trouble.urgent)

    @property
    def refused_total(self) -> int:
        """Refusals in the ranking together."""
        return sum(line.count for line in self.refused)

    @property
    def refused_most(self) -> int:
        """The longest bar, at least 1."""
        return max((line.count for line in self.refused), default=1) or 1


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What happened, whether anything was lost, what to do; ``number`` finds it in the log."""

    status: int
    title: str
    sentence: str
    number: str = ""
    actions: tuple[tuple[str, str], ...] = field(default=(("/admin/", ""),))
