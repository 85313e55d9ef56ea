"""Changing a running plan for another through the API (features D12, billing rules §8)."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.flows import plan_changes
from zhuomai_appliance.flows.plan_changes import ChangePreview
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.plan_rules import ChangeMode
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found
from zhuomai_appliance.web.api.fields import Strict, Text
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.subscriptions import SpanItem, person_of, span_items
from zhuomai_appliance.web.api.suspensions import refused


class ChangeBody(Strict):
    """The plan that takes over; `dry_run` changes nothing and shows cost and dates.

    `revision` is the chain's that was looked at, where the answer must be what was shown.
    """

    plan: Text
    revision: int | None = None
    dry_run: bool = False


class ChangeLine(Answer):
    """One line of the posting; a debit is above zero. `deferred:0` stands for the new purchase in a dry run."""

    account: str
    amount_fen: int


class ChangeItem(Answer):
    """What a change does: `charge_fen` out of the wallet, `credit_fen` and `bonus_credit_fen` into it.

    `remaining` of `total` is what the price was found by. `subscription_id` and `order_no` are null in a dry run.
    """

    subscription_id: int | None
    order_no: str | None
    plan: str
    direction: str
    mode: ChangeMode
    charge_fen: int
    credit_fen: int
    bonus_credit_fen: int
    remaining: int
    total: int
    revision: int
    lines: list[ChangeLine]
    before: list[SpanItem]
    after: list[SpanItem]


async def change_plan(parts: Parts, call: Call) -> BaseModel | Kept:
    """Put another plan in a running one's place, or show what that would do."""
    body: ChangeBody = call.body
    row, project = await person_of(parts, call)
    subscription_id = SubscriptionId(call.path["subscription_id"])

    def look(reader: Reader) -> ChangePreview:
        seen = plan_changes.preview_change(reader, project, row.id, subscription_id, body.plan, call.now)
        if body.revision is not None and seen.revision != body.revision:
            raise PreviewIsOld
        return seen

    def task(tx: Transaction) -> BaseModel:
        seen = look(tx)
        made = plan_changes.change(
            tx, call.actor, call.now, project, row.id, subscription_id, body.plan,
            key=f"api:{call.key}", expected=seen,
        )  # fmt: skip
        return _item(parts, seen, project.id, made["subscription_id"], made["order_no"])

    try:
        if body.dry_run:
            return _item(parts, await parts.store.read(look), project.id, None, None)
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except LookupError:
        raise not_found() from None
    except (Refused, NotEnoughMoney, PreviewIsOld) as error:
        raise refused(error) from None


def _item(
    parts: Parts, seen: ChangePreview, project_id: ProjectId, made: int | None, order_no: str | None
) -> ChangeItem:
    return ChangeItem(
        subscription_id=made,
        order_no=order_no,
        plan=seen.plan_name,
        direction=seen.direction,
        mode=seen.mode,
        charge_fen=seen.charge_fen,
        credit_fen=seen.credit_fen,
        bonus_credit_fen=seen.bonus_credit_fen,
        remaining=seen.remaining,
        total=seen.total,
        revision=seen.revision,
        lines=[ChangeLine(account=line.account_ref, amount_fen=line.amount_fen) for line in seen.lines],
        before=span_items(parts, seen.before, project_id),
        after=span_items(parts, seen.after, project_id),
    )
