"""Postings balance, earn to the fen, and can be undone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing.ledger import (
    BANK,
    OPENING,
    PROMO,
    Lines,
    UnbalancedError,
    agent,
    bonus,
    card_liability,
    cash,
    cash_refund,
    check,
    clearing,
    counter_purchase,
    counter_recharge,
    day_earned,
    deferred,
    discount,
    earned,
    grant,
    is_ledger_account,
    opening_balance,
    provider_purchase,
    refund_unused,
    revenue,
    reversal,
    transfer,
    unused,
    wallet,
    wallet_purchase,
)
from zhuomai_appliance.model.commerce import PostingLine
from zhuomai_appliance.model.money import Fen

AMOUNTS = st.integers(1, 10**9)
OPERATIONS = st.one_of(
    st.builds(counter_purchase, st.just("7"), st.integers(1, 3), AMOUNTS),
    st.builds(counter_recharge, st.just("7"), st.integers(1, 3), AMOUNTS),
    st.builds(wallet_purchase, st.integers(1, 3), st.integers(1, 3), AMOUNTS),
    st.builds(provider_purchase, st.just("wechat"), st.just("1230000109"), st.integers(1, 3), AMOUNTS),
    st.builds(opening_balance, st.integers(1, 3), AMOUNTS),
    st.builds(refund_unused, st.integers(1, 3), st.integers(1, 3), AMOUNTS),
    st.builds(cash_refund, st.just("7"), st.integers(1, 3), AMOUNTS),
    st.builds(lambda day: day_earned(1, "包月", 30_000, day, 30), st.integers(1, 30)),
)


def balances(*postings: Lines) -> dict[str, int]:
    """What each ledger account stands at, those at zero left out."""
    sums: Counter[str] = Counter()
    for lines in postings:
        for line in lines:
            sums[line.account_ref] += line.amount_fen
    return {ref: fen for ref, fen in sums.items() if fen}


def shown(lines: Lines) -> list[tuple[str, int, int]]:
    """Lines as (account, debit, credit)."""
    return [(line.account_ref, line.debit_fen, line.credit_fen) for line in lines]


def test_the_table_of_operations() -> None:
    """Each operation debits and credits the accounts that billing rules §15 names."""
    assert shown(counter_recharge("s1", 5, 10000)) == [("cash:s1", 10000, 0), ("wallet:5", 0, 10000)]
    assert shown(counter_purchase("s1", 9, 3000)) == [("cash:s1", 3000, 0), ("deferred:9", 0, 3000)]
    assert shown(wallet_purchase(5, 9, 3000)) == [("wallet:5", 3000, 0), ("deferred:9", 0, 3000)]
    assert shown(provider_purchase("wechat", "m1", 9, 3000))[0] == ("clearing:wechat:m1", 3000, 0)
    assert shown(opening_balance(5, 5000)) == [("opening", 5000, 0), ("wallet:5", 0, 5000)]
    assert shown(refund_unused(9, 5, 2000)) == [("deferred:9", 2000, 0), ("wallet:5", 0, 2000)]
    assert shown(cash_refund("s1", 5, 2000)) == [("wallet:5", 2000, 0), ("cash:s1", 0, 2000)]
    assert shown(day_earned(9, "包月", 3000, 1, 30)) == [("deferred:9", 100, 0), ("revenue:包月", 0, 100)]


def test_nothing_makes_no_posting() -> None:
    """A grant over 0 fen has no lines, and nothing may be posted without lines."""
    assert grant(PROMO, 9) == ()
    with pytest.raises(UnbalancedError, match="at least two lines"):
        check(())


@given(st.lists(OPERATIONS, max_size=30))
def test_p1_the_ledger_sums_to_zero(postings: list[Lines]) -> None:
    """After any sequence of operations all accounts together stand at zero."""
    assert sum(balances(*(check(lines) for lines in postings)).values()) == 0


@given(st.lists(OPERATIONS, max_size=30))
def test_p10_reversing_all_returns_to_zero(postings: list[Lines]) -> None:
    """With every posting reversed, in any order, every account is back at zero, and each reversal may be posted."""
    undone = [check(reversal(lines)) for lines in reversed(postings)]
    assert balances(*postings, *undone) == {}


@given(st.integers(0, 10**9), st.integers(1, 400))
def test_p9_earnings_rise_and_end_at_the_price(price: int, days: int) -> None:
    """Day by day the earned sum never falls, and the whole life earns the price exactly."""
    steps = [day_earned(1, "包月", price, day, days) for day in range(1, days + 1)]
    amounts = [lines[0].amount_fen if lines else 0 for lines in steps]
    assert min(amounts) >= 0
    assert sum(amounts) == price == earned(price, days, days)
    assert balances(*steps).get("deferred:1", 0) == price


@given(st.integers(0, 10**9), st.integers(1, 400), st.data())
def test_p4_refund_and_earned_never_exceed_the_price(price: int, days: int, data: st.DataObject) -> None:
    """What is earned plus what is refunded is at most what was paid, within one fen, and all of it on day 0."""
    day = data.draw(st.integers(0, days))
    back = unused(price, days - day, days)
    assert price - 1 <= earned(price, day, days) + back <= price
    assert unused(price, days, days) == price


def test_w21_twenty_days_are_left() -> None:
    """A September plan of 3000 cancelled on the 10th refunds 2000."""
    assert unused(3000, 20, 30) == 2000


def test_w24_unused_octets_of_a_pack() -> None:
    """25 GB for ¥10 with 4 used are worth 840."""
    assert unused(1000, 21, 25) == 840


@pytest.mark.parametrize(("remaining", "total", "paid"), [(-1, 30, 1), (31, 30, 1), (0, 0, 1), (1, 2, -1)])
def test_senseless_shares_are_refused(remaining: int, total: int, paid: int) -> None:
    """More left than there was, or a negative payment, never becomes money."""
    with pytest.raises(ValueError, match="leaves nothing"):
        unused(paid, remaining, total)


@pytest.mark.parametrize(("day", "days"), [(-1, 30), (31, 30), (0, 0)])
def test_a_day_outside_the_life_earns_nothing(day: int, days: int) -> None:
    """Earning past the end is a mistake, not income."""
    with pytest.raises(ValueError, match="earns nothing"):
        earned(3000, day, days)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((("wallet:1", 100), ("bank", -99)), "differ by 1 fen"),
        ((("wallet:1", 100), ("bank", -100), ("fee", 0)), "moves whole fen"),
        ((("wallet:1", 100.0), ("bank", -100)), "moves whole fen"),
        ((("purse:1", 100), ("bank", -100)), "not the name"),
        ((("bank", 0),), "at least two"),
    ],
)
def test_what_does_not_balance_is_not_posted(lines: tuple[tuple[str, int], ...], says: str) -> None:
    """A difference, an empty line, a float or an unknown account is an error before it is a row."""
    with pytest.raises(UnbalancedError, match=says):
        check(PostingLine(ref, Fen(fen)) for ref, fen in lines)


def test_a_negative_amount_is_refused() -> None:
    """The direction of money is said by debit and credit, never by a sign."""
    with pytest.raises(UnbalancedError, match="negative"):
        transfer(BANK, OPENING, -1)


@pytest.mark.parametrize("ref", ["wallet:", "wallet", "wallet: 1", "bank:1", "", "cash:a\nb"])
def test_names_outside_the_chart_are_none(ref: str) -> None:
    """The chart of accounts is closed: keyed names need their key, others take none."""
    assert not is_ledger_account(ref)


def test_every_name_of_the_chart_is_one() -> None:
    """Names carry their key as the contract shows them in account_ref."""
    names = [
        cash("3"), clearing("alipay", "208"), wallet(1), bonus(1), deferred(2), agent(3), card_liability("B1"),
        revenue("包月"), discount("迎新"), BANK,
    ]  # fmt: skip
    assert all(is_ledger_account(name) for name in names)
    assert names[:3] == ["cash:3", "clearing:alipay:208", "wallet:1"]
    with pytest.raises(UnbalancedError, match="not the name"):
        cash("")
