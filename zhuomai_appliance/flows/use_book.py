"""The rules about use applied to reports: a running figure per account, and the chain with what it must rest of.

One report or a whole group of them is one book: what the first reports used counts for the next ones, as if each had
been written before the next was read. Only accounts come here whose chain has such rules.
"""

from __future__ import annotations

from zhuomai_appliance.billing.rating import Consumption, Draw, Outcome, Verdict
from zhuomai_appliance.flows.use_facts import AccountUse
from zhuomai_appliance.model.allowances import rested
from zhuomai_appliance.model.entitlement import Entitlement, Segment, consumed
from zhuomai_appliance.model.moment import Zone, split_by_day
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.policy.sessions import Growth
from zhuomai_appliance.store.interface import Transaction


class UseBook:
    """Lives as long as the transaction of its reports. `write` stores the meters that they moved."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._accounts: dict[AccountId, AccountUse] = {}

    def after(
        self,
        before: Entitlement,
        drawn: Consumption,
        growth: Growth,
        project_id: ProjectId,
        zone: Zone,
        at: int,
    ) -> tuple[Entitlement, Verdict]:
        """The chain after some use of its account was drawn from it, with what must rest; and what follows for sessions.

        Args:
            before: the chain from which it was ``drawn``.
            growth: the use; not yet in the store.
            at: now, by our own clock.
        """
        chain = drawn.entitlement
        use = self._accounts.get(chain.account_id)
        if use is None:
            use = self._accounts[chain.account_id] = AccountUse(self._tx, before, project_id, at)
        segments = {s.subscription_id: s for s in (*before.segments, *chain.segments)}
        for draw in drawn.draws:
            amounts = (draw.input_octets, draw.output_octets, draw.seconds)
            for share in split_by_day(growth.since, growth.until, amounts, zone):
                use.add(share.day, *share.amounts)
            if draw.subscription_id in segments:
                _price(use, draw, segments[draw.subscription_id], growth, zone, at)
        after = rested(chain, use.facts(chain, at), at)
        if after is chain:
            return after, drawn.verdict
        return after, _verdict(chain, after, drawn.verdict)

    def write(self) -> None:
        """Store what the meters say."""
        for use in self._accounts.values():
            use.write(self._tx)


def _price(use: AccountUse, draw: Draw, segment: Segment, growth: Growth, zone: Zone, at: int) -> None:
    if any(draw.metered):
        for share in split_by_day(growth.since, growth.until, draw.metered, zone):
            if any(share.amounts):
                use.charge(segment, share, at)
    for free in draw.free:
        octets = segment.direction.counted(free.up_octets, free.down_octets)
        if octets:
            use.add_free(segment.subscription_id, free.day, octets)


def _verdict(before: Entitlement, after: Entitlement, verdict: Verdict) -> Verdict:
    """What follows for a session when something rests or is awake again."""
    old, new = consumed(before), consumed(after)
    if new is None:
        return Verdict(Outcome.ENDED)
    if old is None:
        return Verdict(Outcome.SWITCHED, policy_differs=True)
    if old.subscription_id == new.subscription_id:
        return verdict
    return Verdict(Outcome.SWITCHED, policy_differs=verdict.policy_differs or old.policy != new.policy)
