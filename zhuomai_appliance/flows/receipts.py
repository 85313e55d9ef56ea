"""Receipts (票据): numbered with the posting, printed and counted, void for good (features E06).

Without a series a project issues none. Money that comes in at the counter has one; what a wallet pays had it at its recharge.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.flows.audited import auditor
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import receipts as rules
from zhuomai_appliance.model.commerce import Channel, Order, OrderState
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.receipts import Receipt, ReceiptSeries
from zhuomai_appliance.store import orders, receipts
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.receipts import ReceiptFilter
from zhuomai_appliance.store.reports_query import Page

_audit = auditor("receipt")

MOST_DIGITS: Final = 12


def use_series(tx: Transaction, actor: Actor, now: int, project: Project, wanted: ReceiptSeries) -> None:
    """Number receipts by a series from now on; a prefix that was used before goes on where it stopped.

    Raises:
        Refused: the digits are none.
    """
    if not 1 <= wanted.digits <= MOST_DIGITS:
        raise Refused("digits", f"a serial has 1 to {MOST_DIGITS} digits")
    receipts.put_series(tx, wanted)
    facts = {"prefix": wanted.prefix, "digits": wanted.digits, "title": wanted.title}
    _audit(tx, actor, now, project, "receipt.series", wanted.prefix, facts)


def issue(tx: Transaction, now: int, project: Project, order: Order) -> Receipt | None:
    """The receipt of an order whose cash is being posted in this transaction; None where there is none to issue."""
    if order.channel is not Channel.CASH or order.amount_fen <= 0:
        return None
    taken = receipts.take(tx, project.id)
    if taken is None:
        return None
    number = rules.number(taken.prefix, taken.digits, taken.serial)
    receipts.add(
        tx, project.id, number, taken, order_no=order.order_no, amount_fen=order.amount_fen, at=now,
        issued_by=order.operator,
    )  # fmt: skip
    return known(tx, project, number)


def known(reader: Reader, project: Project, number: str) -> Receipt:
    """A receipt of a project.

    Raises:
        LookupError: it is not there.
    """
    found = receipts.receipt(reader, project.id, number)
    if found is None:
        raise LookupError(f"receipt {number} is not there")
    return found


def void(tx: Transaction, actor: Actor, now: int, project: Project, number: str, reason: str) -> Receipt:
    """Make a receipt void, its number stays; the order may have another one afterwards.

    Raises:
        LookupError: it is not there.
        Refused: no reason, or it was void before.
    """
    known(tx, project, number)
    if not reason.strip():
        raise Refused("reason", "say why the receipt is void")
    if not receipts.void(tx, project.id, number, now, actor.name, reason):
        raise Refused("void", f"receipt {number} is void already")
    _audit(tx, actor, now, project, "receipt.void", number, {"reason": reason})
    return known(tx, project, number)


def void_of_order(
    tx: Transaction, actor: Actor, now: int, project: Project, order_no: str, reason: str
) -> None:
    """Void the receipt of an order that is undone, if it has one."""
    for one in receipts.receipts(tx, (project.id,), ReceiptFilter(order_no=order_no), Page()):
        if one.voided_at is None:
            void(tx, actor, now, project, one.number, reason)


def reissue(tx: Transaction, actor: Actor, now: int, project: Project, order_no: str) -> Receipt:
    """Another receipt for an order whose receipt is void, or that was paid before there was a series.

    Raises:
        LookupError: there is no such order in this project.
        Refused: it has a good receipt, was undone, or no cash was taken for it.
    """
    order = orders.order(tx, order_no)
    if order is None or order.project_id != project.id:
        raise LookupError(f"order {order_no} is not there")
    if order.state is not OrderState.FULFILLED:
        raise Refused("order_state", f"order {order_no} is {order.state}")
    of_order = receipts.receipts(tx, (project.id,), ReceiptFilter(order_no=order_no), Page())
    good = [one.number for one in of_order if one.voided_at is None]
    if good:
        raise Refused("issued", f"order {order_no} has receipt {good[0]}")
    made = issue(tx, now, project, order)
    if made is None:
        raise Refused("no_receipt", "no cash was taken for this order, or no series numbers receipts")
    _audit(tx, actor, now, project, "receipt.issue", made.number, {"order_no": order_no})
    return made


def note_print(
    tx: Transaction, actor: Actor, now: int, project: Project, number: str, buyer: str = "", tax_no: str = ""
) -> Receipt:
    """Count a print; the first says for whom it is (抬头, 税号), and that stays.

    Raises:
        LookupError: it is not there.
        Refused: it is for somebody else already.
    """
    one = known(tx, project, number)
    if one.prints and (buyer or tax_no) and (buyer, tax_no) != (one.buyer, one.tax_no):
        raise Refused("buyer", "this receipt was printed for somebody else: void it and issue another")
    kept = (one.buyer, one.tax_no) if one.prints else (buyer, tax_no)
    receipts.count_print(tx, project.id, number, *kept)
    _audit(tx, actor, now, project, "receipt.print", number, {"prints": one.prints + 1})
    return known(tx, project, number)
