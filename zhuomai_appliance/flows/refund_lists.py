"""Refunds that others pay: lists for the bank, and what waits for a payment provider (billing rules §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.billing.refunds import RefundEvent
from zhuomai_appliance.flows import refund_steps as steps
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refunds import fail, pay
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.refunds import BankAccount, Destination, Refund, RefundId, RefundState
from zhuomai_appliance.store import accounts, refunds
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.refunds import RefundFilter
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.vault import Vault

__all__ = ["BankRow", "bank_list", "channel_paid", "close_list", "listed", "waiting_for_channel"]


@dataclass(frozen=True, slots=True)
class BankRow:
    """One transfer of a list for the finance office."""

    refund: Refund
    username: str
    full_name: str
    bank: BankAccount


def bank_list(tx: Transaction, actor: Actor, now: int, project: Project) -> int:
    """Put all approved transfers that stand on no list on a new one; its number.

    Raises:
        Refused: there is nothing to be transferred.
    """
    list_no = refunds.next_list_no(tx, project.id)
    chosen = RefundFilter(state=RefundState.APPROVED, destination=Destination.BANK, unlisted=True)
    count = 0
    while found := refunds.refunds(tx, (project.id,), chosen, Page(limit=500)):
        for one in found:
            count += refunds.set_list(tx, project.id, one.id, list_no)
    if count == 0:
        raise Refused("nothing_to_list", "no approved transfer waits for a list")
    steps.audit(tx, actor, now, project, "refund.list", list_no, {"transfers": count})
    return list_no


def listed(
    tx: Transaction, vault: Vault, actor: Actor, now: int, project: Project, list_no: int
) -> list[BankRow]:
    """The transfers of a list with the bank accounts they go to; that somebody read them is audited.

    Raises:
        LookupError: there is no such list.
    """
    rows: list[BankRow] = []
    after: int | None = None
    while found := refunds.refunds(tx, (project.id,), RefundFilter(list_no=list_no), Page(after, 500)):
        after = found[-1].id
        for one in found:
            login = accounts.login_by_id(tx, one.account_id)
            bank = refunds.bank_account(tx, vault, project.id, one.id)
            if login is not None and bank is not None:
                rows.append(BankRow(one, login.account.username, login.account.full_name, bank))
    if not rows:
        raise LookupError(f"list {list_no} is not there")
    steps.audit(tx, actor, now, project, "refund.list_read", list_no, {"transfers": len(rows)})
    return rows


def close_list(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    list_no: int,
    failed: Mapping[int, str],
    most: int = 50,
) -> tuple[int, int]:
    """Note what the bank did with a list: all that is not named as failed is paid. Done again, it changes nothing.

    Args:
        failed: why, by the numbers of the refunds.
        most: so many at once, that nobody waits long; to be called until nothing is left.

    Returns:
        How many were paid and how many failed by this.

    Raises:
        LookupError: there is no such list, or a number is not on it.
    """
    rows: list[Refund] = []
    after: int | None = None
    while found := refunds.refunds(tx, (project.id,), RefundFilter(list_no=list_no), Page(after, 500)):
        after = found[-1].id
        rows += found
    strangers = set(failed) - {one.id for one in rows}
    if not rows or strangers:
        raise LookupError(f"list {list_no} is not there, or has no {sorted(strangers)}")
    open_ones = [one for one in rows if one.state is RefundState.APPROVED][:most]
    for one in open_ones:
        if one.id in failed:
            fail(tx, actor, now, project, one.id, reason=failed[one.id])
        else:
            pay(tx, actor, now, project, one.id, memo=f"list {list_no}")
    lost = sum(one.id in failed for one in open_ones)
    return len(open_ones) - lost, lost


# Payment providers -----------------------------------------------------------------------------------------------------


def waiting_for_channel(reader: Reader, project: Project, page: Page) -> list[Refund]:
    """Approved refunds that a payment provider's gateway has to send on their way."""
    chosen = RefundFilter(state=RefundState.APPROVED, destination=Destination.CHANNEL)
    return refunds.refunds(reader, (project.id,), chosen, page)


def channel_paid(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    refund_id: RefundId,
    provider: str,
    merchant: str,
) -> Refund:
    """A provider has paid a refund: its money is taken from what he owes us.

    Raises:
        Refused: it does not wait for a provider.
    """
    found = steps.known(tx, project, refund_id)
    steps.check_step(found, RefundEvent.PAY)
    if found.destination is not Destination.CHANNEL:
        raise Refused("destination", "this refund waits for no provider")
    credit = ledger_rules.clearing(provider, merchant)
    steps.post(tx, actor, now, found, steps.released(found, credit), "channel")
    return steps.finish(tx, actor, now, replace(found, is_held=False), RefundEvent.PAY)
