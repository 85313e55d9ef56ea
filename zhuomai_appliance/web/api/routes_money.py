"""The operations of the API on plans, purchases, orders and the ledger; one block a topic, in the order of the pages.

A topic with many operations has a table of its own in its module's neighbour (routes_<topic>.py) and is added here.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import books, items, money, records, requests, subscriptions
from zhuomai_appliance.web.api.calls import Route
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.routes_discounts import DISCOUNT_ROUTES
from zhuomai_appliance.web.api.routes_receipts import RECEIPT_ROUTES
from zhuomai_appliance.web.api.routes_shifts import SHIFT_ROUTES
from zhuomai_appliance.web.api.routes_subjects import SUBJECT_ROUTES
from zhuomai_appliance.web.api.routes_subscriptions import SUBSCRIPTION_ROUTES

MONEY_ROUTES: Final = (
    Route(
        "list_orders", "GET", "/orders", "List orders", Permission.ORDERS_READ,
        money.list_orders, ItemList[items.OrderItem], query=requests.OrderQuery,
    ),
    Route(
        "create_order", "POST", "/orders", "Sell a plan, or recharge a wallet, at the counter",
        Permission.ORDERS_CASH, money.create_order, items.OrderItem, body=requests.OrderBody, status=201, keyed=True,
    ),
    Route(
        "get_order", "GET", "/orders/<string(maxlength=64):order_no>", "Show one order", Permission.ORDERS_READ,
        money.get_order, items.OrderItem, query=requests.Nothing,
    ),
    Route(
        "list_subscriptions", "GET", "/subscriptions", "List purchases with what is left of them",
        Permission.ACCOUNTS_READ, money.list_subscriptions, ItemList[items.SubscriptionItem],
        query=requests.SubscriptionQuery,
    ),
    Route(
        "get_chain", "GET", "/accounts/<int:account_id>/chain", "Show what an account owns, in the order of its turn",
        Permission.ACCOUNTS_READ, subscriptions.get_chain, subscriptions.ChainItem, query=requests.Nothing,
    ),
    Route(
        "reorder_queue", "POST", "/accounts/<int:account_id>/chain/order", "Put what waits into another order",
        Permission.SUBSCRIPTIONS_WRITE, subscriptions.reorder_queue, subscriptions.ChainItem,
        body=subscriptions.QueueBody, keyed=True,
    ),
    Route(
        "list_postings", "GET", "/postings", "List the lines of the ledger", Permission.LEDGER_READ,
        money.list_postings, ItemList[items.PostingItem], query=requests.PostingQuery,
    ),
    Route(
        "reverse_posting", "POST", "/postings/<int:posting_id>/reverse", "Undo a posting with its order",
        Permission.LEDGER_REVERSE, books.reverse_posting, books.ReversalItem, body=books.ReversalBody, keyed=True,
    ),
    Route(
        "close_month", "POST", "/closed-months", "Close the books of a month for good", Permission.LEDGER_CLOSE,
        books.close_month, books.CloseItem, body=books.CloseBody, keyed=True,
    ),
    *DISCOUNT_ROUTES,
    *RECEIPT_ROUTES,
    *SHIFT_ROUTES,
    *SUBSCRIPTION_ROUTES,
    *SUBJECT_ROUTES,
    Route(
        "list_plans", "GET", "/plans", "List plans", Permission.ACCOUNTS_READ,
        records.list_plans, ItemList[items.PlanItem], query=requests.NamedQuery,
    ),
)  # fmt: skip
