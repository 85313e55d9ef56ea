"""The operations of the API on subjects, manual charges and expenses."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import subjects
from zhuomai_appliance.web.api.calls import Route
from zhuomai_appliance.web.api.items import ItemList

SUBJECT_ROUTES: Final = (
    Route(
        "list_subjects", "GET", "/subjects", "List subjects of income and expense", Permission.ORDERS_READ,
        subjects.list_subjects, subjects.SubjectList, query=subjects.ProjectQuery,
    ),
    Route(
        "put_subject", "PUT", "/subjects", "Add or change a subject", Permission.LEDGER_CLOSE,
        subjects.put_subject, subjects.SubjectItem, body=subjects.SubjectBody,
    ),
    Route(
        "create_charge", "POST", "/charges", "Charge for something under a subject", Permission.ORDERS_MANUAL,
        subjects.create_charge, subjects.ChargeItem, body=subjects.ChargeBody, status=201, keyed=True,
    ),
    Route(
        "list_expenses", "GET", "/expenses", "List expenses", Permission.EXPENSES_WRITE,
        subjects.list_expenses, ItemList[subjects.ExpenseItem], query=subjects.ExpenseQuery,
    ),
    Route(
        "create_expense", "POST", "/expenses", "Register an expense", Permission.EXPENSES_WRITE,
        subjects.create_expense, subjects.ExpenseItem, body=subjects.ExpenseBody, status=201, keyed=True,
    ),
    Route(
        "decide_expense", "POST", "/expenses/<int:expense_id>/decision", "Approve or reject an expense",
        Permission.EXPENSES_WRITE, subjects.decide_expense, subjects.ExpenseItem, body=subjects.DecisionBody, keyed=True,
    ),
    Route(
        "get_expense_settings", "GET", "/expense-settings", "Show above how much a second person approves",
        Permission.EXPENSES_WRITE, subjects.get_settings, subjects.ExpenseSettings, query=subjects.ProjectQuery,
    ),
    Route(
        "put_expense_settings", "PUT", "/expense-settings", "Say above how much a second person approves",
        Permission.LEDGER_CLOSE, subjects.put_settings, subjects.ExpenseSettings, body=subjects.ExpenseSettingsBody,
    ),
)  # fmt: skip
