"""Recharge cards in the books: batches, the spans that were sold together, single cards.

What a batch owes its holders is the sum over its sold spans, so that selling or voiding a hundred thousand cards is one row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.cards import (
    BatchId,
    BatchState,
    Card,
    CardBatch,
    CardKind,
    CardSpan,
    CardState,
    SpanId,
)
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersionId
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load
from zhuomai_appliance.store.vault import Vault

_Q = load("cards")


class AlreadyExported(Exception):
    """The PINs of a batch left the books before, or it is not made yet."""


# Batches ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What a batch is made of; its number comes from the books."""

    project_id: ProjectId
    kind: CardKind
    face_fen: Fen
    plan_version_id: PlanVersionId | None
    cards: int
    pin_digits: int
    expires_at: int | None
    memo: str


def next_batch_no(reader: Reader, project_id: ProjectId) -> int:
    """The number of the project's next batch."""
    found: int = reader.value(_Q.next_batch_no, project_id=project_id)
    return found


def _seed_context(project_id: ProjectId, batch_id: BatchId) -> bytes:
    return b"card_batch:%d:%d:seed" % (project_id, batch_id)


def add_batch(
    tx: Transaction, vault: Vault, new: NewBatch, batch_no: int, code: str, seed: bytes, by: str, at: int
) -> BatchId:
    """Add a batch without cards yet; its seed lies sealed until the export."""
    batch_id = BatchId(
        tx.insert(
            _Q.insert_batch,
            project_id=new.project_id,
            batch_no=batch_no,
            code=code,
            kind=new.kind.value,
            face_fen=new.face_fen,
            plan_version_id=new.plan_version_id,
            cards=new.cards,
            pin_digits=new.pin_digits,
            expires_at=new.expires_at,
            memo=new.memo,
            at=at,
            created_by=by,
        )
    )
    sealed = vault.seal(seed, _seed_context(new.project_id, batch_id))
    tx.run(_Q.set_seed, project_id=new.project_id, id=batch_id, seed_sealed=sealed)
    return batch_id


def _batch(row: Row) -> CardBatch:
    return CardBatch(
        id=BatchId(row[0]),
        project_id=ProjectId(row[1]),
        batch_no=row[2],
        code=row[3],
        kind=CardKind(row[4]),
        face_fen=Fen(row[5]),
        plan_version_id=row[6],
        cards=row[7],
        made=row[8],
        pin_digits=row[9],
        expires_at=row[10],
        state=BatchState(row[11]),
        memo=row[12],
        created_at=row[13],
        created_by=row[14],
        exported_at=row[15],
        exported_by=row[16],
    )


