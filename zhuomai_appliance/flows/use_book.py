"""The rules about use applied to reports: a running figure per account, and the chain with what it must rest of.

One report or a whole group of them is one book: what the first reports used counts for the next ones, as if each had
been written before the next was read. Only accounts come here whose chain has such rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from zhuomai_appliance.billing.rating import Outcome, Verdict
from zhuomai_appliance.flows.use_facts import facts_of
from zhuomai_appliance.model.allowances import UseFacts, rested
from zhuomai_appliance.model.entitlement import Entitlement, consumed
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.use import NO_USE, Amount
from zhuomai_appliance.store.interface import Reader

DayUse = tuple[int, int, int, int]
"""A local day, octets sent and received, seconds."""


class UseBook:
    """Lives as long as the transaction of its reports."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._facts: dict[AccountId, UseFacts] = {}

    def after(
        self,
        chain: Entitlement,
        verdict: Verdict,
        project_id: ProjectId,
        used: Iterable[DayUse],
        at: int,
    ) -> tuple[Entitlement, Verdict]:
        """The chain after some use of its account was drawn from it, with what must rest; and what follows for sessions.

        Args:
            chain: as `billing.rating.consume` left it, with its ``verdict``.
            used: what this report used, by local day; not yet in the store.
            at: now, by our own clock.
        """
        facts = self._facts.get(chain.account_id)
        if facts is None:
            facts = facts_of(self._reader, chain, project_id, at)
        spent = dict(facts.spent)
        for day, up, down, seconds in used:
            spent[day] = spent.get(day, NO_USE).more(Amount(up, down, seconds))
        facts = self._facts[chain.account_id] = facts._replace(spent=spent)
        after = rested(chain, facts, at)
        return (after, verdict) if after is chain else (after, _verdict(chain, after, verdict))


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
