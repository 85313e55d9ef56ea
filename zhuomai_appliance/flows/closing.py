"""Closing an account (销户), at once or announced (预销户): all it owns is settled, and it never comes back (features F12).

Each purchase ends with its unused value, those that wait in the queue first, so that they are given back whole. What the
wallet then holds goes into the queue of refunds, or stays until somebody asks for it; gifts are forfeited. Sessions end,
devices are forgotten, postings, sessions and logs stay. The names stay taken for a time, so that nobody is mistaken for
who had them before, and are free after it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from twisted.logger import Logger

from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.flows import (
    chains,
    effects,
    metering,
    refund_money,
    refunds,
    subscriptions,
    suspensions,
    wallets,
)
from zhuomai_appliance.flows.audited import auditor
from zhuomai_appliance.flows.once import once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.subscriptions import CancelPreview
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel, Order, PostingKind, PostingLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import Account, AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.model.refunds import BankAccount, Destination, RefundState
from zhuomai_appliance.store import accounts, closing, journal, ledger, orders, sessions, settings
from zhuomai_appliance.store import refunds as refund_rows
from zhuomai_appliance.store import suspensions as suspension_rows
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.refunds import RefundFilter
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.vault import Vault

_audit = auditor("account")

__all__ = ["ClosePreview", "CloseWish", "announce", "check_refunds", "close", "close_now", "hold_days", "look", "preview_close", "withdraw"]  # fmt: skip

SETTING: Final = "closing"
HOLD_DAYS: Final = 90
"""How long the names of a closed account stay taken, until the school says something else."""

DAY: Final = 86_400
PAGE: Final = 20
"""Accounts of one round: each is a transaction of its own."""

AGAIN_SECONDS: Final = DAY
"""An announced closing that something stands against is tried again the next day."""

ROUND: Final = Actor("", "")

_WAYS: Final = (None, Destination.CASH, Destination.BANK)

log = Logger(namespace="zhuomai.closing")


@dataclass(frozen=True, slots=True)
class CloseWish:
    """Why an account is closed, and where its money goes: CASH, BANK, or None: it stays in the wallet to be asked for."""

    reason: str
    destination: Destination | None = None
    bank: BankAccount | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ClosePreview:
    """What closing now would do.

    ``settled`` are the purchases in the order in which they end; ``wallet_fen`` is held before, ``payout_fen`` after;
    ``forfeited_fen`` are gifts. ``lines`` are all postings of the settlement in turn.
    """

    account_id: AccountId
    settled: tuple[CancelPreview, ...]
    wallet_fen: Fen
    payout_fen: Fen
    forfeited_fen: Fen
    needs_approval: bool
    open_sessions: int
    names_free_at: int
    lines: Lines
    revision: int


def hold_days(reader: Reader, project_id: ProjectId) -> int:
    """How many days the names of a closed account stay taken."""
    return int((settings.get(reader, project_id, SETTING) or {}).get("hold_days", HOLD_DAYS))


def set_hold_days(tx: Transaction, actor: Actor, now: int, project: Project, days: int) -> None:
    """Say how many days names stay taken; accounts closed before keep the time that they were told."""
    before = hold_days(tx, project.id)
    settings.put(tx, project.id, SETTING, {"hold_days": days})
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="closing.hold",
        object_kind="setting", object_id=SETTING, before={"hold_days": before}, after={"hold_days": days},
    )  # fmt: skip


def _open_account(reader: Reader, project: Project, account_id: AccountId) -> Account:
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {account_id} is not there")
    if login.account.closed_at is not None:
        raise Refused("account_closed", "this account is closed already")
    return login.account


def _order_of(reader: Reader, project: Project, account_id: AccountId, one: SubscriptionId) -> Order | None:
    rows = orders.subscriptions_of(reader, project.id, account_id)
    order_no = next(row.subscription.order_no for row in rows if row.subscription.id == one)
    return None if order_no is None else orders.order(reader, order_no)


def preview_close(
    reader: Reader, project: Project, account_id: AccountId, wanted: CloseWish, now: int
) -> ClosePreview:
    """What `close` would do now, without doing it.

    Raises:
        LookupError: the account is not there.
        Refused: it is closed, suspended, or owes money, an agent's sale has to go back to him first, or a refund of it waits.
    """
    _open_account(reader, project, account_id)
    if wanted.destination not in _WAYS:
        raise Refused("destination", "what is left is paid in cash or by bank, or stays in the wallet")
    if wanted.destination is Destination.BANK and wanted.bank is None:
        raise Refused("bank", "a transfer needs the bank account it goes to")
    check_refunds(reader, project, account_id)
    if suspension_rows.open_of(reader, project.id, account_id) is not None:
        raise Refused("suspended", "it is suspended, or will be: resume it first")
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    held = wallets.held(reader, project.id, account_id)
    settled: list[CancelPreview] = []
    lines: list[PostingLine] = []
    own = gifts = 0
    # The last first: what waits is then worth all that was paid for it
    for segment in reversed(chain.segments):
        order = _order_of(reader, project, account_id, segment.subscription_id)
        payee = account_id if order is None or order.payer_id is None else order.payer_id
        seen = subscriptions.preview_cancel(
            reader, project, account_id, segment.subscription_id, now, payee_id=payee
        )
        if order is not None and order.channel is Channel.AGENT and seen.value.all_fen:
            raise Refused(
                "agent_money",
                f"{seen.plan_name} was sold by an agent: refund it to his deposit first",
                order_no=order.order_no,
            )
        settled.append(seen)
        lines += seen.lines
        if payee == account_id:
            own += seen.value.fen
            gifts += seen.value.bonus_fen
    payout, lost = held.principal_fen + own, held.bonus_fen + gifts
    if payout < 0:
        raise Refused("debt", f"{-payout} fen are owed: take them first", missing_fen=-payout)
    return ClosePreview(
        account_id=account_id,
        settled=tuple(settled),
        wallet_fen=held.principal_fen,
        payout_fen=Fen(payout),
        forfeited_fen=Fen(lost),
        needs_approval=wanted.destination is not None and payout > refund_money.limit_fen(reader, project),
        open_sessions=len(sessions.open_sessions(reader, account_id=account_id)),
        names_free_at=now + hold_days(reader, project.id) * DAY,
        lines=(*lines, *ledger_rules.forfeit(account_id, lost)),
        revision=chain.revision,
    )


def check_refunds(reader: Reader, project: Project, account_id: AccountId) -> None:
    """Whether no refund of an account waits.

    Raises:
        Refused: one does.
    """
    for state in (RefundState.REQUESTED, RefundState.APPROVED):
        chosen = RefundFilter(account_id=account_id, state=state)
        for one in refund_rows.refunds(reader, (project.id,), chosen, Page(limit=20)):
            if not one.is_held:
                raise Refused("queued", f"refund {one.id} of this account waits: finish or reject it first")


def close(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    wanted: CloseWish,
    *,
    key: str,
    expected: ClosePreview,
) -> dict[str, Any]:
    """Close an account as a preview showed it; the first answer if the key comes again.

    Returns:
        ``account_id``, ``payout_fen``, ``forfeited_fen``, ``names_free_at`` and ``refund_id`` (None: nothing was asked for).

    Raises:
        LookupError, Refused: as `preview_close`.
        PreviewIsOld: it is not what ``expected`` showed any more; nothing was done.
        KeyReused: the key came before with another request.
    """
    request = [
        "close", account_id, wanted.reason, wanted.destination and wanted.destination.value,
        expected.revision, expected.payout_fen,
    ]  # fmt: skip

    def make() -> dict[str, Any]:
        return close_now(tx, vault, actor, now, project, account_id, wanted, expected=expected)

    return dict(once(tx, actor, now, project, key, request, make))


def close_now(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    wanted: CloseWish,
    *,
    expected: ClosePreview | None = None,
) -> dict[str, Any]:
    """The same for a caller that has its own key, or none: an account is closed once.

    Raises:
        LookupError, Refused, PreviewIsOld: as `close`.
    """
    seen = preview_close(tx, project, account_id, wanted, now)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    account = _open_account(tx, project, account_id)
    metering.post_use(tx, project.id, account_id, now)
    for one in seen.settled:
        order = _order_of(tx, project, account_id, one.subscription_id)
        payee = None if order is None else order.payer_id
        done = subscriptions.cancel_now(
            tx, actor, now, project, account_id, one.subscription_id, reason=wanted.reason, payee_id=payee
        )
        if order is not None and done["fen"]:
            orders.add_refunded(tx, order.order_no, Fen(done["fen"]))
    lost = wallets.booked(tx, project.id, account_id).bonus_fen
    if lost > 0:
        ledger.post(
            tx, project_id=project.id, kind=PostingKind.FORFEIT, effect=f"account:{account_id}:close", order_no=None,
            operator=actor.name, at=now, memo=wanted.reason,
            lines=ledger_rules.check(ledger_rules.forfeit(account_id, lost)),
        )  # fmt: skip
    refund_id = None
    if wanted.destination is not None and seen.payout_fen:
        wish = RefundWish(
            account_id, wanted.destination, wanted.reason, amount_fen=seen.payout_fen, bank=wanted.bank
        )
        refund_id = refunds.request(tx, vault, actor, now, project, wish).id
    closing.close(tx, project.id, account_id, now, wanted.reason, seen.names_free_at)
    effects.end_sessions_of(tx, account_id, project.id, "not_allowed", now, again=True)
    answer = {
        "account_id": account_id, "payout_fen": seen.payout_fen, "forfeited_fen": lost,
        "names_free_at": seen.names_free_at, "refund_id": refund_id,
    }  # fmt: skip
    values = [
        {"subscription": one.subscription_id} | asdict(one.value) | {"formula": one.value.formula.value}
        for one in seen.settled
    ]
    _audit(
        tx, actor, now, project, "account.close", account.username,
        answer | {"reason": wanted.reason, "settled": values},
    )  # fmt: skip
    return answer


# Announced --------------------------------------------------------------------------------------------------------------


def announce(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, at: int, reason: str
) -> None:
    """Say that an account will be closed at ``at``; until then it is served. Its money then stays in the wallet.

    Raises:
        LookupError, Refused: it is not there, is closed, or the time is past.
    """
    account = _open_account(tx, project, account_id)
    if at <= now:
        raise Refused("closing_at", "a time to come is needed")
    closing.announce(tx, project.id, account_id, at, reason)
    _audit(
        tx,
        actor,
        now,
        project,
        "account.close_announced",
        account.username,
        {"closing_at": at, "reason": reason},
    )


def withdraw(tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId) -> None:
    """Let an account stay that was announced to be closed.

    Raises:
        LookupError, Refused: it is not there, is closed, or nothing was announced.
    """
    account = _open_account(tx, project, account_id)
    known = closing.state(tx, project.id, account_id)
    if known is None or known.closing_at is None:
        raise Refused("not_announced", "nobody announced that this account will be closed")
    closing.announce(tx, project.id, account_id, None, "")
    _audit(tx, actor, now, project, "account.close_withdrawn", account.username, {})


async def look(store: Store, vault: Vault, tables: Tables, now: int) -> tuple[int, int]:
    """One round: close those whose time has come, and give up names that were held long enough; how many of each."""
    done = 0
    for project_id, account_id, reason in await store.read(lambda reader: closing.due(reader, now, PAGE)):
        project = tables.project(project_id)
        if project is not None:
            done += await _close_due(store, vault, project, account_id, reason, now)
    freed = await store.read(lambda reader: closing.names_due(reader, now, PAGE))

    def free(tx: Transaction) -> None:
        for project_id, account_id, username in freed:
            name = f"{username}~{account_id}"
            while accounts.find_login(tx, project_id, name) is not None:
                name += "~"
            closing.retire(tx, project_id, account_id, name)

    if freed:
        await store.write(free)
    return done, len(freed)


async def _close_due(
    store: Store, vault: Vault, project: Project, account_id: AccountId, reason: str, now: int
) -> bool:
    wanted = CloseWish(reason)

    def again(tx: Transaction) -> None:
        closing.announce(tx, project.id, account_id, now + AGAIN_SECONDS, reason)

    def task(tx: Transaction) -> None:
        pause = suspension_rows.open_of(tx, project.id, account_id)
        if pause is not None:
            suspensions.finish(tx, pause, project, now, "planned")
        close_now(tx, vault, ROUND, now, project, account_id, wanted)

    try:
        await store.write(task)
    except Refused as error:
        log.warn("account {account} cannot be closed yet: {why}", account=account_id, why=error.code)
        await store.write(again)
        return False
    return True
