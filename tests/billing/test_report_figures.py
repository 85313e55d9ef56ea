"""Postings as figures of reports, by the table of billing rules §15."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing import ledger
from zhuomai_appliance.billing.report_figures import Figure, Measure, Portion, PostingFacts, figures, total
from zhuomai_appliance.model.commerce import PostingKind, PostingLine
from zhuomai_appliance.model.money import Fen

M = Measure
MONTHLY = (Portion("包月", 3000),)


def told(
    kind: PostingKind, *lines: tuple[str, int], portions: tuple[Portion, ...] = (), reversal: bool = False
) -> dict[str, int]:
    """The figures as words: measure, or measure and subject."""
    facts = PostingFacts(kind, [PostingLine(ref, Fen(fen)) for ref, fen in lines], portions, reversal)
    return {
        f"{f.measure}:{f.subject}" if f.subject else f.measure.value: f.amount_fen for f in figures(facts)
    }


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("counter recharge", {"cash:s1": 10000, "wallet:7": -10000},
         {"received:recharge": 10000, "wallet_received": 10000}),
        ("bonus", {"promo": 2000, "bonus:7": -2000}, {"bonus_given": 2000}),
        ("plan from the wallet", {"wallet:7": 3000, "deferred:9": -3000}, {"wallet_spent": 3000, "sold": 3000}),
        ("plan from wallet and bonus", {"wallet:7": 2000, "bonus:7": 1000, "deferred:9": -3000},
         {"wallet_spent": 2000, "bonus_spent": 1000, "sold": 3000}),
        ("one day earned", {"deferred:9": 100, "revenue:包月": -100},
         {"earned:包月": 100, "deferred_earned": 100}),
        ("settlement", {"bank": 2982, "fee": 18, "clearing:wechat:1": -3000}, {"fee": 18}),
        ("unused value to the wallet", {"deferred:9": 2000, "wallet:7": -2000},
         {"unsold": 2000, "wallet_spent": -2000}),
        ("earned and unused at once", {"deferred:9": 3000, "revenue:包月": -1000, "wallet:7": -2000},
         {"earned:包月": 1000, "deferred_earned": 1000, "unsold": 2000, "wallet_spent": -2000}),
        ("cash refund", {"wallet:7": 2000, "cash:s1": -2000},
         {"returned:recharge": 2000, "wallet_refunded": 2000}),
        ("card redeemed", {"card_liability:b1": 5000, "wallet:7": -5000},
         {"cards_redeemed": 5000, "wallet_received": 5000}),
        ("agent sells", {"agent:3": 2850, "commission": 150, "wallet:7": -3000},
         {"agent_spent": 2850, "commission": 150, "wallet_received": 3000}),
        ("metered use", {"wallet:7": 8, "revenue:metered": -8}, {"wallet_spent": 8, "earned:metered": 8}),
        ("expense", {"expense:网线": 500, "cash:s1": -500}, {"expense:网线": 500}),
        ("till short", {"shortage": 30, "cash:s1": -30}, {"shortage": 30}),
        ("till over", {"shortage": -30, "cash:s1": 30}, {"shortage": -30}),
        ("cash to the bank", {"bank": 9000, "cash:s1": -9000}, {}),
        ("opening balance", {"opening": 5000, "wallet:7": -5000}, {"wallet_received": 5000}),
    ],
)  # fmt: skip
def test_each_operation_has_its_figures(what: str, lines: dict[str, int], expected: dict[str, int]) -> None:
    """Money that only moves between our own places is neither received nor returned."""
    assert told(PostingKind.RECHARGE, *lines.items()) == expected


def test_money_received_stands_under_the_subjects_of_its_order() -> None:
    """A sale under the plan's subject; two lines by their shares, and no fen is lost."""
    sale = (("cash:s1", 3000), ("deferred:9", -3000))
    assert told(PostingKind.SALE, *sale, portions=MONTHLY) == {"received:包月": 3000, "sold": 3000}
    three = tuple(Portion(name, 1) for name in ("a", "b", "c"))
    money = (("cash:s1", 100), ("deferred:9", -100))
    assert told(PostingKind.SALE, *money, portions=three) == {
        "received:a": 34, "received:b": 33, "received:c": 33, "sold": 100,
    }  # fmt: skip


def test_a_reversal_is_a_red_entry() -> None:
    """It has the figures of its original negated: it lowers what was received and is no payment to somebody."""
    lines = (("cash:s1", -3000), ("deferred:9", 3000))
    found = told(PostingKind.REVERSAL, *lines, portions=MONTHLY, reversal=True)
    assert found == {"received:包月": -3000, "sold": -3000}


REFS = st.sampled_from(
    ["cash:s1", "bank", "clearing:wechat:1", "wallet:1", "wallet:2", "bonus:1", "deferred:1", "revenue:a", "revenue:b",
     "fee", "commission", "promo", "shortage", "writeoff", "expense:x", "agent:1", "card_liability:b", "opening"]
)  # fmt: skip


@st.composite
def balanced(draw: st.DrawFn) -> tuple[PostingLine, ...]:
    """Any lines that may be posted."""
    refs = draw(st.lists(REFS, min_size=2, max_size=6, unique=True))
    amounts = [draw(st.integers(-9999, 9999).filter(bool)) for _ in refs[1:]]
    if not sum(amounts):
        amounts[0] += 10_000
    lines = [PostingLine(ref, Fen(fen)) for ref, fen in zip(refs, [-sum(amounts), *amounts], strict=True)]
    return ledger.check(lines)


@given(
    balanced(),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 500)), max_size=3, unique_by=lambda p: p[0]),
)
def test_balances_are_explained_by_the_figures(
    lines: tuple[PostingLine, ...], portions: list[tuple[str, int]]
) -> None:
    """§18: whatever is posted, the movement of wallets, deferred income and money is the sum of its named parts."""
    found = figures(PostingFacts(PostingKind.CORRECTION, lines, [Portion(*one) for one in portions]))

    def moved(*heads: str) -> int:
        return sum(line.amount_fen for line in lines if line.account_ref.partition(":")[0] in heads)

    assert -moved("wallet") == (
        total(found, M.WALLET_RECEIVED) - total(found, M.WALLET_REFUNDED) - total(found, M.WALLET_SPENT)
    )
    assert -moved("bonus") == total(found, M.BONUS_GIVEN) - total(found, M.BONUS_SPENT)
    assert -moved("deferred") == (
        total(found, M.SOLD) - total(found, M.UNSOLD) - total(found, M.DEFERRED_EARNED)
    )
    assert -moved("revenue") == total(found, M.EARNED)
    assert moved("cash", "bank", "clearing") == (
        total(found, M.RECEIVED)
        - total(found, M.RETURNED)
        - total(found, M.FEE)
        - total(found, M.SHORTAGE)
        - total(found, M.EXPENSE)
    )
    assert all(figure.amount_fen for figure in found)


@given(balanced())
def test_a_posting_and_its_reversal_leave_nothing(lines: tuple[PostingLine, ...]) -> None:
    """P10 for reports: figure by figure the two add up to zero."""
    there = figures(PostingFacts(PostingKind.SALE, lines))
    back = figures(PostingFacts(PostingKind.SALE, ledger.reversal(lines), is_reversal=True))
    assert back == tuple(Figure(f.measure, f.subject, -f.amount_fen) for f in there)
