"""Batches of accounts through the API: made by a rule, listed, their passwords given out once."""

from __future__ import annotations

import csv
import io

from pydantic import BaseModel

from zhuomai_appliance.flows import account_batches
from zhuomai_appliance.flows.account_batches import BatchRule
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.store import account_batches as rows
from zhuomai_appliance.store.account_batches import AccountBatch
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.web.api.calls import Call, Parts, Written, not_found, split
from zhuomai_appliance.web.api.closings import tried
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_people import BatchAsked, BatchItem
from zhuomai_appliance.web.api.problems import Problem, invalid
from zhuomai_appliance.web.api.requests import NamedQuery

_FIELDS = frozenset(("count", "digits", "first", "prefix", "group", "rate", "plan"))


async def make_batch(parts: Parts, call: Call) -> BaseModel:
    """Make accounts by a rule; the same name with the same rule is the same batch."""
    body: BatchAsked = call.body
    project = call.project(parts, body.project)
    rule = BatchRule(
        prefix=body.prefix,
        count=body.count,
        digits=body.digits,
        first=None if body.random else body.first,
        group=body.group,
        rate=body.rate,
        plans=None if body.plan is None else tuple(body.plan),
    )
    try:
        made = await account_batches.create(
            parts.store, parts.vault, parts.entropy, call.actor, call.now, project, body.name, rule
        )
    except Refused as error:
        if error.code in _FIELDS:
            raise invalid([(error.code, error.sentence, "unfit")]) from None
        raise Problem(409, error.code, error.sentence, None, **error.facts) from None
    return _item(parts, made)


async def list_batches(parts: Parts, call: Call) -> BaseModel:
    """A page of batches."""
    query: NamedQuery = call.query
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: rows.batches(reader, projects, page, name=query.name))
    shown, after = split(found, call, lambda row: row.id)
    return ItemList[BatchItem](items=[_item(parts, row) for row in shown], next=after)


async def export_batch(parts: Parts, call: Call) -> Written:
    """User names and passwords as CSV, once; a lost answer cannot be asked for again."""
    projects, batch_id = call.projects(parts), call.path["batch_id"]
    found = await parts.store.read(
        lambda reader: rows.batches(reader, projects, Page(limit=1), batch_id=batch_id)
    )
    project = parts.tables.project(found[0].project_id) if found else None
    if project is None:
        raise not_found()
    batch = await tried(
        parts.store.write(lambda tx: account_batches.export(tx, call.actor, call.now, project, batch_id))
    )
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("username", "password"))
    after = 0
    while part := await parts.store.read(
        lambda reader, after=after: list(account_batches.passwords(reader, parts.vault, batch, after))  # type: ignore[misc]
    ):
        after = part[-1][0]
        writer.writerows((username, password) for _, username, password in part)
    return Written(target.getvalue().encode(), f"accounts-{batch.id}.csv")


def _item(parts: Parts, row: AccountBatch) -> BatchItem:
    return BatchItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        name=row.name,
        rule=dict(row.rule),
        made=row.made,
        created_at=parts.time(row.created_at, row.project_id),
        created_by=row.created_by,
        exported_at=parts.maybe_time(row.exported_at, row.project_id),
        exported_by=row.exported_by,
    )
