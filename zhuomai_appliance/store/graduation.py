"""Batches of people who leave, in the books: statements, bank accounts, and what became of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from zhuomai_appliance.model.graduation import (
    Graduation,
    GraduationId,
    GraduationState,
    RowState,
    Settlement,
    Statement,
)
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.refunds import BankAccount
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.reports_query import Page, flag, project_ids, rows
from zhuomai_appliance.store.sql import load
from zhuomai_appliance.store.vault import Vault

_Q = load("graduation")


def add(tx: Transaction, batch: Graduation) -> GraduationId:
    """Add a batch without statements yet; the id it has is given out here."""
    return GraduationId(
        tx.insert(
            _Q.insert_batch,
            project_id=batch.project_id,
            name=batch.name,
            cut_off_at=batch.cut_off_at,
            access_version_id=batch.access_version_id,
            stay_group_id=batch.stay_group_id,
            at=batch.created_at,
            created_by=batch.created_by,
        )
    )


def batches(
    reader: Reader,
    projects: Sequence[ProjectId],
    page: Page,
    *,
    batch_id: int | None = None,
    name: str | None = None,
) -> list[Graduation]:
    """Batches of these projects (none: of all); the key is the id."""
    found = rows(
        reader, _Q.batches, project_ids(reader, projects), id=batch_id, name=name, **page.conditions()
    )
    return [
        Graduation(
            GraduationId(row[0]), ProjectId(row[1]), row[2], row[3], row[4], row[5], GraduationState(row[6]), *row[7:]
        )
        for row in found
    ]  # fmt: skip


def batch(reader: Reader, project_id: ProjectId, batch_id: GraduationId) -> Graduation | None:
    """One batch."""
    found = batches(reader, (project_id,), Page(limit=1), batch_id=batch_id)
    return found[0] if found else None


def set_state(
    tx: Transaction, known: Graduation, state: GraduationState, approved_by: str = "", at: int | None = None
) -> bool:
    """Bring a batch on from the state in which it was read; false if another has."""
    moved = tx.run(
        _Q.set_state,
        project_id=known.project_id,
        id=known.id,
        before=known.state.value,
        state=state.value,
        approved_by=approved_by,
        approved_at=at,
    )
    return moved == 1


def members(
    reader: Reader, project_id: ProjectId, groups: Sequence[GroupId], after: int, limit: int
) -> list[AccountId]:
    """Open accounts of some groups after an id."""
    found = reader.all(
        _Q.members, project_id=project_id, groups=json.dumps(list(groups)), after=after, limit=limit
    )
    return [AccountId(row[0]) for row in found]


def put_row(tx: Transaction, row: Statement) -> bool:
    """Add a statement; false if the account has one in this batch."""
    added = tx.run(
        _Q.put_row,
        project_id=row.project_id,
        batch_id=row.batch_id,
        account_id=row.account_id,
        wallet_fen=row.wallet_fen,
        unused_fen=row.unused_fen,
        packs_fen=row.packs_fen,
        debt_fen=row.debt_fen,
        settlements=json.dumps([asdict(one) for one in row.settlements], ensure_ascii=False),
    )
    return added == 1


def _context(project_id: ProjectId, batch_id: GraduationId, account_id: AccountId) -> bytes:
    return b"graduation:%d:%d:%d:bank" % (project_id, batch_id, account_id)


def set_bank(
    tx: Transaction,
    vault: Vault,
    project_id: ProjectId,
    batch_id: GraduationId,
    account_id: AccountId,
    bank: BankAccount,
) -> bool:
    """Keep where somebody's money goes; false if there is no such statement, or it is done."""
    text = json.dumps(asdict(bank), ensure_ascii=False).encode()
    kept = tx.run(
        _Q.set_bank,
        project_id=project_id,
        batch_id=batch_id,
        account_id=account_id,
        bank_sealed=vault.seal(text, _context(project_id, batch_id, account_id)),
    )
    return kept == 1


def bank_account(
    reader: Reader, vault: Vault, project_id: ProjectId, batch_id: GraduationId, account_id: AccountId
) -> BankAccount | None:
    """Where somebody's money goes; None: nothing was said."""
    sealed: bytes | None = reader.value(
        _Q.bank, project_id=project_id, batch_id=batch_id, account_id=account_id
    )
    if sealed is None:
        return None
    return BankAccount(**json.loads(vault.open(sealed, _context(project_id, batch_id, account_id))))


def finish_row(
    tx: Transaction, row: Statement, state: RowState, at: int, failure: str = "", refund_id: int | None = None
) -> bool:
    """Say what became of a statement; false if it was done before."""
    ended = tx.run(
        _Q.finish_row,
        project_id=row.project_id,
        batch_id=row.batch_id,
        account_id=row.account_id,
        state=state.value,
        failure=failure,
        refund_id=refund_id,
        at=at,
    )
    return ended == 1


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which statements; ``is_open``: not done yet."""

    batch_id: int | None = None
    account_id: int | None = None
    state: RowState | None = None
    is_open: bool = False


def statements(
    reader: Reader, projects: Sequence[ProjectId], chosen: RowFilter, page: Page
) -> list[Statement]:
    """Statements of these projects (none: of all); the key is the account's id."""
    found = rows(
        reader,
        _Q.rows,
        project_ids(reader, projects),
        batch_id=chosen.batch_id,
        account_id=chosen.account_id,
        state=chosen.state and chosen.state.value,
        is_open=flag(chosen.is_open),
        **page.conditions(),
    )
    return [_statement(row) for row in found]


def _statement(row: Row) -> Statement:
    settlements = tuple(Settlement(**facts) for facts in json.loads(row[7]))
    return Statement(
        project_id=ProjectId(row[0]),
        batch_id=GraduationId(row[1]),
        account_id=AccountId(row[2]),
        wallet_fen=Fen(row[3]),
        unused_fen=Fen(row[4]),
        packs_fen=Fen(row[5]),
        debt_fen=Fen(row[6]),
        settlements=settlements,
        state=RowState(row[8]),
        failure=row[9],
        refund_id=row[10],
        done_at=row[11],
        has_bank=bool(row[12]),
    )


@dataclass(frozen=True, slots=True)
class Sums:
    """The statements of one state, added up."""

    state: RowState
    accounts: int
    wallet_fen: int
    unused_fen: int
    packs_fen: int
    debt_fen: int
    total_fen: int


def sums(reader: Reader, project_id: ProjectId, batch_id: GraduationId) -> list[Sums]:
    """The statements of a batch by their state."""
    found = reader.all(_Q.sums, project_id=project_id, batch_id=batch_id)
    return [Sums(RowState(row[0]), *row[1:]) for row in found]


def faults(reader: Reader) -> Iterator[str]:
    """A sentence for each refund of a batch that is not what its statement says."""
    for batch_id, account_id, refund_id, total, amount in reader.all(_Q.wrong_rows):
        yield f"account {account_id} of batch {batch_id} is stated {total} fen; refund {refund_id} is over {amount}"
