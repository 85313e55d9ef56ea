"""A year that leaves (毕业批处理): one batch with a frozen cut-off and a statement for each account (billing rules §9, W24)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.products import PlanVersionId, SubscriptionId

__all__ = ["Graduation", "GraduationId", "GraduationState", "RowState", "Settlement", "Statement"]

GraduationId = NewType("GraduationId", int)


class GraduationState(StrEnum):
    """PREPARING adds statements, PREPARED waits for a second person, APPROVED may be run as often as needed."""

    PREPARING = "preparing"
    PREPARED = "prepared"
    APPROVED = "approved"


class RowState(StrEnum):
    """What became of one account."""

    STATED = "stated"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Graduation:
    """A batch. ``access_version_id`` is the plan that they are online with until they leave, ``stay_group_id`` the group of it."""

    id: GraduationId
    project_id: ProjectId
    name: str
    cut_off_at: int
    access_version_id: PlanVersionId | None
    stay_group_id: GroupId | None
    state: GraduationState
    created_at: int
    created_by: str
    approved_at: int | None
    approved_by: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """One purchase in a statement: what of it is not used at the cut-off, and how that was found.

    ``payee_id`` is whose wallet gets it; one that an agent sold is left to its end (``is_kept``).
    """

    subscription_id: SubscriptionId
    plan_name: str
    is_pack: bool
    fen: Fen
    bonus_fen: Fen
    formula: str
    remaining: int
    total: int
    payee_id: AccountId
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account gets: wallet, unused days and unused packs, less what it owes; frozen at the cut-off."""

    project_id: ProjectId
    batch_id: GraduationId
    account_id: AccountId
    wallet_fen: Fen
    unused_fen: Fen
    packs_fen: Fen
    debt_fen: Fen
    settlements: tuple[Settlement, ...]
    state: RowState
    failure: str
    refund_id: int | None
    done_at: int | None
    has_bank: bool = False

    @property
    def total_fen(self) -> Fen:
        """What is paid out; a debt that is more than all the rest leaves nothing."""
        return Fen(max(self.wallet_fen + self.unused_fen + self.packs_fen - self.debt_fen, 0))
