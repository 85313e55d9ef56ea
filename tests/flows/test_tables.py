"""The rows every packet needs, found in memory."""

from __future__ import annotations

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, SHANGHAI, School
from zhuomai_appliance.flows import tables
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, ProjectId
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import network, products


class TablesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.tables = self.school.tables

    def test_longest_prefix_wins(self) -> None:
        """A device's own entry beats the network it lies in, the smaller network the larger one, of either family."""
        add = self.school.add_nas
        add(name="wide", address=ip_network("192.0.0.0/16"))
        near = add(name="near", address=ip_network("192.0.2.0/24"))
        six = add(name="six", address=ip_network("2001:db8::/32"))
        for host, name in (
            ("192.0.2.1", "ac1"),
            ("192.0.2.7", "near"),
            ("192.0.9.9", "wide"),
            ("2001:db8::5", "six"),
        ):
            found = self.tables.find(host)
            assert found is not None
            self.assertEqual(found.name, name)
        self.assertEqual([self.tables.find(host) for host in ("198.51.100.1", "no address", "")], [None] * 3)
        self.assertEqual((self.tables.by_id(near.id), self.tables.by_name("six")), (near, six))

    def test_flood_of_strangers_is_bounded(self) -> None:
        """Who is nobody is remembered too, but not without end."""
        self.patch(tables, "REMEMBERED_HOSTS", 8)
        for i in range(100):
            self.assertIsNone(self.tables.find(f"198.51.100.{i}"))
        self.assertEqual(self.tables.find("192.0.2.1"), self.school.nas)

    def test_reload_forgets_what_was(self) -> None:
        """A device that was entered or removed counts from the reload on."""
        self.assertIsNone(self.tables.find("192.0.2.2"))
        self.school.add_nas(name="ac2", address=ip_network("192.0.2.2"))
        self.assertIsNotNone(self.tables.find("192.0.2.2"))
        self.school.sql("DELETE FROM nas WHERE name = 'ac2'")
        self.school.reload()
        self.assertIsNone(self.tables.find("192.0.2.2"))

    def test_groups_inherit(self) -> None:
        """A group has its own switches and, where it sets none, its nearest ancestor's; a loop does not hang."""
        school = self.school
        top = self._group(None, "top", must_change_password=True, unbinds_per_month=3)
        mid = self._group(top.id, "mid", unbinds_per_month=1)
        low = self._group(mid.id, "low", must_bind_phone=False)
        school.sql(f"UPDATE user_group SET parent_id = {low.id} WHERE id = {top.id}")
        school.reload()
        found = self.tables.group(low.id)
        assert found is not None
        self.assertEqual(
            (
                found.must_change_password,
                found.unbinds_per_month,
                found.must_bind_phone,
                found.is_guest_group,
            ),
            (True, 1, False, None),
        )
        self.assertIsNone(self.tables.group(None))

    def _group(self, parent: GroupId | None, name: str, **switches: bool | int) -> Group:
        group = Group(GroupId(0), self.school.project, parent, name, **switches)  # type: ignore[arg-type]
        return self.school.write(lambda tx: products.add_group(tx, group))

    def test_rates_lists_and_zones(self) -> None:
        """Rates by id, lists and calendar by project; what does not exist has an answer as well."""
        school = self.school
        limit = RateLimit(1_000_000, 2_000_000)
        rate_id = school.write(lambda tx: products.add_rate(tx, school.project, "slow", limit))
        entry = AccessListEntry(school.project, ListKind.IP, ListAction.DENY, "10.9.9.9", "", None)
        school.write(lambda tx: network.put_list_entry(tx, entry, NOW))
        school.reload()
        self.assertEqual((self.tables.rate(rate_id), self.tables.rate(None), self.tables.rate(99)), (limit, None, None))  # fmt: skip
        self.assertEqual((self.tables.lists(school.project), self.tables.lists(ProjectId(9))), ((entry,), ()))
        self.assertEqual(self.tables.zone(school.project), SHANGHAI)
        self.assertEqual(self.tables.zone(ProjectId(9)).name, "UTC")
        self.assertEqual([p.name for p in self.tables.projects()], ["main"])
