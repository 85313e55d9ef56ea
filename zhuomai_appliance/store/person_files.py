"""What the desk keeps about a person beside the account: notes, tags, names, devices that were taken off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, normal_name
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("person_files")

SHOWN: Final = 200
"""The newest so many of a list are shown; nobody has more."""


class Note(NamedTuple):
    """What somebody wrote about a person."""

    id: int
    text: str
    at: int
    by: str


class Unbinding(NamedTuple):
    """A device taken off; ``by_user`` counts against the monthly allowance."""

    mac: str
    by_user: bool
    at: int
    by: str
    reason: str


def add_note(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, text: str, by: str, at: int
) -> int:
    """Keep a note; its id."""
    return tx.insert(_Q.add_note, project_id=project_id, account_id=account_id, text=text, by=by, at=at)


def remove_note(tx: Transaction, project_id: ProjectId, account_id: AccountId, note_id: int, at: int) -> bool:
    """Take a note out of sight; it stays in the books. False when it is not there."""
    return tx.run(_Q.remove_note, project_id=project_id, account_id=account_id, id=note_id, at=at) == 1


def notes(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[Note]:
    """The notes about a person, the newest first."""
    found = reader.all(_Q.notes, project_id=project_id, account_id=account_id, limit=SHOWN)
    return [Note(*row) for row in found]


def tags(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[str]:
    """The tags of a person by alphabet."""
    return [tag for (tag,) in reader.all(_Q.tags, project_id=project_id, account_id=account_id)]


def put_tags(tx: Transaction, project_id: ProjectId, account_id: AccountId, wanted: Iterable[str]) -> None:
    """Give a person these tags and no other."""
    tx.run(_Q.drop_tags, project_id=project_id, account_id=account_id)
    for tag in wanted:
        tx.run(_Q.add_tag, project_id=project_id, account_id=account_id, tag=tag)


def drop_name(tx: Transaction, project_id: ProjectId, account_id: AccountId, name: str, kind: str) -> bool:
    """Take a login name of a kind away; False when the account has none such."""
    value = normal_name(name)
    return tx.run(_Q.drop_name, project_id=project_id, account_id=account_id, value=value, kind=kind) == 1


def owner_of_name(reader: Reader, project_id: ProjectId, name: str) -> str | None:
    """The user name of whoever logs in by this name."""
    owner: str | None = reader.value(_Q.owner_of_name, project_id=project_id, value=normal_name(name))
    return owner


def add_unbinding(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    mac: str,
    *,
    by_user: bool,
    by: str,
    reason: str,
    at: int,
) -> None:
    """Remember that a device was taken off."""
    tx.run(
        _Q.add_unbinding,
        project_id=project_id,
        account_id=account_id,
        mac=mac,
        by_user=int(by_user),
        by=by,
        reason=reason,
        at=at,
    )


def own_unbindings(
    reader: Reader, project_id: ProjectId, account_id: AccountId, from_at: int, to_at: int
) -> int:
    """How many devices a person took off himself in [from_at, to_at)."""
    return int(
        reader.value(
            _Q.own_unbindings, project_id=project_id, account_id=account_id, from_at=from_at, to_at=to_at
        )
    )


def unbindings(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[Unbinding]:
    """The devices that were taken off, the newest first."""
    found = reader.all(_Q.unbindings, project_id=project_id, account_id=account_id, limit=SHOWN)
    return [Unbinding(mac, bool(own), at, by, reason) for mac, own, at, by, reason in found]


def verified(reader: Reader, project_id: ProjectId, account_id: AccountId) -> tuple[int | None, str]:
    """When somebody saw the person's identity card, and who; None: nobody did."""
    row = reader.one(_Q.verified, project_id=project_id, account_id=account_id)
    return (None, "") if row is None else (row[0], row[1])


def set_verified(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, at: int | None, by: str
) -> None:
    """Note that somebody saw the identity card, or None: that it has to be seen again."""
    tx.run(_Q.set_verified, project_id=project_id, account_id=account_id, at=at, by=by)
