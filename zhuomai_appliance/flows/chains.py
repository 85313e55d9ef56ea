"""Moving an account's chain in the books: the snapshot that authorisation reads and the subscription rows with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zhuomai_appliance.model import entitlement as rules
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import accounts, orders
from zhuomai_appliance.store.interface import Reader, Transaction


def read(reader: Reader, account_id: AccountId, zone_name: str) -> Entitlement:
    """The chain of an account; an empty one when it never owned anything."""
    text = accounts.chain_of(reader, account_id)
    return Entitlement(account_id, zone_name) if text is None else rules.load(text)


def put(tx: Transaction, before: Entitlement, after: Entitlement, project_id: ProjectId) -> None:
    """Store a changed chain and the subscription rows that changed with it; an unchanged one costs nothing."""
    put_all(tx, ((before, after, project_id),))


def put_all(tx: Transaction, moves: Iterable[tuple[Entitlement, Entitlement, ProjectId]]) -> None:
    """Store the changed ones of some chains, each an account's chain before and after, and its project."""
    changes: list[rules.SegmentChange] = []
    rows: list[accounts.StoredChain] = []
    for before, after, project_id in moves:
        if after is before or (after == before and not after.ended):
            continue
        changes += rules.changes(before, after)
        rows.append(
            accounts.StoredChain(
                after.account_id,
                project_id,
                rules.dump(rules.stored(after)),
                rules.owned_until(after),
                rules.next_change_at(after),
            )
        )
    if rows:
        orders.apply_changes(tx, changes)
        accounts.put_chains(tx, rows)


def move(
    tx: Transaction,
    account_id: AccountId,
    project_id: ProjectId,
    change: Callable[[Entitlement], Entitlement],
) -> None:
    """Read, change and store the chain of an account that owns something, in one transaction."""
    text = accounts.chain_of(tx, account_id)
    if text is not None:
        before = rules.load(text)
        put(tx, before, change(before), project_id)
