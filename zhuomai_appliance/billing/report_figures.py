"""What one posting means to the reports: figures of both bases, made of its lines alone (billing rules §15 and §18).

收款口径 counts money as it comes in and goes out: lines of tills, bank and payment providers. 权责口径 counts what was
earned: lines of `revenue`. Beside them stand the movements of wallets and of deferred income, so that each report can
show that opening and closing balances are explained by what happened between them.

Every figure of a posting is a sum over its lines, and a reversal has the figures of its original negated, so totals over
any set of postings are exact and red entries show as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from zhuomai_appliance.model.commerce import PostingKind, PostingLine
from zhuomai_appliance.model.money import Fen

NO_SUBJECT: Final = ""


class Measure(StrEnum):
    """What a figure counts, in fen; a negative figure undoes an earlier one."""

    RECEIVED = "received"
    RETURNED = "returned"
    EARNED = "earned"
    WALLET_RECEIVED = "wallet_received"
    WALLET_REFUNDED = "wallet_refunded"
    WALLET_SPENT = "wallet_spent"
    BONUS_GIVEN = "bonus_given"
    BONUS_SPENT = "bonus_spent"
    SOLD = "sold"
    UNSOLD = "unsold"
    DEFERRED_EARNED = "deferred_earned"
    DISCOUNT = "discount"
    COMMISSION = "commission"
    FEE = "fee"
    SHORTAGE = "shortage"
    WRITEOFF = "writeoff"
    EXPENSE = "expense"
    CARDS_SOLD = "cards_sold"
    CARDS_REDEEMED = "cards_redeemed"
    AGENT_PAID_IN = "agent_paid_in"
    AGENT_SPENT = "agent_spent"


class Figure(NamedTuple):
    """One figure of one posting, under an income or expense subject where it has one."""

    measure: Measure
    subject: str
    amount_fen: int


class Portion(NamedTuple):
    """How much of an order falls to a subject: one for each of its lines."""

    subject: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class PostingFacts:
    """A posting with what its order says; no order, no portions. A reversal comes with the lines of its own."""

    kind: PostingKind
    lines: Sequence[PostingLine]
    portions: Sequence[Portion] = ()
    is_reversal: bool = False


_MONEY: Final = frozenset({"cash", "bank", "clearing"})
_SPENT_ELSEWHERE: Final[Mapping[str, Measure]] = {
    "fee": Measure.FEE,
    "shortage": Measure.SHORTAGE,
    "expense": Measure.EXPENSE,
}
"""Money that left a till or the bank for one of these was not given back to a payer."""

_PLAIN: Final[Mapping[str, Measure]] = {
    **_SPENT_ELSEWHERE,
    "discount": Measure.DISCOUNT,
    "commission": Measure.COMMISSION,
    "writeoff": Measure.WRITEOFF,
}


def figures(facts: PostingFacts) -> tuple[Figure, ...]:
    """The figures of one posting; none is zero, and equal ones of several lines are added up."""
    sign = -1 if facts.is_reversal else 1
    lines = [(*_apart(line.account_ref), line.amount_fen * sign) for line in facts.lines]
    found: dict[tuple[Measure, str], int] = {}

    def add(measure: Measure, amount: int, subject: str = NO_SUBJECT) -> None:
        found[measure, subject] = found.get((measure, subject), 0) + amount

    for head, key, amount in lines:
        if head == "revenue":
            add(Measure.EARNED, -amount, key)
        elif head in _PLAIN:
            add(_PLAIN[head], amount, key if head == "expense" else NO_SUBJECT)
        elif head == "bonus":
            add(Measure.BONUS_GIVEN if amount < 0 else Measure.BONUS_SPENT, abs(amount))
        elif head == "card_liability":
            add(Measure.CARDS_SOLD if amount < 0 else Measure.CARDS_REDEEMED, abs(amount))
        elif head == "agent":
            add(Measure.AGENT_PAID_IN if amount < 0 else Measure.AGENT_SPENT, abs(amount))
    _deferred(lines, add)
    money = _sum(lines, _MONEY)
    given = money + sum(amount for head, _, amount in lines if head in _SPENT_ELSEWHERE)
    _wallet(lines, given, add)
    if given:
        measure, amount = (Measure.RECEIVED, given) if given > 0 else (Measure.RETURNED, -given)
        for subject, share in _shares(amount, facts.portions, facts.kind):
            add(measure, share, subject)
    return tuple(
        Figure(measure, subject, amount * sign) for (measure, subject), amount in found.items() if amount
    )


_Line = tuple[str, str, int]


class _Add(Protocol):
    """Adds to one figure of the posting."""

    def __call__(self, measure: Measure, amount: int, subject: str = NO_SUBJECT) -> None: ...


def _apart(ref: str) -> tuple[str, str]:
    head, _, key = ref.partition(":")
    return head, key


def _sum(lines: Iterable[_Line], heads: frozenset[str]) -> int:
    return sum(amount for head, _, amount in lines if head in heads)


def _deferred(lines: Sequence[_Line], add: _Add) -> None:
    """What was sold and what of it was taken back; what went to revenue in the same posting was earned of it."""
    sold = -sum(amount for head, _, amount in lines if head == "deferred" and amount < 0)
    taken = sum(amount for head, _, amount in lines if head == "deferred" and amount > 0)
    earned = min(taken, max(-_sum(lines, frozenset({"revenue"})), 0))
    add(Measure.SOLD, sold)
    add(Measure.DEFERRED_EARNED, earned)
    add(Measure.UNSOLD, taken - earned)


def _wallet(lines: Sequence[_Line], given: int, add: _Add) -> None:
    """How the wallets moved: filled from outside, paid out, or spent; unused value that came back was not spent."""
    change = -_sum(lines, frozenset({"wallet"}))
    outside = given > 0 or any(head in {"card_liability", "agent", "opening"} for head, _, _ in lines)
    if change > 0 and outside:
        add(Measure.WALLET_RECEIVED, change)
    elif change < 0 and given < 0:
        add(Measure.WALLET_REFUNDED, -change)
    else:
        add(Measure.WALLET_SPENT, -change)


def _shares(amount: int, portions: Sequence[Portion], kind: PostingKind) -> list[Portion]:
    """An amount of money by the subjects of its order, by largest remainder; without an order, by the posting's kind."""
    whole = sum(portion.amount_fen for portion in portions)
    if whole <= 0:
        return [Portion(portions[0].subject if portions else kind.value, amount)]
    floors = [portion.amount_fen * amount // whole for portion in portions]
    by_remainder = sorted(range(len(portions)), key=lambda i: (-(portions[i].amount_fen * amount % whole), i))
    for i in by_remainder[: amount - sum(floors)]:
        floors[i] += 1
    return [Portion(portion.subject, share) for portion, share in zip(portions, floors, strict=True)]


def total(found: Iterable[Figure], measure: Measure) -> Fen:
    """The sum of one measure."""
    return Fen(sum(figure.amount_fen for figure in found if figure.measure is measure))
