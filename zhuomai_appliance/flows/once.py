"""Doing a thing once per key: the first answer is kept in the commit that made it true, and a repetition gets it again.

Every flow that moves money or entitlement from a form or a job is called through here (billing rules, principle 5 and
property P2). A key belongs to one actor of one project; the API keeps answers in its own way (web.api.calls) and needs
no second key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store import journal
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.journal import KeyReused

__all__ = ["KeyReused", "once"]


def once(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    key: str,
    request: Sequence[object],
    make: Callable[[], Mapping[str, Any]],
) -> Mapping[str, Any]:
    """The answer that this key got first, or the one that ``make`` gives now, kept in the same commit.

    Args:
        tx: the transaction in which ``make`` works.
        actor: whose key it is: one person's keys are not another's.
        now: the instant, for forgetting old keys.
        project: in which the thing is done.
        key: belongs to one form, or names one deed, such as "renew:17:3".
        request: what is asked for, as JSON values; the first word says what kind of thing.
        make: does it; its answer is a JSON object. What it raises leaves the key free.

    Raises:
        KeyReused: the key came before with another request; nothing was done.
    """
    whole_key = f"console:{actor.name}:{key}"
    known: Mapping[str, Any] | None = journal.first_answer(tx, project.id, whole_key, request)
    if known is not None:
        return known
    answer = make()
    journal.keep_answer(tx, project.id, whole_key, request, answer, now)
    return answer
