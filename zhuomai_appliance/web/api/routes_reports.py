"""The operations of the API on reports about money."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import money_reports as reports
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.exports import CSV, XLSX

ROUTES: Final = (
    Route(
        "report_income", "GET", "/reports/income", "Income by day, week, month, quarter or year, on either basis",
        Permission.REPORTS_READ, reports.income_report, reports.IncomeReport, query=reports.IncomeQuery,
    ),
    Route(
        "report_income_csv", "GET", "/reports/income.csv", "The same as a table", Permission.REPORTS_READ,
        reports.income_csv, FileAnswer, query=reports.IncomeQuery, media=CSV,
    ),
    Route(
        "report_income_xlsx", "GET", "/reports/income.xlsx", "The same as a workbook", Permission.REPORTS_READ,
        reports.income_xlsx, FileAnswer, query=reports.IncomeQuery, media=XLSX,
    ),
    Route(
        "report_statement", "GET", "/reports/statement", "One day, week, month, quarter or year explained",
        Permission.REPORTS_READ, reports.statement_report, reports.StatementReport, query=reports.StatementQuery,
    ),
    Route(
        "report_figures", "GET", "/figures", "List the postings behind a figure", Permission.LEDGER_READ,
        reports.list_figures, ItemList[reports.FigureItem], query=reports.FigureQuery,
    ),
    Route(
        "report_budget", "GET", "/reports/budget", "Budgets against what came of them", Permission.REPORTS_READ,
        reports.budget_report, reports.BudgetReport, query=reports.BudgetQuery,
    ),
    Route(
        "set_budget", "PUT", "/reports/budget", "Set the budget of a month and subject", Permission.EXPENSES_WRITE,
        reports.set_budget, reports.BudgetBody, body=reports.BudgetBody,
    ),
)  # fmt: skip
