"""Publishing plans: every edit is a version, and nobody's purchase changes with it (features D16, W60)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zhuomai_appliance.billing.presets import Preset, presets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.products import PlanId, PlanKind, PlanVersion, Terms, problems
from zhuomai_appliance.model.terms import dump_terms
from zhuomai_appliance.store import journal, products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import Offer


@dataclass(frozen=True, slots=True)
class Edit:
    """One key that differs between two versions, such as ``policy.max_sessions``; None where a version says nothing."""

    key: str
    old: object
    new: object


def publish(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    name: str,
    kind: PlanKind,
    price_fen: int,
    terms: Terms,
    *,
    on_sale: bool = True,
    expected: int | None = None,
) -> Offer:
    """Make a plan or add a version to it; equal terms add none. What was bought before stays as it was.

    Args:
        expected: the version number that was looked at, 0 for a plan that is new.

    Raises:
        PreviewIsOld: somebody published another version meanwhile, or the name is taken; nothing was done.
        Refused: such terms cannot be sold; the sentence names every key.
    """
    known = products.plan_by_name(tx, project.id, name)
    if expected is not None and expected != (0 if known is None else known.version.version_no):
        raise PreviewIsOld
    wrong = problems(kind, price_fen, terms)
    if wrong:
        raise Refused("plan_invalid", "; ".join(wrong))
    made = products.publish(tx, project.id, name, kind, Fen(price_fen), terms, at=now, on_sale=on_sale)
    if known is None or made != known:
        before = None if known is None else {"version": known.version.version_no, "on_sale": known.on_sale}
        journal.audit(
            tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="plan.publish",
            object_kind="plan", object_id=str(made.plan.id), before=before,
            after={"name": name, "version": made.version.version_no, "on_sale": on_sale, "price_fen": price_fen},
        )  # fmt: skip
    return made


def presets_of(project: Project, now: int) -> tuple[Preset, ...]:
    """Plans to begin with, their dates as of now in the project's calendar."""
    return presets(now, Zone(project.zone))


def offer_of(reader: Reader, project: Project, plan_id: PlanId) -> Offer | None:
    """A plan by its number, as it is sold now."""
    return next((one for one in products.plans(reader, project.id) if one.plan.id == plan_id), None)


def edits(old: PlanVersion, new: PlanVersion) -> tuple[Edit, ...]:
    """What differs between two versions, key by key."""
    first, second = dict(_flat(_facts(old))), dict(_flat(_facts(new)))
    return tuple(
        Edit(key, first.get(key), second.get(key))
        for key in sorted(first.keys() | second.keys())
        if first.get(key) != second.get(key)
    )


def _facts(version: PlanVersion) -> dict[str, Any]:
    terms = json.loads(dump_terms(version.terms))
    return {"kind": version.kind.value, "price_fen": version.price_fen, "terms": terms}


def _flat(facts: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, object]]:
    for key, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{key}.")
        else:
            yield f"{within}{key}", value
