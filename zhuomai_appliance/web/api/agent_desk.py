"""What an agent does himself through the API: his customers, his sales, his statement. Nobody else's are within reach."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.flows import agent_customers, agents, desk
from zhuomai_appliance.flows.agents import AgentRefused, AgentSale
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.site_model import SiteAccount
from zhuomai_appliance.model.agents import Agent
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import accounts, products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api import agents as office
from zhuomai_appliance.web.api.calls import Call, Kept, Parts
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_agents import (
    AgentPlanItem,
    AgentSaleBody,
    AgentSaleItem,
    CustomerBody,
    CustomerItem,
)
from zhuomai_appliance.web.api.problems import Problem, invalid


async def get_own(parts: Parts, call: Call) -> BaseModel:
    """The agent himself: deposit, limits, what he may sell."""
    known, _ = await _own(parts, call)
    return await parts.store.read(lambda reader: office.item(parts, reader, known, call.now))


async def own_plans(parts: Parts, call: Call) -> BaseModel:
    """What he may sell."""
    known, project = await _own(parts, call)
    found = await parts.store.read(lambda reader: agents.offers(reader, project, known))
    items = [
        AgentPlanItem(
            id=offer.plan.id, name=offer.plan.name, kind=offer.version.kind, price_fen=offer.version.price_fen,
            charge_fen=charge, commission_fen=commission,
        )
        for offer, charge, commission in found
    ]  # fmt: skip
    return ItemList[AgentPlanItem](items=items, next=None)


async def own_customers(parts: Parts, call: Call) -> BaseModel:
    """A page of his customers."""
    known, _ = await _own(parts, call)
    return await office.customers(parts, call, known)


async def own_statement(parts: Parts, call: Call) -> BaseModel:
    """The movements of his deposit."""
    known, _ = await _own(parts, call)
    return await office.statement(parts, call, known)


async def create_customer(parts: Parts, call: Call) -> Kept:
    """Open an account for somebody, who is his customer then."""
    body: CustomerBody = call.body
    known, project = await _own(parts, call)
    wanted = SiteAccount(
        username=body.username, project=project.name, password=body.password, full_name=body.full_name,
        group=body.group, rate=None, plans=(), balance_fen=Fen(0), aliases=(), phone=body.phone, email=None,
        id_number=None, address=None,
    )  # fmt: skip

    def make(tx: Transaction) -> BaseModel:
        account_id = agent_customers.enrol(tx, parts.vault, call.actor, call.now, project, known, wanted)
        login = accounts.login_by_id(tx, account_id)
        if login is None:
            raise LookupError(f"account {account_id} was made and is not there")
        return CustomerItem(
            id=account_id, account_id=account_id, username=login.account.username,
            full_name=login.account.full_name, since=parts.time(call.now, project.id),
        )  # fmt: skip

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: make(tx)))
    except AgentRefused as error:
        raise office.refused(error) from None
    except desk.Unfit as error:
        raise invalid((key, sentence, "unfit") for key, sentence in error.errors) from None


async def create_sale(parts: Parts, call: Call) -> BaseModel | Kept:
    """Sell to a customer, or say what it would take and bring."""
    body: AgentSaleBody = call.body
    if (body.plan is None) == (body.amount_fen is None):
        raise invalid([("plan", "name either a plan or amount_fen", "either")])
    known, project = await _own(parts, call)

    def wanted(reader: Reader) -> AgentSale:
        version = None
        if body.plan is not None:
            offer = products.plan_by_name(reader, project.id, body.plan)
            if offer is None or not offer.on_sale:
                raise invalid([("plan", f'there is no plan "{body.plan}" on sale', "unknown")])
            version = offer.version
        amount = None if body.amount_fen is None else Fen(body.amount_fen)
        return AgentSale(AccountId(body.account_id), version, amount, body.memo)

    def preview(reader: Reader) -> AgentSaleItem:
        return _item(
            parts, project, agents.preview_sale(reader, project, known, wanted(reader), call.now), None
        )

    def sell(tx: Transaction) -> BaseModel:
        seen = agents.preview_sale(tx, project, known, wanted(tx), call.now)
        order_no = agents.sell(
            tx, call.actor, call.now, project, known, wanted(tx), expected=seen, revision=body.revision
        )
        return _item(parts, project, seen, order_no)

    try:
        if body.dry_run:
            return await parts.store.read(preview)
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: sell(tx)))
    except AgentRefused as error:
        raise office.refused(error) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "the account changed since the preview; look again") from None
    except desk.CannotBuyError as error:
        raise Problem(409, "cannot_buy", str(error)) from None


def _item(parts: Parts, project: Project, seen: agents.SalePreview, order_no: str | None) -> AgentSaleItem:
    bought = seen.purchase
    return AgentSaleItem(
        order_no=order_no,
        price_fen=seen.price_fen,
        charge_fen=seen.charge_fen,
        commission_fen=seen.commission_fen,
        deposit_fen=seen.deposit_fen if order_no is None else seen.deposit_fen - seen.charge_fen,
        starts_at=None if bought is None else parts.maybe_time(bought.segment.starts_at, project.id),
        ends_at=None if bought is None else parts.maybe_time(bought.segment.ends_at, project.id),
        revision=None if bought is None else bought.revision,
        dry_run=order_no is None,
        lines=money_lines(seen.debits),
    )


async def _own(parts: Parts, call: Call) -> tuple[Agent, Project]:
    """The agent that the token's operator works for.

    Raises:
        Problem: he works for none.
    """
    found = await parts.store.read(lambda reader: agents.of_operator(reader, call.operator.id))
    project = None if found is None else parts.tables.project(found.project_id)
    if found is None or project is None or not call.may_see(project.id):
        raise Problem(403, "no_agent", "this operator is no agent")
    return found, project
