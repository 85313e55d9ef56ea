"""Batches of recharge cards: making them in chunks and exporting them once (billing rules §17).

A hundred thousand cards are made in chunks, each a write of its own, so that no login waits for them; a chunk that a
crash left out is made again from the batch's seed, which leaves the books with the one export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zhuomai_appliance.billing import cards as rules
from zhuomai_appliance.billing.cards import Secret
from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows import card_spans
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.cards import BatchId, BatchState, CardBatch, CardKind
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.products import BuyoutPrice, FirstMonth, PlanVersion
from zhuomai_appliance.store import cards, journal
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.vault import Vault

__all__ = [
    "CHUNK",
    "COLUMNS",
    "CardsRefused",
    "Printing",
    "audit",
    "batch_of",
    "create",
    "export",
    "finish_making",
    "make",
    "plan_fits",
    "set_expiry",
]

CHUNK: Final = 100
"""Cards a write: about half a millisecond of the reactor and half a one of the writer."""


COLUMNS: Final = ("number", "pin", "qr")
"""What the one export says of each card."""


class CardsRefused(Refused):
    """What a rule of cards keeps from being done."""


# Making -----------------------------------------------------------------------------------------------------------------


def plan_fits(version: PlanVersion) -> str | None:
    """Why a plan cannot be sold on cards; None if it can. A card is worth the same on every day."""
    if version.price_fen <= 0:
        return "a card needs a plan that costs something"
    terms = version.terms
    if terms.buyout_price is BuyoutPrice.BY_DAY or terms.first_month is FirstMonth.BY_DAY:
        return "its price depends on the day, and a card's value does not"
    return None


def create(
    tx: Transaction, vault: Vault, entropy: Entropy, actor: Actor, now: int, new: cards.NewBatch
) -> BatchId:
    """Add a batch and draw its seed; its cards are made by `make`.

    Raises:
        CardsRefused: it has no cards or too many, too short PINs, no value, or an end that has passed.
    """
    for wrong, code, sentence in (
        (not 1 <= new.cards <= rules.MOST_CARDS, "cards", f"a batch has 1 to {rules.MOST_CARDS} cards"),
        (
            not rules.LEAST_PIN_DIGITS <= new.pin_digits <= rules.MOST_PIN_DIGITS,
            "pin_digits",
            f"a PIN has {rules.LEAST_PIN_DIGITS} to {rules.MOST_PIN_DIGITS} digits",
        ),
        (new.face_fen <= 0, "face_fen", "a card is worth something"),
        ((new.plan_version_id is None) != (new.kind is CardKind.VALUE), "plan", "a plan card has a plan"),
        (new.expires_at is not None and new.expires_at <= now, "expires_at", "this end has passed"),
    ):
        if wrong:
            raise CardsRefused(code, sentence)
    batch_no = cards.next_batch_no(tx, new.project_id)
    code = rules.batch_code(new.project_id, batch_no)
    seed = entropy.token(rules.SEED_OCTETS)
    batch_id = cards.add_batch(tx, vault, new, batch_no, code, seed, actor.name, now)
    facts = {"kind": new.kind.value, "cards": new.cards, "face_fen": new.face_fen, "memo": new.memo}
    audit(tx, actor, now, new.project_id, "cards.make", code, facts)
    return batch_id


async def make(store: Store, vault: Vault, project_id: ProjectId, batch_id: BatchId, now: int) -> CardBatch:
    """Make the cards of a batch that are missing, chunk by chunk; the batch when it is ready.

    May be stopped at any moment and called again, also by two at once: a chunk is added once.

    Raises:
        LookupError: there is no such batch.
    """
    while True:
        known = cards.batch(store.reader, project_id, batch_id)
        if known is None:
            raise LookupError(f"batch {batch_id} is not there")
        if known.state is BatchState.READY:
            return known
        seed = cards.seed(store.reader, vault, project_id, batch_id)
        if seed is None:
            raise LookupError(f"batch {known.code} has lost its seed")
        await _make_chunk(store, vault, known, seed, now)


async def _make_chunk(store: Store, vault: Vault, known: CardBatch, seed: bytes, now: int) -> None:
    last = min(known.made + CHUNK, known.cards)
    drawn = rules.secrets(seed, known.project_id, known.batch_no, known.pin_digits, known.made + 1, last)
    pairs = [(one.number, vault.card_digest(one.number, one.pin)) for one in drawn]
    span = card_spans.whole(known, now) if last == known.cards else None
    await store.write(lambda tx: cards.add_cards(tx, known, pairs, last, span))


async def finish_making(store: Store, vault: Vault, now: int) -> int:
    """Go on with batches whose making was cut short; how many."""
    found = await store.read(cards.unfinished)
    for project_id, batch_id in found:
        await make(store, vault, project_id, batch_id, now)
    return len(found)


# Exporting --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Printing:
    """What the one export of a batch is made from. Only whoever prints the cards ever holds one."""

    batch: CardBatch
    seed: bytes = field(repr=False)

    def cards(self, first: int = 1, last: int | None = None) -> Sequence[Secret]:
        """The cards from serial to serial, both inside, with their PINs."""
        batch = self.batch
        return tuple(
            rules.secrets(
                self.seed, batch.project_id, batch.batch_no, batch.pin_digits, first, last or batch.cards
            )
        )

    def rows(self, first: int, last: int, address: str = "") -> list[tuple[str, str, str]]:
        """The same cards as `COLUMNS`, for a file.

        Args:
            address: the page that redeems a card, for the QR code; empty where there is none.
        """
        return [(one.number, one.pin, rules.qr_text(one, address)) for one in self.cards(first, last)]


def export(
    tx: Transaction, vault: Vault, actor: Actor, now: int, project: Project, batch_id: BatchId
) -> Printing:
    """Hand out what the PINs are made from, and erase it from the books: this can be done once.

    Raises:
        CardsRefused: it was exported before, or is being made.
    """
    known = batch_of(tx, project.id, batch_id)
    try:
        seed = cards.take_seed(tx, vault, project.id, batch_id, actor.name, now)
    except cards.AlreadyExported:
        if known.state is BatchState.MAKING:
            raise CardsRefused("making", f"batch {known.code} is still being made") from None
        raise CardsRefused(
            "exported",
            f"batch {known.code} was exported by {known.exported_by}; its PINs are not in the books any more",
        ) from None
    audit(tx, actor, now, project.id, "cards.export", known.code, {"cards": known.cards})
    return Printing(known, seed)


def set_expiry(
    tx: Transaction, actor: Actor, now: int, project: Project, batch_id: BatchId, expires_at: int | None
) -> None:
    """Let the cards of a batch be good for longer or shorter; those that have expired already stay so.

    Raises:
        CardsRefused: there is no such batch, or the new end has passed.
    """
    known = batch_of(tx, project.id, batch_id)
    if expires_at is not None and expires_at <= now:
        raise CardsRefused("expires_at", "this end has passed")
    cards.set_expiry(tx, project.id, batch_id, expires_at)
    audit(
        tx,
        actor,
        now,
        project.id,
        "cards.expiry",
        known.code,
        {"expires_at": expires_at},
        {"expires_at": known.expires_at},
    )


# Shared -----------------------------------------------------------------------------------------------------------------


def batch_of(reader: Reader, project_id: ProjectId, batch_id: BatchId) -> CardBatch:
    """One batch.

    Raises:
        CardsRefused: there is none.
    """
    known = cards.batch(reader, project_id, batch_id)
    if known is None:
        raise CardsRefused("unknown", "there is no such batch")
    return known


def audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project_id: ProjectId,
    action: str,
    code: str,
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> None:
    """Keep who did what to a batch."""
    journal.audit(
        tx, at=now, project_id=project_id, actor=actor.name, address=actor.address, action=action,
        object_kind="card_batch", object_id=code, before=before, after=after,
    )  # fmt: skip
