"""Recharge cards through the API: batches, their one export, sales, voiding, and redeeming for somebody."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from zhuomai_appliance.flows import agents, card_batches, cards, redemption
from zhuomai_appliance.flows.card_batches import CardsRefused
from zhuomai_appliance.model.cards import BatchId, Card, CardBatch, CardKind, CardState
from zhuomai_appliance.model.commerce import PostingLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store import cards as rows
from zhuomai_appliance.store import products, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, Written, not_found, split
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_cards import (
    BatchBody,
    BatchPatch,
    BatchQuery,
    CardBatchDetail,
    CardBatchItem,
    CardItem,
    CardQuery,
    CardsMoved,
    ExportBody,
    MoneyLine,
    SaleBody,
    SpanItem,
    VoidBody,
)
from zhuomai_appliance.web.api.problems import Problem, invalid

_SLICE = 100
_STATUS = {"unknown": 404}


def refused(error: CardsRefused) -> Problem:
    """What a flow refuses, as a problem."""
    return Problem(_STATUS.get(error.code, 409), error.code, str(error))


def money_lines(lines: Iterable[PostingLine]) -> list[MoneyLine]:
    """The lines of a preview."""
    return [
        MoneyLine(account_ref=line.account_ref, debit_fen=line.debit_fen, credit_fen=line.credit_fen)
        for line in lines
    ]


# Batches ----------------------------------------------------------------------------------------------------------------


async def list_batches(parts: Parts, call: Call) -> BaseModel:
    """A page of batches."""
    query: BatchQuery = call.query
    chosen = rows.BatchFilter(code=query.code, kind=query.kind)
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(
        lambda reader: [
            (one, _plan_name(reader, one)) for one in rows.batches(reader, projects, chosen, page)
        ]
    )
    shown, after = split(found, call, lambda row: row[0].id)
    return ItemList[CardBatchItem](items=[CardBatchItem(**_batch(parts, *row)) for row in shown], next=after)


async def get_batch(parts: Parts, call: Call) -> BaseModel:
    """One batch with its spans."""
    known, project = await _known(parts, call)
    return await parts.store.read(lambda reader: _detail(parts, reader, project, known.id))


async def create_batch(parts: Parts, call: Call) -> BaseModel | Kept:
    """A new batch, ready when the answer comes."""
    body: BatchBody = call.body
    if (body.face_fen is None) == (body.plan is None):
        raise invalid([("face_fen", "name either face_fen or a plan", "either")])
    project = call.project(parts, body.project)

    def make(tx: Transaction) -> BaseModel:
        face, version_id = body.face_fen, None
        if body.plan is not None:
            offer = products.plan_by_name(tx, project.id, body.plan)
            if offer is None or not offer.on_sale:
                raise invalid([("plan", f'there is no plan "{body.plan}" on sale', "unknown")])
            if why := card_batches.plan_fits(offer.version):
                raise invalid([("plan", why, "unfit")])
            face, version_id = offer.version.price_fen, offer.version.id
        new = rows.NewBatch(
            project.id, CardKind.VALUE if version_id is None else CardKind.PLAN, Fen(face or 0), version_id,
            body.cards, body.pin_digits, body.expires_at, body.memo,
        )  # fmt: skip
        batch_id = card_batches.create(tx, parts.vault, parts.entropy, call.actor, call.now, new)
        return _detail(parts, tx, project, batch_id)

    try:
        kept = await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: make(tx)))
    except CardsRefused as error:
        raise refused(error) from None
    batch_id = BatchId(kept.answer["id"])
    await card_batches.make(parts.store, parts.vault, project.id, batch_id, call.now)
    detail = await parts.store.read(lambda reader: _detail(parts, reader, project, batch_id))
    return Kept(detail.model_dump(mode="json"), replayed=kept.replayed)


async def change_batch(parts: Parts, call: Call) -> BaseModel:
    """Let its cards be good for longer or shorter."""
    body: BatchPatch = call.body
    known, project = await _known(parts, call)
    try:
        await parts.store.write(
            lambda tx: card_batches.set_expiry(tx, call.actor, call.now, project, known.id, body.expires_at)
        )
    except CardsRefused as error:
        raise refused(error) from None
    return await parts.store.read(lambda reader: _detail(parts, reader, project, known.id))


async def export_batch(parts: Parts, call: Call) -> Written:
    """Numbers and PINs as CSV, once; kept nowhere, so a lost answer cannot be asked for again."""
    body: ExportBody = call.body
    known, project = await _known(parts, call)
    try:
        printing = await parts.store.write(
            lambda tx: card_batches.export(tx, parts.vault, call.actor, call.now, project, known.id)
        )
    except CardsRefused as error:
        raise refused(error) from None
    text = [",".join(card_batches.COLUMNS) + "\n"]
    for first in range(1, known.cards + 1, _SLICE):
        text.append(_csv(printing, first, min(first + _SLICE - 1, known.cards), body.qr_address))
        await parts.store.read(_nothing)  # the logins have their turn; a thread would hold them up for longer
    return Written("".join(text).encode(), f"cards-{known.code}.csv")


def _nothing(reader: Reader) -> None:
    """What a reader does for somebody who only wants to let others go first."""


def _csv(printing: card_batches.Printing, first: int, last: int, address: str) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows(printing.rows(first, last, address))
    return target.getvalue()


# Sales ------------------------------------------------------------------------------------------------------------------


async def sell_cards(parts: Parts, call: Call) -> BaseModel | Kept:
    """Sell cards of a batch, or say what it would do."""
    body: SaleBody = call.body
    known, project = await _known(parts, call)

    def wanted(reader: Reader) -> cards.Sale:
        if body.agent_id is None:
            return cards.Sale(
                body.first,
                body.last,
                cards.till_of(reader, project, call.actor),
                paid_fen=_fen(body.paid_fen),
            )
        if body.paid_fen is not None:
            raise invalid([("paid_fen", "an agent pays what was agreed with him", "either")])
        face = Fen(known.face_fen * max(body.last - body.first + 1, 0))
        return agents.card_sale(reader, call.now, project, body.agent_id, body.first, body.last, face)

    def sell(tx: Transaction) -> BaseModel:
        done = cards.sell(tx, call.actor, call.now, project, known.id, wanted(tx), memo=body.memo)
        return _moved(done.cards, done.face_fen, done.paid_fen, done.lines, dry_run=False)

    def preview(reader: Reader) -> BaseModel:
        seen = cards.preview_sale(reader, project, known.id, wanted(reader), call.now)
        return _moved(seen.cards, seen.face_fen, seen.paid_fen, seen.lines, dry_run=True)

    try:
        if body.dry_run:
            return await parts.store.read(preview)
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: sell(tx)))
    except CardsRefused as error:
        raise refused(error) from None


async def void_cards(parts: Parts, call: Call) -> BaseModel | Kept:
    """Void cards of a batch, or say what it would do."""
    body: VoidBody = call.body
    known, project = await _known(parts, call)

    def void(tx: Transaction) -> BaseModel:
        done = cards.void(
            tx, call.actor, call.now, project, known.id, body.first, body.last, repay=body.repay, memo=body.memo
        )  # fmt: skip
        return _moved(done.cards, done.face_fen, done.back_fen, done.lines, dry_run=False)

    def preview(reader: Reader) -> BaseModel:
        seen = cards.preview_void(
            reader, call.actor, project, known.id, body.first, body.last, repay=body.repay
        )
        return _moved(seen.cards, seen.face_fen, seen.back_fen, seen.lines, dry_run=True)

    try:
        if body.dry_run:
            return await parts.store.read(preview)
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: void(tx)))
    except CardsRefused as error:
        raise refused(error) from None


def _moved(
    count: int, face_fen: int, moved_fen: int, lines: Iterable[PostingLine], *, dry_run: bool
) -> CardsMoved:
    return CardsMoved(
        cards=count, face_fen=face_fen, moved_fen=moved_fen, dry_run=dry_run, lines=money_lines(lines)
    )


def _fen(amount: int | None) -> Fen | None:
    return None if amount is None else Fen(amount)


# Cards ------------------------------------------------------------------------------------------------------------------


async def list_cards(parts: Parts, call: Call) -> BaseModel:
    """A page of cards."""
    query: CardQuery = call.query
    projects, page = call.projects(parts), call.page()

    def read(reader: Reader) -> list[Card]:
        first = last = None
        if query.batch_id is not None:
            found = rows.batches(reader, projects, rows.BatchFilter(id=query.batch_id), reports.Page(limit=1))
            spans = rows.spans(reader, found[0].project_id, found[0].id) if found else []
            if not spans:
                return []
            first, last = spans[0].first_number, spans[-1].last_number
        chosen = rows.CardFilter(
            None if query.number is None else redemption.tidied(query.number),
            first,
            last,
            query.account_id,  # type: ignore[arg-type]
            query.state,
        )
        return rows.cards(reader, projects, chosen, page)

    shown, after = split(await parts.store.read(read), call, lambda row: row.number)
    return ItemList[CardItem](items=[_card(parts, row) for row in shown], next=after)


# Items ------------------------------------------------------------------------------------------------------------------


async def _known(parts: Parts, call: Call) -> tuple[CardBatch, Project]:
    projects = call.projects(parts)
    chosen = rows.BatchFilter(id=call.path["batch_id"])
    found = await parts.store.read(
        lambda reader: rows.batches(reader, projects, chosen, reports.Page(limit=1))
    )
    project = parts.tables.project(found[0].project_id) if found else None
    if project is None:
        raise not_found()
    return found[0], project


def _plan_name(reader: Reader, known: CardBatch) -> str | None:
    if known.plan_version_id is None:
        return None
    version = products.version(reader, known.project_id, known.plan_version_id)
    return None if version is None else version.plan_name


def _batch(parts: Parts, known: CardBatch, plan: str | None) -> dict[str, Any]:
    return {
        "id": known.id,
        "project": parts.project_name(known.project_id),
        "code": known.code,
        "kind": known.kind,
        "face_fen": known.face_fen,
        "plan": plan,
        "cards": known.cards,
        "made": known.made,
        "state": known.state,
        "pin_digits": known.pin_digits,
        "expires_at": parts.maybe_time(known.expires_at, known.project_id),
        "memo": known.memo,
        "created_at": parts.time(known.created_at, known.project_id),
        "created_by": known.created_by,
        "exported_at": parts.maybe_time(known.exported_at, known.project_id),
        "exported_by": known.exported_by,
    }


def _detail(parts: Parts, reader: Reader, project: Project, batch_id: BatchId) -> CardBatchDetail:
    known = rows.batch(reader, project.id, batch_id)
    if known is None:
        raise not_found()
    spans = rows.spans(reader, project.id, batch_id)
    counts = Counter({CardState.USED: sum(span.used for span in spans)})
    for span in spans:
        counts[span.state] += span.left
    return CardBatchDetail(
        **_batch(parts, known, _plan_name(reader, known)),
        spans=[
            SpanItem(
                first=span.first_serial, last=span.last_serial, first_number=span.first_number,
                last_number=span.last_number, state=span.state, used=span.used, paid_fen=span.paid_fen,
                agent_id=span.agent_id, changed_at=parts.time(span.changed_at, project.id),
            )
            for span in spans
        ],
        counts={state: counts[state] for state in CardState},
        owed_fen=counts[CardState.ACTIVE] * known.face_fen,
    )  # fmt: skip


def _card(parts: Parts, row: Card) -> CardItem:
    return CardItem(
        id=row.number,
        project=parts.project_name(row.project_id),
        number=row.number,
        batch_id=row.batch_id,
        batch=row.batch,
        state=row.state,
        account_id=row.account_id,
        username=row.username,
        order_no=row.order_no,
        changed_at=parts.maybe_time(row.changed_at, row.project_id),
    )
