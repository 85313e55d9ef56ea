"""Many accounts by a rule (features F13): a prefix and a number or random digits; passwords by chance, given out once.

A batch is known by its name. Asked for again with the same rule it is the same batch, and what an interruption left out is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows.audited import auditor
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.site_changes import SiteChanges
from zhuomai_appliance.flows.site_model import Site, SiteAccount
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import is_printable_name
from zhuomai_appliance.store import account_batches as rows
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.account_batches import AccountBatch
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.vault import Vault

_audit = auditor("account_batch")

__all__ = ["MOST", "BatchRule", "create", "export", "passwords"]

MOST: Final = 20_000
AT_ONCE: Final = 10
"""Accounts of one commit: some fifteen milliseconds of the writer."""

PASSWORD_SIGNS: Final = 10
"""Of 32 signs that cannot be mistaken for one another: 50 bits."""

DRAWS: Final = 50
"""So often a random name is drawn anew that somebody has already; then there is little room for more."""


@dataclass(frozen=True, slots=True)
class BatchRule:
    """What to make: ``prefix`` and a number of ``digits`` digits, from ``first`` up; None: digits by chance.

    ``plans`` None gives each the plan of its group.
    """

    prefix: str
    count: int
    digits: int
    first: int | None = 1
    group: str | None = None
    rate: str | None = None
    plans: tuple[str, ...] | None = None


def _check(rule: BatchRule) -> None:
    if not 1 <= rule.count <= MOST:
        raise Refused("count", f"a batch has 1 to {MOST} accounts")
    if not 1 <= rule.digits <= 12:
        raise Refused("digits", "1 to 12 digits are needed")
    if rule.first is not None and not 0 <= rule.first <= 10**rule.digits - rule.count:
        raise Refused("first", "the numbers do not fit the digits")
    if rule.first is None and rule.count * 10 > 10**rule.digits:
        raise Refused("digits", "there is little room: take more digits, so that names are not guessed")
    if not is_printable_name(f"{rule.prefix}{'0' * rule.digits}"):
        raise Refused("prefix", "names have 1 to 128 visible characters")


async def create(
    store: Store,
    vault: Vault,
    entropy: Entropy,
    actor: Actor,
    now: int,
    project: Project,
    name: str,
    rule: BatchRule,
) -> AccountBatch:
    """Make a batch, or what of it is not there yet.

    Raises:
        Refused: the rule does not work, names of people who are there would be taken, or the batch was another one.
    """
    _check(rule)
    wanted: dict[str, Any] = asdict(rule) | {"plans": None if rule.plans is None else list(rule.plans)}
    found = await store.read(lambda reader: rows.batches(reader, (project.id,), Page(limit=1), name=name))
    if found and found[0].rule != wanted:
        raise Refused("batch_exists", "there is a batch of this name with another rule")
    if not found:
        await _check_names(store, project, rule)
    batch_id = found[0].id if found else 0
    made = found[0].made if found else 0
    while made < rule.count:
        more = min(AT_ONCE, rule.count - made)

        def part(tx: Transaction, begin: int = made, more: int = more, batch_id: int = batch_id) -> int:
            known = batch_id or rows.add(tx, project.id, name, wanted, actor.name, now)
            names = _names(tx, entropy, project, rule, begin, more)
            _make(tx, vault, entropy, actor, now, project, rule, names, known)
            if not batch_id:
                _audit(tx, actor, now, project, "account_batch.create", name, {"count": rule.count})
            return known

        batch_id = await store.write(part)
        made += more
    return (await store.read(lambda reader: rows.batches(reader, (project.id,), Page(limit=1), name=name)))[0]


async def _check_names(store: Store, project: Project, rule: BatchRule) -> None:
    if rule.first is None:
        return
    for begin in range(0, rule.count, 500):

        def taken(reader: Reader, begin: int = begin) -> list[str]:
            upto = min(begin + 500, rule.count)
            names = (_numbered(rule, at) for at in range(begin, upto))
            return [one for one in names if accounts.find_login(reader, project.id, one) is not None]

        if found := await store.read(taken):
            raise Refused("name_taken", f"somebody logs in as {', '.join(found[:5])} already", first=found[0])


def _numbered(rule: BatchRule, at: int) -> str:
    return f"{rule.prefix}{(rule.first or 0) + at:0{rule.digits}d}"


def _names(
    tx: Transaction, entropy: Entropy, project: Project, rule: BatchRule, begin: int, more: int
) -> list[str]:
    if rule.first is not None:
        return [_numbered(rule, at) for at in range(begin, begin + more)]
    drawn: list[str] = []
    while len(drawn) < more:
        for _ in range(DRAWS):
            name = rule.prefix + entropy.digits(rule.digits)
            if name not in drawn and accounts.find_login(tx, project.id, name) is None:
                drawn.append(name)
                break
        else:
            raise Refused("digits", "there is no room for more names: take more digits")
    return drawn


def _make(
    tx: Transaction,
    vault: Vault,
    entropy: Entropy,
    actor: Actor,
    now: int,
    project: Project,
    rule: BatchRule,
    names: list[str],
    batch_id: int,
) -> None:
    wanted = tuple(
        SiteAccount(
            username=one,
            project=project.name,
            password=entropy.lookup_code(PASSWORD_SIGNS),
            full_name=None,
            group=rule.group,
            rate=rule.rate,
            plans=rule.plans,
            balance_fen=Fen(0),
            aliases=(),
            phone=None,
            email=None,
            id_number=None,
            address=None,
        )
        for one in names
    )
    for one in names:
        if accounts.find_login(tx, project.id, one) is not None:
            raise Refused("name_taken", f"somebody logs in as {one} already", first=one)
    changes = SiteChanges(tx, vault, actor, now, Site(accounts=wanted), {})
    changes.make()
    if changes.errors:
        field, _, sentence = changes.errors[0].removeprefix(f"account {names[0]}: ").partition(": ")
        raise Refused(field, sentence)
    ids = [login.account.id for one in names if (login := accounts.find_login(tx, project.id, one))]
    rows.put_members(tx, project.id, batch_id, ids)


def export(tx: Transaction, actor: Actor, now: int, project: Project, batch_id: int) -> AccountBatch:
    """Mark the passwords of a batch as given out; then `passwords` reads them, and nobody else ever will.

    Raises:
        LookupError: there is no such batch.
        Refused: they were given out, or the batch is not complete.
    """
    found = rows.batches(tx, (project.id,), Page(limit=1), batch_id=batch_id)
    if not found:
        raise LookupError(f"batch {batch_id} is not there")
    if found[0].made < found[0].rule["count"]:
        raise Refused("incomplete", "making this batch was interrupted: ask for it again first")
    if not rows.mark_exported(tx, project.id, batch_id, actor.name, now):
        raise Refused("exported", "these passwords were given out already: give new ones to whoever lost his")
    _audit(tx, actor, now, project, "account_batch.export", found[0].name, {"accounts": found[0].made})
    return found[0]


def passwords(
    reader: Reader, vault: Vault, batch: AccountBatch, after: int
) -> Iterator[tuple[int, str, str]]:
    """Some accounts of a batch after an id: id, user name and password, empty where somebody changed it since."""
    for account_id, username, sealed in rows.members(reader, batch.project_id, batch.id, after, 200):
        secret = b"" if sealed is None else vault.open(sealed, accounts.secret_context(account_id))
        yield account_id, username, secret.decode()
