"""What money that comes into a wallet brings back: rent of today is taken, what rested for want of money may go on."""

from __future__ import annotations

from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.flows.rents import take_rent
from zhuomai_appliance.flows.use_facts import facts_for
from zhuomai_appliance.model.allowances import has_rules, rested
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import RentMode
from zhuomai_appliance.store import renewals
from zhuomai_appliance.store.interface import Transaction


def money_came(tx: Transaction, project_id: ProjectId, account_id: AccountId, zone: Zone, at: int) -> None:
    """Let an account whose use costs something go on with money that just came; running sessions are told how long.

    For everybody else it is a look at his chain, and one at whether he renews by himself, which the next round does.
    """
    renewals.set_next_look(tx, project_id, account_id, at)
    chain = chains.read(tx, account_id, zone.name)
    if not has_rules(chain):
        return
    for segment in chain.segments:
        if segment.is_active and segment.use is not None and segment.use.meter.rent is RentMode.DAILY:
            take_rent(tx, project_id, account_id, segment.subscription_id, zone, at)
    before = chains.read(tx, account_id, zone.name)
    use = facts_for(tx, before, project_id, at)
    if use is not None:
        chains.put(tx, before, rested(before, use, at), project_id)
    effects.change_sessions_of(tx, account_id, project_id, at, must=False)
