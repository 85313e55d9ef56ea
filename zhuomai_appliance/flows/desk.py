"""What an operator does for a person, at the counter or through the API: enrol, change, lock, sell; all of it audited.

Functions of a Transaction, so that a caller can keep the answer under an idempotency key in the same commit. They write
effects on open sessions into the outbox; the dispatcher sends them after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from zhuomai_appliance.billing.orders import NO_REDUCTION, Reduction
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import credit, effects, purchases, receipts
from zhuomai_appliance.flows.live_changes import follows_another_rate
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import NotEnoughMoney, PreviewIsOld
from zhuomai_appliance.flows.site_changes import SiteChanges
from zhuomai_appliance.flows.site_model import Site, SiteAccount
from zhuomai_appliance.model.commerce import Channel, Order
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Account, AccountId
from zhuomai_appliance.model.products import PlanVersion
from zhuomai_appliance.store import accounts, journal, products
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.shifts import till_number
from zhuomai_appliance.store.vault import Vault

__all__ = [
    "AccountChange",
    "CannotBuyError",
    "Keep",
    "NotEnoughMoney",
    "PreviewIsOld",
    "Unfit",
    "change",
    "enrol",
    "recharge",
    "sell",
]

PERSON: Final = ("id_number", "phone", "email", "address")
"""The encrypted data of a person; audit rows name what changed of it and never its value."""


class Keep(Enum):
    """In the place of a value: what is in the books stays."""

    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is to become of an account. None takes a group or rate away, an empty text a piece of person data.

    `locked_reason` and `locked_until` (0: without end) count with `locked` True.
    """

    full_name: str | Keep = Keep.KEEP
    group: str | Keep | None = Keep.KEEP
    rate: str | Keep | None = Keep.KEEP
    password: str | Keep = field(default=Keep.KEEP, repr=False)
    id_number: str | Keep = field(default=Keep.KEEP, repr=False)
    phone: str | Keep = field(default=Keep.KEEP, repr=False)
    email: str | Keep = field(default=Keep.KEEP, repr=False)
    address: str | Keep = field(default=Keep.KEEP, repr=False)
    locked: bool | Keep = Keep.KEEP
    locked_until: int = 0
    locked_reason: str = ""


