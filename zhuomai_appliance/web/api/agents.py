"""Agents through the API: made and changed by the finance office, their deposits, customers and statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from zhuomai_appliance.flows import agent_customers, agents
from zhuomai_appliance.flows.agents import AgentRefused
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.moment import day_bounds, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, OperatorId
from zhuomai_appliance.store import agents as rows
from zhuomai_appliance.store import operators, products, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found, split
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_access import Done
from zhuomai_appliance.web.api.items_agents import (
    AgentBody,
    AgentItem,
    AgentPatch,
    AgentQuery,
    CustomerItem,
    CustomerQuery,
    DepositBody,
    DepositItem,
    Statement,
    StatementItem,
    StatementQuery,
)
from zhuomai_appliance.web.api.problems import Problem, invalid

_FIELDS = frozenset({"operator", "name", "rate_parts", "day_limit_fen", "plans", "groups", "amount_fen"})


def refused(error: AgentRefused) -> Problem:
    """What a flow refuses, as a problem: a field that is wrong, or a state of things."""
    if error.code in _FIELDS:
        return invalid([(error.code, str(error), "unfit")])
    return Problem(404 if error.code == "unknown" else 409, error.code, str(error))


async def list_agents(parts: Parts, call: Call) -> BaseModel:
    """A page of agents."""
    query: AgentQuery = call.query
    projects, page = call.projects(parts), call.page()

    def read(reader: Reader) -> list[AgentItem]:
        found = rows.agents(reader, projects, page, name=query.name)
        return [item(parts, reader, one, call.now) for one in found]

    shown, after = split(await parts.store.read(read), call, lambda row: row.id)
    return ItemList[AgentItem](items=list(shown), next=after)


async def get_agent(parts: Parts, call: Call) -> BaseModel:
    """One agent."""
    known, _ = await _known(parts, call)
    return await parts.store.read(lambda reader: item(parts, reader, known, call.now))


async def create_agent(parts: Parts, call: Call) -> Kept:
    """A new agent."""
    body: AgentBody = call.body
    project = call.project(parts, body.project)

    def make(tx: Transaction) -> BaseModel:
        operator = operators.by_name(tx, body.operator)
        wanted = Agent(
            AgentId(0), project.id, body.name, OperatorId(0) if operator is None else operator.id, body.rate_parts,
            *_bounds(tx, project, body.plans, body.groups), _fen(body.day_limit_fen), False, 0, "",
        )  # fmt: skip
        agent_id = agents.create(tx, call.actor, call.now, project, wanted)
        return item(parts, tx, agents.known_agent(tx, project, agent_id), call.now)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: make(tx)))
    except AgentRefused as error:
        raise refused(error) from None


async def change_agent(parts: Parts, call: Call) -> BaseModel:
    """Change what is named."""
    body: AgentPatch = call.body
    known, project = await _known(parts, call)

    def change(tx: Transaction) -> BaseModel:
        given: dict[str, Any] = {
            name: getattr(body, name)
            for name in body.model_fields_set & {"name", "rate_parts", "disabled", "day_limit_fen"}
        }
        plan_ids, group_ids = _bounds(tx, project, body.plans, body.groups)
        if "plans" in body.model_fields_set:
            given["plan_ids"] = plan_ids
        if "groups" in body.model_fields_set:
            given["group_ids"] = group_ids
        wanted = replace(agents.known_agent(tx, project, known.id), **given)
        agents.change(tx, call.actor, call.now, project, wanted)
        return item(parts, tx, wanted, call.now)

    try:
        return await parts.store.write(change)
    except AgentRefused as error:
        raise refused(error) from None


def _bounds(
    reader: Reader, project: Project, plan_names: Sequence[str], group_names: Sequence[str]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The ids of plans and groups by their names.

    Raises:
        Problem: one of them is not there.
    """
    plans = {offer.plan.name: offer.plan.id for offer in products.plans(reader, project.id)}
    groups = {group.name: group.id for group in products.groups(reader, project.id)}
    wrong = [("plans", f'there is no plan "{name}"', "unknown") for name in plan_names if name not in plans]
    wrong += [("groups", f'there is no group "{n}"', "unknown") for n in group_names if n not in groups]
    if wrong:
        raise invalid(wrong)
    return tuple(plans[name] for name in plan_names), tuple(groups[name] for name in group_names)


async def move_deposit(parts: Parts, call: Call) -> Kept:
    """Take money for a deposit, or pay it out again."""
    body: DepositBody = call.body
    known, project = await _known(parts, call)
    amount = -body.amount_fen if body.pay_out else body.amount_fen
    key = f"{call.operator.id}:{call.key}"

    def move(tx: Transaction) -> BaseModel:
        held = agents.move_deposit(
            tx, call.actor, call.now, project, known.id, amount, key=key, by_bank=body.by_bank, memo=body.memo
        )  # fmt: skip
        return DepositItem(agent_id=known.id, deposit_fen=held)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: move(tx)))
    except AgentRefused as error:
        raise refused(error) from None


