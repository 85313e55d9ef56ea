"""Agents: the deposit they pay from, what they may sell and to whom, and what they see of it (features E13, W48).

A sale takes the agent's share from his deposit and posts his commission in the same posting. He sells to his own
customers, up to his day limit, and only as long as the deposit lasts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from zhuomai_appliance.billing import agents as rules
from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.flows import cards, purchases
from zhuomai_appliance.flows.card_batches import CardsRefused
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.moment import Zone, day_bounds, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, GroupId, OperatorId, Permission
from zhuomai_appliance.model.products import PlanVersion
from zhuomai_appliance.store import accounts, agents, journal, ledger, operators, products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import Offer
from zhuomai_appliance.store.reports_query import Page

__all__ = [
    "AgentRefused",
    "AgentSale",
    "SalePreview",
    "card_sale",
    "change",
    "create",
    "deposit_fen",
    "move_deposit",
    "of_operator",
    "offers",
    "preview_sale",
    "sell",
]


class AgentRefused(Refused):
    """What a rule of agents keeps from being done."""


# Agents -----------------------------------------------------------------------------------------------------------------


def create(tx: Transaction, actor: Actor, now: int, project: Project, wanted: Agent) -> AgentId:
    """Add an agent for an operator of his own.

    Raises:
        AgentRefused: name or operator are taken or unfit, a plan or group is not there, or the rate is none.
    """
    operator = operators.by_id(tx, wanted.operator_id)
    if operator is None or not operator.may(Permission.AGENT_SELL):
        raise AgentRefused("operator", "an agent needs an operator with the role agent")
    if operator.project_ids and project.id not in operator.project_ids:
        raise AgentRefused("operator", "this operator works in other projects")
    if agents.agents(tx, (), Page(limit=1), operator_id=wanted.operator_id):
        raise AgentRefused("operator", "this operator is an agent already")
    _check(tx, project, wanted)
    agent_id = agents.add(tx, replace(wanted, project_id=project.id, created_at=now, created_by=actor.name))
    audit(tx, actor, now, project, "agent.create", agent_id, _facts(wanted))
    return agent_id


def change(tx: Transaction, actor: Actor, now: int, project: Project, wanted: Agent) -> None:
    """Change name, rate, plans, groups, day limit, or whether he may sell at all. Past sales stay as they were.

    Raises:
        AgentRefused: he is not there, or as for `create`.
    """
    known = known_agent(tx, project, wanted.id)
    _check(tx, project, wanted)
    agents.put(tx, wanted)
    audit(tx, actor, now, project, "agent.change", known.id, _facts(wanted), _facts(known))


def _check(reader: Reader, project: Project, wanted: Agent) -> None:
    if not wanted.name.strip():
        raise AgentRefused("name", "an agent needs a name")
    same = agents.agents(reader, (project.id,), Page(limit=1), name=wanted.name)
    if same and same[0].id != wanted.id:
        raise AgentRefused("name", f'there is an agent "{wanted.name}" already')
    if not 0 < wanted.rate_parts <= rules.WHOLE_PARTS:
        raise AgentRefused("rate_parts", f"an agent pays 1 to {rules.WHOLE_PARTS} parts of a price")
    if wanted.day_limit_fen is not None and wanted.day_limit_fen < 0:
        raise AgentRefused("day_limit_fen", "a limit is not below zero")
    plans = {offer.plan.id for offer in products.plans(reader, project.id)}
    if not set(wanted.plan_ids) <= plans:
        raise AgentRefused("plans", "one of these plans is not there")
    groups = {group.id for group in products.groups(reader, project.id)}
    if not set(wanted.group_ids) <= groups:
        raise AgentRefused("groups", "one of these groups is not there")


def known_agent(reader: Reader, project: Project, agent_id: AgentId) -> Agent:
    """One agent of a project.

    Raises:
        AgentRefused: he is not there.
    """
    known = agents.agent(reader, project.id, agent_id)
    if known is None:
        raise AgentRefused("unknown", "there is no such agent")
    return known


def of_operator(reader: Reader, operator_id: OperatorId) -> Agent | None:
    """The agent that an operator works for; None for everybody else."""
    found = agents.agents(reader, (), Page(limit=1), operator_id=operator_id)
    return found[0] if found else None


def deposit_fen(reader: Reader, agent: Agent) -> Fen:
    """What is left of a deposit."""
    return Fen(-ledger.balance(reader, agent.project_id, ledger_rules.agent(agent.id)))


def move_deposit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    agent_id: AgentId,
    amount_fen: int,
    *,
    key: str,
    by_bank: bool = False,
    memo: str = "",
) -> Fen:
    """Take money for a deposit through the operator's till or the bank, or with an amount below zero pay it out again.

    Args:
        key: names this one movement; the second time nothing is done.

    Returns:
        What the deposit holds now.

    Raises:
        AgentRefused: he is not there, nothing is moved, or more is asked for than there is.
    """
    agent = known_agent(tx, project, agent_id)
    if amount_fen == 0:
        raise AgentRefused("amount_fen", "an amount other than 0 is needed")
    effect = f"agent:{agent_id}:deposit:{key}"
    if ledger.posting_of(tx, project.id, effect) is None:
        if deposit_fen(tx, agent) + amount_fen < 0:
            raise AgentRefused("deposit", f"the deposit holds {deposit_fen(tx, agent)} fen")
        money = ledger_rules.BANK if by_bank else cards.till_of(tx, project, actor)
        own = ledger_rules.agent(agent_id)
        pair = (money, own) if amount_fen > 0 else (own, money)
        ledger.post(
            tx,
            project_id=project.id,
            kind=PostingKind.AGENT_DEPOSIT,
            effect=effect,
            order_no=None,
            operator=actor.name,
            at=now,
            memo=memo,
            lines=ledger_rules.check(ledger_rules.transfer(*pair, abs(amount_fen))),
        )
        audit(tx, actor, now, project, "agent.deposit", agent_id, {"amount_fen": amount_fen, "memo": memo})
    return deposit_fen(tx, agent)


# Selling ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentSale:
    """What an agent sells to a customer: a plan, or without one so much into the wallet."""

    account_id: AccountId
    version: PlanVersion | None = None
    amount_fen: Fen | None = None
    memo: str = ""


@dataclass(frozen=True, slots=True)
class SalePreview:
    """What a sale would take from the deposit, and what it would bring; dates of a plan in ``purchase``."""

    price_fen: Fen
    charge_fen: Fen
    commission_fen: Fen
    deposit_fen: Fen
    debits: Lines
    purchase: purchases.Preview | None = None


def preview_sale(reader: Reader, project: Project, agent: Agent, wanted: AgentSale, now: int) -> SalePreview:
    """The price, its parts and the dates that `sell` would write now.

    Raises:
        AgentRefused: he may not sell now, not to this person, not this plan, not so much today, or the deposit is short.
        CannotBuyError: the plan cannot be bought any more.
    """
    check_open(agent)
    login = accounts.login_by_id(reader, wanted.account_id)
    if login is None or agents.agent_of(reader, project.id, wanted.account_id) != agent.id:
        raise AgentRefused("customer", "this is not one of your customers")
    if login.account.closed_at is not None:
        raise AgentRefused("customer", "this account is closed")
    check_group(reader, project, agent, login.account.group_id)
    seen = None
    if wanted.version is None:
        price = Fen(wanted.amount_fen or 0)
    else:
        if agent.plan_ids and wanted.version.plan_id not in agent.plan_ids:
            raise AgentRefused("plan", "you may not sell this plan")
        seen = purchases.preview(reader, wanted.account_id, wanted.version, Zone(project.zone), now)
        price = seen.price_fen
    if price <= 0:
        raise AgentRefused("amount_fen", "there is nothing to be paid")
    _check_day(reader, project, agent, price, now)
    charge, commission = rules.charge(price, agent.rate_parts)
    held = deposit_fen(reader, agent)
    if held < charge:
        raise AgentRefused("deposit", f"the deposit holds {held} fen, {charge} are needed")
    debits = rules.sale_debits(agent.id, price, agent.rate_parts)
    return SalePreview(price, charge, commission, held, debits, seen)


def offers(reader: Reader, project: Project, agent: Agent) -> list[tuple[Offer, Fen, Fen]]:
    """The plans that he may sell, by name, each with what he pays of its whole price and his commission."""
    found = [
        offer
        for offer in products.plans(reader, project.id)
        if offer.on_sale
        and offer.version.price_fen
        and (not agent.plan_ids or offer.plan.id in agent.plan_ids)
    ]
    return [(offer, *rules.charge(offer.version.price_fen, agent.rate_parts)) for offer in found]


def check_open(agent: Agent) -> None:
    """Whether he may sell at all.

    Raises:
        AgentRefused: he may not.
    """
    if agent.disabled:
        raise AgentRefused("disabled", "this agent may not sell at the moment")


def check_group(reader: Reader, project: Project, agent: Agent, group_id: GroupId | None) -> None:
    """Whether a group, or one above it, is among those he may sell to.

    Raises:
        AgentRefused: it is not.
    """
    parents = (
        {group.id: group.parent_id for group in products.groups(reader, project.id)}
        if agent.group_ids
        else {}
    )
    above: GroupId | None = group_id
    while above is not None and above not in agent.group_ids:
        above = parents.get(above)
    if agent.group_ids and above is None:
        raise AgentRefused("group", "you may not sell to this group")


def _check_day(reader: Reader, project: Project, agent: Agent, price_fen: int, now: int) -> None:
    if agent.day_limit_fen is None:
        return
    zone = Zone(project.zone)
    sold = agents.sold_between(reader, project.id, agent.id, *day_bounds(local_day(now, zone), zone))
    if sold + price_fen > agent.day_limit_fen:
        left = max(agent.day_limit_fen - sold, 0)
        raise AgentRefused("day_limit", f"only {left} fen more can be sold today")


def sell(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    agent: Agent,
    wanted: AgentSale,
    *,
    expected: SalePreview | None = None,
    revision: int | None = None,
) -> str:
    """Sell to a customer from the agent's deposit; the order's number.

    Args:
        expected: what a preview showed, or with ``revision`` the state of the chain alone.

    Raises:
        PreviewIsOld, AgentRefused, CannotBuyError: nothing was done.
    """
    seen = preview_sale(tx, project, agent, wanted, now)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    common: dict[str, Any] = {
        "project_id": project.id, "account_id": wanted.account_id, "zone": Zone(project.zone), "at": now,
        "operator": actor.name, "memo": wanted.memo, "channel": Channel.AGENT, "agent": agent.id, "paid_by": seen.debits,
    }  # fmt: skip
    if wanted.version is None:
        order = purchases.recharge(tx, amount_fen=seen.price_fen, **common)
    else:
        order = purchases.buy(tx, version=wanted.version, revision=revision, **common).order
    facts = {"order_no": order.order_no, "price_fen": seen.price_fen, "charge_fen": seen.charge_fen}
    audit(tx, actor, now, project, "agent.sell", agent.id, facts)
    return order.order_no


def card_sale(
    reader: Reader, now: int, project: Project, agent_id: int, first: int, last: int, face_fen: Fen
) -> cards.Sale:
    """Cards for an agent: he pays his rate of their face value from the deposit, the rest is his commission.

    Raises:
        CardsRefused: he is not there, may not sell, or the deposit is short.
    """
    try:
        agent = known_agent(reader, project, AgentId(agent_id))
        check_open(agent)
    except AgentRefused as error:
        raise CardsRefused("agent", str(error)) from None
    charge, _ = rules.charge(face_fen, agent.rate_parts)
    held = deposit_fen(reader, agent)
    if held < charge:
        raise CardsRefused("deposit", f"the deposit holds {held} fen, {charge} are needed")
    return cards.Sale(
        first, last, ledger_rules.agent(agent.id), ledger_rules.COMMISSION, paid_fen=charge, agent_id=agent.id
    )


def _facts(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "operator": agent.operator_id,
        "rate_parts": agent.rate_parts,
        "plans": list(agent.plan_ids),
        "groups": list(agent.group_ids),
        "day_limit_fen": agent.day_limit_fen,
        "disabled": agent.disabled,
    }


def audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    agent_id: AgentId,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    """Keep who did what to an agent."""
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="agent", object_id=str(agent_id), before=before, after=after,
    )  # fmt: skip
