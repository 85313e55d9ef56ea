"""The states of a refund as one table, and the lines by which its money moves (billing rules §9 and §15).

Money that waits for a bank transfer or a provider lies in clearing:refund:<number>: it is not the wallet's any more, so it
cannot be spent meanwhile, and it has not left the school yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from zhuomai_appliance.billing import ledger
from zhuomai_appliance.billing.ledger import LedgerAccount, Lines
from zhuomai_appliance.model.refunds import Destination, RefundState

__all__ = ["HELD", "STEPS", "IllegalRefundStepError", "RefundEvent", "advance", "hold_ref", "pay_out"]

HELD: Final = frozenset({Destination.BANK, Destination.CHANNEL})
"""Destinations that take the money out of the wallet when they are approved, and pay later."""


class RefundEvent(StrEnum):
    """What happens to a refund."""

    APPROVE = "approve"
    REJECT = "reject"
    PAY = "pay"
    FAIL = "fail"
    RETRY = "retry"
    REVERSE = "reverse"


class IllegalRefundStepError(ValueError):
    """An event that a refund in this state cannot take."""


STEPS: Final[Mapping[tuple[RefundState, RefundEvent], RefundState]] = {
    (RefundState.REQUESTED, RefundEvent.APPROVE): RefundState.APPROVED,
    (RefundState.REQUESTED, RefundEvent.REJECT): RefundState.REJECTED,
    (RefundState.APPROVED, RefundEvent.PAY): RefundState.PAID,
    (RefundState.APPROVED, RefundEvent.FAIL): RefundState.FAILED,  # held money is back in the wallet
    (RefundState.FAILED, RefundEvent.RETRY): RefundState.APPROVED,
    (RefundState.PAID, RefundEvent.REVERSE): RefundState.REVERSED,
}


def advance(state: RefundState, event: RefundEvent) -> RefundState:
    """The state after the event.

    Raises:
        IllegalRefundStepError: the table has no such step; what is paid is never paid again.
    """
    try:
        return STEPS[state, event]
    except KeyError:
        raise IllegalRefundStepError(f"a refund that is {state} cannot {event}") from None


def hold_ref(refund_id: int) -> LedgerAccount:
    """Where the money of a refund waits for the bank or a provider."""
    return ledger.clearing("refund", str(refund_id))


def pay_out(account_id: int, credit: LedgerAccount, amount_fen: int, forfeited_fen: int) -> Lines:
    """Principal out of a wallet, and the gifts that are forfeited with it."""
    return ledger.transfer(ledger.wallet(account_id), credit, amount_fen) + ledger.forfeit(
        account_id, forfeited_fen
    )
