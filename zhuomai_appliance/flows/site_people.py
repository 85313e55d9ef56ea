"""Accounts of a site declaration or of an import: created with their plans and opening balance, or brought up to date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import purchases, site_access
from zhuomai_appliance.flows.live_changes import follows_another_rate
from zhuomai_appliance.flows.site_model import Outcome, SiteAccount
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.people import Account, AccountId, GroupId, is_printable_name, normal_name
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.accounts import Login, NameTaken, PersonData

if TYPE_CHECKING:
    from zhuomai_appliance.flows.site_changes import Shelf, SiteChanges

_PERSON = ("id_number", "phone", "email", "address")


def apply_accounts(changes: SiteChanges, wanted: Iterable[SiteAccount]) -> None:
    """Create or update each account."""
    for one in wanted:
        shelf = changes.shelf("account", one.username, one.project)
        if shelf is None or not _is_readable(changes, one):
            continue
        login = accounts.find_login(changes.tx, shelf.id, one.username)
        try:
            if login is None:
                _create(changes, shelf, one)
            elif normal_name(login.account.username) != normal_name(one.username):
                changes.wrong("account", one.username, "username", _taken(one.username))
            else:
                _update(changes, shelf, one, login)
        except NameTaken as error:
            name = str(error)
            key = "phone" if name == one.phone else "username" if name == one.username else "aliases"
            changes.wrong("account", one.username, key, _taken(name))


def _is_readable(changes: SiteChanges, one: SiteAccount) -> bool:
    unfit = [name for name in (one.username, *one.aliases) if not is_printable_name(name)]
    for name in unfit:
        changes.wrong(
            "account", repr(name), "username", "has 1 to 128 visible characters, no control characters"
        )
    return not unfit


def _taken(name: str) -> str:
    return f'somebody else logs in as "{name}" already'


def _create(changes: SiteChanges, shelf: Shelf, one: SiteAccount) -> None:
    group = changes.named(shelf.groups, "account", one.username, "group", one.group, "group")
    rate = changes.named(shelf.rates, "account", one.username, "rate", one.rate, "rate")
    plans = _plans(changes, shelf, one, group and group.id)
    account_id = accounts.add(
        changes.tx,
        changes.vault,
        project_id=shelf.id,
        username=one.username,
        full_name=one.full_name or "",
        password=one.password,
        group_id=group and group.id,
        rate_id=rate and rate.id,
        person=PersonData(**{part: getattr(one, part) or "" for part in _PERSON}),
        aliases=one.aliases,
        created_by=changes.actor.name,
        at=changes.now,
    )
    purchases.open_balance(changes.tx, shelf.id, account_id, one.balance_fen, changes.actor.name, changes.now)
    for plan in plans:
        _grant(changes, shelf, one, account_id, plan)
    site_access.fix_devices(changes, shelf.id, account_id, one.devices)
    changes.done("account", one.username, Outcome.CREATED, shelf.id)


def _plans(changes: SiteChanges, shelf: Shelf, one: SiteAccount, group_id: GroupId | None) -> list[str]:
    """The plans a new account gets: those it names, else the one of its group or of the nearest group above."""
    if one.plans is not None:
        return [
            name
            for name in one.plans
            if changes.named(shelf.plans, "account", one.username, "plan", name, "plan") is not None
        ]
    by_id = {group.id: group for group in shelf.groups.values()}
    by_plan = {offer.plan.id: name for name, offer in shelf.plans.items()}
    while group_id is not None:
        group = by_id[group_id]
        if group.plan_id is not None:
            return [name for plan_id, name in by_plan.items() if plan_id == group.plan_id]
        group_id = group.parent_id
    return []


def _grant(changes: SiteChanges, shelf: Shelf, one: SiteAccount, account_id: AccountId, plan: str) -> None:
    try:
        purchases.buy(
            changes.tx,
            project_id=shelf.id,
            account_id=account_id,
            version=shelf.version(plan),
            channel=Channel.GRANT,
            zone=Zone(shelf.project.zone),
            at=changes.now,
            operator=changes.actor.name,
        )
    except CannotBuyError as error:
        changes.wrong("account", one.username, "plan", f"{plan}: {error}")


def _update(changes: SiteChanges, shelf: Shelf, one: SiteAccount, login: Login) -> None:
    account, tx = login.account, changes.tx
    changed = _details(changes, shelf, one, account)
    if one.password is not None and not _has_password(changes, login, one.password):
        accounts.set_password(tx, changes.vault, account.id, one.password, changes.now)
        changed.append("password")
    if any(getattr(one, part) is not None for part in _PERSON):
        held = accounts.person_data(tx, changes.vault, account.id)
        differing = [part for part in _PERSON if getattr(one, part) not in (None, getattr(held, part))]
        if differing:
            person = PersonData(
                **{part: getattr(held if getattr(one, part) is None else one, part) for part in _PERSON}
            )
            accounts.set_person_data(tx, changes.vault, shelf.id, account.id, person)
            changed += differing
    if one.aliases:
        names = {name for name, _ in accounts.identifiers(tx, shelf.id, account.id)}
        missing = [alias for alias in one.aliases if normal_name(alias) not in names]
        for alias in missing:
            accounts.add_identifier(tx, shelf.id, account.id, alias, "alias")
        changed += ["aliases"] if missing else []
    if site_access.fix_devices(changes, shelf.id, account.id, one.devices):
        changed.append("devices")
    changes.done("account", one.username, Outcome.CHANGED if changed else Outcome.LEFT, shelf.id, changed)


def _details(changes: SiteChanges, shelf: Shelf, one: SiteAccount, account: Account) -> list[str]:
    group = changes.named(shelf.groups, "account", one.username, "group", one.group, "group")
    rate = changes.named(shelf.rates, "account", one.username, "rate", one.rate, "rate")
    full_name = account.full_name if one.full_name is None else one.full_name
    group_id = account.group_id if group is None else group.id
    rate_id = account.rate_id if rate is None else rate.id
    changed = [
        key
        for key, before, after in (
            ("full_name", account.full_name, full_name),
            ("group", account.group_id, group_id),
            ("rate", account.rate_id, rate_id),
        )
        if before != after
    ]
    if changed:
        accounts.set_details(changes.tx, account.id, full_name=full_name, group_id=group_id, rate_id=rate_id)
    if follows_another_rate(shelf.groups.values(), (account.group_id, account.rate_id), (group_id, rate_id)):
        changes.live.account(shelf.id, account.id)
    return changed


def _has_password(changes: SiteChanges, login: Login, password: str) -> bool:
    if login.secret_sealed is None:
        return False
    held = changes.vault.open(login.secret_sealed, accounts.secret_context(login.account.id))
    return held == password.encode()