class Unfit(Exception):
    """Nothing was done; ``errors`` are pairs of field and sentence, all that is wrong at once."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {sentence}" for key, sentence in errors))
        self.errors = errors


def enrol(
    tx: Transaction, vault: Vault, actor: Actor, now: int, project: Project, wanted: SiteAccount
) -> AccountId:
    """Create an account by the rules of a site file: its plans, else its group's, and an opening balance.

    Raises:
        Unfit: the name belongs to somebody, or the account refers to what is not there.
    """
    if accounts.find_login(tx, project.id, wanted.username) is not None:
        raise Unfit(("username", f'somebody logs in as "{wanted.username}" already'))
    one = replace(wanted, project=project.name)
    changes = SiteChanges(tx, vault, actor, now, Site(accounts=(one,)), {})
    changes.make()
    if changes.errors:
        raise Unfit(*(_apart(line, wanted.username) for line in changes.errors))
    login = accounts.find_login(tx, project.id, wanted.username)
    if login is None:
        raise LookupError(f"the account {wanted.username!r} was made and is not there")
    return login.account.id


def _apart(line: str, username: str) -> tuple[str, str]:
    key, _, sentence = line.removeprefix(f"account {username}: ").partition(": ")
    return key, sentence


def change(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    wanted: AccountChange,
) -> tuple[str, ...]:
    """Change an account; the names of what differs now. A lock ends its sessions, a new rate reaches them.

    Raises:
        LookupError: there is no such account in this project.
        Unfit: it refers to what is not there, a lock has no reason, or the phone is somebody's login name.
    """
    login = accounts.login_by_id(tx, account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {account_id} is not there")
    account = login.account
    if account.closed_at is not None:
        raise Unfit(("account", "this account is closed: it changes no more"))
    groups = {group.name: group.id for group in products.groups(tx, project.id)}
    rates = {rate.name: rate.id for rate in products.rates(tx, project.id)}
    errors = [
        (key, f'there is no {key} "{name}"')
        for key, name, known in (("group", wanted.group, groups), ("rate", wanted.rate, rates))
        if isinstance(name, str) and name not in known
    ]
    if wanted.locked is True and not wanted.locked_reason.strip():
        errors.append(("locked_reason", "a lock needs a reason"))
    if errors:
        raise Unfit(*errors)
    before: dict[str, Any] = {
        "full_name": account.full_name,
        "group": account.group_id,
        "rate": account.rate_id,
    }
    after = before | {
        key: value
        for key, value in (
            ("full_name", wanted.full_name),
            ("group", _known(groups, wanted.group)),
            ("rate", _known(rates, wanted.rate)),
        )
        if value is not Keep.KEEP
    }
    changed = [key for key in before if before[key] != after[key]]
    if changed:
        accounts.set_details(
            tx, account_id, full_name=after["full_name"], group_id=after["group"], rate_id=after["rate"]
        )
    if isinstance(wanted.password, str):
        accounts.set_password(tx, vault, account_id, wanted.password, now)
        changed.append("password")
    changed += _change_person(tx, vault, project, account_id, wanted)
    changed += _change_lock(tx, project, account, wanted, now)
    if {"group", "rate"} & set(changed):
        pairs = (before["group"], before["rate"]), (after["group"], after["rate"])
        must = follows_another_rate(products.groups(tx, project.id), *pairs)
        effects.apply_live(tx, account_id, project.id, now, must=must)
    if changed:
        shown = {key: before[key] for key in changed if key in before}
        _audit(
            tx, actor, now, project, "account.change", account.username,
            {**shown, "locked": account.locked_reason} if "locked" in changed else shown,
            {key: after.get(key, "changed") for key in changed}
            | ({"reason": wanted.locked_reason} if "locked" in changed else {}),
        )  # fmt: skip
    return tuple(changed)


def _known(ids: Mapping[str, int], name: str | Keep | None) -> int | Keep | None:
    return ids[name] if isinstance(name, str) else name


def _change_person(
    tx: Transaction, vault: Vault, project: Project, account_id: AccountId, wanted: AccountChange
) -> list[str]:
    given = {part: text for part in PERSON if isinstance(text := getattr(wanted, part), str)}
    if not given:
        return []
    held = accounts.person_data(tx, vault, account_id)
    differing = {part: text for part, text in given.items() if getattr(held, part) != text}
    if differing:
        try:
            accounts.set_person_data(tx, vault, project.id, account_id, replace(held, **differing))
        except accounts.NameTaken:
            raise Unfit(("phone", "somebody else logs in with this number already")) from None
    return list(differing)


def _change_lock(
    tx: Transaction, project: Project, account: Account, wanted: AccountChange, now: int
) -> list[str]:
    if wanted.locked is True:
        accounts.set_lock(tx, account.id, wanted.locked_until, wanted.locked_reason)
        effects.end_sessions_of(tx, account.id, project.id, "locked", now, again=True)
        return ["locked"]
    if wanted.locked is False and account.locked_until is not None:
        accounts.set_lock(tx, account.id, None, "")
        return ["locked"]
    return []


def sell(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    version: PlanVersion,
    channel: Channel,
    *,
    memo: str = "",
    revision: int | None = None,
    periods: int = 1,
    reduction: Reduction = NO_REDUCTION,
) -> Order:
    """Sell a plan for cash into the operator's till, or from the person's wallet; see `purchases.buy`.

    Raises:
        NotEnoughMoney, PreviewIsOld, CannotBuyError: nothing was done.
    """
    order = purchases.buy(
        tx,
        project_id=project.id,
        account_id=account_id,
        version=version,
        channel=channel,
        zone=Zone(project.zone),
        at=now,
        operator=actor.name,
        shift=till_number(tx, project.id, actor.name),
        memo=memo,
        revision=revision,
        periods=periods,
        reduction=reduction,
        credit_fen=credit.grant(tx, project.id, account_id, now) if channel is Channel.BALANCE else 0,
    ).order
    _audit_order(tx, actor, now, project, "order.sell", order, version.plan_name)
    receipts.issue(tx, now, project, order)
    return order


def recharge(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    amount_fen: Fen,
    *,
    memo: str = "",
) -> Order:
    """Take cash into the person's wallet through the operator's till."""
    order = purchases.recharge(
        tx,
        project_id=project.id,
        account_id=account_id,
        amount_fen=amount_fen,
        zone=Zone(project.zone),
        at=now,
        operator=actor.name,
        shift=till_number(tx, project.id, actor.name),
        memo=memo,
    )
    _audit_order(tx, actor, now, project, "order.recharge", order, "")
    receipts.issue(tx, now, project, order)
    return order


def _audit_order(
    tx: Transaction, actor: Actor, now: int, project: Project, action: str, order: Order, plan: str
) -> None:
    facts = {"account": order.account_id, "amount_fen": order.amount_fen, "channel": order.channel.value}
    journal.audit(
        tx,
        at=now,
        project_id=project.id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="order",
        object_id=order.order_no,
        after=facts | ({"plan": plan} if plan else {}),
    )


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    username: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=project.id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="account",
        object_id=username,
        before=before,
        after=after,
    )
