"""Redeeming recharge cards: once each, however many try at once; and slowing down whoever guesses (billing rules §17, W57).

Five wrong PINs within an hour lock the card, the account they were tried for, and the address they came from, each on its
own. What is refused is an answer and not an exception, for the try has to be counted in the same commit.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.billing import cards as rules
from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import purchases
from zhuomai_appliance.flows.card_batches import CardsRefused
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.model.cards import Card, CardBatch, CardKind, CardState
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, normal_name
from zhuomai_appliance.model.products import PlanVersion, SubscriptionId
from zhuomai_appliance.store import accounts, card_checks, cards, journal, products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.vault import Vault

__all__ = ["CannotBuyError", "PreviewIsOld", "Redeemed", "Refused", "Why", "Worth", "look", "redeem", "undo"]

WRONG_TRIES: Final = 5
WINDOW_SECONDS: Final = 3600


class Why(StrEnum):
    """Why a card was not taken. Only who knows the PIN hears more than WRONG."""

    NOT_A_CARD = "not_a_card"
    WRONG = "wrong"
    LOCKED = "locked"
    NOT_SOLD = "not_sold"
    USED = "used"
    VOID = "void"
    EXPIRED = "expired"


_WHY: Final = {
    CardState.GENERATED: Why.NOT_SOLD,
    CardState.USED: Why.USED,
    CardState.VOID: Why.VOID,
    CardState.EXPIRED: Why.EXPIRED,
    CardState.ACTIVE: Why.EXPIRED,  # sold, not used, and still not taken: its end has passed
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was redeemed. ``wait_seconds`` above 0: nothing was looked at, and nothing will be before."""

    why: Why
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Worth:
    """What a card would bring this account now; ``plan`` of a plan card, with the dates it would run."""

    number: str
    face_fen: Fen
    kind: CardKind
    purchase: purchases.Preview | None = None
    plan_name: str = ""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A card that was used up: its order, and the subscription that a plan card made."""

    number: str
    face_fen: Fen
    kind: CardKind
    order_no: str
    subscription_id: SubscriptionId | None = None


def tidied(text: str) -> str:
    """A number or PIN as people type it: plain digits, without the blanks and dashes that are printed for reading.

    Whatever is no digit makes it empty, which no card has.
    """
    plain = normal_name(text).replace(" ", "").replace("-", "")
    return plain if plain.isascii() and plain.isdigit() else ""


def look(
    tx: Transaction,
    vault: Vault,
    now: int,
    project: Project,
    account_id: AccountId,
    number: str,
    pin: str,
    address: str,
) -> Worth | Refused:
    """What redeeming would do now; a wrong PIN counts as in `redeem`.

    Raises:
        CannotBuyError: the plan on the card can be used no more.
        LookupError: there is no such account in this project.
    """
    _check_account(tx, project, account_id)
    number, pin = tidied(number), tidied(pin)
    found = _proven(tx, vault, now, project, account_id, number, pin, address)
    if isinstance(found, Refused):
        return found
    batch = cards.batch(tx, project.id, found.batch_id)
    if batch is None:
        raise LookupError(f"card {number} is of no batch")
    if found.state is not CardState.ACTIVE or (batch.expires_at is not None and batch.expires_at <= now):
        return Refused(_WHY[found.state])
    if batch.kind is CardKind.VALUE:
        return Worth(number, batch.face_fen, batch.kind)
    version = _plan(tx, project, batch)
    seen = purchases.preview(tx, account_id, version, Zone(project.zone), now)
    return Worth(number, batch.face_fen, batch.kind, seen, version.plan_name)


def redeem(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    number: str,
    pin: str,
    address: str,
    *,
    revision: int | None = None,
) -> Redeemed | Refused:
    """Use a card up for an account: its value into the wallet, or its plan into the chain.

    One conditional statement decides who gets it; everybody else hears that it is used (W57).

    Args:
        address: where the try comes from, for counting.
        revision: of a plan card's preview; a chain that moved since refuses.

    Raises:
        PreviewIsOld, CannotBuyError: nothing was done, the card is as good as before.
        LookupError: there is no such account in this project, or it is closed.
    """
    _check_account(tx, project, account_id)
    number, pin = tidied(number), tidied(pin)
    refused = _barred(tx, now, project, account_id, number, address)
    if refused is not None:
        return refused
    batch_id = cards.redeem(tx, project.id, number, vault.card_digest(number, pin), account_id, now)
    if batch_id is None:
        found = _proven(tx, vault, now, project, account_id, number, pin, address)
        return found if isinstance(found, Refused) else Refused(_WHY[found.state])
    batch = cards.batch(tx, project.id, batch_id)
    if batch is None:
        raise LookupError(f"card {number} is of no batch")
    done = _bring(tx, actor, now, project, account_id, number, batch, revision)
    cards.set_order(tx, project.id, number, done.order_no)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="cards.redeem",
        object_kind="card", object_id=number,
        after={"account": account_id, "order_no": done.order_no, "face_fen": done.face_fen},
    )  # fmt: skip
    return done


def _bring(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    number: str,
    batch: CardBatch,
    revision: int | None,
) -> Redeemed:
    paid_by = ledger_rules.debits((ledger_rules.card_liability(batch.code), batch.face_fen))
    if batch.kind is CardKind.VALUE:
        order = purchases.recharge(
            tx, project_id=project.id, account_id=account_id, amount_fen=batch.face_fen, zone=Zone(project.zone),
            at=now, operator=actor.name, memo=number, channel=Channel.CARD, paid_by=paid_by,
        )  # fmt: skip
        return Redeemed(number, batch.face_fen, batch.kind, order.order_no)
    bought = purchases.buy(
        tx, project_id=project.id, account_id=account_id, version=_plan(tx, project, batch), channel=Channel.CARD,
        zone=Zone(project.zone), at=now, operator=actor.name, memo=number, revision=revision, paid_by=paid_by,
    )  # fmt: skip
    return Redeemed(number, batch.face_fen, batch.kind, bought.order.order_no, bought.subscription_id)


def _plan(reader: Reader, project: Project, batch: CardBatch) -> PlanVersion:
    version = (
        None if batch.plan_version_id is None else products.version(reader, project.id, batch.plan_version_id)
    )
    if version is None:
        raise LookupError(f"batch {batch.code} names a plan that is not there")
    return version


def _check_account(reader: Reader, project: Project, account_id: AccountId) -> None:
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id or login.account.closed_at is not None:
        raise LookupError(f"account {account_id} is not there")


# Guessing ---------------------------------------------------------------------------------------------------------------


def _scopes(account_id: AccountId, number: str, address: str) -> tuple[tuple[str, str], ...]:
    return (
        (card_checks.CARD, number),
        (card_checks.ACCOUNT, str(account_id)),
        (card_checks.ADDRESS, address),
    )


def _barred(
    reader: Reader, now: int, project: Project, account_id: AccountId, number: str, address: str
) -> Refused | None:
    """Why not even the PIN is looked at."""
    if not rules.has_check_digit(number):
        return Refused(Why.NOT_A_CARD)
    wait = 0
    for scope, subject in _scopes(account_id, number, address):
        count, first = card_checks.tries(
            reader, project.id, scope, subject, now - WINDOW_SECONDS, WRONG_TRIES
        )
        if count >= WRONG_TRIES:
            wait = max(wait, first + WINDOW_SECONDS - now)
    return Refused(Why.LOCKED, wait) if wait > 0 else None


def _proven(
    tx: Transaction,
    vault: Vault,
    now: int,
    project: Project,
    account_id: AccountId,
    number: str,
    pin: str,
    address: str,
) -> Card | Refused:
    """The card, if the PIN is its own; else the try is counted, whether there is such a card or not."""
    refused = _barred(tx, now, project, account_id, number, address)
    if refused is not None:
        return refused
    kept = cards.digest(tx, project.id, number)
    given = vault.card_digest(number, pin)
    card = cards.card(tx, project.id, number)
    if kept is None or card is None or not hmac.compare_digest(kept, given):
        for scope, subject in _scopes(account_id, number, address):
            card_checks.add_try(tx, project.id, scope, subject, now)
        return Refused(Why.WRONG)
    return card


# Undoing ----------------------------------------------------------------------------------------------------------------


def undo(tx: Transaction, now: int, project: Project, order_no: str) -> str | None:
    """Make the card of an order good again, as part of the order's reversal; its number, None if no card paid it.

    Raises:
        CardsRefused: the card could not be redeemed again: its batch is void or has expired meanwhile.
    """
    number = cards.card_of_order(tx, project.id, order_no)
    card = None if number is None else cards.card(tx, project.id, number)
    if number is None or card is None:
        return None
    span = cards.span_of(tx, project.id, card.batch_id, number)
    if span is None or span.state is not CardState.ACTIVE:
        state = "in no span" if span is None else span.state
        raise CardsRefused(
            "not_active", f"the cards around {number} are {state} meanwhile; give the value back as a refund"
        )
    rules.advance(card.state, rules.CardEvent.UNDO)
    cards.undo(tx, project.id, card, now)
    return number
