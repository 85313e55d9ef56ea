"""Discounts to the fen: what is paid, who may have one, which is the best, and its share of each line (D18)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing.discounts import Circumstances, Unfit, Weighed, allot, best, reduction, why_not
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.discounts import Discount
from zhuomai_appliance.model.money import Fen


def seen(**changes: Any) -> Circumstances:
    values: dict[str, Any] = {
        "plan": "monthly", "price_fen": Fen(3000), "periods": 1, "at": 1000, "channel": Channel.CASH,
    }  # fmt: skip
    return Circumstances(**values | changes)


@pytest.mark.parametrize(("parts", "price", "paid"), [(9000, 2990, 2691), (8500, 999, 849)])
def test_w46_percent_is_rounded_half_up(parts: int, price: int, paid: int) -> None:
    """W46: 9折 of 2990 is 2691, 85折 of 999 is 849."""
    assert price - reduction(Discount("x", paid_parts=parts), price, 1).off_fen == paid


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 10**9))
def test_nobody_is_paid_for_buying(price: int, parts: int, off: int) -> None:
    """Whatever a template says, between nothing and the whole price is taken off."""
    assert 0 <= reduction(Discount("x", paid_parts=parts, off_fen=Fen(off)), price, 1).off_fen <= price


def test_gifts_come_for_each_so_many() -> None:
    """买四送一: three bring none, four one, nine two."""
    template = Discount("x", buy_periods=4, gift_periods=1)
    assert [reduction(template, 1, n).gift_periods for n in (3, 4, 9)] == [0, 1, 2]


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], Unfit]] = [
    ({"disabled": True}, {}, Unfit.DISABLED),
    ({"from_at": 1001}, {}, Unfit.TIME),
    ({"to_at": 1000}, {}, Unfit.TIME),
    ({"plans": ("yearly",)}, {}, Unfit.PLAN),
    ({"groups": ("staff",)}, {"groups": frozenset({"students"})}, Unfit.GROUP),
    ({"channels": (Channel.BALANCE,)}, {}, Unfit.CHANNEL),
    ({"agents": (7,)}, {"agent": 8}, Unfit.AGENT),
    ({"min_fen": Fen(3001)}, {}, Unfit.MIN),
    ({"first_order": True}, {}, Unfit.FIRST),
    ({"per_person": 2}, {"used": {"x": 2}}, Unfit.OFTEN),
    ({"buy_periods": 4, "gift_periods": 1}, {"periods": 3}, Unfit.PERIODS),
    ({"gift_periods": 1}, {"by_period": False}, Unfit.PERIODS),
]


@pytest.mark.parametrize(("rule", "case", "reason"), CONDITIONS)
def test_each_condition_is_told(rule: dict[str, Any], case: dict[str, Any], reason: Unfit) -> None:
    """One that is not met is named; where it is met there is nothing to say."""
    assert why_not(Discount("x", **rule), seen(**case)) is reason
    assert why_not(Discount("x"), seen(**case)) is None


def test_conditions_that_are_met() -> None:
    """From the first instant on and before the last, in any of the groups, at the very amount, once more."""
    template = Discount(
        "x", from_at=1000, to_at=1001, plans=("monthly",), groups=("all", "staff"), channels=(Channel.CASH,),
        agents=(7,), min_fen=Fen(3000), first_order=True, per_person=2, buy_periods=4, gift_periods=1,
    )  # fmt: skip
    case = seen(groups=frozenset({"all"}), agent=7, is_first=True, used={"x": 1}, periods=4)
    assert why_not(template, case) is None


def test_best_one_is_chosen_and_explained() -> None:
    """The one worth most, never two; the others stand behind it with what they are worth or why they are not fit."""
    known = [
        Discount("nine", paid_parts=9000),
        Discount("five off", off_fen=Fen(500)),
        Discount("staff", paid_parts=1, groups=("staff",)),
        Discount("nothing"),
        Discount("week", gift_days=7),
    ]
    choice = best(known, seen())
    assert (choice.reduction.name, choice.reduction.off_fen) == ("week", 0)
    assert choice.weighed == (
        Weighed("week", Fen(700)), Weighed("five off", Fen(500)), Weighed("nine", Fen(300)),
        Weighed("nothing", Fen(0), Unfit.NOTHING), Weighed("staff", Fen(0), Unfit.GROUP),
    )  # fmt: skip
    assert best([], seen()).reduction.name == ""
    same = best([Discount("b", off_fen=Fen(1)), Discount("a", off_fen=Fen(1))], seen())
    assert same.reduction.name == "a"


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.integers(0, 10**4))
def test_shares_make_up_the_whole(amounts: list[int], parts: int) -> None:
    """By largest remainder: no fen lost, no line below zero, none off its exact share by a fen."""
    whole = sum(amounts)
    off = whole * parts // 10_000
    shares = allot(off, amounts)
    assert sum(shares) == off
    for share, amount in zip(shares, amounts, strict=True):
        assert 0 <= share <= amount
        assert abs(share * whole - off * amount) < max(whole, 1)


def test_shares_of_equal_lines() -> None:
    """The fen that cannot be divided goes to the first."""
    assert allot(100, (1000, 1000, 1000)) == (34, 33, 33)
    with pytest.raises(ValueError, match="taken off"):
        allot(4, (1, 2))
