"""Rate templates as operators look after them; `store.products` has what logins need of them."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("rates")


class RateUsers(NamedTuple):
    """How many groups, accounts and access rules follow a rate."""

    groups: int
    accounts: int
    rules: int = 0


def rename(tx: Transaction, project_id: ProjectId, rate_id: int, name: str) -> None:
    """Give a rate another name, which must be unused."""
    tx.run(_Q.rename, project_id=project_id, id=rate_id, name=name)


def remove(tx: Transaction, project_id: ProjectId, rate_id: int) -> None:
    """Remove a rate that nobody refers to."""
    tx.run(_Q.remove, project_id=project_id, id=rate_id)


def users(reader: Reader, project_id: ProjectId) -> dict[int, RateUsers]:
    """How many follow each rate; a rate that nobody follows is not among them."""
    groups, accounts, rules = (
        {rate_id: count for rate_id, count in reader.all(query, project_id=project_id)}  # noqa: C416 - rows, typed
        for query in (_Q.groups_of, _Q.accounts_of, _Q.rules_of)
    )
    return {
        rate_id: RateUsers(groups.get(rate_id, 0), accounts.get(rate_id, 0), rules.get(rate_id, 0))
        for rate_id in {*groups, *accounts, *rules}
    }
