"""Access rules and sessions that run: what a change of policy must tell the device, and who may not stay.

A device ends a session itself where its Session-Timeout says so. What is looked for here are those that did not, and
those that a rule or a list made meanwhile forbids: a part of the open sessions at a time, round and round.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.rule_tables import Policies
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import AccessKind, Session
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.policy.rules import OPEN, Ruling, Where
from zhuomai_appliance.store import presence
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.vendors.identity import vlans_from

PAGE: Final = 1000
GRACE_SECONDS: Final = 5
"""How long after the last allowed minute a session may still be ended by the device's own Session-Timeout."""


def ruling_of(tables: Tables, session: Session, group_id: GroupId | None, now: int) -> Ruling:
    """What the rules say of a running session as if it logged in now."""
    rules = tables.policies(session.project_id).rules
    if rules is None:
        return OPEN
    where = Where(
        group_id,
        session.nas_id,
        session.access_kind,
        session.ssid,
        session.vlan,
        vlans_from(session.port_id).outer,
        session.ip,
    )
    return rules.ruling(where, now)


class Patrol:
    """Looks for running sessions that rules or lists forbid. `look` is one round; it goes on where the last one stopped."""

    def __init__(self) -> None:
        self._after = 0

    async def look(self, store: Store, tables: Tables, now: int) -> int:
        """Ask for forbidden sessions of the next page to be ended at their devices; how many are asked for."""
        guarded = {
            project.id: found
            for project in tables.projects()
            if (found := tables.policies(project.id)).rules is not None or found.lists.entries
        }
        if not guarded:
            return 0
        after = self._after
        rows = await store.read(lambda reader: presence.ruled_sessions(reader, after, PAGE))
        self._after = rows[-1].id if len(rows) == PAGE else 0
        forbidden = [
            row
            for row in rows
            if (policies := guarded.get(row.project_id)) is not None and _is_forbidden(row, policies, now)
        ]

        def task(tx: Transaction) -> int:
            return sum(effects.end_session(tx, row.id, row.project_id, "forbidden", now) for row in forbidden)

        return await store.write(task) if forbidden else 0


def _is_forbidden(row: presence.RuledSession, policies: Policies, now: int) -> bool:
    if policies.lists.check(row.mac, row.ip, now, row.phone_index) is not None:
        return True
    rules = policies.rules
    if rules is None:
        return False
    where = Where(
        row.group_id,
        NasId(row.nas_id),
        AccessKind(row.access_kind),
        row.ssid,
        row.vlan,
        vlans_from(row.port_id).outer,
        row.ip,
    )
    # The earlier instant first: what the rules work out for it mostly holds for the later one
    return rules.ruling(where, now - GRACE_SECONDS).is_denied and rules.ruling(where, now).is_denied
