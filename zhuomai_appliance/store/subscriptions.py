"""What is kept about purchases beside their rows: what they bore."""

from __future__ import annotations

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.sql import load

_Q = load("subscriptions")


def use_of(
    reader: Reader, project_id: ProjectId, account_id: AccountId, subscription_id: SubscriptionId
) -> tuple[int, int, int]:
    """Octets up and down, and online seconds, that a purchase bore so far."""
    row = reader.one(_Q.use_of, project_id=project_id, account_id=account_id, subscription_id=subscription_id)
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])
