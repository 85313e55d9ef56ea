"""Who an agent's customers are, and the accounts that he opens (features E13)."""

from __future__ import annotations

from dataclasses import replace

from zhuomai_appliance.flows import desk
from zhuomai_appliance.flows.agents import AgentRefused, audit, check_group, check_open, known_agent
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.site_model import SiteAccount
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import accounts, agents, products
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.vault import Vault

__all__ = ["enrol", "set_customer"]


def set_customer(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    agent_id: AgentId,
    account_id: AccountId,
    *,
    own: bool,
) -> None:
    """Make an account an agent's customer, or let it be his no more.

    Raises:
        AgentRefused: the agent or the account is not there.
    """
    agent = known_agent(tx, project, agent_id)
    login = accounts.login_by_id(tx, account_id)
    if login is None or login.account.project_id != project.id:
        raise AgentRefused("unknown", "there is no such account")
    if own:
        agents.put_customer(tx, project.id, account_id, agent.id, now)
    else:
        agents.drop_customer(tx, project.id, account_id, agent.id)
    audit(tx, actor, now, project, "agent.customer", agent_id, {"account": account_id, "own": own})


def enrol(
    tx: Transaction, vault: Vault, actor: Actor, now: int, project: Project, agent: Agent, wanted: SiteAccount
) -> AccountId:
    """Open an account as an agent: it gets no plan that nobody pays, and is his customer.

    Raises:
        AgentRefused: he may not sell now, or not to this group.
        Unfit: as for `desk.enrol`.
    """
    check_open(agent)
    group = next((one for one in products.groups(tx, project.id) if one.name == wanted.group), None)
    check_group(tx, project, agent, None if group is None else group.id)
    free = replace(wanted, plans=(), balance_fen=Fen(0), rate=None)
    account_id = desk.enrol(tx, vault, actor, now, project, free)
    agents.put_customer(tx, project.id, account_id, agent.id, now)
    return account_id
