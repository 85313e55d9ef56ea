"""A school with servers elsewhere, beside the flows of tests.flows.school."""

from __future__ import annotations

from typing import Any

from tests.fakes.home import Home
from tests.flows.school import School
from zhuomai_appliance.flows.access import AccessFlow
from zhuomai_appliance.flows.accounting import AccountingFlow
from zhuomai_appliance.flows.guest_reports import GuestReports
from zhuomai_appliance.flows.proxying import Proxying
from zhuomai_appliance.flows.roster import Roster
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.roaming import Realm, Upstream, UpstreamId
from zhuomai_appliance.store import products, roaming


class Roamers(School):
    """A school with two servers elsewhere, and whatever realms a test adds."""

    def __init__(self) -> None:
        super().__init__()
        self.home, self.roster = Home(), Roster(self.clock.seconds)
        proxying = Proxying(self.store, self.vault, self.home, self.roster, self.entropy, self.clock.seconds)
        self.guests = GuestReports(self.store, self.vault, self.tables, self.home, self.roster, self.now)
        self.access = AccessFlow(
            self.store, self.vault, self.tables, self.reservations, self.throttle, self.board, self.words,
            self.entropy, self.clock.seconds, proxying=proxying,
        )  # fmt: skip
        self.accounting = AccountingFlow(
            self.store,
            self.vault,
            self.tables,
            self.reservations,
            self.wake,
            self.guests,
            follow_up=self.follow_up,
        )
        self.servers = {name: self.server(name) for name in ("near", "far")}

    def server(self, name: str, **changes: Any) -> Upstream:
        upstream = Upstream(UpstreamId(0), self.project, name, "198.51.100.7", b"their-secret", **changes)
        return self.write(lambda tx: roaming.add_upstream(tx, self.vault, upstream))

    def realm(self, name: str, **terms: Any) -> None:
        realm = Realm(self.project, name, **terms)
        self.write(lambda tx: roaming.put_realm(tx, realm))
        self.reload()

    def away(self, name: str = "edu.cn", **terms: Any) -> None:
        """A realm whose people both servers know."""
        self.realm(name, **{"upstreams": ("near", "far"), "strip": False} | terms)

    def group(self, name: str, parent: GroupId | None = None) -> GroupId:
        group = Group(GroupId(0), self.project, parent, name)
        return self.write(lambda tx: products.add_group(tx, group)).id

    def names_sent(self) -> list[bytes | None]:
        return [dict(attributes).get(1) for _, attributes, _ in self.home.asked]
