"""Setting budgets: what a month is to bring in or to cost under a subject (features L09)."""

from __future__ import annotations

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.store import journal, report_books
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.report_books import Budget


def set_budget(tx: Transaction, actor: Actor, now: int, wanted: Budget) -> bool:
    """Set one budget, 0 fen takes it away; whether anything changed, which is then in the audit."""
    before = next(
        (
            one.amount_fen
            for one in report_books.budgets(tx, (wanted.project_id,), wanted.month, wanted.month)
            if (one.side, one.subject) == (wanted.side, wanted.subject)
        ),
        0,
    )
    if before == wanted.amount_fen:
        return False
    report_books.put_budget(tx, wanted)
    journal.audit(
        tx,
        at=now,
        project_id=wanted.project_id,
        actor=actor.name,
        address=actor.address,
        action="budget.set",
        object_kind="budget",
        object_id=f"{wanted.month} {wanted.side} {wanted.subject}",
        before={"amount_fen": before},
        after={"amount_fen": wanted.amount_fen},
    )
    return True
