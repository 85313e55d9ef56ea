"""Cutting the spans of a batch of cards where a sale or a voiding begins and ends, without losing a card or a fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zhuomai_appliance.billing import cards as rules
from zhuomai_appliance.model.cards import CardBatch, CardSpan, CardState, SpanId
from zhuomai_appliance.model.money import Fen, split_lossless
from zhuomai_appliance.store import cards
from zhuomai_appliance.store.interface import Reader, Transaction

NEW = SpanId(0)
"""The id of a piece that has no row yet."""


def whole(batch: CardBatch, at: int) -> CardSpan:
    """All cards of a batch that is just made, as one span."""
    return cut_from(
        CardSpan(NEW, batch.id, 1, batch.cards, "", "", CardState.GENERATED, 0, Fen(0), None, at),
        batch,
        1,
        batch.cards,
    )


def cut_from(span: CardSpan, batch: CardBatch, first: int, last: int) -> CardSpan:
    """The same span with other ends; its counts are the caller's care."""
    return replace(
        span,
        first_serial=first,
        last_serial=last,
        first_number=rules.number(batch.project_id, batch.batch_no, first),
        last_number=rules.number(batch.project_id, batch.batch_no, last),
    )


def cut(reader: Reader, batch: CardBatch, first: int, last: int) -> tuple[list[CardSpan], list[CardSpan]]:
    """The spans between two serials, both inside, and what of the same spans lies outside.

    A span that sticks out is cut: the redeemed cards are counted anew for each piece, and what was paid is shared by
    largest remainder. One piece keeps the id, the others have `NEW`.
    """
    inside: list[CardSpan] = []
    outside: list[CardSpan] = []
    for span in cards.spans(reader, batch.project_id, batch.id):
        if span.last_serial < first or span.first_serial > last:
            continue
        for piece in _pieces(reader, batch, span, first, last):
            is_inside = first <= piece.first_serial and piece.last_serial <= last
            (inside if is_inside else outside).append(piece)
    return inside, outside


def _pieces(reader: Reader, batch: CardBatch, span: CardSpan, first: int, last: int) -> list[CardSpan]:
    ends = [
        (begin, end)
        for begin, end in (
            (span.first_serial, min(span.last_serial, first - 1)),
            (max(span.first_serial, first), min(span.last_serial, last)),
            (max(span.first_serial, last + 1), span.last_serial),
        )
        if begin <= end
    ]
    if len(ends) == 1:
        return [span]
    shares = split_lossless(span.paid_fen, [end - begin + 1 for begin, end in ends])
    pieces = []
    for place, ((begin, end), share) in enumerate(zip(ends, shares, strict=True)):
        piece = cut_from(span, batch, begin, end)
        numbers = piece.first_number, piece.last_number
        used = cards.count_used(reader, batch.project_id, *numbers) if span.used else 0
        pieces.append(replace(piece, id=NEW if place else span.id, used=used, paid_fen=Fen(share)))
    return pieces


def sold(
    spans: Sequence[CardSpan], state: CardState, paid_fen: int, agent_id: int | None, at: int
) -> list[CardSpan]:
    """These spans, sold together: what was paid is shared over their cards."""
    shares = split_lossless(paid_fen, [span.count for span in spans])
    return [
        replace(span, state=state, paid_fen=Fen(share), agent_id=agent_id, changed_at=at)
        for span, share in zip(spans, shares, strict=True)
    ]


def paid_for(span: CardSpan, count: int) -> Fen:
    """What was paid for so many of a sold span's cards, rounded down."""
    return rules.paid_share(span.paid_fen, count, span.count)


def put(tx: Transaction, batch: CardBatch, pieces: Sequence[CardSpan]) -> None:
    """Write the pieces of `cut`, changed or not."""
    for piece in sorted(pieces, key=lambda one: (one.id == NEW, one.first_serial)):
        if piece.id == NEW:
            cards.add_span(tx, batch.project_id, piece)
        else:
            cards.set_span(tx, batch.project_id, piece)
