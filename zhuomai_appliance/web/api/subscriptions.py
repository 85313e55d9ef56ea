"""What an account owns in the order of its turn, and the queue in another order, through the API (features D10)."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import subscriptions
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.subscriptions import Span
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.products import SubscriptionId, SubscriptionState
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.reports import AccountRow
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, account_row, not_found
from zhuomai_appliance.web.api.fields import Id, Strict, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import Problem


class SpanItem(Answer):
    """One purchase in the chain; dates of one that waits are projections, null where use or a login decides."""

    subscription_id: int
    plan: str
    state: SubscriptionState
    starts_at: Time | None
    ends_at: Time | None


class ChainItem(Answer):
    """All that an account owns and has not ended, in the order of its turn.

    `revision` rises with every change of the chain: a change of it names the one that was looked at.
    """

    account_id: int
    revision: int
    items: list[SpanItem]


class QueueBody(Strict):
    """The purchases that wait, each once, in the wanted order; `dry_run` changes nothing and shows the dates."""

    order: list[Id] = Field(min_length=1, max_length=500)
    revision: int = Field(ge=0)
    dry_run: bool = False


async def get_chain(parts: Parts, call: Call) -> BaseModel:
    """The chain as it stands now."""
    row, project = await person_of(parts, call)
    return await parts.store.read(
        lambda reader: _chain(parts, project, row, *subscriptions.standing(reader, project, row.id, call.now))
    )


async def reorder_queue(parts: Parts, call: Call) -> BaseModel | Kept:
    """Put what waits into another order, or say which dates that would bring."""
    body: QueueBody = call.body
    row, project = await person_of(parts, call)
    wanted = [SubscriptionId(one) for one in body.order]

    def move(tx: Transaction) -> BaseModel:
        key = f"api:{call.key}"
        subscriptions.reorder(
            tx, call.actor, call.now, project, row.id, wanted, key=key, revision=body.revision
        )
        return _chain(parts, project, row, *subscriptions.standing(tx, project, row.id, call.now))

    try:
        if body.dry_run:
            seen = await parts.store.read(
                lambda reader: subscriptions.preview_reorder(reader, project, row.id, wanted, call.now)
            )
            if seen.revision != body.revision:
                raise PreviewIsOld
            return _chain(parts, project, row, seen.after, seen.revision)
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: move(tx)))
    except Refused as error:
        raise Problem(409, error.code, error.sentence, None, **error.facts) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "it is not what was shown any more; look again") from None


async def person_of(parts: Parts, call: Call) -> tuple[AccountRow, Project]:
    """The account of the path and its project.

    Raises:
        Problem: it is not there or not the operator's.
    """
    row = await account_row(parts, call)
    project = parts.tables.project(row.project_id)
    if project is None:
        raise not_found()
    return row, project


def _chain(
    parts: Parts, project: Project, row: AccountRow, spans: Sequence[Span], revision: int
) -> ChainItem:
    return ChainItem(
        account_id=row.id,
        revision=revision,
        items=span_items(parts, spans, project.id),
    )


def span_items(parts: Parts, spans: Sequence[Span], project_id: ProjectId) -> list[SpanItem]:
    """A chain as answers show it."""
    return [
        SpanItem(
            subscription_id=one.subscription_id,
            plan=one.plan_name,
            state=one.state,
            starts_at=parts.maybe_time(one.starts_at, project_id),
            ends_at=parts.maybe_time(one.ends_at, project_id),
        )
        for one in spans
    ]
