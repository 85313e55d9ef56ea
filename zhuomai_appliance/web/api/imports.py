"""People from a table that is sent to the API: looked at, then taken."""

from __future__ import annotations

from collections import Counter
from typing import Final

from pydantic import BaseModel

from zhuomai_appliance.flows import imports
from zhuomai_appliance.flows.imports import ImportRefused, People, RowError
from zhuomai_appliance.flows.site import SiteFlow
from zhuomai_appliance.flows.site_model import Outcome
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api.calls import Call, Parts
from zhuomai_appliance.web.api.items_people import ImportItem, ImportQuery, RowItem
from zhuomai_appliance.web.api.problems import Problem, invalid

MOST_OCTETS: Final = 120 * 1024
"""Of one table: below what the listener takes of any body. A larger one goes in parts, or by the command."""

MOST_ERRORS: Final = 500


async def import_accounts(parts: Parts, call: Call) -> BaseModel:
    """Take the people of a CSV file or a spreadsheet, or only look at them."""
    query: ImportQuery = call.query
    project = call.project(parts, query.project)
    people: People = await parts.digester.run(parts.read_people, call.body, project.name)
    gives_money = any(row.account.balance_fen for row in people.rows)
    if gives_money and not call.operator.may(Permission.LEDGER_REVERSE):
        raise Problem(
            403, "not_allowed", "opening balances are entered by who may correct the ledger",
            needs=Permission.LEDGER_REVERSE.value,
        )  # fmt: skip
    flow = SiteFlow(parts.store, parts.vault, parts.digester)
    try:
        told = await imports.take(flow, call.actor, call.now, people, dry_run=query.dry_run)
    except ImportRefused as error:
        if error.done:
            raise Problem(
                409, "interrupted", "somebody took a name meanwhile; correct it and send the table again", None,
                done=error.done, row=error.errors[0].row,
            ) from None  # fmt: skip
        raise invalid((_place(one), one.message, "unfit") for one in error.errors[:MOST_ERRORS]) from None
    tally = Counter(one.outcome for one in told)
    return ImportItem(
        dry_run=query.dry_run,
        created=tally[Outcome.CREATED.value],
        changed=tally[Outcome.CHANGED.value],
        left=tally[Outcome.LEFT.value],
        rows=[
            RowItem(row=one.number, username=one.username, outcome=Outcome(one.outcome), note=one.note)
            for one in told
        ],
    )


def _place(error: RowError) -> str:
    """Where a mistake is, as the field of an error: ``3.phone``, a row as a spreadsheet counts and its column."""
    if error.row is None:
        return error.column
    return f"{error.row}.{error.column}" if error.column else str(error.row)
