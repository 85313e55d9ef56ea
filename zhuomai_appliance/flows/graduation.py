"""A year that leaves: statements frozen at a cut-off, then one account after the other settled and refunded (features F16).

Preparing changes nothing and freezes for each account what it gets. A second person approves the batch. Running it ends what
they own with the stated values, gives them the plan that they stay online with until they leave, moves them to the group of those
who stay, and puts the refunds into the queue. Every account is a transaction of its own that happens once: a batch may be
stopped, run again and again, and what failed is tried anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing import periods
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.billing.refund_value import Formula, UnusedValue, refund_lines
from zhuomai_appliance.flows import chains, effects, purchases, refunds, subscriptions, wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.graduation import (
    Graduation,
    GraduationId,
    GraduationState,
    RowState,
    Settlement,
    Statement,
)
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.products import PlanKind, PlanVersionId
from zhuomai_appliance.model.refunds import BankAccount, Destination
from zhuomai_appliance.store import accounts, graduation, journal, ledger, orders, products
from zhuomai_appliance.store.graduation import RowFilter
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.vault import Vault

__all__ = ["approve", "create", "known", "prepare", "run", "set_banks", "statement"]

PEOPLE_A_WRITE: Final = 10
_PACKS: Final = frozenset({PlanKind.DATA, PlanKind.DURATION})


def create(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    name: str,
    access_version_id: PlanVersionId | None = None,
    stay_group_id: GroupId | None = None,
) -> GraduationId:
    """Begin a batch whose cut-off is now; `prepare` adds its people.

    Raises:
        Refused: there is a batch of this name, or plan or group are not there.
    """
    if graduation.batches(tx, (project.id,), Page(limit=1), name=name):
        raise Refused("name", f'there is a batch "{name}" already')
    if access_version_id is not None and products.version(tx, project.id, access_version_id) is None:
        raise Refused("access_plan", "there is no such plan")
    if stay_group_id is not None and stay_group_id not in {one.id for one in products.groups(tx, project.id)}:
        raise Refused("stay_group", "there is no such group")
    batch = Graduation(
        GraduationId(0), project.id, name, now, access_version_id, stay_group_id, GraduationState.PREPARING, now,
        actor.name, None, "",
    )  # fmt: skip
    batch_id = graduation.add(tx, batch)
    _audit(tx, actor, now, project, "graduation.create", batch_id, {"name": name})
    return batch_id


def known(reader: Reader, project: Project, batch_id: GraduationId) -> Graduation:
    """One batch of a project.

    Raises:
        LookupError: it is not there.
    """
    found = graduation.batch(reader, project.id, batch_id)
    if found is None:
        raise LookupError(f"graduation {batch_id} is not there")
    return found


async def prepare(
    store: Store,
    project: Project,
    batch_id: GraduationId,
    groups: Sequence[GroupId],
    people: Sequence[AccountId] = (),
) -> int:
    """Freeze the statements of whoever is in these groups, or is named; how many there are then.

    Goes on where it was stopped: an account has one statement in a batch.

    Raises:
        LookupError: there is no such batch.
        Refused: it is prepared already.
    """
    batch = known(store.reader, project, batch_id)
    if batch.state is not GraduationState.PREPARING:
        raise Refused("state", "this batch is prepared: its statements are frozen")
    count, after = 0, 0
    while found := await store.read(
        lambda reader, a=after: graduation.members(reader, project.id, groups, a, PEOPLE_A_WRITE)  # type: ignore[misc]
    ):
        count += await store.write(lambda tx, some=found: _state(tx, project, batch, some))  # type: ignore[misc]
        after = found[-1]
    for begin in range(0, len(people), PEOPLE_A_WRITE):
        some = people[begin : begin + PEOPLE_A_WRITE]
        count += await store.write(lambda tx, some=some: _state(tx, project, batch, some))  # type: ignore[misc]
    await store.write(lambda tx: graduation.set_state(tx, batch, GraduationState.PREPARED))
    return count


def _state(tx: Transaction, project: Project, batch: Graduation, people: Sequence[AccountId]) -> int:
    return sum(graduation.put_row(tx, statement(tx, project, batch, one)) for one in people)


def statement(reader: Reader, project: Project, batch: Graduation, account_id: AccountId) -> Statement:
    """What an account gets at the cut-off: wallet, unused segments and packs, less debts (W24).

    Raises:
        LookupError: this project has no such open account.
    """
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id or login.account.closed_at is not None:
        raise LookupError(f"account {account_id} is not there")
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), batch.cut_off_at)
    found = [
        _settlement(reader, project, account_id, segment.subscription_id, batch.cut_off_at)
        for segment in chain.segments
    ]
    own = [one for one in found if one.payee_id == account_id and not one.is_kept]
    principal = wallets.held(reader, project.id, account_id).principal_fen
    return Statement(
        project_id=project.id,
        batch_id=batch.id,
        account_id=account_id,
        wallet_fen=Fen(max(principal, 0)),
        unused_fen=Fen(sum(one.fen for one in own if not one.is_pack)),
        packs_fen=Fen(sum(one.fen for one in own if one.is_pack)),
        debt_fen=Fen(max(-principal, 0)),
        settlements=tuple(found),
        state=RowState.STATED,
        failure="",
        refund_id=None,
        done_at=None,
    )


def _settlement(
    reader: Reader, project: Project, account_id: AccountId, subscription_id: int, cut_off_at: int
) -> Settlement:
    found = subscriptions.owned(reader, project, account_id, subscription_id, cut_off_at)  # type: ignore[arg-type]
    value = subscriptions.value_of(reader, project, found, cut_off_at)
    order_no = found.row.subscription.order_no
    order = None if order_no is None else orders.order(reader, order_no)
    return Settlement(
        subscription_id=found.row.subscription.id,
        plan_name=found.version.plan_name,
        is_pack=found.version.kind in _PACKS,
        fen=value.fen,
        bonus_fen=value.bonus_fen,
        formula=value.formula.value,
        remaining=value.remaining,
        total=value.total,
        payee_id=account_id if order is None or order.payer_id is None else order.payer_id,
        is_kept=order is not None and order.channel is Channel.AGENT,
    )


def set_banks(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    batch_id: GraduationId,
    banks: Sequence[tuple[str, BankAccount]],
) -> list[str]:
    """Keep where people's money goes, by their login names; the names that have no open statement in this batch.

    Raises:
        LookupError: there is no such batch.
    """
    known(tx, project, batch_id)
    strangers = []
    for username, bank in banks:
        login = accounts.find_login(tx, project.id, username)
        if login is None or not graduation.set_bank(tx, vault, project.id, batch_id, login.account.id, bank):
            strangers.append(username)
    _audit(tx, actor, now, project, "graduation.banks", batch_id, {"people": len(banks) - len(strangers)})
    return strangers


def approve(tx: Transaction, actor: Actor, now: int, project: Project, batch_id: GraduationId) -> None:
    """Let a batch be run: a second person's word.

    Raises:
        LookupError: there is no such batch.
        Refused: it is not prepared, is approved already, or the same person asks.
    """
    batch = known(tx, project, batch_id)
    if batch.state is not GraduationState.PREPARED:
        raise Refused("state", f"this batch is {batch.state}")
    if actor.name == batch.created_by:
        raise Refused("same_person", "who prepared a batch cannot approve it")
    graduation.set_state(tx, batch, GraduationState.APPROVED, actor.name, now)
    _audit(tx, actor, now, project, "graduation.approve", batch_id, {})


async def run(
    store: Store, vault: Vault, actor: Actor, now: int, project: Project, batch_id: GraduationId
) -> tuple[int, int]:
    """Settle whoever is not settled yet, those that failed before included; how many were done, and how many failed.

    Raises:
        LookupError: there is no such batch.
        Refused: it is not approved.
    """
    batch = known(store.reader, project, batch_id)
    if batch.state is not GraduationState.APPROVED:
        raise Refused("state", f"this batch is {batch.state}: a second person has to approve it")
    done = failed = 0
    after: int | None = None
    while found := await store.read(
        lambda reader, a=after: graduation.statements(  # type: ignore[misc]
            reader, (project.id,), RowFilter(batch_id=batch.id, is_open=True), Page(a, 100)
        )
    ):
        after = found[-1].account_id
        for row in found:
            why = await _try(store, vault, actor, now, project, batch, row)
            done += why is None
            failed += bool(why)
    return done, failed


async def _try(
    store: Store, vault: Vault, actor: Actor, now: int, project: Project, batch: Graduation, row: Statement
) -> str | None:
    """Settle one account: None if it was done, "" if there was nothing to do, else why it failed."""
    try:
        is_done = await store.write(lambda tx: _settle(tx, vault, actor, now, project, batch, row))
    except (Refused, LookupError, CannotBuyError, wallets.NotEnoughMoney) as error:
        why = str(error)
        await store.write(lambda tx: graduation.finish_row(tx, row, RowState.FAILED, now, why))
        return why
    return None if is_done else ""


def _settle(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    batch: Graduation,
    stated: Statement,
) -> bool:
    """One account, all of it or nothing; false if it was settled before."""
    chosen = RowFilter(batch_id=batch.id, account_id=stated.account_id, is_open=True)
    if not graduation.statements(tx, (project.id,), chosen, Page(limit=1)):
        return False
    account_id = stated.account_id
    login = accounts.login_by_id(tx, account_id)
    if login is None or login.account.closed_at is not None:
        raise Refused("closed", "this account is closed")
    for one in stated.settlements:
        if not one.is_kept:
            _end(tx, actor, now, project, batch, account_id, one)
    before = chain_rules.at(chains.read(tx, account_id, project.zone), now)
    if batch.access_version_id is not None:
        version = products.version(tx, project.id, batch.access_version_id)
        if version is None:
            raise LookupError("the plan to stay online with is not there")
        purchases.buy(
            tx, project_id=project.id, account_id=account_id, version=version, channel=Channel.GRANT,
            zone=Zone(project.zone), at=now, operator=actor.name, memo=batch.name,
        )  # fmt: skip
    elif not before.segments:
        effects.end_sessions_of(tx, account_id, project.id, "expired", now)
    if batch.stay_group_id is not None and login.account.group_id != batch.stay_group_id:
        account = login.account
        accounts.set_details(
            tx, account_id, full_name=account.full_name, group_id=batch.stay_group_id, rate_id=account.rate_id
        )
    effects.apply_live(tx, account_id, project.id, now)
    refund_id = _refund(tx, vault, actor, now, project, batch, stated)
    graduation.finish_row(tx, stated, RowState.DONE, now, refund_id=refund_id)
    facts = {"account": account_id, "total_fen": stated.total_fen, "refund": refund_id}
    _audit(tx, actor, now, project, "graduation.settle", batch.id, facts)
    return True


def _end(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    batch: Graduation,
    account_id: AccountId,
    one: Settlement,
) -> None:
    """End a purchase with its stated value, whatever was used of it since the cut-off."""
    effect = f"subscription:{one.subscription_id}:cancel"
    if ledger.posting_of(tx, project.id, effect) is not None:
        raise Refused(
            "settled", f"{one.plan_name} was given back since the cut-off: prepare this account anew"
        )
    found = subscriptions.owned(tx, project, account_id, one.subscription_id, now)
    value = UnusedValue(one.fen, one.bonus_fen, Formula(one.formula), one.remaining, one.total, "")
    held = Fen(-ledger.balance(tx, project.id, ledger_rules.deferred(one.subscription_id)))
    lines = refund_lines(one.subscription_id, one.payee_id, found.version.subject, value, held)
    if lines:
        ledger.post(
            tx,
            project_id=project.id,
            kind=PostingKind.REFUND,
            effect=effect,
            order_no=None,
            operator=actor.name,
            at=now,
            memo=batch.name,
            lines=ledger_rules.check(lines),
        )
    if found.row.subscription.order_no is not None and value.fen:
        orders.add_refunded(tx, found.row.subscription.order_no, value.fen)
    if found.segment is not None:
        after = periods.cancel(found.chain, one.subscription_id, now)
        chains.put(tx, chains.read(tx, account_id, project.zone), after, project.id)


def _refund(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    batch: Graduation,
    stated: Statement,
) -> int | None:
    """Put what is stated into the queue for the bank, approved with the batch; without a bank account it stays in the wallet."""
    bank = graduation.bank_account(tx, vault, project.id, batch.id, stated.account_id)
    if bank is None or stated.total_fen == 0:
        return None
    wish = RefundWish(stated.account_id, Destination.BANK, batch.name, amount_fen=stated.total_fen, bank=bank)
    made = refunds.request(
        tx, vault, replace(actor, name=batch.created_by), now, project, wish, batch_id=batch.id,
        approved_by=batch.approved_by,
    )  # fmt: skip
    return made.id


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    batch_id: GraduationId,
    after: Mapping[str, object],
) -> None:
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="graduation", object_id=str(batch_id), after=after,
    )  # fmt: skip