async def list_customers(parts: Parts, call: Call) -> BaseModel:
    """A page of an agent's customers."""
    known, _ = await _known(parts, call)
    return await customers(parts, call, known)


async def put_customer(parts: Parts, call: Call) -> BaseModel:
    """Make somebody an agent's customer."""
    return await _set_customer(parts, call, own=True)


async def remove_customer(parts: Parts, call: Call) -> BaseModel:
    """Let somebody be an agent's customer no more."""
    return await _set_customer(parts, call, own=False)


async def _set_customer(parts: Parts, call: Call, *, own: bool) -> BaseModel:
    known, project = await _known(parts, call)
    account_id = AccountId(call.path["account_id"])
    try:
        await parts.store.write(
            lambda tx: agent_customers.set_customer(
                tx, call.actor, call.now, project, known.id, account_id, own=own
            )
        )
    except AgentRefused as error:
        raise refused(error) from None
    return Done(done=True)


async def get_statement(parts: Parts, call: Call) -> BaseModel:
    """The movements of an agent's deposit."""
    known, _ = await _known(parts, call)
    return await statement(parts, call, known)


# Shared with the agent's own pages --------------------------------------------------------------------------------------


async def customers(parts: Parts, call: Call, known: Agent) -> BaseModel:
    """A page of customers of an agent."""
    query: CustomerQuery = call.query
    found = await parts.store.read(
        lambda reader: rows.customers(reader, known.project_id, known.id, query.after or 0, query.limit + 1)
    )
    shown, after = split(found, call, lambda row: row.account_id)
    return ItemList[CustomerItem](
        items=[
            CustomerItem(
                id=row.account_id, account_id=row.account_id, username=row.username, full_name=row.full_name,
                since=parts.time(row.since, known.project_id),
            )
            for row in shown
        ],
        next=after,
    )  # fmt: skip


async def statement(parts: Parts, call: Call, known: Agent) -> BaseModel:
    """A page of movements with the balances around the span; without a span all there ever was."""
    query: StatementQuery = call.query
    from_at = query.from_at or 0
    to_at = call.now + 1 if query.to_at is None else query.to_at

    def read(reader: Reader) -> tuple[int, int, list[Any]]:
        page = reports.Page(query.after, query.limit + 1)
        place = known.project_id, known.id
        return (
            rows.deposit_before(reader, *place, from_at),
            rows.deposit_before(reader, *place, to_at),
            rows.statement(reader, *place, from_at, to_at, page),
        )

    opening, closing, found = await parts.store.read(read)
    shown, after = split(found, call, lambda row: row[0])
    items = [
        StatementItem(
            id=key, posting_id=line.posting_id, at=parts.time(line.at, known.project_id), kind=line.kind,
            amount_fen=line.amount_fen, order_no=line.order_no, username=line.username, price_fen=line.price_fen,
            memo=line.memo,
        )
        for key, line in shown
    ]  # fmt: skip
    return Statement(items=items, next=after, opening_fen=opening, closing_fen=closing)


def item(parts: Parts, reader: Reader, agent: Agent, now: int) -> AgentItem:
    """An agent as the API shows him."""
    zone = parts.tables.zone(agent.project_id)
    operator = operators.by_id(reader, agent.operator_id)
    plans = {offer.plan.id: offer.plan.name for offer in products.plans(reader, agent.project_id)}
    groups = {group.id: group.name for group in products.groups(reader, agent.project_id)}
    return AgentItem(
        id=agent.id,
        project=parts.project_name(agent.project_id),
        name=agent.name,
        operator="" if operator is None else operator.name,
        rate_parts=agent.rate_parts,
        plans=[plans[one] for one in agent.plan_ids if one in plans],
        groups=[groups[one] for one in agent.group_ids if one in groups],
        day_limit_fen=agent.day_limit_fen,
        sold_today_fen=rows.sold_between(
            reader, agent.project_id, agent.id, *day_bounds(local_day(now, zone), zone)
        ),
        deposit_fen=agents.deposit_fen(reader, agent),
        disabled=agent.disabled,
        created_at=parts.time(agent.created_at, agent.project_id),
        created_by=agent.created_by,
    )


async def _known(parts: Parts, call: Call) -> tuple[Agent, Project]:
    projects, agent_id = call.projects(parts), call.path["agent_id"]
    found = await parts.store.read(
        lambda reader: rows.agents(reader, projects, reports.Page(limit=1), agent_id=agent_id)
    )
    project = parts.tables.project(found[0].project_id) if found else None
    if project is None:
        raise not_found()
    return found[0], project


def _fen(amount: int | None) -> Fen | None:
    return None if amount is None else Fen(amount)