def batch(reader: Reader, project_id: ProjectId, batch_id: BatchId) -> CardBatch | None:
    """One batch."""
    row = reader.one(_Q.batch, project_id=project_id, id=batch_id)
    return None if row is None else _batch(row)


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches."""

    id: int | None = None
    code: str | None = None
    kind: CardKind | None = None


def batches(
    reader: Reader, projects: Sequence[ProjectId], chosen: BatchFilter, page: Page
) -> list[CardBatch]:
    """Batches of these projects (none: of all); the key is the id."""
    found = rows(
        reader,
        _Q.batches,
        project_ids(reader, projects),
        id=chosen.id,
        code=chosen.code,
        kind=chosen.kind and chosen.kind.value,
        **page.conditions(),
    )
    return [_batch(row) for row in found]


def unfinished(reader: Reader) -> list[tuple[ProjectId, BatchId]]:
    """Batches whose cards are not all made."""
    return [(ProjectId(project_id), BatchId(batch_id)) for project_id, batch_id in reader.all(_Q.unfinished)]


def seed(reader: Reader, vault: Vault, project_id: ProjectId, batch_id: BatchId) -> bytes | None:
    """What the PINs are drawn from; None once they have left."""
    sealed: bytes | None = reader.value(_Q.seed, project_id=project_id, id=batch_id)
    return None if sealed is None else vault.open(sealed, _seed_context(project_id, batch_id))


def add_cards(
    tx: Transaction, known: CardBatch, cards: Iterable[tuple[str, str]], made: int, span: CardSpan | None
) -> bool:
    """Add the next cards of a batch, each a number and the digest of its PIN; false if another has added them.

    Args:
        known: the batch as it was read: its ``made`` cards are there.
        made: how many are there after these.
        span: all the cards, with the last chunk: the batch is ready then.
    """
    state = BatchState.MAKING if span is None else BatchState.READY
    grown = tx.run(
        _Q.grow_batch,
        project_id=known.project_id,
        id=known.id,
        made=made,
        before=known.made,
        state=state.value,
    )
    if grown != 1:
        return False
    tx.run(_Q.insert_cards, project_id=known.project_id, batch_id=known.id, rows=json.dumps(list(cards)))
    if span is not None:
        add_span(tx, known.project_id, span)
    return True


def take_seed(
    tx: Transaction, vault: Vault, project_id: ProjectId, batch_id: BatchId, operator: str, at: int
) -> bytes:
    """The seed, for the last time: it is erased in the same transaction.

    Raises:
        AlreadyExported: it was taken before, or cards are still being made.
    """
    found = seed(tx, vault, project_id, batch_id)
    taken = tx.run(_Q.take_seed, project_id=project_id, id=batch_id, operator=operator, at=at)
    if found is None or taken != 1:
        raise AlreadyExported
    return found


def set_expiry(tx: Transaction, project_id: ProjectId, batch_id: BatchId, expires_at: int | None) -> None:
    """Let the cards of a batch be good for longer or shorter."""
    tx.run(_Q.set_expiry, project_id=project_id, id=batch_id, expires_at=expires_at)


# Spans ------------------------------------------------------------------------------------------------------------------


def _span(row: Row) -> CardSpan:
    batch_id, first, last, first_number, last_number, state, used, paid_fen, agent_id, at = row[1:]
    return CardSpan(
        SpanId(row[0]),
        BatchId(batch_id),
        first,
        last,
        first_number,
        last_number,
        CardState(state),
        used,
        Fen(paid_fen),
        agent_id,
        at,
    )


def spans(reader: Reader, project_id: ProjectId, batch_id: BatchId) -> list[CardSpan]:
    """The spans of a batch in the order of their serials."""
    return [_span(row) for row in reader.all(_Q.spans, project_id=project_id, batch_id=batch_id)]


def span_of(reader: Reader, project_id: ProjectId, batch_id: BatchId, number: str) -> CardSpan | None:
    """The span in which a card is."""
    row = reader.one(_Q.span_of, project_id=project_id, batch_id=batch_id, number=number)
    return None if row is None else _span(row)


def overdue(reader: Reader, now: int, limit: int) -> list[tuple[ProjectId, BatchId, SpanId]]:
    """Spans whose batch has expired and which do not say so yet."""
    found = reader.all(_Q.overdue, now=now, limit=limit)
    return [(ProjectId(one), BatchId(two), SpanId(three)) for one, two, three in found]


def add_span(tx: Transaction, project_id: ProjectId, span: CardSpan) -> SpanId:
    """Add a span; its id."""
    return SpanId(tx.insert(_Q.insert_span, project_id=project_id, batch_id=span.batch_id, **_columns(span)))


def set_span(tx: Transaction, project_id: ProjectId, span: CardSpan) -> None:
    """Write a changed span."""
    tx.run(_Q.set_span, project_id=project_id, id=span.id, **_columns(span))


def _columns(span: CardSpan) -> dict[str, int | str | None]:
    return {
        "first_serial": span.first_serial,
        "last_serial": span.last_serial,
        "first_number": span.first_number,
        "last_number": span.last_number,
        "state": span.state.value,
        "used": span.used,
        "paid_fen": span.paid_fen,
        "agent_id": span.agent_id,
        "at": span.changed_at,
    }


def count_used(reader: Reader, project_id: ProjectId, first: str, last: str) -> int:
    """How many cards from number to number were redeemed."""
    found: int = reader.value(_Q.count_cards, project_id=project_id, first_number=first, last_number=last)
    return found


# Cards ------------------------------------------------------------------------------------------------------------------


def _card(row: Row) -> Card:
    return Card(row[0], ProjectId(row[1]), BatchId(row[2]), CardState(row[3]), *row[4:])


def card(reader: Reader, project_id: ProjectId, number: str) -> Card | None:
    """One card by its number."""
    row = reader.one(_Q.card, project_id=project_id, number=number)
    return None if row is None else _card(row)


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Which cards; numbers from first to last, both inside."""

    number: str | None = None
    first_number: str | None = None
    last_number: str | None = None
    account_id: AccountId | None = None
    state: CardState | None = None


def cards(reader: Reader, projects: Sequence[ProjectId], chosen: CardFilter, page: Page) -> list[Card]:
    """Cards of these projects (none: of all); the key is the number."""
    found = rows(
        reader,
        _Q.cards,
        project_ids(reader, projects),
        number=chosen.number,
        first_number=chosen.first_number,
        last_number=chosen.last_number,
        account_id=chosen.account_id,
        state=chosen.state and chosen.state.value,
        **page.conditions(),
    )
    return [_card(row) for row in found]


def digest(reader: Reader, project_id: ProjectId, number: str) -> str | None:
    """The keyed digest of a card's PIN; None: there is no such card."""
    found: str | None = reader.value(_Q.digest, project_id=project_id, number=number)
    return found


def redeem(
    tx: Transaction, project_id: ProjectId, number: str, pin_digest: str, account_id: AccountId, now: int
) -> BatchId | None:
    """Use a card up, in one conditional statement: of many at once it serves one. None: it cannot be used so."""
    row = tx.one(
        _Q.redeem,
        project_id=project_id,
        number=number,
        pin_digest=pin_digest,
        account_id=account_id,
        now=now,
    )
    if row is None:
        return None
    batch_id = BatchId(row[0])
    _count_used(tx, project_id, batch_id, number, 1)
    return batch_id


def _count_used(tx: Transaction, project_id: ProjectId, batch_id: BatchId, number: str, more: int) -> None:
    span = span_of(tx, project_id, batch_id, number)
    if span is None:
        raise LookupError(f"card {number} is in no span of its batch")
    tx.run(_Q.count_used, project_id=project_id, id=span.id, more=more)


def set_order(tx: Transaction, project_id: ProjectId, number: str, order_no: str) -> None:
    """Note the order that a used card made."""
    tx.run(_Q.set_order, project_id=project_id, number=number, order_no=order_no)


def card_of_order(reader: Reader, project_id: ProjectId, order_no: str) -> str | None:
    """The number of the card that paid an order."""
    found: str | None = reader.value(_Q.card_of_order, project_id=project_id, order_no=order_no)
    return found


def undo(tx: Transaction, project_id: ProjectId, known: Card, at: int) -> bool:
    """Let a used card be as its span is; false if it is not used."""
    if tx.run(_Q.undo, project_id=project_id, number=known.number, at=at) != 1:
        return False
    _count_used(tx, project_id, known.batch_id, known.number, -1)
    return True
