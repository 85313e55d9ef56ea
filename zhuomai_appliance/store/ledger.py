"""The double-entry ledger: postings are added, never changed; balances are sums kept beside them."""

from __future__ import annotations

from collections.abc import Sequence

from zhuomai_appliance.model.commerce import PostingId, PostingKind, PostingLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import shifts
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("ledger")


def post(
    tx: Transaction,
    *,
    project_id: ProjectId,
    kind: PostingKind,
    effect: str,
    order_no: str | None,
    operator: str,
    at: int,
    memo: str,
    lines: Sequence[PostingLine],
    reversal_of: PostingId | None = None,
) -> PostingId | None:
    """Add a posting of ``lines`` (checked by billing.ledger) and move the balances.

    ``effect`` names what the posting is the effect of and is used once: a second call posts nothing and returns
    None (rule 5; `posting_of` finds the first). Cash opens the shift of its till, if it has none.

    Raises:
        ShiftClosed: cash for a till that was counted already.
    """
    row = tx.one(
        _Q.insert_posting,
        project_id=project_id,
        kind=kind.value,
        effect=effect,
        order_no=order_no,
        operator=operator,
        at=at,
        reversal_of=reversal_of,
        memo=memo,
    )
    if row is None:
        return None
    posting_id = PostingId(row[0])
    for line in lines:
        if line.account_ref.startswith(shifts.CASH):
            shifts.use_till(tx, project_id, line.account_ref, operator, at)
        tx.run(
            _Q.insert_line,
            project_id=project_id,
            posting_id=posting_id,
            ledger_account=line.account_ref,
            amount_fen=line.amount_fen,
        )
        tx.run(
            _Q.move_balance,
            project_id=project_id,
            ledger_account=line.account_ref,
            amount_fen=line.amount_fen,
        )
    return posting_id


def posting_of(reader: Reader, project_id: ProjectId, effect: str) -> PostingId | None:
    """The posting that an effect made, None when it made none yet."""
    found: int | None = reader.value(_Q.posting_by_effect, project_id=project_id, effect=effect)
    return None if found is None else PostingId(found)


def lines_of(reader: Reader, posting_id: PostingId) -> list[PostingLine]:
    """The lines of a posting, in their order."""
    return [PostingLine(ref, Fen(amount)) for ref, amount in reader.all(_Q.lines_of, posting_id=posting_id)]


def balance(reader: Reader, project_id: ProjectId, account_ref: str) -> Fen:
    """Sum of a ledger account, debit positive: a wallet with money in it is negative (we owe it)."""
    return Fen(reader.value(_Q.balance, project_id=project_id, ledger_account=account_ref) or 0)
