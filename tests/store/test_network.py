"""Devices, lists and projects come out of the store as they went in, secrets sealed on the way."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.model.network import (
    AccessListEntry,
    ListAction,
    ListKind,
    MessageAuthenticatorPolicy,
    Nas,
    NasId,
    PortalAuth,
    Project,
    ProjectId,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.store import network
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.vault import Vault, VaultLocked


def device(project_id: ProjectId, name: str = "ac1", address: str = "192.0.2.1/32") -> Nas:
    return Nas(
        id=NasId(0),
        project_id=project_id,
        name=name,
        address=ip_network(address),
        identifier="AC-1",
        vendor=Vendor.HUAWEI_CAMPUS,
        device_kind="ac",
        secret=b"radius-secret",
        coa_port=3799,
        portal_port=2000,
        portal_version=2,
        portal_auth=PortalAuth.CHAP,
        portal_secret=b"portal-secret",
        user_networks=(ip_network("10.9.0.0/16"),),
        interim_seconds=300,
        traffic_unit=TrafficUnit.KB,
        swap_direction=True,
        ipv6_counters=False,
        message_authenticator=MessageAuthenticatorPolicy.AUTO,
        message_authenticator_learned=False,
        quirks={"x": 1},
    )


class NetworkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = InlineStore()
        self.vault = Vault(bytes(32), SeededEntropy())
        self.project = self.successResultOf(
            self.store.write(lambda tx: network.add_project(tx, "main", "Asia/Shanghai", 1))
        )

    def add(self, nas: Nas) -> Nas:
        return self.successResultOf(self.store.write(lambda tx: network.add_nas(tx, self.vault, nas)))

    def test_device_comes_back_as_it_was_written(self) -> None:
        """Every property of a device survives the store, before and after a change."""
        added = self.add(device(self.project))
        self.assertEqual(network.all_nas(self.store.reader, self.vault), [added])
        changed = replace(added, secret=b"other", coa_port=1700, user_networks=())
        self.store.write(lambda tx: network.update_nas(tx, self.vault, changed))
        self.assertEqual(network.all_nas(self.store.reader, self.vault), [changed])

    def test_secrets_are_not_readable_without_the_key(self) -> None:
        """The row holds no secret in clear, and another key opens nothing."""
        self.add(device(self.project))
        row = self.store.reader.one(Query.of("t", "SELECT secret_sealed, portal_secret_sealed FROM nas"))
        assert row is not None
        self.assertNotIn(b"radius-secret", row[0])
        self.assertNotIn(b"portal-secret", row[1])
        with pytest.raises(VaultLocked):
            network.all_nas(self.store.reader, Vault(b"x" * 32, SeededEntropy()))

    def test_signing_is_learned_once_and_for_good(self) -> None:
        """An address that signed is remembered; the entry of a single host says so itself."""
        added = self.add(device(self.project))

        def learn() -> bool:
            return self.successResultOf(
                self.store.write(lambda tx: network.learn_signer(tx, self.project, added.id, "192.0.2.1", 5))
            )

        self.assertEqual([learn(), learn()], [True, False])
        self.assertTrue(network.all_nas(self.store.reader, self.vault)[0].message_authenticator_learned)
        self.store.write(lambda tx: network.forget_signers(tx, added.id))
        self.assertEqual(network.signers(self.store.reader), frozenset())

    def test_network_entry_learns_by_address_alone(self) -> None:
        """Of a network of devices one that signs says nothing of the others."""
        added = self.add(device(self.project, address="192.0.2.0/24"))
        self.store.write(lambda tx: network.learn_signer(tx, self.project, added.id, "192.0.2.7", 5))
        self.assertFalse(network.all_nas(self.store.reader, self.vault)[0].message_authenticator_learned)
        self.assertIn((added.id, "192.0.2.7"), network.signers(self.store.reader))

    def test_address_belongs_to_one_device(self) -> None:
        """The owner of an address is found by it, over all projects."""
        added = self.add(device(self.project))
        self.assertEqual(network.nas_at(self.store.reader, "192.0.2.1/32"), added.id)
        self.assertIsNone(network.nas_at(self.store.reader, "192.0.2.2/32"))

    def test_list_entry_is_put_changed_and_removed(self) -> None:
        """One entry for each kind and value; putting it again changes it."""
        entry = AccessListEntry(
            self.project, ListKind.MAC, ListAction.DENY, "02:00:00:00:00:09", "stolen", None
        )
        other = replace(entry, action=ListAction.ALLOW, expires_at=99)
        self.store.write(lambda tx: network.put_list_entry(tx, entry, 1))
        self.store.write(lambda tx: network.put_list_entry(tx, other, 2))
        self.assertEqual(network.access_lists(self.store.reader), [other])
        self.store.write(lambda tx: network.remove_list_entry(tx, self.project, entry.kind, entry.value))
        self.assertEqual(network.access_lists(self.store.reader), [])

    def test_zone_of_a_project_can_change(self) -> None:
        """A project keeps its name and id when it gets another zone."""
        self.store.write(lambda tx: network.set_zone(tx, self.project, "Asia/Urumqi"))
        self.assertEqual(network.projects(self.store.reader), [Project(self.project, "main", "Asia/Urumqi")])
