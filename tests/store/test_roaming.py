"""Realms, servers and what waits for them come out of the store as they went in, secrets sealed on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.roaming import Realm, Transport, Upstream, UpstreamId, WhenSilent
from zhuomai_appliance.store import network, roaming
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.vault import Vault, VaultLocked

DAY = 86_400


class RoamingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = InlineStore()
        self.vault = Vault(bytes(32), SeededEntropy())
        self.project: ProjectId = self.write(network.add_project, "main", "Asia/Shanghai", 1)

    def write(self, task: Callable[..., Any], *arguments: object) -> Any:
        return self.successResultOf(self.store.write(lambda tx: task(tx, *arguments)))

    def test_servers(self) -> None:
        """Every property; the secret is sealed for its own row alone."""
        server = Upstream(
            UpstreamId(0), self.project, "near", "2001:db8::7", b"their secret", 2083, 2083, Transport.TLS,
            5, 1, message_authenticator=False, status_server=False, server_name="radius.example.edu",
            accept_attributes=("Filter-Id",),
        )  # fmt: skip
        added = self.write(roaming.add_upstream, self.vault, server)
        self.assertEqual(roaming.upstreams(self.store.reader, self.vault), [added])
        (stored,) = self.store.reader.one(Query.of("test", "SELECT secret_sealed FROM upstream")) or ()
        self.assertNotIn(b"their secret", stored)
        changed = replace(added, secret=b"another", timeout_seconds=9)
        self.write(roaming.update_upstream, self.vault, changed)
        self.assertEqual(roaming.upstreams(self.store.reader, self.vault), [changed])
        with pytest.raises(VaultLocked):
            roaming.upstreams(self.store.reader, Vault(b"x" * 32, SeededEntropy()))
        self.assertTrue(self.write(roaming.remove_upstream, self.project, changed.id))
        self.assertFalse(self.write(roaming.remove_upstream, self.project, changed.id))

    def test_realms(self) -> None:
        """Written twice under one name it is one realm, changed."""
        realm = Realm(
            self.project, "edu.cn", ("eduroam",), None, ("near", "far"), strip=False,
            when_silent=WhenSilent.REJECT,
        )  # fmt: skip
        other = replace(realm, upstreams=(), ssids=(), reject="no", strip=True)
        for one in (realm, other):
            self.write(roaming.put_realm, one)
            self.assertEqual(roaming.realms(self.store.reader), [one])
        self.assertTrue(self.write(roaming.remove_realm, self.project, "edu.cn"))
        self.assertFalse(self.write(roaming.remove_realm, self.project, "edu.cn"))

    def test_logins_are_kept_while_their_sessions_live(self) -> None:
        """A report keeps its login, at most once a day; the rest is forgotten by its date."""
        login = roaming.RoamingLogin("edu.cn", "near", (b"\0class", b"2"))
        for token in (b"alive", b"over"):
            self.write(roaming.put_login, self.project, token, login, 0)
        self.write(roaming.keep_login, self.project, b"alive", 5 * DAY)
        self.assertEqual(roaming.login_of(self.store.reader, self.project, b"alive"), login)
        self.assertIsNone(roaming.login_of(self.store.reader, ProjectId(9), b"alive"))
        self.assertEqual(self.write(roaming.forget_logins, 5 * DAY), 1)
        self.assertIsNone(roaming.login_of(self.store.reader, self.project, b"over"))

    def test_reports_wait_in_their_order(self) -> None:
        """The longest waiting first; postponed ones when their time has come, told ones never."""
        for at in (2, 1):
            self.write(roaming.add_report, self.project, ["near"], b"attributes", 5, at)
        due = roaming.reports_due(self.store.reader, 10, 10)
        self.assertEqual(
            [(one.arrived_at, one.delay_seconds, one.tries) for one in due], [(1, 5, 0), (2, 5, 0)]
        )
        self.write(roaming.postpone_reports, [(due[0].id, 20)])
        self.assertEqual([one.arrived_at for one in roaming.reports_due(self.store.reader, 10, 10)], [2])
        self.assertEqual([one.tries for one in roaming.reports_due(self.store.reader, 20, 10)], [0, 1])
        self.write(roaming.remove_reports, [due[1].id])
        self.assertEqual(roaming.waiting_reports(self.store.reader), 1)
        self.assertEqual(self.write(roaming.forget_reports, 5), 1)
