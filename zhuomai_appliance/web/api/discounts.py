"""Discounts through the API: templates, and plans sold for several periods with the best of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import discounts
from zhuomai_appliance.flows.discounts import (
    CannotBuyError,
    NotEnoughMoney,
    Offer,
    PreviewIsOld,
    Refused,
    Unfit,
)
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.discounts import Discount
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store import discounts as rows
from zhuomai_appliance.store import products, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts
from zhuomai_appliance.web.api.fields import BIGGEST, MOST_FEN, Id, Instant, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.fields import Fen as AnyFen
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import Problem, invalid

Count = Annotated[int, Field(ge=0, le=1200)]
Names = Annotated[list[Text], Field(max_length=200)]


class DiscountQuery(Strict):
    """Of which project."""

    project: Text | None = None


class DiscountBody(DiscountQuery):
    """A template. `paid_parts` of 10000 are paid (9000 is 10 % off), then `off_fen` is taken off.

    For each `buy_periods` bought at once `gift_periods` come free. An empty condition is none.
    """

    name: Annotated[Text, Field(min_length=1)]
    paid_parts: int = Field(10_000, ge=0, le=10_000)
    off_fen: int = Field(0, ge=0, le=MOST_FEN)
    buy_periods: int = Field(1, ge=1, le=120)
    gift_periods: Count = 0
    gift_days: Count = 0
    gift_octets: int = Field(0, ge=0, le=BIGGEST)
    gift_seconds: int = Field(0, ge=0, le=BIGGEST)
    plans: Names = Field(default_factory=list)
    groups: Names = Field(default_factory=list)
    channels: Annotated[list[Literal["CASH", "BALANCE"]], Field(max_length=2)] = Field(default_factory=list)
    from_at: Instant | None = Field(None, alias="from")
    to_at: Instant | None = Field(None, alias="to")
    min_fen: int = Field(0, ge=0, le=MOST_FEN)
    first_order: bool = False
    per_person: int | None = Field(None, ge=1, le=1000)
    disabled: bool = False


class DiscountItem(Answer):
    """A template."""

    name: str
    paid_parts: int
    off_fen: int
    buy_periods: int
    gift_periods: int
    gift_days: int
    gift_octets: int
    gift_seconds: int
    plans: list[str]
    groups: list[str]
    channels: list[str]
    from_at: Time | None
    to_at: Time | None
    min_fen: int
    first_order: bool
    per_person: int | None
    disabled: bool


class DiscountList(Answer):
    """All templates of a project, by name."""

    items: list[DiscountItem]


class PlanOrderBody(Strict):
    """A plan for so many periods, with the best discount; `expected_fen` refuses any other price than was shown."""

    account_id: Id
    plan: Text
    periods: int = Field(1, ge=1, le=120)
    channel: Literal["CASH", "BALANCE"] = "CASH"
    memo: Memo = ""
    expected_fen: AnyFen | Literal[0] | None = None
    dry_run: bool = False


class WeighedItem(Answer):
    """A discount that was looked at: what it is worth here, or why it does not count."""

    name: str
    worth_fen: int
    why_not: Unfit | None


class PlanOrderItem(Answer):
    """A sale; `order_no` null: nothing was sold. `discount` is the name of the one that was used, empty: none."""

    order_no: str | None
    price_fen: int
    discount: str
    discount_fen: int
    periods: int
    gift_periods: int
    gift_days: int
    starts_at: Time | None
    ends_at: Time | None
    weighed: list[WeighedItem]


async def list_discounts(parts: Parts, call: Call) -> BaseModel:
    """The templates of a project."""
    project = call.project(parts, call.query.project)
    found = await parts.store.read(lambda reader: rows.discounts(reader, project.id))
    return DiscountList(items=[_item(parts, project, one) for one in found])


async def put_discount(parts: Parts, call: Call) -> BaseModel:
    """Add or change a template."""
    body: DiscountBody = call.body
    project = call.project(parts, body.project)
    wanted = Discount(
        name=body.name,
        paid_parts=body.paid_parts,
        off_fen=Fen(body.off_fen),
        buy_periods=body.buy_periods,
        gift_periods=body.gift_periods,
        gift_days=body.gift_days,
        gift_octets=body.gift_octets,
        gift_seconds=body.gift_seconds,
        plans=tuple(body.plans),
        groups=tuple(body.groups),
        channels=tuple(Channel(one) for one in body.channels),
        from_at=body.from_at,
        to_at=body.to_at,
        min_fen=Fen(body.min_fen),
        first_order=body.first_order,
        per_person=body.per_person,
        disabled=body.disabled,
    )
    try:
        await parts.store.write(lambda tx: discounts.put(tx, call.actor, call.now, project, wanted))
    except Refused as error:
        raise invalid([(error.code, error.sentence, "unfit")]) from None
    return _item(parts, project, wanted)


async def create_plan_order(parts: Parts, call: Call) -> BaseModel | Kept:
    """Sell a plan with the best discount, or say what it would cost and why."""
    body: PlanOrderBody = call.body
    scope, channel = call.projects(parts), Channel(body.channel)
    person = await parts.store.read(lambda reader: reports.account(reader, scope, body.account_id))
    project = None if person is None else parts.tables.project(person.project_id)
    if person is None or project is None:
        raise invalid([("account_id", "there is no such account, or it is not yours to see", "unknown")])

    def look(reader: Reader) -> tuple[products.Offer, Offer]:
        on_sale = products.plan_by_name(reader, project.id, body.plan)
        if on_sale is None or not on_sale.on_sale:
            raise invalid([("plan", f'there is no plan "{body.plan}" on sale', "unknown")])
        seen = discounts.offer(
            reader, project, person.id, on_sale.version, channel, call.now, periods=body.periods
        )
        return on_sale, seen

    def sell(tx: Transaction) -> BaseModel:
        on_sale, seen = look(tx)
        if body.expected_fen is not None and body.expected_fen != seen.preview.price_fen:
            raise PreviewIsOld
        order = discounts.sell(
            tx, call.actor, call.now, project, person.id, on_sale.version, channel, periods=body.periods,
            expected=seen, memo=body.memo,
        )  # fmt: skip
        return _sold(parts, project, body, seen, order.order_no)

    try:
        if body.dry_run:
            seen = (await parts.store.read(look))[1]
            return _sold(parts, project, body, seen, None)
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: sell(tx)))
    except NotEnoughMoney as error:
        raise Problem(
            409, "not_enough_money", "the wallet holds less than the price", missing_fen=error.missing_fen
        ) from None
    except CannotBuyError as error:
        raise Problem(409, "cannot_buy", str(error)) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "it is not what was shown any more; look again") from None


def _sold(
    parts: Parts, project: Project, body: PlanOrderBody, seen: Offer, order_no: str | None
) -> PlanOrderItem:
    given, segment = seen.choice.reduction, seen.preview.segment
    return PlanOrderItem(
        order_no=order_no,
        price_fen=seen.preview.price_fen,
        discount=given.name,
        discount_fen=sum(line.discount_fen for line in seen.preview.lines),
        periods=body.periods,
        gift_periods=given.gift_periods,
        gift_days=given.gift_days,
        starts_at=parts.maybe_time(segment.starts_at, project.id),
        ends_at=parts.maybe_time(segment.ends_at, project.id),
        weighed=[
            WeighedItem(name=one.name, worth_fen=one.worth_fen, why_not=one.why_not)
            for one in seen.choice.weighed
        ],
    )


def _item(parts: Parts, project: Project, one: Discount) -> DiscountItem:
    facts: dict[str, Any] = {name: getattr(one, name) for name in DiscountItem.model_fields}
    lists = {name: list(facts[name]) for name in ("plans", "groups", "channels")}
    times = {name: parts.maybe_time(facts[name], project.id) for name in ("from_at", "to_at")}
    return DiscountItem(**facts | lists | times)
