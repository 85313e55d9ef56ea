"""The states of an order as one table (billing rules §16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.billing.periods import Extent
from zhuomai_appliance.model.commerce import Channel, OrderState
from zhuomai_appliance.model.money import NOTHING, Fen

__all__ = [
    "NO_REDUCTION", "STEPS", "Channel", "IllegalStepError", "OrderEvent", "OrderState", "Reduction", "advance", "is_final",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one discount does for one order: something off the price, and gifts. `name` is the template's."""

    name: str = ""
    off_fen: Fen = NOTHING
    gift_periods: int = 0
    gift_days: int = 0
    gift_octets: int = 0
    gift_seconds: int = 0

    def extent(self, periods: int) -> Extent:
        """The extent of a purchase of so many paid periods with these gifts."""
        return Extent(periods, self.gift_periods, self.gift_days, self.gift_octets, self.gift_seconds)


NO_REDUCTION: Final = Reduction()


class OrderEvent(StrEnum):
    """What happens to an order."""

    START_PAYING = "start_paying"
    PAY = "pay"
    FULFIL = "fulfil"
    CLOSE = "close"
    REFUND = "refund"
    REFUND_DONE = "refund_done"
    REFUND_FAILED = "refund_failed"


class IllegalStepError(ValueError):
    """An event that an order in this state cannot take."""


STEPS: Final[Mapping[tuple[OrderState, OrderEvent], OrderState]] = {
    (OrderState.CREATED, OrderEvent.START_PAYING): OrderState.PAYING,
    (OrderState.CREATED, OrderEvent.PAY): OrderState.PAID,  # cash on the counter needs no waiting
    (OrderState.CREATED, OrderEvent.CLOSE): OrderState.CLOSED,
    (OrderState.PAYING, OrderEvent.PAY): OrderState.PAID,
    (OrderState.PAYING, OrderEvent.CLOSE): OrderState.CLOSED,
    (OrderState.PAID, OrderEvent.FULFIL): OrderState.FULFILLED,  # in the same transaction as PAY
    (OrderState.FULFILLED, OrderEvent.REFUND): OrderState.REFUNDING,
    (OrderState.REFUNDING, OrderEvent.REFUND_DONE): OrderState.REFUNDED,
    (OrderState.REFUNDING, OrderEvent.REFUND_FAILED): OrderState.FULFILLED,
    (OrderState.REFUNDED, OrderEvent.REFUND): OrderState.REFUNDING,  # the first refund was a part
}


def advance(state: OrderState, event: OrderEvent) -> OrderState:
    """The state after the event.

    Raises:
        IllegalStepError: the table has no such step. A payment for a closed order is one: its money goes to the wallet
            and the order stays closed (W52).
    """
    try:
        return STEPS[state, event]
    except KeyError:
        raise IllegalStepError(f"an order that is {state} cannot {event.replace('_', ' ')}") from None


def is_final(state: OrderState) -> bool:
    """Whether no event moves an order out of this state."""
    return all(before is not state for before, _ in STEPS)
