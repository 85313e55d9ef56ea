"""The wallet of an account: paying from it, filling it, paying it out; principal and gift money kept apart (§15).

A purchase takes the principal first, then the gifts. Principal that is paid out takes the gifts with it that came with
its recharge, else somebody could have them in cash.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.ledger import LedgerAccount
from zhuomai_appliance.model.commerce import PostingId, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import ledger, meters, orders
from zhuomai_appliance.store.interface import Reader, Transaction


class NotEnoughMoney(Exception):
    """The wallet holds less than the price; nothing was done."""

    def __init__(self, missing_fen: int) -> None:
        super().__init__(f"{missing_fen} fen are missing")
        self.missing_fen = missing_fen


@dataclass(frozen=True, slots=True)
class Held:
    """What a wallet holds: principal, and gifts that are never paid out. The principal is below zero on credit."""

    principal_fen: Fen
    bonus_fen: Fen

    @property
    def total_fen(self) -> Fen:
        """What may be spent without credit."""
        return Fen(self.principal_fen + self.bonus_fen)


@dataclass(frozen=True, slots=True)
class Paid:
    """How an amount was paid, and the posting that says so; None for an amount of 0."""

    principal_fen: Fen
    bonus_fen: Fen
    posting_id: PostingId | None = None


@dataclass(frozen=True, slots=True)
class PaidOut:
    """What left a wallet: principal that went out, and the gifts that were forfeited with it."""

    principal_fen: Fen
    forfeited_fen: Fen
    posting_id: PostingId | None = None


def held(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Held:
    """What an account has to spend: what the ledger owes it, less what its use cost and is not posted yet."""
    have = booked(reader, project_id, account_id)
    pending = meters.pending_fen(reader, project_id, account_id)
    if not pending:
        return have
    used = rules.principal_first(have.principal_fen, have.bonus_fen, pending)
    return Held(Fen(have.principal_fen - used[0]), Fen(have.bonus_fen - used[1]))


def booked(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Held:
    """What the ledger owes an account, so the signs turn."""
    return Held(
        Fen(-ledger.balance(reader, project_id, rules.wallet(account_id))),
        Fen(-ledger.balance(reader, project_id, rules.bonus(account_id))),
    )


def wallet_fen(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Fen:
    """The principal that an account has in its wallet, less what its use cost and is not posted yet."""
    return held(reader, project_id, account_id).principal_fen


def payment(
    reader: Reader, project_id: ProjectId, account_id: AccountId, amount_fen: int, credit_fen: int = 0
) -> Paid:
    """How this wallet would pay an amount now, without paying it.

    Args:
        credit_fen: how far below zero the principal may fall (E21).

    Raises:
        NotEnoughMoney: it holds less.
    """
    have = held(reader, project_id, account_id)
    missing = amount_fen - have.total_fen - credit_fen
    if missing > 0:
        raise NotEnoughMoney(missing)
    return Paid(*rules.principal_first(have.principal_fen, have.bonus_fen, amount_fen))


def pay_from_wallet(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    amount_fen: int,
    credit_ref: LedgerAccount,
    *,
    effect: str,
    operator: str,
    at: int,
    kind: PostingKind = PostingKind.SALE,
    order_no: str | None = None,
    memo: str = "",
    credit_fen: int = 0,
) -> Paid:
    """Pay from a wallet into a ledger account, principal first, then gifts, in one posting.

    Args:
        effect: what the posting is the effect of; a second call with it posts nothing and tells what the first took.
        credit_ref: where it goes: deferred income, an income subject.
        credit_fen: how far below zero the principal may fall (E21).

    Raises:
        NotEnoughMoney: the wallet holds less; nothing was done.
    """
    earlier = ledger.posting_of(tx, project_id, effect)
    if earlier is not None:
        taken = {line.account_ref: line.amount_fen for line in ledger.lines_of(tx, earlier)}
        return Paid(
            taken.get(rules.wallet(account_id), Fen(0)), taken.get(rules.bonus(account_id), Fen(0)), earlier
        )
    how = payment(tx, project_id, account_id, amount_fen, credit_fen)
    if amount_fen == 0:
        return how
    posting_id = ledger.post(
        tx,
        project_id=project_id,
        kind=kind,
        effect=effect,
        order_no=order_no,
        operator=operator,
        at=at,
        memo=memo,
        lines=rules.check(rules.paid_with(debits(account_id, how), credit_ref)),
    )
    return Paid(how.principal_fen, how.bonus_fen, posting_id)


def debits(account_id: AccountId, how: Paid) -> rules.Lines:
    """The lines that take a payment out of a wallet."""
    return rules.debits(
        (rules.wallet(account_id), how.principal_fen), (rules.bonus(account_id), how.bonus_fen)
    )


def preview_pay_out(reader: Reader, project_id: ProjectId, account_id: AccountId, amount_fen: int) -> PaidOut:
    """What paying out so much principal would take with it.

    Raises:
        NotEnoughMoney: the principal is less; gifts are never paid out.
    """
    have = held(reader, project_id, account_id)
    if have.principal_fen < amount_fen:
        raise NotEnoughMoney(amount_fen - have.principal_fen)
    lost = sum(bonus for _, _, bonus in recharges_touched(reader, project_id, account_id, amount_fen))
    return PaidOut(Fen(amount_fen), Fen(min(lost, have.bonus_fen)))


def pay_out(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    amount_fen: int,
    credit_ref: LedgerAccount,
    *,
    effect: str,
    operator: str,
    at: int,
    order_no: str | None = None,
    memo: str = "",
) -> PaidOut:
    """Pay principal out of a wallet: at the counter, by the bank, through the channel it came by.

    It is taken from the newest recharges first, as what was spent was the oldest money; a recharge from which anything
    is paid out loses its gift, as far as that is still there (§15). The recharges' orders keep what of them went back.

    Args:
        credit_ref: the till, the bank, or a provider's clearing account.
        effect: used once; a second call posts nothing and tells what the first did.

    Raises:
        NotEnoughMoney: the principal is less; nothing was done.
        ValueError: nothing, or less, is to be paid out.
    """
    if amount_fen <= 0:
        raise ValueError("an amount above 0 is needed")
    earlier = ledger.posting_of(tx, project_id, effect)
    if earlier is not None:
        taken = {line.account_ref: line.amount_fen for line in ledger.lines_of(tx, earlier)}
        return PaidOut(taken[rules.wallet(account_id)], taken.get(rules.bonus(account_id), Fen(0)), earlier)
    what = preview_pay_out(tx, project_id, account_id, amount_fen)
    for order_no_of, part_fen, _ in recharges_touched(tx, project_id, account_id, amount_fen):
        orders.add_refunded(tx, order_no_of, Fen(part_fen))
    posting_id = ledger.post(
        tx,
        project_id=project_id,
        kind=PostingKind.CASH_OUT,
        effect=effect,
        order_no=order_no,
        operator=operator,
        at=at,
        memo=memo,
        lines=rules.check(
            (
                *rules.transfer(rules.wallet(account_id), credit_ref, what.principal_fen),
                *rules.forfeit(account_id, what.forfeited_fen),
            )
        ),
    )
    return PaidOut(what.principal_fen, what.forfeited_fen, posting_id)


def recharges_touched(
    reader: Reader, project_id: ProjectId, account_id: AccountId, amount_fen: int
) -> list[tuple[str, int, int]]:
    """Order number, part of the amount, and gift to lose, of the recharges that a pay-out comes from."""
    touched = []
    rest = amount_fen
    for order in orders.recharges_of(reader, project_id, account_id):
        if rest <= 0:
            break
        part = min(rest, order.amount_fen - order.refunded_fen)
        # One that lost its gift before loses no other's
        touched.append((order.order_no, part, order.bonus_fen if order.refunded_fen == 0 else 0))
        rest -= part
    return touched


def open_balance(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, amount_fen: Fen, operator: str, at: int
) -> None:
    """Bring in a balance from before (site file, import): debit `opening`, credit the wallet, once per account."""
    if amount_fen > 0:
        ledger.post(
            tx,
            project_id=project_id,
            kind=PostingKind.OPENING,
            effect=f"account:{account_id}:opening",
            order_no=None,
            operator=operator,
            at=at,
            memo="",
            lines=rules.check(rules.opening_balance(account_id, amount_fen)),
        )
