"""The operations of the API on discounts."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import discounts
from zhuomai_appliance.web.api.calls import Route

DISCOUNT_ROUTES: Final = (
    Route(
        "list_discounts", "GET", "/discounts", "List discounts", Permission.ORDERS_READ,
        discounts.list_discounts, discounts.DiscountList, query=discounts.DiscountQuery,
    ),
    Route(
        "put_discount", "PUT", "/discounts", "Add or change a discount", Permission.PLANS_WRITE,
        discounts.put_discount, discounts.DiscountItem, body=discounts.DiscountBody,
    ),
    Route(
        "create_plan_order", "POST", "/plan-orders", "Sell a plan for several periods with the best discount",
        Permission.ORDERS_CASH, discounts.create_plan_order, discounts.PlanOrderItem, body=discounts.PlanOrderBody,
        status=201, keyed=True,
    ),
)  # fmt: skip
