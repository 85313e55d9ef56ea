"""Shifts: one operator's till from its first cash to the hand-over (billing rules §17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId

NOTES: Final = (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""The notes and coins of the renminbi, in fen."""

Counted = Mapping[int, int]
"""How many of each note and coin, by its fen."""


class ShiftState(StrEnum):
    """A shift takes cash while it is open; counted it is closed; signed for by the next person it is handed over."""

    OPEN = "open"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift. ``expected_fen`` and ``counted_fen`` are None while it is open; cash:<number> is its ledger account."""

    project_id: ProjectId
    number: str
    operator: str
    state: ShiftState
    opened_at: int
    float_fen: Fen
    closed_at: int | None
    expected_fen: Fen | None
    counted_fen: Fen | None
    counted: Counted
    memo: str
    handed_to: str
    handed_at: int | None

    @property
    def key(self) -> str:
        """Where it stands in a list over several projects, in which numbers come again."""
        return f"{self.number} {self.project_id}"

    @property
    def difference_fen(self) -> Fen:
        """What was counted more than expected; below zero: what was missing."""
        return Fen((self.counted_fen or 0) - (self.expected_fen or 0))
