"""Agents, their customers, and the movements of their deposits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.agents import Agent, AgentId, Customer, StatementLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId, OperatorId
from zhuomai_appliance.model.products import PlanId
from zhuomai_appliance.store.interface import Reader, Row, Transaction, Value
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("agents")


def _agent(row: Row) -> Agent:
    return Agent(
        id=AgentId(row[0]),
        project_id=ProjectId(row[1]),
        name=row[2],
        operator_id=OperatorId(row[3]),
        rate_parts=row[4],
        plan_ids=tuple(PlanId(one) for one in json.loads(row[5])),
        group_ids=tuple(GroupId(one) for one in json.loads(row[6])),
        day_limit_fen=None if row[7] is None else Fen(row[7]),
        disabled=bool(row[8]),
        created_at=row[9],
        created_by=row[10],
    )


def _columns(agent: Agent) -> dict[str, Value]:
    return {
        "project_id": agent.project_id,
        "name": agent.name,
        "rate_parts": agent.rate_parts,
        "plan_ids": json.dumps(agent.plan_ids),
        "group_ids": json.dumps(agent.group_ids),
        "day_limit_fen": agent.day_limit_fen,
    }


def add(tx: Transaction, agent: Agent) -> AgentId:
    """Add an agent; the id it has is given out here."""
    more: dict[str, Value] = {
        "operator_id": agent.operator_id,
        "at": agent.created_at,
        "created_by": agent.created_by,
    }
    return AgentId(tx.insert(_Q.insert_agent, **_columns(agent), **more))


def put(tx: Transaction, agent: Agent) -> None:
    """Write a changed agent; whose he is and who made him stays."""
    tx.run(_Q.set_agent, id=agent.id, disabled=int(agent.disabled), **_columns(agent))


def agent(reader: Reader, project_id: ProjectId, agent_id: AgentId) -> Agent | None:
    """One agent."""
    row = reader.one(_Q.agent, project_id=project_id, id=agent_id)
    return None if row is None else _agent(row)


def agents(
    reader: Reader,
    projects: Sequence[ProjectId],
    page: Page,
    *,
    agent_id: int | None = None,
    operator_id: int | None = None,
    name: str | None = None,
) -> list[Agent]:
    """Agents of these projects (none: of all); the key is the id."""
    found = rows(
        reader,
        _Q.agents,
        project_ids(reader, projects),
        id=agent_id,
        operator_id=operator_id,
        name=name,
        **page.conditions(),
    )
    return [_agent(row) for row in found]


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent with his operator's name and what his deposit holds, for exports."""

    id: AgentId
    project_id: ProjectId
    name: str
    operator: str
    rate_parts: int
    day_limit_fen: int | None
    disabled: bool
    created_at: int
    created_by: str
    deposit_fen: int


def agent_rows(reader: Reader, projects: Sequence[ProjectId], page: Page) -> list[AgentRow]:
    """Agents of these projects (none: of all) as exports tell them; the key is the id."""
    found = rows(reader, _Q.agent_rows, project_ids(reader, projects), **page.conditions())
    return [_agent_row(row) for row in found]


def _agent_row(row: Row) -> AgentRow:
    agent_id, project_id, name, operator, rate_parts, limit, disabled, at, by, deposit = row
    return AgentRow(agent_id, project_id, name, operator, rate_parts, limit, bool(disabled), at, by, deposit)


def put_customer(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, agent_id: AgentId, at: int
) -> None:
    """Make somebody an agent's customer, whosoever's he was."""
    tx.run(_Q.put_customer, project_id=project_id, account_id=account_id, agent_id=agent_id, at=at)


def drop_customer(tx: Transaction, project_id: ProjectId, account_id: AccountId, agent_id: AgentId) -> bool:
    """Let somebody be an agent's customer no more; false if he was not."""
    return tx.run(_Q.drop_customer, project_id=project_id, account_id=account_id, agent_id=agent_id) == 1


def agent_of(reader: Reader, project_id: ProjectId, account_id: AccountId) -> AgentId | None:
    """Whose customer an account is."""
    found: int | None = reader.value(_Q.agent_of, project_id=project_id, account_id=account_id)
    return None if found is None else AgentId(found)


def customers(
    reader: Reader, project_id: ProjectId, agent_id: AgentId, after: int, limit: int
) -> list[Customer]:
    """An agent's customers after an account id."""
    found = reader.all(_Q.customers, project_id=project_id, agent_id=agent_id, after=after, limit=limit)
    return [Customer(AccountId(row[0]), row[1], row[2], row[3]) for row in found]


def sold_between(reader: Reader, project_id: ProjectId, agent_id: AgentId, from_at: int, to_at: int) -> Fen:
    """The prices of what an agent sold in [from_at, to_at)."""
    found = reader.value(
        _Q.sold_between, project_id=project_id, agent_id=agent_id, from_at=from_at, to_at=to_at
    )
    return Fen(found or 0)


def paid_for_order(reader: Reader, project_id: ProjectId, agent_id: AgentId, order_no: str) -> Fen:
    """What an agent's deposit paid for an order."""
    account = f"agent:{agent_id}"
    found = reader.value(_Q.paid_for_order, project_id=project_id, order_no=order_no, ledger_account=account)
    return Fen(found or 0)


def deposit_before(reader: Reader, project_id: ProjectId, agent_id: AgentId, before: int) -> Fen:
    """What an agent's deposit held at a time."""
    found = reader.value(
        _Q.moved_before, project_id=project_id, ledger_account=f"agent:{agent_id}", before=before
    )
    return Fen(-(found or 0))


def statement(
    reader: Reader, project_id: ProjectId, agent_id: AgentId, from_at: int, to_at: int, page: Page
) -> list[tuple[int, StatementLine]]:
    """Movements of a deposit in [from_at, to_at), each with the key that the next page starts after."""
    found = reader.all(
        _Q.statement,
        project_id=project_id,
        ledger_account=f"agent:{agent_id}",
        from_at=from_at,
        to_at=to_at,
        after=page.after or 0,
        limit=page.limit,
    )
    return [
        (row[0], StatementLine(row[1], row[2], row[3], Fen(-row[4]), row[5], row[6], row[7], row[8]))
        for row in found
    ]


def counted(reader: Reader) -> int:
    """How many agents there are."""
    found: int = reader.value(_Q.agents_counted) or 0
    return found


def faults(reader: Reader) -> Iterator[str]:
    """A sentence for each thing about agents that is wrong."""
    for account, project, balance in reader.all(_Q.overdrawn):
        yield f"{account} of project {project} is {balance} fen below zero"
    for account, project in reader.all(_Q.stray_deposits):
        yield f"{account} of project {project} is nobody's deposit"
    for order_no, agent_id, amount, borne in reader.all(_Q.unpaid_sales):
        if amount != borne:
            yield f"order {order_no} over {amount} fen: agent {agent_id} and his commission bore {borne}"
