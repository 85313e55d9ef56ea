"""What a plan, a rate or an access rule becomes on an access device."""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel

from zhuomai_appliance import paths
from zhuomai_appliance.flows.preview import CannotPreview, Preview, preview_at
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.web.api.calls import Call, Parts, not_found
from zhuomai_appliance.web.api.fields import Strict, Text
from zhuomai_appliance.web.api.items_access import AttributeItem, PreviewItem, RemarkItem
from zhuomai_appliance.web.api.problems import invalid
from zhuomai_appliance.web.device_words import told
from zhuomai_appliance.web.words import Language, Words, load_words


class PreviewQuery(Strict):
    """A plan, a rate, an access rule by name; a rate replaces the plan's, a rule what it sets. `lang` is zh or en."""

    plan: Text | None = None
    rate: Text | None = None
    rule: Text | None = None
    lang: Language = Language.ZH


async def preview_nas(parts: Parts, call: Call) -> BaseModel:
    """The attributes that a login there would get, and what to look at."""
    query: PreviewQuery = call.query
    nas = _nas(parts, call)

    def gather(reader: Reader) -> Preview:
        return preview_at(reader, parts.tables, nas, plan=query.plan, rate=query.rate, rule=query.rule)

    try:
        found = await parts.store.read(gather)
    except CannotPreview as error:
        raise invalid([(error.what, str(error), "unknown")]) from None
    words = _catalogues()[query.lang]
    return PreviewItem(
        nas=nas.name,
        vendor=nas.vendor.value,
        device_kind=nas.device_kind,
        attributes=[AttributeItem(name=name, value=value) for name, value in found.attributes],
        octets=found.octets.hex(),
        coa=sorted(field.value for field in found.coa),
        remarks=[
            RemarkItem(word=one.word, facts=dict(one.facts), sentence=told(one, words))
            for one in found.remarks
        ],
    )


@lru_cache
def _catalogues() -> dict[Language, Words]:
    return load_words(paths.web() / "locale")


def _nas(parts: Parts, call: Call) -> Nas:
    for nas in parts.tables.all_nas():
        if nas.id == call.path["nas_id"] and call.may_see(nas.project_id):
            return nas
    raise not_found()
