"""What the growth of a session's totals draws from its account's chain, and how it is kept: by subscription and day."""

from __future__ import annotations

from zhuomai_appliance.billing.rating import Outcome as Drawn
from zhuomai_appliance.billing.rating import consume
from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.moment import Zone, split_by_day
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.policy.sessions import Growth
from zhuomai_appliance.store import sessions
from zhuomai_appliance.store.interface import Transaction


def charge(
    tx: Transaction,
    project_id: ProjectId,
    zone: Zone,
    session_id: SessionId,
    account_id: AccountId | None,
    chain: str | None,
    growth: Growth,
    at: int,
) -> bool:
    """Draw the growth from what the account owns and keep it by subscription and day; whether effects wait now.

    Args:
        zone: the project's, whose midnights part the days.
        chain: the text of the account's chain, None without one: the growth is then nobody's.
        at: now, epoch seconds.
    """
    if growth.is_nothing:
        return False
    shares: list[sessions.UsageShare] = []
    wakes = False
    if account_id is None or chain is None:
        shares += _by_day(None, growth, (growth.input_octets, growth.output_octets, growth.seconds), zone)
    else:
        before = chain_rules.load(chain)
        drawn = consume(before, growth.input_octets, growth.output_octets, growth.seconds, growth.until)
        for draw in drawn.draws:
            amounts = (draw.input_octets, draw.output_octets, draw.seconds)
            shares += _by_day(draw.subscription_id, growth, amounts, zone)
        chains.put(tx, before, drawn.entitlement, project_id)
        if drawn.verdict.outcome is Drawn.ENDED:
            wakes = effects.end_sessions_of(tx, account_id, project_id, "used_up", at)
        elif drawn.verdict.outcome is Drawn.SWITCHED and drawn.verdict.policy_differs:
            wakes = effects.change_sessions_of(tx, account_id, project_id, at)
    sessions.add_usage(tx, project_id, session_id, account_id, shares)
    return wakes


def _by_day(
    subscription_id: int | None, growth: Growth, amounts: tuple[int, int, int], zone: Zone
) -> list[sessions.UsageShare]:
    return [
        sessions.UsageShare(subscription_id, share.day, *share.amounts)
        for share in split_by_day(growth.since, growth.until, amounts, zone)
        if any(share.amounts)
    ]
