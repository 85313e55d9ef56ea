"""What the desk does about a person beside the account (features D14, F18, F19, aliases).

Reading notes and showing real-name data is logged, the latter with its purpose. A device that somebody takes off himself
counts against his group's monthly allowance, or his plan's where that says more or less; what an operator takes off beyond it
has a reason in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zhuomai_appliance.flows import chains, group_admin
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.moment import Zone, month_bounds
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Account, AccountId, is_printable_name
from zhuomai_appliance.model.plan_rules import SaleRules
from zhuomai_appliance.store import accounts, journal, orders, person_files, products
from zhuomai_appliance.store.accounts import PersonData
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.person_files import Note
from zhuomai_appliance.store.vault import Vault

KINDS: Final = ("alias", "student_no", "staff_no")
"""Kinds of login names that the desk gives; a phone number comes and goes with the person's data."""

MOST_TAGS: Final = 20


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many devices a person may take off himself in this calendar month; ``per_month`` None: as many as he likes."""

    may: bool
    per_month: int | None
    used: int

    @property
    def left(self) -> int | None:
        """How many more; None: as many as he likes."""
        if not self.may:
            return 0
        return None if self.per_month is None else max(self.per_month - self.used, 0)


def _open(reader: Reader, project: Project, account_id: AccountId) -> Account:
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {account_id} is not there")
    return login.account


def allowance(reader: Reader, project: Project, account_id: AccountId, now: int) -> Allowance:
    """What of unbinding is left: the plan in use says whether, and how often before his group does.

    Raises:
        LookupError: the account is not there.
    """
    account = _open(reader, project, account_id)
    sale = _sale_rules(reader, project, account_id, now)
    per_month = sale.unbinds_per_month
    if per_month is None and account.group_id is not None:
        groups = products.groups(reader, project.id)
        own = next(one for one in groups if one.id == account.group_id)
        per_month = group_admin.origins(groups, own)["unbinds_per_month"].value
    from_at, to_at = month_bounds(now, Zone(project.zone))
    used = person_files.own_unbindings(reader, project.id, account_id, from_at, to_at)
    return Allowance(sale.user_may_unbind, per_month, used)


def _sale_rules(reader: Reader, project: Project, account_id: AccountId, now: int) -> SaleRules:
    current = chain_rules.current(chain_rules.at(chains.read(reader, account_id, project.zone), now), now)
    if current is None:
        return SaleRules()
    owned = orders.subscriptions_of(reader, project.id, account_id)
    version_id = next(
        row.subscription.plan_version_id for row in owned if row.subscription.id == current.subscription_id
    )
    version = products.version(reader, project.id, version_id)
    return SaleRules() if version is None else version.terms.sale


def unbind(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    mac: str,
    *,
    reason: str = "",
    override: bool = False,
) -> None:
    """Take a device off: as the person himself, or with ``override`` and a reason beyond what he may.

    Raises:
        LookupError: the account is not there, or the device is not its.
        Refused: his plan lets him take none off, this month's are used up, or an override has no reason.
    """
    account = _open(tx, project, account_id)
    if override and not reason.strip():
        raise Refused("reason", "taking a device off beyond the allowance needs a reason")
    have = allowance(tx, project, account_id, now)
    if not override and not have.may:
        raise Refused("may_not_unbind", "the plan lets nobody take devices off himself")
    if not override and have.left == 0:
        raise Refused(
            "unbinds_used_up",
            f"{have.used} of {have.per_month} devices were taken off this month",
            per_month=have.per_month,
        )
    if not accounts.unbind_device(tx, project.id, account_id, mac):
        raise LookupError(f"{mac} is not bound to account {account_id}")
    person_files.add_unbinding(
        tx, project.id, account_id, mac, by_user=not override, by=actor.name, reason=reason, at=now
    )
    action = "device.unbind_override" if override else "device.unbind"
    _audit(tx, actor, now, project, action, account.username, {"mac": mac, "reason": reason})


# Names ------------------------------------------------------------------------------------------------------------------


def add_name(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, name: str, kind: str
) -> None:
    """Give an account one more name to log in with; having it already is no error.

    Raises:
        LookupError: the account is not there.
        Refused: it is closed, the name is unfit, or belongs to somebody, who is named.
    """
    account = _open(tx, project, account_id)
    if account.closed_at is not None:
        raise Refused("account_closed", "this account is closed: it changes no more")
    if kind not in KINDS:
        raise Refused("kind", f"kinds are {', '.join(KINDS)}; a phone number is the person's data")
    if not is_printable_name(name):
        raise Refused("value", "a name has 1 to 128 visible characters, no control characters")
    try:
        accounts.add_identifier(tx, project.id, account_id, name, kind)
    except accounts.NameTaken:
        owner = person_files.owner_of_name(tx, project.id, name)
        raise Refused(
            "name_taken", f'"{name}" is how {owner} logs in already', name=name, owner=owner
        ) from None
    _audit(tx, actor, now, project, "account.name_add", account.username, {"name": name, "kind": kind})


def drop_name(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, name: str, kind: str
) -> None:
    """Take a name away that the desk gave.

    Raises:
        LookupError: the account is not there, or has no such name of this kind.
        Refused: it is none that the desk gives.
    """
    account = _open(tx, project, account_id)
    if kind not in KINDS:
        raise Refused("kind", "the user name stays, and a phone number is the person's data")
    if not person_files.drop_name(tx, project.id, account_id, name, kind):
        raise LookupError(f"account {account_id} has no such name")
    _audit(tx, actor, now, project, "account.name_drop", account.username, {"name": name, "kind": kind})


# Notes and tags ---------------------------------------------------------------------------------------------------------


def add_note(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, text: str
) -> int:
    """Write a note about a person; its id. The log says that there is one, and not what it says.

    Raises:
        LookupError: the account is not there.
    """
    account = _open(tx, project, account_id)
    note_id = person_files.add_note(tx, project.id, account_id, text, actor.name, now)
    _audit(tx, actor, now, project, "account.note_add", account.username, {"note": note_id})
    return note_id


def remove_note(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, note_id: int
) -> None:
    """Take a note out of sight.

    Raises:
        LookupError: the account is not there, or it has no such note.
    """
    account = _open(tx, project, account_id)
    if not person_files.remove_note(tx, project.id, account_id, note_id, now):
        raise LookupError(f"account {account_id} has no note {note_id}")
    _audit(tx, actor, now, project, "account.note_remove", account.username, {"note": note_id})


def read_notes(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId
) -> list[Note]:
    """The notes about a person, the newest first; that they were read is logged.

    Raises:
        LookupError: the account is not there.
    """
    account = _open(tx, project, account_id)
    found = person_files.notes(tx, project.id, account_id)
    if found:
        _audit(tx, actor, now, project, "account.notes_read", account.username, {"notes": len(found)})
    return found


def put_tags(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, wanted: Sequence[str]
) -> list[str]:
    """Give a person these tags and no other.

    Raises:
        LookupError: the account is not there.
        Refused: there are too many, or one is empty.
    """
    account = _open(tx, project, account_id)
    fit = sorted({one.strip() for one in wanted})
    if len(fit) > MOST_TAGS or "" in fit:
        raise Refused("tags", f"a person has up to {MOST_TAGS} tags, none of them empty")
    before = person_files.tags(tx, project.id, account_id)
    if before != fit:
        person_files.put_tags(tx, project.id, account_id, fit)
        _audit(tx, actor, now, project, "account.tags", account.username, {"tags": fit}, {"tags": before})
    return fit


# Real names -------------------------------------------------------------------------------------------------------------


def reveal(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    purpose: str,
) -> PersonData:
    """The data of a person whole; who saw it, and what for, is logged before it is shown.

    Raises:
        LookupError: the account is not there.
        Refused: no purpose is named.
    """
    account = _open(tx, project, account_id)
    if not purpose.strip():
        raise Refused("purpose", "say what it is needed for")
    found = accounts.person_data(tx, vault, account_id)
    shown = [part for part in ("id_number", "phone", "email", "address") if getattr(found, part)]
    _audit(
        tx, actor, now, project, "account.person_data", account.username, {"purpose": purpose, "shown": shown}
    )
    return found


def set_verified(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, *, seen: bool
) -> None:
    """Note that the identity card was seen, or that it has to be seen again.

    Raises:
        LookupError: the account is not there.
    """
    account = _open(tx, project, account_id)
    person_files.set_verified(tx, project.id, account_id, now if seen else None, actor.name if seen else "")
    _audit(tx, actor, now, project, "account.verified", account.username, {"seen": seen})


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    username: str,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="account", object_id=username, before=before, after=after,
    )  # fmt: skip
