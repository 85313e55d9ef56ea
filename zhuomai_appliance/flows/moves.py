"""Moving an installation (移机, features F11): a work order with the new place, and a fee where the school takes one.

Opening takes the fee, as a manual charge; the place in the books changes when the technician says that it is done. The street
address is person data: the work order holds it sealed, and the log says only that it changes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from zhuomai_appliance.flows import charges
from zhuomai_appliance.flows.audited import auditor
from zhuomai_appliance.flows.charges import ChargeWish
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Account, AccountId
from zhuomai_appliance.store import accounts, moves
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.moves import Place, WorkOrder
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.vault import Vault

_audit = auditor("account")

__all__ = ["MoveWish", "cancel", "complete", "open_move"]


@dataclass(frozen=True, slots=True)
class MoveWish:
    """Where to; ``address`` None: the street address stays. ``fee`` is charged when the work order is opened."""

    place: Place
    address: str | None = field(default=None, repr=False)
    memo: str = ""
    fee: ChargeWish | None = None


def _context(account_id: AccountId) -> bytes:
    return b"work_order.address:%d" % account_id


def _open_account(reader: Reader, project: Project, account_id: AccountId) -> Account:
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id:
        raise LookupError(f"account {account_id} is not there")
    if login.account.closed_at is not None:
        raise Refused("account_closed", "this account is closed: it moves no more")
    return login.account


def open_move(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    wanted: MoveWish,
) -> int:
    """Open the work order of a move and take its fee; its id.

    Raises:
        LookupError: the account is not there.
        Refused: it is closed, a move of it is open already, or the fee's subject is not to be used.
        NotEnoughMoney: the wallet holds less than the fee; nothing was done.
    """
    account = _open_account(tx, project, account_id)
    if moves.work_orders(tx, (project.id,), Page(limit=1), account_id=account_id, state="open"):
        raise Refused("move_open", "a move of this account is open: finish or cancel it first")
    order_no = None if wanted.fee is None else charges.charge(tx, actor, now, project, wanted.fee).order_no
    known = moves.installation(tx, project.id, account_id)
    facts: dict[str, Any] = {"from": None if known is None else asdict(known[0]), "to": asdict(wanted.place)}
    if wanted.address is not None:
        facts["address_sealed"] = vault.seal(wanted.address.encode(), _context(account_id)).hex()
    made = moves.add_order(
        tx, project.id, account_id, facts, memo=wanted.memo, order_no=order_no, by=actor.name, at=now
    )
    shown = {"work_order": made, "to": asdict(wanted.place), "order_no": order_no}
    _audit(
        tx,
        actor,
        now,
        project,
        "move.open",
        account.username,
        shown | {"address": wanted.address is not None},
    )
    return made


def complete(tx: Transaction, vault: Vault, actor: Actor, now: int, project: Project, order_id: int) -> None:
    """The technician has done it: the account is installed at its new place.

    Raises:
        LookupError: there is no such work order.
        Refused: it is closed, or so is the account.
    """
    order = _closing(tx, actor, now, project, order_id, "done")
    account = _open_account(tx, project, order.account_id)
    moves.put_installation(tx, project.id, order.account_id, Place(**order.facts["to"]), now)
    sealed = order.facts.get("address_sealed")
    if sealed is not None:
        address = vault.open(bytes.fromhex(sealed), _context(order.account_id)).decode()
        person = accounts.person_data(tx, vault, order.account_id)
        accounts.set_person_data(tx, vault, project.id, order.account_id, replace(person, address=address))
    _audit(tx, actor, now, project, "move.done", account.username, {"work_order": order_id})


def cancel(tx: Transaction, actor: Actor, now: int, project: Project, order_id: int) -> None:
    """The move does not happen; a fee that was taken is given back by reversing its posting.

    Raises:
        LookupError: there is no such work order.
        Refused: it is closed.
    """
    order = _closing(tx, actor, now, project, order_id, "cancelled")
    _audit(tx, actor, now, project, "move.cancel", order.username, {"work_order": order_id})


def _closing(
    tx: Transaction, actor: Actor, now: int, project: Project, order_id: int, state: str
) -> WorkOrder:
    found = moves.work_orders(tx, (project.id,), Page(limit=1), order_id=order_id)
    if not found:
        raise LookupError(f"work order {order_id} is not there")
    if not moves.close_order(tx, project.id, order_id, state, actor.name, now):
        raise Refused("state", f"this work order is {found[0].state}")
    return found[0]
