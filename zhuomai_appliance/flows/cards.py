"""Selling, voiding and expiring recharge cards (billing rules §17).

All of it touches spans and not cards, so that it is one short write for a hundred thousand of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from zhuomai_appliance.billing import cards as rules
from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing.cards import CardEvent
from zhuomai_appliance.billing.ledger import LedgerAccount, Lines
from zhuomai_appliance.flows import card_batches, card_spans, shifts
from zhuomai_appliance.flows.card_batches import CardsRefused, audit, batch_of
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.model.cards import BatchId, BatchState, CardBatch, CardSpan, CardState, SpanId
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.store import card_checks, cards, ledger
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.vault import Vault

__all__ = [
    "CardsRefused",
    "PreviewIsOld",
    "Sale",
    "SalePreview",
    "VoidPreview",
    "expire_due",
    "preview_sale",
    "preview_void",
    "sell",
    "till_of",
    "upkeep",
    "void",
]

SPANS_A_ROUND: Final = 100
TRIES_KEPT_SECONDS: Final = 3600


# Selling ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sale:
    """Cards from serial to serial, both inside, and who pays.

    ``from_ref`` is the till or the agent's deposit, ``less_ref`` bears what is paid below the face value, ``paid_fen``
    None pays all of it. ``agent_id`` is the agent's, None for a till.
    """

    first: int
    last: int
    from_ref: LedgerAccount
    less_ref: LedgerAccount = ledger_rules.PROMO
    paid_fen: Fen | None = None
    agent_id: int | None = None


@dataclass(frozen=True, slots=True)
class SalePreview:
    """What a sale of cards would post."""

    cards: int
    face_fen: Fen
    paid_fen: Fen
    lines: Lines


def preview_sale(reader: Reader, project: Project, batch_id: BatchId, wanted: Sale, now: int) -> SalePreview:
    """The postings that `sell` would make now.

    Raises:
        CardsRefused: some of the cards are sold already, the batch has expired or was never exported.
    """
    known, inside, _ = _to_sell(reader, project.id, batch_id, wanted, now)
    return _sale(known, inside, wanted)


def _to_sell(
    reader: Reader, project_id: ProjectId, batch_id: BatchId, wanted: Sale, now: int
) -> tuple[CardBatch, list[CardSpan], list[CardSpan]]:
    known = batch_of(reader, project_id, batch_id)
    if known.exported_at is None:
        raise CardsRefused("not_exported", f"batch {known.code} was not exported: nobody has its PINs")
    if known.expires_at is not None and known.expires_at <= now:
        raise CardsRefused("expired", f"the cards of batch {known.code} have expired")
    inside, outside = _between(reader, known, wanted.first, wanted.last)
    for span in inside:
        if span.state is not CardState.GENERATED:
            raise CardsRefused(
                "not_for_sale",
                f"cards {span.first_serial} to {span.last_serial} of batch {known.code} are {span.state}",
            )
    return known, inside, outside


def _sale(known: CardBatch, inside: Sequence[CardSpan], wanted: Sale) -> SalePreview:
    count = sum(span.count for span in inside)
    face = Fen(known.face_fen * count)
    paid = face if wanted.paid_fen is None else wanted.paid_fen
    if not 0 <= paid <= face:
        raise CardsRefused("paid_fen", f"these cards are worth {face} fen; from 0 to that can be paid")
    lines = rules.sale(wanted.from_ref, wanted.less_ref, known.code, face, paid)
    return SalePreview(count, face, paid, lines)


def sell(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    batch_id: BatchId,
    wanted: Sale,
    *,
    expected: SalePreview | None = None,
    memo: str = "",
) -> SalePreview:
    """Sell cards: they can be redeemed from now on, and their worth is owed to whoever holds them.

    Args:
        expected: what a preview showed; anything else refuses.

    Raises:
        PreviewIsOld, CardsRefused: nothing was done.
    """
    known, inside, outside = _to_sell(tx, project.id, batch_id, wanted, now)
    what = _sale(known, inside, wanted)
    if expected is not None and what != expected:
        raise PreviewIsOld
    state = rules.advance(CardState.GENERATED, CardEvent.SELL)
    sold = card_spans.sold(inside, state, what.paid_fen, wanted.agent_id, now)
    card_spans.put(tx, known, [*sold, *outside])
    ledger.post(
        tx,
        project_id=project.id,
        kind=PostingKind.CARD_SALE,
        effect=f"cards:{known.code}:{wanted.first}-{wanted.last}:sale",
        order_no=None,
        operator=actor.name,
        at=now,
        memo=memo,
        lines=ledger_rules.check(what.lines),
    )
    facts = {"cards": f"{wanted.first}-{wanted.last}", "face_fen": what.face_fen, "paid_fen": what.paid_fen}
    audit(tx, actor, now, project.id, "cards.sell", known.code, facts | {"from": wanted.from_ref})
    return what


# Voiding and expiring -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoidPreview:
    """What voiding cards would post: ``face_fen`` is owed no more, ``back_fen`` of it goes back to whoever paid."""

    cards: int
    face_fen: Fen
    back_fen: Fen
    lines: Lines


def preview_void(
    reader: Reader, actor: Actor, project: Project, batch_id: BatchId, first: int, last: int, *, repay: bool
) -> VoidPreview:
    """The postings that `void` would make now.

    Raises:
        CardsRefused: there is no card between them that could be voided.
    """
    known = batch_of(reader, project.id, batch_id)
    inside, _ = _between(reader, known, first, last)
    return _voiding(known, inside, till_of(reader, project, actor), repay=repay)


def _voiding(
    known: CardBatch, inside: Sequence[CardSpan], till: LedgerAccount, *, repay: bool
) -> VoidPreview:
    open_ones = [span for span in inside if _is_open(span) and span.left]
    if not open_ones:
        raise CardsRefused("nothing_to_void", f"none of these cards of batch {known.code} can be voided")
    face, back, lines = 0, 0, list[Any]()
    for span in open_ones:
        if span.state is CardState.ACTIVE:
            more, returned = void_lines(known, span, span.left, till, repay=repay)
            lines += more
            face += known.face_fen * span.left
            back += returned
    return VoidPreview(sum(span.left for span in open_ones), Fen(face), Fen(back), tuple(lines))


def void_lines(
    known: CardBatch, span: CardSpan, count: int, till: LedgerAccount, *, repay: bool
) -> tuple[Lines, Fen]:
    """The lines by which so many sold cards of a span are owed no more, and what goes back to who paid for them."""
    face = known.face_fen * count
    if not repay:
        return rules.forfeit(known.code, face), Fen(0)
    back = card_spans.paid_for(span, count)
    if span.agent_id is not None:
        to, less = ledger_rules.agent(span.agent_id), ledger_rules.COMMISSION
    else:
        to, less = till, ledger_rules.PROMO
    return rules.take_back(to, less, known.code, face, back), back


def void(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    batch_id: BatchId,
    first: int,
    last: int,
    *,
    repay: bool,
    memo: str = "",
    expected: VoidPreview | None = None,
) -> VoidPreview:
    """Void cards that nobody has redeemed; what is used, void or expired already stays as it is.

    Args:
        repay: what was paid for them goes back: an agent's to his deposit, the rest out of the operator's till. Else
            it is kept, and what was owed is written off.

    Raises:
        PreviewIsOld, CardsRefused: nothing was done.
    """
    known = batch_of(tx, project.id, batch_id)
    inside, outside = _between(tx, known, first, last)
    what = _voiding(known, inside, till_of(tx, project, actor), repay=repay)
    if expected is not None and what != expected:
        raise PreviewIsOld
    card_spans.put(tx, known, [*(_ended(span, CardEvent.VOID, now) for span in inside), *outside])
    if what.lines:
        ledger.post(
            tx,
            project_id=project.id,
            kind=PostingKind.CARD_VOID,
            effect=f"cards:{known.code}:{first}-{last}:void",
            order_no=None,
            operator=actor.name,
            at=now,
            memo=memo,
            lines=ledger_rules.check(what.lines),
        )
    facts = {"cards": f"{first}-{last}", "face_fen": what.face_fen, "back_fen": what.back_fen, "memo": memo}
    audit(tx, actor, now, project.id, "cards.void", known.code, facts)
    return what


def _is_open(span: CardSpan) -> bool:
    return span.state in (CardState.GENERATED, CardState.ACTIVE)


def _ended(span: CardSpan, event: CardEvent, now: int) -> CardSpan:
    return replace(span, state=rules.advance(span.state, event), changed_at=now) if _is_open(span) else span


async def expire_due(store: Store, now: int) -> int:
    """Mark spans of batches that have expired, and write off what was owed for them; how many.

    Nobody waits for this: a card is refused from the instant on at which its batch expires.
    """
    found = await store.read(lambda reader: cards.overdue(reader, now, SPANS_A_ROUND))
    for project_id, batch_id, span_id in found:
        await store.write(lambda tx, p=project_id, b=batch_id, s=span_id: _expire(tx, now, p, b, s))  # type: ignore[misc]
    return len(found)


def _expire(tx: Transaction, now: int, project_id: ProjectId, batch_id: BatchId, span_id: SpanId) -> None:
    known = batch_of(tx, project_id, batch_id)
    span = next((one for one in cards.spans(tx, project_id, batch_id) if one.id == span_id), None)
    is_due = known.expires_at is not None and known.expires_at <= now
    if span is None or not is_due or not _is_open(span):
        return
    cards.set_span(tx, project_id, _ended(span, CardEvent.EXPIRE, now))
    lines = rules.forfeit(known.code, known.face_fen * span.left)
    if span.state is CardState.ACTIVE and lines:
        ledger.post(
            tx,
            project_id=project_id,
            kind=PostingKind.CARD_VOID,
            effect=f"cards:{known.code}:{span.first_serial}-{span.last_serial}:expired",
            order_no=None,
            operator="",
            at=now,
            memo="",
            lines=ledger_rules.check(lines),
        )


async def upkeep(store: Store, vault: Vault, now: int) -> None:
    """One round: go on with batches that were cut short, expire what is due, forget wrong tries of an hour ago."""
    await card_batches.finish_making(store, vault, now)
    await expire_due(store, now)
    await store.write(lambda tx: card_checks.drop_tries(tx, now - TRIES_KEPT_SECONDS), droppable=True)


# Shared -----------------------------------------------------------------------------------------------------------------


def till_of(reader: Reader, project: Project, actor: Actor) -> LedgerAccount:
    """The till that an operator's cash goes into: of his open shift, or of the one that it opens."""
    return shifts.till(reader, project.id, actor)


def _between(
    reader: Reader, known: CardBatch, first: int, last: int
) -> tuple[list[CardSpan], list[CardSpan]]:
    if known.state is BatchState.MAKING:
        raise CardsRefused("making", f"batch {known.code} is still being made")
    if not 1 <= first <= last <= known.cards:
        raise CardsRefused("serials", f"batch {known.code} has the cards 1 to {known.cards}")
    return card_spans.cut(reader, known, first, last)
