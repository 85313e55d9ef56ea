"""寒暑假: suspending whole groups as one batch, seen before and undone as one (billing rules §10, features F15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.flows import suspensions
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.store import graduation, journal
from zhuomai_appliance.store import suspensions as rows
from zhuomai_appliance.store.interface import Reader, Store, Transaction

PAGE: Final = 50
"""Accounts of one commit: some milliseconds of the writer, so that no login waits for them."""


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One account: the end of what runs before and after, or in ``code`` and ``sentence`` why it is left out."""

    account_id: AccountId
    old_end: int | None
    new_end: int | None
    keep_fee_fen: int = 0
    code: str = ""
    sentence: str = ""


def preview_page(
    reader: Reader,
    project: Project,
    groups: Sequence[GroupId],
    begins_at: int,
    resumes_at: int,
    now: int,
    after: int = 0,
    limit: int = PAGE,
) -> list[BatchLine]:
    """What the batch would do to the accounts of some groups after an id; nothing is written.

    Args:
        groups: with those below them, as the caller found them.
        begins_at: the same instant for all; now where it is past.
        resumes_at: when all go on.
    """
    members = graduation.members(reader, project.id, groups, after, limit)
    return [_line(reader, project, account_id, begins_at, resumes_at, now) for account_id in members]


def _line(
    reader: Reader, project: Project, account_id: AccountId, begins_at: int, resumes_at: int, now: int
) -> BatchLine:
    try:
        seen = suspensions.preview_suspend(
            reader, project, account_id, now, begins_at=begins_at, resumes_at=resumes_at
        )
    except Refused as error:
        return BatchLine(account_id, None, None, 0, error.code, error.sentence)
    except NotEnoughMoney as error:
        return BatchLine(
            account_id, None, None, 0, "not_enough_money", f"the wallet lacks {error.missing_fen} fen"
        )
    old = {span.subscription_id: span.ends_at for span in seen.before}
    moved = [span for span in seen.after if old.get(span.subscription_id) != span.ends_at] or list(seen.after)
    first = moved[0]
    return BatchLine(account_id, old.get(first.subscription_id), first.ends_at, seen.keep_fee_fen)


async def commit(
    store: Store,
    actor: Actor,
    now: int,
    project: Project,
    groups: Sequence[GroupId],
    begins_at: int,
    resumes_at: int,
    *,
    key: str,
    reason: str,
) -> tuple[int, int]:
    """Suspend all accounts of some groups for whom nothing speaks against it, a page a commit, under one number.

    The same key goes on where an interrupted run stopped, and makes no second batch.

    Returns:
        The batch's number, and how many accounts it suspends.
    """
    batch_id = await store.write(
        lambda tx: _begin(tx, actor, now, project, begins_at, resumes_at, key=key, reason=reason)
    )
    after = 0

    def page_of(reader: Reader) -> list[AccountId]:
        return graduation.members(reader, project.id, groups, after, PAGE)

    def task(tx: Transaction) -> None:
        batch = rows.batch_by_id(tx, project.id, batch_id)
        for account_id in page:
            if batch is not None and batch.state == "running":
                _suspend(tx, actor, now, project, account_id, begins_at, resumes_at, reason, batch_id)

    while page := await store.read(page_of):
        await store.write(task)
        after = page[-1]
    return batch_id, await store.write(lambda tx: _end(tx, actor, now, project, batch_id))


def _begin(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    begins_at: int,
    resumes_at: int,
    *,
    key: str,
    reason: str,
) -> int:
    known = rows.batch_by_key(tx, project.id, key)
    if known is not None:
        return known.id
    return rows.add_batch(tx, project.id, key, begins_at, resumes_at, reason, actor.name, now)


def _suspend(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, begins_at: int, resumes_at: int,
    reason: str, batch_id: int,
) -> None:  # fmt: skip
    try:
        seen = suspensions.preview_suspend(
            tx, project, account_id, now, begins_at=begins_at, resumes_at=resumes_at
        )
    except (Refused, NotEnoughMoney):
        return
    suspensions.suspend_now(
        tx, actor, now, project, account_id, expected=seen, reason=reason, batch_id=batch_id
    )


def _end(tx: Transaction, actor: Actor, now: int, project: Project, batch_id: int) -> int:
    count = len(rows.of_batch(tx, project.id, batch_id))
    batch = rows.batch_by_id(tx, project.id, batch_id)
    if batch is not None and batch.state == "running":
        rows.set_batch(tx, project.id, batch_id, "committed")
        _audit(tx, actor, now, project, "holiday_batch.commit", batch_id, count)
    return count


async def undo(store: Store, actor: Actor, now: int, project: Project, batch_id: int) -> int:
    """Take a batch back as one: those planned are called off, those running go on; how many.

    Days that somebody was away already are his: his end moves by them.

    Raises:
        LookupError: there is no such batch.
        Refused: one of its suspensions was ended otherwise meanwhile, or it is being made.
    """

    def check(tx: Transaction) -> bool:
        batch = rows.batch_by_id(tx, project.id, batch_id)
        if batch is None:
            raise LookupError(f"there is no batch {batch_id}")
        if batch.state == "undone":
            return False
        touched = [
            one for one in rows.of_batch(tx, project.id, batch_id) if not one.is_open and one.why != "undone"
        ]
        if batch.state == "running" or touched:
            raise Refused(
                "touched", f"{len(touched)} of its suspensions ended already: end the others one by one"
            )
        return True

    def finish(tx: Transaction) -> int:
        page = [one for one in rows.of_batch(tx, project.id, batch_id) if one.is_open][:PAGE]
        for one in page:
            suspensions.record(
                tx, actor, now, project, "account.resume", suspensions.finish(tx, one, project, now, "undone")
            )
        return len(page)

    def close(tx: Transaction) -> None:
        rows.set_batch(tx, project.id, batch_id, "undone", now)
        _audit(tx, actor, now, project, "holiday_batch.undo", batch_id, done)

    done = 0
    if await store.write(check):
        while count := await store.write(finish):
            done += count
        await store.write(close)
    return done


def _audit(
    tx: Transaction, actor: Actor, now: int, project: Project, action: str, batch_id: int, count: int
) -> None:
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="holiday_batch", object_id=str(batch_id), after={"accounts": count},
    )  # fmt: skip
