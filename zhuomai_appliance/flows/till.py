"""What the counter's forms do: the same form sent twice is done once, and never with other figures than it showed.

A form carries a key of its own. The first time, the order is made and its number is kept under the key in the same
commit; from then on the key answers with that number (billing rule 8: preview and commit cannot differ).
"""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.flows import desk, purchases
from zhuomai_appliance.flows.once import KeyReused, once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import Preview, PreviewIsOld
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersionId
from zhuomai_appliance.store import products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import Offer

__all__ = ["KeyReused", "Quote", "Recharge", "Sale", "on_sale", "quote", "recharge_once", "sell_once"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A plan on sale and what buying it now would do."""

    offer: Offer
    preview: Preview


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as its form showed it. ``key`` belongs to this one form."""

    key: str
    version_id: PlanVersionId
    revision: int
    price_fen: int
    channel: Channel
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Recharge:
    """Cash into the wallet as its form showed it: ``before_fen`` is what the wallet held."""

    key: str
    amount_fen: Fen
    before_fen: int
    memo: str = ""


def on_sale(reader: Reader, project: Project) -> list[Offer]:
    """The plans that the counter may sell, by name."""
    return [offer for offer in products.plans(reader, project.id) if offer.on_sale]


def quote(
    reader: Reader, project: Project, account_id: AccountId, version_id: PlanVersionId, now: int
) -> Quote | None:
    """What a sale of this version would do at ``now``; None when it is on sale no more.

    Raises:
        CannotBuyError: it could never be used.
    """
    offer = next((one for one in on_sale(reader, project) if one.version.id == version_id), None)
    if offer is None:
        return None
    return Quote(offer, purchases.preview(reader, account_id, offer.version, Zone(project.zone), now))


def sell_once(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, sale: Sale
) -> str:
    """Sell what a form showed; the order's number, the first one if the form comes again.

    Raises:
        PreviewIsOld: price, plan or account are not as they were shown; nothing was done.
        NotEnoughMoney, CannotBuyError: nothing was done.
        KeyReused: the key came before with another form.
    """

    def make() -> dict[str, str]:
        found = quote(tx, project, account_id, sale.version_id, now)
        if found is None or found.preview.price_fen != sale.price_fen:
            raise PreviewIsOld
        order = desk.sell(
            tx,
            actor,
            now,
            project,
            account_id,
            found.offer.version,
            sale.channel,
            memo=sale.memo,
            revision=sale.revision,
        )
        return {"order_no": order.order_no}

    request = [
        "sell",
        account_id,
        sale.version_id,
        sale.revision,
        sale.price_fen,
        sale.channel.value,
        sale.memo,
    ]
    return str(once(tx, actor, now, project, sale.key, request, make)["order_no"])


def recharge_once(
    tx: Transaction, actor: Actor, now: int, project: Project, account_id: AccountId, wanted: Recharge
) -> str:
    """Take cash into the wallet as a form showed it; the order's number, the first one if the form comes again.

    Raises:
        PreviewIsOld: the wallet holds something else than was shown; nothing was done.
        KeyReused: the key came before with another form.
    """

    def make() -> dict[str, str]:
        if purchases.wallet_fen(tx, project.id, account_id) != wanted.before_fen:
            raise PreviewIsOld
        order = desk.recharge(tx, actor, now, project, account_id, wanted.amount_fen, memo=wanted.memo)
        return {"order_no": order.order_no}

    request = ["recharge", account_id, wanted.amount_fen, wanted.before_fen, wanted.memo]
    return str(once(tx, actor, now, project, wanted.key, request, make)["order_no"])
