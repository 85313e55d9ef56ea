"""The states of a refund as a table, and lines that take from a wallet just what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing import ledger, refunds
from zhuomai_appliance.billing.refunds import RefundEvent
from zhuomai_appliance.model.refunds import BankAccount, RefundState


def test_states_are_a_table() -> None:
    """Nothing is paid that was not approved, nothing twice; what is rejected or reversed stays so."""
    allowed = {(state.value, event.value, to.value) for (state, event), to in refunds.STEPS.items()}
    assert allowed == {
        ("requested", "approve", "approved"),
        ("requested", "reject", "rejected"),
        ("approved", "pay", "paid"),
        ("approved", "fail", "failed"),
        ("failed", "retry", "approved"),
        ("paid", "reverse", "reversed"),
    }
    for state in RefundState:
        for event in RefundEvent:
            if (state, event) not in refunds.STEPS:
                with pytest.raises(refunds.IllegalRefundStepError):
                    refunds.advance(state, event)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_a_payout_takes_principal_and_forfeits_gifts(amount: int, lost: int) -> None:
    """The wallet gives the amount, the gifts go back to promotion, and the lines balance."""
    lines = ledger.check(refunds.pay_out(7, refunds.hold_ref(3), amount, lost))
    sums = {line.account_ref: line.amount_fen for line in lines}
    expected = {"wallet:7": amount, "clearing:refund:3": -amount}
    assert sums == expected | ({"bonus:7": lost, "promo": -lost} if lost else {})


def test_a_bank_account_is_not_shown_whole() -> None:
    """What a log or a traceback prints of it are four digits."""
    shown = repr(BankAccount("张三", "ICBC", "6222020000001234567"))
    assert "4567" in shown and "6222" not in shown and "张三" not in shown
