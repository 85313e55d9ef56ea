"""The operations of the API on recharge cards and agents."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import (
    agent_desk,
    agents,
    cards,
    items_access,
    items_agents,
    items_cards,
    redemptions,
    requests,
)
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.items import ItemList

CARD_ROUTES: Final = (
    Route(
        "list_card_batches", "GET", "/card-batches", "List batches of recharge cards", Permission.CARDS_READ,
        cards.list_batches, ItemList[items_cards.CardBatchItem], query=items_cards.BatchQuery,
    ),
    Route(
        "create_card_batch", "POST", "/card-batches", "Make a batch of recharge cards", Permission.CARDS_WRITE,
        cards.create_batch, items_cards.CardBatchDetail, body=items_cards.BatchBody, status=201, keyed=True,
    ),
    Route(
        "get_card_batch", "GET", "/card-batches/<int:batch_id>", "Show one batch with its spans",
        Permission.CARDS_READ, cards.get_batch, items_cards.CardBatchDetail, query=requests.Nothing,
    ),
    Route(
        "change_card_batch", "PATCH", "/card-batches/<int:batch_id>", "Give a batch another end",
        Permission.CARDS_WRITE, cards.change_batch, items_cards.CardBatchDetail, body=items_cards.BatchPatch,
    ),
    Route(
        "export_card_batch", "POST", "/card-batches/<int:batch_id>/export",
        "Hand out numbers and PINs of a batch, once", Permission.CARDS_WRITE, cards.export_batch, FileAnswer,
        body=items_cards.ExportBody, media="text/csv",
    ),
    Route(
        "sell_cards", "POST", "/card-batches/<int:batch_id>/sales", "Sell cards for cash or to an agent",
        Permission.CARDS_WRITE, cards.sell_cards, items_cards.CardsMoved, body=items_cards.SaleBody, status=201,
        keyed=True,
    ),
    Route(
        "void_cards", "POST", "/card-batches/<int:batch_id>/voids", "Void cards that nobody has redeemed",
        Permission.CARDS_WRITE, cards.void_cards, items_cards.CardsMoved, body=items_cards.VoidBody, status=201,
        keyed=True,
    ),
    Route(
        "list_cards", "GET", "/cards", "List cards, without their PINs", Permission.CARDS_READ,
        cards.list_cards, ItemList[items_cards.CardItem], query=items_cards.CardQuery,
    ),
    Route(
        "redeem_card", "POST", "/cards/redemptions", "Redeem a card for somebody", Permission.ORDERS_CASH,
        redemptions.redeem_card, items_cards.RedemptionItem, body=items_cards.RedeemBody, status=201, keyed=True,
    ),
)  # fmt: skip

AGENT_ROUTES: Final = (
    Route(
        "list_agents", "GET", "/agents", "List agents with their deposits", Permission.AGENTS_READ,
        agents.list_agents, ItemList[items_agents.AgentItem], query=items_agents.AgentQuery,
    ),
    Route(
        "create_agent", "POST", "/agents", "Make an operator an agent", Permission.AGENTS_WRITE,
        agents.create_agent, items_agents.AgentItem, body=items_agents.AgentBody, status=201, keyed=True,
    ),
    Route(
        "get_agent", "GET", "/agents/<int:agent_id>", "Show one agent", Permission.AGENTS_READ,
        agents.get_agent, items_agents.AgentItem, query=requests.Nothing,
    ),
    Route(
        "change_agent", "PATCH", "/agents/<int:agent_id>", "Change an agent", Permission.AGENTS_WRITE,
        agents.change_agent, items_agents.AgentItem, body=items_agents.AgentPatch,
    ),
    Route(
        "move_deposit", "POST", "/agents/<int:agent_id>/deposits", "Take money for a deposit, or pay it out",
        Permission.AGENTS_WRITE, agents.move_deposit, items_agents.DepositItem, body=items_agents.DepositBody,
        status=201, keyed=True,
    ),
    Route(
        "get_statement", "GET", "/agents/<int:agent_id>/statement", "Show the movements of a deposit",
        Permission.AGENTS_READ, agents.get_statement, items_agents.Statement, query=items_agents.StatementQuery,
    ),
    Route(
        "list_customers", "GET", "/agents/<int:agent_id>/customers", "List an agent's customers",
        Permission.AGENTS_READ, agents.list_customers, ItemList[items_agents.CustomerItem],
        query=items_agents.CustomerQuery,
    ),
    Route(
        "put_customer", "PUT", "/agents/<int:agent_id>/customers/<int:account_id>",
        "Make an account an agent's customer", Permission.AGENTS_WRITE, agents.put_customer, items_access.Done,
    ),
    Route(
        "remove_customer", "DELETE", "/agents/<int:agent_id>/customers/<int:account_id>",
        "Let an account be an agent's customer no more", Permission.AGENTS_WRITE, agents.remove_customer,
        items_access.Done,
    ),
    Route(
        "get_own_agent", "GET", "/agent", "Show the agent that one is", Permission.AGENT_SELL,
        agent_desk.get_own, items_agents.AgentItem, query=requests.Nothing,
    ),
    Route(
        "list_own_plans", "GET", "/agent/plans", "List the plans that one may sell", Permission.AGENT_SELL,
        agent_desk.own_plans, ItemList[items_agents.AgentPlanItem], query=requests.Nothing,
    ),
    Route(
        "list_own_customers", "GET", "/agent/customers", "List one's own customers", Permission.AGENT_SELL,
        agent_desk.own_customers, ItemList[items_agents.CustomerItem], query=items_agents.CustomerQuery,
    ),
    Route(
        "create_own_customer", "POST", "/agent/customers", "Open an account for a customer", Permission.AGENT_SELL,
        agent_desk.create_customer, items_agents.CustomerItem, body=items_agents.CustomerBody, status=201,
        keyed=True,
    ),
    Route(
        "create_agent_sale", "POST", "/agent/sales", "Sell to a customer from one's deposit",
        Permission.AGENT_SELL, agent_desk.create_sale, items_agents.AgentSaleItem,
        body=items_agents.AgentSaleBody, status=201, keyed=True,
    ),
    Route(
        "get_own_statement", "GET", "/agent/statement", "Show the movements of one's deposit",
        Permission.AGENT_SELL, agent_desk.own_statement, items_agents.Statement,
        query=items_agents.StatementQuery,
    ),
)  # fmt: skip
