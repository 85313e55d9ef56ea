"""Merging two accounts of one person through the API."""

from __future__ import annotations

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import merging
from zhuomai_appliance.flows.merging import MergePreview
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import merging as rows
from zhuomai_appliance.store import reports
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.closings import person, tried
from zhuomai_appliance.web.api.fields import Id, Strict, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.items_cards import MoneyLine
from zhuomai_appliance.web.api.items_people import Reason
from zhuomai_appliance.web.api.problems import invalid


class MergeBody(Strict):
    """Which account is given up; `dry_run` only shows it, another `expected_fen` than now refuses."""

    account_id: Id
    reason: Reason
    expected_fen: int | None = Field(None, ge=0)
    dry_run: bool = False


class MergeShown(Answer):
    """What a merge moves, or would."""

    kept_id: int
    given_up_id: int
    dry_run: bool
    principal_fen: int
    bonus_fen: int
    names: int
    lines: list[MoneyLine]


class MergedItem(Answer):
    """An account that was merged into this one; its sessions, orders and postings bear its number."""

    account_id: int
    username: str
    at: Time


class MergedList(Answer):
    """All accounts that were merged into one."""

    items: list[MergedItem]


async def merge_account(parts: Parts, call: Call) -> BaseModel | Kept:
    """Merge another account into the one of the address, or say what that would be."""
    body: MergeBody = call.body
    row, project = await person(parts, call)
    scope = call.projects(parts)
    other = await parts.store.read(lambda reader: reports.account(reader, scope, body.account_id))
    if other is None or other.project_id != row.project_id:
        raise invalid([("account_id", "there is no such account in this project", "unknown")])
    given_up = AccountId(body.account_id)
    if body.dry_run:
        seen = await tried(
            parts.store.read(lambda reader: merging.preview(reader, project, row.id, given_up, call.now))
        )
        return _shown(seen, dry_run=True)

    def work(tx: Transaction) -> BaseModel:
        done = merging.merge(tx, call.actor, call.now, project, row.id, given_up, reason=body.reason)
        if body.expected_fen not in (None, done.principal_fen):
            raise PreviewIsOld
        return _shown(done, dry_run=False)

    return await tried(parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: work(tx))))


async def list_merged(parts: Parts, call: Call) -> BaseModel:
    """The accounts that were merged into this one."""
    row, project = await person(parts, call)
    found = await parts.store.read(lambda reader: rows.merged(reader, project.id, row.id))
    return MergedList(
        items=[
            MergedItem(account_id=account_id, username=username, at=parts.time(at, project.id))
            for account_id, username, at in found
        ]
    )


def _shown(seen: MergePreview, *, dry_run: bool) -> MergeShown:
    return MergeShown(
        kept_id=seen.kept,
        given_up_id=seen.given_up,
        dry_run=dry_run,
        principal_fen=seen.principal_fen,
        bonus_fen=seen.bonus_fen,
        names=len(seen.names),
        lines=money_lines(seen.lines),
    )
