"""Discount templates of a project, and what a person bought and had taken off so far."""

from __future__ import annotations

from zhuomai_appliance.model.discounts import Discount
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.records import facts_of, record_of
from zhuomai_appliance.store import settings
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("discounts")
SETTING = "discounts"


def discounts(reader: Reader, project_id: ProjectId) -> list[Discount]:
    """The templates, by name. An order keeps what one did for it; a change of a template changes no order."""
    kept = settings.get(reader, project_id, SETTING) or {}
    return [record_of(Discount, kept[name] | {"name": name}) for name in sorted(kept)]


def put(tx: Transaction, project_id: ProjectId, wanted: Discount) -> None:
    """Add a template, or put it in the place of that of its name."""
    kept = settings.get(tx, project_id, SETTING) or {}
    settings.put(tx, project_id, SETTING, kept | {wanted.name: facts_of(wanted)})


def bought_before(reader: Reader, project_id: ProjectId, account_id: AccountId) -> bool:
    """Whether a person bought a plan before that was not given back."""
    return bool(reader.value(_Q.bought, project_id=project_id, account_id=account_id))


def used(reader: Reader, project_id: ProjectId, account_id: AccountId) -> dict[str, int]:
    """How many orders of a person each template was used for; those given back do not count."""
    return dict(reader.all(_Q.used, project_id=project_id, account_id=account_id))
