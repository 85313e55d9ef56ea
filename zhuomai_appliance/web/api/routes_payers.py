"""The operations of the API on departments that pay for members, and on credit."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import items_access, items_payers, payers, requests
from zhuomai_appliance.web.api.calls import Route
from zhuomai_appliance.web.api.fields import ById
from zhuomai_appliance.web.api.items import ItemList

PAYER_ROUTES: Final = (
    Route(
        "list_departments", "GET", "/departments", "List departments that pay for members", Permission.ORDERS_READ,
        payers.list_departments, ItemList[items_payers.DepartmentItem], query=ById,
    ),
    Route(
        "put_department", "PUT", "/departments/<int:account_id>", "Let an account pay for members",
        Permission.PLANS_WRITE, payers.put_department, items_payers.DepartmentItem, body=items_payers.DepartmentBody,
    ),
    Route(
        "list_members", "GET", "/departments/<int:account_id>/members", "List named members", Permission.ORDERS_READ,
        payers.list_members, ItemList[items_payers.MemberItem], query=items_payers.MemberQuery,
    ),
    Route(
        "put_member", "PUT", "/departments/<int:account_id>/members/<int:member_id>", "Name a member",
        Permission.PLANS_WRITE, payers.put_member, items_access.Done, body=items_payers.MemberBody,
    ),
    Route(
        "leave_department", "POST", "/departments/<int:account_id>/members/<int:member_id>/leave",
        "Let somebody be no member any more", Permission.PLANS_WRITE, payers.leave, items_payers.LeftItem,
        body=items_payers.LeaveBody, keyed=True,
    ),
    Route(
        "get_payer", "GET", "/accounts/<int:account_id>/payer", "Show who pays for an account",
        Permission.ACCOUNTS_READ, payers.get_payer, items_payers.PayerItem, query=requests.Nothing,
    ),
    Route(
        "create_department_order", "POST", "/department-orders", "Buy a plan from a department's wallet",
        Permission.ORDERS_CASH, payers.create_order, items_payers.DepartmentOrder,
        body=items_payers.DepartmentOrderBody, status=201, keyed=True,
    ),
    Route(
        "list_credit_limits", "GET", "/credit-limits", "List how far groups may go below zero", Permission.ORDERS_READ,
        payers.list_credit, items_payers.CreditList, query=items_payers.ProjectQuery,
    ),
    Route(
        "put_credit_limit", "PUT", "/credit-limits/<int:group_id>", "Say how far a group may go below zero",
        Permission.PLANS_WRITE, payers.put_credit, items_access.Done, body=items_payers.CreditBody,
    ),
    Route(
        "list_credit_bills", "GET", "/credit-bills", "List what was owed at the end of months", Permission.ORDERS_READ,
        payers.list_bills, ItemList[items_payers.BillItem], query=items_payers.BillQuery,
    ),
    Route(
        "make_credit_bills", "POST", "/credit-bills", "Bill the month that ended last", Permission.LEDGER_CLOSE,
        payers.make_bills, items_payers.BilledItem,
    ),
)  # fmt: skip
