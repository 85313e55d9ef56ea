"""The counter for one person: choose a plan or an amount, see what it does, take the money once.

The page works without a script: a choice is a link, the amount a form that changes nothing, and only the last button
does. Its form brings back the figures it showed; where they hold no more, they are shown anew and nothing is done.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from zhuomai_appliance.flows import purchases, till
from zhuomai_appliance.flows.desk import CannotBuyError, NotEnoughMoney, PreviewIsOld
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.entitlement import owned_until
from zhuomai_appliance.model.money import Fen, format_yuan, parse_yuan
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountStatus, Permission
from zhuomai_appliance.model.products import PlanVersionId
from zhuomai_appliance.store import products, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import Offer
from zhuomai_appliance.web.admin.labels import account_badge, plan_note
from zhuomai_appliance.web.admin.payment_views import Bill, Change, OfferLine, PayView
from zhuomai_appliance.web.api.fields import MOST_FEN
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.forms import Fields, RechargeForm, SaleForm
from zhuomai_appliance.web.permissions import Visit, require
from zhuomai_appliance.web.render import query_link

if TYPE_CHECKING:
    from klein import Klein

    from zhuomai_appliance.web.admin.app import AdminApp
    from zhuomai_appliance.web.app import ConsoleDeps

SHOWN_SECONDS: Final = 300
"""How long the figures of a page may be taken at their word (ui.md §5)."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the page is about: a version of a plan, or an amount for the wallet, and what an earlier page showed."""

    version_id: PlanVersionId | None = None
    recharging: bool = False
    amount: str = ""
    memo: str = ""
    problem: str = ""
    shown: dict[str, int | None] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The address of this page, which a form was sent from."""
        if self.recharging:
            return {"what": "recharge"} | ({"amount": self.amount} if self.amount else {})
        return {} if self.version_id is None else {"version": str(self.version_id)}

    def moved(self, name: str, value: int | None) -> bool:
        """Whether a figure is another than the one that was sent."""
        return self.shown is not None and name in self.shown and self.shown[name] != value


@dataclass(frozen=True, slots=True)
class _Person:
    row: reports.AccountRow
    project: Project


def add_routes(app: Klein) -> None:
    """Put the counter's pages into the console."""
    app.route("/users/<int:account_id>/pay", methods=["GET"])(show)
    app.route("/users/<int:account_id>/pay", methods=["POST"])(sell)
    app.route("/users/<int:account_id>/recharge", methods=["POST"])(recharge)


@require(Permission.ORDERS_CASH)
async def show(site: AdminApp, visit: Visit, account_id: int) -> bytes:
    """The choice and its consequence; nothing is done here."""
    version = visit.query.get("version", "")
    choice = _Choice(
        version_id=PlanVersionId(int(version))
        if version.isascii() and version.isdigit() and len(version) < 18
        else None,
        recharging=visit.query.get("what") == "recharge",
        amount=visit.query.get("amount", "")[:40],
    )
    return await _page(site, visit, account_id, choice)


@require(Permission.ORDERS_CASH)
async def sell(site: AdminApp, visit: Visit, account_id: int) -> bytes:
    """Take the money for a plan, from the till or the wallet, once however often the form comes."""
    person = await _person(site.deps, visit, account_id)
    if person is None:
        return site.refused(visit.request, 404, visit)
    form = SaleForm(Fields(visit.request.args or {}))
    if not form.validate():
        return site.refused(visit.request, 400, visit)
    sent: dict[str, Any] = form.data
    sale = till.Sale(
        key=sent["key"],
        version_id=PlanVersionId(sent["version"]),
        revision=sent["revision"],
        price_fen=sent["price"],
        channel=Channel(sent["channel"]),
        memo=(sent["memo"] or "").strip(),
    )
    choice = _Choice(
        version_id=sale.version_id,
        memo=sale.memo,
        shown={"price": sale.price_fen, "until": sent["until"]},
    )

    def task(tx: Transaction) -> str:
        return till.sell_once(tx, visit.actor, visit.now, person.project, person.row.id, sale)

    return await _do(site, visit, person, choice, sent["at"], task)


@require(Permission.ORDERS_CASH)
async def recharge(site: AdminApp, visit: Visit, account_id: int) -> bytes:
    """Take cash into the wallet, once however often the form comes."""
    person = await _person(site.deps, visit, account_id)
    if person is None:
        return site.refused(visit.request, 404, visit)
    form = RechargeForm(Fields(visit.request.args or {}))
    if not form.validate():
        return site.refused(visit.request, 400, visit)
    sent: dict[str, Any] = form.data
    wanted = till.Recharge(
        key=sent["key"],
        amount_fen=Fen(sent["fen"]),
        before_fen=sent["before"],
        memo=(sent["memo"] or "").strip(),
    )
    choice = _Choice(
        recharging=True,
        amount=format_yuan(wanted.amount_fen),
        memo=wanted.memo,
        shown={"before": wanted.before_fen},
    )

    def task(tx: Transaction) -> str:
        return till.recharge_once(tx, visit.actor, visit.now, person.project, person.row.id, wanted)

    return await _do(site, visit, person, choice, sent["at"], task)


