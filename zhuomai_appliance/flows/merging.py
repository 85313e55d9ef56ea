"""Merging two accounts of one person (features F20): money by a posting, names as aliases, the history under both numbers.

What the account that is given up still owns is first used up, or cancelled into its wallet: a purchase belongs to whoever
bought it, in every book. Its sessions, postings and orders stay where they are and are found through the account kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.flows import chains, closing, effects, metering, wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.revival import money_came
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Account, AccountId
from zhuomai_appliance.store import accounts, journal, ledger, merging
from zhuomai_appliance.store import closing as closing_rows
from zhuomai_appliance.store.interface import Reader, Transaction

__all__ = ["MergePreview", "PreviewIsOld", "merge", "preview"]


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would move: principal, gifts, and the names; ``lines`` are its one posting."""

    kept: AccountId
    given_up: AccountId
    principal_fen: Fen
    bonus_fen: Fen
    names: tuple[str, ...]
    lines: Lines


def preview(reader: Reader, project: Project, kept: AccountId, given_up: AccountId, now: int) -> MergePreview:
    """What `merge` would do now.

    Raises:
        LookupError: one of the two is not there.
        Refused: they are the same or closed, the one given up owns or owes something, or pays for others.
    """
    if kept == given_up:
        raise Refused("same_account", "an account cannot be merged into itself")
    _open_account(reader, project, kept)
    _open_account(reader, project, given_up)
    if chain_rules.at(chains.read(reader, given_up, project.zone), now).segments:
        raise Refused("owns", "it owns plans that have not ended: cancel them into its wallet first")
    if merging.pays_for_others(reader, project.id, given_up):
        raise Refused("department", "it pays for a department: give that another wallet first")
    closing.check_refunds(reader, project, given_up)
    held = wallets.held(reader, project.id, given_up)
    if held.principal_fen < 0:
        raise Refused(
            "debt", f"{-held.principal_fen} fen are owed: take them first", missing_fen=-held.principal_fen
        )
    names = tuple(value for value, _ in accounts.identifiers(reader, project.id, given_up))
    lines = (
        *rules.transfer(rules.wallet(given_up), rules.wallet(kept), held.principal_fen),
        *rules.transfer(rules.bonus(given_up), rules.bonus(kept), held.bonus_fen),
    )
    return MergePreview(kept, given_up, held.principal_fen, held.bonus_fen, names, lines)


def _open_account(reader: Reader, project: Project, account_id: AccountId) -> Account:
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {account_id} is not there")
    if login.account.closed_at is not None:
        raise Refused("account_closed", f"{login.account.username} is closed")
    return login.account


def merge(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    kept: AccountId,
    given_up: AccountId,
    *,
    reason: str,
    expected: MergePreview | None = None,
) -> MergePreview:
    """Merge two accounts: it happens once, for the one given up is closed with it.

    Raises:
        LookupError, Refused: as `preview`.
        PreviewIsOld: it is not what ``expected`` showed any more; nothing was done.
    """
    metering.post_use(tx, project.id, given_up, now)
    seen = preview(tx, project, kept, given_up, now)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    if seen.lines:
        ledger.post(
            tx, project_id=project.id, kind=PostingKind.CORRECTION, effect=f"account:{given_up}:merge", order_no=None,
            operator=actor.name, at=now, memo=reason, lines=rules.check(seen.lines),
        )  # fmt: skip
    before = _open_account(tx, project, given_up)
    merging.move(tx, project.id, given_up, kept)
    closing_rows.close(tx, project.id, given_up, now, reason, None)
    effects.end_sessions_of(tx, given_up, project.id, "not_allowed", now, again=True)
    if seen.principal_fen or seen.bonus_fen:
        money_came(tx, project.id, kept, Zone(project.zone), now)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="account.merge",
        object_kind="account", object_id=before.username,
        after={"into": kept, "principal_fen": seen.principal_fen, "bonus_fen": seen.bonus_fen, "reason": reason},
    )  # fmt: skip
    return seen
