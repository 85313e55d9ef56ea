"""What an account used this month, read where a segment of its chain has rules about that: for few, for most not at all."""

from __future__ import annotations

from zhuomai_appliance.model.allowances import UseFacts, has_rules
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.use import Amount, month_days
from zhuomai_appliance.store import sessions
from zhuomai_appliance.store.interface import Reader


def facts_for(reader: Reader, chain: Entitlement, project_id: ProjectId, now: int) -> UseFacts | None:
    """The account's use of this month; None for a chain that no rule about use speaks of, which costs nothing."""
    return facts_of(reader, chain, project_id, now) if has_rules(chain) else None


def facts_of(reader: Reader, chain: Entitlement, project_id: ProjectId, now: int) -> UseFacts:
    """The same without the question."""
    first, _ = month_days(now, chain.zone)
    return UseFacts(
        {
            day: Amount(up, down, seconds)
            for day, up, down, seconds in sessions.usage_by_day(reader, project_id, chain.account_id, first)
        }
    )