async def _do(
    site: AdminApp, visit: Visit, person: _Person, choice: _Choice, shown_at: int, task: Any
) -> bytes:
    """Run a change that a form asked for, then the person's page; else the form again with why not."""
    text = visit.f.words.text
    try:
        if not -SHOWN_SECONDS <= visit.now - shown_at <= SHOWN_SECONDS:
            raise PreviewIsOld
        order_no = await site.deps.store.write(task, urgent=True)
    except PreviewIsOld:
        problem = text("The account has changed or the page is old. Please check the figures again.")
    except NotEnoughMoney as error:
        problem = text("The wallet is short by %(x)s. Nothing was sold.", x=visit.f.yuan(error.missing_fen))
    except CannotBuyError:
        problem = text("This plan has ended and cannot be sold any more.")
    except till.KeyReused:
        return site.refused(visit.request, 409, visit)
    else:
        return site.to(visit.request, query_link(f"/admin/users/{person.row.id}", {"paid": order_no}))
    visit.request.setResponseCode(409)
    return await _page(site, visit, person.row.id, replace(choice, problem=problem))


async def receipt(deps: ConsoleDeps, visit: Visit, account_id: int) -> str:
    """What was just taken from this person, in one sentence; empty where nothing was."""
    order_no = visit.query.get("paid", "")[:64]
    if not order_no or not visit.may(Permission.ORDERS_READ):
        return ""
    chosen = reports.OrderFilter(order_no=order_no, account_id=account_id)  # type: ignore[arg-type]

    def read(reader: Reader) -> tuple[list[reports.OrderRow], reports.AccountRow | None]:
        found = reports.orders(reader, visit.projects, chosen, reports.Page(limit=1))
        return found, reports.account(reader, visit.projects, account_id)

    found, row = await deps.store.read(read)
    if not found or row is None:
        return ""
    order, f = found[0], visit.f
    amount = f.yuan(order.amount_fen)
    if order.plan is None:
        return f.words.text(
            "Received %(amount)s, the wallet holds %(balance)s.",
            amount=amount,
            balance=f.yuan(row.balance_fen),
        )
    until = _until(f, None if row.entitlement is None else owned_until(row.entitlement))
    if order.channel is Channel.BALANCE:
        message = f.words.text(
            "Paid %(amount)s from the wallet: %(plan)s, to %(until)s.",
            amount=amount,
            plan=order.plan,
            until=until,
        )
    else:
        message = f.words.text(
            "Received %(amount)s: %(plan)s, to %(until)s.", amount=amount, plan=order.plan, until=until
        )
    return message


# The page ---------------------------------------------------------------------------------------------------------------


async def _person(deps: ConsoleDeps, visit: Visit, account_id: int) -> _Person | None:
    """Whoever may pay: an account of the operator's projects that is not closed."""
    row = await deps.store.read(lambda reader: reports.account(reader, visit.projects, account_id))
    project = None if row is None else deps.tables.project(row.project_id)
    if row is None or project is None or row.status(visit.now) is AccountStatus.CLOSED:
        return None
    return _Person(row, project)


async def _page(site: AdminApp, visit: Visit, account_id: int, choice: _Choice) -> bytes:
    person = await _person(site.deps, visit, account_id)
    if person is None:
        return site.refused(visit.request, 404, visit)
    view = await site.deps.store.read(lambda reader: _view(reader, site.deps, visit, person, choice))
    return site.page(replace(visit, path=_here(person), query=choice.query), "pay.html", view, "users")


def _here(person: _Person) -> str:
    return f"/admin/users/{person.row.id}/pay"


