"""What every export is made of: cells, the span that was asked for, and pages of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_query import Page

__all__ = ["Cell", "Listing", "Moment", "Rich", "Span"]

Cell: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant that is written with its project's offset."""

    at: int | None


Rich: TypeAlias = Cell | Moment


@dataclass(frozen=True, slots=True)
class Span:
    """Which project, which time, and each project's calendar."""

    projects: tuple[ProjectId, ...]
    zones: Mapping[ProjectId, Zone]
    home: Zone
    from_at: int | None
    to_at: int | None
    now: int

    def zone(self, project_id: int) -> Zone:
        """The calendar of a project; acts on the machine itself are told in the first project's."""
        return self.zones.get(ProjectId(project_id), self.home)


Listing: TypeAlias = Callable[[Reader, Span, Page], Sequence[Any]]
"""One page of rows."""
