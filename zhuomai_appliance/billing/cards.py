"""Numbers, PINs and states of recharge cards, and the lines of selling and redeeming them (billing rules §15 and §17).

A card number is the project's number (two digits at least), the batch's (five), the serial (six) and a check digit, so
that it is unique over all projects and a slip of the finger is told before anything is asked of the books.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.billing import ledger
from zhuomai_appliance.billing.ledger import LedgerAccount, Lines
from zhuomai_appliance.model.cards import CardState
from zhuomai_appliance.model.commerce import PostingLine
from zhuomai_appliance.model.money import Fen, floor

__all__ = [
    "LEAST_PIN_DIGITS",
    "MOST_CARDS",
    "MOST_PIN_DIGITS",
    "STEPS",
    "CardEvent",
    "IllegalCardStepError",
    "Secret",
    "advance",
    "batch_code",
    "forfeit",
    "has_check_digit",
    "number",
    "paid_share",
    "pin",
    "qr_text",
    "redeem_plan",
    "redeem_value",
    "sale",
    "secrets",
    "take_back",
]

LEAST_PIN_DIGITS: Final = 12
MOST_PIN_DIGITS: Final = 20
MOST_CARDS: Final = 999_999
"""Six digits of a serial."""

SEED_OCTETS: Final = 32

_DAMM: Final = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2), (7, 0, 9, 2, 1, 5, 4, 8, 6, 3), (4, 2, 0, 6, 8, 7, 1, 3, 5, 9), (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8), (3, 6, 7, 4, 2, 0, 9, 5, 8, 1), (5, 8, 6, 9, 7, 2, 0, 1, 3, 4), (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5), (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)  # fmt: skip
"""The quasigroup of H. M. Damm, "Total anti-symmetrische Quasigruppen" (Marburg 2004): it finds every wrong digit and
every exchange of two neighbours."""


class CardEvent(StrEnum):
    """What happens to a card."""

    SELL = "sell"
    REDEEM = "redeem"
    UNDO = "undo"
    VOID = "void"
    EXPIRE = "expire"


class IllegalCardStepError(ValueError):
    """An event that a card in this state cannot take."""


STEPS: Final[Mapping[tuple[CardState, CardEvent], CardState]] = {
    (CardState.GENERATED, CardEvent.SELL): CardState.ACTIVE,
    (CardState.GENERATED, CardEvent.VOID): CardState.VOID,
    (CardState.GENERATED, CardEvent.EXPIRE): CardState.EXPIRED,
    (CardState.ACTIVE, CardEvent.REDEEM): CardState.USED,
    (CardState.ACTIVE, CardEvent.VOID): CardState.VOID,
    (CardState.ACTIVE, CardEvent.EXPIRE): CardState.EXPIRED,
    (CardState.USED, CardEvent.UNDO): CardState.ACTIVE,  # its redemption was reversed
}


def advance(state: CardState, event: CardEvent) -> CardState:
    """The state after the event.

    Raises:
        IllegalCardStepError: the table has no such step.
    """
    try:
        return STEPS[state, event]
    except KeyError:
        raise IllegalCardStepError(f"a card that is {state} cannot {event}") from None


# Numbers and PINs -------------------------------------------------------------------------------------------------------


def batch_code(project_id: int, batch_no: int) -> str:
    """The name of a batch over all projects, and of its ledger account: 1-00042."""
    return f"{project_id}-{batch_no:05d}"


def number(project_id: int, batch_no: int, serial: int) -> str:
    """The number of a card; equal in length over a batch, and rising with the serial."""
    if not (0 < batch_no <= 99_999 and 0 < serial <= MOST_CARDS):
        raise ValueError(f"batch {batch_no} has no card {serial}")
    digits = f"{project_id:02d}{batch_no:05d}{serial:06d}"
    return digits + str(_damm(digits))


def has_check_digit(text: str) -> bool:
    """Whether these digits could be a card's number at all."""
    return 14 <= len(text) <= 32 and text.isascii() and text.isdigit() and _damm(text) == 0


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][ord(digit) - 48]
    return interim


def pin(seed: bytes, card_number: str, digits: int) -> str:
    """The PIN of a card: drawn from the batch's random seed, so that chunks can be made anew after a crash.

    The seed comes from a CSPRNG and HMAC-SHA256 is a pseudo-random function under it; of its 256 bits the bias of the
    remainder is below 2^-189 for 20 digits.
    """
    drawn = hmac.digest(seed, b"pin\0" + card_number.encode(), "sha256")
    return str(int.from_bytes(drawn, "big") % 10**digits).zfill(digits)


@dataclass(frozen=True, slots=True)
class Secret:
    """A card as it is printed; nothing logs or keeps one."""

    serial: int
    number: str
    pin: str

    def __repr__(self) -> str:
        return f"Secret({self.number})"


def secrets(
    seed: bytes, project_id: int, batch_no: int, pin_digits: int, first: int, last: int
) -> Iterator[Secret]:
    """The cards of a batch from serial to serial, both inside."""
    for serial in range(first, last + 1):
        card_number = number(project_id, batch_no, serial)
        yield Secret(serial, card_number, pin(seed, card_number, pin_digits))


def qr_text(secret: Secret, address: str = "") -> str:
    """What the QR code of a card says: the page that redeems it with number and PIN behind ``#``, which browsers send to
    no server; without a page a text that the recharge page understands.
    """
    return f"{address or 'zhuomai:card'}#n={secret.number}&p={secret.pin}"


# Lines ------------------------------------------------------------------------------------------------------------------


def sale(from_ref: LedgerAccount, less_ref: LedgerAccount, batch: str, face_fen: int, paid_fen: int) -> Lines:
    """Cards over a face value sold for what was paid: the rest is borne by ``less_ref`` (promo, or an agent's commission).

    Raises:
        UnbalancedError: more was paid than the cards are worth, or less than nothing.
    """
    if not 0 <= paid_fen <= face_fen:
        raise ledger.UnbalancedError(f"cards over {face_fen} fen cannot be sold for {paid_fen} fen")
    liability = ledger.card_liability(batch)
    return ledger.transfer(from_ref, liability, paid_fen) + ledger.transfer(
        less_ref, liability, face_fen - paid_fen
    )


def take_back(
    to_ref: LedgerAccount, less_ref: LedgerAccount, batch: str, face_fen: int, back_fen: int
) -> Lines:
    """Cards that nobody redeemed come back: what was paid for them goes back, what was given on top is taken back."""
    return tuple(
        PostingLine(line.account_ref, Fen(-line.amount_fen))
        for line in sale(to_ref, less_ref, batch, face_fen, back_fen)
    )


def forfeit(batch: str, face_fen: int) -> Lines:
    """Cards that expired or were voided without money back: nobody is owed anything for them any more."""
    return ledger.transfer(ledger.card_liability(batch), ledger.WRITEOFF, face_fen)


def redeem_value(batch: str, account_id: int, face_fen: int) -> Lines:
    """A value card into the wallet."""
    return ledger.transfer(ledger.card_liability(batch), ledger.wallet(account_id), face_fen)


def redeem_plan(batch: str, subscription_id: int, face_fen: int) -> Lines:
    """A plan card into what is deferred for its subscription."""
    return ledger.transfer(ledger.card_liability(batch), ledger.deferred(subscription_id), face_fen)


def paid_share(paid_fen: int, cards: int, of_cards: int) -> Fen:
    """What was paid for some of the cards that were sold together, rounded down."""
    return Fen(floor(paid_fen * cards, of_cards))
