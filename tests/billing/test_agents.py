"""What an agent pays of a price and gets back of a refund: to the fen, and never more than he paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing import agents, ledger

prices = st.integers(1, 10**9)
rates = st.integers(0, agents.WHOLE_PARTS)


def test_w48_sale_at_95_percent() -> None:
    """3000 at 95 %: the deposit pays 2850, the commission is 150."""
    assert agents.charge(3000, 9500) == (2850, 150)
    lines = {line.account_ref: line.amount_fen for line in agents.sale_debits(7, 3000, 9500)}
    assert lines == {"agent:7": 2850, "commission": 150}


@given(prices, rates)
def test_charge_and_commission_are_the_price(price: int, rate: int) -> None:
    """No fen is lost between the two, and the charge is the exact share rounded half up."""
    paid, commission = agents.charge(price, rate)
    assert paid + commission == price and paid >= 0 and commission >= 0
    assert abs(paid * agents.WHOLE_PARTS - price * rate) * 2 <= agents.WHOLE_PARTS


def test_a_rate_is_a_share() -> None:
    """More than all of a price, or less than nothing, is a mistake."""
    for rate in (-1, 10_001):
        with pytest.raises(ValueError):
            agents.charge(100, rate)


@given(prices, rates, st.data())
def test_refunds_in_parts_never_give_an_agent_more_than_he_paid(
    price: int, rate: int, data: st.DataObject
) -> None:
    """Whole: exactly his charge and his commission. In two parts: together at most that, and what is credited is the refund."""
    paid, commission = agents.charge(price, rate)
    whole = {line.account_ref: line.amount_fen for line in agents.returned(7, price, paid, price)}
    assert whole == {ref: -fen for ref, fen in (("agent:7", paid), ("commission", commission)) if fen}
    first = data.draw(st.integers(0, price))
    lines = [*agents.returned(7, first, paid, price), *agents.returned(7, price - first, paid, price)]
    assert sum(line.amount_fen for line in lines) == -price
    assert -sum(line.amount_fen for line in lines if line.account_ref == ledger.agent(7)) <= paid
