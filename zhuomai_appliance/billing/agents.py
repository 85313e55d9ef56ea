"""What an agent pays of a price, and what comes back to him of a refund (billing rules §15 and §17, W48)."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.billing import ledger
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.model.commerce import PostingLine
from zhuomai_appliance.model.money import Fen, floor, half_up

__all__ = ["WHOLE_PARTS", "charge", "returned", "sale_debits"]

WHOLE_PARTS: Final = 10_000


def charge(price_fen: int, rate_parts: int) -> tuple[Fen, Fen]:
    """What an agent pays of a price, rounded half up, and the commission that he keeps; together the price."""
    if not 0 <= rate_parts <= WHOLE_PARTS:
        raise ValueError(f"{rate_parts} of {WHOLE_PARTS} parts is no rate")
    paid = half_up(price_fen * rate_parts, WHOLE_PARTS)
    return Fen(paid), Fen(price_fen - paid)


def sale_debits(agent_id: int, price_fen: int, rate_parts: int) -> Lines:
    """The debits of a sale: his deposit and the commission, in one posting with what is credited."""
    paid, commission = charge(price_fen, rate_parts)
    return ledger.debits((ledger.agent(agent_id), paid), (ledger.COMMISSION, commission))


def returned(agent_id: int, amount_fen: int, paid_fen: int, price_fen: int) -> Lines:
    """The credits of a refund of an agent's sale: his share of it goes back to the deposit, the commission is taken back.

    Args:
        amount_fen: what is refunded of the price.
        paid_fen: what he paid of it.
        price_fen: the whole price. Of all of it exactly what he paid comes back; of a part his share, rounded down.
    """
    if not 0 <= amount_fen <= price_fen:
        raise ValueError(f"{amount_fen} fen of a sale over {price_fen} fen cannot come back")
    back = floor(paid_fen * amount_fen, price_fen) if price_fen else 0
    lines = (
        PostingLine(ledger.agent(agent_id), Fen(-back)),
        PostingLine(ledger.COMMISSION, Fen(back - amount_fen)),
    )
    return tuple(line for line in lines if line.amount_fen)