def _view(reader: Reader, deps: ConsoleDeps, visit: Visit, person: _Person, choice: _Choice) -> PayView:
    f, row = visit.f, person.row
    here = _here(person)
    offers = till.on_sale(reader, person.project)
    chosen = None if choice.recharging else _chosen(reader, person.project, offers, choice.version_id)
    bill, cannot, amount_problem = None, "", ""
    key = f"{visit.now:x}-{deps.reference()}"
    wallet = purchases.wallet_fen(reader, person.project.id, row.id)
    if chosen is not None:
        try:
            quote = till.quote(reader, person.project, row.id, chosen.version.id, visit.now)
        except CannotBuyError:
            cannot = f.words.text("This plan has ended and cannot be sold any more.")
        else:
            bill = None if quote is None else _sale(visit, person, quote, wallet, choice, key)
    elif choice.recharging and choice.amount:
        amount = _amount(choice.amount)
        if amount is None:
            amount_problem = f.words.text("Write the amount like 30 or 30.50, above zero.")
        else:
            bill = _into_wallet(visit, person, amount, wallet, choice, key)
    lines = [
        OfferLine(
            url=f"{here}?version={offer.version.id}",
            name=offer.plan.name,
            note=plan_note(offer.version, f),
            price_fen=offer.version.price_fen,
            chosen=chosen is not None and chosen.version.id == offer.version.id,
        )
        for offer in offers
    ]
    text = f.words.text
    into = OfferLine(
        f"{here}?what=recharge", text("Top up the wallet"), text("any amount"), None, choice.recharging
    )
    return PayView(
        username=row.username,
        full_name=row.full_name,
        person_url=f"/admin/users/{row.id}",
        badge=account_badge(row.status(visit.now), f.words),
        balance_fen=wallet,
        offers=(*lines, into),
        recharging=choice.recharging,
        amount=choice.amount,
        amount_problem=amount_problem,
        bill=bill,
        problem=choice.problem,
        cannot=cannot,
    )


def _chosen(
    reader: Reader, project: Project, offers: list[Offer], version_id: PlanVersionId | None
) -> Offer | None:
    """The offer of this version, or of its plan where the plan has a newer one by now."""
    if version_id is None:
        return None
    exact = next((offer for offer in offers if offer.version.id == version_id), None)
    if exact is not None:
        return exact
    held = products.version(reader, project.id, version_id)
    return next((offer for offer in offers if held is not None and offer.plan.id == held.plan_id), None)


def _sale(visit: Visit, person: _Person, quote: till.Quote, wallet: int, choice: _Choice, key: str) -> Bill:
    f, text, preview = visit.f, visit.f.words.text, quote.preview
    until, would_be = preview.covered_until, preview.would_be_covered_until
    price = preview.price_fen
    missing = price - wallet
    start, end = preview.segment.starts_at, preview.segment.ends_at
    span = text("After what is owned now") if start is None else f.span(start, end)
    return Bill(
        action=_here(person),
        title=quote.offer.plan.name,
        due_fen=price,
        moved=choice.moved("price", price),
        changes=(
            Change(text("This purchase"), span),
            Change(text("Ends"), _until(f, until), _until(f, would_be), choice.moved("until", until)),
            Change(text("Wallet"), f.yuan(wallet)),
        ),
        hidden=(
            ("key", key),
            ("at", str(visit.now)),
            ("version", str(quote.offer.version.id)),
            ("revision", str(preview.revision)),
            ("price", str(price)),
            ("until", "" if until is None else str(until)),
        ),
        cash_label=text("Receive %(amount)s", amount=f.yuan(price)) if price else text("Open this plan"),
        wallet_label=text("Pay %(amount)s from the wallet", amount=f.yuan(price))
        if price and missing <= 0
        else "",
        wallet_note=text("The wallet is short by %(x)s for this.", x=f.yuan(missing)) if missing > 0 else "",
        memo=choice.memo,
    )


def _into_wallet(visit: Visit, person: _Person, amount: int, wallet: int, choice: _Choice, key: str) -> Bill:
    f, text = visit.f, visit.f.words.text
    return Bill(
        action=f"/admin/users/{person.row.id}/recharge",
        title=text("Top up the wallet"),
        due_fen=amount,
        moved=False,
        changes=(
            Change(text("Wallet"), f.yuan(wallet), f.yuan(wallet + amount), choice.moved("before", wallet)),
        ),
        hidden=(("key", key), ("at", str(visit.now)), ("fen", str(amount)), ("before", str(wallet))),
        cash_label=text("Receive %(amount)s", amount=f.yuan(amount)),
        memo=choice.memo,
    )


def _until(f: Formatter, ends_at: int | None) -> str:
    """To when something is owned: without end, nothing, a past or a coming day."""
    if ends_at is None:
        return f.words.text("no end")
    return f.end_of_service(ends_at) if ends_at else f.words.text("nothing yet")


def _amount(written: str) -> Fen | None:
    """An amount as people type it, full-width digits and a ¥ in front included; None for anything else, zero and a slip."""
    plain = unicodedata.normalize("NFKC", written).strip().removeprefix("¥").replace(",", "")
    try:
        amount = parse_yuan(plain)
    except ValueError:
        return None
    return amount if 0 < amount <= MOST_FEN else None
