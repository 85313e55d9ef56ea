"""A suspension of an account (停机保号, billing rules §10) as the books keep it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId

SuspensionId = NewType("SuspensionId", int)


class SuspensionStatus(StrEnum):
    """Life of a suspension: planned for a midnight, running, over; or cancelled before it began."""

    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Suspension:
    """One suspension of all that an account has running.

    ``resumes_at`` is when it ends at the latest: the planned date or the plan's limit, None for neither. ``days`` is by how
    many whole days ends moved, ``keep_fee_fen`` the price of each month begun, of which ``fee_months`` are paid.
    ``why`` it ended is a stable word: desk, planned, login, keep_fee, undone, nothing_runs.
    """

    id: SuspensionId
    project_id: ProjectId
    account_id: AccountId
    batch_id: int | None
    status: SuspensionStatus
    begins_at: int
    resumes_at: int | None
    on_login: bool
    min_days: int
    most_days: int | None
    keep_fee_fen: int
    fee_months: int
    ended_at: int | None
    days: int
    why: str
    operator: str
    reason: str
    asked_at: int

    @property
    def is_open(self) -> bool:
        """Whether it is still to begin or to end."""
        return self.status in (SuspensionStatus.PLANNED, SuspensionStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class HolidayBatch:
    """Suspensions of whole groups from an instant to another; ``state`` is running, committed or undone."""

    id: int
    project_id: ProjectId
    state: str
    begins_at: int
    resumes_at: int
    reason: str
    operator: str
    made_at: int
