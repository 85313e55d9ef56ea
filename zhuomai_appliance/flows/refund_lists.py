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

__all__ = [
    "BankRow",
    "bank_list",
    "channel_paid",
    "close_list",
    "listed",
    "note_reading",
    "waiting_for_channel",
]


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
    count = refunds.put_on_list(tx, project.id, list_no)
    if count == 0:
        raise Refused("nothing_to_list", "no approved transfer waits for a list")
    steps.audit(tx, actor, now, project, "refund.list", list_no, {"transfers": count})
    return list_no


def note_reading(tx: Transaction, actor: Actor, now: int, project: Project, list_no: int) -> None:
    """Keep that somebody is about to read whole bank accounts."""
    steps.audit(tx, actor, now, project, "refund.list_read", list_no, {})


def listed(
    reader: Reader, vault: Vault, project: Project, list_no: int, after: int | None = None, limit: int = 200
) -> list[BankRow]:
    """Transfers of a list after a refund's number, with the bank accounts they go to; `note_reading` comes before."""
    rows = []
    for one in refunds.refunds(reader, (project.id,), RefundFilter(list_no=list_no), Page(after, limit)):
        bank = refunds.bank_account(reader, vault, project.id, one.id)
        login = accounts.login_by_id(reader, one.account_id)
        if bank is not None and login is not None:
            rows.append(BankRow(one, login.account.username, login.account.full_name, bank))
    return rows


def close_list(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    list_no: int,
    failed: Mapping[int, str],
    most: int = 20,
) -> tuple[int, int]:
    """Note what the bank did with a list: all that is not named as failed is paid. Done again, it changes nothing.

    Args:
        tx: the transaction.
        actor: who notes it.
        now: the instant.
        project: whose list.
        list_no: which.
        failed: why, by the numbers of the refunds.
        most: so many at once, that nobody waits long; to be called until nothing is left.

    Returns:
        How many were paid and how many failed by this.

    Raises:
        LookupError: there is no such list, or a number is not on it.
    """
    on_list = RefundFilter(list_no=list_no)
    if not refunds.refunds(tx, (project.id,), on_list, Page(limit=1)):
        raise LookupError(f"list {list_no} is not there")
    for number in failed:
        if steps.known(tx, project, RefundId(number)).list_no != list_no:
            raise LookupError(f"refund {number} is not on list {list_no}")
    waiting = RefundFilter(list_no=list_no, state=RefundState.APPROVED)
    open_ones = refunds.refunds(tx, (project.id,), waiting, Page(limit=most))
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
