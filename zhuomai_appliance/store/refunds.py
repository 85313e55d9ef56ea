"""Refunds in the books: the queue, its history, and the sealed bank accounts of payees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.model.refunds import (
    BankAccount,
    Destination,
    Refund,
    RefundId,
    RefundState,
    RefundStep,
)
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load
from zhuomai_appliance.store.vault import Vault

_Q = load("refunds")


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What is asked for."""

    project_id: ProjectId
    account_id: AccountId
    payee_id: AccountId
    subscription_id: SubscriptionId | None
    order_no: str | None
    destination: Destination
    amount_fen: Fen
    forfeited_fen: Fen
    formula: str
    reason: str
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class RefundFilter:
    """Which refunds, by the time they were requested in [from_at, to_at)."""

    id: int | None = None
    account_id: AccountId | None = None
    subscription_id: SubscriptionId | None = None
    state: RefundState | None = None
    destination: Destination | None = None
    batch_id: int | None = None
    list_no: int | None = None
    from_at: int | None = None
    to_at: int | None = None


def add(
    tx: Transaction, vault: Vault, new: NewRefund, bank: BankAccount | None, operator: str, at: int
) -> RefundId:
    """Add a request with its first step."""
    refund_id = RefundId(
        tx.insert(
            _Q.insert_refund,
            project_id=new.project_id,
            account_id=new.account_id,
            payee_id=new.payee_id,
            subscription_id=new.subscription_id,
            order_no=new.order_no,
            destination=new.destination.value,
            amount_fen=new.amount_fen,
            forfeited_fen=new.forfeited_fen,
            formula=new.formula,
            reason=new.reason,
            batch_id=new.batch_id,
            requested_by=operator,
            at=at,
        )
    )
    if bank is not None:
        text = json.dumps(asdict(bank), ensure_ascii=False).encode()
        sealed = vault.seal(text, _bank_context(new.project_id, refund_id))
        tx.run(_Q.set_bank, project_id=new.project_id, id=refund_id, bank_sealed=sealed)
    _add_step(tx, new.project_id, refund_id, RefundState.REQUESTED, at, operator, new.reason)
    return refund_id


def _bank_context(project_id: ProjectId, refund_id: RefundId) -> bytes:
    return b"refund:%d:%d:bank" % (project_id, refund_id)


def bank_account(
    reader: Reader, vault: Vault, project_id: ProjectId, refund_id: RefundId
) -> BankAccount | None:
    """Where a transfer goes; whoever reads it has audited why."""
    sealed: bytes | None = reader.value(_Q.bank, project_id=project_id, id=refund_id)
    if sealed is None:
        return None
    return BankAccount(**json.loads(vault.open(sealed, _bank_context(project_id, refund_id))))


def _add_step(
    tx: Transaction,
    project_id: ProjectId,
    refund_id: RefundId,
    state: RefundState,
    at: int,
    operator: str,
    memo: str,
) -> None:
    tx.run(
        _Q.insert_step,
        project_id=project_id,
        refund_id=refund_id,
        state=state.value,
        at=at,
        operator=operator,
        memo=memo,
    )


def put(tx: Transaction, before: Refund, after: Refund, at: int, operator: str, memo: str) -> None:
    """Bring a refund into its next state; its history grows.

    Raises:
        LookupError: it is not in the state any more in which it was read.
    """
    moved = tx.run(
        _Q.move_refund,
        project_id=after.project_id,
        id=after.id,
        before=before.state.value,
        state=after.state.value,
        is_held=int(after.is_held),
        amount_fen=after.amount_fen,
        forfeited_fen=after.forfeited_fen,
        formula=after.formula,
        decided_by=after.decided_by,
        decided_at=after.decided_at,
        finished_at=after.finished_at,
        failure=after.failure,
        list_no=after.list_no,
    )
    if moved != 1:
        raise LookupError(f"refund {after.id} is not {before.state} any more")
    _add_step(tx, after.project_id, after.id, after.state, at, operator, memo)


def _refund(row: Row) -> Refund:
    return Refund(
        id=RefundId(row[0]),
        project_id=ProjectId(row[1]),
        account_id=AccountId(row[2]),
        payee_id=AccountId(row[3]),
        subscription_id=row[4],
        order_no=row[5],
        destination=Destination(row[6]),
        amount_fen=Fen(row[7]),
        forfeited_fen=Fen(row[8]),
        formula=row[9],
        state=RefundState(row[10]),
        is_held=bool(row[11]),
        reason=row[12],
        has_bank=bool(row[13]),
        batch_id=row[14],
        list_no=row[15],
        requested_by=row[16],
        requested_at=row[17],
        decided_by=row[18],
        decided_at=row[19],
        finished_at=row[20],
        failure=row[21],
        username=row[22] or "",
    )


def refunds(reader: Reader, projects: Sequence[ProjectId], chosen: RefundFilter, page: Page) -> list[Refund]:
    """Refunds of these projects (none: of all); the key is the id."""
    found = rows(
        reader,
        _Q.refunds,
        project_ids(reader, projects),
        id=chosen.id,
        account_id=chosen.account_id,
        subscription_id=chosen.subscription_id,
        state=chosen.state and chosen.state.value,
        destination=chosen.destination and chosen.destination.value,
        batch_id=chosen.batch_id,
        list_no=chosen.list_no,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        **page.conditions(),
    )
    return [_refund(row) for row in found]


def refund(reader: Reader, project_id: ProjectId, refund_id: RefundId) -> Refund | None:
    """One refund."""
    found = refunds(reader, (project_id,), RefundFilter(id=refund_id), Page(limit=1))
    return found[0] if found else None


def steps(reader: Reader, project_id: ProjectId, refund_id: RefundId) -> list[RefundStep]:
    """The states that a refund came into, the first one first."""
    return [
        RefundStep(RefundState(state), at, operator, memo)
        for state, at, operator, memo in reader.all(_Q.steps, project_id=project_id, refund_id=refund_id)
    ]


def next_list_no(reader: Reader, project_id: ProjectId) -> int:
    """The number of the next list for the bank."""
    found: int = reader.value(_Q.next_list_no, project_id=project_id)
    return found


def put_on_list(tx: Transaction, project_id: ProjectId, list_no: int) -> int:
    """Put all approved transfers that stand on no list on this one; how many."""
    return tx.run(_Q.put_on_list, project_id=project_id, list_no=list_no)


def counted(reader: Reader) -> tuple[int, int]:
    """How many refunds there are, and how much was paid."""
    count, paid = reader.one(_Q.refunds_counted) or (0, 0)
    return count, paid


def faults(reader: Reader) -> Iterator[str]:
    """A sentence for each thing about refunds that is wrong."""
    for refund_id, amount, held, is_held in reader.all(_Q.wrong_holds):
        wanted = amount if is_held else 0
        yield f"clearing:refund:{refund_id} holds {held} fen; the refund says {wanted}"
    for project, account, balance in reader.all(_Q.stray_holds):
        yield f"{account} of project {project} holds {-balance} fen and belongs to no refund"
    for refund_id, state, step in reader.all(_Q.wrong_states):
        yield f"refund {refund_id} is {state}; its history ends with {step}"
    for refund_id, _state, amount, out in reader.all(_Q.unpaid):
        if out != amount:
            yield f"refund {refund_id} over {amount} fen is paid; {out} fen left the wallet for it"
