"""Alive or not, and the counts: for anybody the one, for this machine or a token the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from tests.web.api_client import Api
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store.interface import Condition, StoreState
from zhuomai_appliance.web.api.health import HealthResource, MetricsResource


def request(address: str = "127.0.0.1", token: str = "") -> Any:
    made: Any = DummyRequest([b""])
    made.getClientAddress = lambda: SimpleNamespace(host=address)
    if token:
        made.requestHeaders.addRawHeader(b"authorization", f"Bearer {token}".encode())
    return made


class HealthTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.counts = {"zhuomai_auth_accepted_total": 7.0, "zhuomai_store_waiting": 3.0}
        self.metrics = MetricsResource(lambda: self.counts, self.api.operators, self.api.school.now)

    def test_alive_and_why_not(self) -> None:
        """200 while all is well, 503 with a sentence while writes are refused."""
        resource, asked = HealthResource(self.api.school.store), request("203.0.113.9")
        self.assertIn(b'"status": "ok"', resource.render_GET(asked))
        self.assertEqual(asked.responseCode, 200)
        self.api.school.store.state = StoreState(Condition.READ_ONLY, "the disk is full")
        self.assertIn(b"the disk is full", resource.render_GET(asked))
        self.assertEqual(asked.responseCode, 503)

    def test_counts_in_the_format_of_prometheus(self) -> None:
        """Totals are counters and the rest gauges, read anew each time."""
        text = self.metrics.render_GET(request()).decode()
        self.assertIn("# TYPE zhuomai_auth_accepted_total counter", text)
        self.assertIn("zhuomai_auth_accepted_total 7.0", text)
        self.assertIn("# TYPE zhuomai_store_waiting gauge", text)
        self.counts["zhuomai_store_waiting"] = 9.0
        self.assertIn("zhuomai_store_waiting 9.0", self.metrics.render_GET(request("::1")).decode())

    def test_counts_are_not_for_everybody(self) -> None:
        """From elsewhere a token is needed, and one that may look at the console."""
        seeing = self.api.token("eyes", "audit")
        blind = self.api.token("blind", "admin", (Permission.ORDERS_CASH,))
        for token, status in (("", 403), ("zm_guessed", 403), (blind, 403), (seeing, None)):
            asked = request("203.0.113.9", token)
            body = self.metrics.render_GET(asked)
            self.assertEqual(asked.responseCode, status, token)
            self.assertEqual(b"zhuomai_auth" in body, status is None)
