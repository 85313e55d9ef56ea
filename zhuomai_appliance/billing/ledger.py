"""Balanced lines for everything that moves money (billing rules §15 and §18).

Names of ledger accounts are part of the contract (`export postings`, account_ref). A debit is positive. An operation
over 0 fen has no lines and makes no posting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NewType

from zhuomai_appliance.model.commerce import PostingLine
from zhuomai_appliance.model.money import Fen, floor

LedgerAccount = NewType("LedgerAccount", str)
Lines = tuple[PostingLine, ...]

BANK: Final = LedgerAccount("bank")
PROMO: Final = LedgerAccount("promo")
COMMISSION: Final = LedgerAccount("commission")
FEE: Final = LedgerAccount("fee")
SHORTAGE: Final = LedgerAccount("shortage")
WRITEOFF: Final = LedgerAccount("writeoff")
OPENING: Final = LedgerAccount("opening")

_NAMED: Final = frozenset({BANK, PROMO, COMMISSION, FEE, SHORTAGE, WRITEOFF, OPENING})
_KEYED: Final = frozenset(
    {
        "cash",
        "clearing",
        "wallet",
        "bonus",
        "deferred",
        "agent",
        "card_liability",
        "revenue",
        "discount",
        "expense",
    }
)
_REF: Final = re.compile(r"([a-z_]+):(\S[^\x00-\x1f]*)")


class UnbalancedError(ValueError):
    """Lines that may not be posted; a mistake of ours, never of a user."""


def cash(shift: str) -> LedgerAccount:
    """The till of one shift."""
    return _ref("cash", shift)


def clearing(provider: str, merchant: str) -> LedgerAccount:
    """Money a payment provider owes us, by our merchant number there."""
    return _ref("clearing", f"{provider}:{merchant}")


def wallet(account_id: int) -> LedgerAccount:
    """What we owe an account: its principal."""
    return _ref("wallet", str(account_id))


def bonus(account_id: int) -> LedgerAccount:
    """Gift money of an account, never paid out."""
    return _ref("bonus", str(account_id))


def deferred(subscription_id: int) -> LedgerAccount:
    """What was paid for a subscription and is not earned yet."""
    return _ref("deferred", str(subscription_id))


def agent(agent_id: int) -> LedgerAccount:
    """The deposit of an agent."""
    return _ref("agent", str(agent_id))


def card_liability(batch: str) -> LedgerAccount:
    """What the cards of a batch may still redeem."""
    return _ref("card_liability", batch)


def revenue(subject: str) -> LedgerAccount:
    """Income of one subject (科目)."""
    return _ref("revenue", subject)


def expense(subject: str) -> LedgerAccount:
    """What the school itself spent under one subject."""
    return _ref("expense", subject)


def discount(template: str) -> LedgerAccount:
    """What a discount template gave away."""
    return _ref("discount", template)


def _ref(kind: str, key: str) -> LedgerAccount:
    ref = f"{kind}:{key}"
    if not is_ledger_account(ref):
        raise UnbalancedError(f"{ref!r} is not the name of a ledger account")
    return LedgerAccount(ref)


def is_ledger_account(ref: str) -> bool:
    """Whether this is one of the names of billing rules §15."""
    found = _REF.fullmatch(ref)
    return ref in _NAMED or (found is not None and found[1] in _KEYED)


def transfer(debit: LedgerAccount, credit: LedgerAccount, amount_fen: int) -> Lines:
    """One debit, one credit; no lines for 0 fen.

    Raises:
        UnbalancedError: a negative amount; the other direction is said by the accounts' places.
    """
    if amount_fen < 0:
        raise UnbalancedError(f"{amount_fen} fen from {credit} to {debit}: an amount cannot be negative")
    if amount_fen == 0:
        return ()
    return (PostingLine(debit, Fen(amount_fen)), PostingLine(credit, Fen(-amount_fen)))


def counter_purchase(shift: str, subscription_id: int, amount_fen: int) -> Lines:
    """Cash at the counter straight for a plan."""
    return transfer(cash(shift), deferred(subscription_id), amount_fen)


def counter_recharge(shift: str, account_id: int, amount_fen: int) -> Lines:
    """Cash at the counter into the wallet."""
    return transfer(cash(shift), wallet(account_id), amount_fen)


def wallet_purchase(account_id: int, subscription_id: int, amount_fen: int) -> Lines:
    """A plan paid from the wallet; that it suffices is for the transaction to hold."""
    return transfer(wallet(account_id), deferred(subscription_id), amount_fen)


def provider_purchase(provider: str, merchant: str, subscription_id: int, amount_fen: int) -> Lines:
    """A plan paid through WeChat Pay or Alipay."""
    return transfer(clearing(provider, merchant), deferred(subscription_id), amount_fen)


def gift(account_id: int, amount_fen: int) -> Lines:
    """Gift money, such as comes with a recharge (充100送20)."""
    return transfer(PROMO, bonus(account_id), amount_fen)


def forfeit(account_id: int, amount_fen: int) -> Lines:
    """Gift money taken back: the principal that brought it was paid out."""
    return transfer(bonus(account_id), PROMO, amount_fen)


def principal_first(principal_fen: int, bonus_fen: int, amount_fen: int) -> tuple[Fen, Fen]:
    """How a wallet pays an amount: principal first, then gifts, and what neither covers from the principal again.

    The last is for wallets with a credit limit; that the limit holds is for the caller. Nothing is taken of a principal
    that is below zero while gifts last.
    """
    from_principal = max(0, min(principal_fen, amount_fen))
    from_bonus = max(0, min(bonus_fen, amount_fen - from_principal))
    return Fen(amount_fen - from_bonus), Fen(from_bonus)


def debits(*parts: tuple[LedgerAccount, int]) -> Lines:
    """Lines that debit each account with its amount, those over 0 fen left out."""
    return tuple(PostingLine(account, Fen(amount)) for account, amount in parts if amount)


def paid_with(debits: Iterable[PostingLine], credit: LedgerAccount) -> Lines:
    """The lines of a payment that comes from one or several ledger accounts: they are debited, one is credited.

    Raises:
        UnbalancedError: one of them is not debited.
    """
    lines = tuple(line for line in debits if line.amount_fen)
    if any(line.amount_fen < 0 for line in lines):
        raise UnbalancedError("what pays is debited")
    total = sum(line.amount_fen for line in lines)
    return (*lines, PostingLine(credit, Fen(-total))) if total else ()


def opening_balance(account_id: int, amount_fen: int) -> Lines:
    """A balance brought in by a site file or an import."""
    return transfer(OPENING, wallet(account_id), amount_fen)


def grant(account_ref: LedgerAccount, subscription_id: int, amount_fen: int = 0) -> Lines:
    """A plan given away: nothing to post over 0 fen; a value that somebody bears is debited there."""
    return transfer(account_ref, deferred(subscription_id), amount_fen)


def refund_unused(subscription_id: int, account_id: int, amount_fen: int, bonus_fen: int = 0) -> Lines:
    """The unused value of a subscription into the wallet, its gift share back to the gifts; `unused` computes it."""
    source = deferred(subscription_id)
    return (
        *transfer(source, wallet(account_id), amount_fen),
        *transfer(source, bonus(account_id), bonus_fen),
    )


def cash_refund(shift: str, account_id: int, amount_fen: int) -> Lines:
    """Money of the wallet paid out at the counter."""
    return transfer(wallet(account_id), cash(shift), amount_fen)


def earned(price_fen: int, day: int, days: int) -> Fen:
    """What of a price is earned when so many days of so many are over: straight, rounded down (billing rules §20).

    It never falls from day to day and ends at the price exactly (P9).
    """
    if not 0 <= day <= days or days < 1 or price_fen < 0:
        raise ValueError(f"day {day} of {days} at {price_fen} fen earns nothing that can be said")
    return Fen(floor(price_fen * day, days))


def day_earned(subscription_id: int, subject: str, price_fen: int, day: int, days: int) -> Lines:
    """The earning of one day, the first being day 1: the cumulative figures' difference, so no fen is lost."""
    amount = earned(price_fen, day, days) - earned(price_fen, day - 1, days)
    return transfer(deferred(subscription_id), revenue(subject), amount)


