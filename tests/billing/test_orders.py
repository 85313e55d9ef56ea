"""The life of an order."""

from __future__ import annotations

from itertools import product

import pytest

from zhuomai_appliance.billing.orders import (
    STEPS,
    IllegalStepError,
    OrderEvent,
    OrderState,
    advance,
    is_final,
)


def walk(*events: OrderEvent) -> OrderState:
    """The state of a new order after these events."""
    state = OrderState.CREATED
    for event in events:
        state = advance(state, event)
    return state


def test_cash_at_the_counter_is_paid_at_once() -> None:
    """A counter order needs no waiting state."""
    assert walk(OrderEvent.PAY, OrderEvent.FULFIL) is OrderState.FULFILLED


def test_an_online_order_waits_for_its_payment() -> None:
    """Created, paying, paid, fulfilled."""
    assert walk(OrderEvent.START_PAYING, OrderEvent.PAY, OrderEvent.FULFIL) is OrderState.FULFILLED


def test_w51_a_second_payment_notice_is_no_step() -> None:
    """A paid or fulfilled order cannot be paid again: the caller answers success and does nothing."""
    for state in (OrderState.PAID, OrderState.FULFILLED):
        with pytest.raises(IllegalStepError, match="cannot pay"):
            advance(state, OrderEvent.PAY)


def test_w52_a_closed_order_stays_closed() -> None:
    """Money for a closed order does not revive it."""
    with pytest.raises(IllegalStepError, match="order that is closed cannot pay"):
        walk(OrderEvent.CLOSE, OrderEvent.PAY)
    assert is_final(OrderState.CLOSED)


def test_a_refund_may_fail_and_may_come_in_parts() -> None:
    """A failed refund leaves the order fulfilled; after a part the rest may follow."""
    refunding = walk(OrderEvent.PAY, OrderEvent.FULFIL, OrderEvent.REFUND)
    assert advance(refunding, OrderEvent.REFUND_FAILED) is OrderState.FULFILLED
    part = advance(refunding, OrderEvent.REFUND_DONE)
    assert advance(part, OrderEvent.REFUND) is OrderState.REFUNDING


def test_whatever_is_not_in_the_table_raises() -> None:
    """Every pair of state and event either is a step of the table or an error."""
    legal = 0
    for state, event in product(OrderState, OrderEvent):
        try:
            assert advance(state, event) is STEPS[state, event]
            legal += 1
        except IllegalStepError:
            assert (state, event) not in STEPS
    assert legal == len(STEPS)
