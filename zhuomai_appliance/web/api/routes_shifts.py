"""The operations of the API on shifts."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import shifts
from zhuomai_appliance.web.api.calls import Route
from zhuomai_appliance.web.api.items import ItemList

_ONE: Final = "/shifts/<string(maxlength=160):number>"

SHIFT_ROUTES: Final = (
    Route(
        "list_shifts", "GET", "/shifts", "List shifts", Permission.SHIFTS_WRITE,
        shifts.list_shifts, ItemList[shifts.ShiftItem], query=shifts.ShiftQuery,
    ),
    Route(
        "open_shift", "POST", "/shifts", "Begin a shift with a float", Permission.SHIFTS_WRITE,
        shifts.open_shift, shifts.ShiftItem, body=shifts.OpenBody, status=201, keyed=True,
    ),
    Route(
        "report_shift", "GET", _ONE, "Show what happened in a shift", Permission.SHIFTS_WRITE,
        shifts.report_shift, shifts.ShiftReportItem, query=shifts.ShiftProject,
    ),
    Route(
        "close_shift", "POST", f"{_ONE}/close", "Count the drawer and end the shift", Permission.SHIFTS_WRITE,
        shifts.close_shift, shifts.CloseItem, body=shifts.CountBody, keyed=True,
    ),
    Route(
        "hand_over_shift", "POST", f"{_ONE}/hand-over", "Sign for a counted drawer", Permission.SHIFTS_WRITE,
        shifts.hand_over_shift, shifts.ShiftItem, body=shifts.ShiftProject, keyed=True,
    ),
)  # fmt: skip