def unused(paid_principal_fen: int, remaining: int, total: int) -> Fen:
    """Unused value by days, seconds or octets, rounded down; of a bonus nothing is paid out (billing rules §9)."""
    if not 0 <= remaining <= total or total < 1 or paid_principal_fen < 0:
        raise ValueError(
            f"{remaining} of {total} at {paid_principal_fen} fen leaves nothing that can be said"
        )
    return Fen(floor(paid_principal_fen * remaining, total))


def reversal(lines: Iterable[PostingLine]) -> Lines:
    """红冲: the same lines negated; the posting names the original in `reversal_of`, which is UNIQUE."""
    return tuple(PostingLine(line.account_ref, Fen(-line.amount_fen)) for line in lines)


def check(lines: Iterable[PostingLine]) -> Lines:
    """The lines, if they may be posted.

    Raises:
        UnbalancedError: fewer than two lines, a line over 0 fen, an unknown account, or a sum that is not zero.
    """
    checked = tuple(lines)
    if len(checked) < 2:
        raise UnbalancedError("a posting has at least two lines")
    for line in checked:
        if type(line.amount_fen) is not int or line.amount_fen == 0:
            raise UnbalancedError(f"{line.account_ref} over {line.amount_fen!r}: a line moves whole fen")
        if not is_ledger_account(line.account_ref):
            raise UnbalancedError(f"{line.account_ref!r} is not the name of a ledger account")
    if total := sum(line.amount_fen for line in checked):
        raise UnbalancedError(f"debits and credits differ by {total} fen")
    return checked
