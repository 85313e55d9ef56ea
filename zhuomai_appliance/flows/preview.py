"""What a plan, a rate or an access rule becomes on one access device, before anybody logs in there (features C03, C09)."""

from __future__ import annotations

from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import AccessKind, Grant
from zhuomai_appliance.model.access_rules import AccessRule
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.limits import interim_seconds, session_timeout
from zhuomai_appliance.store import access_rules, products
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.vendors.preview import Preview, Remark, device_remarks, preview

__all__ = ["CannotPreview", "Preview", "Remark", "device_remarks", "preview_at"]


class CannotPreview(ValueError):
    """The question names what is not there; ``what`` is plan, rate or rule."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f'there is no {what} "{name}" in the project of this access device')
        self.what = what


def preview_at(
    reader: Reader,
    tables: Tables,
    nas: Nas,
    *,
    plan: str | None = None,
    rate: str | None = None,
    rule: str | None = None,
) -> Preview:
    """The attributes of a login under a plan, at a rate, by a rule, each by its name, with what to look at.

    A rate replaces the plan's, and a rule replaces what it sets of both, as at a login. What depends on the person (the
    rest of an allowance, the end of the purchase, an account's own rate) is left out.

    Raises:
        CannotPreview: the project has none of that name.
    """
    policy = _policy(reader, nas, plan) if plan is not None else AccessPolicy()
    made = _rule(reader, nas, rule) if rule is not None else None
    limit = _rate(reader, nas, rate) if rate is not None else policy.rate
    if made is not None and made.rate_id is not None:
        limit = tables.rate(made.rate_id) or limit
    grant = Grant(
        session_timeout_seconds=session_timeout(policy, None, 0),
        idle_timeout_seconds=None,
        octets_left=None,
        rate=limit,
        acct_interim_seconds=interim_seconds(policy, nas.interim_seconds, None, limit),
        plan_name=plan or "",
    )
    if made is not None:
        grant = grant._replace(
            user_group=made.user_group,
            vlan=made.vlan,
            pool=made.pool,
            acl=made.acl,
            isolation=made.isolation,
        )
    return preview(grant, nas, None, AccessKind.OTHER)


def _policy(reader: Reader, nas: Nas, name: str) -> AccessPolicy:
    for offer in products.plans(reader, nas.project_id):
        if offer.plan.name == name:
            return offer.version.terms.policy
    raise CannotPreview("plan", name)


def _rate(reader: Reader, nas: Nas, name: str) -> RateLimit:
    for rate in products.rates(reader, nas.project_id):
        if rate.name == name:
            return rate.limit
    raise CannotPreview("rate", name)


def _rule(reader: Reader, nas: Nas, name: str) -> AccessRule:
    for rule in access_rules.rules(reader):
        if rule.project_id == nas.project_id and rule.name == name:
            return rule
    raise CannotPreview("rule", name)
