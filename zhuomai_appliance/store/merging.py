"""Two accounts of one person become one: the rows that move."""

from __future__ import annotations

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("merging")


def move(tx: Transaction, project_id: ProjectId, given_up: AccountId, kept: AccountId) -> None:
    """Give names, notes, tags and spending limit to the account that is kept, and say where the other went."""
    ids = {"project_id": project_id, "given_up": given_up, "kept": kept}
    for query in (_Q.move_names, _Q.move_notes, _Q.copy_tags, _Q.copy_limit, _Q.mark):
        tx.run(query, **ids)


def merged(reader: Reader, project_id: ProjectId, kept: AccountId) -> list[tuple[AccountId, str, int]]:
    """Accounts that were merged into one: id, user name and when."""
    found = reader.all(_Q.merged, project_id=project_id, kept=kept)
    return [(account_id, username, at) for account_id, username, at in found]


def pays_for_others(reader: Reader, project_id: ProjectId, account_id: AccountId) -> bool:
    """Whether an account is a department's wallet."""
    return bool(reader.value(_Q.pays_for_others, project_id=project_id, account_id=account_id))
