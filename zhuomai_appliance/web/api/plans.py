"""Publishing plans through the API: made, edited version by version, compared, and begun from presets (features D16)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import plan_admin
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.facts import FactsError
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.products import PlanId, PlanKind, PlanVersion, Terms
from zhuomai_appliance.model.terms import dump_terms, load_terms
from zhuomai_appliance.store import products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import Offer
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found
from zhuomai_appliance.web.api.fields import MOST_FEN, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import invalid
from zhuomai_appliance.web.api.suspensions import refused


class PlanBody(Strict):
    """A plan to be made; `terms` as versions and presets show them; `rate` sets the speeds of a named rate."""

    project: Text | None = None
    name: Text = Field(min_length=1)
    kind: PlanKind
    price_fen: int = Field(ge=0, le=MOST_FEN)
    terms: dict[str, Any]
    rate: Text | None = None
    on_sale: bool = True


class PlanEdit(Strict):
    """A new version of a plan: what is left out stays. `version_no` is the one that was looked at."""

    project: Text | None = None
    version_no: int = Field(ge=1)
    kind: PlanKind | None = None
    price_fen: int | None = Field(None, ge=0, le=MOST_FEN)
    terms: dict[str, Any] | None = None
    rate: Text | None = None
    on_sale: bool | None = None


class PlanQuery(Strict):
    """Whose plan it is, where there are several projects."""

    project: Text | None = None


class DiffQuery(PlanQuery):
    """Two versions of a plan."""

    old: int = Field(ge=1)
    new: int = Field(ge=1)


class VersionItem(Answer):
    """One version of a plan, as somebody may have bought it."""

    id: int
    plan_id: int
    name: str
    version_no: int
    kind: PlanKind
    price_fen: int
    terms: dict[str, Any]
    published_at: Time | None


class VersionList(Answer):
    """All versions of a plan, the first one first."""

    on_sale: bool
    items: list[VersionItem]


class EditItem(Answer):
    """One key that differs; null where a version says nothing of it."""

    key: str
    old: Any
    new: Any


class DiffItem(Answer):
    """What differs between two versions."""

    old: int
    new: int
    items: list[EditItem]


class PresetItem(Answer):
    """A plan to begin with: publish it as it is, or edited."""

    code: str
    name: str
    kind: PlanKind
    price_fen: int
    terms: dict[str, Any]


class PresetList(Answer):
    """The presets, their dates as of today."""

    items: list[PresetItem]


async def create_plan(parts: Parts, call: Call) -> BaseModel | Kept:
    """Make a plan; a name that is taken is refused."""
    body: PlanBody = call.body
    project = call.project(parts, body.project)
    terms = _terms(body.terms)

    def task(tx: Transaction) -> BaseModel:
        rated = _rated(tx, project, terms, body.rate)
        made = plan_admin.publish(
            tx, call.actor, call.now, project, body.name, body.kind, body.price_fen, rated,
            on_sale=body.on_sale, expected=0,
        )  # fmt: skip
        return _version(parts, made.version, call.now)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except (Refused, PreviewIsOld) as error:
        raise refused(error) from None


async def edit_plan(parts: Parts, call: Call) -> BaseModel | Kept:
    """Publish another version of a plan."""
    body: PlanEdit = call.body
    project = call.project(parts, body.project)
    wanted = None if body.terms is None else _terms(body.terms)

    def task(tx: Transaction) -> BaseModel:
        offer = _offer(tx, project, call)
        old = offer.version
        terms = _rated(tx, project, old.terms if wanted is None else wanted, body.rate)
        made = plan_admin.publish(
            tx, call.actor, call.now, project, old.plan_name, body.kind or old.kind,
            old.price_fen if body.price_fen is None else body.price_fen, terms,
            on_sale=offer.on_sale if body.on_sale is None else body.on_sale, expected=body.version_no,
        )  # fmt: skip
        return _version(parts, made.version, None)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except (Refused, PreviewIsOld) as error:
        raise refused(error) from None


async def list_versions(parts: Parts, call: Call) -> BaseModel:
    """Every version of a plan."""
    project = call.project(parts, call.query.project)

    def gather(reader: Reader) -> BaseModel:
        offer = _offer(reader, project, call)
        found = products.versions(reader, project.id, offer.plan.id)
        return VersionList(on_sale=offer.on_sale, items=[_version(parts, one, at) for one, at in found])

    return await parts.store.read(gather)


async def diff_versions(parts: Parts, call: Call) -> BaseModel:
    """What differs between two versions of a plan."""
    query: DiffQuery = call.query
    project = call.project(parts, query.project)

    def gather(reader: Reader) -> BaseModel:
        offer = _offer(reader, project, call)
        found = {one.version_no: one for one, _ in products.versions(reader, project.id, offer.plan.id)}
        if query.old not in found or query.new not in found:
            raise not_found()
        told = plan_admin.edits(found[query.old], found[query.new])
        return DiffItem(
            old=query.old,
            new=query.new,
            items=[EditItem(key=one.key, old=one.old, new=one.new) for one in told],
        )

    return await parts.store.read(gather)


async def list_presets(parts: Parts, call: Call) -> BaseModel:
    """Plans to begin with."""
    project = call.project(parts, call.query.project)
    return PresetList(
        items=[
            PresetItem(
                code=one.code,
                name=one.name,
                kind=one.kind,
                price_fen=one.price_fen,
                terms=json.loads(dump_terms(one.terms)),
            )
            for one in plan_admin.presets_of(project, call.now)
        ]
    )


def _terms(facts: dict[str, Any]) -> Terms:
    try:
        return load_terms(json.dumps(facts))
    except (FactsError, ValueError) as error:
        raise invalid([("terms", str(error), "invalid")]) from None


def _rated(reader: Reader, project: Project, terms: Terms, name: str | None) -> Terms:
    if name is None:
        return terms
    limit = next((rate.limit for rate in products.rates(reader, project.id) if rate.name == name), None)
    if limit is None:
        raise invalid([("rate", f'there is no rate "{name}"', "unknown")])
    return replace(terms, policy=replace(terms.policy, rate=limit))


def _offer(reader: Reader, project: Project, call: Call) -> Offer:
    offer = plan_admin.offer_of(reader, project, PlanId(call.path["plan_id"]))
    if offer is None:
        raise not_found()
    return offer


def _version(parts: Parts, version: PlanVersion, at: int | None) -> VersionItem:
    return VersionItem(
        id=version.id,
        plan_id=version.plan_id,
        name=version.plan_name,
        version_no=version.version_no,
        kind=version.kind,
        price_fen=version.price_fen,
        terms=json.loads(dump_terms(version.terms)),
        published_at=parts.maybe_time(at, version.project_id),
    )
