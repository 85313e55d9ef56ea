"""Rates, plans with their frozen versions, and the groups that accounts live in."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import BindingMode, Group, GroupId
from zhuomai_appliance.model.products import Plan, PlanId, PlanKind, PlanVersion, PlanVersionId, Terms
from zhuomai_appliance.model.terms import dump_terms, load_terms
from zhuomai_appliance.model.traffic import RateLimit, parse_burst
from zhuomai_appliance.store import subjects
from zhuomai_appliance.store.interface import Reader, Row, Transaction, Value
from zhuomai_appliance.store.sql import load

_Q = load("products")

SWITCHES: Final = (
    "must_change_password",
    "must_bind_phone",
    "must_bind_email",
    "may_sponsor_guests",
    "is_guest_group",
    "unbinds_per_month",
    "self_registration",
    "binding",
)
"""The properties of a group that are kept as one JSON object; those it inherits are left out."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A speed with a name, that groups and accounts refer to."""

    id: int
    project_id: ProjectId
    name: str
    limit: RateLimit


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan with the version that a purchase gets now; ``on_sale`` False hides it from buyers."""

    plan: Plan
    on_sale: bool
    version: PlanVersion


def rates(reader: Reader, project_id: ProjectId) -> list[Rate]:
    """The rates of a project by name."""
    return [
        Rate(rate_id, project_id, name, RateLimit(up_bps, down_bps, parse_burst(burst)))
        for rate_id, name, up_bps, down_bps, burst in reader.all(_Q.rates, project_id=project_id)
    ]


def add_rate(tx: Transaction, project_id: ProjectId, name: str, limit: RateLimit) -> int:
    """Add a rate; its id."""
    return tx.insert(
        _Q.insert_rate,
        project_id=project_id,
        name=name,
        up_bps=limit.up_bps,
        down_bps=limit.down_bps,
        burst=None if limit.burst is None else str(limit.burst),
    )


def set_rate(tx: Transaction, project_id: ProjectId, rate_id: int, limit: RateLimit) -> None:
    """Change the speeds of a rate. Plans hold their own frozen speeds and do not follow."""
    tx.run(
        _Q.set_rate,
        project_id=project_id,
        id=rate_id,
        up_bps=limit.up_bps,
        down_bps=limit.down_bps,
        burst=None if limit.burst is None else str(limit.burst),
    )


def _offer(row: Row, project_id: ProjectId) -> Offer:
    plan_id, name, on_sale, version_id, version_no, kind, price_fen, terms = row
    version = PlanVersion(
        id=PlanVersionId(version_id),
        project_id=project_id,
        plan_id=PlanId(plan_id),
        plan_name=name,
        version_no=version_no,
        kind=PlanKind(kind),
        price_fen=Fen(price_fen),
        terms=load_terms(terms),
    )
    return Offer(Plan(PlanId(plan_id), project_id, name, version.id), bool(on_sale), version)


def plans(reader: Reader, project_id: ProjectId) -> list[Offer]:
    """The plans of a project by name, each with its newest version."""
    return [_offer(row, project_id) for row in reader.all(_Q.plans, project_id=project_id)]


def plan_by_name(reader: Reader, project_id: ProjectId, name: str) -> Offer | None:
    """One plan with its newest version."""
    row = reader.one(_Q.plan_by_name, project_id=project_id, name=name)
    return None if row is None else _offer(row, project_id)


def version(reader: Reader, project_id: ProjectId, version_id: PlanVersionId) -> PlanVersion | None:
    """One frozen version, as somebody bought it."""
    row = reader.one(_Q.version, project_id=project_id, id=version_id)
    return None if row is None else _offer(row, project_id).version


def versions(reader: Reader, project_id: ProjectId, plan_id: PlanId) -> list[tuple[PlanVersion, int]]:
    """Every version of a plan with the instant it was published, the first one first."""
    rows = reader.all(_Q.versions, project_id=project_id, plan_id=plan_id)
    return [(_offer(row[:8], project_id).version, row[8]) for row in rows]


def publish(
    tx: Transaction,
    project_id: ProjectId,
    name: str,
    kind: PlanKind,
    price_fen: Fen,
    terms: Terms,
    *,
    at: int,
    on_sale: bool = True,
) -> Offer:
    """Make a plan, or add a version to it if kind, price or terms differ; equal ones add nothing (billing rule 7)."""
    known = plan_by_name(tx, project_id, name)
    if known is None:
        plan_id = PlanId(tx.insert(_Q.insert_plan, project_id=project_id, name=name, on_sale=int(on_sale)))
        version_no = 1
    elif (known.version.kind, known.version.price_fen, known.version.terms) == (kind, price_fen, terms):
        if known.on_sale == on_sale:
            return known
        tx.run(
            _Q.set_current,
            project_id=project_id,
            id=known.plan.id,
            version_id=known.version.id,
            on_sale=int(on_sale),
        )
        return replace(known, on_sale=on_sale)
    else:
        plan_id, version_no = known.plan.id, known.version.version_no + 1
    version_id = PlanVersionId(
        tx.insert(
            _Q.insert_version,
            project_id=project_id,
            plan_id=plan_id,
            version_no=version_no,
            kind=kind.value,
            price_fen=price_fen,
            terms=dump_terms(terms),
            at=at,
        )
    )
    tx.run(_Q.set_current, project_id=project_id, id=plan_id, version_id=version_id, on_sale=int(on_sale))
    made = PlanVersion(version_id, project_id, plan_id, name, version_no, kind, price_fen, terms)
    subjects.note(tx, project_id, made.subject)
    return Offer(Plan(plan_id, project_id, name, version_id), on_sale, made)


def groups(reader: Reader, project_id: ProjectId) -> list[Group]:
    """The groups of a project, parents before their children unless they were moved later."""
    return [
        Group(
            id=GroupId(group_id),
            project_id=project_id,
            parent_id=None if parent_id is None else GroupId(parent_id),
            name=name,
            rate_id=rate_id,
            plan_id=plan_id,
            base_plan_id=base_plan_id,
            **_switches(switches),
        )
        for group_id, parent_id, name, switches, rate_id, plan_id, base_plan_id in reader.all(
            _Q.groups, project_id=project_id
        )
    ]


def _switches(text: str) -> dict[str, Any]:
    found = {key: value for key, value in json.loads(text).items() if key in SWITCHES}
    if "binding" in found:
        found["binding"] = BindingMode(found["binding"])
    return found


def _columns(group: Group) -> dict[str, Value]:
    switches = {name: value for name in SWITCHES if (value := getattr(group, name)) is not None}
    return {
        "project_id": group.project_id,
        "parent_id": group.parent_id,
        "name": group.name,
        "switches": json.dumps(switches, sort_keys=True, separators=(",", ":")),
        "rate_id": group.rate_id,
        "plan_id": group.plan_id,
        "base_plan_id": group.base_plan_id,
    }


def add_group(tx: Transaction, group: Group) -> Group:
    """Add a group; the id in ``group`` is ignored. The group with its id."""
    return replace(group, id=GroupId(tx.insert(_Q.insert_group, **_columns(group))))


def group_users(reader: Reader, project_id: ProjectId, group_id: GroupId) -> tuple[int, int, int, int]:
    """How many accounts, groups right below, access rules and realms name a group."""
    row = reader.one(_Q.group_users, project_id=project_id, id=group_id)
    return (0, 0, 0, 0) if row is None else (row[0], row[1], row[2], row[3])


def remove_group(tx: Transaction, project_id: ProjectId, group_id: GroupId) -> None:
    """Forget a group that nothing names any more."""
    tx.run(_Q.remove_group, project_id=project_id, id=group_id)


def update_group(tx: Transaction, group: Group) -> None:
    """Write every property of a group."""
    tx.run(_Q.update_group, id=group.id, **_columns(group))
