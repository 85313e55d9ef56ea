"""The operations of the API on what an account owns: suspending it, changing its plan, renewing it; and on plans."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import holidays, plan_changes, plans, renewals, requests, suspensions
from zhuomai_appliance.web.api.calls import Route

SUBSCRIPTION_ROUTES: Final = (
    Route(
        "list_suspensions", "GET", "/accounts/<int:account_id>/suspensions", "List the suspensions of an account",
        Permission.ACCOUNTS_READ, suspensions.list_suspensions, suspensions.SuspensionList, query=requests.Nothing,
    ),
    Route(
        "suspend_account", "POST", "/accounts/<int:account_id>/suspend", "Suspend what an account has running",
        Permission.SUBSCRIPTIONS_WRITE, suspensions.suspend_account, suspensions.SuspendItem,
        body=suspensions.SuspendBody, keyed=True,
    ),
    Route(
        "resume_account", "POST", "/accounts/<int:account_id>/resume", "Let a suspended account go on",
        Permission.SUBSCRIPTIONS_WRITE, suspensions.resume_account, suspensions.ResumeItem,
        body=suspensions.ResumeBody, keyed=True,
    ),
    Route(
        "change_plan", "POST", "/accounts/<int:account_id>/subscriptions/<int:subscription_id>/change",
        "Put another plan in a running one's place", Permission.SUBSCRIPTIONS_WRITE, plan_changes.change_plan,
        plan_changes.ChangeItem, body=plan_changes.ChangeBody, keyed=True,
    ),
    Route(
        "get_renewal", "GET", "/accounts/<int:account_id>/renewal", "Show whether and how an account renews by itself",
        Permission.ACCOUNTS_READ, renewals.get_renewal, renewals.RenewalItem, query=requests.Nothing,
    ),
    Route(
        "set_renewal", "PUT", "/accounts/<int:account_id>/renewal", "Let an account renew by itself, or not",
        Permission.SUBSCRIPTIONS_WRITE, renewals.set_renewal, renewals.RenewalItem, body=renewals.RenewalBody,
    ),
    Route(
        "list_ending", "GET", "/renewals/ending", "List accounts about to expire, or expired, by date",
        Permission.ACCOUNTS_READ, renewals.list_ending, renewals.EndingList, query=renewals.EndingQuery,
    ),
    Route(
        "renew_accounts", "POST", "/renewals", "Renew many accounts from their wallets",
        Permission.SUBSCRIPTIONS_WRITE, renewals.renew_accounts, renewals.RenewList, body=renewals.RenewBody, keyed=True,
    ),
    Route(
        "create_holiday", "POST", "/holiday-batches", "Suspend whole groups for a holiday",
        Permission.SUBSCRIPTIONS_WRITE, holidays.create_holiday, holidays.HolidayItem, body=holidays.HolidayBody,
        keyed=True,
    ),
    Route(
        "undo_holiday", "POST", "/holiday-batches/<int:batch_id>/undo", "Take a holiday's suspensions back",
        Permission.SUBSCRIPTIONS_WRITE, holidays.undo_holiday, holidays.HolidayUndone, body=holidays.UndoBody,
        keyed=True,
    ),
    Route(
        "create_plan", "POST", "/plans", "Publish a new plan", Permission.PLANS_WRITE, plans.create_plan,
        plans.VersionItem, body=plans.PlanBody, status=201, keyed=True,
    ),
    Route(
        "edit_plan", "PATCH", "/plans/<int:plan_id>", "Publish another version of a plan", Permission.PLANS_WRITE,
        plans.edit_plan, plans.VersionItem, body=plans.PlanEdit, keyed=True,
    ),
    Route(
        "list_plan_versions", "GET", "/plans/<int:plan_id>/versions", "List every version of a plan",
        Permission.ACCOUNTS_READ, plans.list_versions, plans.VersionList, query=plans.PlanQuery,
    ),
    Route(
        "diff_plan_versions", "GET", "/plans/<int:plan_id>/diff", "Show what differs between two versions of a plan",
        Permission.ACCOUNTS_READ, plans.diff_versions, plans.DiffItem, query=plans.DiffQuery,
    ),
    Route(
        "list_plan_presets", "GET", "/plan-presets", "List plans to begin with", Permission.PLANS_WRITE,
        plans.list_presets, plans.PresetList, query=plans.PlanQuery,
    ),
)  # fmt: skip
