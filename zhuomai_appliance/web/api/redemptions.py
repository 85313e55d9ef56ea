"""Redeeming a recharge card for somebody through the API; a wrong PIN is counted although the answer is an error."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.flows import redemption
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store import reports
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts
from zhuomai_appliance.web.api.items_cards import RedeemBody, RedemptionItem
from zhuomai_appliance.web.api.problems import Problem, invalid

_NOT_TAKEN = {
    redemption.Why.NOT_A_CARD: "this is no card number: a digit is wrong",
    redemption.Why.WRONG: "number or PIN is wrong",
    redemption.Why.LOCKED: "too many wrong PINs; wait before the next try",
    redemption.Why.NOT_SOLD: "this card was not sold",
    redemption.Why.USED: "this card is used",
    redemption.Why.VOID: "this card is void",
    redemption.Why.EXPIRED: "this card has expired",
}


async def redeem_card(parts: Parts, call: Call) -> BaseModel | Kept:
    """Redeem a card for somebody, or say what it would bring."""
    body: RedeemBody = call.body
    person = await parts.store.read(
        lambda reader: reports.account(reader, call.projects(parts), body.account_id)
    )
    project = None if person is None else parts.tables.project(person.project_id)
    if person is None or project is None:
        raise invalid([("account_id", "there is no such account, or it is not yours to see", "unknown")])
    address = body.address or call.actor.address

    def look(tx: Transaction) -> RedemptionItem | redemption.Refused:
        seen = redemption.look(tx, parts.vault, call.now, project, person.id, body.number, body.pin, address)
        return seen if isinstance(seen, redemption.Refused) else _worth(parts, project, seen)

    def redeem(tx: Transaction) -> RedemptionItem:
        done = redemption.redeem(
            tx, parts.vault, call.actor, call.now, project, person.id, body.number, body.pin, address,
            revision=body.revision,
        )  # fmt: skip
        if isinstance(done, redemption.Refused):
            raise _NotTaken(done)
        return RedemptionItem(
            number=done.number, kind=done.kind, face_fen=done.face_fen, plan=None, order_no=done.order_no,
            subscription_id=done.subscription_id, starts_at=None, ends_at=None, revision=None, dry_run=False,
        )  # fmt: skip

    def once(tx: Transaction) -> Kept | redemption.Refused:
        try:
            return call.once(parts, tx, project.id, lambda: redeem(tx))
        except _NotTaken as error:
            # Caught inside the transaction: the try that was counted stays, and the key stays free
            return error.refused

    try:
        answer = await (parts.store.write(look) if body.dry_run else parts.store.write(once))
    except redemption.CannotBuyError as error:
        raise Problem(409, "cannot_buy", str(error)) from None
    except redemption.PreviewIsOld:
        raise Problem(409, "preview_is_old", "the account changed since the preview; look again") from None
    except LookupError:
        raise invalid([("account_id", "this account is closed", "closed")]) from None
    if isinstance(answer, redemption.Refused):
        raise _not_taken(answer)
    return answer


class _NotTaken(Exception):
    def __init__(self, why: redemption.Refused) -> None:
        super().__init__(why.why)
        self.refused = why


def _not_taken(answer: redemption.Refused) -> Problem:
    if answer.wait_seconds:
        return Problem(
            429, "card_locked", _NOT_TAKEN[answer.why], {"Retry-After": str(answer.wait_seconds)},
            wait_seconds=answer.wait_seconds,
        )  # fmt: skip
    return Problem(409, f"card_{answer.why}", _NOT_TAKEN[answer.why])


def _worth(parts: Parts, project: Project, seen: redemption.Worth) -> RedemptionItem:
    bought = seen.purchase
    return RedemptionItem(
        number=seen.number,
        kind=seen.kind,
        face_fen=seen.face_fen,
        plan=seen.plan_name or None,
        order_no=None,
        subscription_id=None,
        starts_at=None if bought is None else parts.maybe_time(bought.segment.starts_at, project.id),
        ends_at=None if bought is None else parts.maybe_time(bought.segment.ends_at, project.id),
        revision=None if bought is None else bought.revision,
        dry_run=True,
    )
