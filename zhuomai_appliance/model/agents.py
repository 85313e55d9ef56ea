"""Agents (代理): who sells for the school from a deposit of his own (billing rules §17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId, OperatorId
from zhuomai_appliance.model.products import PlanId

__all__ = ["Agent", "AgentId", "Customer", "StatementLine"]

AgentId = NewType("AgentId", int)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent, and the operator who works for him.

    Of a price he pays ``rate_parts`` in 10000 from his deposit, the rest is his commission. ``plan_ids`` and
    ``group_ids`` are what he may sell and to whom, empty: everything and everybody of his own. ``day_limit_fen`` bounds what
    he sells in a local day, None sets no limit.
    """

    id: AgentId
    project_id: ProjectId
    name: str
    operator_id: OperatorId
    rate_parts: int
    plan_ids: tuple[PlanId, ...]
    group_ids: tuple[GroupId, ...]
    day_limit_fen: Fen | None
    disabled: bool
    created_at: int
    created_by: str


@dataclass(frozen=True, slots=True)
class Customer:
    """An account that is an agent's."""

    account_id: AccountId
    username: str
    full_name: str
    since: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement of an agent's deposit: ``amount_fen`` above zero was paid in or came back, below zero was spent."""

    posting_id: int
    at: int
    kind: str
    amount_fen: Fen
    order_no: str | None
    username: str | None
    price_fen: Fen | None
    memo: str
